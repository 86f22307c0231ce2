/**
 * The SQL of the point-in-time join: each label sees the features as they were known at its time. Feast's rule: the latest
 * row with `event <= label` and `event + ttl >= label`, both ends included; of several with that timestamp the one that was
 * created last. With the created cutoff a row counts only from when it was loaded: `created <= label`, too.
 *
 * DuckDB's ASOF join takes one inequality. So each row gets the moment from which it can be seen, the later one of event and
 * created, and rows that are never the latest at any moment, because a later one could be seen before them, are taken out.
 * What is left is in the same order by both, and ASOF on that moment gives the row that the rule names. The latest row
 * has the least age, so that its ttl can be looked at afterwards.
 */
import { identifier, list } from '../sql.js';
import { readTime } from '../sources/types.js';

/** A view version as the join needs it. */
export interface JoinedView {
  readonly name: string;
  /**
   * SQL for FROM that gives the version's rows, those of one key together. A later row of the same key, timestamp and
   * created counts before an earlier one.
   */
  readonly relation: string;
  /** Columns that together are the key; they are called the same in the labels. */
  readonly keys: readonly string[];
  readonly timestamp: string;
  readonly created?: string;
  /** Absent: a value is used for ever. */
  readonly ttlMs?: number;
  /** Columns of the version, and what they are called in the result. */
  readonly features: readonly { readonly column: string; readonly as: string }[];
  /** Keys whose types differ: SQL of the label's value, as the view has such keys. `l` are the labels. */
  readonly labelKeys?: ReadonlyMap<string, string>;
}

/** The table of labels that a join reads. */
export interface JoinedLabels {
  readonly table: string;
  /** In the order of the file. */
  readonly columns: readonly string[];
}

/** Columns of the labels' table beside those of the file: their place in it, and their time in µs since 1970, UTC. */
export const ROW = 'modelyard:row';
export const AT = 'modelyard:at';
const EVENT = 'modelyard:event';
const CREATED = 'modelyard:created';
const BEFORE = 'modelyard:before';

const row = identifier(ROW);
const at = identifier(AT);
const event = identifier(EVENT);
const created = identifier(CREATED);
const before = identifier(BEFORE);

/** µs since 1970 of a column of moments, dates or ISO 8601, which is taken for UTC where it has no zone. */
export function microseconds(column: string, type: string): string {
  return `epoch_us(${type === 'VARCHAR' ? readTime(column) : identifier(column)})`;
}

/** From when to when labels lie, in µs: rows outside can't be seen by any. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

/** Rows of a version with the moment from which each can be seen; those that no label can see are left out. */
function rows(view: JoinedView, cutoff: boolean, range: Range): string {
  const keys = view.keys.map(identifier);
  const moment = `epoch_us(${identifier(view.timestamp)})`;
  const loaded =
    view.created === undefined ? 'CAST(NULL AS BIGINT)' : `epoch_us(${identifier(view.created)})`;
  const seen = cutoff && view.created !== undefined ? `greatest(${moment}, ${loaded})` : moment;
  const features = view.features.map(({ column }) => identifier(column));
  const oldest =
    view.ttlMs === undefined ? [] : [`${moment} >= ${range.from - BigInt(Math.round(view.ttlMs * 1000))}`];
  // Nothing equals an empty key, though the engine's join of many rows takes two of them for equal.
  const known = keys.map((key) => `${key} IS NOT NULL`);
  return [
    `SELECT ${list([...keys, `${moment} AS ${event}`, `${loaded} AS ${created}`, `${seen} AS ${at}`, ...new Set(features)])}`,
    `FROM ${view.relation}`,
    `WHERE ${[`${identifier(view.timestamp)} IS NOT NULL`, ...known, `${seen} <= ${range.to}`, ...oldest].join(' AND ')}`,
  ].join(' ');
}

/**
 * Makes a table of the keys whose rows can't be joined as they are: of two rows one after the other the later one can be
 * seen first, or both at once. In most versions there is none, and looking costs far less than sorting.
 */
