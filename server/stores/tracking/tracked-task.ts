/** What is known of a task whose processes log as MLflow clients: told by the runner, asked by what answers them. */
import type { RunHeader, TrackedStatus } from '../runs/document.js';
import type { TrackedMetric } from './tracked-run.js';

/** What such processes have as `MLFLOW_EXPERIMENT_ID`: the experiment itself is made only for those that ask. */
export const TASK_EXPERIMENT = 'task';

/** A point of a metric as a client tells of it. */
export interface TrackedPoint extends TrackedMetric {
  readonly key: string;
}

/** How a run of a client may end. */
export type TrackedEnd = Extract<TrackedStatus, 'FINISHED' | 'FAILED' | 'KILLED'>;

/** One attempt at a task. */
export interface TrackedTask {
  /** Of the run that `start_run()` goes on with: it is made when a client first asks for it. */
  readonly runId: string;
  /** The run of the pipeline, and the task in it. */
  readonly parent: NonNullable<RunHeader['parent']>;
  readonly pipeline: string;
  /** The experiment of clients that choose none: by its name, or by the id that the author has given. */
  readonly experiment: { readonly name: string } | { readonly id: string };
  readonly user: string;
  /** Hides the secrets of the run in a text that is kept. Absent: there are none. */
  readonly mask?: (text: string) => string;
  /** Where the code stands. */
  git(): Promise<RunHeader['git']>;
  /** A client has begun a run, or goes on with that of the attempt. */
  onRun(id: string): void;
  /** Points of the run that `start_run()` goes on with; `newest` gives the value of a metric that counts after them. */
  onMetrics(points: readonly TrackedPoint[], newest: (key: string) => number): void;
}
