/**
 * Which task starts when: a ready queue bounded by `--jobs`, by resources, by the width of a matrix and by mutexes.
 * It knows nothing of what a task does; whoever starts one decides whether there is still something to do.
 */
import type { Resources } from '../model/definition.js';

export interface Job {
  readonly id: string;
  /** Jobs that must have ended before, however they ended. Ids that are no jobs are ignored. */
  readonly after: readonly string[];
  readonly resources: Resources;
  /** Jobs with the same lane run at most `width` at a time (a matrix with max-parallel). */
  readonly lane?: { readonly key: string; readonly width: number };
}

export interface Capacity {
  /** Tasks at once. */
  readonly jobs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: number;
}

export interface ScheduleOptions {
  /** In the order of the definition, which is the order among jobs that are ready at the same time. */
  readonly jobs: readonly Job[];
  readonly capacity: Capacity;
  /** Asked when a job could start; `false` leaves it in the queue until something ends or the poll comes round. */
  readonly admit?: (id: string) => boolean;
  /** Must not reject. */
  readonly start: (id: string, seat: Seat) => Promise<void>;
  /** Called when all that has been started has left its seat, and nothing can start until one of them comes back. */
  readonly onIdle?: () => void;
  /** When it aborts nothing starts any more, and the end is when all that has been started has ended. */
  readonly stop?: AbortSignal;
}

/** A running job's share of the machine. */
export interface Seat {
  /** Gives it up, for a time in which the job only waits. */
  leave(): void;
  /** Takes it again, as soon as it is there. */
  take(): Promise<void>;
}

/** How often jobs that `admit` held back are asked for again: what they wait for may be another process. */
const POLL_MS = 100;

/** Starts every job once and returns when the last one has ended. */
export function schedule(options: ScheduleOptions): Promise<void> {
  return new Promise((resolve, reject) => new Scheduler(options, resolve, reject).advance());
}

class Scheduler {
  readonly #options: ScheduleOptions;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  readonly #waitingFor = new Map<string, number>();
  readonly #dependents = new Map<string, Job[]>();
  readonly #order = new Map<string, number>();
  readonly #lanes = new Map<string, number>();
  #ready: Job[] = [];
  #left: number;
  /** Jobs with a seat. */
  #running = 0;
  /** Jobs that have started and not ended. */
  #open = 0;
  /** Jobs that want their seat back, before anything else starts. */
  #returning: { readonly job: Job; readonly seated: () => void }[] = [];
  #stopped = false;
  #free: { cpus: number; memoryBytes: number; gpus: number };
  #poll: NodeJS.Timeout | undefined;

  constructor(options: ScheduleOptions, resolve: () => void, reject: (error: unknown) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#left = options.jobs.length;
    const stop = (): void => {
      this.#stopped = true;
      this.advance();
    };
    options.stop?.addEventListener('abort', stop, { once: true });
    this.#free = { ...options.capacity };
    const ids = new Set(options.jobs.map((job) => job.id));
    options.jobs.forEach((job, index) => {
      this.#order.set(job.id, index);
      const after = new Set(job.after.filter((id) => ids.has(id) && id !== job.id));
      this.#waitingFor.set(job.id, after.size);
      if (after.size === 0) this.#ready.push(job);
      for (const id of after) {
        const list = this.#dependents.get(id);
        if (list === undefined) this.#dependents.set(id, [job]);
        else list.push(job);
      }
    });
  }

