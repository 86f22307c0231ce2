/**
 * Reading files that somebody else may have put there: the memory of a clone, its `.git`. A pipe holds whoever opens it, a device
 * has no end, and a link leads out of the memory. Plain files are read, all others refused at once.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from './problem.js';

// Windows has neither of these flags, nor what they are for.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const AT_ONCE = (O_RDONLY ?? 0) | O_NONBLOCK;

/** The code of the error that what lies there is something else than a file. */
export const NOT_PLAIN = 'ENOTPLAIN';

function notPlain(file: string): Error {
  return Object.assign(new Error('it is not a plain file'), { code: NOT_PLAIN, path: file });
}

/**
 * A descriptor of a plain file, for reading; the caller closes it.
 *
 * @param links whether a link is followed: not in the memory
 * @throws the system's errors, and one for what is no plain file
 */
export function openPlain(file: string, links = false): number {
  let fd: number;
  try {
    fd = openSync(file, links ? AT_ONCE : AT_ONCE | O_NOFOLLOW);
  } catch (error) {
    // What the last part of the path is, in the system's words; ENXIO is said of a socket.
    throw ['ELOOP', 'EMLINK', 'ENXIO'].includes(errorCode(error) ?? '') ? notPlain(file) : error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw notPlain(file);
}

/** The same for who reads piece by piece; links are followed. The caller closes it. Rejects as `openPlain` throws. */
export async function openPlainHandle(file: string): Promise<FileHandle> {
  const handle = await open(file, AT_ONCE);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw notPlain(file);
}

/** The bytes of a plain file. Throws as `openPlain` does. */
export function readPlain(file: string, links = false): Buffer {
  const fd = openPlain(file, links);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The text of a plain file. Throws as `openPlain` does. */
export function readPlainText(file: string, links = false): string {
  return readPlain(file, links).toString('utf8');
}
