/**
 * Content hashes: `sha256:<hex>` of a file's bytes; of a folder the hash of its sorted listing, one line
 * `<hash> <relative path>` each:
 *
 * - a file: the hash of its bytes. Permissions do not count, so that hashes are the same on every system;
 * - a link: `link:<target, percent-encoded>`; when it leads out of the folder, `@<hash of what is there>` follows, because a
 *   task would read that. What it leads to inside of the folder has a line of its own. A link that leads back to a folder
 *   above, or nowhere, is its text alone;
 * - an empty folder: `folder: <path>/`.
 */
import { createHash } from 'node:crypto';
import { closeSync, readSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { BigIntStats, Dirent } from 'node:fs';
import path from 'node:path';
import { WalkedFolder } from './linked-folders.js';
import { describeError, errorCode } from '../disk/problem.js';
import type { ContentHash } from '../runs/document.js';
import { openPlain, openPlainHandle, readPlain } from '../disk/plain-file.js';

/** First line of the file in which hashes are kept. */
export const HASHES_FORMAT = 'modelyard-hashes 2';
/** Up to here a file is read in one go, while everything else waits; 0.6 ms. */
export const SMALL_FILE = 1024 * 1024;
const CHUNK = 1024 * 1024;

export interface HashProblem {
  readonly ok: false;
  /** `special`: a socket, pipe or device, which has no content to hash. */
  readonly reason: 'missing' | 'unreadable' | 'special' | 'cancelled';
  /** Absolute. */
  readonly path: string;
  readonly message: string;
}

export interface HashedFile {
  readonly ok: true;
  readonly kind: 'file';
  readonly hash: ContentHash;
  readonly bytes: number;
  readonly executable: boolean;
}

export interface HashedFolder {
  readonly ok: true;
  readonly kind: 'folder';
  readonly hash: ContentHash;
  /** Of all files in it. */
  readonly bytes: number;
  readonly files: number;
  /** What `hash` is the hash of. */
  readonly listing: string;
  /** Paths in the folder that may be executed. */
  readonly executables: readonly string[];
}

export type Hashed = HashedFile | HashedFolder | HashProblem;

/** `sha256:<hex>` of a text (in UTF-8) or of bytes. */
export function hashOf(data: string | Uint8Array): ContentHash {
  return `sha256:${sha256(data)}`;
}

/** The hex digits alone. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function problemOf(file: string, error: unknown): HashProblem {
  const missing = errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
  return {
    ok: false,
    reason: missing ? 'missing' : 'unreadable',
    path: file,
    message: missing ? `${file} does not exist.` : `Can't read ${file}: ${describeError(error)}.`,
  };
}

function special(file: string): HashProblem {
  const message = `${file} is neither a file nor a folder (a socket, pipe or device): it can't be an input or output.`;
  return { ok: false, reason: 'special', path: file, message };
}

/** Hash of a file's bytes, blocking. Throws the system's error. */
export function hashFileSync(file: string, bytes: number): ContentHash {
  if (bytes <= SMALL_FILE) return hashOf(readPlain(file, true));
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  const fd = openPlain(file, true);
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(fd);
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The same with others getting a turn after each MB. Throws the system's error, or the signal's reason. */
export async function hashFile(file: string, signal?: AbortSignal): Promise<ContentHash> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  const handle = await openPlainHandle(file);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  return `sha256:${hash.digest('hex')}`;
}

/** A file whose hash is wanted, with what `stat` says of it (links followed). */
export interface Wanted {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** A line of a listing holds one path: newlines in names are escaped. */
export function escapePath(name: string): string {
  return /[\\\n]/.test(name) ? name.replace(/\\/g, '\\\\').replace(/\n/g, '\\n') : name;
}

export function unescapePath(name: string): string {
  return name.includes('\\') ? name.replace(/\\([\\n])/g, (_, char) => (char === 'n' ? '\n' : '\\')) : name;
}

/**
 * Walks a file or folder and asks for the hash of each file that it meets; who drives it decides whether to look it up,
 * read it now or let others have a turn. Never throws.
 */
export function* hashSteps(target: string): Generator<Wanted, Hashed, ContentHash | HashProblem> {
  let stat: BigIntStats;
  try {
    stat = statSync(target, { bigint: true });
  } catch (error) {
    return problemOf(target, error);
  }
  if (stat.isFile()) {
    const hash = yield { path: target, stat };
    if (typeof hash !== 'string') return hash;
    return {
      ok: true,
      kind: 'file',
      hash,
      bytes: Number(stat.size),
      executable: (stat.mode & 0o100n) !== 0n,
    };
  }
  if (!stat.isDirectory()) return special(target);
  return yield* folderSteps(new WalkedFolder(target));
}

function* folderSteps(
  top: WalkedFolder,
): Generator<Wanted, HashedFolder | HashProblem, ContentHash | HashProblem> {
  const target = top.absolute;
  const lines: [path: string, line: string][] = [];
  const executables: string[] = [];
  let bytes = 0;
  let files = 0;
  let real: string | undefined;
  const folders: (readonly [name: string, folder: WalkedFolder])[] = [['', top]];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const [folder, walked] = next;
    let entries: Dirent[];
    try {
      entries = readdirSync(walked.absolute, { withFileTypes: true });
    } catch (error) {
      return problemOf(walked.absolute, error);
    }
    if (entries.length === 0 && folder !== '') lines.push([folder, `folder: ${escapePath(folder)}/`]);
    for (const entry of entries) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const file = path.join(target, name);
      if (entry.isDirectory()) {
        const inner = walked.enter(file, false);
        // A folder that is met again on the way down through a link.
        if (inner === undefined) lines.push([name, `folder: ${escapePath(name)}/`]);
        else folders.push([name, inner]);
        continue;
      }
      try {
        if (entry.isSymbolicLink()) {
          real ??= realpathSync.native(target);
          const prefix = `link:${encodeURIComponent(readlinkSync(file))}`;
          const led = yield* linkSteps(file, real, walked);
          if (led !== undefined && typeof led !== 'string') return led;
          lines.push([name, `${prefix}${led === undefined ? '' : `@${led}`} ${escapePath(name)}`]);
          continue;
        }
        if (!entry.isFile()) return special(file);
        const found = statSync(file, { bigint: true });
        const hash = yield { path: file, stat: found };
        if (typeof hash !== 'string') return hash;
        lines.push([name, `${hash} ${escapePath(name)}`]);
        files += 1;
        bytes += Number(found.size);
        if ((found.mode & 0o100n) !== 0n) executables.push(name);
      } catch (error) {
        return problemOf(file, error);
      }
    }
  }
  const listing = listingOf(lines);
  return {
    ok: true,
    kind: 'folder',
    hash: hashOf(listing),
    bytes,
    files,
    listing,
    executables: executables.sort(),
  };
}

