/** What functions make of the values of a list, such as those that the cells of a matrix gave. */
import { compareNumbers, toDouble } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';
import { display } from '../../base/json.js';
import type { Json } from '../definition.js';
import { isComposite, toNumber, truthy } from './values.js';
import type { CallResult } from './values.js';

type Summary = 'max' | 'min' | 'mean' | 'any' | 'all';

/** One value of all values: the arguments by themselves, and the items of those that are lists. */
export function summarize(name: Summary, args: readonly Json[]): CallResult {
  const values = args.flatMap(listOf);
  if (name === 'any') return { kind: 'value', value: values.some(truthy) };
  if (name === 'all') return { kind: 'value', value: values.every(truthy) };
  const numbers = numbersOf(name, values);
  if (typeof numbers === 'string') return { kind: 'error', message: numbers };
  const given = numbers.flatMap((number) => number ?? []);
  if (given.length === 0) return { kind: 'value', value: null };
  if (name !== 'mean') return { kind: 'value', value: asJson(extreme(name, given)) };
  // Divided first: the sum of large numbers may be infinite where their mean is not.
  const count = given.length;
  return { kind: 'value', value: asJson(given.reduce<number>((sum, one) => sum + toDouble(one) / count, 0)) };
}

/** The item that stands where the greatest, or the least, of some numbers stands. */
export function best(by: Json, of: Json, order: string): CallResult {
  if (order !== 'max' && order !== 'min') {
    return { kind: 'error', message: `best takes 'max' or 'min' as its third value, not "${order}".` };
  }
  const numbers = numbersOf('best', listOf(by));
  if (typeof numbers === 'string') return { kind: 'error', message: numbers };
  // What is the same for all cells is no list.
  if (!Array.isArray(of)) return { kind: 'value', value: of };
  const items = of as readonly Json[];
  if (Array.isArray(by) && items.length !== numbers.length) {
    return {
      kind: 'error',
      message: `best needs a number for each item: there are ${numbers.length} numbers and ${items.length} items.`,
    };
  }
  const known = numbers.flatMap((number) =>
    number === undefined || Number.isNaN(toDouble(number)) ? [] : number,
  );
  if (known.length === 0) return { kind: 'value', value: null };
  const winner = extreme(order, known);
  return { kind: 'value', value: items[numbers.indexOf(winner)] ?? null };
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

/** Numbers, `undefined` for what is empty; a text says what is none. */
function numbersOf(
  name: string,
  values: readonly Json[],
): readonly (number | Numeral | undefined)[] | string {
  const numbers: (number | Numeral | undefined)[] = [];
  for (const value of values) {
    const number = value === null || isComposite(value) ? undefined : toNumber(value);
    const isNone =
      typeof value === 'string' && (value.trim() === '' || (isNotANumber(number) && value !== 'NaN'));
    if (isNone || isComposite(value)) {
      return `${name} takes numbers, and ${display(value).slice(0, 60)} is none.`;
    }
    numbers.push(number);
  }
  return numbers;
}

function isNotANumber(number: number | Numeral | undefined): boolean {
  return typeof number === 'number' && Number.isNaN(number);
}

/** The first of the greatest or least; a NaN where there is one. */
function extreme(which: 'max' | 'min', numbers: readonly (number | Numeral)[]): number | Numeral {
  return numbers.reduce((found, one) => {
    if (isNotANumber(found)) return found;
    const order = compareNumbers(one, found);
    return Number.isNaN(order) || (which === 'max' ? order > 0 : order < 0) ? one : found;
  });
}

/** What JSON has no number for is a text, as in metrics files. */
function asJson(number: number | Numeral): Json {
  return typeof number === 'number' && !Number.isFinite(number) ? String(number) : number;
}
