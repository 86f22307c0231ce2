/** What has to be known of a CSV file before DuckDB reads it, and where exactly one is broken when DuckDB can't. */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

const HEAD_BYTES = 1024 * 1024;
const DELIMITERS = [',', ';', '\t', '|'];

export type CsvHead =
  { readonly ok: true; readonly delimiter: string } | { readonly ok: false; readonly message: string };

/** Looks at the first line: the delimiter that occurs most in it, outside of quotes. @param shown for messages */
export function csvHead(file: string, shown: string): CsvHead {
  if (/\.gz$/i.test(file)) return { ok: true, delimiter: /\.tsv\.gz$/i.test(file) ? '\t' : ',' };
  const buffer = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(file, 'r');
  let length: number;
  try {
    length = readSync(fd, buffer, 0, HEAD_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  const head = buffer.subarray(0, length);
  if (length === 0)
    return { ok: false, message: `${shown} is empty: its first line has to name the columns.` };
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
    return { ok: false, message: `${shown} is UTF-16. Save it as UTF-8.` };
  const counts = new Map(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let inQuotes = false;
  for (const character of head.toString('utf8')) {
    if (character === '"') inQuotes = !inQuotes;
    else if (inQuotes) continue;
    else if (character === '\n' || character === '\r') break;
    else if (counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return { ok: true, delimiter: best === undefined || best[1] === 0 ? ',' : best[0] };
}

/** The first row that is not as the header wants it, in words; nothing when all are. */
export async function csvProblem(
  file: string,
  shown: string,
  delimiter: string,
): Promise<string | undefined> {
  const { parse } = await import('csv-parse');
  const bytes = createReadStream(file);
  const source = /\.gz$/i.test(file) ? bytes.pipe(createGunzip()) : bytes;
  const parser = parse({
    delimiter,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    info: true,
  });
  bytes.once('error', (error) => parser.destroy(error));
  source.once('error', (error: Error) => parser.destroy(error));
  source.pipe(parser);
  let columns: number | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      columns ??= record.length;
      if (record.length !== columns)
        return `${shown}, line ${info.lines}: ${record.length} fields, and the header has ${columns}.`;
    }
  } catch (error) {
    const { message, lines } = error as { message: string; lines?: number };
    const line = lines ?? /line (\d+)/.exec(message)?.[1];
    return `${shown}${line === undefined ? '' : `, line ${line}`}: ${message}`;
  } finally {
    bytes.destroy();
  }
  return undefined;
}
