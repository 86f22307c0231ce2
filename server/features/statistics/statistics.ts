/**
 * Statistics of a table, one feature at a time, in a few passes of DuckDB over its columns: first what aggregates tell, then
 * histograms, then what happens over time. The same data gives the same statistics: sums, whose last digits depend on the
 * order of the threads, are rounded.
 */
import { defined } from '../../base/defined.js';
import type { Engine } from '../engine/engine.js';
import type { EngineResult, Plain } from '../engine/messages.js';
import { identifier, list, textOf } from '../sql.js';
import { type FirstPass, feature, numbers, shares } from './assemble.js';
import {
  type Column,
  LONGEST_VALUE,
  countsOf,
  double,
  evenEdges,
  increasing,
  kindOf,
  numberOf,
} from './columns.js';
import { orderOf, orderQuery } from './order.js';
import { overTime, type TimePass } from './over-time.js';
import {
  STATISTICS_SCHEMA,
  type Bins,
  type CategoryStatistics,
  type FeatureStatistics,
  type RowOrder,
  type Statistics,
} from './types.js';

export interface StatisticsRequest {
  /** SQL for FROM. */
  readonly relation: string;
  /** The columns that are looked at, with DuckDB's names of their types. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Column of the moment of a row. */
  readonly timestamp?: string;
  /** Of a version, whose rows are sorted by them and the timestamp: the order of its rows is looked at, too. */
  readonly keys?: readonly string[];
  /** Column of the moment from which a row was there. */
  readonly created?: string;
  /** SQL that numbers the rows, where the relation has that: `file_row_number`. Spares numbering them. */
  readonly place?: string;
}

const HISTOGRAM_BINS = 30;
/** About so many rows give the quantiles, and with them the ends of the bins of a distribution. */
const SAMPLE = 20_000;
const TOP = 100;
/** Numbers of so few different values have a bin for each. */
const FEW_VALUES = 100;
/** Of values below, sums of squares are finite. */
const LARGE = 1e145;

/** Different values are counted where there are no more of them, or of rows; else estimated, which costs a quarter. */
const COUNTED_DISTINCT = 10_000;
const COUNTED_ROWS = 200_000;
/** Columns per query: their statements stay readable and their state in memory. */
const BATCH = 25;

/**
 * Asks the engine. A column whose values are too much for it (as sums that no double holds) has a count and its missing values
 * only; anything else that goes wrong is the answer.
 */
export async function statistics(
  engine: Engine,
  request: StatisticsRequest,
): Promise<EngineResult<Statistics>> {
  const all = await attempt(engine, request);
  if (all.ok || all.error.kind !== 'sql') return all;
  const plain = await attempt(engine, { ...request, columns: [] });
  if (!plain.ok) return plain;
  const features: FeatureStatistics[] = [];
  for (const { name, type } of request.columns) {
    const one = await attempt(engine, { ...request, columns: [{ name, type }] });
    const [known] = one.ok ? one.value.features : [];
    if (known !== undefined) {
      features.push(known);
      continue;
    }
    if (!one.ok && one.error.kind !== 'sql') return one;
    const nulls = await engine.query(`SELECT count(*) - count(${identifier(name)}) FROM ${request.relation}`);
    if (!nulls.ok) return nulls;
    features.push({
      name,
      type,
      kind: 'other',
      count: plain.value.rows,
      nulls: Number(nulls.value.rows[0]?.[0] ?? 0),
    });
  }
  return { ok: true, value: { ...plain.value, features } };
}

async function attempt(engine: Engine, request: StatisticsRequest): Promise<EngineResult<Statistics>> {
  try {
    return { ok: true, value: await new Pass(engine, request).run() };
  } catch (error) {
    if (error instanceof Failed) return error.result;
    throw error;
  }
}

class Failed extends Error {
  readonly result: Extract<EngineResult<never>, { ok: false }>;

  constructor(result: Extract<EngineResult<never>, { ok: false }>) {
    super(result.error.message);
    this.result = result;
  }
}

class Pass {
  readonly #engine: Engine;
  readonly #request: StatisticsRequest;
  readonly #columns: readonly Column[];
  /** Different values of columns where they were counted, and not only estimated. */
  readonly #counted = new Map<string, number>();

