/** What lies in a folder, and whether a file is the one that was seen. */
import { lstatSync, readdirSync, statSync } from 'node:fs';
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

/** Whether a folder lies there itself, and not a link to one. */
export function isFolder(target: string): boolean {
  return lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
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
