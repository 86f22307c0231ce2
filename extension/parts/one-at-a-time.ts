/** Questions that many may ask at once, and that are asked one at a time. */

/** While a question is under way, one more is asked after it and no more than one. */
export class OneAtATime {
  readonly #ask: () => Promise<void>;
  #asking: Promise<void> | undefined;
  #again = false;

  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
  }

  /** Resolves when what was asked last has its answer. */
  run(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return this.#asking;
    }
    this.#asking = this.#askAll();
    return this.#asking;
  }

  /** Whether someone asked while the last question was under way. */
  #wantsMore(): boolean {
    return this.#again;
  }

  async #askAll(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#ask();
      } while (this.#wantsMore());
    } finally {
      // In the same step as the last look, so that nobody asks in between and is forgotten.
      this.#asking = undefined;
    }
  }
}
