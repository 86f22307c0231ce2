/** How files of DVC's cache come into the workspace: by the kinds of links that `cache.type` lists, as DVC makes them. */
import {
  chmodSync,
  constants,
  type Stats,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../../stores/disk/problem.js';

export const LINK_TYPES = ['reflink', 'hardlink', 'symlink', 'copy'] as const;
export type LinkType = (typeof LINK_TYPES)[number];

/** Without `cache.type`. */
export const DEFAULT_LINKS: readonly LinkType[] = ['reflink', 'copy'];

const USER_EXECUTES = 0o100;
/** What a file system says that can't make such a link, or no more of them. */
const NOT_HERE = new Set('EPERM ENOTSUP EOPNOTSUPP EXDEV ENOTTY ENOSYS EINVAL EAGAIN EMLINK'.split(' '));

export function isLinkType(word: string): word is LinkType {
  return LINK_TYPES.some((one) => one === word);
}

/**
 * Puts a file of the cache at a place, in one step: what is there before is there until then.
 *
 * @param object in the cache, absolute
 * @param place absolute
 * @param types the first that works here is taken
 * @throws where none of them does
 */
export async function putLink(object: string, place: string, types: readonly LinkType[]): Promise<void> {
  mkdirSync(path.dirname(place), { recursive: true });
  const half = `${place}.${process.pid}.tmp`;
  for (const [at, type] of types.entries()) {
    try {
      await make(type, types[at + 1] === 'copy', object, half);
      renameSync(half, place);
      return;
    } catch (error) {
      if (!NOT_HERE.has(errorCode(error) ?? '')) throw error;
    } finally {
      // Renaming a link over another one to the same file does nothing.
      rmSync(half, { force: true });
    }
    if (type === 'reflink' && types[at + 1] === 'copy') break;
  }
  throw new Error(`${place}: none of the links of \`cache.type\` can be made here (${types.join(', ')})`);
}

/** @param orCopy where it can't be a link */
async function make(type: LinkType, orCopy: boolean, object: string, half: string): Promise<void> {
  if (type === 'symlink') symlinkSync(object, half);
  // File systems bound the number of links to a file, and all empty files are one object.
  else if (type === 'hardlink' && statSync(object).size > 0) linkSync(object, half);
  else {
    // A new file has the permissions that files get here, and keeps those of the object once that is copied.
    writeFileSync(half, '');
    const { mode } = statSync(half);
    const reflink = orCopy ? constants.COPYFILE_FICLONE : constants.COPYFILE_FICLONE_FORCE;
    await copyFile(object, half, type === 'reflink' ? reflink : 0);
    chmodSync(half, mode & 0o777);
  }
}

/** DVC lets its user alone execute a file; where it is a link, that goes for the object, too. */
export function letExecute(file: string): void {
  chmodSync(file, (statSync(file).mode & 0o777) | USER_EXECUTES);
}

/** Whether outputs become links to what the cache has got of them. */
export function linksOutputs(types: readonly LinkType[]): boolean {
  return types[0] === 'hardlink' || types[0] === 'symlink';
}

/** Whether a file of a folder is left as it is, as far as its kind goes: one of `cache.type` is that already. */
export function isLinkedAs(file: string, object: string, types: readonly LinkType[]): boolean {
  const stat = lstatSync(file);
  for (const type of types) {
    if (type === 'hardlink' && !stat.isSymbolicLink() && stat.nlink > 1) return isSame(stat, object);
    if (type === 'symlink' && stat.isSymbolicLink()) return readlinkSync(file) === object;
    if ((type === 'copy' || type === 'reflink') && !stat.isSymbolicLink() && stat.nlink === 1) return true;
  }
  return false;
}

function isSame(stat: Stats, object: string): boolean {
  const other = lstatSync(object, { throwIfNoEntry: false });
  return other?.ino === stat.ino && other.dev === stat.dev;
}

/** Makes a file one of its own that shares its bytes with the cache, so that it can be written to. */
export async function unlinkFromCache(file: string): Promise<void> {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink() || stat.nlink > 1) await putLink(file, file, ['copy']);
}
