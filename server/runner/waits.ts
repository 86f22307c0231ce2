/**
 * Runs that are part of others and wait for outputs. What they are a part of keeps its own outputs meanwhile, so that two
 * of them could wait for each other without an end. So whoever waits writes down for whom; who would close a circle is
 * told instead. Call all of it under the project's lock.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../stores/atomic.js';
import { keepTouched } from '../stores/heartbeat.js';
import { type ProcessIdentity, isAlive, ownIdentity, signIn } from '../stores/liveness.js';
import { readPlainText } from '../stores/plain-file.js';

const ENDING = '.wait';

interface Wait extends ProcessIdentity {
  /** The run that waits, and those that it is a part of: none of them ends before. */
  readonly runs: readonly string[];
  /** The run that it waits for. */
  readonly for: string;
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
 * Writes down that a run waits. `false`: the one it would wait for waits itself, possibly by way of others, for one of
 * `runs`, and nothing was written.
 *
 * @param runs the run and those that it is a part of
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

export function endWait(folder: string, runId: string): void {
  const file = fileOf(folder, runId);
  beating.get(file)?.();
  beating.delete(file);
  rmSync(file, { force: true });
}
