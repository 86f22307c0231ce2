/** JSON that keeps numbers as they are written, in and out. */
import { isJsonNumber, isNumeral, jsonNumberText, numeral, numeralsWritten } from './numeral.js';
import type { Numeral } from './numeral.js';

/** What JSON can hold, with numbers that may remember how they were written. */
export type Json =
  string | number | boolean | null | Numeral | readonly Json[] | { readonly [key: string]: Json };

/** Numbers that a JS number may change: 16 digits or more, a zero at the end of a fraction, an exponent, `-0`. */
const SUSPECT =
  /(?:^|[\s:,[])(?:-?\d{16,}|-?(?=[\d.]{17})\d+\.\d+|-?\d+\.\d*0|-?\d+(?:\.\d+)?[eE][-+]?\d+|-0)(?=[\s,\]}]|$)/;
/** Of numbers as JS prints them those that may be more than it can hold. */
const LARGE = /(?:^|[\s:,[])-?\d{16}|\de\+\d/;
/** A string, to be passed over, or a number. */
const TOKEN = /"(?:[^"\\]|\\.)*(?:"|$)|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
/** No text of a file begins with this. */
const MARK = `\u0000${Math.random().toString(36).slice(2)}`;
const MARKED = new RegExp(`"\\\\u0000${MARK.slice(1)}([^"]*)"`, 'g');

/**
 * `JSON.parse` where numbers keep their digits: those that a JS number would change come as `Numeral`.
 *
 * @throws SyntaxError, as `JSON.parse` does
 */
export function parseJson(text: string): Json {
  if (!SUSPECT.test(text)) return JSON.parse(text) as Json;
  // What isn't JSON is said of the text as it is.
  const plain = JSON.parse(text) as Json;
  // Most lines of ours are as JS prints them, and that is far quicker to see than what each number is.
  if (!LARGE.test(text) && JSON.stringify(plain) === text) return plain;
  const marked = text.replace(TOKEN, (token) => {
    if (token.startsWith('"') || isPlain(token) || !isNumeral(numeral(token))) return token;
    return JSON.stringify(`${MARK}${token}`);
  });
  if (marked === text) return plain;
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
    return numeral(value.slice(MARK.length));
  }) as Json;
}

/** Whether a number of JSON is what its JS number prints: most are, and this is far quicker to see than what else one could be. */
function isPlain(token: string): boolean {
  const value = Number(token);
  return String(value) === token && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/**
 * JSON with the words `NaN`, `Infinity` and `-Infinity`, as Python's json module writes them; they become strings. Whole
 * numbers keep their digits.
 */
export function parseLooseJson(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    const quoted = text.replace(
      /"(?:[^"\\]|\\.)*(?:"|$)|(-?\b(?:NaN|Infinity)\b)/g,
      (whole: string, word: string | undefined) => (word === undefined ? whole : `"${word}"`),
    );
    if (quoted === text) throw error;
    return parseJson(quoted);
  }
}

export interface JsonStyle {
  /** Spaces a level; absent: one line. */
  readonly indent?: number;
  /**
   * Of numbers that JSON can't write as they are written (`0012`, `.5`): `value` writes the number (12, 0.5), `text` a
   * string that keeps the spelling. Default: `text`.
   */
  readonly spelling?: 'value' | 'text';
}

/** `JSON.stringify` where numbers keep their digits: `3.10` stays `3.10`, whole numbers of any size are exact. */
export function jsonText(value: unknown, { indent, spelling = 'text' }: JsonStyle = {}): string {
  const before = numeralsWritten();
  const plain = JSON.stringify(value, undefined, indent);
  if (numeralsWritten() === before) return plain;
  const text = JSON.stringify(
    value,
    function (this: Readonly<Record<string, unknown>>, key, shown: unknown) {
      const original = this[key];
      if (!isNumeral(original) || (spelling === 'text' && !isJsonNumber(original))) return shown;
      return `${MARK}${jsonNumberText(original)}`;
    },
    indent,
  );
  return text.replace(MARKED, '$1');
}

/** A value for people: texts as they are, numbers as they are written, all else as JSON. */
export function display(value: Json): string {
  if (typeof value === 'string') return value;
  return isNumeral(value) ? value.text : jsonText(value);
}

const PACKED = '\u0000number';

/** JSON for our own index files, from which `unpackJson` gets every number back as it was written. */
export function packJson(value: unknown): string {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, shown: unknown) {
    const original = this[key];
    return isNumeral(original) ? { [PACKED]: original.text } : shown;
  });
}

/** @throws SyntaxError for what is no JSON */
export function unpackJson(text: string): unknown {
  if (!text.includes('\\u0000number')) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, PACKED)) return value;
    return numeral(String((value as Readonly<Record<string, unknown>>)[PACKED])) ?? value;
  });
}
