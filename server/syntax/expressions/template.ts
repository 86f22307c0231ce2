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
  const closing = closings(text);
  const nextLine = finder(text, '\n');
  let at = 0;
  for (;;) {
    const open = text.indexOf(OPEN, at);
    if (open === -1) break;
    if (open > at) parts.push({ kind: 'text', text: text.slice(at, open) });
    const start = open + OPEN.length;
    const close = closing(start);
    const nextOpen = text.indexOf(OPEN, start);
    // One that isn't closed is taken to end with its line, or before the next one.
    const innerEnd =
      close ?? Math.min(...[nextLine(start), nextOpen, text.length].filter((found) => found !== -1));
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

/** Where a word stands next, from places that only grow: no part of a text is searched twice. */
function finder(text: string, word: string): (from: number) => number {
  let at = text.indexOf(word);
  return (from) => {
    if (at !== -1 && at < from) at = text.indexOf(word, from);
    return at;
  };
}

/**
 * Where the expression that starts at an offset ends, undefined where nothing ends it; asked from the first to the last. A
 * `}}` inside '…' doesn't end it unless the quote never closes, and one that belongs to a later `${{` ends only that.
 */
function closings(text: string): (start: number) => number | undefined {
  const nextClose = finder(text, CLOSE);
  const lastQuote = text.lastIndexOf("'");
  /** From a place outside of quotes: the first `}}` outside of them, -1 without. */
  const outside = new Map<number, number>();
  const closeFrom = (from: number): number => {
    const passed: number[] = [];
    let at = from;
    for (;;) {
      const known = outside.get(at);
      if (known !== undefined) return settle(passed, known);
      passed.push(at);
      const close = text.indexOf(CLOSE, at);
      const quote = at > lastQuote ? -1 : text.indexOf("'", at);
      if (close === -1 || quote === -1 || close < quote) return settle(passed, close);
      const unquote = text.indexOf("'", quote + 1);
      if (unquote === -1) return settle(passed, -1);
      at = unquote + 1;
    }
  };
  const settle = (passed: readonly number[], close: number): number => {
    for (const one of passed) outside.set(one, close);
    return close;
  };
  return (start) => {
    const first = nextClose(start);
    if (first === -1) return undefined;
    const close = closeFrom(start);
    const end = close === -1 ? first : close;
    const nextOpen = text.indexOf(OPEN, start);
    return nextOpen !== -1 && nextOpen < end && !isQuoted(text, start, nextOpen) ? undefined : end;
  };
}

function isQuoted(text: string, start: number, offset: number): boolean {
  let quotes = 0;
  for (let at = text.indexOf("'", start); at !== -1 && at < offset; at = text.indexOf("'", at + 1)) quotes++;
  return quotes % 2 === 1;
}
