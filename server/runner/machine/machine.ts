/**
 * What tasks share: places, cores, memory, graphics processors. One object for a run and for all the pipelines it calls,
 * so that a call multiplies nothing.
 *
 * Whoever does not fit keeps its place: others overtake it only where that can't hold it up. That is so where they leave
 * room for it, and where they will have ended before it could start: by how long each of them took in earlier runs.
 */
import { defined } from '../../base/defined.js';
import type { LocalExecutor, Resources } from '../../definition/definition.js';

export interface Capacity {
  /** Tasks at once. */
  readonly jobs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Names of graphics processors, as the variables know them that choose some for a process. */
  readonly gpus: readonly string[];
}

/** A part of one graphics processor, or all of it. */
export interface Device {
  readonly name: string;
  /** Above 0, at most 1. */
  readonly share: number;
}

/** What a task asks for. */
export interface Demand extends Resources {
  /** How long it took in earlier runs, in ms; absent: nobody knows. */
  readonly expectedMs?: number;
}

/** What a task has of the machine while it works. */
export interface Grant {
  /** When it should be given back, ms since 1970; absent: nobody knows. */
  readonly endsAt?: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly devices: readonly Device[];
}

/** What somebody waits for, of which machine. */
export interface Wish {
  readonly asked: Demand;
  readonly capacity: Capacity;
}

/** What other runs on this machine have and wait for; see `ledger.ts`. */
export interface OtherRuns {
  /**
   * Asks for a grant beside what others have, and makes it known to them; where it is not to be had, the wish keeps its
   * place among those of all runs.
   * @param key the same each time that this wish is made
   * @param own what else this run has
   */
  take(key: object, wish: Wish, own: readonly Grant[]): Grant | undefined;
  give(grant: Grant): void;
  /** The wish is not made any more. */
  forget(key: object): void;
  /** Those that had something, or came first, when `take` last looked, for people. */
  readonly holders: readonly string[];
}

/** The oldest wish that did not fit, and what has been given to others since. */
interface Reservation {
  readonly wish: Wish & { readonly key: object };
  readonly overtakers: Set<Grant>;
}

/** Sums of fractions drift by some 1e-16. */
const ALMOST = 1e-9;

export class Machine {
  readonly capacity: Capacity;
  readonly #others: OtherRuns | undefined;
  readonly #clock: () => number;
  readonly #grants = new Set<Grant>();
  readonly #listeners = new Set<() => void>();
  #reserved: Reservation | undefined;

  /** @param clock ms since 1970 */
  constructor(capacity: Capacity, others?: OtherRuns, clock: () => number = Date.now) {
    this.#clock = clock;
    this.capacity = capacity;
    this.#others = others;
  }

  /** The other runs that had something of this machine at the last claim, for people. */
  get holders(): readonly string[] {
    return this.#others?.holders ?? [];
  }

  /** Whether nothing can be had before something is given back here. */
  get full(): boolean {
    return this.#grants.size >= this.capacity.jobs;
  }

