/** Makes the file of a service's latest values out of the current versions of its views. */
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hashOf } from '../../stores/content/hash.js';
import type { Engine } from '../engine/engine.js';
import { identifier, list, literal } from '../sql.js';
import { numberText } from '../sources/types.js';
import { ONLINE_SCHEMA, type OnlineHeader, type OnlineView, isNumericKey } from './format.js';

/** A view of the service, and the rows of its version. */
export interface OnlineSource extends OnlineView {
  /** SQL for FROM, rows of one key together, later ones behind earlier ones. */
  readonly relation: string;
  readonly timestamp: string;
  readonly created?: string;
}

export interface OnlineRequest {
  readonly service: string;
  readonly views: readonly OnlineSource[];
  /** Absolute; a file in it is written. Has to be the engine's temp folder. */
  readonly folder: string;
  /** Rows of the future are not the latest yet: they stand behind it, for when their time has come. */
  readonly now: Date;
}

export type OnlineWritten =
  | { readonly ok: true; readonly file: string; readonly header: OnlineHeader }
  | { readonly ok: false; readonly message: string };

/** Raised when the same versions come to be written in another way, so that files are made anew. */
const WRITING = 2;

/** What the first line of the service's file says; its version is known before anything is read. */
export function onlineHeader(service: string, views: readonly OnlineView[]): OnlineHeader {
  const about = views.map(({ view, version, keys, ttl, features }) => ({
    view,
    version,
    keys,
    ttl,
    features,
  }));
  const version = hashOf(JSON.stringify([ONLINE_SCHEMA, WRITING, service, about])).slice(7, 23);
  return { modelyard: 'online-features', schema: ONLINE_SCHEMA, service, version, views: about };
}

export async function writeOnline(engine: Engine, request: OnlineRequest): Promise<OnlineWritten> {
  const header = onlineHeader(request.service, request.views);
  const parts: string[] = [];
  const file = path.join(request.folder, `online-${header.version}.jsonl`);
  try {
    // In the order of the lines: they begin with the view's name.
    for (const view of [...request.views].sort((a, b) => byLine(a.view, b.view))) {
      const part = path.join(request.folder, `online-${header.version}-${parts.length}.part`);
      parts.push(part);
      const later = await engine.query(
        `SELECT count(*) FROM ${view.relation} WHERE epoch_us(${identifier(view.timestamp)}) > ${micros(request.now)}`,
      );
      const written = later.ok
        ? await engine.query(
            `COPY (${lines(view, request.now, later.value.rows[0]?.[0] !== 0)}) TO ${literal(part)} (FORMAT json)`,
          )
        : later;
      if (!written.ok) return { ok: false, message: `view ${view.view}: ${written.error.message}` };
    }
    await writeFile(file, `${JSON.stringify(header)}\n`);
    for (const part of parts) await pipeline(createReadStream(part), createWriteStream(file, { flags: 'a' }));
    return { ok: true, file, header };
  } finally {
    for (const part of parts) rmSync(part, { force: true });
  }
}

function byLine(a: string, b: string): number {
  return Buffer.compare(Buffer.from(`${JSON.stringify(a)},`), Buffer.from(`${JSON.stringify(b)},`));
}

/** SQL of a view's lines. @param later whether it has rows whose time is still to come */
function lines(view: OnlineSource, now: Date, later: boolean): string {
  const current = `SELECT ${KEY}, t, v FROM (${rowsOf(view, `<= ${micros(now)}`, 'key')})`;
  if (!later) return `SELECT ${KEY} AS k, t, v FROM (${current}) ORDER BY CAST(${KEY} AS VARCHAR)`;
  const values = view.features.map(({ name }) => `${identifier(name)} := c.v.${identifier(name)}`);
  return [
    `SELECT coalesce(c.${KEY}, n.${KEY}) AS k, coalesce(c.t, n.next[1].t) AS t, struct_pack(${list(values)}) AS v, n.next AS next`,
    `FROM (${current}) c FULL JOIN (SELECT ${KEY}, list(struct_pack(t := t, v := v) ORDER BY t) AS next`,
    `FROM (${rowsOf(view, `> ${micros(now)}`, 'time')}) GROUP BY ${KEY}) n ON c.${KEY} = n.${KEY}`,
    `ORDER BY CAST(k AS VARCHAR)`,
  ].join(' ');
}

const KEY = '"modelyard:key"';

function micros(moment: Date): bigint {
  return BigInt(moment.getTime()) * 1000n;
}

/** Rows of a part of time: of each key the latest, or of each key and time the one that was created last. */
function rowsOf(view: OnlineSource, part: string, each: 'key' | 'time'): string {
  const { relation, timestamp, created } = view;
  const time = identifier(timestamp);
  const keys = view.keys.map(({ name }) => identifier(name));
  const parts = view.keys.map(({ name, type }) =>
    isNumericKey(type) ? identifier(name) : numberText(identifier(name), type),
  );
  const values = view.features.map(({ name, type }) => `${identifier(name)} := ${valueOf(name, type)}`);
  const order = [
    `${time} DESC`,
    ...(created === undefined ? [] : [`${identifier(created)} DESC NULLS LAST`]),
  ];
  const partition = [...keys, ...(each === 'time' ? [time] : [])];
  const place = '"modelyard:place"';
  const wanted = [
    `${time} IS NOT NULL`,
    `epoch_us(${time}) ${part}`,
    ...keys.map((key) => `${key} IS NOT NULL`),
  ];
  return [
    `SELECT json_array(${list([literal(view.view), ...parts])}) AS ${KEY},`,
    `epoch_us(${time}) / 1000000.0 AS t, struct_pack(${list(values)}) AS v`,
    `FROM (SELECT *, row_number() OVER () AS ${place} FROM ${relation}) WHERE ${wanted.join(' AND ')}`,
    `QUALIFY row_number() OVER (${partition.length === 0 ? '' : `PARTITION BY ${list(partition)} `}ORDER BY ${list([...order, `${place} DESC`])}) = 1`,
  ].join(' ');
}

/** As JSON can have it: no NaN, and moments in ISO 8601. */
function valueOf(name: string, type: string): string {
  const value = identifier(name);
  if (type === 'FLOAT' || type === 'DOUBLE') return `CASE WHEN isfinite(${value}) THEN ${value} END`;
  if (type.startsWith('TIMESTAMP')) {
    const utc = type === 'TIMESTAMP WITH TIME ZONE' ? `timezone('UTC', ${value})` : value;
    return `CASE WHEN isfinite(${value}) THEN strftime(${utc}, '%Y-%m-%dT%H:%M:%S.%fZ') END`;
  }
  return value;
}
