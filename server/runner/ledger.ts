/**
 * What the runs of one user on this machine have of it: a file per run in the user's own folder, read and written under
 * one lock. A run that died has nothing.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../stores/atomic.js';
import { withLock } from '../stores/file-lock.js';
import { type ProcessIdentity, isAlive, ownIdentity } from '../stores/liveness.js';
import type { Grant, OtherRuns } from './machine.js';

const LOCK_TIMEOUT_MS = 2_000;
const SUFFIX = '.json';

interface Entry {
  readonly owner: ProcessIdentity;
  readonly grants: readonly Grant[];
}

export class Ledger implements OtherRuns {
  readonly #folder: string;
  readonly #file: string;
  readonly #grants = new Set<Grant>();

  /**
   * @param folder of the user, on this machine
   * @param run names this run's file
   */
  constructor(folder: string, run: string) {
    this.#folder = folder;
    this.#file = path.join(folder, `${run}${SUFFIX}`);
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
      if (this.#grants.size === 0) rmSync(this.#file, { force: true });
      else this.#write();
    } catch {
      // The process ends some time, and its grants with it.
    }
  }

  #write(): void {
    const entry: Entry = { owner: ownIdentity(), grants: [...this.#grants] };
    writeAtomic(this.#file, JSON.stringify(entry), { mode: 0o600 });
  }

  #others(): Grant[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => path.join(this.#folder, name))
      .filter((file) => file !== this.#file)
      .flatMap((file) => {
        const entry = readEntry(file);
        if (entry === undefined) return [];
        if (isAlive(entry.owner)) return entry.grants;
        rmSync(file, { force: true });
        return [];
      });
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const shaped = typeof entry === 'object' && entry !== null && 'owner' in entry && 'grants' in entry;
    return shaped && Array.isArray(entry.grants) ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}
