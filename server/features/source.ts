/** The source of a view as a table of the engine. */
import path from 'node:path';
import { didYouMean } from '../model/names.js';
import { similar } from '../model/similar.js';
import { csvHead, csvProblem } from './csv.js';
import type { Engine } from './engine/engine.js';
import type { Column, EngineError, EngineResult } from './engine/messages.js';
import { identifier, literal, literals, textOf } from './sql.js';
import type { ResolvedView } from './view.js';

export interface SourceTable {
  /** As the view names them, that is after `field-mapping`. */
  readonly columns: readonly Column[];
  /** As the data names them. */
  readonly raw: readonly Column[];
}

interface Failure {
  readonly ok: false;
  readonly error: EngineError;
}

function failure(message: string): Failure {
  return { ok: false, error: { kind: 'sql', message } };
}

/**
 * Makes the temporary view `name` over files of the source.
 * @param files absolute, with the words that messages have for them
 * @param types of columns, by their names in the data, that are not to be found out
 */
export async function openSource(
  engine: Engine,
  name: string,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
  types: ReadonlyMap<string, string> = declaredTypes(view),
): Promise<EngineResult<SourceTable>> {
  const reading = reader(view, files);
  if (!reading.ok) return reading;
  const raw = `${name}_raw`;
  const explain = (error: EngineError): Promise<Failure> => explained(error, view, files, reading.delimiter);
  const found = await engine.query(`SELECT column_name FROM (DESCRIBE ${reading.sql(new Map(), false)})`);
  if (!found.ok) return explain(found.error);
  const names = found.value.rows.map(([column]) => textOf(column));
  const known = new Map([...types].filter(([column]) => names.includes(column)));
  const made = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(raw)} AS ${reading.sql(known, true)}`,
  );
  if (!made.ok) return explain(made.error);
  const described = await describe(engine, raw);
  if (!described.ok) return explain(described.error);
  // What was found out by reading everything is told the reader from now on, so that it is not found out again.
  // In JSON, DuckDB takes `…T01:30:00+02:00` for a moment without an offset: read as one with an offset, it is right.
  const moments = view.format === 'jsonl' ? described.value.filter(({ type }) => type === 'TIMESTAMP') : [];
  const fixed = new Map(described.value.map((column) => [column.name, column.type]));
  for (const { name: column } of moments) fixed.set(column, 'TIMESTAMP WITH TIME ZONE');
  const again = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(raw)} AS ${reading.sql(fixed, false)}`,
  );
  if (!again.ok) return explain(again.error);
  if (view.format === 'csv') {
    const all = new Map(names.map((column) => [column, 'VARCHAR']));
    const text = await engine.query(
      `CREATE OR REPLACE TEMP VIEW ${identifier(`${raw}_text`)} AS ${reading.sql(all, false)}`,
    );
    if (!text.ok) return explain(text.error);
  }
  const mapped = renamed(view, names, moments);
  if (!mapped.ok) return mapped;
  const result = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(name)} AS SELECT ${mapped.value} FROM ${identifier(raw)}`,
  );
  if (!result.ok) return result;
  const columns = await describe(engine, name);
  return columns.ok ? { ok: true, value: { columns: columns.value, raw: described.value } } : columns;
}

export async function describe(engine: Engine, table: string): Promise<EngineResult<Column[]>> {
  const found = await engine.query(`SELECT column_name, column_type FROM (DESCRIBE ${identifier(table)})`);
  if (!found.ok) return found;
  return {
    ok: true,
    value: found.value.rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) })),
  };
}

interface Reading {
  readonly ok: true;
  readonly delimiter: string;
  /** @param thorough whether types are found out from all rows, and not only from the first ones */
  readonly sql: (types: ReadonlyMap<string, string>, thorough: boolean) => string;
}

function reader(view: ResolvedView, files: readonly { file: string; shown: string }[]): Reading | Failure {
  const list = literals(files.map(({ file }) => file));
  if (view.format === 'parquet') {
    return {
      ok: true,
      delimiter: '',
      sql: () => `SELECT * FROM read_parquet(${list}, union_by_name = true)`,
    };
  }
  if (view.format === 'jsonl') {
    const sql: Reading['sql'] = (types, thorough) => {
      const columns = types.size > 0 && !thorough ? `, columns = ${structOf(types)}` : '';
      return `SELECT * FROM read_json(${list}, format = 'newline_delimited', sample_size = ${thorough ? -1 : 20_480}, union_by_name = true, maximum_object_size = 67108864${columns})`;
    };
    return { ok: true, delimiter: '', sql };
  }
  const delimiters = new Map<string, string>();
  for (const { file, shown } of files) {
    const head = csvHead(file, shown);
    if (!head.ok) return failure(head.message);
    if (!delimiters.has(head.delimiter)) delimiters.set(head.delimiter, shown);
  }
  const [first, second] = [...delimiters];
  if (first === undefined) return failure('The source has no files.');
  if (second !== undefined)
    return failure(
      `The files of one source are written alike, and ${first[1]} separates by "${first[0]}" where ${second[1]} has "${second[0]}".`,
    );
  const sql: Reading['sql'] = (types, thorough) => {
    const known = types.size > 0 ? `, types = ${structOf(types)}` : '';
    return `SELECT * FROM read_csv(${list}, delim = ${literal(first[0])}, quote = '"', escape = '"', comment = '', header = true, skip = 0, sample_size = ${thorough ? -1 : 20_480}, union_by_name = true${known})`;
  };
  return { ok: true, delimiter: first[0], sql };
}

function structOf(types: ReadonlyMap<string, string>): string {
  return `{${[...types].map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(', ')}}`;
}

/**
 * Types that a CSV's columns are read as, whatever they look like: a key such as `00123` that is declared a string keeps
 * its zeros, and a number that is none is reported with its line. With transforms only keys are known: a feature is what
 * the transform makes of a column, not what the column is.
 */
function declaredTypes(view: ResolvedView): ReadonlyMap<string, string> {
  if (view.format !== 'csv') return new Map();
  const written = new Map(view.view.source?.fieldMapping.map(({ from, to }) => [to.value, from.value]));
  const types = new Map<string, string>();
  for (const key of view.keys)
    if (key.type === 'string') types.set(written.get(key.name) ?? key.name, 'VARCHAR');
  if (view.view.transforms.length > 0) return types;
  const kept: Readonly<Record<string, string>> = { string: 'VARCHAR', double: 'DOUBLE', float: 'FLOAT' };
  for (const { name, type } of view.view.features) {
    const wanted = type === undefined ? undefined : kept[type.value];
    if (wanted !== undefined) types.set(written.get(name) ?? name, wanted);
  }
  return types;
}

/** The raw columns under the names of the view; moments with an offset become TIMESTAMP in UTC. */
function renamed(
  view: ResolvedView,
  names: readonly string[],
  moments: readonly Column[],
): EngineResult<string> {
  const mapping = view.view.source?.fieldMapping ?? [];
  for (const { from, to } of mapping) {
    if (!names.includes(from.value)) {
      const hint = didYouMean(similar(from.value, names));
      return failure(`field-mapping: ${view.path} has no column "${from.value}".${hint}`);
    }
    if (names.includes(to.value) && !mapping.some((other) => other.from.value === to.value))
      return failure(
        `field-mapping: ${view.path} has a column "${to.value}" already, so "${from.value}" can't get that name.`,
      );
  }
  const newNames = new Map(mapping.map(({ from, to }) => [from.value, to.value]));
  const utc = new Set(moments.map(({ name }) => name));
  const selected = names.map((name) => {
    const column = utc.has(name) ? `timezone('UTC', ${identifier(name)})` : identifier(name);
    return `${column} AS ${identifier(newNames.get(name) ?? name)}`;
  });
  return { ok: true, value: selected.join(', ') };
}

