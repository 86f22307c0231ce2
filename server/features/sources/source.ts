/** The source of a view as a table of the engine. */
import path from 'node:path';
import { didYouMean } from '../../definition/names/names.js';
import { similar } from '../../definition/names/similar.js';
import { type TableOptions, tableProblems } from '../../definition/table-options.js';
import { ISO_TIME, digitsAdvice } from '../../definition/text/timestamps.js';
import { csvHead, csvProblem, lineOf, sameNames } from './csv.js';
import type { Engine } from '../engine/engine.js';
import type { Column, EngineError, EngineResult } from '../engine/messages.js';
import { jsonLinesProblem } from './json-lines.js';
import { packedProblem } from './packed.js';
import { jsonFormat, readerOf } from './reading.js';
import { identifier, literal, textOf } from '../sql.js';
import { BAD_TIME, DECLARED, readTime } from './types.js';
import { wideWholeNumbers } from './whole-numbers.js';
import { type ResolvedView, optionsOf } from '../views/view.js';

export interface SourceTable {
  /** As the view names them, that is after `field-mapping`. */
  readonly columns: readonly Column[];
  /** As the data names them. */
  readonly raw: readonly Column[];
}

/** Rows of a file whose times are looked at as texts. */
const LOOKED_AT = 2_000;

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
  // While the engine reads.
  const packed = packedProblem(files);
  const opened = await openTable(engine, name, view, files, types);
  if (!opened.ok && opened.error.kind !== 'sql') return opened;
  const problem = await packed;
  return problem === undefined ? opened : failure(problem);
}

async function openTable(
  engine: Engine,
  name: string,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
  types: ReadonlyMap<string, string>,
): Promise<EngineResult<SourceTable>> {
  const options = optionsOf(view);
  const [problem] = tableProblems(options, view.format);
  if (problem !== undefined) return failure(problem.message);
  const reading = await readerOf(engine, view, files);
  if (!reading.ok) return failure(reading.message);
  const raw = `${name}_raw`;
  const explain = (error: EngineError): Promise<Failure> => explained(error, view, files, reading.delimiter);
  const found = await engine.query(`SELECT column_name FROM (DESCRIBE ${reading.sql(new Map(), false)})`);
  if (!found.ok) return explain(found.error);
  const names = found.value.rows.map(([column]) => textOf(column));
  if (view.format === 'jsonl' && names.length === 1 && names[0] === 'json') {
    const problem = await brokenLine(view, files);
    if (problem !== undefined) return failure(problem);
  }
  const twice = await renamedByEngine(engine, view, files, names);
  if (twice !== undefined) return failure(twice);
  const times = timeColumns(view, names);
  if (!times.ok) return failure(times.message);
  const format = options.timestampFormat?.value;
  const texts =
    format === undefined ? [] : times.columns.map((column): [string, string] => [column, 'VARCHAR']);
  const wanted = new Map([...types, ...optionTypes(options), ...texts]);
  const known = new Map([...wanted].filter(([column]) => names.includes(column)));
  const missing = [...optionTypes(options).keys()].find((column) => !names.includes(column));
  if (missing !== undefined)
    return failure(
      `\`types\`: ${view.path} has no column "${missing}".${didYouMean(similar(missing, names))}`,
    );
  const made = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(raw)} AS ${reading.sql(known, true)}`,
  );
  if (!made.ok) return explain(made.error);
  const described = await describe(engine, raw);
  if (!described.ok) return explain(described.error);
  // What was found out by reading everything is told the reader from now on, so that it is not found out again.
  // In JSON, DuckDB takes `…T01:30:00+02:00` for a moment without an offset: read as one with an offset, it is right.
  const fixed = new Map(described.value.map((column) => [column.name, column.type]));
  if (view.format === 'jsonl') for (const [column, type] of known) fixed.set(column, type);
  const guessed = await guessedColumns(engine, view, files, described.value, known);
  if (!guessed.ok) return explain(guessed.error);
  for (const column of guessed.value) fixed.set(column, 'VARCHAR');
  const moments = view.format === 'jsonl' ? [...fixed].filter(([, type]) => type === 'TIMESTAMP') : [];
  for (const [column] of moments) fixed.set(column, 'TIMESTAMP WITH TIME ZONE');
  if (view.format !== 'parquet') {
    const all = new Map(names.map((column) => [column, 'VARCHAR']));
    const text = await engine.query(
      `CREATE OR REPLACE TEMP VIEW ${identifier(`${raw}_text`)} AS ${reading.sql(all, false)}`,
    );
    if (!text.ok) return explain(text.error);
    const found = described.value.filter((column) => !known.has(column.name));
    const wide = await wideWholeNumbers(engine, `${raw}_text`, found);
    if (!wide.ok) return explain(wide.error);
    for (const [column, type] of wide.value) fixed.set(column, type);
  }
  const again = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(raw)} AS ${reading.sql(fixed, false)}`,
  );
  if (!again.ok) return explain(again.error);
  const values = new Map<string, string>(
    moments.map(([column]) => [column, `timezone('UTC', ${identifier(column)})`]),
  );
  for (const column of times.columns) {
    const type = fixed.get(column) ?? '';
    if (type === 'VARCHAR' || format !== undefined)
      values.set(column, readTime(column, type === 'VARCHAR' ? undefined : 'VARCHAR', format));
  }
  const mapped = renamed(view, names, values);
  if (!mapped.ok) return mapped;
  const result = await engine.query(
    `CREATE OR REPLACE TEMP VIEW ${identifier(name)} AS SELECT ${mapped.value} FROM ${identifier(raw)}`,
  );
  if (!result.ok) return result;
  const columns = await describe(engine, name);
  if (!columns.ok) return columns;
  const rawTypes = described.value.map((column) => ({
    ...column,
    type: fixed.get(column.name) ?? column.type,
  }));
  return { ok: true, value: { columns: columns.value, raw: rawTypes } };
}

