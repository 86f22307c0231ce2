/** The cache in `.modelyard/cache`, shared by all pipelines of a project. Layout: `objects/a/<hash>`, `entries/a/<fingerprint>.json`. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { tempName, writeAtomic } from '../stores/atomic.js';
import { shardedPath } from '../stores/layout.js';
import type { Layout } from '../stores/layout.js';
import { describeError, errorCode } from '../stores/problem.js';
import type { ContentHash } from '../stores/run-document.js';
import { ChangedFile, DamagedObject, ObjectStore, hexOf, withFolder } from './cache-objects.js';
import type {
  ApplyOptions,
  Cache,
  CacheEntry,
  CacheHit,
  CacheProblem,
  CachedOutput,
  StoreRequest,
} from './cache.js';
import type { HashIndex } from './hash-index.js';
import { parseListing } from './hash.js';

export const ENTRY_SCHEMA = 1;
/** An entry's time of use need not be exact; not to write each time one is used. */
const TOUCH_MS = 60 * 60 * 1000;
/** From here on a hard link instead of a copy, where there are no reflinks. See cache-objects.ts. */
export const LINK_FROM_BYTES = 64 * 1024 * 1024;

export interface DiskCacheOptions {
  /** Files from so many bytes on are linked rather than copied. `Infinity`: never. */
  readonly linkFrom?: number;
}

export function entryPath(layout: Layout, fingerprint: ContentHash): string {
  const hex = hexOf(fingerprint);
  return shardedPath(layout.entries, hex, '.json');
}

/** An entry as it is on disk; `undefined` when there is none, or none that this version can use. */
export function readEntry(file: string): CacheEntry | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('schema' in value) || value.schema !== ENTRY_SCHEMA) return undefined;
    if (!('outputs' in value) || !Array.isArray(value.outputs)) return undefined;
    return value as CacheEntry;
  } catch {
    return undefined;
  }
}

export class DiskCache implements Cache {
  /** Bytes that this process has added; what it tells `trimCache`. */
  storedBytes = 0;
  readonly #layout: Layout;
  readonly #index: HashIndex;
  readonly #objects: ObjectStore;

  /** Reads and writes nothing yet. The index is where large files' hashes are known from; save it after the run. */
  constructor(layout: Layout, index: HashIndex, options: DiskCacheOptions = {}) {
    this.#layout = layout;
    this.#index = index;
    this.#objects = new ObjectStore(layout, index, options.linkFrom ?? LINK_FROM_BYTES);
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

  locate(hash: ContentHash): string | undefined {
    return this.#objects.has(hash) ? this.#objects.pathOf(hash) : undefined;
  }

  touch(fingerprint: ContentHash): void {
    const file = entryPath(this.#layout, fingerprint);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || Date.now() - stat.mtimeMs < TOUCH_MS) return;
    try {
      utimesSync(file, stat.atimeMs / 1000, Date.now() / 1000);
    } catch {
      // It may be evicted a little early: that is all.
    }
  }

  async release(paths: readonly string[], options: { readonly keep?: boolean } = {}): Promise<void> {
    for (const relative of paths)
      await this.#part(path.join(this.#layout.root, relative), options.keep ?? false);
  }

  async #part(target: string, keep: boolean): Promise<void> {
    const stat = lstatSync(target, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(target)) await this.#part(path.join(target, name), keep);
    } else if (stat?.isFile() === true) {
      await this.#objects.part(target, keep);
    }
  }

