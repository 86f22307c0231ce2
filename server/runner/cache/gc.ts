/**
 * Freeing space: first a plan that says what would go, then doing it. Everything is found by walking the folders, nothing
 * by an index; what goes has a name of ours in its right place and is no link.
 *
 * What wins over what: the newest `keepRuns` runs and those with a star stay, however old; the results of the last success of each task in the runs
 * that stay, of runs that have not ended and of model versions stay, whatever the cache's bounds say (`all` spares only the
 * latter two). All other results, those of older runs too, obey the bounds: by age, and the longest unused first when the cache is too big.
 *
 * Safe beside runs that go on or begin meanwhile: an object that was touched since the plan was made stays, and an entry
 * that loses an object all the same is a miss, never a wrong hit.
 */
import { lstatSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tempOwner } from '../../stores/disk/atomic.js';
import { isFolder, namesIn, statOf } from '../../stores/disk/folder.js';
import type { Layout } from '../../stores/layout.js';
import { pidInUse } from '../../stores/machine/liveness.js';
import { describeError } from '../../stores/disk/problem.js';
import type { StoreProblem } from '../../stores/disk/problem.js';
import type { ContentHash, RunDocument, TaskRun } from '../../stores/runs/document.js';
import { runIdTime } from '../../stores/runs/id.js';
import { PackageStore } from '../../stores/packages/store.js';
import { ownedArtifacts, registryGarbage } from '../../stores/registry/versions/garbage.js';
import { Registry } from '../../stores/registry/registry.js';
import { LoggedModels } from '../../stores/tracking/logged-models.js';
import { LIVE_STATUSES } from '../../stores/runs/index/summary.js';
import type { RunStore } from '../../stores/runs/runs.js';
import { foreignMemory } from '../../stores/trust.js';
import { userCacheFolder } from '../../stores/machine/user-folders.js';
import { readEntry } from './disk.js';
import { staysWithin, writeUsage } from './usage.js';
import { shardedFiles } from '../../stores/content/objects.js';
import { parseListing } from '../../stores/content/hash.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

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
/** Between the clock of files and that of processes. */
const CLOCK_TICK_MS = 1_000;

const ENTRY = /^[0-9a-f]{64}\.json$/;

function sizeOf(target: string): number {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return namesIn(target).reduce((sum, name) => sum + sizeOf(path.join(target, name)), 0);
}

interface Runs {
  readonly kept: readonly RunDocument[];
  readonly gone: readonly RunDocument[];
  /** That have not ended. */
  readonly live: readonly RunDocument[];
  /** Why of others it is not known what they need. */
  readonly problems: readonly StoreProblem[];
}

/** Which runs stay and which go: the newest `keepRuns` and starred ones in any case, of the others those that are too old, or all. */
function divideRuns(store: RunStore, { keepRuns, runMaxAgeMs }: GcOptions, now: number): Runs {
  const [kept, gone, live]: [RunDocument[], RunDocument[], RunDocument[]] = [[], [], []];
  const problems: StoreProblem[] = [];
  let place = 0;
  for (const run of store.scan((problem) => problems.push(problem))) {
    const age = now - (Number.isNaN(runIdTime(run.id)) ? Date.parse(run.createdAt) : runIdTime(run.id));
    const bounded = keepRuns !== undefined || runMaxAgeMs !== undefined;
    const spare = place >= (keepRuns ?? 0) && age > (runMaxAgeMs ?? -Infinity);
    place += 1;
    const mayGo = bounded && spare && store.marks(run.id).star !== true;
    if (LIVE_STATUSES.has(run.status)) live.push(run);
    else if (mayGo || isGivenUp(run, now)) gone.push(run);
    else kept.push(run);
  }
  return { kept, gone, live, problems };
}

/** What an MLflow client has deleted can be restored for so long. */
const RESTORABLE_MS = 30 * 24 * 60 * 60 * 1000;

function isGivenUp({ tracking }: RunDocument, now: number): boolean {
  return tracking?.deleted !== undefined && now - tracking.deleted > RESTORABLE_MS;
}

/** Adds the fingerprints and hashes that a task's record names. */
function addOwned(owned: Set<string>, { fingerprint, outputs }: TaskRun): void {
  if (fingerprint !== undefined) owned.add(fingerprint.hash);
  for (const output of outputs) if (output.cached) owned.add(output.hash);
}

/** What runs refer to: what the last success of each task has made, and everything else. @param runs the newest first */
function ownedBy(runs: readonly RunDocument[]): { last: Set<string>; older: Set<string> } {
  const [last, older] = [new Set<string>(), new Set<string>()];
  const seen = new Set<string>();
  for (const { pipeline, tasks } of runs) {
    for (const task of tasks) {
      const key = `${pipeline}\0${task.id}`;
      const succeeded = task.status === 'succeeded' || task.status === 'cached';
      addOwned(succeeded && !seen.has(key) ? last : older, task);
      if (succeeded) seen.add(key);
    }
  }
  return { last, older };
}

