/**
 * Numbers as they are written. A JS number forgets its spelling and holds whole numbers up to 2^53 only: `3.10` becomes
 * 3.1, an id of twenty digits another id. Where that matters a number is kept as a `Numeral`; every other number stays
 * a plain JS number, so that most code never meets one.
 */
import { trimEndWhere } from './trim.js';

/** Bundles that hand each other numbers have a class each: they know them by what all of them share. */
const BRAND: unique symbol = Symbol.for('modelyard.numeral');
const met = sharedCount();

function sharedCount(): { count: number } {
  const known = Reflect.get(globalThis, BRAND) as { count: number } | undefined;
  const count = known ?? { count: 0 };
  if (known === undefined) Reflect.set(globalThis, BRAND, count);
  return count;
}

/** How many of them `JSON.stringify` has met so far: whoever writes JSON sees by it whether there was one. */
export function numeralsWritten(): number {
  return met.count;
}

/** A number whose text says more than its JS number: `3.10`, `0012`, `0x1F`, `12345678901234567890`. */
export interface Numeral {
  readonly [BRAND]: true;
  /** As it is written. */
  readonly text: string;
  /** The nearest JS number; infinite beyond 1.8e308. */
  readonly value: number;
  toString(): string;
  /** What `JSON.stringify` makes of it: the text, so that nothing is lost. `jsonText` writes a number. */
  toJSON(): string;
}

class Written implements Numeral {
  readonly [BRAND] = true;
  readonly text: string;
  readonly value: number;

  constructor(text: string, value: number) {
    this.text = text;
    this.value = value;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    met.count++;
    return this.text;
  }
}

export function isNumeral(value: unknown): value is Numeral {
  return typeof value === 'object' && value !== null && BRAND in value;
}

const DECIMAL = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/;
const RADIX = /^[-+]?0(?:[xX][0-9a-fA-F]+|o[0-7]+)$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
/** Longer numbers are texts to everybody. */
const LONGEST = 1_000;

/** Whether a text is a number as YAML 1.2 and expressions write it: `-1.5e3`, `.5`, `007`, `0x1F`, `0o17`. */
export function isNumberText(text: string): boolean {
  return (
    text.length <= LONGEST &&
    ((DECIMAL.test(text) && /\d/.test(text.split(/e/i, 1)[0] ?? '')) || RADIX.test(text))
  );
}

/** The number that a text writes: a JS number where that prints the same, else a `Numeral`. Nothing for other texts. */
export function numeral(text: string): number | Numeral | undefined {
  if (!isNumberText(text)) return undefined;
  const value = Number(RADIX.test(text) ? decimalOf(text) : text);
  return String(value) === text && !(Number.isInteger(value) && !Number.isSafeInteger(value))
    ? value
    : new Written(text, value);
}

export function isNumber(value: unknown): value is number | Numeral {
  return typeof value === 'number' || isNumeral(value);
}

/** The nearest JS number, for what only estimates: charts, thresholds of services. */
export function toDouble(value: number | Numeral): number {
  return typeof value === 'number' ? value : value.value;
}

/** Whether it has no fraction, however it is written: `1e3` and `2.0` are whole. */
export function isWhole(value: number | Numeral): boolean {
  if (typeof value === 'number') return Number.isInteger(value);
  const exact = exactOf(value);
  return typeof exact !== 'number' && exact.exponent >= exact.digits.length;
}

/** Whether it is *written* as a whole number: digits only, in any base. `2.0` and `1e3` are not. */
export function isWrittenWhole(value: number | Numeral): boolean {
  return typeof value === 'number'
    ? Number.isInteger(value)
    : /^[-+]?\d+$/.test(value.text) || RADIX.test(value.text);
}

/** Exactly: -1, 0, 1, or NaN where one of them is NaN. `3.10` equals `3.1`; 2^53 does not equal 2^53 + 1. */
export function compareNumbers(a: number | Numeral, b: number | Numeral): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
  }
  const [left, right] = [exactOf(a), exactOf(b)];
  if (typeof left === 'number') {
    return Number.isNaN(left) ? left : left === right ? 0 : Math.sign(left);
  }
  if (typeof right === 'number') return Number.isNaN(right) ? right : -Math.sign(right);
  if (left.sign !== right.sign) return left.sign < right.sign ? -1 : 1;
  return left.sign < 0 ? compareMagnitudes(right, left) : compareMagnitudes(left, right);
}

/** A text that numbers have in common only when they are equal: `3.1` and `3.10` have the same. */
export function numberKey(value: number | Numeral): string {
  const exact = exactOf(value);
  return typeof exact === 'number' ? String(exact) : `${exact.sign}:${exact.digits}e${exact.exponent}`;
}

/** Its value as JSON writes numbers: `0012` is 12, `.5` is 0.5. Its own text where that is JSON already. */
export function jsonNumberText(number: Numeral): string {
  if (isJsonNumber(number)) return number.text;
  const { text } = number;
  if (RADIX.test(text)) return decimalOf(text);
  const [, sign = '', whole = '', fraction = '', exponent] = DECIMAL.exec(text) ?? [];
  const head = `${sign === '-' ? '-' : ''}${whole.replace(/^0+(?=\d)/, '') || '0'}`;
  return `${head}${fraction === '' ? '' : `.${fraction}`}${exponent === undefined ? '' : `e${exponent}`}`;
}

/** A number that JSON can hold, or its name. */
export function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** Whether JSON can write it as it is written. */
export function isJsonNumber(number: Numeral): boolean {
  return JSON_NUMBER.test(number.text);
}

/** `-0x1F` as `-31`. */
function decimalOf(radix: string): string {
  const digits = BigInt(radix.replace(/^[-+]/, '')).toString();
  return radix.startsWith('-') ? `-${digits}` : digits;
}

/** sign × 0.digits × 10^exponent, without zeros at either end; zero has sign 0. */
interface Exact {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly exponent: number;
}

/** JS numbers that aren't finite stay what they are. */
function exactOf(number: number | Numeral): Exact | number {
  if (typeof number === 'number' && !Number.isFinite(number)) return number;
  const written = String(number);
  const text = RADIX.test(written) ? decimalOf(written) : written;
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const zeros = all.length - digits.length;
  const short = trimEndWhere(digits, (digit) => digit === '0');
  if (short === '') return { sign: 0, digits: '', exponent: 0 };
  return { sign: sign === '-' ? -1 : 1, digits: short, exponent: whole.length - zeros + Number(exponent) };
}

function compareMagnitudes(a: Exact, b: Exact): number {
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -1 : 1;
  // Digits after the point: as texts they are in the order of their numbers.
  return a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0;
}
