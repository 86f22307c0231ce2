/** The cache in `.modelyard/cache`, shared by all pipelines of a project. Layout: `objects/a/<hash>`, `entries/a/<fingerprint>.json`. */
import { defined } from '../../base/defined.js';
import { isRecord } from '../../base/is-record.js';
import { jsonText, parseJson } from '../../base/json.js';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { tempName, writeAtomic } from '../../stores/disk/atomic.js';
import { removeTree, statOf, withFolder } from '../../stores/disk/folder.js';
import { ensureMemory } from '../../stores/layout.js';
import type { Layout } from '../../stores/layout.js';
import { BadListing, NewFolder, isInnerPath, readListing, saneMode } from '../../stores/content/listing.js';
import { describeFileError, errorCode } from '../../stores/disk/problem.js';
import type { ContentHash, MetricRange } from '../../stores/runs/document.js';
import { hexOf, isHash, shardedPath } from '../../stores/content/objects.js';
import { CacheObjects, ChangedFile, DamagedObject } from './objects.js';
import type {
  ApplyOptions,
  Cache,
  CacheEntry,
  CacheHit,
  CacheProblem,
  CachedOutput,
  KeptOutcome,
  StoreRequest,
} from './cache.js';
import type { HashIndex } from '../../stores/content/hash-index.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

export const ENTRY_SCHEMA = 1;
/** An entry's time of use need not be exact; not to write each time one is used. */
const TOUCH_MS = 60 * 60 * 1000;
/** Where the project asks for links, from here on a hard link instead of a copy. See objects.ts. */
export const LINK_FROM_BYTES = 64 * 1024 * 1024;
/** A task's own outputs may lead to a file outside, as a virtual environment does to its Python. */
const RULES = { outside: true };

export interface DiskCacheOptions {
  /** Files from so many bytes on are linked rather than copied, where there are no reflinks. Default: never. */
  readonly linkFrom?: number;
}

export function entryPath(layout: Layout, fingerprint: ContentHash): string {
  return `${shardedPath(layout.entries, hexOf(fingerprint))}.json`;
}

/** An entry as it is on disk; `undefined` when there is none, or none that this version can use. */
export function readEntry(file: string): CacheEntry | undefined {
  try {
    const value: unknown = parseJson(readPlainText(file));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('schema' in value) || value.schema !== ENTRY_SCHEMA) return undefined;
    if (!('outputs' in value) || !Array.isArray(value.outputs)) return undefined;
    if (!('data' in value) || !isKept(value.data)) return undefined;
    return value.outputs.every(isOutput) ? (value as CacheEntry) : undefined;
  } catch {
    return undefined;
  }
}

function isKept(value: unknown): value is KeptOutcome {
  if (typeof value !== 'object' || value === null) return false;
  const { artifacts, metrics, ranges = {}, checks } = value as Partial<Record<keyof KeptOutcome, unknown>>;
  if (!isRecord(metrics) || !isRecord(ranges) || !Object.values(ranges).every(isRange)) return false;
  return Array.isArray(artifacts) && (checks === undefined || Array.isArray(checks));
}

function isRange(value: unknown): value is MetricRange {
  return Array.isArray(value) && value.length === 2 && value.every((bound) => typeof bound === 'number');
}

/** Whether an output of an entry, which may have come from elsewhere, is one in form. */
function isOutput(value: unknown): value is CachedOutput {
  if (typeof value !== 'object' || value === null) return false;
  const {
    path: file,
    kind,
    hash,
    bytes,
    mode,
    modes,
  } = value as Partial<Record<keyof CachedOutput, unknown>>;
  if (typeof file !== 'string' || !isInnerPath(file) || /^\.(?:git|modelyard)(?:\/|$)/i.test(file))
    return false;
  if (kind !== 'file' && kind !== 'folder') return false;
  if (typeof hash !== 'string' || !isHash(hash) || typeof bytes !== 'number') return false;
  if (mode !== undefined && typeof mode !== 'number') return false;
  return modes === undefined || isModes(modes);
}

function isModes(value: unknown): value is NonNullable<CachedOutput['modes']> {
  if (typeof value !== 'object' || value === null) return false;
  const { files, folders, others } = value as Partial<
    Record<keyof NonNullable<CachedOutput['modes']>, unknown>
  >;
  if (typeof files !== 'number' || typeof folders !== 'number') return false;
  return (
    typeof others === 'object' &&
    others !== null &&
    Object.values(others).every((mode) => typeof mode === 'number')
  );
}