  /**
   * A grant beside those of this run, where it is to be had now. More than the machine has nobody gets: then all there is.
   * @param key the same each time that this wish is made
   * @param gpus only these
   */
  take(key: object, asked: Demand, gpus?: readonly string[]): Grant | undefined {
    if (this.full) return undefined;
    const reserved = this.#reserved?.wish.key === key ? undefined : this.#reserved;
    const own = [...this.#grants];
    const capacity = this.#within(gpus);
    const now = this.#clock();
    const grant = grantFrom({ asked, capacity }, own, now);
    if (reserved !== undefined && !this.#leavesRoom(reserved, asked)) {
      const fits = (taken: readonly Grant[]): boolean =>
        taken.length < capacity.jobs && chooseFrom(reserved.wish, taken) !== undefined;
      if (grant === undefined || !endsBefore(grant, fits, own, now)) return undefined;
    }
    if (grant === undefined) {
      this.#reserved ??= { wish: { key, asked, capacity }, overtakers: new Set() };
      return undefined;
    }
    this.#grants.add(grant);
    if (reserved === undefined) this.#reserved = undefined;
    else reserved.overtakers.add(grant);
    return grant;
  }

  /**
   * Makes a grant good beside what other runs have, before there is work for the processors. Nothing where it is not to be
   * had now: nobody here is told when they give it back.
   * @returns the grant in the place of the other, which may be of other devices
   */
  claim(key: object, grant: Grant, asked: Demand, gpus?: readonly string[]): Grant | undefined {
    if (this.#others === undefined) return grant;
    const own = [...this.#grants].filter((one) => one !== grant);
    const claimed = this.#others.take(key, { asked, capacity: this.#within(gpus) }, own);
    if (claimed === undefined) return undefined;
    this.#grants.delete(grant);
    this.#grants.add(claimed);
    if (this.#reserved?.overtakers.delete(grant) === true) this.#reserved.overtakers.add(claimed);
    return claimed;
  }

  #within(gpus: readonly string[] = this.capacity.gpus): Capacity {
    return { ...this.capacity, gpus };
  }

  /** @param how `unused`: nobody need look whether there is room now */
  give(grant: Grant, how?: 'unused'): void {
    if (!this.#grants.delete(grant)) return;
    this.#reserved?.overtakers.delete(grant);
    this.#others?.give(grant);
    if (how !== 'unused') for (const listener of this.#listeners) listener();
  }

  /** The wish is not made any more. */
  forget(key: object): void {
    if (this.#reserved?.wish.key === key) this.#reserved = undefined;
    this.#others?.forget(key);
  }

  /** Told when something was given back; ends by calling what it answers. */
  onFree(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether the reserved wish fits beside this one and all that has overtaken it, once what ran before has ended. */
  #leavesRoom({ wish, overtakers }: Reservation, asked: Resources): boolean {
    if (overtakers.size + 2 > this.capacity.jobs) return false;
    const mine = chooseFrom({ asked, capacity: this.capacity }, [...overtakers]);
    return mine !== undefined && chooseFrom(wish, [...overtakers, mine]) !== undefined;
  }
}

/** A part of a machine: what it gives is of the whole, within bounds of its own. */
export function partOf(whole: Machine, bounds: LocalExecutor): Machine {
  const { capacity } = whole;
  const least = (bound: number | undefined, most: number): number => Math.min(bound ?? most, most);
  const cpus = least(bounds.cpus, capacity.cpus);
  const part: Capacity = {
    jobs: least(bounds.jobs, capacity.jobs),
    cpus,
    memoryBytes: least(bounds.memoryBytes, capacity.memoryBytes),
    gpus: capacity.gpus.slice(0, bounds.gpus),
  };
  return new Machine(part, {
    take: (key, { asked }) => {
      const grant = whole.take(key, within(asked, part), part.gpus);
      if (grant === undefined) return undefined;
      const claimed = whole.claim(key, grant, within(asked, part), part.gpus);
      if (claimed === undefined) whole.give(grant, 'unused');
      return claimed;
    },
    give: (grant) => whole.give(grant),
    forget: (key) => whole.forget(key),
    get holders() {
      return whole.holders;
    },
  });
}

/** More than there is nobody gets. */
function within(asked: Demand, { cpus, memoryBytes, gpus }: Capacity): Demand {
  return {
    ...asked,
    cpus: Math.min(asked.cpus, cpus),
    gpus: Math.min(asked.gpus, gpus.length),
    ...defined({
      memoryBytes: asked.memoryBytes === undefined ? undefined : Math.min(asked.memoryBytes, memoryBytes),
    }),
  };
}

/** What a wish gets beside what is taken; nothing where it doesn't fit. */
export function chooseFrom({ asked, capacity }: Wish, taken: readonly Grant[]): Grant | undefined {
  const cpus = Math.min(asked.cpus, capacity.cpus);
  const memoryBytes = Math.min(asked.memoryBytes ?? 0, capacity.memoryBytes);
  const sum = (of: (grant: Grant) => number): number => taken.reduce((all, grant) => all + of(grant), 0);
  if (sum((grant) => grant.cpus) + cpus > capacity.cpus + ALMOST) return undefined;
  if (sum((grant) => grant.memoryBytes) + memoryBytes > capacity.memoryBytes) return undefined;
  const devices = devicesFrom(capacity, Math.min(asked.gpus, capacity.gpus.length), taken);
  return devices === undefined ? undefined : { cpus, memoryBytes, devices };
}

/** The same, with the time at which it should be given back. @param now ms since 1970 */
export function grantFrom(wish: Wish, taken: readonly Grant[], now: number): Grant | undefined {
  const { expectedMs } = wish.asked;
  const grant = chooseFrom(wish, taken);
  return (
    grant && { ...grant, ...defined({ endsAt: expectedMs === undefined ? undefined : now + expectedMs }) }
  );
}

/**
 * Whether a grant will have been given back before a wish could be met without it. What has no known end, or should have
 * ended already, counts as never ending: then nobody can tell, and nobody passes.
 * @param fits whether the wish can be met beside what is taken
 */
export function endsBefore(
  { endsAt }: Grant,
  fits: (taken: readonly Grant[]) => boolean,
  taken: readonly Grant[],
  now: number,
): boolean {
  if (endsAt === undefined || fits(taken)) return false;
  const ends = [...new Set(taken.flatMap((one) => one.endsAt ?? []))].sort((a, b) => a - b);
  const start = ends.find((time) => time > now && fits(taken.filter((one) => !(one.endsAt !== undefined && one.endsAt > now && one.endsAt <= time)))); // prettier-ignore
  return start !== undefined && endsAt <= start;
}

/** Whole processors that nobody has, and for a rest the one that is fullest and has room for it. */
function devicesFrom(
  { gpus }: Capacity,
  wanted: number,
  taken: readonly Grant[],
): readonly Device[] | undefined {
  if (wanted === 0) return [];
  const free = new Map(gpus.map((name) => [name, 1]));
  for (const { name, share } of taken.flatMap(({ devices }) => devices))
    free.set(name, (free.get(name) ?? 0) - share);
  const rest = wanted - Math.floor(wanted + ALMOST);
  const whole = [...free].filter(([, left]) => left > 1 - ALMOST).map(([name]) => name);
  const chosen = whole.slice(0, Math.floor(wanted + ALMOST)).map((name) => ({ name, share: 1 }));
  if (chosen.length < Math.floor(wanted + ALMOST)) return undefined;
  if (rest <= ALMOST) return chosen;
  const [fullest] = [...free]
    .filter(([name, left]) => left >= rest - ALMOST && !chosen.some((one) => one.name === name))
    .sort(([, a], [, b]) => a - b);
  return fullest === undefined ? undefined : [...chosen, { name: fullest[0], share: rest }];
}

/** Variables that show a process just these graphics processors; none where it asked for none. */
export function deviceVariables({ devices }: Grant): Record<string, string> {
  if (devices.length === 0) return {};
  const names = devices.map(({ name }) => name).join(',');
  return { CUDA_VISIBLE_DEVICES: names, ROCR_VISIBLE_DEVICES: names, ZE_AFFINITY_MASK: names };
}
