/** A log file of bounded size: what is older lies in `<file>.1`, `<file>.2`, …, and then goes. */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFully } from '../../../stores/disk/atomic.js';

export interface RotatingOptions {
  /** A file that has become larger is put away. */
  readonly maxBytes: number;
  /** How many old ones stay. */
  readonly keep: number;
}

const APP_LOG: RotatingOptions = { maxBytes: 8 * 1024 * 1024, keep: 3 };

/** Makes a folder, but not those above it: a project that was removed stays removed. Throws the system's errors. */
export function makeFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder);
}

export class RotatingLog {
  readonly file: string;
  readonly #options: RotatingOptions;
  #fd: number | undefined;
  #bytes = 0;

  constructor(file: string, options: RotatingOptions = APP_LOG) {
    this.file = file;
    this.#options = options;
  }

  /** Never throws: a full disk costs the lines, not the service. */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (bytes.length === 0) return;
    try {
      if (this.#fd !== undefined && this.#bytes >= this.#options.maxBytes) this.#rotate();
      const fd = this.#fd ?? this.#open();
      writeFully(fd, bytes);
      this.#bytes += bytes.length;
    } catch {
      this.close();
    }
  }

  #open(): number {
    makeFolder(path.dirname(this.file));
    // Secrets are masked, but an app may print what is private in other ways.
    const fd = openSync(this.file, 'a', 0o600);
    this.#fd = fd;
    this.#bytes = fstatSync(fd).size;
    return fd;
  }

  #rotate(): void {
    this.close();
    const { keep } = this.#options;
    rmSync(`${this.file}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 0; number--) {
      const from = number === 0 ? this.file : `${this.file}.${number}`;
      try {
        renameSync(from, `${this.file}.${number + 1}`);
      } catch {
        // There was none.
      }
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
