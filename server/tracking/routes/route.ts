/** What one route of MLflow's is: its request is read by its fields before anybody works with it. */
import { type Fields, type Read, readFields } from '../wire/fields.js';
import type { Tracking } from '../tracking.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';

export interface Route {
  readonly method: Method;
  /** After the base path; `{name}` is a field. */
  readonly path: string;
  readonly fields: Fields;
  /** Gives the answer. Throws a `WireError`. */
  readonly answer: (
    tracking: Tracking,
    values: Readonly<Record<string, unknown>>,
  ) => object | Promise<object>;
}

export function route<const F extends Fields>(
  method: Method,
  path: string,
  fields: F,
  handle: (tracking: Tracking, request: Read<F>) => object | Promise<object>,
): Route {
  return { method, path, fields, answer: (tracking, values) => handle(tracking, readFields(fields, values)) };
}

/** What most routes that change something answer. */
export const DONE: object = {};
