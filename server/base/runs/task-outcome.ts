/** What is told of a run's tasks wherever they are told: on disk, in events, to the editor. */

/** `waiting`: nothing of it runs; it waits for people, and needs no process for that. */
export type RunStatus =
  'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';

export type TaskStatus = RunStatus | 'skipped' | 'cached';

/** Of a task that has ended. */
export type EndStatus = Extract<TaskStatus, 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'cached'>;

/** A check, and how it came out. */
export interface CheckOutcome {
  readonly text: string;
  readonly passed: boolean;
  readonly detail?: string;
}

/** How a command ended. */
export interface Exit {
  readonly exitCode?: number;
  readonly signal?: string;
  /** What went wrong and what to do about it. */
  readonly error?: string;
}

/** A module that a task's program did not find. */
export interface MissingModule {
  /** As it is imported. */
  readonly module: string;
  /** As it is installed. */
  readonly package: string;
  /** What people call the interpreter. */
  readonly python: string;
  /** A command that installs it there, to be run in the project. */
  readonly install: string;
}

/** What its processes took, over all attempts. */
export interface Usage {
  readonly peakMemoryBytes?: number;
  readonly cpuSeconds?: number;
}

/** A task of a run, without what it made. */
export interface TaskProgress extends Exit, Usage {
  /** `train`, or `train@0-3` for one cell of a matrix. Unique in the run. */
  readonly id: string;
  readonly task: string;
  readonly action: string;
  readonly needs: readonly string[];
  readonly status: TaskStatus;
  readonly reasons: readonly string[];
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly attempts: number;
  /** What its action did, in a few words. */
  readonly note?: string;
  /** Why it failed, where that is what the log says. */
  readonly missingModule?: MissingModule;
  /** The run that produced the outputs that were restored. */
  readonly restoredFrom?: string;
}

/** Files of the project that a program opened. Paths are relative to the project, sorted. */
export interface OpenedFiles {
  readonly read: readonly string[];
  readonly written: readonly string[];
  /** So many are left out. */
  readonly more?: number;
}

/** How long a run would take, from how long its tasks took before. */
export interface RunEstimate {
  /** At least. */
  readonly ms: number;
  /** So many of the tasks that would run were never timed. */
  readonly untimed: number;
}
