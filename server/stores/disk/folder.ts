/** What lies in a folder, whether a file is the one that was seen, and how a folder is removed. */
import {
  type Dirent,
  type Stats,
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { errorCode } from './problem.js';

/** Names in a folder; none where there is no such folder. Throws when it can't be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** The folders in a folder, absolute, links to folders not among them; none where it can't be read. */
export function foldersIn(folder: string): string[] {
  return entriesIn(folder, (entry) => entry.isDirectory());
}

/** The plain files in a folder, likewise. */
export function filesIn(folder: string): string[] {
  return entriesIn(folder, (entry) => entry.isFile());
}

function entriesIn(folder: string, wanted: (entry: Dirent) => boolean): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(wanted)
      .map((entry) => path.join(folder, entry.name));
  } catch {
    return [];
  }
}

/** Runs `work`, and once more with the folder of `file` made when that was missing. */
export function withFolder<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    return work();
  }
}

/** What a path leads to; nothing where nothing is, also below a file (a linked folder of the memory) and in a circle of links. Throws the system's other errors. */
export function statOf(target: string): Stats | undefined {
  try {
    return statSync(target, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR' || errorCode(error) === 'ELOOP') return undefined;
    throw error;
  }
}

/** Whether a folder lies there itself, and not a link to one. */
export function isFolder(target: string): boolean {
  try {
    return lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

/** Whether it is a file, links followed, that may be run. A shell passes over what is none in the `PATH`. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Another text for another content, as far as the file system tells: empty where there is no file. Never throws. */
export function fileStamp(file: string): string {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat === undefined ? '' : `${stat.size}:${stat.mtimeMs}:${stat.ino}`;
  } catch {
    return '?';
  }
}

/**
 * Removes a file or folder with all that is in it, also where folders in it may not be written (Go's module cache, Nix). Links
 * are removed, never followed. What is not there is no error. Throws the system's error, which names the path.
 */
export function removeTree(target: string): void {
  try {
    rmSync(target, { recursive: true, force: true });
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    makeWritable(target);
    rmSync(target, { recursive: true, force: true });
  }
}

/** Lets the owner change what is in a folder. What belongs to somebody else stays as it is. */
function makeWritable(target: string): void {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return;
  if ((stat.mode & 0o700) !== 0o700) {
    try {
      chmodSync(target, (stat.mode & 0o777) | 0o700);
    } catch {
      // Removing it then says why it can't be.
    }
  }
  for (const name of namesIn(target)) makeWritable(path.join(target, name));
}
