/** Completion of paths of the project: what is on disk, and what tasks make. */
import { NEVER_WALKED } from '../base/never-walked.js';
import { folderOf } from '../model/paths.js';
import { dependents } from './dependents.js';
import { pathsOf, plainPath } from './paths.js';
import type { Slot } from './slot.js';
import type { Completion, IdeContext } from './types.js';

const LIMIT = 500;

/** Entries of the folder that is typed so far, folders ready to be opened; then the outputs of tasks. */
export function completeFiles(context: IdeContext, slot: Slot): Completion[] {
  if (slot.typed.includes('${{') || slot.typed.startsWith('/')) return [];
  const folder = slot.typed.includes('/') ? slot.typed.slice(0, slot.typed.lastIndexOf('/') + 1) : '';
  const items: Completion[] = [];
  for (const entry of (context.listFolder?.(folder.replace(/\/$/, '')) ?? []).slice(0, LIMIT)) {
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
  if (context.definition.kind !== 'pipeline') return [];
  const own = slot.path[0] === 'tasks' ? slot.path[1] : undefined;
  const after = dependents(context, own);
  const items = new Map<string, Completion>();
  for (const { task, role, text } of pathsOf(context.definition.pipeline.tasks)) {
    const path = plainPath(text);
    if (path === undefined || task.name === own || role === 'folder' || known.has(path) || items.has(path))
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

/** In quotes where YAML would read the name as something else. */
function quoted(path: string, slot: Slot): string {
  if (slot.quote === "'") return path.replaceAll("'", "''");
  if (slot.quote === '"') return JSON.stringify(path).slice(1, -1);
  const plain = /^[\w./@+-][\w./@+ -]*$/.test(path) && !/^[-@]|\s$/.test(path);
  return plain ? path : `'${path.replaceAll("'", "''")}'`;
}
