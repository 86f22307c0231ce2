/** What the cells of a matrix are called: by a template of the task, else by their values. */
import { jsonText } from '../../base/json.js';
import type { Span } from '../../syntax/tree.js';
import type { Task, TemplateText } from '../definition.js';
import { renderTemplate, type Scope } from '../expressions/evaluate.js';
import type { Cell, MatrixProblem } from './matrix.js';
import { identity, isComposite, toText } from '../expressions/values.js';

/** What no name of a file may have on some system, and what can't be typed. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029/\\:*?"<>|@]/u;
const LONGEST_NAME = 80;

/**
 * Ids of cells by the task's `cell-name`; `undefined` where they are not known, or are no names.
 *
 * @param scopeOf what a cell knows
 */
export function namedCells(
  task: Task,
  template: TemplateText,
  cells: readonly Cell[],
  scopeOf: (cell: Cell) => Scope,
  report: (problem: MatrixProblem) => void,
): string[] | undefined {
  const bad = (message: string, span: Span = template.span): void => {
    report({ task: task.name, span, message });
  };
  const seen = new Map<string, Cell>();
  const ids: string[] = [];
  for (const cell of cells) {
    const rendered = renderTemplate(template, scopeOf(cell), 'plain');
    if (rendered.kind === 'unknown') return undefined;
    if (rendered.kind === 'error') {
      bad(rendered.message, rendered.span);
      return undefined;
    }
    const name = rendered.value.normalize('NFC');
    const wrong = nameProblem(name);
    if (wrong !== undefined) {
      bad(`The cell ${cellWords(cell)} would be called "${shortened(name)}", which ${wrong}.`);
      return undefined;
    }
    // Some file systems don't tell letters by their case.
    const folded = name.toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      bad(
        `The cells ${cellWords(other)} and ${cellWords(cell)} would both be called "${shortened(name)}". Put what tells them apart into \`cell-name\`.`,
      );
      return undefined;
    }
    seen.set(folded, cell);
    ids.push(`${task.name}@${name}`);
  }
  return ids;
}

function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'is empty';
  if (name !== name.trim()) return 'begins or ends with a space';
  if (name.endsWith('.')) return 'ends with a dot';
  if (Array.from(name).length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`;
  const found = NOT_IN_NAMES.exec(name)?.[0];
  if (found === undefined) return undefined;
  const shown = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(found) ? JSON.stringify(found) : `"${found}"`;
  return `has ${shown} in it: a name can't have line breaks and none of / \\ : * ? " < > | @`;
}

function cellWords(cell: Cell): string {
  const values = Object.entries(cell).map(
    ([name, value]) => `${name}: ${isComposite(value) ? jsonText(value) : toText(value)}`,
  );
  return `{ ${shortened(values.join(', '))} }`;
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/**
 * `train@0-adam` for each cell: values joined. Where something had to be left out for the name to be one of a file, or
 * two cells would have the same, a hash of the values follows: a cell keeps its name wherever it stands among the others.
 */
export function instanceIds(task: string, cells: readonly Cell[]): string[] {
  const labels = cells.map(labelOf);
  const counts = new Map<string, number>();
  // Some file systems don't tell letters by their case.
  for (const { text } of labels) counts.set(text.toLowerCase(), (counts.get(text.toLowerCase()) ?? 0) + 1);
  return cells.map((cell, at) => {
    const { text = '', whole = false } = labels[at] ?? {};
    if (whole && counts.get(text.toLowerCase()) === 1) return `${task}@${text}`;
    return `${task}@${text === '' ? '' : `${text}-`}${shortHash(identity(cell))}`;
  });
}

function labelOf(cell: Cell): { readonly text: string; readonly whole: boolean } {
  const entries = Object.entries(cell);
  const written = entries.map(([name, value]) => (isComposite(value) ? name : toText(value))).join('-');
  const harmless = written.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_');
  // By whole characters: a half of one is no name.
  const text = Array.from(harmless).slice(0, 80).join('');
  const plain = entries.every(([, value]) => value !== null && !isComposite(value));
  return { text: /^_*$/.test(text) ? '' : text, whole: plain && text === written && text !== '' };
}

/** 40 bits of FNV-1a, twice: names, not secrets. */
function shortHash(text: string): string {
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(text.length - 1 - at), 0x01000193);
  }
  const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
  return `${hex(low)}${hex(high)}`.slice(0, 10);
}
