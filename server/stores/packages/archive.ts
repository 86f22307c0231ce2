/**
 * The archive of a package: a tar file with its files in the order of their paths, without owners and times, so that the
 * same files give the same bytes. Read in one go: nothing is taken out of an archive that is not what the manifest says.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { writeFully } from '../disk/atomic.js';
import { BadListing, NewFolder, checkEntries } from '../content/listing.js';
import { ArchiveError, tarHeader } from '../registry/transfer/tar.js';
import type { PackageManifest, PackagedFile } from './types.js';
import { openPlain } from '../disk/plain-file.js';

const BLOCK = 512;
const CHUNK = 1024 * 1024;

export interface PackageSource {
  readonly path: string;
  /** Absolute. */
  readonly file: string;
}

/** By their bytes: the order does not depend on who sorts. */
function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

/**
 * Writes the archive to an open file. Gives what went in; hashes are those of the bytes that were written. Throws an
 * `ArchiveError` for a file that changes meanwhile or a path that can't be in an archive.
 */
export function writePackage(
  fd: number,
  sources: readonly PackageSource[],
  signal?: AbortSignal,
): { readonly files: PackagedFile[]; readonly archive: PackageManifest['archive'] } {
  const whole = createHash('sha256');
  let bytes = 0;
  const write = (data: Buffer): void => {
    writeFully(fd, data);
    whole.update(data);
    bytes += data.length;
  };
  const buffer = Buffer.allocUnsafe(CHUNK);
  checkPaths(sources);
  const files = [...sources].sort(byPath).map((source): PackagedFile => {
    const from = openSync(source.file, 'r');
    try {
      const { size, mode } = fstatSync(from);
      const executable = (mode & 0o111) !== 0;
      write(tarHeader(source.path, size, executable));
      const hash = createHash('sha256');
      for (let left = size; left > 0;) {
        signal?.throwIfAborted();
        const read = readSync(from, buffer, 0, Math.min(CHUNK, left), null);
        if (read === 0) throw new ArchiveError(`${source.path} changed while it was packaged`);
        const chunk = buffer.subarray(0, read);
        hash.update(chunk);
        write(chunk);
        left -= read;
      }
      if (readSync(from, buffer, 0, 1, null) > 0) {
        throw new ArchiveError(`${source.path} changed while it was packaged`);
      }
      if (size % BLOCK > 0) write(Buffer.alloc(BLOCK - (size % BLOCK)));
      return {
        path: source.path,
        hash: `sha256:${hash.digest('hex')}`,
        bytes: size,
        ...(executable ? { executable } : {}),
      };
    } finally {
      closeSync(from);
    }
  });
  write(Buffer.alloc(2 * BLOCK));
  return { files, archive: { hash: `sha256:${whole.digest('hex')}`, bytes } };
}

/** Throws an `ArchiveError` for paths that can't be laid out side by side on every system. */
function checkPaths(files: readonly { readonly path: string }[]): void {
  archived(() => checkEntries(files.map(entryOf), { portable: true }));
}

function entryOf({ path }: { readonly path: string }): { kind: 'file'; path: string; hash: string } {
  return { kind: 'file', path, hash: '' };
}

function archived<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BadListing) throw new ArchiveError(error.message);
    throw error;
  }
}

/** Reads from the front. */
class Reader {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  fill(buffer: Buffer): void {
    for (let done = 0; done < buffer.length;) {
      const read = readSync(this.#fd, buffer, done, buffer.length - done, null);
      if (read === 0) throw new ArchiveError('the archive is cut off');
      done += read;
    }
  }

  /** Reads what must be nothing but zeros. */
  zeros(count: number): void {
    const read = Buffer.allocUnsafe(count);
    this.fill(read);
    if (!read.equals(Buffer.alloc(count))) throw new ArchiveError('the archive is not what was packaged');
  }

  end(): void {
    if (readSync(this.#fd, Buffer.alloc(1), 0, 1, null) > 0) {
      throw new ArchiveError('the archive is longer than it was');
    }
  }
}

/**
 * Lays the files of a package out in an empty folder. Throws an `ArchiveError` when a single byte of the archive is not
 * what the manifest says; what was written until then is to be thrown away. Each byte belongs to a header, a file, or the
 * zeros between them, and is held against the manifest as that: the archive's own hash would say it a second time, and
 * hashing is most of what this takes.
 */
export function extractPackage(
  archive: string,
  manifest: Pick<PackageManifest, 'files'>,
  folder: string,
  signal?: AbortSignal,
): void {
  const fd = openPlain(archive);
  try {
    const reader = new Reader(fd);
    const block = Buffer.alloc(BLOCK);
    const made = archived(() => new NewFolder(folder, manifest.files.map(entryOf), { portable: true }));
    for (const file of manifest.files) {
      reader.fill(block);
      if (!block.equals(tarHeader(file.path, file.bytes, file.executable === true))) {
        throw new ArchiveError(`the archive does not hold ${file.path} where the manifest has it`);
      }
      const target = archived(() => made.place(file.path));
      extractFile(reader, file, target, signal);
    }
    reader.zeros(2 * BLOCK);
    reader.end();
  } finally {
    closeSync(fd);
  }
}

function extractFile(
  reader: Reader,
  file: PackagedFile,
  target: string,
  signal: AbortSignal | undefined,
): void {
  const to = openSync(target, 'wx', file.executable === true ? 0o755 : 0o644);
  const hash = createHash('sha256');
  try {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, file.bytes)));
    for (let left = file.bytes; left > 0;) {
      signal?.throwIfAborted();
      const chunk = buffer.subarray(0, Math.min(buffer.length, left));
      reader.fill(chunk);
      hash.update(chunk);
      writeFully(to, chunk);
      left -= chunk.length;
    }
  } finally {
    closeSync(to);
  }
  if (file.bytes % BLOCK > 0) reader.zeros(BLOCK - (file.bytes % BLOCK));
  if (`sha256:${hash.digest('hex')}` !== file.hash) {
    throw new ArchiveError(
      `${file.path} in the archive is not what was packaged: its hash is another one now`,
    );
  }
}
