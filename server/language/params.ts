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

/** @throws InvalidParams for what is not a number */
export function finite(params: unknown, key: string): number {
  const value = member(params, key);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidParams(`${key} must be a number`);
}
