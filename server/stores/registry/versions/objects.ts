/**
 * The bytes of model versions, as objects (see ../../content/objects.ts). The registry has its own, apart from the cache of
 * runs: nothing here is evicted, and a version needs nobody else to be whole. Bytes are cloned where the file system can
 * share them and copied otherwise, never hard-linked: a program that writes to its model in place would change the version
 * with it.
 *
 * A folder is its listing (see ../hash.ts), an object like any other, and the objects of the files in it.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { tempName } from '../../disk/atomic.js';
import { SMALL_FILE, hashFile, hashOf, hashSteps, parseListing } from '../../content/hash.js';
import type { Hashed } from '../../content/hash.js';
import { ObjectFolder, isHash } from '../../content/objects.js';
import { BadListing, NewFolder, readListing } from '../../content/listing.js';
import { describeError, errorCode } from '../../disk/problem.js';
import type { ContentHash } from '../../runs/document.js';
import { failure } from '../outcome.js';
import type { RegistryPlaces } from '../places.js';
import type { Outcome, RegistryFailure } from '../types.js';
import { openPlainHandle, readPlainText } from '../../disk/plain-file.js';
import { foreignMemory } from '../../trust.js';
import { layoutOf } from '../../layout.js';

const CHUNK = 1024 * 1024;

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

interface PutOptions {
  /** Other bytes are refused. */
  readonly expected?: ContentHash;
  readonly signal?: AbortSignal;
  /** Only look: nothing is taken in. */
  readonly dry?: boolean;
}

export class ArtifactObjects extends ObjectFolder {
  readonly #places: RegistryPlaces;

  constructor(places: RegistryPlaces) {
    super({
      folder: places.objects,
      digits: 2,
      temp: places.temp,
      durable: true,
      mode: () => 0o444,
      lock: places.objectsLock,
    });
    this.#places = places;
  }

  /** Whether an artifact is there: a file, or a folder's listing with all that it lists. Looks at sizes and names only. */
  holds(hash: ContentHash, folder: boolean): boolean {
    if (!this.has(hash)) return false;
    return !folder || this.closure(hash).every((one) => this.has(one));
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
      if (options.dry !== true) this.putBytes(Buffer.from(stored.listing));
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
      if (this.claim(expected, size)) return expected;
    }
    const half = this.temp();
    mkdirSync(path.dirname(half), { recursive: true });
    try {
      const hash = await copyHashed(file, half, signal);
      if (expected !== undefined && hash !== expected) {
        throw new Refusal(
          failure('CONFLICT', `${file} has changed since it was recorded: its hash is another one now.`),
        );
      }
      this.adopt(half, hash);
      return hash;
    } finally {
      rmSync(half, { force: true });
    }
  }

  /** Small bytes, or a listing. */
  putBytes(bytes: Uint8Array): ContentHash {
    const hash = hashOf(bytes);
    this.write(bytes, hash);
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
