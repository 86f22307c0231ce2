/**
 * Gathers jobs that ask for the same, so that one submission does for all of them: as the elements of an array, and with
 * `group` several in each. What may not go yet, because its matrix or the executor is full, waits here.
 */
import type { SlurmExecutor } from '../../../../definition/definition.js';
import type { Layout } from '../../../../stores/layout.js';
import { type Site, clusterAt } from '../clusters.js';
import { submitEnvironment } from '../environment.js';
import { nodeGroups } from '../limits.js';
import type { SlurmJob } from './job.js';
import { type Batch, type Waiting, submit } from './submission.js';

/** So long nobody else may come before those that are there go. */
const QUIET_MS = 10;
const LONGEST_MS = 500;
/** Slurm's own default is 1,001. */
const MOST_ELEMENTS = 1_000;
/** What the jobs of an array have apart from each other; systems bound the environment of a process. */
const MOST_CARRIED_BYTES = 128 * 1024;

/** What the jobs of one element have in common. */
type Element = object;

export class Gatherer {
  readonly #layout: Layout;
  readonly #settings: SlurmExecutor;
  readonly #newName: () => string;
  readonly #find: () => Promise<Site>;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #isCrowded = false;
  readonly #elements = new Map<SlurmJob, Element>();

  /** @param newName gives names that nobody has had @param find where the project lies for the jobs */
  constructor(layout: Layout, settings: SlurmExecutor, newName: () => string, find: () => Promise<Site>) {
    this.#layout = layout;
    this.#settings = settings;
    this.#newName = newName;
    this.#find = find;
  }