  async store(
    request: StoreRequest,
  ): Promise<{ readonly ok: true; readonly entry: CacheEntry } | CacheProblem> {
    try {
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
      const text = `${JSON.stringify(entry)}\n`;
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
      const { bytes, executable } = await this.#objects.putFile(target, hash);
      return { path: relative, kind: 'file', hash, bytes, ...(executable ? { executable } : {}) };
    }
    const folder = await this.#index.hashAsync(target, signal);
    signal?.throwIfAborted();
    if (!folder.ok || folder.kind !== 'folder' || folder.hash !== hash) throw new ChangedFile(target);
    for (const line of parseListing(folder.listing)) {
      if (line.kind === 'file') await this.#objects.putFile(path.join(target, line.path), line.hash);
    }
    this.#objects.putBytes(Buffer.from(folder.listing), hash);
    const { bytes, files, executables } = folder;
    return {
      path: relative,
      kind: 'folder',
      hash,
      bytes,
      files,
      ...(executables.length === 0 ? {} : { executables }),
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
        if (error instanceof DamagedObject) {
          // Without its entry nobody asks for it again.
          rmSync(entryPath(this.#layout, entry.fingerprint), { force: true });
          const message = `The cache's copy of ${output.path} can't be used: ${error.message}. The task runs again.`;
          return { ok: false, reason: 'damaged', message };
        }
        if (options.signal?.aborted === true) {
          return { ok: false, reason: 'cancelled', message: `Restoring ${output.path} was cancelled.` };
        }
        const message = `Can't restore ${output.path} from the cache: ${describeError(error)}.`;
        return { ok: false, reason: 'failed', message };
      }
    }
    this.touch(entry.fingerprint);
    return { ok: true, restored };
  }

  /** False: it was there already. */
  async #restore(output: CachedOutput, options: ApplyOptions): Promise<boolean> {
    const target = path.join(this.#layout.root, output.path);
    if (await this.#isThere(target, output, options)) return false;
    const temp = this.#objects.temp();
    mkdirSync(this.#layout.temp, { recursive: true });
    try {
      if (output.kind === 'file') {
        await this.#get(output.hash, temp, output.executable ?? false, options);
      } else {
        await this.#buildFolder(output, temp, options);
      }
      await this.#place(temp, target, output, options);
    } finally {
      rmSync(temp, { recursive: true, force: true });
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

  async #get(hash: ContentHash, target: string, executable: boolean, options: ApplyOptions): Promise<void> {
    await this.#objects.get(hash, target, {
      executable,
      verify: options.verify ?? false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  async #buildFolder(output: CachedOutput, folder: string, options: ApplyOptions): Promise<void> {
    const listing = this.#objects.getBytes(output.hash).toString('utf8');
    const executables = new Set(output.executables);
    const made = new Set([folder]);
    mkdirSync(folder);
    const folderFor = (file: string): void => {
      const parent = path.dirname(file);
      if (made.has(parent)) return;
      mkdirSync(parent, { recursive: true });
      made.add(parent);
    };
    for (const line of parseListing(listing)) {
      const target = path.join(folder, line.path);
      if (!target.startsWith(folder + path.sep)) throw new DamagedObject('its listing leaves the folder');
      folderFor(target);
      if (line.kind === 'file') await this.#get(line.hash, target, executables.has(line.path), options);
      else if (line.kind === 'folder') mkdirSync(target, { recursive: true });
      else symlinkSync(line.target, target);
    }
  }

  /** Puts `temp` in the place of `target`; what was there leaves by one rename and is then deleted. */
  async #place(temp: string, target: string, output: CachedOutput, options: ApplyOptions): Promise<void> {
    const there = lstatSync(target, { throwIfNoEntry: false });
    const old = this.#objects.temp();
    try {
      if (there !== undefined && (there.isDirectory() || output.kind === 'folder')) renameSync(target, old);
      withFolder(target, () => renameSync(temp, target));
    } catch (error) {
      if (errorCode(error) !== 'EXDEV') throw error;
      await this.#placeAcross(target, output, options);
    } finally {
      rmSync(old, { recursive: true, force: true });
    }
  }

  /** The output lies on another file system than the cache (a mount): made beside its place instead. */
  async #placeAcross(target: string, output: CachedOutput, options: ApplyOptions): Promise<void> {
    mkdirSync(path.dirname(target), { recursive: true });
    const beside = tempName(target);
    try {
      if (output.kind === 'file') await this.#get(output.hash, beside, output.executable ?? false, options);
      else await this.#buildFolder(output, beside, options);
      const there = lstatSync(target, { throwIfNoEntry: false });
      if (there?.isDirectory() === true || output.kind === 'folder') {
        rmSync(target, { recursive: true, force: true });
      }
      renameSync(beside, target);
    } finally {
      rmSync(beside, { recursive: true, force: true });
    }
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
  const message = `The outputs of ${request.taskId} could not be stored in the cache: ${describeError(error)}. The task will run again next time.`;
  return { ok: false, reason, message };
}
