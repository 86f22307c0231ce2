/**
 * Replacing a file so that readers, and a process that is killed at any point, see the old content or the new one and
 * never a mixture: a temp file under a unique name, then one rename.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { errorCode } from './problem.js';

let counter = 0;
const salt = randomBytes(3).toString('hex');

/**
 * A name no other writer uses: pid, a salt of this process and a counter. Two threads of one process have salts of
 * their own. Ends in `.tmp` and carries the pid so that `isStaleTemp` can tell leftovers.
 */
export function tempName(target: string): string {
  counter += 1;
  return `${target}.${process.pid}-${salt}-${counter}.tmp`;
}

const TEMP_PATTERN = /\.(\d+)-[0-9a-f]{6}-\d+\.tmp$/;

/** The pid in a name that `tempName` made, `undefined` for other names. */
export function tempOwner(name: string): number | undefined {
  const match = TEMP_PATTERN.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Writes everything: `writeSync` may write less than it was given when the disk fills up or a signal comes. */
export function writeFully(fd: number, data: Uint8Array): void {
  let done = 0;
  while (done < data.length) done += writeSync(fd, data, done, data.length - done);
}

/** Makes a rename survive a power cut. Folders can't be opened for it everywhere; there it is the system's business. */
export function syncFolder(folder: string): void {
  let fd: number;
  try {
    fd = openSync(folder, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(fd);
  } catch (error) {
    if (errorCode(error) === 'EIO') throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces `target` by one rename. `durable` waits until the bytes and the name are on the disk (some ms), for states
 * that must survive a power cut. Throws the system's error after removing its temp file; `target` is then untouched.
 */
export function writeAtomic(
  target: string,
  data: string | Uint8Array,
  options: { readonly durable?: boolean; readonly mode?: number } = {},
): void {
  const temp = tempName(target);
  const fd = openSync(temp, 'wx', options.mode ?? 0o666);
  try {
    try {
      writeFully(fd, typeof data === 'string' ? Buffer.from(data) : data);
      if (options.durable === true) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, target);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  if (options.durable === true) syncFolder(path.dirname(target));
}
