/**
 * The files of latest values of a project's services: `services/<service>/<version>.jsonl` in the feature store's folder,
 * and a small document that names the current one. A file never changes; a reader that has opened one reads it to its end.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import { catalogOf } from '../../definition/known/feature-catalog.js';
import { type DocumentKind, openDocument, readDocument } from '../../stores/disk/document.js';
import { hashFile, hashOf } from '../../stores/content/hash.js';
import { safeFileName } from '../../stores/layout.js';
import { describeError } from '../../stores/disk/problem.js';
import type { ContentHash } from '../../stores/runs/document.js';
import { type EngineOptions, openEngine } from '../engine/engine.js';
import { literal } from '../sql.js';
import { KEEP_MS, type FeatureStore } from '../store.js';
import { type ChosenView, chooseFeatures } from '../training/choose.js';
import { type OnlineSource, onlineHeader, writeOnline } from './write.js';
import { statOf } from '../../stores/disk/folder.js';

/** Which file of a service is current. */
export interface ServicePointer {
  readonly schema: 1;
  readonly service: string;
  readonly version: string;
  /** Beside this document. */
  readonly file: string;
  readonly hash: ContentHash;
  /** ISO 8601, UTC. */
  readonly at: string;
}

const POINTER: DocumentKind<ServicePointer> = {
  name: 'current values of a service',
  schema: 1,
  migrations: {},
  check: ({ service, version, file }) =>
    typeof service === 'string' &&
    typeof version === 'string' &&
    typeof file === 'string' &&
    !/[\\/]/.test(file)
      ? undefined
      : 'it names no file',
};

function folderOf(store: FeatureStore, service: string): string {
  return path.join(
    store.folder,
    'services',
    safeFileName(service, (text) => hashOf(text).slice(7)),
  );
}

/** The current file of a service, absolute, and what is known of it; nothing where there is none. */
export function currentService(
  store: FeatureStore,
  service: string,
): { readonly file: string; readonly pointer: ServicePointer } | undefined {
  const folder = folderOf(store, service);
  const found = readDocument(path.join(folder, 'current.json'), POINTER);
  if (found.state !== 'ok') return undefined;
  const file = path.join(folder, found.value.file);
  return statOf(file) === undefined ? undefined : { file, pointer: found.value };
}

export interface PublishRequest {
  readonly store: FeatureStore;
  readonly files: readonly FeaturesDefinition[];
  /** Only these services; else all whose views have been computed. */
  readonly services?: readonly string[];
  /** Only services that use one of these views. */
  readonly views?: readonly string[];
  readonly signal?: AbortSignal;
  readonly engine?: Partial<Pick<EngineOptions, 'memoryBytes' | 'spillBytes' | 'threads' | 'program'>>;
}

export type Published =
  | {
      readonly ok: true;
      /** Files that were written: the others were up to date. */
      readonly written: readonly ServicePointer[];
      /** Services that have no file, and why. */
      readonly left: readonly { readonly service: string; readonly message: string }[];
    }
  | { readonly ok: false; readonly message: string };

/** Brings the files of services up to date with the current versions of their views. Never rejects. */
export async function publishServices(request: PublishRequest): Promise<Published> {
  const { store, files, signal } = request;
  const catalog = catalogOf(files);
  const written: ServicePointer[] = [];
  const left: { service: string; message: string }[] = [];
  for (const service of request.services ?? catalog.services.keys()) {
    const views = request.views;
    const references = catalog.services.get(service)?.[0]?.item.features ?? [];
    if (views !== undefined && !references.some(({ view }) => views.includes(view.value))) continue;
    const chosen = chooseFeatures(files, store, { service, features: [] }, ({ online }) => online);
    if (!chosen.ok) {
      left.push({ service, message: chosen.message });
      continue;
    }
    if (chosen.value.length === 0) {
      // Nobody is to find values that are not brought up to date any more.
      rmSync(path.join(folderOf(store, service), 'current.json'), { force: true });
      left.push({
        service,
        message: `No latest values are kept for ${service}: all of its views say \`online: false\`.`,
      });
      continue;
    }
    const sources = chosen.value.map((view) => sourceOf(store, view));
    const header = onlineHeader(service, sources);
    if (currentService(store, service)?.pointer.version === header.version) continue;
    if (signal?.aborted === true) return { ok: false, message: 'Cancelled.' };
    try {
      const made = await publish(request, service, sources, chosen.value);
      if (!made.ok) return made;
      written.push(made.pointer);
    } catch (error) {
      return { ok: false, message: `The latest values of ${service}: ${describeError(error)}` };
    }
  }
  return { ok: true, written, left };
}

function sourceOf(store: FeatureStore, chosen: ChosenView): OnlineSource {
  const { view, manifest, keys, timestamp, created, features } = chosen;
  return {
    view: view.name,
    version: String(manifest.version),
    relation: `read_parquet(${literal(store.dataFile(view.name, manifest.version))})`,
    timestamp,
    ...defined({ created }),
    keys: keys.map(({ name, type }) => ({ name, type })),
    ttl: view.ttlMs === undefined ? null : view.ttlMs / 1000,
    features: features.map(({ name, type }) => ({ name, type })),
  };
}

async function publish(
  request: PublishRequest,
  service: string,
  views: readonly OnlineSource[],
  chosen: readonly ChosenView[],
): Promise<{ ok: true; pointer: ServicePointer } | { ok: false; message: string }> {
  const { store, signal } = request;
  const temp = store.makeTemp();
  try {
    const opened = await openEngine({
      ...request.engine,
      readable: chosen.map(({ view, manifest }) => store.dataFile(view.name, manifest.version)),
      tempFolder: temp,
      timeoutMs: 2 ** 31 - 1,
      ...defined({ signal }),
    });
    if (!opened.ok) return { ok: false, message: opened.error.message };
    const now = new Date();
    const made = await writeOnline(opened.value, { service, views, folder: temp, now }).finally(() =>
      opened.value.close(),
    );
    if (!made.ok) return { ok: false, message: `The latest values of ${service}: ${made.message}` };
    const folder = folderOf(store, service);
    mkdirSync(folder, { recursive: true });
    const file = `${made.header.version}.jsonl`;
    const hash = await hashFile(made.file, signal);
    renameSync(made.file, path.join(folder, file));
    const pointer: ServicePointer = {
      schema: 1,
      service,
      version: made.header.version,
      file,
      hash,
      at: now.toISOString(),
    };
    const { low, adapter } = openDocument(path.join(folder, 'current.json'), POINTER, pointer);
    adapter.durable = true;
    low.write();
    sweep(folder, file, now.getTime());
    return { ok: true, pointer };
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

/** Files that were replaced long ago. */
function sweep(folder: string, current: string, now: number): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.jsonl') || name === current) continue;
    const file = path.join(folder, name);
    const stat = statOf(file);
    if (stat !== undefined && now - stat.mtimeMs > KEEP_MS) rmSync(file, { force: true });
  }
}
