/** In which order the rows of a version come to be seen: what a point-in-time join can spare itself. */
import { identifier, list } from '../sql.js';
import type { RowOrder } from './types.js';

export interface OrderRequest {
  /** SQL for FROM that gives rows sorted by keys and timestamp. */
  readonly relation: string;
  readonly keys: readonly string[];
  readonly timestamp: string;
  readonly created?: string;
}

/** One look at neighbours: counts of those that are in each other's way, as one row of two numbers. */
export function orderQuery({ relation, keys, timestamp, created }: OrderRequest): string {
  const event = `epoch_us(${identifier(timestamp)})`;
  const seen = created === undefined ? event : `greatest(${event}, epoch_us(${identifier(created)}))`;
  const before = keys.map((key, index) => `lag(${identifier(key)}) OVER () AS b${index}`);
  const same = keys.map((_, index) => `k${index} = b${index}`);
  const columns = [
    ...keys.map((key, index) => `${identifier(key)} AS k${index}`),
    ...before,
    `${event} AS event`,
    `lag(${event}) OVER () AS event_before`,
    `${seen} AS seen`,
    `lag(${seen}) OVER () AS seen_before`,
  ];
  const among = (condition: string): string =>
    `count(*) FILTER (WHERE ${[...same, condition].join(' AND ')})`;
  return `SELECT ${among('event <= event_before')}, ${among('(event < event_before OR seen <= seen_before)')} FROM (SELECT ${list(columns)} FROM ${relation})`;
}

/** Of the row that `orderQuery` gives. */
export function orderOf([events, seen]: readonly unknown[]): RowOrder {
  return { events: events === 0, seen: seen === 0 };
}
