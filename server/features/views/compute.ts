/** From the source's table to the rows of a view: transforms, types, and the sorted Parquet file. */
import type { Engine, QueryOptions } from '../engine/engine.js';
import type { Column, EngineError, EngineResult } from '../engine/messages.js';
import type { ManifestColumn } from './manifest.js';
import { type SourceTable, badTime, sourceMessage } from '../sources/source.js';
import { identifier, literal, textOf } from '../sql.js';
import { epochAdvice } from '../../definition/text/timestamps.js';
import { ancient, convert, convertKey, isNumeric, utc } from '../sources/types.js';
import type { ResolvedView } from './view.js';
import { didYouMean } from '../../definition/names/names.js';
import { similar } from '../../definition/names/similar.js';

export interface Transformed {
  /** The table with the result of the last transform. */
  readonly table: string;
  readonly columns: readonly Column[];
  readonly volatile: readonly string[];
  readonly looksAtOtherRows: boolean;
}

/** An error of a transform: which one, from 0, and (in the error) the place in its text. */
export type TransformResult =
  | { readonly ok: true; readonly value: Transformed }
  | { readonly ok: false; readonly error: EngineError; readonly transform: number };

/** Puts the transforms over the table `start`, which `openSource` has made. */
export async function transform(
  engine: Engine,
  view: ResolvedView,
  start: string,
  source: SourceTable,
): Promise<TransformResult> {
  let table = start;
  let { columns } = source;
  const volatile = new Set<string>();
  let looksAtOtherRows = false;
  for (const [at, { value: sql }] of view.view.transforms.entries()) {
    const name = `${start}_${at + 1}`;
    const made = await engine.define({ name, over: table, sql });
    if (!made.ok) return { ok: false, error: made.error, transform: at };
    for (const word of made.value.volatile) volatile.add(word);
    looksAtOtherRows ||= made.value.looksAtOtherRows;
    table = name;
    ({ columns } = made.value);
  }
  return { ok: true, value: { table, columns, volatile: [...volatile], looksAtOtherRows } };
}

export interface Projection {
  /** Makes the view's columns of the transformed table. */
  readonly select: string;
  readonly columns: readonly ManifestColumn[];
  /** Columns whose values have to be read to know that they fit: name in the data, type to become. */
  readonly parsed: readonly { readonly name: string; readonly type: string; readonly sql: string }[];
}

/** The columns of the view out of what the transforms give, or everything that is wrong with them. */
export async function project(
  engine: Engine,
  view: ResolvedView,
  { table, columns }: Transformed,
): Promise<EngineResult<Projection>> {
  const epochs = await epochsOf(engine, view, { table, columns });
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const names = [...types.keys()];
  const problems: string[] = [];
  const selected: string[] = [];
  const made: ManifestColumn[] = [];
  const parsed: { name: string; type: string; sql: string }[] = [];
  const typeOf = (name: string, what: string): string | undefined => {
    const type = types.get(name);
    if (type !== undefined) return type;
    const shown = names.slice(0, 20).join(', ');
    problems.push(
      `there is no column "${name}" for the ${what}.${didYouMean(similar(name, names))} There are: ${shown}${names.length > 20 ? ', …' : ''}.`,
    );
    return undefined;
  };
  const add = (
    name: string,
    sql: string,
    type: string,
    role: ManifestColumn['role'],
    parses: boolean,
  ): void => {
    selected.push(`${sql} AS ${identifier(name)}`);
    made.push({ name, type, role });
    if (parses) parsed.push({ name, type, sql });
  };
  const moment = (name: string, role: 'timestamp' | 'created'): void => {
    const type = typeOf(name, `${role} column`);
    if (type === undefined) return;
    const sql = utc(name, type);
    if (sql === undefined)
      problems.push(
        `the ${role} column "${name}" is ${type}, and not a moment. ${epochs.get(name) ?? epochAdvice(name, undefined)}`,
      );
    else add(name, sql, 'TIMESTAMP', role, type === 'VARCHAR');
  };
  const typed = (name: string, declared: string | undefined, role: 'key' | 'feature'): void => {
    const type = typeOf(name, role === 'key' ? 'key of its entity' : 'feature');
    if (type === undefined) return;
    const conversion = (role === 'key' ? convertKey : convert)(name, declared, type);
    if (conversion.ok) add(name, conversion.sql, conversion.type, role, conversion.parses);
    else problems.push(conversion.message);
  };
  for (const key of view.keys) typed(key.name, key.type, 'key');
  moment(view.timestamp, 'timestamp');
  if (view.created !== undefined) moment(view.created, 'created');
  for (const { name, type } of view.view.features) typed(name, type?.value, 'feature');
  if (problems.length > 0) {
    const only = view.format === 'csv' && view.view.transforms.length === 0 ? names[0] : undefined;
    if (only !== undefined && names.length === 1)
      return {
        ok: false,
        error: {
          kind: 'sql',
          message: `${view.path} has one column only, "${only}". Say with \`delimiter\` which character separates its fields.`,
        },
      };
    const more = problems.length > 5 ? ` (and ${problems.length - 5} more)` : '';
    return { ok: false, error: { kind: 'sql', message: problems.slice(0, 5).join(' Also, ') + more } };
  }
  return {
    ok: true,
    value: { select: `SELECT ${selected.join(', ')} FROM ${identifier(table)}`, columns: made, parsed },
  };
}