/** Columns, as the data names them, that hold times: the timestamp, the time of loading, and what `types` says of others. */
function timeColumns(
  view: ResolvedView,
  names: readonly string[],
):
  | { readonly ok: true; readonly columns: readonly string[] }
  | { readonly ok: false; readonly message: string } {
  const options = optionsOf(view);
  const { source, transforms } = view.view;
  const format = options.timestampFormat?.value;
  const typed = [...(options.types?.value ?? [])].flatMap(([column, type]) =>
    type === 'timestamp' || type === 'date' ? [column] : [],
  );
  // A transform may make a moment of a number: then the column is what it is, unless its format is named.
  const own =
    format === undefined && transforms.length > 0 ? [] : [source?.timestamp?.value, source?.created?.value];
  const wanted = [...own, ...typed, ...(format === undefined ? [] : (view.times ?? []))];
  const written = wanted.flatMap((column) =>
    column === undefined
      ? []
      : [source?.fieldMapping.find(({ to }) => to.value === column)?.from.value ?? column],
  );
  const columns = [...new Set(written)].filter((column) => names.includes(column));
  if (format !== undefined && columns.length === 0)
    return {
      ok: false,
      message: `\`timestamp-format\`: ${view.path} has no column that it is about. Name one as \`timestamp\`, or say under \`types\` that it is a timestamp.`,
    };
  return { ok: true, columns };
}

/** DuckDB's names of the types that are said for columns; times are read as text, and then by their format. */
function optionTypes({ types }: TableOptions): Map<string, string> {
  return new Map(
    [...(types?.value ?? [])].map(([column, type]) => [
      column,
      type === 'timestamp' || type === 'date' ? 'VARCHAR' : (DECLARED[type] ?? 'VARCHAR'),
    ]),
  );
}

/**
 * Columns that the engine takes for times although not all of their texts are ISO 8601: `01-02-2024` has no month that anybody
 * has named. They are texts.
 */
