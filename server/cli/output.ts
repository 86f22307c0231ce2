/** Writing to the terminal, a pipe or a file, whole and in order, from a process that may end right after. */
import { writeSync } from 'node:fs';

/** Exit codes, as `modelyard help` documents them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, cancelled: 130 } as const;

export interface Output {
  write(text: string | Uint8Array): void;
  line(text?: string): void;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Written synchronously: that holds the tasks back when the reader is slow, and costs nothing to set up. When nobody
 * reads any more (`modelyard runs list | head -1`), the rest is dropped and the work goes on.
 */
class Descriptor implements Output {
  readonly #descriptor: number;
  #broken = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  write(text: string | Uint8Array): void {
    if (this.#broken) return;
    const data = typeof text === 'string' ? Buffer.from(text) : text;
    let done = 0;
    while (done < data.length) {
      try {
        done += writeSync(this.#descriptor, data, done);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'EAGAIN') {
          // A reader that is slow on a pipe that someone set to non-blocking.
          Atomics.wait(pause, 0, 0, 2);
        } else {
          this.#broken = true;
          return;
        }
      }
    }
  }
}

export const stdout: Output = new Descriptor(1);
export const stderr: Output = new Descriptor(2);
