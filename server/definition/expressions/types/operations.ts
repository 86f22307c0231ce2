/** What operators and functions make of types. */
import { BOOLEAN, NUMBER, STRING, typeWords, UNKNOWN } from './lattice.js';
import type { Type } from './lattice.js';
import { foldCase, toNumber } from '../values.js';

/** The number of the last value that a pattern of `format` asks for; -1 when it asks for none. */
export function highestPlace(pattern: string): number {
  const plain = pattern.replace(/\{\{|\}\}/g, '');
  let highest = -1;
  for (const [, index] of plain.matchAll(/\{([0-9]+)\}/g)) highest = Math.max(highest, Number(index));
  return highest;
}

/** What a function gives, by the types of its arguments. */
export function resultType(name: string, types: readonly Type[]): Type {
  switch (name) {
    case 'format':
    case 'join':
    case 'toJSON':
    case 'hashFiles':
      return STRING;
    case 'semver':
    case 'mean':
    case 'max':
    case 'min':
      return NUMBER;
    case 'best': {
      const of = types[1] ?? UNKNOWN;
      return of.kind === 'list' ? of.element : of;
    }
    case 'fromJSON':
      return UNKNOWN;
    case 'raw':
      return types[0] ?? UNKNOWN;
    default:
      return BOOLEAN;
  }
}

/** Values that have neither items nor members. */
export function isScalar(type: Type): boolean {
  return type.kind === 'string' || type.kind === 'number' || type.kind === 'boolean';
}

/** Why two types never have equal values; nothing on the least doubt. */
export function neverEqual(a: Type, b: Type): string | undefined {
  if ((a.kind === 'list' || a.kind === 'object') && isScalar(b)) {
    return `${capital(typeWords(a))} never equals ${typeWords(b)}`;
  }
  if (a.kind !== 'string' || a.values === undefined) return undefined;
  if (b.kind === 'string' && b.values !== undefined) {
    const folded = new Set(b.values.map(foldCase));
    if (a.values.some((value) => folded.has(foldCase(value)))) return undefined;
    // What was written is rather the mistake than all that there may be.
    const [said, possible] = a.values.length > b.values.length ? [b, a.values] : [a, b.values];
    return `${capital(typeWords(said))} is none of the values possible (${possible.slice(0, 8).join(', ')})`;
  }
  if (
    (b.kind === 'number' || b.kind === 'boolean') &&
    a.values.every((value) => Number.isNaN(toNumber(value)))
  ) {
    return `${capital(typeWords(b))} never equals the text ${typeWords(a)}`;
  }
  return undefined;
}

/** Why two types are in no order; nothing on the least doubt. */
export function notOrdered(a: Type, b: Type): string | undefined {
  if ((a.kind === 'list' || a.kind === 'object') && (isScalar(b) || b.kind === a.kind)) {
    return `${capital(typeWords(a))} is neither less nor more than anything`;
  }
  if (a.kind !== 'string' || a.values === undefined) return undefined;
  if (
    (b.kind === 'number' || b.kind === 'boolean') &&
    a.values.every((value) => Number.isNaN(toNumber(value)))
  ) {
    return `The text ${typeWords(a)} is not a number`;
  }
  return undefined;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
