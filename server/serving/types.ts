/**
 * What serving keeps on the disk. A release is written once, by `deploy`, and never changed; a service's documents are
 * written by its host alone. Plain values that can be written as JSON.
 */
import type { Json } from '../definition/definition.js';
import type { ServiceLimits } from '../definition/service-limits.js';
import type { ProcessIdentity } from '../stores/machine/liveness.js';
import type { ContentHash } from '../stores/runs/document.js';
import type { RunReference, Signature } from '../stores/registry/types.js';

export const RELEASE_SCHEMA_VERSION = 1;
export const SERVICE_SCHEMA_VERSION = 1;

/** A version of an app package in a release. */
export interface ReleasePackage {
  readonly name: string;
  /** "1", "2", … */
  readonly version: string;
  readonly hash: ContentHash;
}

/** The model version in a release. */
export interface ReleaseModel {
  readonly name: string;
  /** An integer as text. */
  readonly version: string;
  readonly hash: ContentHash;
  /** The alias it was asked for by, when it was. */
  readonly alias?: string;
  /** The file or folder that the app loads, relative to the release's folder: `model/rain.json`, or `model`. */
  readonly path: string;
}

/**
 * `release.json`: one app package and one model version put together for an environment. It lies in the release's folder
 * (`releaseFolder`) beside `app/`, the package's files, and `model/`, the artifact. A folder without it is not a release:
 * it is written last.
 */
export interface ReleaseDocument {
  readonly schema: number;
  /** A safe file name (`isReleaseId`), unique in its environment. Ids sort by the time they were made. */
  readonly id: string;
  readonly environment: string;
  readonly target: string;
  readonly package: ReleasePackage;
  readonly model?: ReleaseModel;
  /** A shell command, run in `app/`. It finds its port in `PORT` and its model in `MODELYARD_MODEL_PATH`. */
  readonly entrypoint: string;
  /** Variables of environment, package and deploy, the later over the former. No secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Names only: the values come from the environment of whoever starts the service. */
  readonly secrets: readonly string[];
  /** The public port of a service that is not told another one. */
  readonly port?: number;
  /** Paths that answer 2xx while the process lives, and once it can serve. Without any, a port that can be reached will do. */
  readonly health: HealthPaths;
  readonly signature?: Signature;
  readonly featureService?: string;
  /** What the model was trained on, relative to the project: what requests are compared with. */
  readonly trainingSet?: { readonly path: string; readonly hash: ContentHash };
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** `user@host` */
  readonly createdBy: string;
  readonly run?: RunReference;
}

export interface HealthPaths {
  readonly live?: string;
  readonly ready?: string;
}

/** How health is asked for. Times in ms. */
export interface ProbeConfig {
  /** Asked instead of the release's own paths. */
  readonly path?: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many bad answers in a row make a process unhealthy. */
  readonly failures: number;
}

/** How a service is run, whatever its release. Times in ms. */
export interface ServiceConfig {
  /** The address that is listened on; loopback unless told otherwise. */
  readonly host: string;
  /** The public port. */
  readonly port: number;
  readonly probe: ProbeConfig;
  /** A new release has so long to become ready. */
  readonly graceMs: number;
  /** Requests under way have so long to end before their process is stopped. */
  readonly drainMs: number;
  readonly replicas: number;
  readonly limits: ServiceLimits;
  /** Go back to the release before when this one does not stay healthy. */
  readonly rollbackOnFailure: boolean;
  /** Over those of the release. */
  readonly env: Readonly<Record<string, string>>;
  /** Beside those of the release. */
  readonly secrets: readonly string[];
}

/**
 * - `starting`: no release has become ready yet
 * - `running`: every replica is ready
 * - `degraded`: it answers, but not every replica is ready
 * - `unhealthy`: nothing is ready; it is tried again
 * - `crash-loop`: its processes end again and again; it is tried again ever more rarely
 * - `failed`: its first release never became ready; nothing runs
 * - `lost`: it should run, but its host is gone (never written: readers find it out)
 */
export type ServiceStatus =
  | 'starting'
  | 'running'
  | 'degraded'
  | 'unhealthy'
  | 'crash-loop'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'lost';

/** One process of a release. */
export interface ReplicaState extends ProcessIdentity {
  /** Known to the process and its children by `MODELYARD_REPLICA`. */
  readonly id: string;
  /** The private port, on loopback. */
  readonly port: number;
  readonly ready: boolean;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** A release as it runs in a service. */
export interface RunningRelease {
  /** Of the release, in the service's environment. */
  readonly id: string;
  readonly package: Pick<ReleasePackage, 'name' | 'version'>;
  readonly model?: Pick<ReleaseModel, 'name' | 'version' | 'alias'>;
  /** Since when it has had traffic. ISO 8601, UTC. */
  readonly since?: string;
  /** Percent of the traffic. */
  readonly traffic: number;
  readonly replicas: readonly ReplicaState[];
  /** How often a process of it ended that should not have, since it was started. */
  readonly restarts: number;
}

/** `service.json`: what should run, and what does. */
export interface ServiceDocument {
  readonly schema: number;
  readonly name: string;
  readonly environment: string;
  readonly desired: 'running' | 'stopped';
  readonly status: ServiceStatus;
  /** Why it is so, for a person. */
  readonly message?: string;
  readonly config: ServiceConfig;
  readonly current?: RunningRelease;
  /** A canary, or a release that is being made ready. */
  readonly candidate?: RunningRelease;
  /** Releases that served before, the newest first: where `rollback` leads. */
  readonly previous: readonly string[];
  /** The host that wrote this. */
  readonly owner?: ProcessIdentity;
  /** Inode of the folder that it was written in: in another one it is a copy, and its processes work elsewhere. */
  readonly folder?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Who asked for something and why. */
export interface ServiceCause {
  /** `user@host` */
  readonly who: string;
  readonly reason?: string;
  readonly run?: RunReference;
}

export type ServiceEventKind =
  | 'started'
  | 'stopped'
  | 'deploying'
  | 'deployed'
  | 'refused'
  | 'canary'
  | 'promoted'
  | 'aborted'
  | 'rolled-back'
  | 'restarted'
  | 'crashed'
  | 'unhealthy'
  | 'recovered'
  | 'crash-loop'
  | 'adopted';

/** One line of a service's `history.ndjson`. */
export interface ServiceEvent extends Partial<ServiceCause> {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly kind: ServiceEventKind;
  /** The release it is about. */
  readonly release?: string;
  /** The release before. */
  readonly from?: string;
  /** Percent of the traffic. */
  readonly traffic?: number;
  /** For a person. */
  readonly message?: string;
  readonly details?: Readonly<Record<string, Json>>;
}