/** Artifacts that MLflow clients have logged: of the runs that stay, and of logged models whose run is not gone. */
function heldByClients(layout: Layout, stays: readonly RunDocument[]): Set<ContentHash> {
  const tracked = stays.filter(({ source }) => source === 'tracking');
  const held = new Set(
    tracked.flatMap(({ tasks }) => tasks.flatMap(({ outputs }) => outputs.map(({ hash }) => hash))),
  );
  const ids = new Set(tracked.map(({ id }) => id));
  for (const { run, artifacts } of new LoggedModels(layout).all())
    if (run === undefined || ids.has(run)) for (const { hash } of artifacts.values()) held.add(hash);
  return held;
}

interface Entry extends GcFile {
  readonly usedAt: number;
  /** Absent for one that can't be read. */
  readonly fingerprint?: string;
  readonly outputs: readonly { readonly hash: ContentHash; readonly folder: boolean }[];
}

/** Objects by hash, and who needs them. */
class Objects {
  readonly files = new Map<ContentHash, GcFile & { readonly ctimeMs: number }>();
  readonly #users = new Map<ContentHash, number>();
  readonly #folders = new Map<ContentHash, readonly ContentHash[]>();
  totalBytes = 0;

  constructor(folder: string) {
    for (const file of shardedFiles(folder, /^[0-9a-f]{64}$/)) {
      this.files.set(`sha256:${file.name}`, file);
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
        if (file !== undefined) listing = readPlainText(file.path);
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

  isUsed(hash: ContentHash): boolean {
    return (this.#users.get(hash) ?? 0) > 0;
  }

  unused(): (GcFile & { readonly ctimeMs: number })[] {
    return [...this.files].flatMap(([hash, file]) => ((this.#users.get(hash) ?? 0) === 0 ? [file] : []));
  }
}

/** Folders of kept runs are known by entries; of an owner without an entry we can only look at the object. */
function looksLikeListing(file: GcFile | undefined): boolean {
  if (file === undefined || file.bytes > 64 * 1024 * 1024) return false;
  try {
    const text = readPlainText(file.path);
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
  const { kept, gone, live, problems } = divideRuns(store, options, now);
  const liveOwned = new Set<string>();
  for (const { tasks } of live) for (const task of tasks) addOwned(liveOwned, task);
  // The document of a run that goes on may not say yet what it has stored: whatever was used since it began is taken for
  // its own. One that waits for people has said all.
  const oldestLive = Math.min(
    Infinity,
    ...live.filter(({ status }) => status !== 'waiting').map((run) => Date.parse(run.createdAt)),
  );
  const { last: runOwned, older } =
    options.all === true ? { last: new Set<string>(), older: new Set<string>() } : ownedBy(kept);
  const registry = Registry.open(layout.root);
  const owned = ownedArtifacts(registry);
  // Artifacts of clients' runs are nowhere else.
  const versions = { ...owned, problems: [...owned.problems, ...problems] };
  const unversioned = registryGarbage(registry, versions, heldByClients(layout, [...kept, ...live]), now);
  const packages = PackageStore.open(layout.root);
  const unpackaged = packageGarbage(packages, now);
  const otherOwned = new Set<string>([...(options.owned ?? []), ...versions.hashes]);

  const objects = new Objects(layout.objects);
  const folders = new Set<ContentHash>();
  const entries: Entry[] = [...shardedFiles(layout.entries, ENTRY)].map((file) => {
    const entry = readEntry(file.path);
    const outputs = (entry?.outputs ?? []).map(({ hash, kind }) => ({ hash, folder: kind === 'folder' }));
    for (const { hash, folder } of outputs) {
      if (folder) folders.add(hash);
      objects.use(hash, folder);
    }
    return {
      path: file.path,
      bytes: file.bytes,
      usedAt: file.mtimeMs,
      outputs,
      ...(entry === undefined ? {} : { fingerprint: entry.fingerprint }),
    };
  });
  const isListing = (hash: ContentHash): boolean =>
    folders.has(hash) || looksLikeListing(objects.files.get(hash));
  for (const hash of new Set([...liveOwned, ...runOwned, ...otherOwned])) {
    if (objects.files.has(hash)) objects.use(hash, isListing(hash));
  }
  // What an older run has made and no entry names any more obeys the bounds like an entry.
  for (const hash of older) {
    const file = objects.files.get(hash);
    if (file === undefined || objects.isUsed(hash)) continue;
    objects.use(hash, isListing(hash));
    entries.push({ path: '', bytes: 0, usedAt: file.ctimeMs, outputs: [{ hash, folder: isListing(hash) }] });
  }

  const isOwned = ({ path: file, fingerprint, outputs, usedAt }: Entry): boolean => {
    if (file === '') return usedAt >= oldestLive;
    if (fingerprint === undefined) return false;
    if (usedAt >= oldestLive || liveOwned.has(fingerprint)) return true;
    return runOwned.has(fingerprint) || outputs.some(({ hash }) => otherOwned.has(hash));
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
    const readable = entry.path === '' || entry.fingerprint !== undefined;
    if (options.all !== true && !tooOld && !tooMuch && readable) continue;
    if (entry.path !== '') goneEntries.push(entry);
    left -= entry.bytes;
    for (const { hash, folder } of entry.outputs) left -= objects.drop(hash, folder);
  }

  const working = oldestLive !== Infinity;
  // What such a run has made can't be told from what nobody has.
  const named = new Set(entries.map(({ fingerprint }) => fingerprint));
  const blind = [...kept, ...live].find(({ tasks }) =>
    tasks.some(
      ({ lost, fingerprint }) => lost?.includes('outputs') === true && !named.has(fingerprint?.hash),
    ),
  );
  // Whoever stores content again touches its object: what was there before all who work now is not theirs.
  const goneObjects = objects
    .unused()
    .filter(() => blind === undefined)
    .filter(({ ctimeMs }) => !working || now - ctimeMs > GRACE_MS || ctimeMs < oldestLive - CLOCK_TICK_MS);
  const leftBehind = [
    packages.places.temp,
    layout.temp,
    layout.index,
    layout.locks,
    layout.memory,
    layout.runs,
  ].flatMap((folder) => staleTemps(folder, now));
  const temps = [...leftBehind, ...formerIndex(layout, now)];
  const runs = gone.map(({ id, pipeline }) => ({ id, pipeline, bytes: sizeOf(store.folder(id)) }));
  const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
    files.reduce((sum, { bytes }) => sum + bytes, 0);
  const cacheBytes = objects.totalBytes + entryBytes;
  const keptBytes = cacheBytes - bytesOf(goneEntries) - bytesOf(goneObjects);
  const notices = [
    ...(keptBytes > (options.maxBytes ?? Infinity) ? [OVER_BOUND] : []),
    ...(unversioned.notice === undefined ? [] : [unversioned.notice]),
    ...(blind === undefined
      ? []
      : [
          `A list of the files that run ${blind.id} has made is lost, so objects that nothing names stay: \`modelyard runs show ${blind.id}\` tells more.`,
        ]),
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
  'The cache stays over its bound: what is left is the last result of each task, or belongs to runs that have not ended or to model versions. A larger `cache: max-size` in modelyard.yaml gives it room; `modelyard gc --all` empties it.';

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

/** The index of lineage of versions that kept it in the memory; it lies in the user's cache now, where there is one. */
function formerIndex({ index }: Layout, now: number): GcFile[] {
  const folder = path.join(index, 'lineage');
  if (userCacheFolder() === undefined || !isFolder(folder)) return [];
  const stat = lstatSync(path.join(folder, 'state.json'), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return now - stat.mtimeMs < GRACE_MS ? [] : [{ path: folder, bytes: sizeOf(folder) }];
}

/** Does what the plan says, but for what was used since. Gives what was really freed. Never throws. */
export function applyGc(
  store: RunStore,
  plan: GcPlan,
): { readonly freedBytes: number; readonly removed: number; readonly problems: readonly StoreProblem[] } {
  let freedBytes = 0;
  let removed = 0;
  const foreign = foreignMemory(store.layout);
  if (foreign !== undefined) return { freedBytes: 0, removed: 0, problems: [foreign] };
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
      // Another gc may have been faster.
      if (!result.ok && result.unknown !== true) problems.push(result.problem);
      return result.ok;
    });
  }
  const unusedSince = (file: string, time: 'mtimeMs' | 'ctimeMs'): boolean => {
    const stat = statOf(file);
    return stat !== undefined && stat[time] < plan.madeAt;
  };
  // Entries first: an entry never names an object that gc has taken away on purpose.
  for (const file of plan.entries) {
    attempt(file, () => {
      if (!unusedSince(file.path, 'mtimeMs')) return false;
      rmSync(file.path, { force: true });
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
 * For the end of a run that stored something: keeps the cache within its bounds. Costs next to nothing until the estimate
 * of what is in the cache passes the bound, or enough time has passed for entries to have become too old. Frees a little
 * more than it must, so that not every run has to look again. Gives a notice when the cache stays over its bound.
 */
export function trimCache(
  store: RunStore,
  bounds: { readonly maxBytes?: number; readonly maxAgeMs?: number; readonly owned?: Iterable<ContentHash> },
  storedBytes: number,
): { readonly freedBytes: number; readonly notice?: string } {
  if (storedBytes === 0 || (bounds.maxBytes === undefined && bounds.maxAgeMs === undefined))
    return { freedBytes: 0 };
  if (staysWithin(store.layout, bounds, storedBytes)) return { freedBytes: 0 };
  const { maxBytes } = bounds;
  const over =
    maxBytes !== undefined && planGc(store, { ...bounds, maxBytes: Infinity }).keptBytes > maxBytes;
  const plan = planGc(store, over ? { ...bounds, maxBytes: Math.floor(maxBytes * LOW_WATER) } : bounds);
  const { freedBytes } =
    plan.entries.length + plan.objects.length === 0 ? { freedBytes: 0 } : applyGc(store, plan);
  writeUsage(store.layout, plan.keptBytes);
  if (maxBytes === undefined || plan.keptBytes <= maxBytes) return { freedBytes };
  return { freedBytes, notice: OVER_BOUND };
}

/** A cache that has to be trimmed is trimmed to this part of its bound. */
const LOW_WATER = 0.9;
