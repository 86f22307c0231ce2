/** Reading the params of requests, which anyone may have sent. */
import { InvalidParams } from './guard.js';

function member(params: unknown, key: string): unknown {
  return typeof params === 'object' && params !== null && Object.hasOwn(params, key)
    ? (params as Record<string, unknown>)[key]
    : undefined;
}

/** @throws InvalidParams for what is no string */
export function text(params: unknown, key: string): string {
  const value = member(params, key);
  if (typeof value !== 'string') throw new InvalidParams(`${key} must be a string`);
  return value;
}

/** @throws InvalidParams for what is there and no string */
export function optionalText(params: unknown, key: string): string | undefined {
  const value = member(params, key);
  if (value === undefined || typeof value === 'string') return value;
  throw new InvalidParams(`${key} must be a string`);
}

/** @throws InvalidParams for what is there and no list of strings */
export function optionalTexts(params: unknown, key: string): readonly string[] | undefined {
  const value = member(params, key);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new InvalidParams(`${key} must be a list of strings`);
}

/** @throws InvalidParams for what is no whole number that can be counted to */
export function whole(params: unknown, key: string): number {
  const value = Math.trunc(finite(params, key));
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidParams(`${key} must be a whole number`);
}

/** @throws InvalidParams for what is not a number */
export function finite(params: unknown, key: string): number {
  const value = member(params, key);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidParams(`${key} must be a number`);
}
