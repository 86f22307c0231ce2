/**
 * Which task starts when: a ready queue bounded by `--jobs`, by resources, by the width of a matrix and by mutexes.
 * It knows nothing of what a task does; whoever starts one decides whether there is still something to do.
 */
import type { Demand, Grant, Machine } from '../machine/machine.js';

export interface Job {
  readonly id: string;
  /** Jobs that must have ended before, however they ended. Ids that are no jobs are ignored. */
  readonly after: readonly string[];
  readonly resources: Demand;
  /** What it has a share of; absent: what most have. */
  readonly machine?: Machine;
  /** Jobs with the same lane run at most `width` at a time (a matrix with max-parallel). */
  readonly lane?: { readonly key: string; readonly width: number };
}

export interface ScheduleOptions {
  /** In the order of the definition, which is the order among jobs that are ready at the same time. */
  readonly jobs: readonly Job[];
  /** Shared with the pipelines that this one calls, and with the one that calls it. */
  readonly machine: Machine;
  /** Asked when a job could start; `false` leaves it in the queue until something ends or the poll comes round. */
  readonly admit?: (id: string) => boolean;
  /** Told once for each job that would work if other runs left it room. */
  readonly onOthers?: (id: string) => void;
  /** When it aborts nobody waits for other runs any more. */
  readonly cancelled?: AbortSignal;
  /** Must not reject. */
  readonly start: (id: string, seat: Seat) => Promise<void>;
  /** Called when all that has been started has left its seat, and nothing can start until one of them comes back. */
  readonly onIdle?: () => void;
  /** When it aborts nothing starts any more, and the end is when all that has been started has ended. */
  readonly stop?: AbortSignal;
}

/** A running job's share of the machine. */
export interface Seat {
  /** What it has now; nothing while it has given it up. */
  readonly grant: Grant | undefined;
  /** Gives it up, for a time in which the job only waits. */
  leave(): void;
  /** Gives it up to what works on the job's behalf: a pipeline that it calls. The job counts as working. */
  lend(): void;
  /** Takes it again, as soon as it is there. */
  take(): Promise<void>;
  /**
   * Makes it good beside what other runs on this machine have, before there is work for the processors.
   * @returns whether it had to wait for them, so that things may be different now
   */
  claim(): Promise<boolean>;
}

interface Returning {
  readonly job: Job;
  /** Beside other runs, too. */
  readonly claims: boolean;
  readonly seated: (grant: Grant) => void;
}

