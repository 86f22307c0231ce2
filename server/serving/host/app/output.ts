/** The output of apps on its way to the log: with the secrets masked. What is quoted to people comes from here, too. */
import { StringDecoder } from 'node:string_decoder';
import { Masks } from '../../../stores/masks.js';
import type { StreamMask } from '../../../stores/masks.js';
import type { RotatingLog } from './rotating-log.js';

/** So much of the end is kept to be quoted. */
const TAIL = 4096;
const LONGEST_QUOTE = 200;

export class AppOutput {
  readonly #log: RotatingLog;
  /** Every value that was ever known: a process may still have one that was replaced. */
  readonly #secrets = new Set<string>();
  #masks = new Masks([]);

  constructor(log: RotatingLog) {
    this.#log = log;
  }

  /** Values that are masked from now on, beside those of before. */
  mask(secrets: readonly string[]): void {
    const before = this.#secrets.size;
    for (const secret of secrets) this.#secrets.add(secret);
    if (this.#secrets.size > before) this.#masks = new Masks(this.#secrets);
  }

  /** A text for people without the secrets. */
  text(text: string): string {
    return this.#masks.text(text);
  }

  /** For the output of one process. */
  stream(): AppStream {
    return new AppStream(
      (bytes) => this.#log.write(bytes),
      () => this.#masks,
    );
  }
}

/** The output of one process. */
export class AppStream {
  readonly #write: (bytes: Buffer) => void;
  readonly #current: () => Masks;
  readonly #decoder = new StringDecoder('utf8');
  #masks: Masks | undefined;
  #mask: StreamMask | undefined;
  #tail = '';

  constructor(write: (bytes: Buffer) => void, current: () => Masks) {
    this.#write = write;
    this.#current = current;
  }

  push(chunk: Buffer): void {
    const masks = this.#current();
    if (masks !== this.#masks) {
      // What the mask of before has held back may begin a secret that only the new one knows.
      const held = this.#mask?.end();
      this.#masks = masks;
      this.#mask = masks.stream();
      if (held !== undefined && held.length > 0) this.#put(this.#mask.push(held));
    }
    if (this.#mask !== undefined) this.#put(masks.empty ? chunk : this.#mask.push(chunk));
  }

  /** Nothing more comes: what could have been the beginning of a secret was none. */
  end(): void {
    if (this.#mask !== undefined) this.#put(this.#mask.end());
  }

  #put(bytes: Buffer): void {
    this.#write(bytes);
    this.#tail = (this.#tail + this.#decoder.write(bytes)).slice(-TAIL);
  }

  /** The last line that says anything; nothing for none. What may yet become a secret is not in it. */
  get lastLine(): string | undefined {
    const line = this.#tail
      .split('\n')
      .filter((one) => one.trim() !== '')
      .at(-1);
    return line === undefined ? undefined : line.slice(0, LONGEST_QUOTE);
  }
}
