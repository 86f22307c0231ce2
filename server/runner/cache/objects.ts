/**
 * The cache's objects: files named by the hash of their bytes, read-only, made visible by one rename.
 *
 * How bytes get in and out:
 * 1. As a reflink where the file system has them (btrfs, XFS, APFS): free and safe.
 * 2. Else by copying: an output keeps the permissions that it had and can be written.
 * 3. Only where the project asks for it (`cache: { link: true }`), from `linkFrom` bytes on by a hard link: copying
 *    gigabytes costs seconds and twice the disk. The file is then read-only on both sides, `release` parts them before
 *    the task runs again, and because a superuser can write to it all the same, an object is trusted only as long as
 *    its size, modification time and inode are those under which its hash was computed; otherwise it's read again.
 * Small objects are hashed each time they are read: the bytes are at hand anyway.
 *
 * Others than the owner may read an object only where they may read a file that it was made of.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  openSync,
  closeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { tempName, writeFully } from '../../stores/disk/atomic.js';
import { shardedPath } from '../../stores/layout.js';
import type { Layout } from '../../stores/layout.js';
import { errorCode } from '../../stores/disk/problem.js';
import type { ContentHash } from '../../stores/runs/document.js';
import { SMALL_FILE, hashOf } from '../../stores/content/hash.js';
import type { HashIndex } from '../../stores/content/hash-index.js';
import { readPlain } from '../../stores/disk/plain-file.js';
import { statOf } from '../../stores/disk/folder.js';

const HEX = /^sha256:([0-9a-f]{64})$/;

export function isHash(text: string): boolean {
  return HEX.test(text);
}

/** The hex digits of a hash; throws for anything else, because it becomes a file name. */
export function hexOf(hash: ContentHash): string {
  const hex = HEX.exec(hash)?.[1];
  if (hex === undefined) throw new RangeError(`not a hash: ${JSON.stringify(hash)}`);
  return hex;
}

/** Permissions of an object: the owner reads it, and others where they may read the file. Nobody writes it. */
function objectMode(mode: number): number {
  return (mode & 0o044) | 0o400;
}

/** Runs `work`, and once more with the folder of `file` made when that was missing. */
export function withFolder<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    return work();
  }
}

/** The object is not what its name says; it has been removed. */
export class DamagedObject extends Error {}
/** The file is not what it was when it was hashed. */
export class ChangedFile extends Error {}

export class ObjectStore {
  readonly #layout: Layout;
  readonly #index: HashIndex;
  readonly #linkFrom: number;
  /** Learned from the first try: whether this file system has reflinks. */
  #reflinks: boolean | undefined;
  #newFileMode: number | undefined;

  constructor(layout: Layout, index: HashIndex, linkFrom: number) {
    this.#layout = layout;
    this.#index = index;
    this.#linkFrom = linkFrom;
  }

