/** What is read of another MLflow store, whatever it is kept in. */
import type { TrackedDataset, TrackedStatus } from '../../stores/runs/document.js';
import type { LoggedModelStatus, ModelMetric } from '../../stores/tracking/logged-models.js';
import type { TrackedPoint } from '../../stores/tracking/tracked-task.js';

/** Tag of ours: the id that a run, a logged model or a version had there. */
export const IMPORTED = 'modelyard.imported';

/** Tag of ours on a version that was exported: its number here, a blank, and the hash of its bytes. */
export const EXPORTED = 'modelyard.exported';

/** It is damaged: no more of it can be read. */
export class UnreadableStore extends Error {}

/** All of it. What has to be let go of says so. */
export interface ForeignStore {
  readonly experiments: readonly ForeignExperiment[];
  readonly registered: readonly ForeignRegistered[];
  close?(): void;
}

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
  inputs(): ForeignInputs;
  /** Files of this machine, absolute, by the paths that clients know them by. Throws with words where they are elsewhere. */
  artifacts(): Iterable<readonly [name: string, file: string]>;
}

/** What a run has read and made, with models as they are called there. */
export interface ForeignInputs {
  readonly datasets: readonly TrackedDataset[];
  readonly modelInputs: readonly string[];
  readonly modelOutputs: readonly { readonly id: string; readonly step: number }[];
}

/** A registered model. */
export interface ForeignRegistered {
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Numbers of versions by their aliases. */
  readonly aliases: Readonly<Record<string, string>>;
  /** By their numbers. */
  readonly versions: readonly ForeignVersion[];
}

export interface ForeignVersion {
  readonly version: string;
  /** ms since 1970 */
  readonly created: number;
  readonly description: string;
  /** `models:/…`, `runs:/…`, or where the artifacts lay. */
  readonly source: string;
  readonly run?: string;
  readonly stage?: string;
  /** Files that lie beside it, absolute, by their paths. */
  files?(): Iterable<readonly [name: string, file: string]>;
  readonly tags: Readonly<Record<string, string>>;
}