  /** Starts what can start now. What ends calls back later, never while the queue is being walked. */
  advance(): void {
    if (this.#left === 0 || (this.#stopped && this.#open === 0)) {
      clearTimeout(this.#poll);
      this.#resolve();
      return;
    }
    this.#seatReturning();
    if (this.#stopped) return;
    const held = this.#walk();
    if (this.#running > 0) return;
    if (this.#open === 0 && this.#ready.length === 0) {
      this.#reject(new Error('some tasks wait for each other in a cycle'));
    } else if (this.#open > 0 && !held) this.#options.onIdle?.();
  }

  #seatReturning(): void {
    this.#returning = this.#returning.filter(({ job, seated }) => {
      if (this.#running >= this.#options.capacity.jobs || !this.#fits(job)) return true;
      this.#take(job, 1);
      seated();
      return false;
    });
  }

  /** Gives whether jobs were held back that could start by themselves any moment. */
  #walk(): boolean {
    const kept: Job[] = [];
    let held = false;
    let at = 0;
    for (; at < this.#ready.length && this.#running < this.#options.capacity.jobs; at++) {
      const job = this.#ready[at];
      if (job === undefined) break;
      if (!this.#fits(job) || !this.#hasLane(job)) kept.push(job);
      else if (this.#options.admit?.(job.id) === false) {
        kept.push(job);
        held = true;
      } else this.#start(job);
    }
    if (at > kept.length) this.#ready = kept.concat(this.#ready.slice(at));
    if (held) {
      this.#poll ??= setTimeout(() => {
        this.#poll = undefined;
        this.advance();
      }, POLL_MS);
    }
    return held;
  }

  /** What a job asks beyond the machine's capacity it can't get: then it runs with all that there is. */
  #share(job: Job): { cpus: number; memoryBytes: number; gpus: number } {
    const { capacity } = this.#options;
    return {
      cpus: Math.min(job.resources.cpus, capacity.cpus),
      memoryBytes: Math.min(job.resources.memoryBytes ?? 0, capacity.memoryBytes),
      gpus: Math.min(job.resources.gpus, capacity.gpus),
    };
  }

  #fits(job: Job): boolean {
    const share = this.#share(job);
    const free = this.#free;
    // Sums of fractions of cores drift by some 1e-16.
    return share.cpus <= free.cpus + 1e-9 && share.memoryBytes <= free.memoryBytes && share.gpus <= free.gpus;
  }

  #hasLane(job: Job): boolean {
    return job.lane === undefined || (this.#lanes.get(job.lane.key) ?? 0) < job.lane.width;
  }

  #start(job: Job): void {
    this.#take(job, 1);
    this.#enter(job, 1);
    let seated = true;
    const seat: Seat = {
      leave: () => {
        if (!seated) return;
        seated = false;
        this.#take(job, -1);
        // Not at once: the queue may be being walked.
        setImmediate(() => this.advance());
      },
      take: () =>
        new Promise((resolve) => {
          if (seated) {
            resolve();
            return;
          }
          const back = (): void => {
            seated = true;
            resolve();
          };
          this.#returning.push({ job, seated: back });
          setImmediate(() => this.advance());
        }),
    };
    void this.#options.start(job.id, seat).then(
      () => {
        if (seated) this.#take(job, -1);
        this.#enter(job, -1);
        this.#left--;
        for (const dependent of this.#dependents.get(job.id) ?? []) {
          const rest = (this.#waitingFor.get(dependent.id) ?? 1) - 1;
          this.#waitingFor.set(dependent.id, rest);
          if (rest === 0) this.#enqueue(dependent);
        }
        this.advance();
      },
      (error: unknown) => this.#reject(error),
    );
  }

  /** Keeps the queue in the order of the definition. */
  #enqueue(job: Job): void {
    const place = this.#order.get(job.id) ?? 0;
    let at = this.#ready.length;
    while (at > 0 && (this.#order.get(this.#ready[at - 1]?.id ?? '') ?? 0) > place) at--;
    this.#ready.splice(at, 0, job);
  }

  #take(job: Job, sign: 1 | -1): void {
    const share = this.#share(job);
    this.#running += sign;
    this.#free.cpus -= sign * share.cpus;
    this.#free.memoryBytes -= sign * share.memoryBytes;
    this.#free.gpus -= sign * share.gpus;
  }

  /** Of a matrix with a width a job counts until it ends. */
  #enter(job: Job, sign: 1 | -1): void {
    this.#open += sign;
    if (job.lane !== undefined) {
      this.#lanes.set(job.lane.key, (this.#lanes.get(job.lane.key) ?? 0) + sign);
    }
  }
}
