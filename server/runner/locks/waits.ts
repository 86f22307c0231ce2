/**
 * Who waits for what another run keeps, outputs or a mutex. Runs keep their outputs to the end, and a task that calls a
 * pipeline its mutex, so that two could wait for each other without an end. So whoever waits writes down for what, and what
 * is kept meanwhile; who would close a circle is told instead. Call all of it under the project's lock.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { keepTouched } from '../../stores/machine/heartbeat.js';
import { type ProcessIdentity, isAlive, ownIdentity, signIn } from '../../stores/machine/liveness.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

const ENDING = '.wait';

interface Wait extends ProcessIdentity {
  /** Who waits, the run and those that it is a part of, and mutexes that they keep: none of them ends before. */
  readonly runs: readonly string[];
  /** The run, or the mutex, that it waits for. */
  readonly for: string;
}

/** Among runs: what holds it can end only when it is given back. */
export function mutexNode(name: string): string {
  return `mutex ${name}`;
}

function fileOf(folder: string, runId: string): string {
  return path.join(folder, `${runId}${ENDING}`);
}

function readWait(file: string): Wait | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(file));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('pid' in value) || !('for' in value) || !('runs' in value) || !Array.isArray(value.runs))
      return undefined;
    return value as Wait;
  } catch {
    return undefined;
  }
}

/** What the living wait for; what the dead have left is removed on the way. */
function liveWaits(folder: string): Wait[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .flatMap((name) => {
      const file = path.join(folder, name);
      const wait = readWait(file);
      if (wait !== undefined && isAlive(wait, signIn(file))) return [wait];
      rmSync(file, { force: true });
      return [];
    });
}

/**
 * Writes down that somebody waits. `false`: what it would wait for waits itself, possibly by way of others, for one of
 * `runs`, and nothing was written.
 *
 * @param runs first who waits, by a name that can be a file's; then all that does not end before
 */
export function beginWait(folder: string, runs: readonly string[], holder: string): boolean {
  const [runId = ''] = runs;
  const waits = liveWaits(folder);
  // Looked at when it was written; who waits later looks at this one.
  if (waits.some((wait) => wait.runs[0] === runId && wait.for === holder)) return true;
  const seen = new Set<string>();
  const next = [holder];
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    if (runs.includes(one)) return false;
    if (seen.has(one)) continue;
    seen.add(one);
    for (const wait of waits) if (wait.runs.includes(one)) next.push(wait.for);
  }
  const wait: Wait = { ...ownIdentity(), runs, for: holder };
  const file = fileOf(folder, runId);
  writeAtomic(file, JSON.stringify(wait));
  if (!beating.has(file)) beating.set(file, keepTouched(file));
  return true;
}

/** Of the waits that this process has written down. */
const beating = new Map<string, () => void>();

/** @param who the first of the `runs` of `beginWait` */
export function endWait(folder: string, who: string): void {
  const file = fileOf(folder, who);
  beating.get(file)?.();
  beating.delete(file);
  rmSync(file, { force: true });
}
