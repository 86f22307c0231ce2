/**
 * The feature store on the disk: `.modelyard/features/<view>/`. A version is a folder that never changes once it has its
 * name; the current one is named by a small document that is replaced by one rename. So a reader that has looked up the
 * current version reads that version to its end, whatever happens meanwhile.
 */
import { type Dirent, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolder, tempName, tempOwner } from '../stores/disk/atomic.js';
import { type DocumentKind, type Loaded, openDocument, readDocument } from '../stores/disk/document.js';
import { type FileLock, tryLock } from '../stores/disk/file-lock.js';
import { hashOf } from '../stores/content/hash.js';
import { folderIn, layoutOf, safeFileName } from '../stores/layout.js';
import { errorCode } from '../stores/disk/problem.js';
import { ATTEMPT, MANIFEST, PIN, POINTER } from './views/manifest.js';
import type { Attempt, Manifest, Pin, Pointer } from './views/manifest.js';
import { statOf } from '../stores/disk/folder.js';

/** How long a version is kept after another took its place: readers may be at it, and people want to compare. */
export const KEEP_MS = 7 * 24 * 60 * 60_000;

export interface Sweep {
  readonly view: string;
  readonly version: number;
  readonly bytes: number;
}

export class FeatureStore {
  /** Absolute. */
  readonly folder: string;
  /** Where versions are made; on the same file system. */
  readonly temp: string;

  /** @param root of the project; nothing is read or made yet */
  constructor(root: string) {
    this.folder = folderIn(layoutOf(root).memory, 'features');
    this.temp = path.join(this.folder, 'tmp');
  }

  /** Names of the views that have been computed, sorted. */
  views(): string[] {
    const folder = path.join(this.folder, 'views');
    return foldersIn(folder)
      .map((name) => readDocument(path.join(folder, name, 'current.json'), POINTER))
      .flatMap((loaded) => (loaded.state === 'ok' ? [loaded.value.view] : []))
      .sort();
  }

  /** The number of the current version; `missing` when the view has never been computed. */
  pointer(view: string): Loaded<Pointer> {
    return readDocument(path.join(this.viewFolder(view), 'current.json'), POINTER);
  }

  /** The current version. */
  current(view: string): Loaded<Manifest> {
    const pointer = this.pointer(view);
    return pointer.state === 'ok' ? this.manifest(view, pointer.value.version) : pointer;
  }

  manifest(view: string, version: number): Loaded<Manifest> {
    return readDocument(path.join(this.versionFolder(view, version), 'manifest.json'), MANIFEST);
  }

  /** Numbers of all versions, the newest first. */
  versions(view: string): number[] {
    return foldersIn(path.join(this.viewFolder(view), 'versions'))
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
      .sort((a, b) => b - a);
  }

  /** The Parquet file of a version, absolute. Whether it is there is not looked at. */
  dataFile(view: string, version: number): string {
    return path.join(this.versionFolder(view, version), 'data.parquet');
  }

  /** Whether the data of a version is as long as it was when it was written. */
  isWhole(manifest: Manifest): boolean {
    const stat = statOf(this.dataFile(manifest.view, manifest.version));
    return stat?.size === manifest.bytes;
  }

  attempt(view: string): Loaded<Attempt> {
    return readDocument(path.join(this.viewFolder(view), 'attempt.json'), ATTEMPT);
  }

  /** Throws the system's error. */
  writeAttempt(view: string, attempt: Attempt): void {
    write(path.join(this.viewFolder(view), 'attempt.json'), ATTEMPT, attempt, false);
  }

  /** One process computes a view at a time. `undefined`: another one does. Throws the system's error. */
  lock(view: string): FileLock | undefined {
    mkdirSync(this.viewFolder(view), { recursive: true });
    return tryLock(path.join(this.viewFolder(view), 'lock'));
  }

