/**
 * The one who asks the controller for all jobs of this process: one `squeue` for everything, soon after something has
 * happened and ever more seldom while nothing does. Marks and output in the jobs' folders are looked at between, which costs
 * the controller nothing.
 */
import { type Listed, cancelJobs, listJobs, placesInQueue } from './client.js';

/** A job that waits to be told. */
export interface Watched {
  readonly name: string;
  /** Absent: not heard of yet. */
  readonly id: string | undefined;
  /** The longest pause between two questions. */
  readonly pollMs: number;
  /** Looks at what the job itself writes. `true`: something has happened that the controller knows more of. */
  look(): boolean;
  /** The controller has answered. @returns whether that is news */
  told(listed: Listed | undefined, asked: number): boolean;
  /** The controller has not answered. */
  untold(): void;
  /** Whether it waits for its turn among others. */
  readonly isInLine: boolean;
  /** @param before how many jobs come before it */
  placed(before: number): void;
}

/** The shortest pause between two questions. */
const SHORTEST_MS = 1_000;
/** Controllers forget jobs that ended some minutes ago. */
const LONGEST_MS = 120_000;
const GROWTH = 1.5;

/** How often the folders are looked at; with many jobs less often. */
const LOOK_MS = 250;
const LOOK_MS_EACH = 2;

/** How often it is asked where jobs are in the queue: that is a question about everybody's jobs. */
const PLACES_MS = 60_000;

/** Jobs that are cancelled within that time are cancelled in one go. */
const GATHER_MS = 30;

export class SlurmQueue {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #pause = SHORTEST_MS;
  #next = 0;
  #last = 0;
  #asking = false;
  #placesAt = 0;
  readonly #cancelled = new Set<string>();

  watch(job: Watched): void {
    this.#watched.add(job);
    this.soon();
    this.#schedule();
  }

  unwatch(job: Watched): void {
    this.#watched.delete(job);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Something has happened: the next question is not far. */
  soon(): void {
    this.#pause = this.#bounded(SHORTEST_MS);
    this.#next = Math.min(this.#next, this.#last + this.#pause);
  }

  /** No pause is longer than any job wants it. */
  #bounded(ms: number): number {
    return Math.min(ms, LONGEST_MS, ...[...this.#watched].map(({ pollMs }) => pollMs));
  }

  cancel(id: string): void {
    if (this.#cancelled.size === 0) {
      setTimeout(() => {
        const ids = [...this.#cancelled];
        this.#cancelled.clear();
        void cancelJobs(ids).then(() => this.soon());
      }, GATHER_MS);
    }
    this.#cancelled.add(id);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    const wait = Math.max(LOOK_MS, this.#watched.size * LOOK_MS_EACH);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      this.#schedule();
    }, wait);
  }

  #look(): void {
    for (const job of [...this.#watched]) if (job.look()) this.soon();
    if (!this.#asking && this.#watched.size > 0 && Date.now() >= this.#next) void this.#ask();
  }

  async #askPlaces(): Promise<void> {
    const inLine = [...this.#watched].filter((job) => job.isInLine);
    if (inLine.length === 0 || Date.now() - this.#placesAt < PLACES_MS) return;
    this.#placesAt = Date.now();
    const places = await placesInQueue();
    for (const job of inLine) {
      const before = places.get(job.id?.split('_')[0] ?? '');
      if (before !== undefined) job.placed(before);
    }
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const asked = Date.now();
    this.#last = asked;
    const list = await listJobs();
    this.#asking = false;
    let news = false;
    if (list === undefined) for (const job of [...this.#watched]) job.untold();
    else {
      const known = new Map(list.map((listed) => [listed.id, listed]));
      for (const job of [...this.#watched]) {
        const listed = known.get(job.id ?? '');
        // Ids are used again where the controller has lost its state.
        if (job.told(listed?.name === job.name ? listed : undefined, asked)) news = true;
      }
    }
    await this.#askPlaces();
    this.#pause = this.#bounded(news ? SHORTEST_MS : this.#pause * GROWTH);
    this.#next = Date.now() + this.#pause;
  }
}

/** Of this process. */
export const slurmQueue = new SlurmQueue();
