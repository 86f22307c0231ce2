/**
 * Two runs at once must not write the same outputs, nor one read what another is writing. Each run has one lock file in
 * `.modelyard/locks/` that lists what it writes and reads, and says who it is; taking and comparing happens under a
 * short lock of the whole project. One file a run and not one an output: 200 tasks cost as much as one.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { delay } from '../../base/delay.js';
import { defined } from '../../base/defined.js';
import { trimEndWhere } from '../../base/trim.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { holderOf as lockHolder, withLock } from '../../stores/disk/file-lock.js';
import { namesIn } from '../../stores/disk/folder.js';
import type { Layout } from '../../stores/layout.js';
import { keepTouched } from '../../stores/machine/heartbeat.js';
import { LAPSE_MS, isAlive, isElsewhere, ownIdentity, signIn } from '../../stores/machine/liveness.js';
import type { ProcessIdentity } from '../../stores/machine/liveness.js';
import { describeError } from '../../stores/disk/problem.js';
import { beginWait, endWait, mutexNode } from './waits.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

export interface LockRequest {
  readonly runId: string;
  readonly pipeline: string;
  /** Files and folders it will write, relative to the project, `/` between names. A folder covers what is in it. */
  readonly writes: readonly string[];
  /** Files and folders it reads and does not make itself. Any number of runs may read the same. */
  readonly reads?: readonly string[];
  /** Names of mutexes that one run at a time may hold. */
  readonly names?: readonly string[];
  /** The runs that this one is a part of. They keep what they hold, so that it must not wait for them. */
  readonly above?: readonly string[];
  /** Mutexes that their tasks keep meanwhile. */
  readonly mutexesAbove?: readonly string[];
}

/** Who holds something that is wanted, and what. */
export interface Holder extends ProcessIdentity {
  readonly runId: string;
  readonly pipeline: string;
  /** In words: `output models/rain.json`, `mutex gpu`. */
  readonly what: string;
  readonly since: string;
}

export interface OutputLock {
  release(): void;
}

export type Acquired =
  | { readonly ok: true; readonly lock: OutputLock }
  | { readonly ok: false; readonly reason: 'held'; readonly holder: Holder; readonly message: string }
  /** `endless`: whoever holds it can't end before this run does. */
  | { readonly ok: false; readonly reason: 'cancelled' | 'unwritable' | 'endless'; readonly message: string };

interface LockFile extends ProcessIdentity, LockRequest {
  readonly since: string;
}

const POLL_MS = 100;
const PROJECT_LOCK_TIMEOUT_MS = 5_000;
const foldsCase = process.platform === 'win32' || process.platform === 'darwin';

function normal(file: string): string {
  const clean = trimEndWhere(path.posix.normalize(file), (one) => one === '/');
  return foldsCase ? clean.toLowerCase() : clean;
}

/** Paths that can be asked whether one of others is the same, lies in one, or has one in it. */
class Territory {
  readonly #paths = new Set<string>();
  /** Every folder that has one of the paths in it. */
  readonly #above = new Set<string>();

  constructor(paths: readonly string[]) {
    for (const given of paths) {
      const file = normal(given);
      this.#paths.add(file);
      for (let folder = path.posix.dirname(file); folder !== '.' && folder !== '/';) {
        this.#above.add(folder);
        folder = path.posix.dirname(folder);
      }
    }
  }

  meets(given: string): boolean {
    const file = normal(given);
    if (file === '.') return this.#paths.size > 0;
    if (this.#paths.has(file) || this.#above.has(file) || this.#paths.has('.')) return true;
    for (let folder = path.posix.dirname(file); folder !== '.' && folder !== '/';) {
      if (this.#paths.has(folder)) return true;
      folder = path.posix.dirname(folder);
    }
    return false;
  }
}

function writesOf(request: LockRequest): LockRequest {
  return { ...request, reads: [] };
}

/** What `held` has that `wanted` can't have at the same time, in words. */
function conflict(wanted: LockRequest, held: LockRequest): string | undefined {
  const names = new Set(held.names);
  const name = wanted.names?.find((candidate) => names.has(candidate));
  if (name !== undefined) return `mutex ${name}`;
  const writes = new Territory(held.writes);
  const output = wanted.writes.find((file) => writes.meets(file));
  if (output !== undefined) return `output ${output}`;
  const input = wanted.reads?.find((file) => writes.meets(file));
  if (input !== undefined) return `${input}, which it writes and this run reads`;
  const reads = new Territory(held.reads ?? []);
  const read = wanted.writes.find((file) => reads.meets(file));
  return read === undefined ? undefined : `${read}, which it reads and this run writes`;
}

function readLock(file: string): LockFile | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(file));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('pid' in value) || !('writes' in value) || !Array.isArray(value.writes)) return undefined;
    return value as LockFile;
  } catch {
    return undefined;
  }
}

/** Locks of runs that live; those of dead ones are removed on the way. Call it under the project's lock. */
function liveLocks(folder: string): LockFile[] {
  const locks: LockFile[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.json')) continue;
    const file = path.join(folder, name);
    const lock = readLock(file);
    if (lock !== undefined && isAlive(lock, signIn(file))) locks.push(lock);
    else rmSync(file, { force: true });
  }
  return locks;
}

