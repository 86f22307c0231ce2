/** What a task was seen to open, beside what it declares. */
import { defined } from '../../base/defined.js';
import type { OpenedFiles } from '../../base/runs/task-outcome.js';
import type { Task } from '../definition.js';
import { compileGlob } from '../text/glob.js';
import { isGlob, isOutputGlob, isWithin, normalizePath } from '../text/paths.js';

export interface OpenedAndDeclared {
  /** As it is written, in the order of the text. */
  readonly declared: readonly string[];
  /** Files that it read and does not make, each with the input that covers it. */
  readonly read: readonly { readonly path: string; readonly by?: string }[];
  /** Files that it wrote and that are no outputs. */
  readonly written: readonly string[];
}

/** @param task whose outputs, metrics and plots all count as what it makes */
export function openedAndDeclared(task: Task, { read, written }: OpenedFiles): OpenedAndDeclared {
  const declared = task.inputs.filter(({ negated }) => !negated).map(({ text }) => text);
  const left = task.inputs.filter(({ negated }) => negated).map(({ text }) => text);
  const inputs = [...declared, ...left].map((text) => ({ text, covers: coverOf(text, isGlob(text)) }));
  const outputs = [...task.outputs.map(({ path }) => path), ...task.metrics, ...task.plots].map(({ text }) =>
    coverOf(text, isOutputGlob(text)),
  );
  const made = (file: string): boolean => outputs.some((covers) => covers(file));
  const own = new Set(written);
  const rows = read
    .filter((file) => !made(file) && !own.has(file))
    .map((file) => ({ path: file, ...defined({ by: inputs.find(({ covers }) => covers(file))?.text }) }));
  return { declared, read: rows, written: written.filter((file) => !made(file)) };
}

/** Which files a path covers as it is written. One with expressions covers what they may stand for: nothing is said of that. */
function coverOf(written: string, glob: boolean): (file: string) => boolean {
  const text = written.replaceAll(/\$\{\{.*?\}\}/g, '*');
  if (!glob && text === written) {
    const normal = normalizePath(written);
    return (file) => isWithin(file, normal);
  }
  const compiled = compileGlob(text);
  return (file) => compiled.ok && compiled.glob.matches(file);
}
