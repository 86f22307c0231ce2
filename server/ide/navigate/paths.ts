/** Paths in a pipeline: which tasks make them and which read them. */
import { listed } from '../../definition/actions.js';
import type { Task, TemplateText } from '../../definition/definition.js';
import type { Span } from '../../syntax/tree.js';
import type { IdeContext } from '../types.js';

export interface TaskPath {
  readonly task: Task;
  readonly role: 'input' | 'output' | 'metrics' | 'plot' | 'folder' | 'data';
  readonly text: TemplateText;
  /** Of an output: the whole entry. */
  readonly whole: Span;
}

/** The paths that tasks name, in the order of the text as far as their kind goes. */
export function pathsOf(tasks: readonly Task[]): TaskPath[] {
  const paths: TaskPath[] = [];
  for (const task of tasks) {
    const add = (role: TaskPath['role'], text: TemplateText, whole = text.span): void => {
      paths.push({ task, role, text, whole });
    };
    // The text of what is left out is not all that is written there.
    for (const input of task.inputs) if (!input.negated) add('input', input);
    for (const output of task.outputs) add('output', output.path, output.span);
    for (const metrics of task.metrics) add('metrics', metrics);
    for (const plot of task.plots) add('plot', plot);
    if (task.workingDirectory !== undefined) add('folder', task.workingDirectory);
    for (const { text, input } of listed(task.action, 'paths')) if (input === 'path') add('data', text);
  }
  return paths;
}

const MADE: ReadonlySet<TaskPath['role']> = new Set(['output', 'metrics', 'plot']);

/** `./data//a.csv/` → `data/a.csv`; undefined for what isn't a plain path of the project. */
export function plainPath(text: TemplateText): string | undefined {
  if (text.template !== undefined || text.text === '' || /[*?[\]{}]|^\/|^[A-Za-z]:|\\/.test(text.text))
    return undefined;
  const parts: string[] = [];
  for (const part of text.text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else parts.push(part);
  }
  return parts.join('/');
}

const inside = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** The path under the cursor with the outputs that make it (or the folder it is in) and everything else that reads it. */
export function pathUnder(
  context: IdeContext,
  offset: number,
): { span: Span; path: string; producers: { span: Span; whole: Span }[]; readers: Span[] } | undefined {
  if (context.definition.kind !== 'pipeline') return undefined;
  const paths = pathsOf(context.definition.pipeline.tasks);
  const under = paths.find(({ text }) => text.span.start <= offset && offset <= text.span.end);
  const path = under === undefined ? undefined : plainPath(under.text);
  if (under === undefined || path === undefined) return undefined;
  const producers: { span: Span; whole: Span }[] = [];
  const readers: Span[] = [];
  for (const candidate of paths) {
    const other = plainPath(candidate.text);
    if (other === undefined) continue;
    if (MADE.has(candidate.role)) {
      if (inside(path, other)) producers.push({ span: candidate.text.span, whole: candidate.whole });
    } else if (other === path) readers.push(candidate.text.span);
  }
  return { span: under.text.span, path, producers, readers };
}
