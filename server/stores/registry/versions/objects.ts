/**
 * The bytes of model versions: files named by the hash of their content, read-only. The registry has its own, apart from
 * the cache of runs: nothing here is evicted, and a version needs nobody else to be whole. Bytes are cloned where the
 * file system can share them and copied otherwise, never hard-linked: a program that writes to its model in place would
 * change the version with it.
 *
 * A folder is its listing (see ../hash.ts), an object like any other, and the objects of the files in it.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { syncFolder, tempName, writeAtomic } from '../../disk/atomic.js';
import { withLock } from '../../disk/file-lock.js';
import { SMALL_FILE, hashFile, hashOf, hashSteps, parseListing } from '../../content/hash.js';
import type { Hashed } from '../../content/hash.js';
import { namesIn, statOf } from '../../disk/folder.js';
import { BadListing, NewFolder, readListing } from '../../content/listing.js';
import { describeError, errorCode } from '../../disk/problem.js';
import type { ContentHash } from '../../runs/document.js';
import { failure } from '../outcome.js';
import type { RegistryPlaces } from '../places.js';
import type { Outcome, RegistryFailure } from '../types.js';
import { openPlainHandle, readPlainText } from '../../disk/plain-file.js';
import { foreignMemory } from '../../trust.js';
import { layoutOf } from '../../layout.js';

const HEX = /^sha256:([0-9a-f]{64})$/;
const CHUNK = 1024 * 1024;
const LOCK_TIMEOUT_MS = 10_000;

/** What was taken in. */
export interface StoredArtifact {
  readonly kind: 'file' | 'folder';
  readonly hash: ContentHash;
  readonly bytes: number;
  readonly files?: number;
  readonly executables?: readonly string[];
}

/** Something that ends an operation and is told to the person. */
class Refusal extends Error {
  readonly failure: RegistryFailure;
  constructor(told: RegistryFailure) {
    super(told.error.message);
    this.failure = told;
  }
}

const NOT_LAID_OUT =
  'The artifact is a folder, which has to be written to disk to be opened; in Restricted Mode nothing is written. Trust the workspace if you trust its authors.';
const NOT_OURS = 'The artifact is a folder, which has to be written to disk to be opened.';

export function isHash(text: string): boolean {
  return HEX.test(text);
}

interface PutOptions {
  /** Other bytes are refused. */
  readonly expected?: ContentHash;
  readonly signal?: AbortSignal;
  /** Only look: nothing is taken in. */
  readonly dry?: boolean;
}

export class ArtifactObjects {
  readonly #places: RegistryPlaces;

  constructor(places: RegistryPlaces) {
    this.#places = places;
  }

  /** Throws for what is not a hash, because it becomes a file name. */
  pathOf(hash: ContentHash): string {
    const hex = HEX.exec(hash)?.[1];
    if (hex === undefined) throw new RangeError(`not a hash: ${JSON.stringify(hash)}`);
    return path.join(this.#places.objects, hex.slice(0, 2), hex);
  }

  /** Whether an object is there; for a folder's listing also all that it lists. Looks at sizes and names only. */
  has(hash: ContentHash, folder = false): boolean {
    if (statOf(this.pathOf(hash))?.isFile() !== true) return false;
    if (!folder) return true;
    return this.closure(hash).every((one) => one === hash || this.has(one));
  }

  /** The listing's own hash and those of the files in it. Empty when the listing is not there. */
  closure(listing: ContentHash): readonly ContentHash[] {
    try {
      const lines = parseListing(readPlainText(this.pathOf(listing)));
      return [
        listing,
        ...lines.flatMap((line) => (line.kind === 'file' && isHash(line.hash) ? [line.hash] : [])),
      ];
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /**
   * Whether the object is there. If so its change time says that it was just wanted, and gc leaves it alone: it looks
   * at that time under the same lock.
   */
  #claim(hash: ContentHash): boolean {
    const object = this.pathOf(hash);
    if (statOf(object) === undefined) return false;
    mkdirSync(this.#places.temp, { recursive: true });
    const claimed = withLock(this.#places.objectsLock, LOCK_TIMEOUT_MS, () => {
      try {
        chmodSync(object, 0o444);
        return true;
      } catch (error) {
        // One that another user of the project has registered is replaced by the same bytes.
        if (['ENOENT', 'EPERM'].includes(errorCode(error) ?? '')) return false;
        throw error;
      }
    });
    if (!claimed.ok) throw new Error('the registry’s objects are locked by another process; try again');
    return claimed.value;
  }

  /** Frees an object that nobody has claimed since `before` (ms). */
  free(file: string, before: number): boolean {
    mkdirSync(this.#places.temp, { recursive: true });
    const done = withLock(this.#places.objectsLock, LOCK_TIMEOUT_MS, () => {
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat === undefined || stat.ctimeMs >= before) return false;
      rmSync(file, { recursive: true, force: true });
      return true;
    });
    return done.ok && done.value;
  }

  /**
   * Takes in a file or folder. With `expected` other bytes are refused, and those that are here already are not read
   * again. What is taken in stays for an hour without an owner, until gc frees it.
   */
  async put(source: string, options: PutOptions = {}): Promise<Outcome<{ readonly stored: StoredArtifact }>> {
    try {
      const stored = await this.#take(source, options);
      if (!stored.ok) {
        const code = stored.reason === 'missing' ? 'RESOURCE_DOES_NOT_EXIST' : 'INVALID_PARAMETER_VALUE';
        return failure(code, stored.message);
      }
      const { kind, hash, bytes } = stored;
      if (options.expected !== undefined && hash !== options.expected) {
        return failure(
          'CONFLICT',
          `${source} has changed since it was recorded: its hash is another one now.`,
        );
      }
      if (kind === 'file') return { ok: true, stored: { kind, hash, bytes } };
      readListing(stored.listing);
      if (options.dry !== true) await this.putBytes(Buffer.from(stored.listing));
      const { files, executables } = stored;
      return {
        ok: true,
        stored: { kind, hash, bytes, files, ...(executables.length === 0 ? {} : { executables }) },
      };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof Refusal) return error.failure;
      if (error instanceof BadListing) {
        return failure(
          'INVALID_PARAMETER_VALUE',
          `${source} can't be taken into the registry: ${error.message}. A version has to hold all of its files.`,
        );
      }
      return failure('UNAVAILABLE', `Can't take ${source} into the registry: ${describeError(error)}.`);
    }
  }