  /** An empty folder of this process for what is being made. Those of processes that are gone are removed. */
  makeTemp(): string {
    mkdirSync(this.temp, { recursive: true });
    for (const name of readdirSync(this.temp)) {
      const owner = tempOwner(name);
      if (owner !== undefined && !isRunning(owner))
        rmSync(path.join(this.temp, name), { recursive: true, force: true });
    }
    const folder = tempName(path.join(this.temp, 'version'));
    mkdirSync(folder);
    return folder;
  }

  /**
   * Makes a Parquet file, which is moved, the current version. Under the view's lock. Killed at any point, either the old
   * version is current or the new one, whole. Throws the system's error.
   * @param temp a folder of `makeTemp`
   */
  publish(temp: string, data: string, manifest: Manifest): void {
    const made = path.join(temp, 'made');
    mkdirSync(made);
    renameSync(data, path.join(made, 'data.parquet'));
    write(path.join(made, 'manifest.json'), MANIFEST, manifest, true);
    const { view, version } = manifest;
    const target = this.versionFolder(view, version);
    mkdirSync(path.dirname(target), { recursive: true });
    rmSync(target, { recursive: true, force: true });
    renameSync(made, target);
    syncFolder(path.dirname(target));
    write(path.join(this.viewFolder(view), 'current.json'), POINTER, { schema: 1, view, version }, true);
  }

  /** The number of the next version. A folder that was never made current is nobody's, and is written over. */
  nextVersion(view: string): number {
    const pointer = this.pointer(view);
    return pointer.state === 'ok' ? pointer.value.version + 1 : (this.versions(view)[0] ?? 0) + 1;
  }

  /** Keeps versions for somebody, in place of what that one kept before; none: nothing any more. Throws the system's error. */
  pin(owner: string, uses: Pin['uses'], at = new Date()): void {
    const file = path.join(this.folder, 'pins', `${hashOf(owner).slice(7, 39)}.json`);
    if (uses.length === 0) {
      rmSync(file, { force: true });
      return;
    }
    mkdirSync(path.dirname(file), { recursive: true });
    write(file, PIN, { schema: 1, owner, at: at.toISOString(), uses }, true);
  }

  /** Who keeps which versions. */
  pins(): Pin[] {
    const folder = path.join(this.folder, 'pins');
    return filesIn(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readDocument(path.join(folder, name), PIN))
      .flatMap((loaded) => (loaded.state === 'ok' ? [loaded.value] : []));
  }

  /** Removes versions of a view that nobody needs: not current, not pinned, and replaced long ago. Under its lock. */
  sweep(view: string, now = Date.now(), keepMs = KEEP_MS): Sweep[] {
    const pointer = this.pointer(view);
    if (pointer.state !== 'ok') return [];
    const pinned = new Set(
      this.pins().flatMap((pin) => pin.uses.filter((use) => use.view === view).map((use) => use.version)),
    );
    const swept: Sweep[] = [];
    let replacedAt = now;
    for (const version of this.versions(view)) {
      const loaded = this.manifest(view, version);
      const mayGo = version < pointer.value.version && !pinned.has(version) && now - replacedAt > keepMs;
      if (loaded.state === 'ok') replacedAt = Date.parse(loaded.value.createdAt);
      if (!mayGo) continue;
      rmSync(this.versionFolder(view, version), { recursive: true, force: true });
      swept.push({ view, version, bytes: loaded.state === 'ok' ? loaded.value.bytes : 0 });
    }
    return swept;
  }

  viewFolder(view: string): string {
    return path.join(
      this.folder,
      'views',
      safeFileName(view, (text) => hashOf(text).slice(7)),
    );
  }

  versionFolder(view: string, version: number): string {
    if (!Number.isSafeInteger(version) || version < 1) throw new RangeError(`not a version: ${version}`);
    return path.join(this.viewFolder(view), 'versions', String(version));
  }
}

function write<T extends { readonly schema: number }>(
  file: string,
  kind: DocumentKind<T>,
  value: T,
  durable: boolean,
): void {
  const { low, adapter } = openDocument(file, kind, value);
  adapter.durable = durable;
  low.write();
}

function foldersIn(folder: string): string[] {
  return entriesIn(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function filesIn(folder: string): string[] {
  return entriesIn(folder).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
