/** How the files of a table are read: one way for sources, labels, checks and baselines, whatever their format is. */
import { plural } from '../../base/format.js';
import { delimiterOf } from '../../definition/table-options.js';
import { csvHead, sameNames } from './csv.js';
import type { Engine } from '../engine/engine.js';
import { literal, literals } from '../sql.js';
import { type ResolvedView, optionsOf } from '../views/view.js';

export type Reading =
  | {
      readonly ok: true;
      /** Of CSV files. */
      readonly delimiter: string;
      /** @param thorough whether types are found out from all rows, and not only from the first ones */
      readonly sql: (types: ReadonlyMap<string, string>, thorough: boolean) => string;
    }
  | { readonly ok: false; readonly message: string };

export async function readerOf(
  engine: Engine,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
): Promise<Reading> {
  const list = literals(files.map(({ file }) => file));
  if (view.format === 'parquet') {
    const sql = `SELECT * FROM read_parquet(${list}, union_by_name = true)`;
    return { ok: true, delimiter: '', sql: () => sql };
  }
  if (view.format === 'jsonl') {
    const format = files.some(({ file }) => jsonFormat(file) === 'auto') ? 'auto' : 'newline_delimited';
    return {
      ok: true,
      delimiter: '',
      sql: (types, thorough) => {
        const columns = types.size > 0 && !thorough ? `, columns = ${structOf(types)}` : '';
        return `SELECT * FROM read_json(${list}, format = '${format}', sample_size = ${thorough ? -1 : 20_480}, union_by_name = true, maximum_object_size = 67108864${columns})`;
      },
    };
  }
  return csvReader(engine, view, files, list);
}

/** Records one a line; in what is called `.json`, a list of them, too. */
export function jsonFormat(file: string): 'auto' | 'newline_delimited' {
  return /\.json(?:\.\w+)?$/i.test(file) ? 'auto' : 'newline_delimited';
}

async function csvReader(
  engine: Engine,
  view: ResolvedView,
  files: readonly { readonly file: string; readonly shown: string }[],
  list: string,
): Promise<Reading> {
  const options = optionsOf(view);
  const header = options.header?.value ?? true;
  const delimiters = new Map<string, string>();
  const blanks = new Map<number, string>();
  for (const { file, shown } of files) {
    const head = await csvHead(file, shown, options, engine);
    if (!head.ok) return head;
    const twice = header === true ? sameNames(head.fields, shown, ', line 1') : undefined;
    if (twice !== undefined) return { ok: false, message: twice };
    if (!blanks.has(head.blank)) blanks.set(head.blank, shown);
    if (!delimiters.has(head.delimiter)) delimiters.set(head.delimiter, shown);
  }
  const [first, second] = [...delimiters];
  if (first === undefined) return { ok: false, message: 'The source has no files.' };
  if (second !== undefined)
    return {
      ok: false,
      message: `The files of one source are written alike, and ${first[1]} separates by "${first[0]}" where ${second[1]} has "${second[0]}".`,
    };
  const [[blank = 0, one] = [], other] = blanks;
  if (other !== undefined)
    return {
      ok: false,
      message: `The files of one source are written alike, and ${one ?? ''} begins with ${plural(blank, 'blank line')} where ${other[1]} has ${other[0]}.`,
    };
  const quote = literal(options.quote?.value ?? '"');
  const settings = [
    `delim = ${literal(delimiterOf(options) ?? first[0])}`,
    `quote = ${quote}`,
    `escape = ${quote}`,
    "comment = ''",
    `header = ${header === true ? 'true' : 'false'}`,
    `skip = ${blank}`,
    'union_by_name = true',
    // No other date is taken for one: day and month are not guessed.
    "dateformat = '%Y-%m-%d'",
    ...(typeof header === 'object' ? [`names = ${literals(header)}`] : []),
    ...(options.nullValues === undefined ? [] : [`nullstr = ${literals(['', ...options.nullValues.value])}`]),
    ...(options.decimal === undefined ? [] : [`decimal_separator = ${literal(options.decimal.value)}`]),
    ...(options.encoding === undefined ? [] : [`encoding = ${literal(options.encoding.value)}`]),
  ].join(', ');
  return {
    ok: true,
    delimiter: first[0],
    sql: (types, thorough) => {
      const known = types.size > 0 ? `, types = ${structOf(types)}` : '';
      return `SELECT * FROM read_csv(${list}, ${settings}, sample_size = ${thorough ? -1 : 20_480}${known})`;
    },
  };
}

function structOf(types: ReadonlyMap<string, string>): string {
  return `{${[...types].map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(', ')}}`;
}
