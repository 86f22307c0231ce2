/**
 * Content hashes: `sha256:<hex>` of a file's bytes; of a folder the hash of its sorted listing, one line
 * `<hash> <relative path>` each:
 *
 * - a file: the hash of its bytes. Permissions do not count, so that hashes are the same on every system;
 * - a link: `link:<target, percent-encoded>`. It is not followed, so that loops do no harm; when it leads to a file
 *   outside of the folder, `@<hash of the file>` follows, because a task would read that;
 * - an empty folder: `folder: <path>/`.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { BigIntStats, Dirent } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { describeError, errorCode } from './problem.js';
import type { ContentHash } from './run-document.js';

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
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
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
  if (bytes <= SMALL_FILE) return hashOf(readFileSync(file));
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  const fd = openSync(file, 'r');
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
  const handle = await open(file, 'r');
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
  const lines: [path: string, line: string][] = [];
  const executables: string[] = [];
  let bytes = 0;
  let files = 0;
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = readdirSync(path.join(target, folder), { withFileTypes: true });
    } catch (error) {
      return problemOf(path.join(target, folder), error);
    }
    if (entries.length === 0 && folder !== '') lines.push([folder, `folder: ${escapePath(folder)}/`]);
    for (const entry of entries) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const file = path.join(target, name);
      if (entry.isDirectory()) {
        folders.push(name);
        continue;
      }
      try {
        let prefix = '';
        if (entry.isSymbolicLink()) {
          prefix = `link:${encodeURIComponent(readlinkSync(file))}`;
          const inside = leadsInside(target, file);
          const led = inside ? undefined : statSync(file, { bigint: true, throwIfNoEntry: false });
          if (led?.isFile() !== true) {
            lines.push([name, `${prefix} ${escapePath(name)}`]);
            continue;
          }
          prefix += '@';
        } else if (!entry.isFile()) {
          return special(file);
        }
        const found = statSync(file, { bigint: true });
        const hash = yield { path: file, stat: found };
        if (typeof hash !== 'string') return hash;
        lines.push([name, `${prefix}${hash} ${escapePath(name)}`]);
        if (prefix !== '') continue;
        files += 1;
        bytes += Number(found.size);
        if ((found.mode & 0o100n) !== 0n) executables.push(name);
      } catch (error) {
        // A link that leads in a circle has no target; it is its text.
        if (entry.isSymbolicLink() && errorCode(error) === 'ELOOP') {
          lines.push([name, `link:${encodeURIComponent(readlinkSync(file))} ${escapePath(name)}`]);
        } else {
          return problemOf(file, error);
        }
      }
    }
  }
  lines.sort(([a], [b]) => (a < b ? -1 : 1));
  const listing = lines.map(([, line]) => `${line}\n`).join('');
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

/** Whether a link's target lies in the folder, going by its text: what is there has a line of its own. */
function leadsInside(folder: string, link: string): boolean {
  const relative = path.relative(folder, path.resolve(path.dirname(link), readlinkSync(link)));
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

export type ListingLine =
  | { readonly kind: 'file'; readonly path: string; readonly hash: ContentHash }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

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
