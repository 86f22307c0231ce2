/**
 * Whether a project's memory was made here. What lies in `.modelyard/` is executed, restored, deleted, signalled and
 * connected to, so that one that came with a clone, an archive or a copy of the folder must not be believed.
 *
 * Whoever makes a memory leaves a mark in it: which folder it is (path, device, inode), signed with the user's secret on
 * this machine. A copy has another inode, and a stranger no secret. A person says yes to another memory by
 * `modelyard trust`, which leaves the same mark. A machine for CI, which gets its memory from a cache of its own, signs with
 * `MODELYARD_MEMORY_KEY`, too: with that key the first command says yes.
 */
import { createHmac } from 'node:crypto';
import { type BigIntStats, lstatSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from './disk/atomic.js';
import { isFolder, namesIn } from './disk/folder.js';
import { trackedAt } from '../base/git-index.js';
import { HASHES_FORMAT, sha256 } from './content/hash.js';
import { describeError } from './disk/problem.js';
import type { StoreProblem } from './disk/problem.js';
import { machineSecret } from './machine/user-folders.js';
import { readPlainText } from './disk/plain-file.js';

/** `none`: there is nothing in it. `foreign`: it may be looked at, and nothing else. */
export type MemoryState = 'none' | 'own' | 'foreign';

/** Of a project, absolute. */
export interface MemoryPlaces {
  readonly root: string;
  readonly memory: string;
  readonly index: string;
}

interface Mark {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  /** A person has said yes though git tracks it. */
  readonly tracked: boolean;
  readonly signature: string;
}

/** What a memory may hold and still say nothing: commands that only look keep what they derive before the first run. */
const EMPTY = ['.gitignore', 'tmp', 'locks', 'index'];

/** Where there is no home for a secret, only the place tells. */
const NO_SECRET = 'no secret';

/** Where it lies, also where that is a link and the layout does not follow it. */
function memoryOf({ root }: MemoryPlaces): string {
  return path.join(root, '.modelyard');
}

/** Whether git tracks a file in it. */
function isTracked({ root }: MemoryPlaces): boolean {
  return trackedAt(root, '.modelyard') !== undefined;
}

function marksFolder(layout: MemoryPlaces): string {
  return path.join(layout.memory, 'marks');
}

function nameOf(key: string): string {
  return `${sha256(`mark\0${key}`).slice(0, 16)}.json`;
}

function sign(key: string, ...parts: readonly string[]): string {
  return createHmac('sha256', key).update(parts.join('\0')).digest('hex');
}

function signatureOf(key: string, { path: place, device, inode, tracked }: Omit<Mark, 'signature'>): string {
  return sign(key, place, device, inode, String(tracked));
}

function isSigned(mark: Mark, key: string): boolean {
  return mark.signature === signatureOf(key, mark);
}

function readMark(file: string): Mark | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(file));
    if (typeof value !== 'object' || value === null) return undefined;
    const { path: place, device, inode, tracked, signature } = value as Partial<Record<keyof Mark, unknown>>;
    if (typeof place !== 'string' || typeof device !== 'string' || typeof inode !== 'string')
      return undefined;
    if (typeof tracked !== 'boolean' || typeof signature !== 'string') return undefined;
    return { path: place, device, inode, tracked, signature };
  } catch {
    return undefined;
  }
}

/** A folder that is renamed keeps its inode; device numbers may be others after a start of the machine. */
function isOf(mark: Mark, layout: MemoryPlaces, stat: BigIntStats): boolean {
  if (mark.inode !== String(stat.ino)) return false;
  return mark.device === String(stat.dev) || mark.path === layout.memory;
}

/** Of all users, and of all folders that it was copied from; signed or not. */
function marksIn(layout: MemoryPlaces): Mark[] {
  return namesIn(marksFolder(layout)).flatMap((name) => readMark(path.join(marksFolder(layout), name)) ?? []);
}

/**
 * Whether no mark is of this very folder: the processes that the memory names work elsewhere. Path and device don't tell:
 * another container, or another machine that shares the disk, sees the same folder at another place.
 */
export function isCopy(layout: MemoryPlaces): boolean {
  const stat = lstatSync(memoryOf(layout), { bigint: true, throwIfNoEntry: false });
  return !marksIn(layout).some(({ inode }) => inode === String(stat?.ino));
}

/** Whether a memory bears the mark of the key that is given. */
function isKeyed(layout: MemoryPlaces): boolean {
  const key = process.env['MODELYARD_MEMORY_KEY'] ?? '';
  if (key === '') return false;
  return readMark(path.join(marksFolder(layout), nameOf(key)))?.signature === sign(key, 'memory');
}

/** Whether a memory waits to be taken over: the key says yes to it, and it was copied here since. */
export function isKeyedCopy(layout: MemoryPlaces): boolean {
  return isKeyed(layout) && memoryState(layout) === 'foreign';
}

function ownMark(layout: MemoryPlaces, stat: BigIntStats): Mark | undefined {
  const secret = machineSecret(false) ?? NO_SECRET;
  const mark = readMark(path.join(marksFolder(layout), nameOf(secret)));
  return mark !== undefined && isSigned(mark, secret) && isOf(mark, layout, stat) ? mark : undefined;
}

