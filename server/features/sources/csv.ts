/** What has to be known of a CSV file before DuckDB reads it, and where exactly one is broken when DuckDB can't. */
import { closeSync, createReadStream, readSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { TextDecoder } from 'node:util';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { defined } from '../../base/defined.js';
import type { TableOptions } from '../../definition/table-options.js';
import { delimiterOf } from '../../definition/table-options.js';
import { csvFields, delimiterIn } from './csv-header.js';
import type { Engine } from '../engine/engine.js';
import { literal, textOf } from '../sql.js';
import { openPlain } from '../../stores/disk/plain-file.js';

const HEAD_BYTES = 1024 * 1024;
/** A line of a CSV file that is longer is not read: DuckDB's own bound. */
const LONGEST_LINE = 2 * 1024 * 1024;

export type CsvHead =
  | {
      readonly ok: true;
      readonly delimiter: string;
      readonly fields: readonly string[];
      /** Lines before the first one that is not empty. */
      readonly blank: number;
    }
  | { readonly ok: false; readonly message: string };

/** How its characters are written, for Node. */
function decoderOf({ encoding }: TableOptions): TextDecoder {
  const names = { 'utf-8': 'utf-8', 'utf-16': 'utf-16le', 'latin-1': 'latin1' } as const;
  return new TextDecoder(names[encoding?.value ?? 'utf-8']);
}

/**
 * Looks at the first line: the delimiter that occurs most in it, outside of quotes, and the fields that it cuts it into.
 * @param shown for messages
 * @param engine reads what Node can't: zstd
 */
export async function csvHead(
  file: string,
  shown: string,
  options: TableOptions = {},
  engine?: Engine,
): Promise<CsvHead> {
  const bytes = headOf(file);
  if (bytes.length === 0)
    return { ok: false, message: `${shown} is empty: its first line has to name the columns.` };
  let text: string;
  if (/\.zst$/i.test(file)) {
    const line = await firstLine(engine, file);
    if (line === undefined)
      return { ok: true, delimiter: delimiterOf(options) ?? byExtension(file), fields: [], blank: 0 };
    text = `${line}\n`;
  } else {
    const head = unpacked(file, bytes);
    if (head === undefined)
      return { ok: false, message: `${shown} is no gzip file, although it is called one.` };
    const wide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
    if (wide && options.encoding?.value !== 'utf-16')
      return { ok: false, message: `${shown} is UTF-16. Say \`encoding: utf-16\`, or save it as UTF-8.` };
    text = decoderOf(options).decode(head);
  }
  const quote = options.quote?.value ?? '"';
  const line = text.replace(/^[\r\n]+/, '');
  const blank = text.slice(0, text.length - line.length).split(/\r\n|\r|\n/).length - 1;
  const excel = /^"?(sep=.)"?\r?\n/i.exec(line)?.[1];
  if (excel !== undefined)
    return {
      ok: false,
      message: `${shown}, line ${blank + 1}: "${excel}" is for Excel and no row. Remove the line, and name the \`delimiter\` where it isn't found.`,
    };
  const delimiter = delimiterOf(options) ?? delimiterIn(line, quote);
  return { ok: true, delimiter, fields: csvFields(line, delimiter, quote) ?? [], blank };
}

function byExtension(file: string): string {
  return /\.(tsv|tab)(\.\w+)?$/i.test(file) ? '\t' : ',';
}

function headOf(file: string): Buffer {
  const buffer = Buffer.alloc(HEAD_BYTES);
  const fd = openPlain(file, true);
  try {
    return buffer.subarray(0, readSync(fd, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

/** The head of what was packed; nothing where it is no such file. */
function unpacked(file: string, bytes: Buffer): Buffer | undefined {
  if (!/\.gz$/i.test(file)) return bytes;
  try {
    // It is cut off, so that it has no end.
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

async function firstLine(engine: Engine | undefined, file: string): Promise<string | undefined> {
  const found = await engine?.query(
    `SELECT line FROM read_csv(${literal(file)}, auto_detect = false, delim = chr(1), quote = '', escape = '', header = false, columns = {line: 'VARCHAR'}) LIMIT 1`,
  );
  const line = found?.ok === true ? found.value.rows[0]?.[0] : undefined;
  return line === undefined || line === null ? undefined : textOf(line);
}

/** Columns of one name, which the engine would call otherwise without a word; nothing when all differ. */
export function sameNames(names: readonly string[], shown: string, line: string): string | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (name.trim() === '') continue;
    const other = seen.get(name.toLowerCase());
    if (other === name)
      return `${shown}${line}: two columns are called "${name}". Give one of them another name.`;
    if (other !== undefined)
      return `${shown}${line}: the columns "${other}" and "${name}" differ only by case, and SQL can't tell them apart. Give one of them another name.`;
    seen.set(name.toLowerCase(), name);
  }
  return undefined;
}

/** A row of a CSV file, as texts. */
interface CsvRow {
  readonly fields: readonly string[];
  /** Of its end. */
  readonly line: number;
}

/** Reads a CSV file as the engine does, row by row, the first line among them. Throws what csv-parse says of a broken one. */
export async function* csvRows(
  file: string,
  delimiter: string,
  options: TableOptions = {},
  signal?: AbortSignal,
): AsyncGenerator<CsvRow> {
  const { parse } = await import('csv-parse');
  const encodings = { 'utf-8': 'utf8', 'utf-16': 'utf16le', 'latin-1': 'latin1' } as const;
  const quote = options.quote?.value ?? '"';
  const parser = parse({
    delimiter,
    quote: quote === '' ? null : quote,
    encoding: encodings[options.encoding?.value ?? 'utf-8'],
    bom: options.encoding === undefined || options.encoding.value === 'utf-8',
    skip_empty_lines: true,
    relax_column_count: true,
    // `5" pipe` is a text with a quote in it, for DuckDB as for people.
    relax_quotes: true,
    info: true,
  });
  const bytes = createReadStream(file, {
    highWaterMark: 256 * 1024,
    ...defined({ signal }),
  });
  const done = (error: Error | null | undefined): void => {
    if (error) parser.destroy(error);
  };
  if (/\.gz$/i.test(file)) pipeline(bytes, createGunzip(), parser, done);
  else pipeline(bytes, parser, done);
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      yield { fields: record, line: info.lines };
    }
  } finally {
    bytes.destroy();
  }
}

/** The first row that is not as the header wants it, in words; nothing when all are. */
export async function csvProblem(
  file: string,
  shown: string,
  delimiter: string,
  options: TableOptions = {},
): Promise<string | undefined> {
  if (/\.zst$/i.test(file)) return undefined;
  let columns: number | undefined;
  try {
    for await (const { fields, line } of csvRows(file, delimiter, options)) {
      columns ??= fields.length;
      if (fields.length !== columns)
        return `${shown}, line ${line}: ${fields.length} fields, and the header has ${columns}.`;
      const size = fields.reduce((sum, field) => sum + field.length, 0);
      if (size > LONGEST_LINE)
        return `${shown}, line ${line}: it has ${(size / 1e6).toFixed(1)} MB, and a row of a CSV file has 2 MB at most. Put such values into JSON lines or Parquet.`;
    }
  } catch (error) {
    const { message, lines } = error as { message: string; lines?: number };
    const line = lines ?? /line (\d+)/.exec(message)?.[1];
    return `${shown}${line === undefined ? '' : `, line ${line}`}: ${message}`;
  }
  return undefined;
}

/** Where a column has a value, for messages. */
export async function lineOf(
  file: string,
  delimiter: string,
  options: TableOptions,
  column: string,
  value: string,
): Promise<number | undefined> {
  if (/\.zst$/i.test(file)) return undefined;
  const named = options.header?.value;
  let names = typeof named === 'object' ? named : undefined;
  if (named === false) names = undefined;
  let at = names?.indexOf(column);
  let number = 0;
  try {
    for await (const { fields, line } of csvRows(file, delimiter, options)) {
      if (number++ === 0 && named !== false && names === undefined) {
        at = fields.indexOf(column);
        continue;
      }
      at ??= Number(/^column0*(\d+)$/.exec(column)?.[1] ?? -1);
      if (fields[at] === value) return line;
    }
  } catch {
    return undefined;
  }
  return undefined;
}
