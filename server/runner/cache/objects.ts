/**
 * The cache's objects (see stores/content/objects.ts), and how files of the project become some and come out again.
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
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { SMALL_FILE, hashOf } from '../../stores/content/hash.js';
import type { HashIndex } from '../../stores/content/hash-index.js';
import { ObjectFolder } from '../../stores/content/objects.js';
import { tempName, writeFully } from '../../stores/disk/atomic.js';
import { statOf, withFolder } from '../../stores/disk/folder.js';
import { readPlain } from '../../stores/disk/plain-file.js';
import { errorCode } from '../../stores/disk/problem.js';
import type { Layout } from '../../stores/layout.js';
import type { ContentHash } from '../../stores/runs/document.js';

/** Permissions of an object: the owner reads it, and others where they may read the file. Nobody writes it. */
function objectMode(mode: number): number {
  return (mode & 0o044) | 0o400;
}

/** The object is not what its name says; it has been removed. */
export class DamagedObject extends Error {}
/** The file is not what it was when it was hashed. */
export class ChangedFile extends Error {}

export class CacheObjects extends ObjectFolder {
  readonly #index: HashIndex;
  readonly #linkFrom: number;
  /** Learned from the first try: whether this file system has reflinks. */
  #reflinks: boolean | undefined;
  #newFileMode: number | undefined;

  constructor(layout: Layout, index: HashIndex, linkFrom: number) {
    super({ folder: layout.objects, digits: 1, temp: layout.temp, durable: false, mode: objectMode });
    this.#index = index;
    this.#linkFrom = linkFrom;
  }

  /** Takes in a file of the project. Throws `ChangedFile` when it does not have this hash (any more). */
  async putFile(file: string, hash: ContentHash): Promise<{ bytes: number; mode: number }> {
    const stat = statSync(file);
    const mode = stat.mode & 0o777;
    if (stat.size <= SMALL_FILE) {
      const bytes = readPlain(file, true);
      if (hashOf(bytes) !== hash) throw new ChangedFile(file);
      this.write(bytes, hash, mode);
      return { bytes: bytes.length, mode };
    }
    if (!(await this.#is(file, hash))) throw new ChangedFile(file);
    if (this.claim(hash, stat.size, mode)) return { bytes: stat.size, mode };
    const half = this.temp();
    mkdirSync(path.dirname(half), { recursive: true });
    try {
      const linked = await this.#transfer(file, half, mode);
      // The file's time goes with it: the object then looks old enough to be remembered.
      if (!linked) utimesSync(half, stat.atimeMs / 1000, stat.mtimeMs / 1000);
      const now = statSync(file);
      if (now.size !== stat.size || now.mtimeMs !== stat.mtimeMs) throw new ChangedFile(file);
      this.adopt(half, hash, mode);
    } finally {
      rmSync(half, { force: true });
    }
    this.#index.remember(this.pathOf(hash), hash);
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
