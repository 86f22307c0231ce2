/** `${…}` of DVC: a chain of names and indexes, no operators and no defaults. */
import { sourceMapOf } from '../../../../syntax/decode.js';
import { spanIn } from '../../../../syntax/expressions/expression.js';
import type { ScalarNode, Span } from '../../../../syntax/tree.js';

export interface Placeholder {
  /** In the decoded text. */
  readonly start: number;
  readonly end: number;
  /** Between the braces, as it is written. */
  readonly inner: string;
  /** Its names and indexes; `undefined`: it can't be read. */
  readonly path: readonly string[] | undefined;
}

// Blanks before a `.` or a `[` are the name's: a pattern that could take them in two ways tries all ways.
const CHAIN = /^[^.[\]]+(?:\.[^.[\]]+|\[[^.[\]]+\]\s*)*$/;
const LINE_END = /[\n\r\u2028\u2029]/g;

/** Those of a text, in its order. Each is on one line: `(?<!\\)\$\{(.*?)\}`, which looks for an end anew at each `${`. */
export function placeholdersIn(text: string): Placeholder[] {
  const found: Placeholder[] = [];
  let [close, lineEnd] = [0, -1];
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', start)) {
    if (text.charAt(start - 1) === '\\') {
      start++;
      continue;
    }
    if (close < start + 2) close = text.indexOf('}', start + 2);
    if (close === -1) break;
    if (lineEnd < start) lineEnd = lineEndFrom(text, start);
    if (lineEnd < close) {
      start++;
      continue;
    }
    const inner = text.slice(start + 2, close);
    found.push({ start, end: close + 1, inner, path: CHAIN.test(inner) ? pathOf(inner) : undefined });
    start = close + 1;
  }
  return found;
}

function lineEndFrom(text: string, start: number): number {
  LINE_END.lastIndex = start;
  return LINE_END.exec(text)?.index ?? text.length;
}

function pathOf(inner: string): string[] {
  return inner
    .replaceAll('[', '.')
    .replaceAll(']', '')
    .split('.')
    .map((part) => part.trim());
}

/** Where a placeholder stands in the file. */
export function spanOf(scalar: ScalarNode, file: string, { start, end }: Placeholder): Span {
  return spanIn(sourceMapOf(scalar, file), start, end);
}

/** `\${X}` stands for `${X}`. */
export function unescaped(text: string): string {
  return text.replaceAll('\\${', '${');
}
