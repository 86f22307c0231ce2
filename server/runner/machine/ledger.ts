/**
 * What the runs of one user on this machine have of it: a file per run in the user's own folder, read and written under
 * one lock. A run that died has nothing, and one in a container, whose processes can't be seen from here, has nothing
 * once its file has been silent for long enough.
 *
 * Whoever comes first is served first: a run whose task does not fit leaves its wish, with the next number, and nobody
 * with a later one takes what that needs. So any number of small runs can't keep a big one waiting. Who asks for something
 * that leaves the older wishes room, or will have given it back before they could be met, does not wait for them. A run
 * that is stopped (Ctrl-Z) keeps what it has, but its wish lapses.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { withLock } from '../../stores/disk/file-lock.js';
import { keepTouched } from '../../stores/machine/heartbeat.js';
import {
  LAPSE_MS,
  type ProcessIdentity,
  isAlive,
  ownIdentity,
  signIn,
} from '../../stores/machine/liveness.js';
import { type Grant, type OtherRuns, type Wish, chooseFrom, endsBefore, grantFrom } from './machine.js';

const LOCK_TIMEOUT_MS = 2_000;
const SUFFIX = '.json';

/** Numbers are given in the order in which runs come: to what they get, and to what they wait for. */
interface Numbered {
  readonly number: number;
}

type NumberedGrant = Grant & Numbered;
type NumberedWish = Wish & Numbered;

interface Entry {
  readonly owner: ProcessIdentity;
  /** Of the project, for people. */
  readonly root: string;
  readonly grants: readonly NumberedGrant[];
  /** The oldest that it could not have. */
  readonly wish?: NumberedWish;
}

/** What other runs have and wait for. */
interface Others {
  readonly grants: readonly NumberedGrant[];
  readonly wishes: readonly NumberedWish[];
}

export class Ledger implements OtherRuns {
  readonly #folder: string;
  readonly #file: string;
  readonly #root: string;
  readonly #clock: () => number;
  readonly #grants = new Map<Grant, number>();
  #wished: { readonly key: object; readonly wish: NumberedWish } | undefined;
  #holders: readonly string[] = [];
  #stopTouching: (() => void) | undefined;

  /**
   * @param folder of the user, on this machine
   * @param run names this run's file
   * @param root of the run's project, to tell others
   * @param clock ms since 1970
   */
  constructor(folder: string, run: string, root: string, clock: () => number = Date.now) {
    this.#folder = folder;
    this.#file = path.join(folder, `${run}${SUFFIX}`);
    this.#root = root;
    this.#clock = clock;
  }

  get holders(): readonly string[] {
    return this.#holders;
  }

  take(key: object, wish: Wish, own: readonly Grant[]): Grant | undefined {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const done = withLock(path.join(this.#folder, 'lock'), LOCK_TIMEOUT_MS, () =>
        this.#takeLocked(key, wish, own),
      );
      return done.ok ? done.value : undefined;
    } catch {
      // Where nothing can be written, each run is alone with the machine.
      return grantFrom(wish, own, this.#clock());
    }
  }

  give(grant: Grant): void {
    if (this.#grants.delete(grant)) this.#rewrite();
  }

  forget(key: object): void {
    if (this.#wished?.key !== key) return;
    this.#wished = undefined;
    this.#rewrite();
  }

  #takeLocked(key: object, wish: Wish, own: readonly Grant[]): Grant | undefined {
    const others = this.#others();
    const ownWish = this.#wished?.wish;
    const mine = this.#wished?.key === key ? ownWish : undefined;
    const wishes = ownWish === undefined ? others.wishes : [...others.wishes, ownWish];
    const given = [...others.grants, ...wishes].map((one) => one.number);
    const number = Math.max(0, ...given, ...this.#grants.values()) + 1;
    const now = this.#clock();
    const taken = [...own, ...others.grants];
    const grant = grantFrom(wish, taken, now);
    const older = wishes.filter((one) => one !== mine && one.number < (mine?.number ?? number));
    const passes = (one: NumberedWish): boolean =>
      grant !== undefined &&
      (this.#leavesRoom(one, grant, others.grants) ||
        endsBefore(grant, (rest) => chooseFrom(one, rest) !== undefined, taken, now));
    if (grant === undefined || !older.every(passes)) {
      if (this.#wished === undefined) {
        this.#wished = { key, wish: { ...wish, number } };
        this.#write();
      }
      return undefined;
    }
    this.#grants.set(grant, number);
    if (mine !== undefined) this.#wished = undefined;
    this.#write();
    return grant;
  }

  /** Whether an older wish fits beside a grant and all that was given since it was made, once what ran before has ended. */
  #leavesRoom(wish: NumberedWish, grant: Grant, others: readonly NumberedGrant[]): boolean {
    const own = [...this.#grants].map(([one, number]) => ({ ...one, number }));
    const since = [...others, ...own].filter(({ number }) => number > wish.number);
    return chooseFrom(wish, [...since, grant]) !== undefined;
  }

  #rewrite(): void {
    try {
      if (this.#grants.size > 0 || this.#wished !== undefined) {
        this.#write();
        return;
      }
      this.#stopTouching?.();
      this.#stopTouching = undefined;
      rmSync(this.#file, { force: true });
    } catch {
      // The process ends some time, and its grants with it.
    }
  }

  #write(): void {
    const grants = [...this.#grants].map(([grant, number]) => ({ ...grant, number }));
    const wish = this.#wished?.wish;
    const entry: Entry = { owner: ownIdentity(), root: this.#root, grants, ...defined({ wish }) };
    writeAtomic(this.#file, JSON.stringify(entry), { mode: 0o600 });
    this.#stopTouching ??= keepTouched(this.#file);
  }

  #others(): Others {
    const living = readdirSync(this.#folder)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => path.join(this.#folder, name))
      .filter((file) => file !== this.#file)
      .flatMap((file) => {
        const entry = readEntry(file);
        if (entry === undefined) return [];
        const sign = signIn(file);
        if (!isAlive(entry.owner, sign)) {
          rmSync(file, { force: true });
          return [];
        }
        const { owner, root, grants } = entry;
        const wish = this.#clock() - sign() < LAPSE_MS ? entry.wish : undefined;
        return [{ owner, root, grants, ...defined({ wish }), run: path.basename(file, SUFFIX) }];
      });
    this.#holders = living
      .filter(({ grants, wish }) => grants.length > 0 || wish !== undefined)
      .map(({ run, root }) => `${run} in ${root}`);
    return {
      grants: living.flatMap(({ grants }) => grants),
      wishes: living.flatMap(({ wish }) => (wish === undefined ? [] : [wish])),
    };
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const shaped =
      typeof entry === 'object' && entry !== null && 'owner' in entry && 'root' in entry && 'grants' in entry;
    if (!shaped || !Array.isArray(entry.grants)) return undefined;
    const { grants, ...rest } = entry as Omit<Entry, 'grants'> & { grants: (Grant & Partial<Numbered>)[] };
    // Versions before 0.2 gave no numbers.
    return { ...rest, grants: grants.map((grant) => ({ ...grant, number: grant.number ?? 0 })) };
  } catch {
    return undefined;
  }
}
