/** Writing to the terminal, a pipe or a file, whole and in order, from a process that may end right after. */
import { writeSync } from 'node:fs';

/** Exit codes. */
export const EXIT = { ok: 0, failed: 1, usage: 2, waiting: 3, cancelled: 130 } as const;

/** What each of them means, as the help and `docs/reference/cli.md` say it. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'everything went well; with --dry: it would',
  failed: 'something failed or was refused: a task, a check; lint found errors, diff drift',
  usage: 'wrong use, a name that leads nowhere, or a definition that is not valid',
  waiting: 'the run waits for people; it continues with --resume when they have answered',
  cancelled: 'cancelled (Ctrl-C, SIGTERM)',
};

export interface Output {
  /** As it is: bytes, and texts of our own that move the cursor. */
  write(text: string | Uint8Array): void;
  /** A line, or several. Whatever others have put into it moves no cursor, sets no title and turns no text around. */
  line(text?: string): void;
}

/** Controls but tab, newline and the beginning of a colour, and the marks that reorder the text around them (CVE-2021-42574). */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are the very thing looked for
  /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\x1b(?!\[[0-9;:]*m)/g;

/** As JSON writes it: what is JSON stays the same value. */
function visible(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Texts are encoded piece by piece into one buffer: a flood must not leave a trail of buffers to be collected. */
const encoder = new TextEncoder();
const encoded = new Uint8Array(64 * 1024);

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
    this.write(`${text.replace(UNSAFE, visible)}\n`);
  }

  write(text: string | Uint8Array): void {
    if (typeof text !== 'string') {
      this.#write(text, text.length);
      return;
    }
    let rest = text;
    while (rest.length > 0) {
      const { read, written } = encoder.encodeInto(rest, encoded);
      this.#write(encoded, written);
      rest = rest.slice(read);
    }
  }

  #write(data: Uint8Array, length: number): void {
    let done = 0;
    while (done < length && !this.#broken) {
      try {
        done += writeSync(this.#descriptor, data, done, length - done);
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