/** What a project's memory is to this user, here. Reads some small files; changes nothing. */
export function memoryState(layout: MemoryPlaces): MemoryState {
  const stat = lstatSync(memoryOf(layout), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return 'none';
  if (!stat.isDirectory()) return 'foreign';
  const tracked = isTracked(layout);
  if (isKeyed(layout) && !isCopy(layout)) return 'own';
  const mark = ownMark(layout, stat);
  if (mark !== undefined) return tracked && !mark.tracked ? 'foreign' : 'own';
  const names = namesIn(layout.memory).filter(
    (name) => !EMPTY.includes(name) && !name.endsWith('.tmp') && !(name === 'features' && isLookedAt(layout)),
  );
  if (names.length === 0) return 'none';
  if (tracked) return 'foreign';
  return isOfTheGroup(layout, stat) || (!names.includes('marks') && knowsThisMachine(layout))
    ? 'own'
    : 'foreign';
}

/** Nothing was materialized: a view was only looked at, which takes room for the query's own files. */
function isLookedAt(layout: MemoryPlaces): boolean {
  return namesIn(path.join(layout.memory, 'features')).every((name) => name === 'tmp');
}

/**
 * A project that a group shares: its folder belongs to a group of the user's and hands that down, and another user of this
 * machine has made the memory. What a clone or an archive brings belongs to whoever unpacked it.
 */
function isOfTheGroup(layout: MemoryPlaces, stat: BigIntStats): boolean {
  const { getuid, getgroups, getgid } = process;
  if (getuid === undefined || getgroups === undefined || getgid === undefined) return false;
  const root = statSync(layout.root, { bigint: true, throwIfNoEntry: false });
  if (root === undefined || stat.uid === BigInt(getuid())) return false;
  const shared = (root.mode & 0o2020n) === 0o2020n && root.gid === stat.gid;
  const member = [...getgroups(), getgid()].some((group) => BigInt(group) === root.gid);
  if (!shared || !(member || getuid() === 0)) return false;
  return marksIn(layout).some((mark) => isOf(mark, layout, stat));
}

/**
 * For memories of versions that left no mark: they know files of the project by inode and change time, which nobody can set.
 */
function knowsThisMachine(layout: MemoryPlaces): boolean {
  let text: string;
  try {
    text = readPlainText(path.join(layout.index, 'hashes'));
  } catch {
    return false;
  }
  const [format, ...lines] = text.split('\n');
  if (format !== HASHES_FORMAT) return false;
  return lines.slice(-1000).some((line) => {
    const [, inode, changed, name] = /^\S+ \d+ -?\d+ (\d+) (\d+) "(.*)"$/.exec(line) ?? [];
    if (name === undefined || changed === '0' || name.includes('\\')) return false;
    const file = path.resolve(layout.root, name);
    if (file.startsWith(layout.memory + path.sep)) return false;
    const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false });
    return stat?.isFile() === true && String(stat.ino) === inode && String(stat.ctimeNs) === changed;
  });
}

/** Whether the mark of this user, and that of the key that is given, are there. */
export function hasOwnMark(layout: MemoryPlaces): boolean {
  const key = process.env['MODELYARD_MEMORY_KEY'] ?? '';
  const wanted = [machineSecret(false) ?? NO_SECRET, ...(key === '' ? [] : [key])];
  return wanted.every((one) => readMark(path.join(marksFolder(layout), nameOf(one))) !== undefined);
}

/** What is said of a memory that is a link or a file. */
export const NOT_A_FOLDER =
  'is not a folder but a link or a file, and is not followed. Remove it, or link the whole project instead.';

/** Why nothing of a memory is used: `undefined` where it was made here or there is none. */
export function foreignMemory(layout: MemoryPlaces): StoreProblem | undefined {
  if (memoryState(layout) !== 'foreign') return undefined;
  const memory = memoryOf(layout);
  const message = isFolder(memory)
    ? `${memory} was not made here: it came with a clone, an archive or a copy of the folder. It can be looked at; nothing in it is run, restored, deleted or connected to until you say yes once with \`modelyard trust\`. To begin anew, remove it.`
    : `${memory} ${NOT_A_FOLDER}`;
  return { path: memory, message };
}

/** Leaves the mark. @param tracked whether a person has said yes to what git tracks. Throws the system's errors. */
export function markMemory(layout: MemoryPlaces, tracked: boolean): void {
  const folder = marksFolder(layout);
  const { dev, ino } = lstatSync(layout.memory, { bigint: true });
  mkdirSync(folder, { recursive: true });
  const secret = machineSecret(true) ?? NO_SECRET;
  const mark = { path: layout.memory, device: String(dev), inode: String(ino), tracked };
  const write = (key: string, signature: string): void =>
    writeAtomic(path.join(folder, nameOf(key)), JSON.stringify({ ...mark, signature }));
  write(secret, signatureOf(secret, mark));
  const key = process.env['MODELYARD_MEMORY_KEY'] ?? '';
  if (key !== '') write(key, sign(key, 'memory'));
}

/** Says yes to a memory. Gives what it was before, or why that could not be written down. */
export function trustMemory(
  layout: MemoryPlaces,
): { readonly ok: true; readonly before: MemoryState } | { readonly ok: false; readonly message: string } {
  const before = memoryState(layout);
  if (before === 'none') return { ok: true, before };
  if (!isFolder(memoryOf(layout))) return { ok: false, message: foreignMemory(layout)?.message ?? '' };
  try {
    markMemory(layout, isTracked(layout));
    return { ok: true, before };
  } catch (error) {
    return { ok: false, message: `Can't write to ${layout.memory}: ${describeError(error)}.` };
  }
}
