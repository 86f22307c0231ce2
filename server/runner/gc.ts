/**
 * Freeing space: first a plan that says what would go, then doing it. Never freed: what a run that goes on has made or
 * used, what a model version owns, and, unless `all` is asked for, whatever a kept run refers to: the artifacts of a run
 * live as long as the run. The registry's own bytes are freed when no version owns them any more. What nobody owns goes when it's old or, the longest unused first, when the cache is
 * over its bound. Runs go only when a bound on runs is given.
 *
 * Safe beside runs that go on or begin meanwhile: an object that was touched since the plan was made stays, and an entry
 * that loses an object all the same is a miss, never a wrong hit.
 */
import { lstatSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { tempOwner } from '../stores/atomic.js';
import { pidInUse } from '../stores/liveness.js';
import { describeError } from '../stores/problem.js';
import type { StoreProblem } from '../stores/problem.js';
import type { ContentHash, RunSummary } from '../stores/run-document.js';
import { runIdTime } from '../stores/run-id.js';
import { PackageStore } from '../stores/packages/store.js';
import { ownedArtifacts, registryGarbage } from '../stores/registry/garbage.js';
import { Registry } from '../stores/registry/registry.js';
import { LIVE_STATUSES } from '../stores/run-summary.js';
import { liveStatus } from '../stores/runs.js';
import type { RunStore } from '../stores/runs.js';
import { readEntry } from './cache-disk.js';
import { staysWithin, writeUsage } from './cache-usage.js';
import type { CacheEntry } from './cache.js';
import { parseListing } from './hash.js';

export interface GcOptions {
  /** Bound of the cache. Absent: none. */
  readonly maxBytes?: number;
  /** Entries that were not used for so long go. Absent: none. */
  readonly maxAgeMs?: number;
  /** The newest so many runs stay. Absent: all. */
  readonly keepRuns?: number;
  /** Older runs go. Absent: none. */
  readonly runMaxAgeMs?: number;
  /** Empties the cache of everything but what live runs use, artifacts of kept runs included. */
  readonly all?: boolean;
  /** Hashes that others own, beside the registry, which is asked in any case. Kept even with `all`. */
  readonly owned?: Iterable<ContentHash>;
  /** Default: now. */
  readonly now?: number;
}

export interface GcFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

export interface GcPlan {
  readonly madeAt: number;
  readonly runs: readonly { readonly id: string; readonly pipeline: string; readonly bytes: number }[];
  readonly entries: readonly GcFile[];
  readonly objects: readonly GcFile[];
  /** Temp files of writers that are gone. */
  readonly temps: readonly GcFile[];
  /** Of the model registry: bytes that no version owns. */
  readonly registry: readonly GcFile[];
  /** Of app packages: bytes that no version owns. */
  readonly packages: readonly GcFile[];
  /** Of everything above. */
  readonly freedBytes: number;
  /** What the cache holds now, and afterwards. */
  readonly cacheBytes: number;
  readonly keptBytes: number;
  /** In words, for a cache that stays over its bound. */
  readonly notice?: string;
}

/** Temp files of dead writers, and objects without an entry while runs go on, are left alone for so long. */
const GRACE_MS = 60 * 60 * 1000;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Not there, or taken away by another gc: nothing to free.
    return [];
  }
}

function* filesIn(
  folder: string,
): Generator<GcFile & { readonly mtimeMs: number; readonly ctimeMs: number }> {
  for (const shard of namesIn(folder)) {
    for (const name of namesIn(path.join(folder, shard))) {
      const file = path.join(folder, shard, name);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() === true) {
        yield { path: file, bytes: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs };
      }
    }
  }
}

function sizeOf(target: string): number {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return namesIn(target).reduce((sum, name) => sum + sizeOf(path.join(target, name)), 0);
}

