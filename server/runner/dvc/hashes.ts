/** Hashes of files and folders as DVC has them. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync, readdirSync, statSync, type BigIntStats } from 'node:fs';
import path from 'node:path';
import { runSliced, runThrough } from '../../base/runs/steps.js';
import { asMapping, pythonJson, sortedBy } from '../../definition/dialects/dvc/equal.js';
import type { IgnoredPaths } from './ignored.js';

export interface FileHash {
  readonly kind: 'file';
  readonly md5: string;
  readonly size: number;
  readonly isexec: boolean;
}

export interface FolderHash {
  readonly kind: 'folder';
  /** With `.dir` behind it. */
  readonly md5: string;
  readonly size: number;
  /** What its object says. */
  readonly listing: string;
  readonly files: readonly { readonly relative: string; readonly md5: string }[];
}

interface FolderFile {
  readonly relative: string;
  readonly md5: string;
  /** Bytes. */
  readonly size: number;
}

/** Something is there that DVC takes in a way of its own, or not at all. */
export class NotTaken extends Error {}

const CHUNK = 1024 * 1024;
/** So much of a chunk says whether it is text. */
const TEXT_SAMPLE = 512;

/** More are not kept: the editor's process goes on for days. */
const MOST_KNOWN = 500_000;

/** By path: a file that has not changed is read once a process. */
const known = new Map<string, { readonly stamp: string; readonly md5: string }>();

/** What opening a file costs beside its bytes, in bytes. */
const OPENING = 16_384;

/** It would take long to read. */
export class TooMuch extends NotTaken {}

export class Hashes {
  readonly #ignored: IgnoredPaths;
  #left: number;

  /** @param mostBytes that may be read. Default: all */
  constructor(ignored: IgnoredPaths, mostBytes = Infinity) {
    this.#ignored = ignored;
    this.#left = mostBytes;
  }

  /** Whether what is at a path would take long to read. */
  isTooMuch(absolute: string, legacy = false): boolean {
    try {
      this.of(absolute, legacy);
      return false;
    } catch (error) {
      if (error instanceof TooMuch) return true;
      throw error;
    }
  }

  /**
   * @param absolute `undefined` comes out where nothing is
   * @param legacy as DVC 2 did it
   * @throws NotTaken
   */
  of(absolute: string, legacy = false): FileHash | FolderHash | undefined {
    return runThrough(this.#hashing(absolute, legacy));
  }

  /** Like `of`, for what may be large: whatever else the process does has its turns in between. */
  read(absolute: string, legacy = false): Promise<FileHash | FolderHash | undefined> {
    return runSliced(this.#hashing(absolute, legacy));
  }

  *#hashing(absolute: string, legacy: boolean): Generator<void, FileHash | FolderHash | undefined> {
    const stat = statOf(absolute);
    if (stat === undefined) return undefined;
    if (stat.isDirectory()) return yield* this.#folder(absolute, legacy);
    if (!stat.isFile()) throw new NotTaken(`${absolute} is neither a file nor a folder`);
    return {
      kind: 'file',
      md5: yield* this.#file(absolute, stat, legacy),
      size: Number(stat.size),
      isexec: isExecutable(stat),
    };
  }

  *#folder(absolute: string, legacy: boolean): Generator<void, FolderHash> {
    const files = yield* this.#walk(absolute, '', legacy);
    const sorted = sortedBy(files, ({ relative }) => relative);
    const listing = pythonJson(
      sorted.map(({ relative, md5 }) =>
        asMapping([
          ['md5', md5],
          ['relpath', relative],
        ]),
      ),
    );
    const md5 = `${createHash('md5').update(listing).digest('hex')}.dir`;
    return {
      kind: 'folder',
      md5,
      size: files.reduce((sum, { size }) => sum + size, 0),
      listing,
      files: sorted,
    };
  }

  *#walk(folder: string, prefix: string, legacy: boolean): Generator<void, FolderFile[]> {
    const files: FolderFile[] = [];
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const here = `${folder}/${entry.name}`;
      const relative = `${prefix}${entry.name}`;
      const stat = statOf(here);
      if (stat === undefined) throw new NotTaken(`${here} is a link to nothing`);
      if (this.#ignored.ignores(here, stat.isDirectory())) continue;
      if (stat.isDirectory()) {
        if (entry.isSymbolicLink()) throw new NotTaken(`${here} is a link to a folder`);
        for (const file of yield* this.#walk(here, `${relative}/`, legacy)) files.push(file);
      } else if (stat.isFile()) {
        if (this.#ignored.isPatternFile(here)) throw new NotTaken(`${here} has patterns of its own`);
        // What is known takes its time, too, where there are many.
        yield;
        files.push({ relative, md5: yield* this.#file(here, stat, legacy), size: Number(stat.size) });
      } else throw new NotTaken(`${here} is neither a file nor a folder`);
    }
    return files;
  }

  *#file(absolute: string, stat: BigIntStats, legacy: boolean): Generator<void, string> {
    const key = legacy ? `${absolute}\0legacy` : absolute;
    const stamp = `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
    const before = known.get(key);
    if (before?.stamp === stamp) return before.md5;
    const cost = Number(stat.size) + OPENING;
    if (cost > this.#left) throw new TooMuch(`${absolute} is large and was not read yet`);
    this.#left -= cost;
    const md5 = yield* legacy ? hashingLegacy(absolute) : hashing(absolute);
    // What was changed just now may change again within the same tick of the clock.
    if (Date.now() - Number(stat.ctimeNs / 1_000_000n) > 1_000) {
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(key, { stamp, md5 });
    }
    return md5;
  }
}

function statOf(target: string): BigIntStats | undefined {
  return statSync(target, { bigint: true, throwIfNoEntry: false });
}

export function isExecutable(stat: BigIntStats): boolean {
  return (Number(stat.mode) & 0o111) !== 0;
}

/** The MD5 of its bytes, in steps. */
export function hashing(file: string): Generator<void, string> {
  return digesting(file, (hash, chunk) => hash.update(chunk));
}

function hashingLegacy(file: string): Generator<void, string> {
  return digesting(file, (hash, chunk) =>
    hash.update(isText(chunk.subarray(0, TEXT_SAMPLE)) ? unixLines(chunk) : chunk),
  );
}

function* digesting(file: string, add: (hash: Hash, chunk: Buffer) => void): Generator<void, string> {
  const hash = createHash('md5');
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      let filled = 0;
      while (filled < CHUNK) {
        const read = readSync(descriptor, buffer, filled, CHUNK - filled, null);
        if (read === 0) break;
        filled += read;
      }
      if (filled === 0) return hash.digest('hex');
      add(hash, buffer.subarray(0, filled));
      yield;
      if (filled < CHUNK) return hash.digest('hex');
    }
  } finally {
    closeSync(descriptor);
  }
}

/** By the bytes that DVC takes for text: at most three in ten bytes are something else. */
function isText(sample: Buffer): boolean {
  if (sample.length === 0) return true;
  if (sample.includes(0)) return false;
  let other = 0;
  for (const byte of sample) {
    const text = (byte >= 32 && byte < 127) || [8, 9, 10, 12, 13].includes(byte);
    if (!text) other++;
  }
  return other / sample.length <= 0.3;
}

function unixLines(chunk: Buffer): Buffer {
  return Buffer.from(chunk.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** Relative to the project, `/` between names. */
export function inProject(root: string, absolute: string): string {
  return path.relative(root, absolute).split(path.sep).join('/');
}