/** DuckDB's report of a broken file as one sentence with the file and the line. */
async function explained(
  error: EngineError,
  view: ResolvedView,
  files: readonly { file: string; shown: string }[],
  delimiter: string,
): Promise<Failure> {
  if (error.kind !== 'sql') return { ok: false, error };
  if (
    view.format === 'csv' &&
    (/sniffing|dialect/.test(error.message) || !/on Line: \d/.test(error.message))
  ) {
    for (const { file, shown } of files) {
      const problem = await csvProblem(file, shown, delimiter);
      if (problem !== undefined) return failure(problem);
    }
  }
  return failure(sourceMessage(error.message, files));
}

/** @param files whose paths are written as the definition has them */
export function sourceMessage(message: string, files: readonly { file: string; shown: string }[]): string {
  let text = message;
  for (const { file, shown } of files) text = text.replaceAll(file, shown);
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line !== undefined) {
    const file = /\n\s*file = (.*)/.exec(text)?.[1] ?? files[0]?.shown ?? '';
    const what = text
      .split('\n')
      .filter(
        (one) =>
          one !== '' &&
          !/^(CSV Error|Original Line|Possible|Column .* is being|This type was|\* |\s)/.test(one),
      );
    return `${path.normalize(file)}, line ${line}: ${what.join(' ') || 'it can’t be read'}`;
  }
  return text.split('\n\n')[0]?.trim() ?? text;
}
