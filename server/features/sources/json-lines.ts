/** Where exactly a file of JSON lines is broken when DuckDB can't read it: the engine's line numbers are one too high. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { isRecord } from '../../base/is-record.js';
import { type Json, jsonText, parseLooseJson } from '../../base/json.js';
import { isNumeral } from '../../base/numeral.js';

/** The first line that is no record, in words; nothing when all are. Not of what is packed with zstd. */
export async function jsonLinesProblem(file: string, shown: string): Promise<string | undefined> {
  if (/\.zst$/i.test(file)) return undefined;
  const bytes = createReadStream(file);
  const lines = createInterface({
    input: /\.gz$/i.test(file) ? bytes.pipe(createGunzip()) : bytes,
    crlfDelay: Infinity,
  });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      const why = whyNoRecord(line, number);
      if (why !== undefined) return `${shown}, line ${number}: ${why}`;
    }
  } catch {
    return undefined;
  } finally {
    lines.close();
    bytes.destroy();
  }
  return undefined;
}

function whyNoRecord(line: string, number: number): string | undefined {
  if (number === 1 && line.startsWith('\uFEFF'))
    return 'it begins with a byte order mark, which JSON lines have not. Save the file as UTF-8 without one.';
  if (line.trim() === '') return undefined;
  let json: Json;
  try {
    json = parseLooseJson(line);
  } catch (error) {
    return `it is no JSON: ${error instanceof Error ? error.message : String(error)}.`;
  }
  if (isRecord(json) && !isNumeral(json) && !Array.isArray(json)) return undefined;
  const list =
    number === 1 && Array.isArray(json) ? ' A list of records is read where the file is called *.json.' : '';
  return `it is no record such as {"id": 1, "x": 2}: ${jsonText(json).slice(0, 40)}.${list}`;
}
