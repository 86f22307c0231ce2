/**
 * The way of an app's output to the log. A named pipe that the app itself holds open at both ends: when the host is
 * killed, the app can go on writing (until the pipe is full) instead of dying of a broken pipe, and the next host goes
 * on reading. Files would do that, too, but secrets could not be masked on their way into them.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { makeFolder } from './rotating-log.js';

export interface OutputPipe {
  readonly output: Readable;
  /** What the app gets for its output; to be closed once the app has been started. */
  readonly fd: number;
}

/** Makes the pipe. `undefined`: this system has no named pipes. */
export function makeOutputPipe(file: string): OutputPipe | undefined {
  if (process.platform === 'win32') return undefined;
  makeFolder(path.dirname(file));
  rmSync(file, { force: true });
  if (spawnSync('mkfifo', ['-m', '600', file], { stdio: 'ignore' }).status !== 0) return undefined;
  const output = openOutputPipe(file);
  if (output === undefined) return undefined;
  return { output, fd: openSync(file, constants.O_RDWR) };
}

/** Goes on reading from a pipe that another host has made. `undefined`: it is not there any more. */
export function openOutputPipe(file: string): Readable | undefined {
  try {
    // Not blocking, or opening would wait for a writer, and each read would take a thread of the pool.
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return new net.Socket({ fd, readable: true, writable: false });
    } catch {
      closeSync(fd);
      return undefined;
    }
  } catch {
    return undefined;
  }
}
