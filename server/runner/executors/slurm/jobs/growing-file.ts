/** A file that somebody else writes, read as it grows. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** One for all: a chunk is taken before the next is read, and there may be thousands of files. */
const SHARED = Buffer.allocUnsafe(64 * 1024);

export class GrowingFile {
  readonly #path: string;
  readonly #buffer: Buffer;
  #offset = 0;

  /** @param path need not exist yet */
  constructor(path: string, buffer: Buffer = SHARED) {
    this.#path = path;
    this.#buffer = buffer;
  }

  /**
   * Hands on what was added from the last look to this one: who writes faster than it is read must not hold it up.
   * @param take the chunk is overwritten by the next one
   * @param most in bytes; the rest is for the next look
   */
  read(take: (chunk: Buffer) => void, most = Infinity): void {
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, 'r');
    } catch {
      return;
    }
    try {
      const end = Math.min(fstatSync(descriptor).size, this.#offset + most);
      while (this.#offset < end) {
        const length = Math.min(this.#buffer.length, end - this.#offset);
        const read = readSync(descriptor, this.#buffer, 0, length, this.#offset);
        if (read === 0) return;
        take(this.#buffer.subarray(0, read));
        // Only now: what could not be taken, on a full disk, comes again with the next look.
        this.#offset += read;
      }
    } catch {
      // A file system that is away for a moment: it is read when it is back.
    } finally {
      closeSync(descriptor);
    }
  }
}
