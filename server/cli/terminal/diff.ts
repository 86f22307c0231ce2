/** Two texts of a file, line by line, as `diff -u` shows them. */
import type { TextChange } from '../../project/texts.js';
import type { Style } from './style.js';
import { tame } from './text.js';

/** Lines around a change. */
const CONTEXT = 3;
/** A table of more cells takes longer than anybody waits; then all lines are shown as gone and come. */
const MOST_CELLS = 4_000_000;

export function diffLines({ path, before, now }: TextChange, style: Style): readonly string[] {
  const [old, fresh] = [linesOf(before), linesOf(now ?? '')];
  const steps = compare(old, fresh);
  const near = steps.map((_, index) =>
    steps.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== ' '),
  );
  const lines = [
    style.bold(`--- ${path} (when the run began)`),
    style.bold(`+++ ${path} (now${now === undefined ? ': deleted' : ''})`),
  ];
  steps.forEach(({ mark, line, at }, index) => {
    if (near[index] !== true) return;
    if (near[index - 1] !== true) lines.push(style.dim(`@@ line ${at + 1} @@`));
    const paint = mark === '-' ? style.red : mark === '+' ? style.green : (text: string) => text;
    lines.push(paint(`${mark}${tame(line, false)}`));
  });
  return lines;
}

interface Step {
  readonly mark: ' ' | '-' | '+';
  readonly line: string;
  /** In the text from before. */
  readonly at: number;
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** By the longest common sequence of lines, after what both begin and end with. */
function compare(old: readonly string[], fresh: readonly string[]): readonly Step[] {
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head++;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < fresh.length - head &&
    old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]
  )
    tail++;
  const same = (from: number, to: number): Step[] =>
    old.slice(from, to).map((line, index) => ({ mark: ' ', line, at: from + index }));
  return [
    ...same(0, head),
    ...middle(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail), head),
    ...same(old.length - tail, old.length),
  ];
}

function middle(old: readonly string[], fresh: readonly string[], offset: number): readonly Step[] {
  const gone = (line: string, at: number): Step => ({ mark: '-', line, at: offset + at });
  const come = (line: string, at: number): Step => ({ mark: '+', line, at: offset + at });
  if ((old.length + 1) * (fresh.length + 1) > MOST_CELLS) {
    return [...old.map(gone), ...fresh.map((line) => come(line, old.length))];
  }
  const width = fresh.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  const cell = (at: number, to: number): number => longest[at * width + to] ?? 0;
  for (let at = old.length - 1; at >= 0; at--) {
    for (let to = fresh.length - 1; to >= 0; to--) {
      longest[at * width + to] =
        old[at] === fresh[to] ? cell(at + 1, to + 1) + 1 : Math.max(cell(at + 1, to), cell(at, to + 1));
    }
  }
  const steps: Step[] = [];
  let [at, to] = [0, 0];
  while (at < old.length || to < fresh.length) {
    const [left, right] = [old[at], fresh[to]];
    if (left !== undefined && left === right) {
      steps.push({ mark: ' ', line: left, at: offset + at });
      at++;
      to++;
    } else if (left !== undefined && (right === undefined || cell(at + 1, to) >= cell(at, to + 1))) {
      steps.push(gone(left, at++));
    } else if (right !== undefined) {
      steps.push(come(right, at));
      to++;
    }
  }
  return steps;
}