async function guessedColumns(
  engine: Engine,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
  columns: readonly Column[],
  known: ReadonlyMap<string, string>,
): Promise<EngineResult<string[]>> {
  if (view.format === 'parquet') return { ok: true, value: [] };
  const moments = columns.filter(({ name, type }) => /^(DATE|TIMESTAMP)/.test(type) && !known.has(name));
  if (moments.length === 0) return { ok: true, value: [] };
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  for (const { name } of moments) types.set(name, 'VARCHAR');
  const guessed = new Set<string>();
  for (const one of files) {
    // All times of one file were read by one format, so that the first ones tell it.
    const reading = await readerOf(engine, view, [one]);
    if (!reading.ok) return failure(reading.message);
    const own = await engine.query(`SELECT column_name FROM (DESCRIBE ${reading.sql(new Map(), false)})`);
    if (!own.ok) return own;
    const there = new Set(own.value.rows.map(([name]) => textOf(name)));
    const here = moments.filter(({ name }) => there.has(name) && !guessed.has(name));
    if (here.length === 0) continue;
    const read = new Map([...types].filter(([name]) => there.has(name)));
    const iso = here.map(
      ({ name }) =>
        `bool_and(regexp_full_match(${identifier(name)}, ${literal(ISO_TIME)})) FILTER (WHERE trim(${identifier(name)}) <> '')`,
    );
    const found = await engine.query(
      `SELECT ${iso.join(', ')} FROM (SELECT * FROM (${reading.sql(read, false)}) LIMIT ${LOOKED_AT})`,
    );
    if (!found.ok) return found;
    const [row = []] = found.value.rows;
    for (const [at, { name }] of here.entries()) if (row[at] === false) guessed.add(name);
  }
  return { ok: true, value: [...guessed] };
}

/** Why two columns have one name: the engine calls the second one `rain_1`, and says nothing. */
async function renamedByEngine(
  engine: Engine,
  { format }: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
  names: readonly string[],
): Promise<string | undefined> {
  // Of CSV files the first line was looked at.
  if (format === 'csv') return undefined;
  const folded = new Set(names.map((name) => name.toLowerCase()));
  const suspects = names.filter((name) => {
    const base = /^(.*)_\d+$/s.exec(name)?.[1];
    return base !== undefined && folded.has(base.toLowerCase());
  });
  for (const { file, shown } of suspects.length === 0 ? [] : files) {
    const query =
      format === 'parquet'
        ? `SELECT name FROM parquet_schema(${literal(file)})`
        : `SELECT DISTINCT unnest(json_keys(json)) FROM read_json_objects(${literal(file)}, format = '${jsonFormat(file)}', maximum_object_size = 67108864)`;
    const found = await engine.query(query);
    const written = found.ok ? found.value.rows.map(([name]) => textOf(name)) : [];
    const bad = written.length === 0 ? undefined : sameNames(written, shown, '');
    if (bad !== undefined) return bad;
  }
  return undefined;
}

export async function describe(engine: Engine, table: string): Promise<EngineResult<Column[]>> {
  const found = await engine.query(`SELECT column_name, column_type FROM (DESCRIBE ${identifier(table)})`);
  if (!found.ok) return found;
  return {
    ok: true,
    value: found.value.rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) })),
  };
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

