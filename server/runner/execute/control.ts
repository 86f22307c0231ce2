/** The way to end a run from outside: first politely, then at once. */
import { setMaxListeners } from 'node:events';

export class RunControl {
  readonly #cancel = new AbortController();
  readonly #kill = new AbortController();

  /** Aborted when the run was asked to end. What cleans up (`if: always()`) still runs. */
  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  /** Aborted when nothing may start any more and what runs is ended at once. */
  get killed(): AbortSignal {
    return this.#kill.signal;
  }

  readonly #hangUp = new AbortController();

  constructor() {
    // Every task listens; Node warns of more than ten.
    setMaxListeners(0, this.cancelled, this.killed);
  }

  /** Aborted when the terminal that it runs in went away. What only waits for people then leaves, the rest is cancelled. */
  get hungUp(): AbortSignal {
    return this.#hangUp.signal;
  }

  hangUp(): void {
    this.#hangUp.abort();
  }

  /** The first call asks, the second one kills. */
  cancel(): void {
    if (this.#cancel.signal.aborted) this.#kill.abort();
    else this.#cancel.abort();
  }
}