  add(waiting: Waiting): void {
    const { job } = waiting;
    if (this.#waiting.length === 0) {
      this.#since = Date.now();
      // Answered while others come. Whoever submits says what is wrong with it.
      const ask = async ({ ok }: Site): Promise<void> => {
        if (ok) await nodeGroups(clusterAt(this.#settings.login).client);
      };
      void this.#find().then(ask, () => undefined);
    }
    this.#leave(job);
    this.#waiting.push(waiting);
    void job.done.then(() => {
      this.#leave(job);
      if (this.#waiting.length > 0) this.#soon();
    });
    this.#soon();
  }

  #leave(job: SlurmJob): void {
    this.#elements.delete(job);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    const rest = this.#since + LONGEST_MS - Date.now();
    this.#timer = setTimeout(
      () => {
        const before = this.#waiting.length;
        // A process that was busy hears of the time first, and of those that have come meanwhile after it.
        setImmediate(() => {
          if (this.#waiting.length === before || rest <= QUIET_MS) this.#flush();
        });
      },
      Math.max(0, Math.min(QUIET_MS, rest)),
    );
  }

  #flush(): void {
    this.#waiting = this.#waiting.filter(({ job }) => !job.isOver);
    if (this.#isCrowded) return;
    const kinds = new Map<string, Waiting[]>();
    for (const one of this.#waiting) {
      const kind = this.#kindOf(one);
      const known = kinds.get(kind);
      if (known === undefined) kinds.set(kind, [one]);
      else known.push(one);
    }
    this.#waiting = [];
    for (const all of kinds.values()) {
      const room = this.#room(all[0]);
      this.#waiting.push(...all.slice(room));
      for (const batch of this.#batches(all.slice(0, room))) this.#hand(batch);
    }
    this.#since = Date.now();
  }

  /** Jobs of a kind are submitted as one. */
  #kindOf({ job: { spec }, after }: Waiting): string {
    const { resources, timeoutMs, lane, env } = spec;
    const ids = [...new Set(Object.values(after.jobs))].sort();
    const before = arrayOf(ids) ?? ids;
    return JSON.stringify([resources, timeoutMs, lane, before, Object.keys(env.own).sort()]);
  }

  /** How many jobs may go now. Those that wait for others are only there where all may wait. */
  #room(first: Waiting | undefined): number {
    if (first === undefined || isAhead(first)) return Infinity;
    const { lane } = first.job.spec;
    const { group = 1, maxJobs } = this.#settings;
    const live = new Set(this.#elements.values());
    let room = Infinity;
    if (maxJobs !== undefined) room = Math.max(0, maxJobs - live.size) * group;
    if (lane === undefined) return room;
    const others = [...this.#elements.keys()].filter(({ spec }) => spec.lane?.key === lane.key).length;
    // The array bounds itself; what comes beside one is counted.
    return others === 0
      ? Math.min(room, MOST_ELEMENTS * group)
      : Math.min(room, Math.max(0, lane.width - others));
  }

  *#batches(all: readonly Waiting[]): Generator<Batch> {
    const { group = 1 } = this.#settings;
    const [first] = all;
    if (first === undefined) return;
    const corresponding = arrayOf([...new Set(Object.values(first.after.jobs))]);
    if (corresponding !== undefined) {
      yield* inLayers(all, group, corresponding);
      return;
    }
    const throttle = first.job.spec.lane?.width;
    for (const part of this.#parts(all, MOST_ELEMENTS * group)) {
      const elements = new Map<number, readonly Waiting[]>();
      const size = Math.ceil(part.length / Math.ceil(part.length / group));
      for (let at = 0; at < part.length; at += size) elements.set(at / size, part.slice(at, at + size));
      yield throttle === undefined || elements.size <= throttle ? { elements } : { elements, throttle };
    }
  }

  /** No more than so many in one, and no more than an environment holds. */
  *#parts(all: readonly Waiting[], most: number): Generator<readonly Waiting[]> {
    const { carriedBytes } = submitEnvironment(
      '',
      all.map(({ job }) => job.spec.env),
    );
    if (all.length === 1 || (all.length <= most && carriedBytes <= MOST_CARRIED_BYTES)) {
      yield all;
      return;
    }
    const half = Math.ceil(all.length / 2);
    yield* this.#parts(all.slice(0, half), most);
    yield* this.#parts(all.slice(half), most);
  }

  #hand(batch: Batch): void {
    for (const members of batch.elements.values()) {
      const element: Element = {};
      // Nobody here is told when one ends that waits for others.
      for (const one of members) if (!isAhead(one)) this.#elements.set(one.job, element);
    }
    const site = {
      layout: this.#layout,
      settings: this.#settings,
      newName: this.#newName,
      find: this.#find,
      giveBack: (rest: readonly Waiting[]) => {
        for (const { job } of rest) this.#leave(job);
        this.#waiting.push(...rest);
        this.#soon();
      },
      crowded: (is: boolean) => {
        const wasCrowded = this.#isCrowded;
        this.#isCrowded = is;
        if (wasCrowded && !is && this.#waiting.length > 0) this.#soon();
      },
    };
    submit(site, batch).catch((error: unknown) => {
      for (const { job } of [...batch.elements.values()].flat()) job.refuse(String(error));
    });
  }
}

function isAhead({ after }: Waiting): boolean {
  return Object.keys(after.jobs).length > 0;
}

/** The array of which jobs are one element. */
function arrayOf(ids: readonly string[]): string | undefined {
  return ids.length === 1 ? /^(\d+)_\d+$/.exec(ids[0] ?? '')?.[1] : undefined;
}

/** Elements of the same numbers as those that they wait for. */
function* inLayers(all: readonly Waiting[], group: number, corresponding: string): Generator<Batch> {
  const layers: Map<number, Waiting[]>[] = [];
  const counts = new Map<number, number>();
  for (const one of all) {
    const index = Number(Object.values(one.after.jobs)[0]?.split('_')[1]);
    const count = counts.get(index) ?? 0;
    counts.set(index, count + 1);
    const layer = (layers[Math.floor(count / group)] ??= new Map<number, Waiting[]>());
    const known = layer.get(index);
    if (known === undefined) layer.set(index, [one]);
    else known.push(one);
  }
  for (const layer of layers) {
    const elements = new Map([...layer].sort(([a], [b]) => a - b));
    yield { elements, corresponding };
  }
}