/** The raw columns under the names of the view. @param values SQL of those that are not taken as they are */
function renamed(
  view: ResolvedView,
  names: readonly string[],
  values: ReadonlyMap<string, string>,
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
  const selected = names.map((name) => {
    const column = values.get(name) ?? identifier(name);
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
  const time = await badTime(error.message, view, files, delimiter);
  if (time !== undefined) return failure(time);
  if (
    view.format === 'csv' &&
    (/sniffing|dialect|[Mm]ax(?:imum)?[ _]line[ _]size/.test(error.message) ||
      !/on Line: \d/.test(error.message))
  ) {
    for (const { file, shown } of files) {
      const problem = await csvProblem(file, shown, delimiter, optionsOf(view));
      if (problem !== undefined) return failure(problem);
    }
  }
  const problem = await brokenLine(view, files);
  return failure(problem ?? sourceMessage(error.message, files));
}

async function brokenLine(
  { format }: ResolvedView,
  files: readonly { file: string; shown: string }[],
): Promise<string | undefined> {
  if (format !== 'jsonl') return undefined;
  for (const { file, shown } of files) {
    const problem = jsonFormat(file) === 'auto' ? undefined : await jsonLinesProblem(file, shown);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A time that can't be read, as a sentence with file, line, value and the way out; nothing where the error is another one. */
export async function badTime(
  message: string,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
  delimiter?: string,
): Promise<string | undefined> {
  const at = message.indexOf(BAD_TIME);
  if (at === -1) return undefined;
  const [, column = '', value = ''] = /^([^:]*):([^\n]*)/.exec(message.slice(at + BAD_TIME.length)) ?? [];
  const options = optionsOf(view);
  let where = files.length === 1 ? (files[0]?.shown ?? '') : view.path;
  for (const { file, shown } of view.format === 'csv' ? files : []) {
    const head = delimiter === undefined ? await csvHead(file, shown, options) : undefined;
    const separator = delimiter ?? (head?.ok === true ? head.delimiter : ',');
    const line = await lineOf(file, separator, options, column, value);
    if (line === undefined) continue;
    where = `${shown}, line ${line}`;
    break;
  }
  const format = options.timestampFormat?.value;
  if (format !== undefined)
    return `${where}: ${column} is "${value}", and \`timestamp-format\` says "${format}". All times of a source are written alike: mend the data or the format.`;
  const advice =
    digitsAdvice(column, value) ??
    nothingAdvice(value) ??
    'Say how times are written with `timestamp-format`, such as "%m/%d/%Y" or "%d.%m.%Y %H:%M:%S".';
  return `${where}: ${column} is "${value}", and not a time as 2024-12-31 or 2024-12-31T23:59:59Z. ${advice}`;
}

/** @param files whose paths are written as the definition has them */
export function sourceMessage(message: string, files: readonly { file: string; shown: string }[]): string {
  let text = message;
  for (const { file, shown } of files) text = text.replaceAll(file, shown);
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line !== undefined) {
    const file = /\n[ \t]*file = (.*)/.exec(text)?.[1] ?? files[0]?.shown ?? '';
    const what = text
      .split('\n')
      .filter(
        (one) =>
          one !== '' &&
          !/^(CSV Error|Original Line|Possible|Column .* is being|This type was|\* |\s)/.test(one),
      );
    const from = text.indexOf('convert string "') + 'convert string "'.length;
    const cell = text.slice(from, text.indexOf('" to ', from));
    const advice = nothingAdvice(cell) ?? (/^\s*[-+]?\d+,\d+\s*$/.test(cell) ? "Say `decimal: ','`." : '');
    return `${path.normalize(file)}, line ${line}: ${what.join(' ') || 'it can’t be read'}${advice && `. ${advice}`}`;
  }
  const shown = files.length === 1 ? (files[0]?.shown ?? '') : '';
  if (text.startsWith('File is not latin-1 encoded'))
    return `${shown || 'A file of the source'} is not Latin-1: it has bytes that only Windows' code pages know. Save it as UTF-8.`;
  const first = text.split(/\n\n|\nTry setting /)[0]?.trim() ?? text;
  return shown === '' || first.includes(shown) ? first : `${shown}: ${first}`;
}

/** What to do about a word that stands for no value; nothing of others. */
function nothingAdvice(value: string): string | undefined {
  return /^\s*(?:n\/?a|#n\/a|nat|nan|null|none|nil|<na>|\\n|-+|\.|\?)\s*$/i.test(value)
    ? `Where it means that there is no value, say \`null-values: ['${value.trim()}']\`.`
    : undefined;
}
