/**
 * Peak memory and CPU time of running tasks, sampled sparsely: one look at /proc serves every task. Tasks that end
 * before the first look have no figures.
 */
import { processes } from '../../stores/machine/proc.js';

export interface Usage {
  readonly peakMemoryBytes: number;
  readonly cpuSeconds: number;
}

const FIRST_LOOK_MS = 200;
const SLOWEST_MS = 2_000;

/** Watches process groups, by the id of their leader. */
export class UsageSampler {
  readonly #groups = new Map<number, { peak: number; cpu: number; readonly since: number }>();
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_LOOK_MS;

  add(group: number): void {
    if (process.platform !== 'linux') return;
    this.#groups.set(group, { peak: 0, cpu: 0, since: performance.now() });
    if (this.#groups.size === 1) this.#pause = FIRST_LOOK_MS;
    this.#timer ??= this.#schedule();
  }

  /** Ends the watch and gives what was seen. */
  remove(group: number): Usage | undefined {
    const seen = this.#groups.get(group);
    this.#groups.delete(group);
    if (this.#groups.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return seen === undefined || seen.peak === 0
      ? undefined
      : { peakMemoryBytes: seen.peak, cpuSeconds: seen.cpu };
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#look();
      this.#pause = Math.min(this.#pause * 1.5, SLOWEST_MS);
      this.#timer = this.#schedule();
    }, this.#pause).unref();
  }

  #look(): void {
    // Hundreds of short tasks must not make us look all the time.
    const before = performance.now() - FIRST_LOOK_MS * 0.9;
    if (![...this.#groups.values()].some(({ since }) => since <= before)) return;
    const sums = new Map<number, { memory: number; cpu: number }>();
    for (const one of processes()) {
      if (!this.#groups.has(one.group)) continue;
      const sum = sums.get(one.group) ?? { memory: 0, cpu: 0 };
      sum.memory += one.residentBytes;
      sum.cpu += one.cpuSeconds;
      sums.set(one.group, sum);
    }
    for (const [group, sum] of sums) {
      const seen = this.#groups.get(group);
      if (seen === undefined) continue;
      seen.peak = Math.max(seen.peak, sum.memory);
      seen.cpu = Math.max(seen.cpu, sum.cpu);
    }
  }
}