/** Which runs stay and which go. */
function divideRuns(
  store: RunStore,
  options: GcOptions,
  now: number,
): { kept: RunSummary[]; gone: RunSummary[]; live: RunSummary[] } {
  const kept: RunSummary[] = [];
  const gone: RunSummary[] = [];
  const live: RunSummary[] = [];
  const runs = store.list({ limit: Infinity });
  runs.forEach((run, place) => {
    const age = now - (Number.isNaN(runIdTime(run.id)) ? Date.parse(run.createdAt) : runIdTime(run.id));
    if (LIVE_STATUSES.has(liveStatus(run, store.signOf(run.id)))) live.push(run);
    else if (place >= (options.keepRuns ?? Infinity) || age > (options.runMaxAgeMs ?? Infinity))
      gone.push(run);
    else kept.push(run);
  });
  return { kept, gone, live };
}

/** Fingerprints and hashes that the documents of runs refer to. */
function ownedBy(store: RunStore, runs: readonly RunSummary[]): Set<string> {
  const owned = new Set<string>();
  for (const { id } of runs) {
    const read = store.read(id);
    if (!read.ok) continue;
    for (const task of read.run.tasks) {
      if (task.fingerprint !== undefined) owned.add(task.fingerprint.hash);
      for (const output of task.outputs) if (output.cached) owned.add(output.hash);
    }
  }
  return owned;
}

interface Entry extends GcFile {
  readonly usedAt: number;
  readonly entry: CacheEntry | undefined;
}

/** Objects by hash, and who needs them. */
class Objects {
  readonly files = new Map<ContentHash, GcFile & { readonly ctimeMs: number }>();
  readonly #users = new Map<ContentHash, number>();
  readonly #folders = new Map<ContentHash, readonly ContentHash[]>();
  totalBytes = 0;

  constructor(folder: string) {
    for (const file of filesIn(folder)) {
      this.files.set(`sha256:${path.basename(file.path)}`, file);
      this.totalBytes += file.bytes;
    }
  }

