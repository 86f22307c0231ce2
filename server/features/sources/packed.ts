/** Whether packed files are whole. The engine takes what it finds of one that was cut off, or is damaged, for all there is. */
import { closeSync, createReadStream, fstatSync, readSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { openPlain } from '../../stores/disk/plain-file.js';

/** What files begin with that are packed, in hex. */
const PACKED: readonly (readonly [string, string, string])[] = [
  ['1f8b', 'gzip', '.gz'],
  ['28b52ffd', 'zstd', '.zst'],
  ['425a68', 'bzip2', '.bz2'],
  ['fd377a585a00', 'xz', '.xz'],
  ['504b0304', 'ZIP (as Excel workbooks are)', '.zip'],
];

/**
 * The first file that is not what its name says: packed without saying so, cut off, or damaged.
 * @param files with the words that messages have for them
 */
export async function packedProblem(
  files: readonly { readonly file: string; readonly shown: string }[],
): Promise<string | undefined> {
  for (const { file, shown } of files) {
    const problem = await problemOf(file);
    if (problem !== undefined) return `${shown} ${problem}`;
  }
  return undefined;
}

async function problemOf(file: string): Promise<string | undefined> {
  try {
    const start = bytesAt(file, 0, 8).toString('hex');
    const [, name, extension] = PACKED.find(([magic]) => start.startsWith(magic)) ?? [];
    const called = /\.(?:gz|zst)$/i.exec(file)?.[0].toLowerCase();
    if (called !== undefined && start !== '' && called !== extension)
      return `is no ${called === '.gz' ? 'gzip' : 'zstd'} file, although it is called one.`;
    if (called === '.gz') return await gzipProblem(file);
    if (called === '.zst') return isWholeZstd(file) ? undefined : CUT;
    if (name === undefined || extension === undefined) return undefined;
    return extension === '.gz' || extension === '.zst'
      ? `is packed with ${name}: call it *${extension}.`
      : `is a ${name} file. Unpack it, or pack it with gzip or zstd.`;
  } catch {
    // What can't be read, the engine says with its own words.
    return undefined;
  }
}

const CUT = 'is cut off: its packed data has no end. Make or fetch it anew.';

/** Unpacks it for the check sums that gzip ends with. */
async function gzipProblem(file: string): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), createGunzip(), nowhere);
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'Z_BUF_ERROR') return CUT;
    return code?.startsWith('Z_') === true
      ? `is damaged: ${message}. Make or fetch it anew.`
      : `can't be read: ${message}.`;
  }
}

/** Whether a file ends where its last frame does (RFC 8878, 3.1). Only the heads of frames and blocks are read. */
function isWholeZstd(file: string): boolean {
  const fd = openPlain(file, true);
  try {
    const { size } = fstatSync(fd);
    const head = Buffer.alloc(18);
    let at = 0;
    while (at < size) {
      const read = readSync(fd, head, 0, head.length, at);
      const magic = read < 5 ? 0 : head.readUInt32LE(0);
      if (magic >>> 4 === 0x184d2a5) {
        at += read < 8 ? Infinity : 8 + head.readUInt32LE(4);
        continue;
      }
      if (magic !== 0xfd2fb528) return false;
      const flags = head.readUInt8(4);
      const single = (flags & 0x20) !== 0;
      const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >>> 6] ?? 0;
      at += 5 + (single ? 0 : 1) + ([0, 1, 2, 4][flags & 3] ?? 0) + sizeBytes;
      for (let last = false; !last;) {
        if (readSync(fd, head, 0, 3, at) < 3) return false;
        const block = head.readUIntLE(0, 3);
        last = (block & 1) === 1;
        at += 3 + (((block >>> 1) & 3) === 1 ? 1 : block >>> 3);
      }
      if ((flags & 4) !== 0) at += 4;
    }
    return at === size;
  } finally {
    closeSync(fd);
  }
}

function bytesAt(file: string, at: number, length: number): Buffer {
  const fd = openPlain(file, true);
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, at));
  } finally {
    closeSync(fd);
  }
}
