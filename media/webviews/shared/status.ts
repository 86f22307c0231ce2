/** One look for each status, the same in trees, panels and the status bar. */
import type { Staleness, TaskStatus } from '../../../server/protocol/index.js';

export interface Look {
  /** Name of a codicon. */
  readonly icon: string;
  readonly spin: boolean;
  /** Theme colour, as in package.json or `new ThemeColor`; absent: the foreground. */
  readonly color?: string;
  /** For people and screen readers. */
  readonly word: string;
}

const LOOKS: Readonly<Record<TaskStatus, Look>> = {
  queued: { icon: 'circle-outline', spin: false, color: 'testing.iconQueued', word: 'queued' },
  running: { icon: 'sync', spin: true, color: 'charts.blue', word: 'running' },
  waiting: { icon: 'watch', spin: false, color: 'testing.iconQueued', word: 'waiting' },
  succeeded: { icon: 'pass', spin: false, color: 'testing.iconPassed', word: 'succeeded' },
  failed: { icon: 'error', spin: false, color: 'testing.iconFailed', word: 'failed' },
  cancelled: { icon: 'circle-slash', spin: false, color: 'testing.iconSkipped', word: 'cancelled' },
  interrupted: { icon: 'debug-disconnect', spin: false, color: 'testing.iconErrored', word: 'interrupted' },
  skipped: { icon: 'debug-step-over', spin: false, color: 'testing.iconSkipped', word: 'skipped' },
  cached: { icon: 'archive', spin: false, color: 'testing.iconPassed', word: 'from cache' },
};

/** How a status looks; `undefined` is "has never run". */
export function look(status: TaskStatus | undefined): Look {
  return status === undefined
    ? { icon: 'circle-large-outline', spin: false, word: 'never run' }
    : LOOKS[status];
}

const STALENESS: Readonly<Record<Staleness, string>> = {
  fresh: 'up to date',
  stale: 'stale',
  'never-run': 'never run',
  'always-runs': 'always runs',
  unknown: '',
};

/** Staleness in words; empty when it isn't known. */
export function stalenessWord(staleness: Staleness): string {
  return STALENESS[staleness];
}

/**
 * What a task has come to, though no run of ours is known that brought it there: DVC may have run it, or the run was
 * deleted.
 */
export function shownStatus(status: TaskStatus | undefined, staleness: Staleness): TaskStatus | undefined {
  return status ?? (staleness === 'fresh' || staleness === 'stale' ? 'succeeded' : undefined);
}

/** Whether something is still going on. */
export function isActive(status: TaskStatus): boolean {
  return status === 'queued' || status === 'running' || status === 'waiting';
}

/** Statuses of runs, for filters. */
export const RUN_STATUSES = [
  'running',
  'queued',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted',
] as const;
