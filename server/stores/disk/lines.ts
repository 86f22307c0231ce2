/** Files of lines that only grow: appended by several processes, read from the end or from an offset. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { writeFully } from './atomic.js';
import { errorCode } from './problem.js';
import { NOT_PLAIN, openPlain } from './plain-file.js';

const FIRST_BLOCK = 64 * 1024;
const NEXT_BLOCK = 1024 * 1024;
/** What is longer is not a line of ours but rubbish, and is skipped rather than kept in memory. */
const LONGEST_LINE = 1024 * 1024;
const NEWLINE = 0x0a;

function openForReading(file: string): number | undefined {
  try {
    return openPlain(file);
  } catch (error) {
    // What is no file has no lines either.
    if (['ENOENT', 'ENOTDIR', NOT_PLAIN].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

function readExactly(fd: number, length: number, position: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, buffer, done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}

/**
 * The lines of a file, the last one first; blank ones are left out, a torn one comes as it is. Reads 64 KB of the end,
 * then larger blocks as long as it is asked for more. A file that does not exist has no lines.
 */
export function* linesBackward(file: string): Generator<string, void, undefined> {
  const fd = openForReading(file);
  if (fd === undefined) return;
  try {
    let position = fstatSync(fd).size;
    let carry: Buffer = Buffer.alloc(0);
    let block = FIRST_BLOCK;
    while (position > 0) {
      const length = Math.min(block, position);
      position -= length;
      const bytes = readExactly(fd, length, position);
      const chunk = carry.length === 0 ? bytes : Buffer.concat([bytes, carry]);
      // Up to the first newline may be the end of a line that begins in the block before. 0x0a is never inside a character.
      const first = position === 0 ? -1 : chunk.indexOf(NEWLINE);
      if (position > 0 && first === -1) {
        carry = chunk.length > LONGEST_LINE ? Buffer.alloc(0) : chunk;
      } else {
        carry = first === -1 ? Buffer.alloc(0) : chunk.subarray(0, first);
        const lines = chunk.toString('utf8', first + 1).split('\n');
        for (let at = lines.length - 1; at >= 0; at--) {
          const line = lines[at];
          if (line !== undefined && line !== '') yield line;
        }
      }
      block = NEXT_BLOCK;
    }
  } finally {
    closeSync(fd);
  }
}

export interface LinesFrom {
  /** Whole lines only; a line that is still being written comes with the next call. */
  readonly lines: readonly string[];
  /** Where to go on. */
  readonly next: number;
}

/** The whole lines from a byte on, at most about `maxBytes` of them. A file that shrank is read from its start. */
export function linesFrom(file: string, from: number, maxBytes = 8 * 1024 * 1024): LinesFrom {
  const fd = openForReading(file);
  if (fd === undefined) return { lines: [], next: 0 };
  try {
    const size = fstatSync(fd).size;
    const start = from > size ? 0 : from;
    let length = Math.min(maxBytes, size - start);
    let bytes = readExactly(fd, length, start);
    let end = bytes.lastIndexOf(NEWLINE);
    while (end === -1 && start + length < size) {
      length = Math.min(length * 2, size - start);
      bytes = readExactly(fd, length, start);
      end = bytes.lastIndexOf(NEWLINE);
    }
    if (end === -1) return { lines: [], next: start };
    const lines = bytes
      .toString('utf8', 0, end)
      .split('\n')
      .filter((line) => line !== '');
    return { lines, next: start + end + 1 };
  } finally {
    closeSync(fd);
  }
}

/**
 * Ends the last line of a file where a full disk, or a power cut, has cut it off: what is appended next must not become a
 * part of it. A file that does not exist stays so. Throws the system's error.
 */
export function endLastLine(file: string): void {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDWR | constants.O_APPEND);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    if (size > 0 && readExactly(fd, 1, size - 1)[0] !== NEWLINE) writeFully(fd, Buffer.from('\n'));
  } finally {
    closeSync(fd);
  }
}
