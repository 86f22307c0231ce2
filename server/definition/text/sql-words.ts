/**
 * The words of a SQL text: enough to find and rename columns, not to understand a query. DuckDB's dialect: `''` and `""`
 * escape quotes, comments are `--` and C's, and `$tag$ … $tag$` quotes a text.
 */
import { spanIn } from '../../syntax/expressions/expression.js';
import { sourceMapOf } from '../../syntax/decode.js';
import type { SourceMap } from '../../syntax/decode.js';
import type { ScalarStyle, Span } from '../../syntax/tree.js';
import type { Located } from '../definition.js';

export interface SqlWord {
  /** Without its double quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
  /** `(` follows: a function's name. */
  readonly call: boolean;
  /** The word before it is `as`. */
  readonly alias: boolean;
  /** A `.` stands before it: what it belongs to is said. */
  readonly qualified: boolean;
}

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\$([A-Za-z_]\w*)?\$[\s\S]*?(?:\$\1\$|$)|'(?:[^']|'')*(?:'|$)|"((?:[^"]|"")*)(?:"|$)|([\p{L}_][\p{L}\p{N}_$]*)|\d[\w.]*|\S/gu;

/** Identifiers and keywords, in the order of the text; texts, numbers and comments are left out. */
export function sqlWords(sql: string): SqlWord[] {
  const words: SqlWord[] = [];
  let before: string | undefined;
  for (const match of sql.matchAll(TOKEN)) {
    const [token] = match;
    if (token.startsWith('--') || token.startsWith('/*')) continue;
    const quoted = match[2];
    const text = quoted === undefined ? match[3] : quoted.replaceAll('""', '"');
    if (text !== undefined) {
      const end = match.index + token.length;
      words.push({
        text,
        start: match.index,
        end,
        quoted: quoted !== undefined,
        call: /^\s*\(/.test(sql.slice(end, end + 20)),
        alias: before?.toLowerCase() === 'as',
        qualified: before === '.',
      });
    }
    before = token;
  }
  return words;
}

/** Whether an offset of a SQL text stands in a string or a comment, where no column can be meant. */
export function isInSqlText(sql: string, offset: number): boolean {
  for (const match of sql.matchAll(TOKEN)) {
    if (match.index >= offset) return false;
    if (offset <= match.index + match[0].length && /^(?:--|\/\*|\$|')/.test(match[0])) {
      const closed = match[0].length > 1 && /^'[\s\S]*'$/.test(match[0]);
      if (!closed || offset < match.index + match[0].length) return true;
    }
  }
  return false;
}

/** As DuckDB compares identifiers: without regard to case. */
export function sameColumn(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** A column as it has to be written in SQL. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  '|': 'literal',
  '>': 'folded',
  "'": 'single-quoted',
  '"': 'double-quoted',
};

/** The way from offsets of a scalar's text back to the file. */
export function mapOfScalar({ value, span }: Located<string>, file: string): SourceMap {
  const style = STYLES[file.charAt(span.start)] ?? 'plain';
  return sourceMapOf({ text: value, span, style }, file);
}

/** Where a part of a scalar's text stands in the file. */
export function spanInScalar(scalar: Located<string>, file: string, start: number, end: number): Span {
  return spanIn(mapOfScalar(scalar, file), start, end);
}

/** The offset in a scalar's text of an offset in the file; undefined outside of it. */
export function offsetInScalar(scalar: Located<string>, file: string, offset: number): number | undefined {
  if (offset < scalar.span.start || offset > scalar.span.end) return undefined;
  const map = mapOfScalar(scalar, file);
  if (typeof map === 'number') {
    const inside = offset - map;
    return inside < 0 || inside > scalar.value.length ? undefined : inside;
  }
  const at = map.findIndex((place) => place >= offset);
  return at === -1 ? scalar.value.length : at;
}