export class DiskCache implements Cache {
  /** Bytes that this process has added; what it tells `trimCache`. */
  storedBytes = 0;
  readonly #layout: Layout;
  readonly #index: HashIndex;
  readonly #objects: CacheObjects;

  /** Reads and writes nothing yet. The index is where large files' hashes are known from; save it after the run. */
  constructor(layout: Layout, index: HashIndex, options: DiskCacheOptions = {}) {
    this.#layout = layout;
    this.#index = index;
    this.#objects = new CacheObjects(layout, index, options.linkFrom ?? Infinity);
  }

  lookup(fingerprint: ContentHash): CacheHit | undefined {
    const file = entryPath(this.#layout, fingerprint);
    // Mostly there is none when this is asked, and that costs less to be told than to be thrown.
    const entry = existsSync(file) ? readEntry(file) : undefined;
    if (entry?.fingerprint !== fingerprint) return undefined;
    for (const output of entry.outputs) {
      if (!this.#objects.has(output.hash, output.kind === 'file' ? output.bytes : undefined))
        return undefined;
    }
    return { entry, apply: (options = {}) => this.#apply(entry, options) };
  }

  keeps(hash: ContentHash, folder: boolean): boolean {
    if (!this.#objects.has(hash)) return false;
    if (!folder) return true;
    try {
      const entries = readListing(this.#objects.getBytes(hash).toString('utf8'), RULES);
      return entries.every((entry) => entry.kind !== 'file' || this.#objects.has(entry.hash));
    } catch {
      return false;
    }
  }

  locate(hash: ContentHash): string | undefined {
    return this.#objects.has(hash) ? this.#objects.pathOf(hash) : undefined;
  }

  touch(fingerprint: ContentHash): void {
    const file = entryPath(this.#layout, fingerprint);
    const stat = statOf(file);
    if (stat === undefined || Date.now() - stat.mtimeMs < TOUCH_MS) return;
    try {
      utimesSync(file, stat.atimeMs / 1000, Date.now() / 1000);
    } catch {
      // It may be evicted a little early: that is all.
    }
  }

  async release(paths: readonly string[]): Promise<void> {
    for (const relative of paths) await this.#part(path.join(this.#layout.root, relative));
  }

  async #part(target: string): Promise<void> {
    const stat = lstatSync(target, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(target)) await this.#part(path.join(target, name));
    } else if (stat?.isFile() === true) {
      await this.#objects.part(target);
    }
  }

  async store(
    request: StoreRequest,
  ): Promise<{ readonly ok: true; readonly entry: CacheEntry } | CacheProblem> {
    try {
      if (!existsSync(this.#layout.memory)) ensureMemory(this.#layout);
      const outputs: CachedOutput[] = [];
      for (const output of request.outputs) {
        request.signal?.throwIfAborted();
        outputs.push(await this.#storeOutput(output, request.signal));
      }
      const entry: CacheEntry = {
        schema: ENTRY_SCHEMA,
        fingerprint: request.fingerprint,
        createdAt: new Date().toISOString(),
        runId: request.runId,
        taskId: request.taskId,
        outputs,
        data: request.data,
      };
      const file = entryPath(this.#layout, request.fingerprint);
      const text = `${jsonText(entry)}\n`;
      withFolder(file, () => writeAtomic(file, text));
      this.storedBytes += text.length + outputs.reduce((sum, { bytes }) => sum + bytes, 0);
      return { ok: true, entry };
    } catch (error) {
      return storeProblem(request, error);
    }
  }

  async #storeOutput(
    { path: relative, hash }: { readonly path: string; readonly hash: ContentHash },
    signal: AbortSignal | undefined,
  ): Promise<CachedOutput> {
    const target = path.join(this.#layout.root, relative);
    if (!statSync(target).isDirectory()) {
      const { bytes, mode } = await this.#objects.putFile(target, hash);
      const executable = (mode & 0o100) !== 0 ? { executable: true } : {};
      return { path: relative, kind: 'file', hash, bytes, mode, ...executable };
    }
    const folder = await this.#index.hashAsync(target, signal);
    signal?.throwIfAborted();
    if (!folder.ok || folder.kind !== 'folder' || folder.hash !== hash) throw new ChangedFile(target);
    const modes = new FolderModes(target);
    for (const entry of readListing(folder.listing, RULES)) {
      modes.above(entry.path);
      if (entry.kind === 'folder') modes.above(`${entry.path}/`);
      if (entry.kind !== 'file') continue;
      const { mode } = await this.#objects.putFile(path.join(target, entry.path), entry.hash);
      modes.file(entry.path, mode);
    }
    this.#objects.write(Buffer.from(folder.listing), hash);
    const { bytes, files, executables } = folder;
    return {
      path: relative,
      kind: 'folder',
      hash,
      bytes,
      files,
      mode: statSync(target).mode & 0o777,
      ...(executables.length === 0 ? {} : { executables }),
      modes: modes.summary(),
    };
  }

  async #apply(
    entry: CacheEntry,
    options: ApplyOptions,
  ): Promise<{ readonly ok: true; readonly restored: readonly string[] } | CacheProblem> {
    const restored: string[] = [];
    for (const output of entry.outputs) {
      if (options.only !== undefined && !options.only.includes(output.path)) continue;
      try {
        if (await this.#restore(output, options)) restored.push(output.path);
      } catch (error) {
        if (error instanceof DamagedObject || error instanceof BadListing) {
          // Without its entry nobody asks for it again.
          rmSync(entryPath(this.#layout, entry.fingerprint), { force: true });
          const message = `The cache's copy of ${output.path} can't be used: ${error.message}. The task runs again.`;
          return { ok: false, reason: 'damaged', message };
        }
        if (options.signal?.aborted === true) {
          return { ok: false, reason: 'cancelled', message: `Restoring ${output.path} was cancelled.` };
        }
        const why = describeFileError(error, this.#layout.root);
        const message = `Can't restore ${output.path} from the cache: ${why}.`;
        return { ok: false, reason: 'failed', message };
      }
    }
    this.touch(entry.fingerprint);
    return { ok: true, restored };
  }

  /** False: it was there already. */
  async #restore(output: CachedOutput, options: ApplyOptions): Promise<boolean> {
    const target = path.join(this.#layout.root, output.path);
    if (!leadsInside(this.#layout.root, path.dirname(target)))
      throw new Error('its place leaves the project by a link');
    if (await this.#isThere(target, output, options)) return false;
    const temp = this.#objects.temp();
    mkdirSync(this.#layout.temp, { recursive: true });
    try {
      await this.#build(output, temp, options);
      if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) await options.makeWay?.(output.path);
      await this.#place(temp, target, output, options);
    } finally {
      removeTree(temp);
    }
    if (output.kind === 'file') this.#index.remember(target, output.hash);
    return true;
  }

  async #isThere(target: string, output: CachedOutput, options: ApplyOptions): Promise<boolean> {
    // A link in the place of an output is the user's; what it leads to is not ours to judge.
    const stat = lstatSync(target, { throwIfNoEntry: false });
    if (stat === undefined || (output.kind === 'folder' ? !stat.isDirectory() : !stat.isFile())) return false;
    if (output.kind === 'file') {
      if (stat.size !== output.bytes) return false;
      if (((stat.mode & 0o100) !== 0) !== (output.executable ?? false)) return false;
    }
    const hashed = await this.#index.hashAsync(target, options.signal);
    options.signal?.throwIfAborted();
    if (!hashed.ok || hashed.hash !== output.hash) return false;
    if (hashed.kind === 'file') return true;
    return hashed.executables.join('\n') === (output.executables ?? []).join('\n');
  }

  async #build(output: CachedOutput, target: string, options: ApplyOptions): Promise<void> {
    if (output.kind === 'folder') return this.#buildFolder(output, target, options);
    await this.#get(output.hash, target, output.executable ?? false, output.mode, options);
  }

  async #get(
    hash: ContentHash,
    target: string,
    executable: boolean,
    mode: number | undefined,
    options: ApplyOptions,
  ): Promise<void> {
    await this.#objects.get(hash, target, {
      executable,
      verify: options.verify ?? false,
      ...(mode === undefined ? {} : { mode: saneMode(mode) }),
      ...defined({ signal: options.signal }),
    });
  }

  async #buildFolder(output: CachedOutput, folder: string, options: ApplyOptions): Promise<void> {
    const entries = readListing(this.#objects.getBytes(output.hash).toString('utf8'), RULES);
    const executables = new Set(output.executables);
    const { modes } = output;
    const others = new Map(Object.entries(modes?.others ?? {}));
    const made = new NewFolder(folder, entries, RULES);
    for (const { path: file, hash } of made.files) {
      const mode = others.get(file) ?? modes?.files;
      await this.#get(hash, made.place(file), executables.has(file), mode, options);
    }
    made.finish(
      // Only what the task's own listing recorded, and only while it leads to those bytes.
      ({ path: link, target, leads }) => {
        const there = path.join(this.#layout.root, output.path, path.dirname(link));
        const led = this.#index.hash(path.resolve(there, target));
        return led.ok && led.kind === 'file' && led.hash === leads;
      },
      // The folder itself gets its own in its place: it could not be moved there without the right to write.
      (name) => (name === '' ? undefined : (others.get(`${name}/`) ?? modes?.folders)),
    );
  }

  /** Puts `temp` in its place, which is free. */
  async #place(temp: string, target: string, output: CachedOutput, options: ApplyOptions): Promise<void> {
    try {
      withFolder(target, () => this.#moveIn(temp, target, output));
    } catch (error) {
      if (errorCode(error) !== 'EXDEV') throw error;
      // The output lies on another file system than the cache (a mount): it is made beside its place.
      const beside = tempName(target);
      try {
        await this.#build(output, beside, options);
        this.#moveIn(beside, target, output);
      } finally {
        removeTree(beside);
      }
    }
    if (output.kind === 'folder' && output.mode !== undefined) chmodSync(target, saneMode(output.mode));
  }

  /** A rename would take the place of a file, or of an empty folder: whatever has come meanwhile is not ours. */
  #moveIn(temp: string, target: string, output: CachedOutput): void {
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) {
      throw new Error(`${output.path} is in the way, and the cache has not made it`);
    }
    renameSync(temp, target);
  }
}

/** Whether a folder, or what there is of it, lies in the project when links are followed. */
function leadsInside(root: string, folder: string): boolean {
  const realRoot = realpathSync.native(root);
  for (let at = folder; at.length >= root.length; at = path.dirname(at)) {
    if (lstatSync(at, { throwIfNoEntry: false }) === undefined) continue;
    try {
      const real = realpathSync.native(at);
      return real === realRoot || real.startsWith(realRoot + path.sep);
    } catch {
      // A link that leads nowhere.
      return false;
    }
  }
  return false;
}

/** Permissions in a folder that is stored: the usual ones once, and what differs by its path (folders with a `/` behind). */
class FolderModes {
  readonly #folder: string;
  readonly #seen = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  file(name: string, mode: number): void {
    this.#seen.set(name, mode);
  }

  /** The folders that a path lies in. */
  above(name: string): void {
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
      const folder = name.slice(0, at);
      if (this.#seen.has(`${folder}/`)) return;
      this.#seen.set(`${folder}/`, statSync(path.join(this.#folder, folder)).mode & 0o777);
    }
  }

  summary(): NonNullable<CachedOutput['modes']> {
    const usual = (folders: boolean): number => {
      const counts = new Map<number, number>();
      for (const [name, mode] of this.#seen) {
        if (name.endsWith('/') === folders) counts.set(mode, (counts.get(mode) ?? 0) + 1);
      }
      const [most] = [...counts].sort(([, a], [, b]) => b - a);
      return most?.[0] ?? (folders ? 0o755 : 0o644);
    };
    const [files, folders] = [usual(false), usual(true)];
    const others = [...this.#seen].filter(([name, mode]) => mode !== (name.endsWith('/') ? folders : files));
    return { files, folders, others: Object.fromEntries(others) };
  }
}

function storeProblem(request: StoreRequest, error: unknown): CacheProblem {
  if (request.signal?.aborted === true) {
    return { ok: false, reason: 'cancelled', message: `Storing outputs of ${request.taskId} was cancelled.` };
  }
  if (error instanceof ChangedFile) {
    const message = `${error.message} changed while it was stored in the cache; ${request.taskId} will run again next time.`;
    return { ok: false, reason: 'changed', message };
  }
  const reason = errorCode(error) === 'ENOENT' ? 'missing' : 'failed';
  const message = `The outputs of ${request.taskId} could not be stored in the cache: ${describeFileError(error)}. The task will run again next time.`;
  return { ok: false, reason, message };
}
