/**
 * Objects: files named by the hash of their bytes, read-only, made visible by one rename. One way to keep them, for the
 * cache of runs, the model registry with what MLflow clients log, and packages; what differs between these is their policy.
 * (DVC's cache keeps DVC's own layout and rules.)
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { syncFolder, tempName, writeFully } from '../disk/atomic.js';
import { withLock } from '../disk/file-lock.js';
import { namesIn, statOf, withFolder } from '../disk/folder.js';
import { errorCode } from '../disk/problem.js';
import type { ContentHash } from '../runs/document.js';

const HEX = /^sha256:([0-9a-f]{64})$/;
const LOCK_TIMEOUT_MS = 10_000;

/** Whether a text is a hash as our own objects are named by. */
export function isHash(text: string): boolean {
  return HEX.test(text);
}

/** The hex digits of a hash; throws for anything else, because it becomes a file name. */
export function hexOf(hash: ContentHash): string {
  const hex = HEX.exec(hash)?.[1];
  if (hex === undefined) throw new RangeError(`not a hash: ${JSON.stringify(hash)}`);
  return hex;
}

/**
 * Where a file named by a hash lies below `folder`: in a folder that is called by its first digits. One digit makes sixteen
 * folders: few enough that a first run does not spend its time on making them, and 100,000 objects are still only some
 * thousands in each.
 */
export function shardedPath(folder: string, hex: string, digits = 1): string {
  return path.join(folder, hex.slice(0, digits), hex);
}

/** How objects are kept in one place. */
export interface ObjectPolicy {
  /** Absolute. */
  readonly folder: string;
  /** Of the hash, that its objects' folders are called by. */
  readonly digits: number;
  /** Folder of halves, absolute, on the same file system. */
  readonly temp: string;
  /** Whether bytes and names have to outlive a power cut; what can be made again need not. */
  readonly durable: boolean;
  /** Permissions of an object whose bytes a file with these had. */
  readonly mode: (file: number) => number;
  /** Held while an object that exists is claimed or freed, where it is lost for good once it is gone. */
  readonly lock?: string;
}

export class ObjectFolder {
  readonly #policy: ObjectPolicy;
  readonly #temp: string;

  /** Reads and writes nothing yet. */
  constructor(policy: ObjectPolicy) {
    this.#policy = policy;
    this.#temp = path.join(policy.temp, 'x');
  }

  /** Where an object lies, or would. Throws for what is no hash. */
  pathOf(hash: ContentHash): string {
    return shardedPath(this.#policy.folder, hexOf(hash), this.#policy.digits);
  }

  /** Whether an object is there, by its name and, where it is known, its size. */
  has(hash: ContentHash, bytes?: number): boolean {
    const stat = statOf(this.pathOf(hash));
    return stat?.isFile() === true && (bytes === undefined || stat.size === bytes);
  }

  /** A new name for half of an object. */
  temp(): string {
    return tempName(this.#temp);
  }

  /**
   * Whether the object is there. If so its change time says that it was just wanted, which gc respects.
   * @param mode of the file whose bytes they are
   */
  claim(hash: ContentHash, bytes: number, mode = 0o444): boolean {
    const object = this.pathOf(hash);
    const stat = statOf(object);
    if (stat?.isFile() !== true || stat.size !== bytes) return false;
    return this.#locked(() => {
      try {
        chmodSync(object, this.#policy.mode(stat.mode & mode));
        return true;
      } catch (error) {
        // One that another user of the project has stored is replaced by the same bytes.
        if (['ENOENT', 'EPERM'].includes(errorCode(error) ?? '')) return false;
        throw error;
      }
    });
  }

  /** Frees a file that nobody has claimed since `before` (ms); says whether it is gone. */
  free(file: string, before: number): boolean {
    return this.#locked(() => {
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat === undefined || stat.ctimeMs >= before) return false;
      rmSync(file, { recursive: true, force: true });
      return true;
    });
  }

  #locked(work: () => boolean): boolean {
    const { lock } = this.#policy;
    if (lock === undefined) return work();
    mkdirSync(path.dirname(lock), { recursive: true });
    const done = withLock(lock, LOCK_TIMEOUT_MS, work);
    if (!done.ok) throw new Error(`${path.dirname(lock)} is locked by another process; try again`);
    return done.value;
  }

  /** Keeps small bytes, or a listing. @param mode of the file whose bytes they are */
  write(bytes: Uint8Array, hash: ContentHash, mode = 0o444): void {
    if (this.claim(hash, bytes.length, mode)) return;
    const half = this.temp();
    const fd = withFolder(half, () => openSync(half, 'wx', this.#policy.mode(mode)));
    try {
      try {
        writeFully(fd, bytes);
        if (this.#policy.durable) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      this.#place(half, hash);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  }

  /**
   * A file made for this, named by `temp`, whose hash is known: it becomes the object, or goes when that is there.
   * @param mode of the file whose bytes they are
   */
  adopt(half: string, hash: ContentHash, mode = 0o444): void {
    try {
      if (this.claim(hash, statSync(half).size, mode)) return;
      if (this.#policy.durable) syncFile(half);
      chmodSync(half, this.#policy.mode(mode));
      this.#place(half, hash);
    } finally {
      // Left over after a failure, and after a rename onto another link of the same file, which does nothing.
      rmSync(half, { force: true });
    }
  }

  /** Every object that is here. */
  *all(): Generator<KeptFile & { readonly hash: ContentHash }> {
    for (const file of shardedFiles(this.#policy.folder, /^[0-9a-f]{64}$/))
      yield { ...file, hash: `sha256:${file.name}` };
  }

  #place(half: string, hash: ContentHash): void {
    const object = this.pathOf(hash);
    withFolder(object, () => renameSync(half, object));
    if (this.#policy.durable) syncFolder(path.dirname(object));
  }
}

function syncFile(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export interface KeptFile {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/**
 * Files by name in the folders of a folder, each of which is called as its files begin. Whatever else lies there, or leads
 * elsewhere, is somebody else's. A folder that goes meanwhile is empty.
 */
export function* shardedFiles(folder: string, named: RegExp): Generator<KeptFile> {
  for (const shard of namesIn(folder)) {
    for (const name of namesIn(path.join(folder, shard))) {
      if (!named.test(name) || !name.startsWith(shard)) continue;
      const file = path.join(folder, shard, name);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() !== true) continue;
      yield { path: file, name, bytes: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs };
    }
  }
}
