/** Expectations over a data file, read as a stream: CSV, TSV, a JSON list of records, or JSON lines. */
import { display, jsonText, parseLooseJson } from '../../../base/json.js';
import { compareNumbers, isNumber, isWhole, numberKey, numeral } from '../../../base/numeral.js';
import type { Numeral } from '../../../base/numeral.js';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { csvHead, csvRows, sameNames } from '../../../features/sources/csv.js';
import type { CheckData, ColumnExpectation, Json } from '../../../definition/definition.js';
import { compilePattern } from '../../../definition/text/pattern.js';
import { type TableOptions, tableFormatOf } from '../../../definition/table-options.js';
import { isComposite } from '../../../definition/expressions/values.js';

export interface DataOutcome {
  readonly text: string;
  readonly passed: boolean;
  readonly detail?: string;
}

/** Rows named in the detail of an expectation that failed. */
const SHOWN_ROWS = 5;

type Row = ReadonlyMap<string, Json>;

/** A reader gives the columns once they are known, then rows; for JSON the columns are those of all records. */
interface Reader {
  readonly columns: (names: readonly string[]) => void;
  readonly row: (row: Row, number: number) => void;
}

/**
 * Checks one file.
 * @param file absolute
 * @param shown the path as the definition has it, for messages
 * @throws when the file can't be read as what its extension says
 */
export async function checkData(
  file: string,
  shown: string,
  check: CheckData,
  signal: AbortSignal,
): Promise<DataOutcome[]> {
  const columns = check.columns.map((column) => new ColumnCheck(column.name, column.expect));
  const present = new Set<string>();
  let rows = 0;
  await read(
    { file, shown, options: check.options },
    {
      columns: (names) => names.forEach((name) => present.add(name)),
      row: (row, number) => {
        rows++;
        if (rows % 4_096 === 0) signal.throwIfAborted();
        for (const column of columns) column.row(row, number);
      },
    },
    signal,
  );
  return [
    ...rowCountOutcome(shown, check, rows),
    ...columnsOutcome(shown, check, present),
    ...columns.flatMap((column) => column.outcomes(shown, present)),
  ];
}

function rowCountOutcome(shown: string, check: CheckData, rows: number): DataOutcome[] {
  if (check.rowCount === undefined) return [];
  const { min, max } = check.rowCount;
  const bounds = [min === undefined ? '' : `at least ${min}`, max === undefined ? '' : `at most ${max}`];
  const text = `${shown}: ${bounds.filter((bound) => bound !== '').join(' and ')} rows`;
  const passed = rows >= (min ?? 0) && rows <= (max ?? Number.POSITIVE_INFINITY);
  return [{ text, passed, ...(passed ? {} : { detail: `it has ${rows}` }) }];
}

function columnsOutcome(shown: string, check: CheckData, present: ReadonlySet<string>): DataOutcome[] {
  if (check.exactColumns === undefined) return [];
  const wanted = new Set(check.exactColumns);
  const missing = [...wanted].filter((name) => !present.has(name));
  const extra = [...present].filter((name) => !wanted.has(name));
  const detail = [
    missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
    extra.length > 0 ? `not expected: ${extra.join(', ')}` : '',
  ].filter((part) => part !== '');
  const passed = detail.length === 0;
  const text = `${shown}: exactly the columns ${check.exactColumns.join(', ')}`;
  return [{ text, passed, ...(passed ? {} : { detail: detail.join('; ') }) }];
}

/** One expectation of a column: a word for it and whether a value meets it. */
interface Test {
  readonly word: string;
  readonly holds: (value: Json) => boolean;
  failures: number;
  readonly examples: string[];
}

class ColumnCheck {
  readonly #name: string;
  readonly #tests: Test[];

  constructor(name: string, expect: ColumnExpectation) {
    this.#name = name;
    this.#tests = testsFor(expect).map((test) => ({ ...test, failures: 0, examples: [] }));
  }

  row(row: Row, number: number): void {
    const value = row.get(this.#name) ?? null;
    for (const test of this.#tests) {
      if (test.holds(value)) continue;
      test.failures++;
      if (test.examples.length < SHOWN_ROWS) test.examples.push(`row ${number} (${show(value)})`);
    }
  }

  outcomes(shown: string, present: ReadonlySet<string>): DataOutcome[] {
    const subject = `${shown}: ${this.#name}`;
    if (!present.has(this.#name)) {
      const columns = [...present].slice(0, 20).join(', ') || 'none';
      return [{ text: subject, passed: false, detail: `there is no such column; there are: ${columns}` }];
    }
    return this.#tests.map((test) => {
      const text = `${subject} ${test.word}`;
      if (test.failures === 0) return { text, passed: true };
      const more = test.failures > test.examples.length ? ' …' : '';
      return { text, passed: false, detail: `${test.failures} failed: ${test.examples.join(', ')}${more}` };
    });
  }
}

