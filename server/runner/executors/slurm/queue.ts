/**
 * The one who asks the controller for all jobs of this process: one `squeue` for everything, soon after something has
 * happened and ever more seldom while nothing does. Marks and output in the jobs' folders are looked at between, which costs
 * the controller nothing.
 */
import type { Listed, SlurmClient } from './client.js';
import type { JobEntry } from './entry.js';

/** A job that waits to be told. */
export interface Watched {
  readonly name: string;
  readonly entry: JobEntry;
  /** Absent: not heard of yet. */
  readonly id: string | undefined;
  /** The longest pause between two questions. */
  readonly pollMs: number;
  /** Looks at what the job itself writes. `true`: something has happened that the controller knows more of. */
  look(): boolean;
  /** The controller has answered. @returns whether that is news */
  told(listed: Listed | undefined, asked: number): boolean;
  /** The controller has not answered. @param why what went wrong, for people */
  untold(why: string): void;
  /** Its folder as it is where it runs. @returns whether it is. Absent: it is seen */
  readonly pull?: Pull | undefined;
  /** Whether it waits for its turn among others. */
  readonly isInLine: boolean;
  /** @param before how many jobs come before it */
  placed(before: number): void;
}

/** Brings what jobs have written, of some whose function is the same. */
export type Pull = (entries: readonly JobEntry[]) => Promise<boolean>;

/** The shortest pause between two questions. */
const SHORTEST_MS = 1_000;
/** Controllers forget jobs that ended some minutes ago. */
const LONGEST_MS = 120_000;
const GROWTH = 1.5;
/** The longest pause between two looks at what jobs print that are behind a login node. */
const PULL_MS = 4_000;

/** How often the folders are looked at; with many jobs less often. */
const LOOK_MS = 250;
const LOOK_MS_EACH = 2;

/** How often it is asked where jobs are in the queue: that is a question about everybody's jobs. */
const PLACES_MS = 60_000;

/** Jobs that are cancelled within that time are cancelled in one go. */
const GATHER_MS = 30;

export class SlurmQueue {
  readonly #client: SlurmClient;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #pause = SHORTEST_MS;
  #next = 0;
  #last = 0;
  #asking = false;
  #placesAt = 0;
  readonly #cancelled = new Set<string>();
  #pulling = false;
  #pullPause = SHORTEST_MS;
  #pullNext = 0;

  constructor(client: SlurmClient) {
    this.#client = client;
  }

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
        void this.#client.cancelJobs(ids).then(() => this.soon());
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
    let news = false;
    for (const job of [...this.#watched]) if (job.look()) news = true;
    if (news) this.soon();
    if (news) this.#pullPause = SHORTEST_MS;
    if (!this.#pulling && Date.now() >= this.#pullNext) void this.#pull();
    if (!this.#asking && this.#watched.size > 0 && Date.now() >= this.#next) void this.#ask();
  }

  /** @returns whether what jobs have written is as new here as where they run */
  async #pull(): Promise<boolean> {
    const ways = new Map<Pull, Watched[]>();
    for (const job of this.#watched) {
      if (job.pull !== undefined) ways.set(job.pull, [...(ways.get(job.pull) ?? []), job]);
    }
    if (ways.size === 0) return true;
    this.#pulling = true;
    const pulled = await Promise.all([...ways].map(([pull, jobs]) => pull(jobs.map(({ entry }) => entry))));
    this.#pulling = false;
    this.#pullNext = Date.now() + this.#pullPause;
    this.#pullPause = Math.min(PULL_MS, this.#pullPause * GROWTH);
    return pulled.every(Boolean);
  }

  async #askPlaces(): Promise<void> {
    const inLine = [...this.#watched].filter((job) => job.isInLine);
    if (inLine.length === 0 || Date.now() - this.#placesAt < PLACES_MS) return;
    this.#placesAt = Date.now();
    const places = await this.#client.placesInQueue();
    for (const job of inLine) {
      const before = places.get(job.id?.split('_')[0] ?? '');
      if (before !== undefined) job.placed(before);
    }
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const asked = Date.now();
    this.#last = asked;
    const list = await this.#client.listJobs();
    // What a job has left must be known by then.
    const isNew = list === undefined || (await this.#pull());
    this.#asking = false;
    let news = false;
    if (list === undefined || !isNew) for (const job of [...this.#watched]) job.untold(this.#client.trouble);
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
