/** What is read of another MLflow store, whatever it is kept in. */
import type { TrackedStatus } from '../../stores/runs/document.js';
import type { LoggedModelStatus, ModelMetric } from '../../stores/tracking/logged-models.js';
import type { TrackedPoint } from '../../stores/tracking/tracked-task.js';

export interface ForeignExperiment {
  readonly name: string;
  readonly deleted: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** The oldest first. */
  readonly runs: readonly ForeignRun[];
  readonly models: readonly ForeignModel[];
}

/** A logged model. */
export interface ForeignModel extends Pick<ForeignRun, 'id' | 'name' | 'params' | 'tags' | 'artifacts'> {
  /** Absent: none that is known. */
  readonly type?: string;
  /** The run that has made it, as it is called there. */
  readonly run?: string;
  readonly status: LoggedModelStatus;
  metrics(): readonly ModelMetric[];
}

/** What takes long to read is read when it is asked for. */
export interface ForeignRun {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly status: TrackedStatus;
  /** ms since 1970 */
  readonly start: number;
  readonly end?: number;
  readonly deleted: boolean;
  params(): Readonly<Record<string, string>>;
  tags(): Readonly<Record<string, string>>;
  /** Those of one metric at a time. */
  points(): Iterable<readonly TrackedPoint[]>;
  /** Files of this machine, absolute, by the paths that clients know them by. */
  artifacts(): Iterable<readonly [name: string, file: string]>;
}
