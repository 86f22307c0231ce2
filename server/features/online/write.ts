/** Makes the file of a service's latest values out of the current versions of its views. */
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hashOf } from '../../stores/hash.js';
import type { Engine } from '../engine/engine.js';
import { identifier, list, literal } from '../sql.js';
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
  /** Rows of the future are not the latest yet. */
  readonly now: Date;
}

export type OnlineWritten =
  | { readonly ok: true; readonly file: string; readonly header: OnlineHeader }
  | { readonly ok: false; readonly message: string };

/** What the first line of the service's file says; its version is known before anything is read. */
export function onlineHeader(service: string, views: readonly OnlineView[]): OnlineHeader {
  const about = views.map(({ view, version, keys, ttl, features }) => ({
    view,
    version,
    keys,
    ttl,
    features,
  }));
  const version = hashOf(JSON.stringify([ONLINE_SCHEMA, service, about])).slice(7, 23);
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
      const written = await engine.query(
        `COPY (${latestRows(view, request.now)}) TO ${literal(part)} (FORMAT json)`,
      );
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

function latestRows(view: OnlineSource, now: Date): string {
  const { relation, timestamp, created } = view;
  const time = identifier(timestamp);
  const keys = view.keys.map(({ name }) => identifier(name));
  const parts = view.keys.map(({ name, type }) =>
    isNumericKey(type) ? identifier(name) : `CAST(${identifier(name)} AS VARCHAR)`,
  );
  const values = view.features.map(({ name, type }) => `${identifier(name)} := ${valueOf(name, type)}`);
  const order = [
    `${time} DESC`,
    ...(created === undefined ? [] : [`${identifier(created)} DESC NULLS LAST`]),
  ];
  const partition = keys.length === 0 ? '' : `PARTITION BY ${list(keys)} `;
  const place = '"modelyard:place"';
  const wanted = [
    `${time} IS NOT NULL`,
    `epoch_us(${time}) <= ${BigInt(now.getTime()) * 1000n}`,
    ...keys.map((key) => `${key} IS NOT NULL`),
  ];
  return [
    `SELECT k, t, v FROM (SELECT json_array(${list([literal(view.view), ...parts])}) AS k,`,
    `epoch_us(${time}) / 1000000.0 AS t, struct_pack(${list(values)}) AS v`,
    `FROM (SELECT *, row_number() OVER () AS ${place} FROM ${relation}) WHERE ${wanted.join(' AND ')}`,
    `QUALIFY row_number() OVER (${partition}ORDER BY ${list([...order, `${place} DESC`])}) = 1)`,
    `ORDER BY CAST(k AS VARCHAR)`,
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
