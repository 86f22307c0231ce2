/**
 * Computing only what is new of a source that only grows. The result is that of computing everything: where that can't be
 * known, everything is computed. So a view appends when
 *
 * - the files that were there are there unchanged, or (CSV, JSON lines) begin with what they were and go on from there;
 * - its transforms make each row of one row: no window, aggregate, join, subquery, DISTINCT or LIMIT;
 * - the new rows' columns have the types that the old ones had, so that reading all at once would find the same types.
 */
import { closeSync, createReadStream, createWriteStream, openSync, readSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { defined } from '../../base/defined.js';
import type { Engine } from '../engine/engine.js';
import type { Column, EngineResult } from '../engine/messages.js';
import type { AppendState, SourceRecord } from './manifest.js';
import { identifier } from '../sql.js';
import type { ResolvedView } from './view.js';

/** A file with new rows; of a file that has grown, from that byte on. */
export interface NewPart {
  readonly path: string;
  readonly from?: number;
}

export type Growth =
  | { readonly kind: 'new'; readonly parts: readonly NewPart[] }
  /** Everything has to be computed, because of this. */
  | { readonly kind: 'changed'; readonly reason: string };

/** What is new since a version was made. Reads as much of a file that has grown as it had then. */
export async function growth(
  root: string,
  format: ResolvedView['format'],
  before: readonly SourceRecord[],
  now: readonly SourceRecord[],
  signal?: AbortSignal,
): Promise<Growth> {
  const current = new Map(now.map((one) => [one.path, one]));
  const parts: NewPart[] = [];
  for (const old of before) {
    const found = current.get(old.path);
    current.delete(old.path);
    if (found === undefined) return { kind: 'changed', reason: `${old.path} is gone` };
    if (found.hash === old.hash) continue;
    const grows =
      format !== 'parquet' && !/\.(gz|zst)$/i.test(old.path) && found.bytes > old.bytes && old.bytes > 0;
    if (!grows || !(await beginsWith(path.join(root, old.path), old, signal)))
      return { kind: 'changed', reason: `${old.path} was changed, and not only appended to` };
    parts.push({ path: old.path, from: old.bytes });
  }
  return { kind: 'new', parts: [...parts, ...[...current.keys()].map((one) => ({ path: one }))] };
}

/** Whether the file's first bytes are what it was, ending with a whole line. */
async function beginsWith(file: string, old: SourceRecord, signal?: AbortSignal): Promise<boolean> {
  const last = Buffer.alloc(1);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, last, 0, 1, old.bytes - 1);
  } finally {
    closeSync(fd);
  }
  if (last[0] !== 0x0a) return false;
  const hash = createHash('sha256');
  await pipeline(
    createReadStream(file, { end: old.bytes - 1, highWaterMark: 1024 * 1024 }),
    hash,
    defined({ signal }),
  );
  return `sha256:${hash.digest('hex')}` === old.hash;
}

/** A file as the engine may read it: itself, or a copy of what is new in it with the header before it. */
export async function partFile(
  root: string,
  format: ResolvedView['format'],
  part: NewPart,
  temp: string,
  number: number,
): Promise<string> {
  const file = path.join(root, part.path);
  if (part.from === undefined) return file;
  const copy = path.join(temp, `part-${number}${path.extname(part.path)}`);
  const target = createWriteStream(copy);
  if (format === 'csv') {
    await pipeline(createReadStream(file, { end: headerEnd(file) - 1 }), target, { end: false });
  }
  await pipeline(createReadStream(file, { start: part.from, highWaterMark: 1024 * 1024 }), target);
  return copy;
}

/** Bytes of the first line, its end included; a name in quotes may hold one. */
function headerEnd(file: string): number {
  const buffer = Buffer.alloc(1024 * 1024);
  const fd = openSync(file, 'r');
  try {
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    let inQuotes = false;
    for (let at = 0; at < length; at++) {
      if (buffer[at] === 0x22) inQuotes = !inQuotes;
      else if (buffer[at] === 0x0a && !inQuotes) return at + 1;
    }
    return length;
  } finally {
    closeSync(fd);
  }
}

/** Columns without any value; reads the source once more. @param raw the columns as the data names them */
async function emptyColumns(
  engine: Engine,
  view: ResolvedView,
  table: string,
  raw: readonly Column[],
): Promise<EngineResult<ReadonlySet<string>>> {
  if (view.format === 'parquet' || raw.length === 0) return { ok: true, value: new Set() };
  const counts = await engine.query(
    `SELECT ${raw.map(({ name }) => `count(${identifier(name)})`).join(', ')} FROM ${identifier(table)}`,
  );
  if (!counts.ok) return counts;
  const row = counts.value.rows[0] ?? [];
  return { ok: true, value: new Set(raw.flatMap(({ name }, at) => (row[at] === 0 ? [name] : []))) };
}

/** What the next append has to know. */
export async function appendState(
  engine: Engine,
  view: ResolvedView,
  table: string,
  raw: readonly Column[],
): Promise<EngineResult<AppendState>> {
  const empty = await emptyColumns(engine, view, table, raw);
  return empty.ok ? { ok: true, value: { types: raw, empty: [...empty.value].sort() } } : empty;
}

/**
 * Why new rows can't be read alone, or the state after them.
 * @param raw the columns of the new rows, with types found from them alone
 */
export async function joined(
  engine: Engine,
  view: ResolvedView,
  table: string,
  raw: readonly Column[],
  before: AppendState,
): Promise<EngineResult<{ readonly reason: string } | { readonly state: AppendState }>> {
  const empty = await emptyColumns(engine, view, table, raw);
  if (!empty.ok) return empty;
  const types = new Map(raw.map((column) => [column.name, column.type]));
  const same = raw.length === before.types.length && before.types.every(({ name }) => types.has(name));
  if (!same) return { ok: true, value: { reason: 'the columns of the source are others' } };
  for (const { name, type } of before.types) {
    const now = types.get(name) ?? '';
    const isEmpty = empty.value.has(name);
    const wasEmpty = before.empty.includes(name);
    const fits =
      isEmpty ||
      now === type ||
      (view.format === 'csv' && (type === 'VARCHAR' || (type === 'DOUBLE' && now === 'BIGINT')));
    if (!fits || (wasEmpty && !isEmpty))
      return { ok: true, value: { reason: `${name} was ${type}, and the new rows have ${now}` } };
  }
  return {
    ok: true,
    value: {
      state: { types: before.types, empty: before.empty.filter((name) => empty.value.has(name)) },
    },
  };
}
