/** Ending a run from outside: by asking its process, or, where nobody can be asked, by writing down that it has ended. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { namesIn } from '../../stores/disk/folder.js';
import { isElsewhere, isOurs, signalOurs } from '../../stores/machine/liveness.js';
import type { RunDocument } from '../../stores/runs/document.js';
import { LIVE_STATUSES } from '../../stores/runs/index/summary.js';
import type { RunStore } from '../../stores/runs/runs.js';
import { foreignMemory } from '../../stores/trust.js';
import { endOrphans } from './resume.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

/** What was done, or why nothing was, in words. */
export type Cancelled =
  | {
      readonly ok: true;
      readonly how: 'asked' | 'cancelled' | 'interrupted';
      readonly message: string;
      /** Of a dry run. */
      readonly would: string;
    }
  | { readonly ok: false; readonly message: string };

interface CancelOptions {
  /** A run whose process can't be asked counts as interrupted, and holds nothing any more. */
  readonly force?: boolean;
  /** Changes nothing. */
  readonly dry?: boolean;
}

/**
 * Asks the process of a run to cancel it, as Ctrl-C in its terminal would. Only a process that is certainly that run's is
 * signalled: a pid is used again, and a signal to a stranger can't be taken back.
 */
export function cancelRun(
  store: RunStore,
  id: string,
  { force: forced = false, dry = false }: CancelOptions = {},
): Cancelled {
  const read = store.read(id);
  if (!read.ok) return { ok: false, message: read.problem.message };
  const foreign = foreignMemory(store.layout);
  if (foreign !== undefined) return { ok: false, message: foreign.message };
  const { run } = read;
  if (run.source === 'tracking' && LIVE_STATUSES.has(run.status)) {
    const message = `Run ${id} is of an MLflow client, which nothing here can stop: end it there, or its tracking server (process ${run.pid}).`;
    return { ok: false, message };
  }
  if (run.status === 'interrupted' && forced) return giveUp(store, run, dry);
  if (!LIVE_STATUSES.has(run.status)) {
    return { ok: false, message: `Run ${id} has ended already: ${run.status}.` };
  }
  if (run.status === 'waiting' && !store.isAttended(run)) {
    const problem = dry ? undefined : store.abandon(id);
    if (problem !== undefined) return { ok: false, message: problem.message };
    const what = `${id}, which waited for people`;
    return { ok: true, how: 'cancelled', message: `cancelled ${what}`, would: `would cancel ${what}` };
  }
  const sent = dry && isOurs(run) ? { ok: true as const } : signalOurs(run, 'SIGTERM');
  if (sent.ok) {
    const what = `${id} to end (process ${run.pid})`;
    return { ok: true, how: 'asked', message: `asked ${what}`, would: `would ask ${what}` };
  }
  if (forced) return giveUp(store, run, dry);
  const force = `\`modelyard runs cancel --force ${id}\``;
  if (sent.why === 'denied') {
    return {
      ok: false,
      message: `Run ${id} belongs to ${run.user}: process ${run.pid} can't be signalled. Ask them, or have it forgotten with ${force}.`,
    };
  }
  if (isElsewhere(run)) {
    return {
      ok: false,
      message: `Run ${id} is on ${run.host}, another machine or container: cancel it there. If that is gone: ${force}`,
    };
  }
  return {
    ok: false,
    message: `Process ${run.pid} is not known to be that of run ${id}, so nothing was signalled. To count the run as interrupted: ${force}`,
  };
}

/** The run counts as interrupted, and what it held is free. */
function giveUp(store: RunStore, run: RunDocument, dry: boolean): Cancelled {
  const done: Cancelled = {
    ok: true,
    how: 'interrupted',
    message: `run ${run.id} counts as interrupted, and what it held is free`,
    would: `would count run ${run.id} as interrupted, and free what it holds`,
  };
  if (dry) return done;
  // Its tasks bear its id in their environment, so that those of this machine are known to be its own.
  endOrphans(store.layout.root, run.id);
  const problem = store.giveUp(run.id);
  if (problem !== undefined) return { ok: false, message: problem.message };
  const { locks } = store.layout;
  for (const name of namesIn(locks)) {
    const file = path.join(locks, name);
    const own = name === `${run.id}.json` || name === `${run.id}.wait`;
    if (own || (name.startsWith('mutex-') && isHeldBy(file, run))) rmSync(file, { force: true });
  }
  return done;
}

function isHeldBy(lock: string, run: RunDocument): boolean {
  try {
    const holder: unknown = JSON.parse(readPlainText(lock));
    if (typeof holder !== 'object' || holder === null) return false;
    const { pid, processStart, place } = holder as Readonly<Record<string, unknown>>;
    return pid === run.pid && processStart === run.processStart && place === run.place;
  } catch {
    return false;
  }
}
