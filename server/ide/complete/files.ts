/** Completion of paths of the project: what is on disk, and what tasks make. */
import { NEVER_WALKED } from '../../base/never-walked.js';
import { writtenText } from '../../syntax/written.js';
import { folderOf, normalizePath, pathFrom } from '../../definition/text/paths.js';
import { writtenTasks } from '../../rules/dvc/runnable.js';
import { baseOf } from './names/stages.js';
import { dependents } from './dependents.js';
import { pipelineOf } from '../hover/describe.js';
import { pathsOf, plainPath } from '../navigate/paths.js';
import type { Slot } from './slot.js';
import type { Completion, IdeContext } from '../types.js';

const LIMIT = 500;

/** Entries of the folder that is typed so far, folders ready to be opened; then the outputs of tasks. */
export function completeFiles(context: IdeContext, slot: Slot): Completion[] {
  if (slot.typed.includes('${{') || slot.typed.startsWith('/')) return [];
  const folder = slot.typed.includes('/') ? slot.typed.slice(0, slot.typed.lastIndexOf('/') + 1) : '';
  const base = baseOf(context, slot);
  const listed = normalizePath(`${base === '' ? '.' : base}/${folder}`);
  const items: Completion[] = [];
  for (const entry of (context.listFolder?.(listed === '.' ? '' : listed) ?? []).slice(0, LIMIT)) {
    if (NEVER_WALKED.has(entry.name) || entry.name.includes('\n')) continue;
    const path = `${folder}${entry.name}${entry.folder ? '/' : ''}`;
    items.push({
      label: path,
      kind: entry.folder ? 'folder' : 'file',
      span: slot.word,
      newText: quoted(path, slot),
      snippet: false,
      sortText: `3${entry.folder ? '0' : '1'}${entry.name}`,
      ...(entry.folder ? { again: true } : {}),
    });
  }
  return [...items, ...producedPaths(context, slot, new Set(items.map((item) => item.label)))];
}

function producedPaths(context: IdeContext, slot: Slot, known: ReadonlySet<string>): Completion[] {
  const own = ownTasks(context, slot);
  const after = new Set([...own].slice(0, 1).flatMap((name) => [...dependents(context, name)]));
  const base = baseOf(context, slot);
  const items = new Map<string, Completion>();
  for (const { task, role, text } of pathsOf(pipelineOf(context)?.tasks ?? [])) {
    const found = plainPath(text);
    const path = found === undefined ? undefined : pathFrom(base, found);
    if (path === undefined || own.has(task.name) || role === 'folder' || known.has(path) || items.has(path))
      continue;
    const made = role !== 'input' && role !== 'data';
    if (made && after.has(task.name)) continue;
    items.set(path, {
      label: path,
      kind: 'file',
      detail: made ? `made by ${task.name}` : `read by ${task.name}`,
      span: slot.word,
      newText: quoted(path, slot),
      snippet: false,
      sortText: `2${made ? '0' : '1'}${folderOf(path)}/${path}`,
    });
    if (items.size >= LIMIT) break;
  }
  return [...items.values()];
}

/** The tasks that a slot belongs to: of a group of stages all. */
function ownTasks({ definition, project }: IdeContext, { path: [section, name] }: Slot): ReadonlySet<string> {
  if (section !== 'tasks' && section !== 'stages') return new Set();
  const { text } = definition.tree;
  const own = writtenTasks(definition, project).filter(
    ({ name: one, nameSpan }) =>
      one === name || (section === 'stages' && text.slice(nameSpan.start, nameSpan.end) === name),
  );
  return new Set(own.flatMap(({ tasks }) => tasks.map((task) => task.name)));
}

/** In quotes where YAML would read the name as something else. */
function quoted(path: string, slot: Slot): string {
  if (slot.quote === "'") return path.replaceAll("'", "''");
  if (slot.quote === '"') return JSON.stringify(path).slice(1, -1);
  return writtenText(path);
}
