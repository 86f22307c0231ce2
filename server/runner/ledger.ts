/**
 * What the runs of one user on this machine have of it: a file per run in the user's own folder, read and written under
 * one lock. A run that died has nothing, and one in a container, whose processes can't be seen from here, has nothing
 * once its file has been silent for long enough.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../stores/atomic.js';
import { withLock } from '../stores/file-lock.js';
import { keepTouched } from '../stores/heartbeat.js';
import { type ProcessIdentity, isAlive, ownIdentity, signIn } from '../stores/liveness.js';
import type { Grant, OtherRuns } from './machine.js';

const LOCK_TIMEOUT_MS = 2_000;
const SUFFIX = '.json';

interface Entry {
  readonly owner: ProcessIdentity;
  /** Of the project, for people. */
  readonly root: string;
  readonly grants: readonly Grant[];
}

export class Ledger implements OtherRuns {
  readonly #folder: string;
  readonly #file: string;
  readonly #root: string;
  readonly #grants = new Set<Grant>();
  #holders: readonly string[] = [];
  #stopTouching: (() => void) | undefined;

  /**
   * @param folder of the user, on this machine
   * @param run names this run's file
   * @param root of the run's project, to tell others
   */
  constructor(folder: string, run: string, root: string) {
    this.#folder = folder;
    this.#file = path.join(folder, `${run}${SUFFIX}`);
    this.#root = root;
  }

  get holders(): readonly string[] {
    return this.#holders;
  }

  take(choose: (others: readonly Grant[]) => Grant | undefined): Grant | undefined {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const done = withLock(path.join(this.#folder, 'lock'), LOCK_TIMEOUT_MS, () => {
        const grant = choose(this.#others());
        if (grant === undefined) return undefined;
        this.#grants.add(grant);
        this.#write();
        return grant;
      });
      return done.ok ? done.value : undefined;
    } catch {
      // Where nothing can be written, each run is alone with the machine.
      return choose([]);
    }
  }

  give(grant: Grant): void {
    if (!this.#grants.delete(grant)) return;
    try {
      if (this.#grants.size > 0) {
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
    const entry: Entry = { owner: ownIdentity(), root: this.#root, grants: [...this.#grants] };
    writeAtomic(this.#file, JSON.stringify(entry), { mode: 0o600 });
    this.#stopTouching ??= keepTouched(this.#file);
  }

  #others(): Grant[] {
    const living = readdirSync(this.#folder)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => path.join(this.#folder, name))
      .filter((file) => file !== this.#file)
      .flatMap((file) => {
        const entry = readEntry(file);
        if (entry === undefined) return [];
        if (isAlive(entry.owner, signIn(file))) return [{ ...entry, run: path.basename(file, SUFFIX) }];
        rmSync(file, { force: true });
        return [];
      });
    this.#holders = living.map(({ run, root }) => `${run} in ${root}`);
    return living.flatMap(({ grants }) => grants);
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const shaped =
      typeof entry === 'object' && entry !== null && 'owner' in entry && 'root' in entry && 'grants' in entry;
    return shaped && Array.isArray(entry.grants) ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}
