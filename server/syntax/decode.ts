/**
 * Where each character of a scalar's decoded value stands in the file: the way back through quotes, escapes, line
 * folding and block indentation. `yaml` decides what the value is; a map that doesn't lead to the same value is thrown
 * away and the whole scalar stands in for each of its parts.
 */
import { trimEndWhere } from '../base/trim.js';
import type { ScalarNode, ScalarStyle, Span } from './tree.js';

/** Offsets of all characters of a decoded text and of its end; a number when it stands in the file as it is. */
export type SourceMap = number | readonly number[];

interface Scalar {
  readonly span: Span;
  readonly text: string;
  readonly style: ScalarStyle;
}

/** What was asked last: who looks for one part of a scalar looks for others. */
let latest:
  { readonly scalar: ScalarNode | Scalar; readonly file: string; readonly map: SourceMap } | undefined;

/** The map of a scalar; coarse (all offsets at its ends) where the way back can't be told. */
export function sourceMapOf(scalar: ScalarNode | Scalar, file: string): SourceMap {
  if (latest?.scalar !== scalar || latest.file !== file)
    latest = { scalar, file, map: newMapOf(scalar, file) };
  return latest.map;
}

function newMapOf(scalar: ScalarNode | Scalar, file: string): SourceMap {
  const { start, end } = scalar.span;
  const quoted = scalar.style === 'single-quoted' || scalar.style === 'double-quoted';
  const first = quoted ? start + 1 : start;
  // Most scalars: one line, nothing escaped.
  if (file.startsWith(scalar.text, first) && first + scalar.text.length === (quoted ? end - 1 : end))
    return first;
  const out = new Decoded();
  if (scalar.style === 'literal' || scalar.style === 'folded') decodeBlock(scalar, file, out);
  else decodeFlow(file, first, quoted ? end - 1 : end, scalar.style, out);
  if (out.startsWith(scalar.text)) return out.offsetsOf(scalar.text.length, end);
  const coarse = new Array<number>(scalar.text.length + 1).fill(start);
  coarse[scalar.text.length] = end;
  return coarse;
}

class Decoded {
  #text: string[] = [];
  readonly #offsets: number[] = [];
  /** Where the source of the last character ended. */
  #end = 0;

  push(text: string, offset: number, end: number): void {
    this.#text.push(text);
    for (let count = text.length; count > 0; count--) this.#offsets.push(offset);
    this.#end = end;
  }

  /** Text that stands in the file as it is. */
  copy(file: string, start: number, end: number): void {
    if (start >= end) return;
    this.#text.push(file.slice(start, end));
    for (let offset = start; offset < end; offset++) this.#offsets.push(offset);
    this.#end = end;
  }

  startsWith(text: string): boolean {
    const all = this.#text.join('');
    this.#text = [all];
    return all.startsWith(text);
  }

