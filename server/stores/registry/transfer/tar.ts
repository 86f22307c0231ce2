/**
 * Archives in the ustar format: plain files under short names, which is all that an export needs, written and read here
 * so that nothing a general library would also understand (links, devices, long-name extensions, compression) can come in.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { writeFully } from '../../disk/atomic.js';

const BLOCK = 512;
const CHUNK = 1024 * 1024;
/** The format's own bound: eleven octal digits. */
const MAX_BYTES = 0o77777777777;

/** An archive that is not taken; the message says why. */
export class ArchiveError extends Error {}

export interface TarSource {
  /** At most 100 bytes, or 255 where it can be cut at a `/`. */
  readonly name: string;
  readonly content: string | { readonly file: string };
}

/** The name, and what of it stands in front where it is long. */
function nameFields(name: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(name) <= 100) return { name, prefix: '' };
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(rest) <= 100 && Buffer.byteLength(prefix) <= 155) return { name: rest, prefix };
  }
  throw new ArchiveError(`the path ${JSON.stringify(name)} is too long for an archive (255 bytes)`);
}

/** The block before a file's bytes. No owner, no time: the same files give the same bytes. */
export function tarHeader(path: string, size: number, executable = false): Buffer {
  const { name, prefix } = nameFields(path);
  if (size > MAX_BYTES)
    throw new ArchiveError(
      `${name} is larger than 8 GiB, which a tar archive can't hold: export to a folder`,
    );
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'utf8');
  block.write(executable ? '0000755\0' : '0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('0', 156);
  block.write('ustar\0', 257);
  block.write('00', 263);
  block.write(prefix, 345, 155, 'utf8');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The sum of the header's bytes with spaces in place of the sum itself. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

/** Writes an archive to an open file. */
export function writeTar(fd: number, sources: Iterable<TarSource>): void {
  for (const { name, content } of sources) {
    if (typeof content === 'string') {
      const bytes = Buffer.from(content);
      writeFully(fd, tarHeader(name, bytes.length));
      writeFully(fd, bytes);
      pad(fd, bytes.length);
      continue;
    }
    const size = statSync(content.file).size;
    writeFully(fd, tarHeader(name, size));
    const source = openSync(content.file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(CHUNK);
      let left = size;
      while (left > 0) {
        const read = readSync(source, buffer, 0, Math.min(CHUNK, left), null);
        if (read === 0) throw new ArchiveError(`${content.file} changed while it was exported`);
        writeFully(fd, buffer.subarray(0, read));
        left -= read;
      }
    } finally {
      closeSync(source);
    }
    pad(fd, size);
  }
  writeFully(fd, Buffer.alloc(2 * BLOCK));
}

function pad(fd: number, size: number): void {
  const rest = size % BLOCK;
  if (rest > 0) writeFully(fd, Buffer.alloc(BLOCK - rest));
}

export interface TarMember {
  readonly name: string;
  readonly size: number;
  /** Where its bytes begin in the archive. */
  readonly offset: number;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, buffer, done, length - done, position + done);
    if (read === 0) throw new ArchiveError('the archive is cut off');
    done += read;
  }
  return buffer;
}

function textOf(block: Buffer, from: number, length: number): string {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end === -1 ? length : end);
}

function octal(block: Buffer, from: number, length: number): number {
  const text = textOf(block, from, length).trim();
  if (!/^[0-7]+$/.test(text)) throw new ArchiveError('a header of the archive is damaged');
  return parseInt(text, 8);
}

/** What is in an archive. Only headers are read. Throws `ArchiveError` for whatever is not a plain file under a new name. */
export function listTar(fd: number, limit: number): TarMember[] {
  const { size: total } = fstatSync(fd);
  const members: TarMember[] = [];
  const names = new Set<string>();
  for (let at = 0; ;) {
    if (at + BLOCK > total) throw new ArchiveError('the archive is cut off');
    const block = readAt(fd, at, BLOCK);
    if (block.every((byte) => byte === 0)) {
      if (members.length === 0) throw new ArchiveError('the archive is empty');
      return members;
    }
    if (block[0] === 0x1f && block[1] === 0x8b)
      throw new ArchiveError('it is compressed: unpack it with gunzip first');
    if (textOf(block, 257, 5) !== 'ustar') throw new ArchiveError('it is no tar archive of an export');
    if (octal(block, 148, 8) !== checksum(block))
      throw new ArchiveError('a header of the archive is damaged');
    const name = textOf(block, 0, 100);
    const shown = JSON.stringify(name);
    const type = block[156];
    if (type !== 0x30 && type !== 0)
      throw new ArchiveError(`${shown} is a link, a folder or a device, which an export never holds`);
    if (textOf(block, 345, 155) !== '')
      throw new ArchiveError(`${shown} has a longer name than an export ever holds`);
    if (names.has(name)) throw new ArchiveError(`${shown} is in it twice`);
    names.add(name);
    const size = octal(block, 124, 12);
    const offset = at + BLOCK;
    if (offset + size > total) throw new ArchiveError('the archive is cut off');
    members.push({ name, size, offset });
    if (members.length > limit) throw new ArchiveError(`it holds more than ${limit} files`);
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
}
