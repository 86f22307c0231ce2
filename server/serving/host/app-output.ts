/** The output of apps on its way to the log: with the secrets masked. */
import { Masks } from '../../stores/masks.js';
import type { StreamMask } from '../../stores/masks.js';
import type { RotatingLog } from './rotating-log.js';

export class AppOutput {
  readonly #log: RotatingLog;
  #masks = new Masks([]);

  constructor(log: RotatingLog) {
    this.#log = log;
  }

  mask(secrets: readonly string[]): void {
    this.#masks = new Masks(secrets);
  }

  /** For the output of one release. */
  writer(): (chunk: Buffer) => void {
    let masks = this.#masks;
    let stream: StreamMask = masks.stream();
    return (chunk) => {
      if (masks !== this.#masks) {
        this.#log.write(stream.end());
        masks = this.#masks;
        stream = masks.stream();
      }
      this.#log.write(masks.empty ? chunk : stream.push(chunk));
    };
  }
}
