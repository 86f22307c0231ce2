/** Finds the `${{ … }}` of a scalar and reads them. */
import { type SourceMap, sourceMapOf } from '../decode.js';
import { parseExpression, spanIn } from './expression.js';
import type { ScalarStyle, Span, SyntaxProblem, Template, TemplatePart } from '../tree.js';

const OPEN = '${{';
const CLOSE = '}}';

/** The template of a scalar, undefined when it holds no expression. Problems are added to `problems`. */
export type TemplateReader = (
  scalar: { readonly span: Span; readonly text: string; readonly style: ScalarStyle },
  file: string,
  problems: SyntaxProblem[],
) => Template | undefined;

/** Of our own definitions. */
export const templateOf: TemplateReader = (scalar, file, problems) => {
  if (!scalar.text.includes(OPEN)) return undefined;
  return cut(scalar.text, sourceMapOf(scalar, file), problems);
};

function cut(text: string, map: SourceMap, problems: SyntaxProblem[]): Template {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf(OPEN, at);
    if (open === -1) break;
    if (open > at) parts.push({ kind: 'text', text: text.slice(at, open) });
    const start = open + OPEN.length;
    const close = closing(text, start);
    const innerEnd = close ?? unterminatedEnd(text, start);
    const end = close === undefined ? innerEnd : close + CLOSE.length;
    const source = text.slice(start, innerEnd);
    const inner = typeof map === 'number' ? map + start : map.slice(start, innerEnd + 1);
    const { expression, problems: found } = parseExpression(source, inner);
    if (close === undefined) {
      const span = spanIn(map, open, start);
      problems.push({ code: 'expression', span, message: '`${{` is never closed: `}}` is missing.' });
    } else {
      problems.push(...found);
    }
    parts.push({
      kind: 'expression',
      span: spanIn(map, open, end),
      inner: spanIn(map, start, innerEnd),
      source,
      expression,
    });
    at = end;
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) });
  return { parts };
}

/**
 * Where the expression that starts at `start` ends; a `}}` inside '…' doesn't end it unless the quote never closes, and
 * one that belongs to a later `${{` ends only that.
 */
function closing(text: string, start: number): number | undefined {
  const first = text.indexOf(CLOSE, start);
  if (first === -1) return undefined;
  const nextOpen = text.indexOf(OPEN, start);
  const own = (close: number): number | undefined =>
    nextOpen !== -1 && nextOpen < close && !isQuoted(text, start, nextOpen) ? undefined : close;
  let at = start;
  for (;;) {
    const close = text.indexOf(CLOSE, at);
    if (close === -1) return own(first);
    const quote = text.indexOf("'", at);
    if (quote === -1 || close < quote) return own(close);
    const unquote = text.indexOf("'", quote + 1);
    if (unquote === -1) return own(first);
    at = unquote + 1;
  }
}

function isQuoted(text: string, start: number, offset: number): boolean {
  let quotes = 0;
  for (let at = text.indexOf("'", start); at !== -1 && at < offset; at = text.indexOf("'", at + 1)) quotes++;
  return quotes % 2 === 1;
}

/** An unclosed expression is taken to end with its line, or before the next one. */
function unterminatedEnd(text: string, start: number): number {
  const candidates = [text.indexOf('\n', start), text.indexOf(OPEN, start), text.length];
  return Math.min(...candidates.filter((candidate) => candidate !== -1));
}