  constructor(engine: Engine, request: StatisticsRequest) {
    this.#engine = engine;
    this.#request = request;
    this.#columns = request.columns.map(({ name, type }) => {
      const kind = kindOf(type);
      return { name, type, kind, number: numberOf(identifier(name), type, kind) };
    });
  }

  async run(): Promise<Statistics> {
    const [[rows = 0] = []] = await this.#ask(`SELECT count(*) FROM ${this.#request.relation}`);
    const count = Number(rows);
    const first = new Map<string, FirstPass>();
    for (const batch of batches(this.#columns)) await this.#first(batch, count, first);
    const percentiles = new Map<string, readonly number[]>();
    for (const batch of batches(this.#columns)) await this.#percentiles(batch, count, first, percentiles);
    const bins = new Map<string, { histogram: Bins; distribution: Bins }>();
    for (const batch of batches(this.#columns)) await this.#bins(batch, first, percentiles, bins);
    const categories = new Map<string, CategoryStatistics>();
    for (const column of this.#columns) {
      if (column.kind === 'category') categories.set(column.name, await this.#categories(column));
    }
    const time = await this.#time();
    const order = await this.#order();
    return {
      schema: STATISTICS_SCHEMA,
      rows: count,
      ...(time === undefined ? {} : { time: time.time }),
      ...defined({ order }),
      features: this.#columns.map((column, index) => {
        const about = first.get(column.name);
        const top = categories.get(column.name);
        const steps = time?.features[index];
        return {
          ...feature(column, about, this.#counted.get(column.name)),
          ...numbers(about, bins.get(column.name), percentiles.get(column.name)),
          ...defined({ categories: top, overTime: steps }),
        };
      }),
    };
  }

  async #ask(sql: string): Promise<readonly (readonly Plain[])[]> {
    const result = await this.#engine.query(sql);
    if (!result.ok) throw new Failed(result);
    return result.value.rows;
  }

  async #first(columns: readonly Column[], rows: number, into: Map<string, FirstPass>): Promise<void> {
    const width = 7;
    const parts = columns.flatMap(({ name, kind, number }) => {
      const value = identifier(name);
      const nulls = `count(*) - count(${value})`;
      if (kind === 'category' || kind === 'other') return [nulls, ...Array<string>(width - 1).fill('NULL')];
      return [
        nulls,
        `count(${number})`,
        `approx_count_distinct(${value})`,
        `min(${number})`,
        `max(${number})`,
        `avg(${number})`,
        // The square of a larger one is more than a double holds, which is an error.
        `stddev_samp(CASE WHEN abs(${number}) < ${double(LARGE)} THEN ${number} END)`,
      ];
    });
    const [row = []] = await this.#ask(`SELECT ${list(parts)} FROM ${this.#request.relation}`);
    const number = (value: Plain | undefined): number => Number(value ?? Number.NaN);
    for (const [index, { name }] of columns.entries()) {
      const at = index * width;
      into.set(name, {
        rows,
        nulls: number(row[at]),
        finite: number(row[at + 1] ?? 0),
        distinct: number(row[at + 2]),
        min: number(row[at + 3]),
        max: number(row[at + 4]),
        mean: number(row[at + 5]),
        std: row[at + 6] === null ? 0 : number(row[at + 6]),
      });
    }
    for (const column of columns) await this.#large(column, into);
  }

  /** Mean and deviation of a column with values so large that their sums are none: those of its values as shares of the largest. */
  async #large({ name, number }: Column, into: Map<string, FirstPass>): Promise<void> {
    const about = into.get(name);
    if (about === undefined) return;
    const largest = Math.max(Math.abs(about.min), Math.abs(about.max));
    if (!(largest >= LARGE)) return;
    const scaled = `(${number} / ${double(largest)})`;
    const [[mean, std] = []] = await this.#ask(
      `SELECT avg(${scaled}), stddev_samp(${scaled}) FROM ${this.#request.relation}`,
    );
    const back = (value: Plain | undefined): number =>
      Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, Number(value ?? 0) * largest));
    into.set(name, { ...about, mean: back(mean), std: back(std) });
  }

  /** 0 %, 1 % … 100 % of each number: exact for few rows, else of a sample of them. */
  async #percentiles(
    columns: readonly Column[],
    rows: number,
    first: ReadonlyMap<string, FirstPass>,
    into: Map<string, readonly number[]>,
  ): Promise<void> {
    const { relation, place } = this.#request;
    const wanted = columns.filter(({ name }) => (first.get(name)?.finite ?? 0) > 0);
    if (wanted.length === 0) return;
    const step = Math.max(1, Math.floor(rows / SAMPLE));
    const parts = wanted.map(
      ({ name, number }) =>
        `quantile_disc(${number}, [${shares(step, first.get(name)?.finite ?? 0).join(', ')}])`,
    );
    // Every so-manieth row of the file, which is in the order of the keys.
    const numbered = `(SELECT *, row_number() OVER () AS "modelyard:place" FROM ${relation})`;
    const from =
      step === 1
        ? relation
        : `${place === undefined ? numbered : relation} WHERE ${place ?? '"modelyard:place"'} % ${step} = 0`;
    const [row = []] = await this.#ask(`SELECT ${list(parts)} FROM ${from}`);
    for (const [index, { name }] of wanted.entries()) {
      const found = row[index];
      into.set(name, Array.isArray(found) ? found.map(Number) : []);
    }
  }

  async #bins(
    columns: readonly Column[],
    first: ReadonlyMap<string, FirstPass>,
    percentiles: ReadonlyMap<string, readonly number[]>,
    into: Map<string, { histogram: Bins; distribution: Bins }>,
  ): Promise<void> {
    const wanted = columns.flatMap(({ name, number }) => {
      const about = first.get(name);
      if (about === undefined || about.finite === 0) return [];
      const even = evenEdges(about.min, about.max, HISTOGRAM_BINS);
      const quantiles = increasing([...(percentiles.get(name) ?? []), about.max]);
      return [{ name, number, even, quantiles, distinct: about.distinct, rows: about.rows }];
    });
    if (wanted.length === 0) return;
    const few = wanted.filter(({ distinct }) => distinct <= FEW_VALUES);
    const values = few.map(
      ({ number }) => `list_sort(list(DISTINCT ${number}) FILTER (WHERE ${number} IS NOT NULL))`,
    );
    const [lists = []] =
      few.length === 0 ? [] : await this.#ask(`SELECT ${list(values)} FROM ${this.#request.relation}`);
    for (const [at, one] of few.entries()) {
      const found = lists[at];
      // Each value ends a bin of its own: nothing of the distribution is lost.
      if (Array.isArray(found) && found.length <= FEW_VALUES) one.quantiles = found.map(Number);
    }
    const parts = wanted.flatMap(({ name, number, even, quantiles, distinct, rows }) => [
      countsOf(number, even),
      countsOf(number, quantiles),
      distinct > COUNTED_DISTINCT && rows > COUNTED_ROWS ? 'NULL' : `count(DISTINCT ${identifier(name)})`,
    ]);
    const [row = []] = await this.#ask(`SELECT ${list(parts)} FROM ${this.#request.relation}`);
    for (const [index, { name, even, quantiles }] of wanted.entries()) {
      into.set(name, {
        histogram: { edges: even, counts: (row[index * 3] as number[]).slice(0, even.length) },
        distribution: {
          edges: quantiles,
          counts: (row[index * 3 + 1] as number[]).slice(0, quantiles.length),
        },
      });
      const counted = row[index * 3 + 2];
      if (counted !== null && counted !== undefined) this.#counted.set(name, Number(counted));
    }
  }

  async #order(): Promise<RowOrder | undefined> {
    const { relation, keys, timestamp, created } = this.#request;
    if (keys === undefined || timestamp === undefined) return undefined;
    const [row = []] = await this.#ask(orderQuery({ relation, keys, timestamp, ...defined({ created }) }));
    return orderOf(row);
  }

  async #categories({ name }: Column): Promise<CategoryStatistics> {
    const value = `left(CAST(${identifier(name)} AS VARCHAR), ${LONGEST_VALUE})`;
    const rows = await this.#ask(
      [
        `WITH groups AS MATERIALIZED (SELECT ${value} AS v, count(*) AS n FROM ${this.#request.relation} WHERE ${identifier(name)} IS NOT NULL GROUP BY 1)`,
        `SELECT v, n, (SELECT count(*) FROM groups), (SELECT sum(n)::BIGINT FROM groups) FROM groups ORDER BY n DESC, v LIMIT ${TOP}`,
      ].join(' '),
    );
    const top = rows.map(([text, count]) => ({ value: textOf(text), count: Number(count) }));
    const [firstRow] = rows;
    const shown = top.reduce((sum, { count }) => sum + count, 0);
    this.#counted.set(name, Number(firstRow?.[2] ?? 0));
    return { top, others: Number(firstRow?.[3] ?? 0) - shown };
  }

  async #time(): Promise<TimePass | undefined> {
    const { timestamp, relation } = this.#request;
    if (timestamp === undefined) return undefined;
    const columns = this.#columns.map(({ name, kind, number }) => ({
      value: identifier(name),
      ...(kind === 'number' ? { number } : {}),
    }));
    const type = this.#request.columns.find(({ name }) => name === timestamp)?.type;
    // Labels may have their time as a text, which is read as a moment wherever it counts.
    const moment =
      type === 'VARCHAR' ? `CAST(${identifier(timestamp)} AS TIMESTAMPTZ)` : identifier(timestamp);
    return overTime((sql) => this.#ask(sql), relation, moment, columns);
  }
}

function* batches(columns: readonly Column[]): Generator<readonly Column[]> {
  for (let at = 0; at < columns.length; at += BATCH) yield columns.slice(at, at + BATCH);
}
