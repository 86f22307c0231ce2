/** Going on from a run that did not come to its end, and cleaning up behind runners that were killed. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { withLock } from '../../stores/disk/file-lock.js';
import { statOf } from '../../stores/disk/folder.js';
import { type RunDocument, type TaskRun, outcomeOf } from '../../stores/runs/document.js';
import type { RunStore } from '../../stores/runs/runs.js';
import { foreignMemory } from '../../stores/trust.js';
import { JOB_VARIABLE } from '../executors/executor.js';
import { removePipes } from '../executors/output-pipes.js';
import { processesWithEnvironment, processStat, variableOf } from '../../stores/machine/proc.js';
import type { TaskState } from '../plan/state.js';

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'cached', 'failed', 'skipped']);

export type Resumable =
  { readonly ok: true; readonly run: RunDocument } | { readonly ok: false; readonly message: string };

const UNFINISHED = ['interrupted', 'failed', 'cancelled', 'waiting'] as const;

/** Among so many the newest one is looked for that is no debug run. */
const NEWEST_RUNS = 50;

/**
 * The run to resume: the one named, or the newest of the pipeline that did not succeed.
 *
 * @param pipeline absent: any, if an id is given
 */
export function findResumable(
  store: RunStore,
  pipeline: string | undefined,
  id: string | undefined,
): Resumable {
  let chosen = id;
  if (chosen === undefined) {
    const newest = store
      .list({ limit: NEWEST_RUNS, source: 'pipeline', ...defined({ pipeline }) })
      .find(({ debug }) => debug !== true);
    if (newest === undefined)
      return { ok: false, message: `${pipeline ?? 'the project'} has no run to resume` };
    if (!UNFINISHED.some((status) => status === newest.status)) {
      const why = newest.status === 'succeeded' ? 'succeeded' : 'is still running';
      return {
        ok: false,
        message: `the newest run of ${newest.pipeline}, ${newest.id}, ${why}: nothing to resume`,
      };
    }
    chosen = newest.id;
  }
  const read = store.read(chosen);
  if (!read.ok) return { ok: false, message: read.problem.message };
  const { run } = read;
  if (run.source === 'tracking') {
    return {
      ok: false,
      message: `run ${run.id} is of an MLflow client, which resumes it itself (start_run)`,
    };
  }
  if (run.debug === true)
    return { ok: false, message: `run ${run.id} ran under a debugger, which is not resumed: debug again` };
  if (pipeline !== undefined && run.pipeline !== pipeline) {
    return { ok: false, message: `run ${run.id} is one of ${run.pipeline}, not of ${pipeline}` };
  }
  if (!UNFINISHED.some((status) => status === run.status)) {
    return { ok: false, message: `run ${run.id} is ${run.status}: only what did not succeed can be resumed` };
  }
  if (run.status === 'waiting' && store.hasRunner(run)) {
    const message = `run ${run.id} is still running, in process ${run.pid}: it continues by itself once its questions are answered`;
    return { ok: false, message };
  }
  if (run.status !== 'interrupted' && run.status !== 'waiting') return { ok: true, run };
  // Its last steps may be in its events only.
  const refused = store.refusedEvents(run.id);
  return refused === undefined ? { ok: true, run } : { ok: false, message: refused.message };
}

/** How the tasks that succeeded in a run ended, to be taken as done. */
export function doneIn(run: RunDocument): Map<string, { run: string; state: TaskState }> {
  const done = new Map<string, { run: string; state: TaskState }>();
  for (const task of run.tasks) {
    if (task.status !== 'succeeded' && task.status !== 'cached') continue;
    // With a list that is lost nobody knows what it has made, or of what.
    if (task.fingerprint === undefined || task.lost !== undefined) continue;
    const { id, fingerprint, restoredFrom = run.id } = task;
    done.set(id, { run: run.id, state: { id, fingerprint, ...outcomeOf(task), run: restoredFrom } });
  }
  return done;
}

/** Tasks of a run that failed or were skipped: for the same run they have ended. */
export function endedIn(run: RunDocument): Map<string, { readonly run: string; readonly task: TaskRun }> {
  const ended = run.tasks.filter(({ status }) => status === 'failed' || status === 'skipped');
  return new Map(ended.map((task) => [task.id, { run: run.id, task }]));
}

/**
 * The record of a run that goes on: what has ended in it stays as it is. It waits until something happens in it: killed
 * before that, it can be taken up again.
 */
export function takenUp(fresh: RunDocument, again: RunDocument): RunDocument {
  const ended = new Map(again.tasks.filter(({ status }) => ENDED.has(status)).map((task) => [task.id, task]));
  return {
    ...fresh,
    status: again.status,
    ...defined({ startedAt: again.startedAt }),
    tasks: fresh.tasks.map((task) => ended.get(task.id) ?? task),
  };
}

/** For ending what dead runners left behind: a process that was sent SIGKILL needs microseconds. */
const CLEANUP_MS = 5_000;

/**
 * Runs whose runner was killed may have left tasks that still write. They are found by the variable that every task has
 * in its environment, and ended, before a new run touches the same files; then the runs are written down as
 * interrupted. Costs one look into a folder when there is nothing to do.
 */
export function cleanUpBehindDead(store: RunStore): readonly string[] {
  const dead = store.deadIds();
  if (dead.length === 0 || foreignMemory(store.layout) !== undefined) return [];
  const recovered = withLock(path.join(store.layout.runs, 'recover.lock'), CLEANUP_MS, () => {
    for (const id of dead) {
      endOrphans(store.layout.root, id);
      removePipes(id);
    }
    return store.recover();
  });
  return recovered.ok ? recovered.value : [];
}

/** Ends the tasks of a run, with their groups: a process may have put its environment off, but stays with the others of its task. */
export function endOrphans(root: string, id: string): void {
  const own = processStat(process.pid)?.group;
  const giveUp = Date.now() + CLEANUP_MS;
  for (;;) {
    // A job of a cluster outlives its runner, also where this machine is one of the nodes.
    const left = processesWithEnvironment(`MODELYARD_RUN_ID=${id}`).filter(
      (pid) =>
        variableOf(pid, JOB_VARIABLE) === undefined &&
        !isOfAnother(root, variableOf(pid, 'MODELYARD_PROJECT')),
    );
    if (left.length === 0 || Date.now() > giveUp) return;
    for (const pid of left) {
      const group = processStat(pid)?.group;
      try {
        process.kill(group === undefined || group <= 1 || group === own ? pid : -group, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** Whether a task's project is another one: of two copies of a project both know its run. One that was moved is no other. */
function isOfAnother(root: string, project: string | undefined): boolean {
  const theirs = project === undefined ? undefined : statOf(project);
  const ours = statOf(root);
  return theirs !== undefined && ours !== undefined && (theirs.ino !== ours.ino || theirs.dev !== ours.dev);
}