  async #take(source: string, options: PutOptions): Promise<Hashed> {
    const steps = hashSteps(source);
    let step = steps.next();
    while (step.done !== true) {
      options.signal?.throwIfAborted();
      const { path: file } = step.value;
      const alone = file === source;
      // What a link in a folder leads to is no part of the folder: its bytes are never taken in.
      const foreign = !alone && lstatSync(file).isSymbolicLink();
      const hash =
        options.dry === true || foreign
          ? await hashFile(file, options.signal)
          : await this.#takeFile(file, alone ? options.expected : undefined, options.signal);
      step = steps.next(hash);
    }
    return step.value;
  }

  /** One file's bytes; its hash is computed from what was written, not from what may change meanwhile. */
  async #takeFile(
    file: string,
    expected: ContentHash | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ContentHash> {
    const { size } = statSync(file);
    if (size <= SMALL_FILE) return this.putBytes(readFileSync(file));
    if (expected !== undefined && this.has(expected) && (await hashFile(file, signal)) === expected) {
      if (this.#claim(expected)) return expected;
    }
    mkdirSync(this.#places.temp, { recursive: true });
    const temp = tempName(path.join(this.#places.temp, 'x'));
    try {
      const hash = await copyHashed(file, temp, signal);
      if (expected !== undefined && hash !== expected) {
        throw new Refusal(
          failure('CONFLICT', `${file} has changed since it was recorded: its hash is another one now.`),
        );
      }
      this.adopt(temp, hash);
      return hash;
    } finally {
      rmSync(temp, { force: true });
    }
  }

  /** A file beside the objects whose hash is known, made for this: it becomes the object, or goes when that is there. */
  adopt(file: string, hash: ContentHash): void {
    if (this.#claim(hash)) {
      rmSync(file, { force: true });
      return;
    }
    const object = this.pathOf(hash);
    makeDurable(file);
    mkdirSync(path.dirname(object), { recursive: true });
    renameSync(file, object);
    syncFolder(path.dirname(object));
  }

  /** Small bytes, or a listing. */
  // eslint-disable-next-line @typescript-eslint/require-await -- the same shape as taking in a large file
  async putBytes(bytes: Uint8Array): Promise<ContentHash> {
    const hash = hashOf(bytes);
    if (this.#claim(hash)) return hash;
    const object = this.pathOf(hash);
    mkdirSync(path.dirname(object), { recursive: true });
    writeAtomic(object, bytes, { durable: true, mode: 0o444 });
    return hash;
  }

  /**
   * Where an artifact's bytes are, after all of them were read and found to be what the hash says.
   * @param options.write a folder may be laid out to be read; without, one that is not is an error. Default: true
   */
  async read(
    artifact: {
      readonly hash: ContentHash;
      readonly files?: number;
      readonly executables?: readonly string[];
    },
    { write = true }: { readonly write?: boolean } = {},
  ): Promise<Outcome<{ readonly path: string; readonly kind: 'file' | 'folder' }>> {
    try {
      if (artifact.files === undefined) {
        await this.#check(artifact.hash);
        return { ok: true, path: this.pathOf(artifact.hash), kind: 'file' };
      }
      const folder = path.join(this.#places.folders, path.basename(this.pathOf(artifact.hash)));
      await this.#check(artifact.hash);
      this.#listed(artifact.hash);
      if (!(await isIntact(folder, artifact.hash))) {
        if (!write) return failure('CONFLICT', NOT_LAID_OUT);
        const foreign = foreignMemory(layoutOf(this.#places.root));
        if (foreign !== undefined) return failure('CONFLICT', `${NOT_OURS} ${foreign.message}`);
        rmSync(folder, { recursive: true, force: true });
        await this.layOut(artifact.hash, folder, artifact.executables ?? []);
      }
      return { ok: true, path: folder, kind: 'folder' };
    } catch (error) {
      if (error instanceof Refusal) return error.failure;
      return failure('UNAVAILABLE', `Can't read the artifact ${artifact.hash}: ${describeError(error)}.`);
    }
  }

  async #check(hash: ContentHash): Promise<void> {
    const object = this.pathOf(hash);
    let found: ContentHash;
    try {
      found = await hashFile(object);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw damaged(object, 'is missing');
      throw error;
    }
    if (found !== hash) throw damaged(object, 'is not what was registered: its hash is another one now');
  }

  /** Makes a folder from its listing, at `target`, by one rename. Every file is checked on the way. */
  async layOut(listing: ContentHash, target: string, executables: readonly string[]): Promise<void> {
    await this.#check(listing);
    const entries = this.#listed(listing);
    mkdirSync(path.dirname(target), { recursive: true });
    const temp = tempName(target);
    const mayRun = new Set(executables);
    try {
      const made = new NewFolder(temp, entries);
      for (const entry of made.files) {
        const object = this.pathOf(entry.hash);
        if (!this.has(entry.hash)) throw damaged(object, 'is missing');
        const file = made.place(entry.path);
        const found = await copyHashed(object, file, undefined);
        if (found !== entry.hash)
          throw damaged(object, 'is not what was registered: its hash is another one now');
        chmodSync(file, mayRun.has(entry.path) ? 0o555 : 0o444);
      }
      made.finish();
      renameSync(temp, target);
    } finally {
      rmSync(temp, { recursive: true, force: true });
    }
  }

  /** The entries of a listing, which may have come from elsewhere. */
  #listed(listing: ContentHash): ReturnType<typeof readListing> {
    const file = this.pathOf(listing);
    try {
      return readListing(readPlainText(file));
    } catch (error) {
      if (error instanceof BadListing) throw damaged(file, `can't be laid out: ${error.message}`);
      throw error;
    }
  }

  /** Every object, for gc. */
  *all(): Generator<{
    readonly hash: ContentHash;
    readonly path: string;
    readonly bytes: number;
    readonly ctimeMs: number;
  }> {
    for (const shard of namesIn(this.#places.objects)) {
      for (const name of namesIn(path.join(this.#places.objects, shard))) {
        const file = path.join(this.#places.objects, shard, name);
        const stat = lstatSync(file, { throwIfNoEntry: false });
        if (stat?.isFile() === true && /^[0-9a-f]{64}$/.test(name)) {
          yield { hash: `sha256:${name}`, path: file, bytes: stat.size, ctimeMs: stat.ctimeMs };
        }
      }
    }
  }
}

function damaged(file: string, what: string): Refusal {
  return new Refusal(failure('DAMAGED', `${file} ${what}.`));
}

async function isIntact(folder: string, hash: ContentHash): Promise<boolean> {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const steps = hashSteps(folder);
  let step = steps.next();
  while (step.done !== true) step = steps.next(await hashFile(step.value.path));
  return step.value.ok && step.value.hash === hash;
}

/** Copies a file to a new place, cloned where that can be done, and gives the hash of the copy. */
async function copyHashed(from: string, to: string, signal: AbortSignal | undefined): Promise<ContentHash> {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    chmodSync(to, 0o644);
    return await hashFile(to, signal);
  } catch (error) {
    if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'ENOENT' || errorCode(error) === 'EEXIST')
      throw error;
    signal?.throwIfAborted();
    rmSync(to, { force: true });
  }
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  const source = await openPlainHandle(from);
  try {
    const target = await open(to, 'wx', 0o644);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await source.read(buffer, 0, CHUNK);
        if (bytesRead === 0) break;
        const chunk = buffer.subarray(0, bytesRead);
        hash.update(chunk);
        for (let done = 0; done < bytesRead;) {
          done += (await target.write(chunk, done, bytesRead - done)).bytesWritten;
        }
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  return `sha256:${hash.digest('hex')}`;
}

function makeDurable(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  chmodSync(file, 0o444);
}