/** What stands for no value where people and programs write tables: words such as NA. In a column of texts they are texts. */
const WORDS = /^(?:n\/?a|null|none|<na>|#n\/a)$/i;
const NOT_FINITE = /^[-+]?(?:nan|inf(?:inity)?)$/i;

/** A cell without a value, blanks and `null` are the same. Only `not-null` minds them. */
function isNothing(value: Json, words = true): boolean {
  if (value === null) return true;
  if (typeof value !== 'string') return false;
  const text = value.trim();
  return text === '' || (words && WORDS.test(text));
}

function testsFor(expect: ColumnExpectation): { word: string; holds: (value: Json) => boolean }[] {
  const tests: { word: string; holds: (value: Json) => boolean }[] = [];
  const add = (word: string, holds: (value: Json) => boolean): void => {
    tests.push({ word, holds: (value) => isNothing(value, expect.type !== 'string') || holds(value) });
  };
  const { type, min, max, oneOf, pattern } = expect;
  if (type !== undefined) {
    add(`is ${type === 'integer' ? 'an integer' : `a ${type}`}`, (value) => hasType(value, type));
  }
  if (expect.notNull === true) {
    // NaN is no value, as for the features of a view; and no bound holds for it.
    const finite = (value: Json): boolean =>
      type === 'string' || typeof value !== 'string' || !NOT_FINITE.test(value.trim());
    tests.push({
      word: 'has a value',
      holds: (value) => !isNothing(value, type !== 'string') && finite(value),
    });
  }
  if (expect.unique === true) {
    const seen = new Set<string>();
    add('is unique', (value) => {
      const key = isNumber(value) ? numberKey(value) : display(value);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  }
  if (min !== undefined) {
    add(`is at least ${String(min)}`, (value) => compareNumbers(number(value), min) >= 0);
  }
  if (max !== undefined) {
    add(`is at most ${String(max)}`, (value) => compareNumbers(number(value), max) <= 0);
  }
  if (oneOf !== undefined) {
    const texts = new Set(oneOf.map(display));
    const numbers = new Set(oneOf.filter(isNumber).map(numberKey));
    add(
      `is one of ${oneOf.map(display).join(', ')}`,
      (value) => texts.has(display(value)) || numbers.has(numberKey(number(value))),
    );
  }
  if (pattern !== undefined) {
    const compiled = compilePattern(pattern);
    if (!compiled.ok) throw new Error(compiled.message);
    add(`matches ${pattern}`, (value) => compiled.test(display(value)));
  }
  return tests;
}

function hasType(value: Json, type: NonNullable<ColumnExpectation['type']>): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return isWhole(number(value));
    case 'number':
      return !Number.isNaN(number(value));
    case 'boolean':
      return typeof value === 'boolean' || /^(true|false)$/i.test(display(value));
    case 'date':
      return isDate(display(value));
  }
}

/** ISO 8601, a day or a moment; a day that the calendar doesn't have is none. */
function isDate(text: string): boolean {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** A number as data has it: 0x10 is a text. */
const DECIMAL = /^\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

/** Exact: ids beyond 2^53 are told apart. */
function number(value: Json): number | Numeral {
  if (isNumber(value)) return value;
  if (typeof value !== 'string' || !DECIMAL.test(value)) return Number.NaN;
  return numeral(value.trim()) ?? Number(value);
}

function show(value: Json): string {
  if (isNothing(value)) return 'no value';
  const text = display(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** A file of data, and how it is written. */
interface DataFile {
  /** Absolute. */
  readonly file: string;
  /** As messages name it. */
  readonly shown: string;
  readonly options: TableOptions;
}

async function read(data: DataFile, reader: Reader, signal: AbortSignal): Promise<void> {
  const { file, options } = data;
  const packed = /\.gz$/i.test(file);
  const format = tableFormatOf(file);
  // Types and times are the engine's to read.
  const typed = options.types !== undefined || options.timestampFormat !== undefined;
  if (typed || format === 'parquet' || /\.zst$/i.test(file)) return readTable(data, reader, signal);
  if (format === 'csv') return readCsv(data, reader, signal);
  if (/\.json$/i.test(file)) return readJson(file, reader, signal);
  if (format === 'jsonl' && !/\.json\.gz$/i.test(file)) return readLines(file, packed, reader, signal);
  const extension = /\.([A-Za-z0-9]+)$/.exec(file)?.[1] ?? '';
  throw new Error(
    `can't tell what kind of data ".${extension}" is: a check reads .csv, .tsv, .json, .jsonl, .ndjson and .parquet`,
  );
}

/** As a source of features is read. Rows are counted from 1, the header left out. */
async function readCsv(
  { file, shown, options }: DataFile,
  reader: Reader,
  signal: AbortSignal,
): Promise<void> {
  const head = await csvHead(file, shown, options);
  if (!head.ok) throw new Error(head.message);
  const header = options.header?.value ?? true;
  const named = header === false ? head.fields.map((_, at) => `column${at}`) : header;
  const twice = sameNames(named === true ? head.fields : named, shown, ', line 1');
  if (twice !== undefined) throw new Error(twice);
  let names = named === true ? undefined : named;
  if (names !== undefined) reader.columns(names);
  const nothing = new Set(options.nullValues?.value ?? []);
  const valueOf = (field: string | undefined): Json => {
    if (field === undefined || nothing.has(field)) return null;
    return options.decimal?.value === ',' && DECIMAL_COMMA.test(field) ? field.replace(',', '.') : field;
  };
  let number = 0;
  for await (const { fields, line } of csvRows(file, head.delimiter, options, signal)) {
    if (names === undefined) {
      names = fields;
      reader.columns(names);
      continue;
    }
    if (fields.length !== names.length)
      throw new Error(`line ${line}: ${fields.length} fields, and the header has ${names.length}`);
    number++;
    const row = new Map<string, Json>();
    for (const [index, name] of names.entries()) row.set(name, valueOf(fields[index]));
    reader.row(row, number);
  }
}

/** A number whose fraction follows a comma. */
const DECIMAL_COMMA = /^\s*[-+]?\d*,\d+(?:[eE][-+]?\d+)?\s*$/;

const PAGE = 20_000;

/** What only the engine of the feature store reads: Parquet, what zstd has packed, and types that are declared. */
async function readTable(
  { file, shown, options }: DataFile,
  reader: Reader,
  signal: AbortSignal,
): Promise<void> {
  const { openEngine } = await import('../../../features/engine/engine.js');
  const { readLabels } = await import('../../../features/training/read-labels.js');
  const temp = mkdtempSync(path.join(os.tmpdir(), 'modelyard-check-'));
  const opened = await openEngine({ readable: [file], tempFolder: temp, signal });
  try {
    if (!opened.ok) throw new Error(opened.error.message);
    const engine = opened.value;
    const relative = path.basename(file);
    const read = await readLabels(engine, {
      root: path.dirname(file),
      labels: relative,
      reading: { options, transforms: [] },
    });
    if (!read.ok) throw new Error(read.message.replaceAll(relative, shown));
    const { columns, relation } = read.value;
    reader.columns(columns.map(({ name }) => name));
    const made = await engine.query(`CREATE TEMP TABLE checked AS SELECT * FROM ${relation}`);
    if (!made.ok) throw new Error(made.error.message);
    for (let from = 0; ; from += PAGE) {
      const page = await engine.query(
        `SELECT * FROM checked WHERE rowid >= ${from} AND rowid < ${from + PAGE} ORDER BY rowid`,
        [],
        { maxRows: PAGE },
      );
      if (!page.ok) throw new Error(page.error.message);
      for (const [at, row] of page.value.rows.entries()) {
        reader.row(new Map(columns.map(({ name }, index) => [name, row[index] ?? null])), from + at + 1);
      }
      if (page.value.rows.length < PAGE) return;
    }
  } finally {
    if (opened.ok) opened.value.close();
    rmSync(temp, { recursive: true, force: true });
  }
}

async function readLines(file: string, packed: boolean, reader: Reader, signal: AbortSignal): Promise<void> {
  const bytes = createReadStream(file, { signal });
  const input = packed ? bytes.pipe(createGunzip()) : bytes;
  const lines = createInterface({ input, crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    number++;
    readRecord(parseLooseJson(line), number, reader);
  }
}

async function readJson(file: string, reader: Reader, signal: AbortSignal): Promise<void> {
  const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  // JSON lines, as the feature store reads them under this name, too.
  if (/^\s*\{[^\n]*\}[ \t\r]*\n\s*\{/.test(text)) return readLines(file, false, reader, signal);
  const json = parseLooseJson(text);
  if (!Array.isArray(json)) throw new Error('expected a list of records, as [{"a": 1}, {"a": 2}]');
  json.forEach((record: Json, index) => readRecord(record, index + 1, reader));
}

function readRecord(record: Json, number: number, reader: Reader): void {
  if (!isComposite(record) || Array.isArray(record)) {
    throw new Error(`record ${number} is no map of columns: ${jsonText(record).slice(0, 60)}`);
  }
  const row = new Map(Object.entries(record as Readonly<Record<string, Json>>));
  reader.columns([...row.keys()]);
  reader.row(row, number);
}