  pathOf(hash: ContentHash): string {
    const hex = hexOf(hash);
    return shardedPath(this.#layout.objects, hex);
  }

  /** A new name in the cache's temp folder. */
  temp(): string {
    return tempName(path.join(this.#layout.temp, 'x'));
  }

  has(hash: ContentHash, bytes?: number): boolean {
    const stat = statOf(this.pathOf(hash));
    return stat?.isFile() === true && (bytes === undefined || stat.size === bytes);
  }

  /**
   * Whether the object is there. If so its change time says that it was just wanted, which `gc` respects.
   * @param mode of the file whose bytes they are
   */
  #claim(object: string, bytes: number, mode: number): boolean {
    const stat = statOf(object);
    if (stat?.isFile() !== true || stat.size !== bytes) return false;
    try {
      chmodSync(object, objectMode(stat.mode & mode));
      return true;
    } catch (error) {
      // One that another user of the project has stored is replaced by the same bytes.
      if (['ENOENT', 'EPERM'].includes(errorCode(error) ?? '')) return false;
      throw error;
    }
  }

  /** @param mode of the file whose bytes they are; a listing has none */
  putBytes(bytes: Uint8Array, hash: ContentHash, mode = 0o444): void {
    const object = this.pathOf(hash);
    if (this.#claim(object, bytes.length, mode)) return;
    const temp = this.temp();
    const fd = withFolder(temp, () => openSync(temp, 'wx', objectMode(mode)));
    try {
      try {
        writeFully(fd, bytes);
      } finally {
        closeSync(fd);
      }
      withFolder(object, () => renameSync(temp, object));
    } catch (error) {
      rmSync(temp, { force: true });
      throw error;
    }
  }

  /** Takes in a file of the project. Throws `ChangedFile` when it does not have this hash (any more). */
  async putFile(file: string, hash: ContentHash): Promise<{ bytes: number; mode: number }> {
    const stat = statSync(file);
    const mode = stat.mode & 0o777;
    if (stat.size <= SMALL_FILE) {
      const bytes = readPlain(file, true);
      if (hashOf(bytes) !== hash) throw new ChangedFile(file);
      this.putBytes(bytes, hash, mode);
      return { bytes: bytes.length, mode };
    }
    if (!(await this.#is(file, hash))) throw new ChangedFile(file);
    const object = this.pathOf(hash);
    if (this.#claim(object, stat.size, mode)) return { bytes: stat.size, mode };
    const temp = this.temp();
    mkdirSync(this.#layout.temp, { recursive: true });
    try {
      const linked = await this.#transfer(file, temp, mode);
      // The file's time goes with it: the object then looks old enough to be remembered.
      if (!linked) utimesSync(temp, stat.atimeMs / 1000, stat.mtimeMs / 1000);
      chmodSync(temp, objectMode(mode));
      const now = statSync(file);
      if (now.size !== stat.size || now.mtimeMs !== stat.mtimeMs) throw new ChangedFile(file);
      withFolder(object, () => renameSync(temp, object));
    } finally {
      // Left over after a failure, and after a rename onto another link of the same file, which does nothing.
      rmSync(temp, { force: true });
    }
    this.#index.remember(object, hash);
    // Linked now, it is known by other marks than before.
    this.#index.remember(file, hash);
    return { bytes: stat.size, mode };
  }

  /**
   * Puts an object at `target`, which does not exist, as a private file; large ones may be linked. Throws
   * `DamagedObject` after removing an object that is missing or not what its name says.
   */
  async get(
    hash: ContentHash,
    target: string,
    options: {
      readonly executable: boolean;
      /** Permissions that it had; else those of a new file. */
      readonly mode?: number;
      readonly verify: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const object = this.pathOf(hash);
    const stat = statOf(object);
    if (stat === undefined) throw new DamagedObject('it is missing');
    if (stat.size <= SMALL_FILE) {
      const bytes = this.getBytes(hash);
      // Never readable for more people than it is going to be.
      const fd = openSync(target, 'wx', options.mode ?? (options.executable ? 0o777 : 0o666));
      try {
        if (options.mode !== undefined) fchmodSync(fd, options.mode);
        writeFully(fd, bytes);
      } finally {
        closeSync(fd);
      }
      return;
    }
    if (!(await this.#is(object, hash, options))) this.#drop(object);
    const mode = options.mode ?? this.#modeFor(options.executable);
    const linked = await this.#transfer(object, target, mode);
    if (!linked) chmodSync(target, mode);
    this.#index.remember(target, hash);
  }

  /** A small object's bytes, or a listing's. Throws `DamagedObject`. */
  getBytes(hash: ContentHash): Buffer {
    const object = this.pathOf(hash);
    let bytes: Buffer;
    try {
      bytes = readPlain(object);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw new DamagedObject('it is missing', { cause: error });
      throw error;
    }
    if (hashOf(bytes) !== hash) this.#drop(object);
    return bytes;
  }

  #drop(object: string): never {
    rmSync(object, { force: true });
    throw new DamagedObject('its content was changed');
  }

  async #is(
    file: string,
    hash: ContentHash,
    options: { readonly verify?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<boolean> {
    if (options.verify !== true && this.#index.known(file)?.hash === hash) return true;
    const hashed =
      options.verify === true
        ? await this.#index.rehash(file, options.signal)
        : await this.#index.hashAsync(file, options.signal);
    options.signal?.throwIfAborted();
    return hashed.ok && hashed.hash === hash;
  }

  /**
   * Makes `to` from `from` by the cheapest way that is safe. True: it is a hard link, and read-only on both sides.
   * @param mode of the file in the project
   */
  async #transfer(from: string, to: string, mode: number): Promise<boolean> {
    if (this.#reflinks !== false) {
      try {
        copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
        this.#reflinks = true;
        return false;
      } catch (error) {
        if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'ENOENT') throw error;
        this.#reflinks = false;
        rmSync(to, { force: true });
      }
    }
    // A link shares its permissions, so what has to be executable, or is private, is copied.
    const stat = statSync(from);
    const plain = (mode & 0o111) === 0 && objectMode(mode) === 0o444;
    if (plain && (stat.mode & 0o111) === 0 && stat.size >= this.#linkFrom) {
      try {
        linkSync(from, to);
        chmodSync(to, 0o444);
        return true;
      } catch (error) {
        if (errorCode(error) === 'ENOENT') throw error;
        rmSync(to, { force: true });
      }
    }
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return false;
  }

  /** Permissions that a new file of the user gets, found by making one: the umask can't be read without setting it. */
  #modeFor(executable: boolean): number {
    if (this.#newFileMode === undefined) {
      const probe = this.temp();
      const fd = withFolder(probe, () => openSync(probe, 'wx', 0o666));
      try {
        this.#newFileMode = fstatSync(fd).mode & 0o777;
      } finally {
        closeSync(fd);
        rmSync(probe, { force: true });
      }
    }
    // Who may read may execute, as chmod +x does it.
    return executable ? this.#newFileMode | ((this.#newFileMode & 0o444) >> 2) : this.#newFileMode;
  }

  /** Parts a file of the project from the object it may be a link of: it becomes a private, writable copy. */
  async part(file: string): Promise<void> {
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() !== true || stat.nlink < 2 || (stat.mode & 0o222) !== 0) return;
    const temp = tempName(file);
    try {
      await copyFile(file, temp, constants.COPYFILE_EXCL);
      chmodSync(temp, this.#modeFor(false));
      renameSync(temp, file);
    } finally {
      rmSync(temp, { force: true });
    }
  }
}
