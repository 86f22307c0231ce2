/** Makes a training set: labels joined with view versions, written to one file. */
import type { Engine } from '../engine/engine.js';
import type { Column, EngineResult, Plain } from '../engine/messages.js';
import { identifier, list, literal, textOf } from '../sql.js';
import { statistics } from '../statistics/statistics.js';
import type { RowOrder, Statistics } from '../statistics/types.js';
import { ANCIENT, ancient, isNumeric, keyAs } from '../sources/types.js';
import { epochWords } from '../sources/times.js';
import { type LabelsRequest, labelsTable, timestampOf } from './labels.js';
import { trainingSetNotes } from './notes.js';
import {
  AT,
  type JoinedView,
  type PreparedView,
  ROW,
  type Range,
  disorderedKeys,
  pointInTimeJoin,
} from './point-in-time.js';

/** The rows of a version of a view, and which of its features are wanted. */
export interface WantedView extends Omit<JoinedView, 'labelKeys'> {
  /** All columns of the version. */
  readonly columns: readonly Column[];
  /** What is known of the order of its rows; else it is looked at. */
  readonly order?: RowOrder;
}

export interface TrainingSetRequest {
  readonly labels: LabelsRequest;
  readonly views: readonly WantedView[];
  /** Leave out what was loaded after the time of the label. */
  readonly cutoff: boolean;
  /** Absolute, in the engine's temp folder: the file that is written. */
  readonly output: string;
  readonly format: 'parquet' | 'csv';
}

export interface TrainingSet {
  /** Of the labels' column, in the order of the file, then features. */
  readonly columns: readonly (Column & { readonly nulls: number })[];
  /** How many of `columns` come from the labels. */
  readonly labelColumns: number;
  /** The column of the labels that is their time. */
  readonly timestamp: string;
  readonly rows: number;
  /** What a person should know before learning from it, in sentences: labels without a time, features without a value. */
  readonly notes: readonly string[];
}

export type TrainingSetResult =
  | { readonly ok: true; readonly value: TrainingSet }
  /** `request`: it can't be meant so; `engine`: it can't be done. */
  | { readonly ok: false; readonly kind: 'request' | 'engine'; readonly message: string };

const LABELS = 'modelyard:labels';
const JOINED = 'modelyard:joined';

/** What a file of these columns is called inside Parquet must not depend on threads: rows are in the order of the labels. */
const FORMATS = {
  parquet: 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880',
  csv: 'FORMAT csv, HEADER',
} as const;

/** How the time of labels is written where it is a number, as a sentence behind another one. */
async function numberAdvice(
  engine: Engine,
  { relation, columns, timestamp }: LabelsRequest,
): Promise<string> {
  const column = columns.find(({ name }) => name === timestamp);
  return column === undefined || !isNumeric(column.type)
    ? ''
    : ` ${await epochWords(engine, relation, column.name)}`;
}

/**
 * Joins and writes. Identical labels and versions give identical bytes, at any number of threads.
 * The engine is left with the table of the result, for `trainingSetStatistics`.
 */
export async function makeTrainingSet(
  engine: Engine,
  request: TrainingSetRequest,
): Promise<TrainingSetResult> {
  const { labels, views, cutoff } = request;
  const chosen = timestampOf(labels);
  if (!chosen.ok) {
    const advice = await numberAdvice(engine, labels);
    return { ok: false, kind: 'request', message: chosen.message + advice };
  }
  const wrong = mismatch(labels, views);
  if (wrong !== undefined) return { ok: false, kind: 'request', message: wrong };
  const read = await engine.query(labelsTable(labels, chosen.timestamp, LABELS));
  if (!read.ok) {
    const time = await labels.explain?.(read.error.message);
    if (time !== undefined) return { ok: false, kind: 'request', message: time };
    return failed(read, `${labels.path} can't be read`);
  }
  const range = await rangeOf(engine);
  if (!range.ok) return failed(range);
  if (range.value.from < ANCIENT && !/\.(parquet|pq)$/i.test(labels.path))
    return { ok: false, kind: 'request', message: ancient(labels.path, chosen.timestamp.name) };
  const prepared: PreparedView[] = [];
  for (const [index, wanted] of views.entries()) {
    const view = { ...wanted, labelKeys: labelKeys(labels, wanted) };
    if (isOrdered(wanted, cutoff)) {
      prepared.push({ view });
      continue;
    }
    const table = `modelyard:disordered:${index}`;
    const found = await query(engine, disorderedKeys(view, cutoff, range.value, table));
    const counted = found.ok ? await query(engine, `SELECT count(*) FROM ${identifier(table)}`) : found;
    if (!counted.ok) return failed(counted, `view ${view.name} can't be read`);
    prepared.push({ view, ...(Number(counted.value[0]?.[0]) === 0 ? {} : { disordered: table }) });
  }
  const columns = labels.columns.map(({ name }) => name);
  const join = pointInTimeJoin({ table: LABELS, columns }, prepared, { cutoff, range: range.value });
  const joined = await engine.query(`CREATE OR REPLACE TEMP TABLE ${identifier(JOINED)} AS ${join}`);
  if (!joined.ok) return failed(joined);
  const written = await engine.query(
    `COPY (SELECT * EXCLUDE (${identifier(ROW)}) FROM ${identifier(JOINED)} ORDER BY ${identifier(ROW)}) TO ${literal(request.output)} (${FORMATS[request.format]})`,
  );
  if (!written.ok) return failed(written);
  const described = await describe(engine, labels, chosen.timestamp.name);
  if (!described.ok) return described;
  const notes = await trainingSetNotes(engine, { labels: LABELS, joined: JOINED }, described.value, prepared);
  return notes.ok ? { ok: true, value: { ...described.value, notes: notes.value } } : failed(notes);
}