/** How often jobs that `admit` or other runs hold back are asked for again: what they wait for may be another process. */
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
  /** Jobs that work, with a seat of their own or one that they have lent. */
  #running = 0;
  /** Jobs that have started and not ended. */
  #open = 0;
  /** Jobs that want their seat back, before anything else starts. */
  #returning: Returning[] = [];
  #stopped = false;
  readonly #unsubscribe: () => void;
  readonly #machines: ReadonlySet<Machine>;
  readonly #told = new Set<Job>();
  #woken = false;
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
    const wake = (): void => this.#wake();
    options.cancelled?.addEventListener('abort', wake, { once: true });
    this.#machines = new Set([options.machine, ...options.jobs.map((job) => this.#machineOf(job))]);
    const unsubscribe = [...this.#machines].map((machine) => machine.onFree(wake));
    this.#unsubscribe = (): void => {
      for (const end of unsubscribe) end();
      options.cancelled?.removeEventListener('abort', wake);
    };
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

  #machineOf(job: Job): Machine {
    return job.machine ?? this.#options.machine;
  }

  /** Starts what can start now. What ends calls back later, never while the queue is being walked. */
  advance(): void {
    if (this.#left === 0 || (this.#stopped && this.#open === 0)) {
      clearTimeout(this.#poll);
      this.#unsubscribe();
      for (const job of this.#ready) this.#machineOf(job).forget(job);
      this.#resolve();
      return;
    }
    this.#seatReturning();
    if (this.#stopped) return;
    const held = this.#walk();
    if (this.#running > 0 || this.#returning.length > 0) return;
    if (this.#open === 0 && this.#ready.length === 0) {
      this.#reject(new Error('some tasks depend on each other in a cycle'));
    } else if (this.#open > 0 && !held) this.#options.onIdle?.();
  }

  /** Not at once: the queue may be being walked. */
  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      this.advance();
    });
  }

  /** Asks again in a while: what is waited for may be another process. */
  #askLater(): void {
    this.#poll ??= setTimeout(() => {
      this.#poll = undefined;
      this.advance();
    }, POLL_MS);
  }

  #seatReturning(): void {
    const { cancelled } = this.#options;
    this.#returning = this.#returning.filter(({ job, claims, seated }) => {
      const machine = this.#machineOf(job);
      const taken = machine.take(job, job.resources);
      if (taken === undefined) return true;
      const grant = claims && cancelled?.aborted !== true ? machine.claim(job, taken, job.resources) : taken;
      if (grant === undefined) {
        machine.give(taken, 'unused');
        this.#tellOfOthers(job);
        this.#askLater();
        return true;
      }
      // Who waits no more for others, because all is cancelled, keeps nobody waiting.
      machine.forget(job);
      this.#running++;
      seated(grant);
      return false;
    });
  }

  /** Gives whether jobs were held back that start by themselves: when a mutex is free, or when others have left them room. */
  #walk(): boolean {
    const kept: Job[] = [];
    let held = false;
    let crowded = false;
    let at = 0;
    const { admit } = this.#options;
    const machines = [...this.#machines];
    for (; at < this.#ready.length && machines.some((machine) => !machine.full); at++) {
      const job = this.#ready[at];
      if (job === undefined) break;
      const machine = this.#machineOf(job);
      if (!this.#hasLane(job)) {
        kept.push(job);
        continue;
      }
      const grant = machine.take(job, job.resources);
      if (grant === undefined) {
        kept.push(job);
        crowded = true;
      } else if (admit?.(job.id) === false) {
        machine.give(grant, 'unused');
        kept.push(job);
        held = true;
      } else this.#start(job, grant);
    }
    crowded ||= this.#ready.slice(at).some((job) => this.#hasLane(job));
    if (at > kept.length) this.#ready = kept.concat(this.#ready.slice(at));
    if (held) this.#askLater();
    return held || crowded;
  }

  #tellOfOthers(job: Job): void {
    if (!this.#told.has(job)) this.#options.onOthers?.(job.id);
    this.#told.add(job);
  }

  #hasLane(job: Job): boolean {
    return job.lane === undefined || (this.#lanes.get(job.lane.key) ?? 0) < job.lane.width;
  }

  #start(job: Job, given: Grant): void {
    this.#running++;
    this.#enter(job, 1);
    let working = true;
    let grant: Grant | undefined = given;
    let claims = false;
    const machine = this.#machineOf(job);
    const lend = (): void => {
      if (grant !== undefined) machine.give(grant);
      grant = undefined;
    };
    const leave = (): void => {
      lend();
      if (!working) return;
      working = false;
      this.#running--;
      this.#wake();
    };
    const seat: Seat = {
      get grant() {
        return grant;
      },
      lend,
      leave,
      take: () =>
        new Promise((resolve) => {
          if (grant !== undefined) {
            resolve();
            return;
          }
          leave();
          const seated = (again: Grant): void => {
            working = true;
            grant = again;
            resolve();
          };
          this.#returning.push({ job, claims, seated });
          this.#wake();
        }),
      claim: async () => {
        // Whoever has claimed comes back to a seat that is claimed.
        if (claims && grant !== undefined) return false;
        claims = true;
        const claimed = grant === undefined ? undefined : machine.claim(job, grant, job.resources);
        if (claimed !== undefined) {
          grant = claimed;
          return false;
        }
        leave();
        await seat.take();
        return true;
      },
    };
    void this.#options.start(job.id, seat).then(
      () => {
        leave();
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

  /** Of a matrix with a width a job counts until it ends. */
  #enter(job: Job, sign: 1 | -1): void {
    this.#open += sign;
    if (job.lane !== undefined) {
      this.#lanes.set(job.lane.key, (this.#lanes.get(job.lane.key) ?? 0) + sign);
    }
  }
}
