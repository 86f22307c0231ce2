/** Moving files and folders of the project from one place to another without ever having them nowhere. */
import { chmodSync, constants, cpSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { removeTree } from './folder.js';
import { errorCode } from './problem.js';

/**
 * Moves a file, folder or link to a place that is free: by one rename where the disk allows it, else (another file system, a
 * mount point) by a copy that is whole before the original goes. Throws the system's error, which names the path.
 */
export function moveTree(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    const code = errorCode(error);
    if ((code === 'EACCES' || code === 'EPERM') && renameWritable(from, to)) return;
    if (code !== 'EXDEV' && code !== 'EBUSY') throw error;
    copyTree(from, to);
    removeOriginal(from);
  }
}

/** A folder that may not be written can't change its parent either; it gets the permission for as long as that takes. */
function renameWritable(from: string, to: string): boolean {
  const stat = lstatSync(from, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true || (stat.mode & 0o200) !== 0) return false;
  chmodSync(from, (stat.mode & 0o777) | 0o700);
  try {
    renameSync(from, to);
  } catch (error) {
    chmodSync(from, stat.mode & 0o777);
    throw error;
  }
  chmodSync(to, stat.mode & 0o777);
  return true;
}

function copyTree(from: string, to: string): void {
  const half = `${to}.part`;
  removeTree(half);
  try {
    cpSync(from, half, {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      mode: constants.COPYFILE_FICLONE,
    });
    renameSync(half, to);
  } finally {
    removeTree(half);
  }
}

function removeOriginal(from: string): void {
  try {
    removeTree(from);
  } catch (error) {
    // A mount point stays, empty.
    if (errorCode(error) !== 'EBUSY') throw error;
    for (const name of readdirSync(from)) removeTree(path.join(from, name));
  }
}