/** Of times that are numbers: what they are likely to count, by their size. */
async function epochsOf(
  engine: Engine,
  { timestamp, created }: ResolvedView,
  { table, columns }: Pick<Transformed, 'table' | 'columns'>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { name, type } of columns) {
    if ((name !== timestamp && name !== created) || !isNumeric(type)) continue;
    const column = identifier(name);
    const largest = await engine.query(
      `SELECT CAST(max(abs(CAST(${column} AS DOUBLE))) AS DOUBLE) FROM ${identifier(table)}`,
    );
    const value = largest.ok ? largest.value.rows[0]?.[0] : undefined;
    found.set(name, epochAdvice(name, typeof value === 'number' ? value : undefined));
  }
  return found;
}

/** Names a value that can't be what its column is declared to be; nothing when all can. */
async function unfitting(
  engine: Engine,
  { table }: Transformed,
  projection: Projection,
): Promise<string | undefined> {
  for (const { name, type } of projection.parsed) {
    const to = type === 'TIMESTAMP' ? 'TIMESTAMPTZ' : type;
    const found = await engine.query(
      `SELECT CAST(${identifier(name)} AS VARCHAR) AS value, count(*) FROM ${identifier(table)} WHERE ${identifier(name)} IS NOT NULL AND TRY_CAST(${identifier(name)} AS ${to}) IS NULL GROUP BY ALL ORDER BY ALL LIMIT 4`,
    );
    if (!found.ok || found.value.rows.length === 0) continue;
    const values = found.value.rows.slice(0, 3).map(([value]) => `"${textOf(value).slice(0, 40)}"`);
    return `${name} is to be ${type}, and the data has ${values.join(', ')}${found.value.rows.length > 3 ? ' and others' : ''}. Mend the data, or say in a transform what becomes of them, as \`try_cast(${name} as ${type}) as ${name}\`.`;
  }
  return undefined;
}

/**
 * Writes rows, sorted by keys, timestamps and everything else: the same rows give the same bytes, however many threads
 * have written them.
 * @param rows SQL of the rows
 */
export async function writeParquet(
  engine: Engine,
  rows: string,
  file: string,
  options: QueryOptions = {},
): Promise<EngineResult<null>> {
  const written = await engine.query(
    `COPY (SELECT * FROM (${rows}) ORDER BY ALL) TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
    [],
    options,
  );
  return written.ok ? { ok: true, value: null } : written;
}

/** Why rows could not be computed, in words about the data where that can be told. */
export async function explainFailure(
  engine: Engine,
  transformed: Transformed,
  projection: Projection,
  error: EngineError,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
): Promise<EngineError> {
  if (error.kind !== 'sql') return error;
  const time = await badTime(error.message, view, files);
  if (time !== undefined) return { ...error, message: time };
  const told = error.message.includes('CSV Error on Line')
    ? undefined
    : await unfitting(engine, transformed, projection);
  return { ...error, message: told ?? sourceMessage(error.message, files) };
}

export interface Facts {
  readonly rows: number;
  readonly range?: { readonly from: string; readonly to: string };
}

/** Makes `name` a table over a Parquet file and says what is in it; rows without a key or a timestamp are an error. */
export async function facts(
  engine: Engine,
  view: ResolvedView,
  name: string,
  file: string,
): Promise<EngineResult<Facts>> {
  const made = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(name)} AS SELECT * FROM read_parquet(${literal(file)})`,
  );
  if (!made.ok) return made;
  const needed = [...view.keys.map((key) => key.name), view.timestamp];
  const at = identifier(view.timestamp);
  const found = await engine.query(
    `SELECT count(*), min(${at}), max(${at}), ${needed.map((column) => `count(*) - count(${identifier(column)})`).join(', ')} FROM ${identifier(name)}`,
  );
  if (!found.ok) return found;
  const [count, from, to, ...missing] = found.value.rows[0] ?? [];
  const without = needed.filter((_, index) => missing[index] !== 0);
  if (without.length > 0) {
    const [first] = without;
    const message = `${textOf(missing[needed.indexOf(first ?? '')])} of ${textOf(count)} rows have no ${first ?? ''}, and nothing can be told about when, or about whom, they are. Leave them out in a transform: \`select * from source where ${without.map((column) => `${column} is not null`).join(' and ')}\`.`;
    return { ok: false, error: { kind: 'sql', message } };
  }
  if (view.format !== 'parquet' && typeof from === 'string' && /^0\d{3}-/.test(from))
    return { ok: false, error: { kind: 'sql', message: ancient(view.path, view.timestamp) } };
  const range = typeof from === 'string' && typeof to === 'string' ? { range: { from, to } } : {};
  return { ok: true, value: { rows: Number(count), ...range } };
}
