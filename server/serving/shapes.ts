/** Checks of what JSON holds that another program, or another version of this one, has written. */
import { isRecord } from '../base/is-record.js';

/** Whether a value fits. */
export type Check = (value: unknown) => boolean;

export const text: Check = (value) => typeof value === 'string';
/** What an environment can hold and a program can be given. */
export const word: Check = (value) => typeof value === 'string' && !value.includes('\0');
export const flag: Check = (value) => typeof value === 'boolean';
export const is =
  (...values: readonly string[]): Check =>
  (value) =>
    values.some((one) => one === value);
export const number =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most;
export const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && number(least, most)(value);
/** More would overflow Node's timers, which then fire at once. */
export const LONGEST_MS = 2 ** 31 - 1;
export const milliseconds = number(0, LONGEST_MS);
export const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const mapOf =
  (check: Check, key: Check = text): Check =>
  (value) =>
    isRecord(value) && Object.entries(value).every(([name, one]) => key(name) && check(one));
/** A record whose `needed` are there, and in which what is known fits. What is not known is from a newer version. */
export const record =
  (needed: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value) =>
    isRecord(value) && misfit(value, needed, optional) === undefined;

/** The first key that is missing or does not fit. */
export function misfit(
  value: Readonly<Record<string, unknown>>,
  needed: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): string | undefined {
  const bad = Object.keys(needed).find((key) => needed[key]?.(value[key]) !== true);
  if (bad !== undefined) return bad;
  return Object.keys(optional).find(
    (key) => value[key] !== undefined && optional[key]?.(value[key]) !== true,
  );
}