function listingOf(lines: [path: string, line: string][]): string {
  lines.sort(([a], [b]) => (a < b ? -1 : 1));
  return lines.map(([, line]) => `${line}\n`).join('');
}

/** What the hash of a folder with these files is the hash of. */
export function listingOfFiles(files: Iterable<readonly [path: string, hash: ContentHash]>): string {
  return listingOf([...files].map(([name, hash]) => [name, `${hash} ${escapePath(name)}`]));
}

/** What the hash of a folder is the hash of, where somebody else has walked it. */
export function listingOfLines(lines: readonly ListingLine[]): string {
  return listingOf(
    lines.map((line) => {
      const name = escapePath(line.path);
      if (line.kind === 'folder') return [line.path, `folder: ${name}/`];
      if (line.kind === 'file') return [line.path, `${line.hash} ${name}`];
      const led = line.led === undefined ? '' : `@${line.led}`;
      return [line.path, `link:${encodeURIComponent(line.target)}${led} ${name}`];
    }),
  );
}

/** The hash of what a link leads to, outside of the folder with this real path; nothing where there is nothing to read. */
function* linkSteps(
  link: string,
  real: string,
  walked: WalkedFolder,
): Generator<Wanted, ContentHash | HashProblem | undefined, ContentHash | HashProblem> {
  let led: string;
  let stat: BigIntStats;
  try {
    led = realpathSync.native(link);
    stat = statSync(led, { bigint: true });
  } catch (error) {
    // It leads nowhere, or in a circle: a task can't read it, either.
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
  if (led === real || led.startsWith(real.endsWith(path.sep) ? real : real + path.sep)) return undefined;
  if (stat.isFile()) return yield { path: link, stat };
  if (!stat.isDirectory()) return undefined;
  const folder = walked.enter(link, true);
  if (folder === undefined) return undefined;
  const hashed = yield* folderSteps(folder);
  return hashed.ok ? hashed.hash : hashed;
}

export type ListingLine =
  | { readonly kind: 'file'; readonly path: string; readonly hash: ContentHash }
  | { readonly kind: 'folder'; readonly path: string }
  /** @property led the hash of what is there, where that is outside of the folder */
  | { readonly kind: 'link'; readonly path: string; readonly target: string; readonly led?: ContentHash };

/** The lines of a folder's listing. What is not such a line is left out. */
export function parseListing(listing: string): ListingLine[] {
  return listing.split('\n').flatMap((line): ListingLine[] => {
    const space = line.indexOf(' ');
    if (space === -1) return [];
    const head = line.slice(0, space);
    const name = unescapePath(line.slice(space + 1));
    if (head === 'folder:') return [{ kind: 'folder', path: name.replace(/\/$/, '') }];
    if (head.startsWith('link:')) {
      return [{ kind: 'link', path: name, target: decodeURIComponent(head.slice(5).split('@')[0] ?? '') }];
    }
    return [{ kind: 'file', path: name, hash: head }];
  });
}
