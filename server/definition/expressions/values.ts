/** Values of expressions and how they turn into each other, as in GitHub Actions. */
import { jsonText } from '../../base/json.js';
import { compareNumbers, isNumber, isNumeral, numeral } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';
import type { Span } from '../../syntax/tree.js';
import type { Json } from '../definition.js';

export type Result<T extends Json = Json> =
  | { readonly kind: 'value'; readonly value: T }
  /** It can't be known here and now; `why` in words. */
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'error'; readonly span: Span; readonly message: string };

/** What a context answers. A missing member is `null`, as in GitHub Actions, unless the scope knows better. */
export type Lookup =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'error'; readonly message: string };

/** What a function gives. */
export type CallResult =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'error'; readonly message: string };

/** Where an evaluation gets everything from that isn't in the expression. */
export interface Scope {
  /** `models.rain@production.version` asks for `models` and `['rain@production', 'version']`. */
  lookup(context: string, path: readonly string[]): Lookup;
  /** Absent: unknown. May throw; the message becomes the error. */
  hashFiles?(globs: readonly string[]): string;
  /** For `success()` and the like; absent: unknown. */
  readonly status?: 'success' | 'failure' | 'cancelled' | 'skipped';
}

/** Nothing that an expression makes is longer. */
export const MAX_TEXT = 1_000_000;

/** A member of a value by a path; `null` where there is none. */
export function lookupIn(value: Json, path: readonly string[]): Lookup {
  let current = value;
  for (const step of path) current = memberOf(current, step);
  return { kind: 'value', value: current };
}

export function memberOf(value: Json, name: string): Json {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    return /^[0-9]+$/.test(name) ? (items[Number(name)] ?? null) : null;
  }
  if (!isComposite(value) || !Object.hasOwn(value, name)) return null;
  return (value as Readonly<Record<string, Json>>)[name] ?? null;
}

/** False: `false`, `0`, NaN, the empty text and null. Lists and objects are true. */
export function truthy(value: Json): boolean {
  return isNumeral(value) ? compareNumbers(value, 0) !== 0 : Boolean(value);
}

/** The one way in which a value is printed: numbers as they are written, null empty, lists and objects compact JSON. */
export function toText(value: Json): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  return isComposite(value) ? jsonText(value, { spelling: 'value' }) : String(value);
}

/** null 0, false 0, true 1, texts as numbers are written (decimal, hex, octal; empty is 0), everything else NaN. */
export function toNumber(value: Json): number | Numeral {
  switch (typeof value) {
    case 'number':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'string': {
      const text = value.trim();
      if (text === '') return 0;
      const number = numeral(text);
      if (number !== undefined) return number;
      return text === 'Infinity' || text === '+Infinity' ? Infinity : text === '-Infinity' ? -Infinity : NaN;
    }
    default:
      return value === null ? 0 : isNumeral(value) ? value : NaN;
  }
}

/** Upper case where that is one character: texts are compared without regard to case. */
export function foldCase(text: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII is the fast and the usual case
  if (/^[\x00-\x7f]*$/.test(text)) return text.toUpperCase();
  return Array.from(text, (char) => {
    const upper = char.toUpperCase();
    return upper.length === char.length ? upper : char;
  }).join('');
}

/** `==`: of one kind by value (lists and objects: the same one), of different kinds as numbers. */
export function looseEquals(a: Json, b: Json): boolean {
  if (typeof a === 'string' && typeof b === 'string') return foldCase(a) === foldCase(b);
  if (isComposite(a) || isComposite(b)) return a === b;
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b;
  return compareNumbers(toNumber(a), toNumber(b)) === 0;
}

/** `<` and its like: texts by code unit without regard to case, else as numbers; false when NaN is in it. */
export function compare(operator: '<' | '<=' | '>' | '>=', a: Json, b: Json): boolean {
  if (isComposite(a) || isComposite(b)) return false;
  if (typeof a === 'string' && typeof b === 'string') return ordered(operator, foldCase(a), foldCase(b));
  return ordered(operator, compareNumbers(toNumber(a), toNumber(b)), 0);
}

function ordered<T extends string | number>(operator: '<' | '<=' | '>' | '>=', a: T, b: T): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

export function isComposite(value: Json): value is readonly Json[] | Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !isNumeral(value);
}

/** Whether two values are the same as they are written: `3.1` and `3.10` are not, maps in any order of their keys are. */
export function sameWritten(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || identity(a) === identity(b);
}

/** A text that values have in common only when they are written the same. */
export function identity(value: Json): string {
  if (isNumber(value)) return String(value);
  if (!isComposite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(identity).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${identity(one)}`).join(',')}}`;
}
