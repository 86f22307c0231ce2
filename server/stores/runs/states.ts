/** What becomes of a run's document where no task says so: before it begins, and when its process is gone. */
import { defined } from '../../base/defined.js';
import { isAlive } from '../machine/liveness.js';
import type { LastSign, ProcessIdentity } from '../machine/liveness.js';
import { RUN_SCHEMA_VERSION } from './document.js';
import type { RunDocument, RunHeader, RunStatus, TaskRun } from './document.js';
import { LIVE_STATUSES } from './index/summary.js';

/** What `create` needs to know of a task before it starts. */
export type NewTask = Pick<TaskRun, 'id' | 'task' | 'action' | 'matrix' | 'needs'>;

/** The document of a run that has not begun. */
export function newRunDocument(header: RunHeader, tasks: readonly NewTask[]): RunDocument {
  return {
    ...header,
    schema: RUN_SCHEMA_VERSION,
    status: 'queued',
    tasks: tasks.map((task) => ({
      id: task.id,
      task: task.task,
      action: task.action,
      ...defined({ matrix: task.matrix }),
      needs: task.needs,
      status: 'queued',
      reasons: [],
      attempts: 0,
      inputs: [],
      outputs: [],
      metrics: {},
    })),
  };
}

/**
 * The status that a summary or document has now: a live one whose process is gone was interrupted. One that only waits
 * for people needs no process.
 */
export function liveStatus(
  run: ProcessIdentity & { readonly status: RunStatus },
  lastSign: LastSign,
): RunStatus {
  if (run.status === 'waiting' || !LIVE_STATUSES.has(run.status)) return run.status;
  return isAlive(run, lastSign) ? run.status : 'interrupted';
}

/** The document of a run whose process is gone: what had begun was interrupted, what had not was cancelled. */
export function interrupted(run: RunDocument, endedAt: string): RunDocument {
  return {
    ...run,
    status: 'interrupted',
    endedAt,
    error:
      run.source === 'tracking'
        ? 'The tracking server that an MLflow client told of it has ended, and no client has gone on with it.'
        : 'The process that ran it ended without a word: it was killed, or the machine went down.',
    tasks: run.tasks.map((task) => {
      if (task.status === 'running') return { ...task, status: 'interrupted', endedAt };
      if (task.status === 'queued' || task.status === 'waiting') return { ...task, status: 'cancelled' };
      return task;
    }),
  };
}