/** Statistics of the training set that the engine has just made: what a model that learns from it will have seen. */
export function trainingSetStatistics(engine: Engine, made: TrainingSet): Promise<EngineResult<Statistics>> {
  return statistics(engine, {
    relation: identifier(JOINED),
    columns: made.columns,
    timestamp: made.timestamp,
    place: identifier(ROW),
  });
}

async function describe(
  engine: Engine,
  labels: LabelsRequest,
  timestamp: string,
): Promise<{ readonly ok: true; readonly value: Omit<TrainingSet, 'notes'> } | Failed> {
  const described = await query(engine, `DESCRIBE ${identifier(JOINED)}`);
  if (!described.ok) return failed(described);
  const columns = described.value
    .map(([name, type]) => ({ name: textOf(name), type: textOf(type) }))
    .filter(({ name }) => name !== ROW);
  const counts = ['count(*)', ...columns.map(({ name }) => `count(*) - count(${identifier(name)})`)];
  const counted = await query(engine, `SELECT ${list(counts)} FROM ${identifier(JOINED)}`);
  if (!counted.ok) return failed(counted);
  const [row = []] = counted.value;
  return {
    ok: true,
    value: {
      columns: columns.map((column, index) => ({ ...column, nulls: Number(row[index + 1]) })),
      labelColumns: labels.columns.length,
      timestamp,
      rows: Number(row[0]),
    },
  };
}

/** Why these can't be joined, in words. */
function mismatch({ path, columns }: LabelsRequest, views: readonly WantedView[]): string | undefined {
  // The engine's names know no case: it would call the second of two `rain_1`.
  const names = new Map(columns.map(({ name }) => [name.toLowerCase(), `${path} has a column "${name}"`]));
  for (const view of views) {
    const missing = view.keys.filter((key) => !columns.some(({ name }) => name === key));
    if (missing.length > 0) {
      return `${path} has no column ${missing.map((key) => `"${key}"`).join(', ')}, which is the key of view ${view.name}; it has: ${columns.map(({ name }) => name).join(', ')}.`;
    }
    for (const { as, column } of view.features) {
      const other = names.get(as.toLowerCase());
      if (other !== undefined) {
        const way =
          as === column
            ? 'Name the features in full with `full-names: true`'
            : 'Give one of the two another name';
        return `Feature ${view.name}:${column} would be called "${as}", and ${other}. ${way}.`;
      }
      names.set(as.toLowerCase(), `so would a feature of view ${view.name}`);
    }
  }
  return undefined;
}

/** Keys of the labels that have to become what the view's are, as SQL. */
function labelKeys(labels: LabelsRequest, view: WantedView): ReadonlyMap<string, string> {
  return new Map(
    view.keys.flatMap((key): [string, string][] => {
      const [mine, other] = [labels.columns, view.columns].map(
        (columns) => columns.find(({ name }) => name === key)?.type ?? '',
      );
      const sql = keyAs(`l.${identifier(key)}`, mine ?? '', other ?? '');
      return sql === undefined ? [] : [[key, sql]];
    }),
  );
}

/** Whether it is known that no row gets in the way of another one. */
function isOrdered({ order, created }: WantedView, cutoff: boolean): boolean {
  return (cutoff && created !== undefined ? order?.seen : order?.events) === true;
}

async function rangeOf(engine: Engine): Promise<EngineResult<Range>> {
  const at = identifier(AT);
  // As text: microseconds of far years are beyond what a number holds.
  const found = await query(
    engine,
    `SELECT min(${at})::VARCHAR, max(${at})::VARCHAR FROM ${identifier(LABELS)}`,
  );
  if (!found.ok) return found;
  const [[from, to] = []] = found.value;
  // Without a label that has a time nothing is seen.
  return {
    ok: true,
    value: { from: BigInt(textOf(from ?? 0)), to: BigInt(textOf(to ?? String(-(2n ** 62n)))) },
  };
}

async function query(engine: Engine, sql: string): Promise<EngineResult<readonly (readonly Plain[])[]>> {
  const result = await engine.query(sql);
  return result.ok ? { ok: true, value: result.value.rows } : result;
}

type Failed = Extract<TrainingSetResult, { ok: false }>;

function failed(result: Extract<EngineResult<unknown>, { ok: false }>, what?: string): Failed {
  const { message } = result.error;
  return { ok: false, kind: 'engine', message: what === undefined ? message : `${what}: ${message}` };
}