  /** The object itself and, when it is a folder's listing, what is listed. */
  #closure(hash: ContentHash, folder: boolean): readonly ContentHash[] {
    if (!folder) return [hash];
    let all = this.#folders.get(hash);
    if (all === undefined) {
      const file = this.files.get(hash);
      let listing = '';
      try {
        if (file !== undefined) listing = readFileSync(file.path, 'utf8');
      } catch {
        // Gone meanwhile, and what it lists with it.
      }
      all = [hash, ...parseListing(listing).flatMap((line) => (line.kind === 'file' ? [line.hash] : []))];
      this.#folders.set(hash, all);
    }
    return all;
  }

  use(hash: ContentHash, folder: boolean): void {
    for (const one of this.#closure(hash, folder)) this.#users.set(one, (this.#users.get(one) ?? 0) + 1);
  }

  /** Bytes that nobody needs any more once this use ends. */
  drop(hash: ContentHash, folder: boolean): number {
    let bytes = 0;
    for (const one of this.#closure(hash, folder)) {
      const left = (this.#users.get(one) ?? 1) - 1;
      this.#users.set(one, left);
      if (left === 0) bytes += this.files.get(one)?.bytes ?? 0;
    }
    return bytes;
  }

  unused(): (GcFile & { readonly ctimeMs: number })[] {
    return [...this.files].flatMap(([hash, file]) => ((this.#users.get(hash) ?? 0) === 0 ? [file] : []));
  }
}

/** Folders of kept runs are known by entries; of an owner without an entry we can only look at the object. */
function looksLikeListing(file: GcFile | undefined): boolean {
  if (file === undefined || file.bytes > 64 * 1024 * 1024) return false;
  try {
    const text = readFileSync(file.path, 'utf8');
    return text
      .split('\n')
      .every((line) => line === '' || /^(?:sha256:[0-9a-f]{64}|link:\S*|folder:) /.test(line));
  } catch {
    return false;
  }
}

/** What could be freed. Reads the documents of the runs that stay (30 µs each); changes nothing. */
export function planGc(store: RunStore, options: GcOptions = {}): GcPlan {
  const now = options.now ?? Date.now();
  const { layout } = store;
  const { kept, gone, live } = divideRuns(store, options, now);
  const liveOwned = ownedBy(store, live);
  // A live run's document may not say yet what it has stored: whatever was used since it began is taken for its own.
  const oldestLive = Math.min(Infinity, ...live.map((run) => Date.parse(run.createdAt)));
  const runOwned = options.all === true ? new Set<string>() : ownedBy(store, kept);
  const registry = Registry.open(layout.root);
  const versions = ownedArtifacts(registry);
  const unversioned = registryGarbage(registry, versions, now);
  const packages = PackageStore.open(layout.root);
  const unpackaged = packageGarbage(packages, now);
  const otherOwned = new Set<string>([...(options.owned ?? []), ...versions.hashes]);

  const objects = new Objects(layout.objects);
  const folders = new Set<ContentHash>();
  const entries: Entry[] = [...filesIn(layout.entries)].map((file) => {
    const entry = readEntry(file.path);
    for (const output of entry?.outputs ?? []) {
      if (output.kind === 'folder') folders.add(output.hash);
      objects.use(output.hash, output.kind === 'folder');
    }
    return { path: file.path, bytes: file.bytes, usedAt: file.mtimeMs, entry };
  });
  for (const hash of [...liveOwned, ...runOwned, ...otherOwned]) {
    const file = objects.files.get(hash);
    if (file !== undefined) objects.use(hash, folders.has(hash) || looksLikeListing(file));
  }

  const isOwned = ({ entry, usedAt }: Entry): boolean => {
    if (entry === undefined) return false;
    if (usedAt >= oldestLive || liveOwned.has(entry.fingerprint)) return true;
    return runOwned.has(entry.fingerprint) || entry.outputs.some(({ hash }) => otherOwned.has(hash));
  };
  const free = entries.filter((entry) => !isOwned(entry)).sort((a, b) => a.usedAt - b.usedAt);
  const goneEntries: Entry[] = [];
  const entryBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const unreferenced = objects.unused();
  let left = objects.totalBytes + entryBytes - unreferenced.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const entry of free) {
    const tooOld = now - entry.usedAt > (options.maxAgeMs ?? Infinity);
    const tooMuch = left > (options.maxBytes ?? Infinity);
    // What can't be read is of no use to anyone.
    if (options.all !== true && !tooOld && !tooMuch && entry.entry !== undefined) continue;
    goneEntries.push(entry);
    left -= entry.bytes;
    for (const output of entry.entry?.outputs ?? [])
      left -= objects.drop(output.hash, output.kind === 'folder');
  }

  const goneObjects = objects.unused().filter((file) => live.length === 0 || now - file.ctimeMs > GRACE_MS);
  const temps = [
    packages.places.temp,
    layout.temp,
    layout.index,
    layout.locks,
    layout.memory,
    layout.runs,
  ].flatMap((folder) => staleTemps(folder, now));
  const runs = gone.map(({ id, pipeline }) => ({ id, pipeline, bytes: sizeOf(store.folder(id)) }));
  const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
    files.reduce((sum, { bytes }) => sum + bytes, 0);
  const cacheBytes = objects.totalBytes + entryBytes;
  const keptBytes = cacheBytes - bytesOf(goneEntries) - bytesOf(goneObjects);
  const notices = [
    ...(keptBytes > (options.maxBytes ?? Infinity) ? [OVER_BOUND] : []),
    ...(unversioned.notice === undefined ? [] : [unversioned.notice]),
  ];
  const bare = ({ path: file, bytes }: GcFile): GcFile => ({ path: file, bytes });
  return {
    madeAt: now,
    runs,
    entries: goneEntries.map(bare),
    objects: goneObjects.map(bare),
    temps,
    registry: unversioned.files,
    packages: unpackaged,
    freedBytes:
      bytesOf(unversioned.files) +
      bytesOf(unpackaged) +
      bytesOf(runs) +
      bytesOf(goneEntries) +
      bytesOf(goneObjects) +
      bytesOf(temps),
    cacheBytes,
    keptBytes,
    ...(notices.length === 0 ? {} : { notice: notices.join(' ') }),
  };
}

/** Archives and manifests that no version owns. Nothing, when not all versions can be read. */
function packageGarbage(store: PackageStore, now: number): readonly GcFile[] {
  const owned = store.owned();
  if (owned === undefined) return [];
  return [...store.objects.all()].flatMap(({ hash, path: file, bytes, ctimeMs }) =>
    owned.has(hash) || now - ctimeMs <= GRACE_MS ? [] : [{ path: file, bytes }],
  );
}

const OVER_BOUND =
  'The cache stays over its bound: the rest belongs to runs that are kept and to model versions. Delete old runs, or let gc do it by their age or number, to free it.';

function staleTemps(folder: string, now: number): GcFile[] {
  return namesIn(folder).flatMap((name) => {
    const pid = tempOwner(name);
    if (pid === undefined || pidInUse(pid)) return [];
    const file = path.join(folder, name);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    // A pid says nothing of a writer on another machine.
    if (stat === undefined || now - stat.mtimeMs < GRACE_MS) return [];
    return [{ path: file, bytes: sizeOf(file) }];
  });
}

/** Does what the plan says, but for what was used since. Gives what was really freed. Never throws. */
export function applyGc(
  store: RunStore,
  plan: GcPlan,
): { readonly freedBytes: number; readonly removed: number; readonly problems: readonly StoreProblem[] } {
  let freedBytes = 0;
  let removed = 0;
  const problems: StoreProblem[] = [];
  const attempt = (file: GcFile, work: () => boolean): void => {
    try {
      if (!work()) return;
      freedBytes += file.bytes;
      removed += 1;
    } catch (error) {
      problems.push({ path: file.path, message: `Can't remove ${file.path}: ${describeError(error)}.` });
    }
  };
  for (const run of plan.runs) {
    attempt({ path: run.id, bytes: run.bytes }, () => {
      const result = store.remove(run.id);
      if (!result.ok) problems.push(result.problem);
      return result.ok;
    });
  }
  const unusedSince = (file: string, time: 'mtimeMs' | 'ctimeMs'): boolean => {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat !== undefined && stat[time] < plan.madeAt;
  };
  // Entries first: an entry never names an object that gc has taken away on purpose.
  for (const file of plan.entries) {
    attempt(file, () => {
      if (!unusedSince(file.path, 'mtimeMs')) return false;
      rmSync(file.path);
      return true;
    });
  }
  for (const file of plan.objects) {
    attempt(file, () => {
      if (!unusedSince(file.path, 'ctimeMs')) return false;
      rmSync(file.path, { force: true });
      return true;
    });
  }
  const { objects } = Registry.open(store.layout.root);
  for (const file of plan.registry) attempt(file, () => objects.free(file.path, plan.madeAt));
  const packages = PackageStore.open(store.layout.root);
  for (const file of plan.packages) attempt(file, () => packages.objects.free(file.path, plan.madeAt));
  for (const file of plan.temps) {
    attempt(file, () => {
      rmSync(file.path, { recursive: true, force: true });
      return true;
    });
  }
  store.maintain();
  writeUsage(store.layout, undefined);
  return { freedBytes, removed, problems };
}

/**
 * For the end of a run that stored something: keeps the cache within its bounds. Costs next to nothing until the
 * estimate of what is in the cache passes the bound. Gives a notice for the person when the cache stays over it.
 */
export function trimCache(
  store: RunStore,
  bounds: { readonly maxBytes?: number; readonly maxAgeMs?: number; readonly owned?: Iterable<ContentHash> },
  storedBytes: number,
): { readonly freedBytes: number; readonly notice?: string } {
  if (storedBytes === 0 || bounds.maxBytes === undefined) return { freedBytes: 0 };
  if (staysWithin(store.layout, bounds.maxBytes, storedBytes)) return { freedBytes: 0 };
  const plan = planGc(store, bounds);
  const { freedBytes } =
    plan.entries.length + plan.objects.length === 0 ? { freedBytes: 0 } : applyGc(store, plan);
  writeUsage(store.layout, plan.keptBytes);
  return { freedBytes, ...(plan.notice === undefined ? {} : { notice: plan.notice }) };
}