export function disorderedKeys(view: JoinedView, cutoff: boolean, range: Range, table: string): string {
  const keys = view.keys.map(identifier);
  const last = (column: string): string => `lag(${column}) OVER ()`;
  const same = keys.map((key, index) => `${key} = ${identifier(`${BEFORE}:${index}`)}`);
  const lags = keys.map((key, index) => `${last(key)} AS ${identifier(`${BEFORE}:${index}`)}`);
  return [
    `CREATE OR REPLACE TEMP TABLE ${identifier(table)} AS`,
    `SELECT DISTINCT ${keys.length === 0 ? '1 AS one' : list(keys)} FROM (`,
    `SELECT ${list([...keys, event, at, ...lags, `${last(event)} AS ${before}`, `${last(at)} AS ${identifier(`${BEFORE}:at`)}`])}`,
    `FROM (${rows(view, cutoff, range)}))`,
    `WHERE ${[...same, `(${event} < ${before} OR ${at} <= ${identifier(`${BEFORE}:at`)})`].join(' AND ')}`,
  ].join(' ');
}

/** Rows of a version, of which each is the latest at some moment. */
function usable(view: JoinedView, cutoff: boolean, range: Range, disordered: string | undefined): string {
  const all = rows(view, cutoff, range);
  if (disordered === undefined) return all;
  const keys = view.keys.map(identifier);
  const partition = keys.length === 0 ? '' : `PARTITION BY ${list(keys)} `;
  const numbered = `SELECT *, row_number() OVER () AS ${row} FROM (${all})`;
  const wanted =
    keys.length === 0
      ? numbered
      : `SELECT * FROM (${numbered}) SEMI JOIN ${identifier(disordered)} USING (${list(keys)})`;
  // Latest first; a row counts when it can be seen before every one that is later.
  const earliest = `min(${at}) OVER (${partition}ORDER BY ${event} DESC, ${created} DESC NULLS LAST, ${row} DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  const sorted = `SELECT * EXCLUDE (${row}, ${before}) FROM (SELECT *, ${earliest} AS ${before} FROM (${wanted})) WHERE ${before} IS NULL OR ${at} < ${before}`;
  return keys.length === 0
    ? sorted
    : `SELECT * FROM (${all}) ANTI JOIN ${identifier(disordered)} USING (${list(keys)}) UNION ALL ${sorted}`;
}

export interface PreparedView {
  readonly view: JoinedView;
  /** The table of `disorderedKeys`, when there are any. */
  readonly disordered?: string;
}

/** The join: the labels' columns, then the features in the order of the views, NULL where there is no match; with `ROW`. */
export function pointInTimeJoin(
  labels: JoinedLabels,
  views: readonly PreparedView[],
  options: { readonly cutoff: boolean; readonly range: Range },
): string {
  const selected = labels.columns.map((column) => `l.${identifier(column)}`);
  const joins: string[] = [];
  for (const [index, { view, disordered }] of views.entries()) {
    const alias = `v${index}`;
    // Where a row is seen from its event on, the two are one column, and one less goes through the join's sort.
    const since = options.cutoff && view.created !== undefined ? event : at;
    for (const { column, as } of view.features) {
      const value = `${alias}.${identifier(column)}`;
      // As a difference of two numbers: a ttl of centuries does not leave the range of timestamps.
      // Without a time a label sees nothing, whatever the engine's join makes of an empty value.
      const shown =
        view.ttlMs === undefined
          ? `CASE WHEN l.${at} IS NOT NULL THEN ${value} END`
          : `CASE WHEN l.${at} - ${alias}.${since} <= ${BigInt(Math.round(view.ttlMs * 1000))} THEN ${value} END`;
      selected.push(`${shown} AS ${identifier(as)}`);
    }
    const equal = view.keys.map((key) => {
      const name = identifier(key);
      return `${view.labelKeys?.get(key) ?? `l.${name}`} = ${alias}.${name}`;
    });
    const rowsOf = usable(view, options.cutoff, options.range, disordered);
    joins.push(
      `ASOF LEFT JOIN (${rowsOf}) ${alias} ON ${[...equal, `l.${at} >= ${alias}.${at}`].join(' AND ')}`,
    );
  }
  return `SELECT ${list([`l.${row}`, ...selected])} FROM ${identifier(labels.table)} l ${joins.join(' ')}`;
}