/** Files in the folder of locks that nobody holds any more: their processes are gone, or have been silent for too long. */
export function staleLocks(layout: Layout): string[] {
  return namesIn(layout.locks).flatMap((name) => {
    if (!/\.(?:json|wait|lock)$/.test(name)) return [];
    const file = path.join(layout.locks, name);
    const holder = lockHolder(file);
    return typeof holder === 'object' && !isAlive(holder, signIn(file)) ? [file] : [];
  });
}

function holderOf(lock: LockFile, what: string): Holder {
  const { pid, processStart, host, place, runId, pipeline, since } = lock;
  return {
    pid,
    ...defined({ processStart, host, place }),
    runId,
    pipeline,
    what,
    since,
  };
}

/** For whoever waits: for whom, and how long if nobody is there any more. */
export function waitingFor({
  runId,
  pipeline,
  pid,
  host = 'another machine',
  what,
  ...owner
}: Holder): string {
  const away = isElsewhere({ pid, host, ...owner });
  const where = away ? `on ${host}` : `process ${pid}`;
  const end = away
    ? `; if that is gone, the lock lapses after ${LAPSE_MS / 60_000} minutes of silence, or with \`modelyard runs cancel --force ${runId}\``
    : '';
  return `waiting for run ${runId} of ${pipeline} (${where}), which holds ${what}${end}`;
}

function heldMessage(holder: Holder): string {
  const { runId, pipeline, pid, host = 'another machine', what } = holder;
  if (!isElsewhere(holder)) return `Run ${runId} of ${pipeline} (process ${pid}) holds ${what}.`;
  return `Run ${runId} of ${pipeline} on ${host} holds ${what}; if it is gone, its lock lapses after ${LAPSE_MS / 60_000} minutes of silence, or with \`modelyard runs cancel --force ${runId}\`.`;
}

/** Does something under the short lock of the whole project; `undefined`: it was not to be had in time. */
export function underProjectLock<T>(layout: Layout, work: () => T): T | undefined {
  const done = withLock(path.join(layout.locks, 'project.lock'), PROJECT_LOCK_TIMEOUT_MS, work);
  return done.ok ? done.value : undefined;
}

function tryAcquire(layout: Layout, request: LockRequest, wait: boolean): Acquired {
  const { runId, above = [], mutexesAbove = [] } = request;
  const kept = [runId, ...above, ...mutexesAbove.map(mutexNode)];
  const file = path.join(layout.locks, `${request.runId}.json`);
  const result = underProjectLock(layout, (): Acquired => {
    for (const lock of liveLocks(layout.locks)) {
      if (lock.runId === runId) continue;
      const isAbove = above.includes(lock.runId);
      // What they read of each other is put in order by the tasks of the run above.
      const what = isAbove ? conflict(writesOf(request), writesOf(lock)) : conflict(request, lock);
      if (what === undefined) continue;
      const holder = holderOf(lock, what);
      const message = heldMessage(holder);
      if (isAbove) {
        const part = `${message} This run is a part of that one, which keeps it until the end: let only one of them have it.`;
        return { ok: false, reason: 'endless', message: part };
      }
      if (wait && above.length > 0 && !beginWait(layout.locks, kept, holder.runId)) {
        const circle = `${message} That run waits in turn for what this one keeps: start them one after the other.`;
        return { ok: false, reason: 'endless', message: circle };
      }
      return { ok: false, reason: 'held', holder, message };
    }
    const content: LockFile = { ...ownIdentity(), ...request, since: new Date().toISOString() };
    writeAtomic(file, JSON.stringify(content));
    const stop = keepTouched(file);
    return {
      ok: true,
      lock: {
        release() {
          stop();
          rmSync(file, { force: true });
        },
      },
    };
  });
  if (result !== undefined) return result;
  return {
    ok: false,
    reason: 'unwritable',
    message: `${layout.locks} has been locked for ${PROJECT_LOCK_TIMEOUT_MS / 1000} s by another process. Try again.`,
  };
}

/**
 * Takes everything at once, or nothing. With `wait` it waits until the others are done or the signal comes, and tells
 * `onWait` who is in the way, once for each holder. A run that was killed is in nobody's way. The lock has to be
 * released; the end of the process releases it too.
 */
export async function acquireLocks(
  layout: Layout,
  request: LockRequest,
  options: {
    readonly wait?: boolean;
    readonly signal?: AbortSignal;
    readonly onWait?: (holder: Holder) => void;
  } = {},
): Promise<Acquired> {
  try {
    return await acquire(layout, request, options);
  } finally {
    if (request.above !== undefined) endWait(layout.locks, request.runId);
  }
}

async function acquire(
  layout: Layout,
  request: LockRequest,
  { signal, wait = false, onWait }: NonNullable<Parameters<typeof acquireLocks>[2]>,
): Promise<Acquired> {
  let told = '';
  for (;;) {
    if (signal?.aborted === true) {
      const when = told === '' ? 'before the first task began' : 'while waiting for another run';
      return { ok: false, reason: 'cancelled', message: `Cancelled ${when}.` };
    }
    let result: Acquired;
    try {
      mkdirSync(layout.locks, { recursive: true });
      result = tryAcquire(layout, request, wait);
    } catch (error) {
      const message = `Can't lock outputs in ${layout.locks}: ${describeError(error)}.`;
      return { ok: false, reason: 'unwritable', message };
    }
    if (result.ok || result.reason !== 'held' || !wait) return result;
    if (told !== `${result.holder.runId} ${result.holder.what}`) {
      told = `${result.holder.runId} ${result.holder.what}`;
      onWait?.(result.holder);
    }
    await delay(POLL_MS, signal);
  }
}
