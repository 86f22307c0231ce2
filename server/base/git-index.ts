/**
 * Which files git tracks, read from `.git/index` itself: asking git would take a process, and a language server must not wait
 * for one. See gitformat-index(5).
 */
import { type Stats, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** Larger indexes are not read: then nothing is known. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

/** Longer paths are no file's. Version 4 says paths by what they share: without a bound a small file means endless text. */
const MAX_PATH_BYTES = 4096;
/** Of all paths together. */
const MAX_TEXT_BYTES = 2 * MAX_INDEX_BYTES;

/** The folder of the repository that a folder lies in: `.git`, or where a linked work tree or a submodule has it. */
export function findGitFolder(folder: string): { readonly git: string; readonly top: string } | undefined {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const candidate = path.join(at, '.git');
    const stat = statOf(candidate);
    if (stat?.isDirectory() === true) return { git: candidate, top: at };
    if (stat?.isFile() === true) {
      const target = /^gitdir: (.+)$/m.exec(readText(candidate) ?? '')?.[1];
      return target === undefined ? undefined : { git: path.resolve(at, target.trim()), top: at };
    }
    if (path.dirname(at) === at) return undefined;
  }
}

/** Nothing where nothing is, also below a file and in a circle of links. */
function statOf(target: string): Stats | undefined {
  try {
    return statSync(target, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Throws the system's errors, and for what is no file or too large. A pipe would hold us for ever. */
function readBytes(file: string): Buffer {
  const stat = statOf(file);
  if (stat?.isFile() !== true || stat.size > MAX_INDEX_BYTES) throw new RangeError('no index of git');
  return readFileSync(file);
}

function readText(file: string): string | undefined {
  try {
    return readBytes(file).toString();
  } catch {
    return undefined;
  }
}

/** The files of one index. */
interface Tracked {
  readonly files: ReadonlySet<string>;
  /** Of each folder with tracked files in it one of them. */
  readonly folders: ReadonlyMap<string, string>;
}

/** By git folder: what its index holds, nothing where it can't be read; and how the file was then. */
const known = new Map<string, { readonly stamp: string; readonly tracked: Tracked | undefined }>();

/** Where a project lies in a repository. */
interface Place {
  readonly git: string;
  /** Of the paths of the project's files, as git has them. */
  readonly prefix: string;
}

/** By project, until this turn of the event loop ends: thousands of paths are asked for in one. */
const places = new Map<string, Place | undefined>();

/**
 * The first file that git tracks at a path, or below it; `undefined` where it tracks none, or where nothing is known.
 * @param root absolute; the path is relative to it, `/` between names
 */
export function trackedAt(root: string, relative: string): string | undefined {
  try {
    const place = placeOf(root);
    const tracked = place === undefined ? undefined : indexOf(place.git);
    if (place === undefined || tracked === undefined) return undefined;
    const { prefix } = place;
    const asked = relative === '' || relative === '.' ? prefix.slice(0, -1) : prefix + relative;
    const file = tracked.files.has(asked) ? asked : tracked.folders.get(asked);
    return file?.slice(prefix.length);
  } catch {
    return undefined;
  }
}

function placeOf(root: string): Place | undefined {
  if (places.has(root)) return places.get(root);
  const found = findGitFolder(root);
  if (places.size === 0) queueMicrotask(() => places.clear());
  if (found === undefined) {
    places.set(root, undefined);
    return undefined;
  }
  const top = realpathSync.native(found.top);
  const inside = path.relative(top, realpathSync.native(root)).split(path.sep).join('/');
  const place = { git: found.git, prefix: inside === '' ? '' : `${inside}/` };
  places.set(root, place);
  return place;
}

function indexOf(git: string): Tracked | undefined {
  const file = path.join(git, 'index');
  const stat = statOf(file);
  const stamp = stat === undefined ? '' : `${stat.size}:${stat.mtimeMs}:${stat.ino}`;
  const before = known.get(git);
  if (before?.stamp === stamp) return before.tracked;
  const tracked = readTracked(git, file);
  known.set(git, { stamp, tracked });
  return tracked;
}

function readTracked(git: string, file: string): Tracked | undefined {
  const files = new Set<string>();
  try {
    const hashBytes = /^[ \t]*objectformat[ \t]*=[ \t]*sha256[ \t\r]*$/im.test(configOf(git)) ? 32 : 20;
    const shared = readIndex(readBytes(file), hashBytes, files);
    if (shared !== undefined) readIndex(readBytes(path.join(git, `sharedindex.${shared}`)), hashBytes, files);
  } catch {
    // What was read before it was torn is tracked in any case.
    if (files.size === 0) return undefined;
  }
  const folders = new Map<string, string>();
  for (const one of files) {
    for (let at = one.lastIndexOf('/'); at > 0; at = one.lastIndexOf('/', at - 1)) {
      const folder = one.slice(0, at);
      if (folders.has(folder)) break;
      folders.set(folder, one);
    }
  }
  const [first] = files;
  if (first !== undefined) folders.set('', first);
  return { files, folders };
}

function configOf(git: string): string {
  return readText(path.join(commonFolder(git), 'config')) ?? '';
}

/** Where a repository keeps what its linked work trees share. */
export function commonFolder(git: string): string {
  const shared = readText(path.join(git, 'commondir'))?.trim();
  return shared === undefined ? git : path.resolve(git, shared);
}

const EXTENDED = 0x4000;

/**
 * Adds the paths of an index; those of a folder that is sparse end in `/`. Gives the name of a shared index that it rests on.
 * Throws for one that is torn.
 */
function readIndex(bytes: Buffer, hashBytes: number, files: Set<string>): string | undefined {
  if (bytes.toString('latin1', 0, 4) !== 'DIRC') return undefined;
  const version = bytes.readUInt32BE(4);
  const count = bytes.readUInt32BE(8);
  let at = 12;
  let last = '';
  let text = 0;
  for (let entry = 0; entry < count; entry++) {
    const begin = at;
    at += 40 + hashBytes;
    const flags = bytes.readUInt16BE(at);
    at += 2;
    if (version >= 3 && (flags & EXTENDED) !== 0) at += 2;
    let prefix = '';
    if (version === 4) {
      const strip = readOffset(bytes, at);
      at = strip.next;
      const kept = Buffer.from(last);
      prefix = kept.toString('utf8', 0, kept.length - strip.value);
    }
    const end = bytes.indexOf(0, at);
    if (end === -1) break;
    last = prefix + bytes.toString('utf8', at, end);
    text += last.length;
    if (last.length > MAX_PATH_BYTES || text > MAX_TEXT_BYTES) throw new RangeError('no index of git');
    // A shared index has names; what replaces one of its entries has none.
    if (last !== '') files.add(last.endsWith('/') ? last.slice(0, -1) : last);
    at = version === 4 ? end + 1 : begin + ((end - begin + 8) & ~7);
  }
  return sharedIn(bytes, at, hashBytes);
}

/** The variable width encoding of offsets in packs. */
function readOffset(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let at = from;
  let byte = bytes.readUInt8(at++);
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes.readUInt8(at++);
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, next: at };
}

function sharedIn(bytes: Buffer, from: number, hashBytes: number): string | undefined {
  for (let at = from; at + 8 + hashBytes <= bytes.length;) {
    const size = bytes.readUInt32BE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'link')
      return bytes.toString('hex', at + 8, at + 8 + hashBytes);
    at += 8 + size;
  }
  return undefined;
}
