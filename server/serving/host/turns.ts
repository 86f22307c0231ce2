/** Changes of a service come one at a time; those that can wait do, and of those that choose a release the newest wins. */

/** Why a change did not get its turn. */
export type NoTurn = 'busy' | 'superseded' | 'cancelled' | 'stopped';

export interface Turn {
  /** For messages: `a deployment`. */
  readonly what: string;
  /** Known to whoever asked, so that the same change can be called off. */
  readonly id: string | undefined;
  /** Else it is refused when another change is under way. */
  readonly wait: boolean;
  /** It says which release serves: an older one that still waits is needless. */
  readonly replaces: boolean;
}

interface Waiting {
  readonly turn: Turn;
  settle(noTurn: NoTurn | undefined): void;
}

export class Turns {
  #current: Turn | undefined;
  #waiting: Waiting[] = [];

  /** What is under way. */
  get current(): Turn | undefined {
    return this.#current;
  }

  /** Does the work when it is its turn; says why it never was. */
  async take<T>(turn: Turn, work: () => Promise<T>): Promise<T | NoTurn> {
    if (this.#current !== undefined) {
      if (!turn.wait) return 'busy';
      const noTurn = await this.#queue(turn);
      if (noTurn !== undefined) return noTurn;
    }
    this.#current = turn;
    try {
      return await work();
    } finally {
      this.#current = undefined;
      const next = this.#waiting.shift();
      // Taken at once, so that nobody comes in between.
      if (next !== undefined) this.#current = next.turn;
      next?.settle(undefined);
    }
  }

  async #queue(turn: Turn): Promise<NoTurn | undefined> {
    if (turn.replaces) this.#end('superseded', (one) => one.replaces);
    return new Promise((resolve) => {
      this.#waiting.push({ turn, settle: resolve });
    });
  }

  #end(why: NoTurn, which: (turn: Turn) => boolean): boolean {
    const ended = this.#waiting.filter(({ turn }) => which(turn));
    this.#waiting = this.#waiting.filter(({ turn }) => !which(turn));
    for (const one of ended) one.settle(why);
    return ended.length > 0;
  }

  /** Whether one that waits was called off. */
  cancel(id: string): boolean {
    return this.#end('cancelled', (turn) => turn.id === id);
  }

  stop(): void {
    this.#end('stopped', () => true);
  }
}