  offsetsOf(length: number, end: number): readonly number[] {
    const offsets = this.#offsets.slice(0, length);
    offsets.push(length < this.#offsets.length ? (this.#offsets[length] ?? end) : Math.min(end, this.#end));
    return offsets;
  }
}

const isSpace = (code: number): boolean => code === 32 || code === 9;

/** Plain, single- and double-quoted: YAML 1.2.2 sections 6.5 (line folding), 7.3 and 5.7 (escapes). */
function decodeFlow(file: string, start: number, end: number, style: ScalarStyle, out: Decoded): void {
  let at = start;
  while (at < end) {
    const code = file.charCodeAt(at);
    if (isSpace(code) || code === 10 || code === 13) {
      at = decodeGap(file, at, end, out);
    } else if (code === 39 && style === 'single-quoted') {
      out.push("'", at, at + 2);
      at += 2;
    } else if (code === 92 && style === 'double-quoted') {
      at = decodeEscape(file, at, end, out);
    } else {
      out.copy(file, at, at + 1);
      at++;
    }
  }
}

/** White space: kept inside a line; around line breaks it folds to one space, or to one break for each empty line. */
function decodeGap(file: string, start: number, end: number, out: Decoded): number {
  let at = start;
  let breaks = 0;
  for (; at < end; at++) {
    const code = file.charCodeAt(at);
    if (code === 10) breaks++;
    else if (!isSpace(code) && code !== 13) break;
  }
  if (breaks === 0) out.copy(file, start, at);
  else out.push(breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), start, at);
  return at;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  '\t': '\t',
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function decodeEscape(file: string, start: number, end: number, out: Decoded): number {
  const letter = file.charAt(start + 1);
  const digits = HEX_DIGITS[letter];
  if (digits !== undefined) {
    const code = Number.parseInt(file.slice(start + 2, start + 2 + digits), 16);
    if (code <= 0x10ffff) out.push(String.fromCodePoint(code), start, start + 2 + digits);
    return start + 2 + digits;
  }
  if (letter === '\n' || letter === '\r') {
    // An escaped line break: gone, with the indentation of the next line.
    let at = start + (file.startsWith('\r\n', start + 1) ? 3 : 2);
    while (at < end && isSpace(file.charCodeAt(at))) at++;
    return at;
  }
  out.push(ESCAPES[letter] ?? `\\${letter}`, start, start + 2);
  return start + 2;
}

interface Line {
  /** Behind the indentation of the block. */
  readonly start: number;
  /** Before the line break. */
  readonly end: number;
  readonly blank: boolean;
  readonly moreIndented: boolean;
}

function decodeBlock(scalar: Scalar, file: string, out: Decoded): void {
  const lines = blockLines(scalar, file);
  if (scalar.style === 'literal') {
    for (const line of lines) {
      out.copy(file, line.start, line.end);
      out.push('\n', line.end, line.end + 1);
    }
  } else {
    decodeFolded(lines, file, out);
  }
  // Breaks at the end that `|+` keeps; the scalar's span ends before them.
  const kept = scalar.text.length - trimEndWhere(scalar.text, (one) => one === '\n').length;
  out.push('\n'.repeat(kept), scalar.span.end, scalar.span.end);
}

/** The content lines of a block scalar; its indentation follows from how its first line was decoded. */
function blockLines(scalar: Scalar, file: string): Line[] {
  const raw: { start: number; end: number }[] = [];
  let at = file.indexOf('\n', scalar.span.start) + 1;
  if (at === 0) return [];
  while (at <= scalar.span.end) {
    const newline = file.indexOf('\n', at);
    const stop = newline === -1 ? file.length : newline;
    raw.push({ start: at, end: stop > at && file.charCodeAt(stop - 1) === 13 ? stop - 1 : stop });
    if (newline === -1) break;
    at = newline + 1;
  }
  const indent = blockIndent(scalar, file, raw);
  return raw.map(({ start, end }) => {
    const blank = file.slice(start, end).trim() === '';
    const from = Math.min(start + indent, end);
    const first = file.charCodeAt(from);
    return { start: from, end, blank: blank && from === end, moreIndented: from < end && isSpace(first) };
  });
}

function blockIndent(scalar: Scalar, file: string, lines: readonly { start: number; end: number }[]): number {
  const explicit = /^[|>][-+]?[1-9]/.test(file.slice(scalar.span.start, scalar.span.start + 3));
  const first = lines.find(({ start, end }) => file.slice(start, end).trim() !== '');
  if (first === undefined) return 0;
  const source = file.slice(first.start, first.end);
  const own = source.length - source.replace(/^ +/, '').length;
  if (!explicit) return own;
  // An explicit indentation counts from the parent's, which isn't known here; the value tells how much was left over.
  const kept = /^\n*( *)/.exec(scalar.text)?.[1]?.length ?? 0;
  return Math.max(0, own - kept);
}

/** YAML 1.2.2 section 8.1.3: breaks between lines fold to spaces, but not around more-indented lines. */
function decodeFolded(lines: readonly Line[], file: string, out: Decoded): void {
  let separator = '';
  let previousEnd = lines[0]?.start ?? 0;
  let previousMoreIndented = false;
  let started = false;
  for (const line of lines) {
    if (!started && line.blank) {
      out.push('\n', line.end, line.end + 1);
    } else if (line.moreIndented) {
      if (separator === ' ') separator = '\n';
      else if (!previousMoreIndented && separator === '\n') separator = '\n\n';
      out.push(separator, previousEnd, previousEnd + 1);
      out.copy(file, line.start, line.end);
      separator = '\n';
      previousMoreIndented = true;
      started = true;
    } else if (line.blank) {
      if (separator === '\n') out.push('\n', line.end, line.end + 1);
      else separator = '\n';
    } else {
      out.push(separator, previousEnd, previousEnd + 1);
      out.copy(file, line.start, line.end);
      separator = ' ';
      previousMoreIndented = false;
      started = true;
    }
    previousEnd = line.end;
  }
}
