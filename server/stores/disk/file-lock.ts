/**
 * A short lock between processes: a file that exists while somebody holds it and says who.
 *
 * Why not `proper-lockfile`: it tells a dead holder by the age of a heartbeat. A holder whose event loop is busy, or
 * that was suspended with the laptop's lid, loses its lock while it still writes; and a killed one blocks the others for
 * seconds. The identity of the process (pid and start time) tells both cases apart at once. Only for holders in another
 * place, whose processes can't be seen, does the age of the heartbeat count.
 */
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { tempName } from './atomic.js';
import { keepTouched } from '../machine/heartbeat.js';
import { isAlive, ownIdentity, signIn } from '../machine/liveness.js';
import type { ProcessIdentity } from '../machine/liveness.js';
import { errorCode } from './problem.js';
import { readPlainText } from './plain-file.js';
import { statOf } from './folder.js';

/** A lock file that says nothing readable is somebody about to write, for so long. */
const UNREADABLE_GRACE_MS = 5_000;

export interface FileLock {
  release(): void;
}

/** The holder of a lock file, 'none' when it's free, 'unknown' when the file says nothing readable. */
export function holderOf(file: string): ProcessIdentity | 'none' | 'unknown' {
  let text: string;
  try {
    text = readPlainText(file);
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'none' : 'unknown';
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number') {
      return value as ProcessIdentity;
    }
  } catch {
    // Falls through: cut off by a full disk, or not ours.
  }
  return 'unknown';
}

/** Makes the file with its content in one step, so that nobody reads it half written. False when it exists. */
export function createWhole(file: string, text: string, mode = 0o666): boolean {
  const temp = tempName(file);
  try {
    writeFileSync(temp, text, { flag: 'wx', mode });
    linkSync(temp, file);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EMLINK') throw error;
  } finally {
    rmSync(temp, { force: true });
  }
  // No hard links here (exFAT, some network shares).
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isStale(file: string): boolean {
  const holder = holderOf(file);
  if (holder === 'none') return false;
  if (holder !== 'unknown') return !isAlive(holder, signIn(file));
  const stat = statOf(file);
  return stat !== undefined && Date.now() - stat.mtimeMs > UNREADABLE_GRACE_MS;
}

/**
 * Removes the lock of a dead holder. Only one process may do so at a time, or the second would remove the lock that
 * somebody has taken since: so breaking is itself locked, and the holder is looked at again inside.
 */
function breakStale(file: string, identity: string): void {
  const breaker = `${file}.break`;
  if (!createWhole(breaker, identity)) {
    // A breaker lives for microseconds. One that is left over was killed in between.
    if (isStale(breaker)) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (isStale(file)) rmSync(file, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

/**
 * Takes the lock if it is free or its holder is dead. `undefined`: somebody holds it. The folder must exist. Throws
 * only when the file system refuses (full, read-only).
 */
export function tryLock(file: string): FileLock | undefined {
  const identity = JSON.stringify(ownIdentity());
  if (!createWhole(file, identity)) {
    if (!isStale(file)) return undefined;
    breakStale(file, identity);
    if (!createWhole(file, identity)) return undefined;
  }
  let held = true;
  const stop = keepTouched(file);
  return {
    release() {
      if (held) {
        stop();
        rmSync(file, { force: true });
      }
      held = false;
    },
  };
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread. For critical sections of well under a millisecond, where an event loop round is longer. */
export function sleepSync(ms: number): void {
  Atomics.wait(sleeper, 0, 0, ms);
}

/**
 * Runs `work` while holding the lock, waiting up to `timeoutMs` for it. `{ ok: false }`: it was not to be had and
 * `work` did not run. Not re-entrant.
 */
export function withLock<T>(
  file: string,
  timeoutMs: number,
  work: () => T,
): { ok: true; value: T } | { ok: false } {
  const deadline = Date.now() + timeoutMs;
  let pause = 0.2;
  for (;;) {
    const lock = tryLock(file);
    if (lock !== undefined) {
      try {
        return { ok: true, value: work() };
      } finally {
        lock.release();
      }
    }
    if (Date.now() >= deadline) return { ok: false };
    sleepSync(pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, 20);
  }
}
