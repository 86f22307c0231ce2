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

const PLACEHOLDER = /(?<!\\)\$\{(.*?)\}/g;
const CHAIN = /^[^.[\]]+(?:\s*\.[^.[\]]+|\s*\[[^.[\]]+\])*\s*$/;

/** Those of a text, in its order. */
export function placeholdersIn(text: string): Placeholder[] {
  if (!text.includes('${')) return [];
  return [...text.matchAll(PLACEHOLDER)].map((match) => {
    const inner = match[1] ?? '';
    return {
      start: match.index,
      end: match.index + match[0].length,
      inner,
      path: CHAIN.test(inner) ? pathOf(inner) : undefined,
    };
  });
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
