/** How a data file is written, where that is not told by its extension and its first line: keys of a `source` and of `labels`. */
import type { Located } from './pieces.js';
import { timestampFormatProblem } from './text/timestamps.js';

export type TableFormat = 'csv' | 'parquet' | 'jsonl';

export const ENCODINGS = ['utf-8', 'utf-16', 'latin-1'] as const;

export interface TableOptions {
  /** Between fields, one character. Default: told by the first line. */
  readonly delimiter?: Located<string>;
  /** Around fields; empty: nothing is. Default `"`. */
  readonly quote?: Located<string>;
  /** Whether the first line names the columns, or their names, when it doesn't. Default true. */
  readonly header?: Located<boolean | readonly string[]>;
  /** Words that stand for no value; nothing at all does always. */
  readonly nullValues?: Located<readonly string[]>;
  readonly decimal?: Located<',' | '.'>;
  readonly encoding?: Located<(typeof ENCODINGS)[number]>;
  /** Column of the data → a type of features. */
  readonly types?: Located<ReadonlyMap<string, string>>;
  /** As `strptime` has it: `%d.%m.%Y`. Of the columns of times, and of those of `types` that are dates or timestamps. */
  readonly timestampFormat?: Located<string>;
}

const CSV_ONLY = ['delimiter', 'quote', 'header', 'nullValues', 'decimal', 'encoding'] as const;

/** What the keys are called in files. */
export const TABLE_KEYS: Readonly<Record<keyof TableOptions, string>> = {
  delimiter: 'delimiter',
  quote: 'quote',
  header: 'header',
  nullValues: 'null-values',
  decimal: 'decimal',
  encoding: 'encoding',
  types: 'types',
  timestampFormat: 'timestamp-format',
};

/** As plain data: what decides how the data is read. `undefined` where nothing is said. */
export function plainTableOptions(options: TableOptions): Record<string, unknown> | undefined {
  const entries = Object.entries(options).map(([key, one]: [string, Located<unknown>]) => [
    key,
    one.value instanceof Map ? Object.fromEntries(one.value as Map<string, string>) : one.value,
  ]);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Record<string, unknown>);
}

export interface TableProblem {
  readonly span: Located<unknown>['span'];
  /** A sentence that begins with the key. */
  readonly message: string;
}

/** What can't be meant so, or would do nothing in a file of the format. */
export function tableProblems(options: TableOptions, format: TableFormat | undefined): TableProblem[] {
  const problems: TableProblem[] = [];
  const add = (key: keyof TableOptions, why: string): void => {
    const span = options[key]?.span;
    if (span !== undefined) problems.push({ span, message: `\`${TABLE_KEYS[key]}\`: ${why}` });
  };
  if (format !== undefined && format !== 'csv') {
    const name = format === 'parquet' ? 'Parquet' : 'JSON lines';
    for (const key of CSV_ONLY) {
      if (options[key] !== undefined) add(key, `it is about CSV files, and these are ${name}. Remove it.`);
    }
    if (format === 'parquet' && options.types !== undefined)
      add('types', 'columns of Parquet files have types already. Cast them in a `transform`.');
  }
  const { delimiter, quote, decimal, timestampFormat, header } = options;
  const separator = delimiterOf(options);
  if (delimiter !== undefined && (separator?.length !== 1 || /["\r\n]/.test(separator)))
    add('delimiter', `it is one character, such as ";" or "\\t", and not "${delimiter.value}".`);
  if (quote !== undefined && (quote.value.length > 1 || /[\r\n]/.test(quote.value)))
    add('quote', `it is one character, or "" where fields are in no quotes, and not "${quote.value}".`);
  else if (quote !== undefined && quote.value !== '' && quote.value === separator)
    add('quote', 'it is the delimiter already.');
  if (decimal?.value === ',' && separator === ',')
    add('decimal', 'the comma is the delimiter already. Say which one it is with `delimiter`.');
  const names = header?.value;
  if (typeof names === 'object') {
    const twice = names.find((name, at) => names.some((other, index) => index < at && same(name, other)));
    if (twice !== undefined) add('header', `it names the column "${twice}" twice.`);
  }
  const wrong = timestampFormat === undefined ? undefined : timestampFormatProblem(timestampFormat.value);
  if (wrong !== undefined)
    add('timestampFormat', `${wrong} Write it as for strptime, such as "%d.%m.%Y %H:%M:%S".`);
  return problems;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The delimiter itself: `tab` and `\t` are words for one that can't be seen. */
export function delimiterOf({ delimiter }: TableOptions): string | undefined {
  const text = delimiter?.value;
  return text === 'tab' || text === '\\t' ? '\t' : text;
}

/** By its extension; nothing for what is no table. */
export function tableFormatOf(path: string): TableFormat | undefined {
  const extension = /\.([A-Za-z0-9]+)(?:\.(?:gz|zst))?$/.exec(path)?.[1]?.toLowerCase() ?? '';
  if (['csv', 'tsv', 'tab', 'txt'].includes(extension)) return 'csv';
  if (['parquet', 'pq'].includes(extension)) return 'parquet';
  return ['jsonl', 'ndjson', 'json'].includes(extension) ? 'jsonl' : undefined;
}
