/** The types that expressions can have. "Unknown" is silent: it goes with everything. */
import { isNumeral } from '../../../base/numeral.js';
import type { Numeral } from '../../../base/numeral.js';
import type { Json } from '../../definition.js';

export interface Fields {
  get(name: string): Type | undefined;
  /** The same list each time, so that what was found out about it can be remembered. */
  names(): readonly string[];
}

export type TypeProblemCode =
  | 'type'
  | 'function'
  | 'arity'
  | 'unknown-task'
  | 'unknown-param'
  | 'unknown-output'
  | 'unknown-matrix-key'
  | 'unknown-context';

export type Type =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' }
  /** `values`: one of these and no other. */
  | { readonly kind: 'string'; readonly values?: readonly string[] }
  | { readonly kind: 'number'; readonly values?: readonly (number | Numeral)[] }
  | { readonly kind: 'list'; readonly element: Type }
  | {
      readonly kind: 'object';
      readonly fields: Fields;
      /** There may be others. */
      readonly open: boolean;
      /** What to report, and how to say it, where a field isn't there. */
      readonly missing?: { readonly code: TypeProblemCode; say(name: string): string };
    };

export const UNKNOWN: Type = { kind: 'unknown' };
export const BOOLEAN: Type = { kind: 'boolean' };
export const STRING: Type = { kind: 'string' };
export const NUMBER: Type = { kind: 'number' };
export const OPEN_OBJECT: Type = { kind: 'object', fields: fieldsOf(new Map()), open: true };

export function fieldsOf(fields: ReadonlyMap<string, Type>): Fields {
  let names: readonly string[] | undefined;
  return { get: (name) => fields.get(name), names: () => (names ??= [...fields.keys()]) };
}

/** The narrowest type of a value that stands in the text. */
export function literalType(value: Json): Type {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', values: [value] };
    case 'number':
      return { kind: 'number', values: [value] };
    case 'boolean':
      return BOOLEAN;
    default:
      if (value === null) return { kind: 'null' };
      if (isNumeral(value)) return { kind: 'number', values: [value] };
      return Array.isArray(value) ? { kind: 'list', element: UNKNOWN } : OPEN_OBJECT;
  }
}

/** A type that both fit; unknown where that says nothing. */
export function merge(a: Type, b: Type): Type {
  if (a.kind === 'string' && b.kind === 'string') return withValues('string', a.values, b.values);
  if (a.kind === 'number' && b.kind === 'number') return withValues('number', a.values, b.values);
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', element: merge(a.element, b.element) };
  if (a.kind === 'object' && b.kind === 'object') return a === b ? a : OPEN_OBJECT;
  return a.kind === b.kind ? a : UNKNOWN;
}

function withValues(
  kind: 'string' | 'number',
  a?: readonly (string | number | Numeral)[],
  b?: readonly (string | number | Numeral)[],
): Type {
  if (a === undefined || b === undefined || a.length + b.length > 64) return { kind };
  const known = new Set(a.map(String));
  return { kind, values: [...a, ...b.filter((value) => !known.has(String(value)))] } as Type;
}

/** For people: `text`, `one of 'adam', 'sgd'`, `list`. */
export function typeWords(type: Type): string {
  switch (type.kind) {
    case 'string':
      return type.values === undefined ? 'a text' : listed(type.values.map((value) => `'${value}'`));
    case 'number':
      return type.values === undefined ? 'a number' : listed(type.values.map(String));
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'list':
      return 'a list';
    case 'object':
      return 'an object';
    case 'unknown':
      return 'unknown';
  }
}

function listed(words: readonly string[]): string {
  const shown = words.length > 5 ? [...words.slice(0, 5), '…'] : words;
  return shown.length === 1 ? (shown[0] ?? '') : `one of ${shown.join(', ')}`;
}
