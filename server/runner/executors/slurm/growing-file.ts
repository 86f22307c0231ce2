/** A file that somebody else writes, read as it grows. */
import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 64 * 1024;

export class GrowingFile {
  readonly #path: string;
  readonly #buffer: Buffer;
  #offset = 0;

  /** @param path need not exist yet */
  constructor(path: string, buffer: Buffer = Buffer.allocUnsafe(CHUNK_BYTES)) {
    this.#path = path;
    this.#buffer = buffer;
  }

  /** Hands on what was added since the last look. @param take the chunk is overwritten by the next one */
  read(take: (chunk: Buffer) => void): void {
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, 'r');
    } catch {
      return;
    }
    try {
      for (;;) {
        const read = readSync(descriptor, this.#buffer, 0, this.#buffer.length, this.#offset);
        if (read === 0) return;
        this.#offset += read;
        take(this.#buffer.subarray(0, read));
      }
    } catch {
      // A file system that is away for a moment: it is read when it is back.
    } finally {
      closeSync(descriptor);
    }
  }
}
