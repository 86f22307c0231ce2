/**
 * The part of the protocol that is about services: app packages and models that are deployed and run. Types only, as in
 * index.ts, which passes them on.
 *
 * A service is what answers on a public port in an environment; a release is an app package and a model version put
 * together there; a canary is a release that gets a share of the traffic beside the one that serves.
 */
import type { Answer } from './models.js';

/** A service of a project. */
export interface ServiceRef {
  readonly projectUri: string;
  readonly environment: string;
  readonly name: string;
}

/**
 * How it is. `lost`: it should run, but its host is gone; `unhealthy`: nothing of it is ready; `crash-loop`: its
 * processes end again and again; `failed`: its first release never became ready.
 */
export type ServiceState =
  | 'starting'
  | 'running'
  | 'degraded'
  | 'unhealthy'
  | 'crash-loop'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'lost';

/** What lists show of a release. */
export interface ReleaseItem {
  /** Unique in its environment. Ids sort by the time they were made. */
  readonly id: string;
  readonly package: { readonly name: string; readonly version: string };
  readonly model?: {
    readonly name: string;
    /** Its number. */
    readonly version: string;
    /** The alias that it was asked for by when it was deployed. */
    readonly alias?: string;
    /** That point to the version now. */
    readonly aliases: readonly string[];
  };
  /** ISO 8601, UTC. Absent with `createdBy` and `runId` when its folder is gone. */
  readonly createdAt?: string;
  readonly createdBy?: string;
  /** The run that deployed it. */
  readonly runId?: string;
}

/** A release as it runs in a service, or ran last. */
export interface RunningReleaseItem extends ReleaseItem {
  /** Since when it has had traffic. Absent: it is being made ready. */
  readonly since?: string;
  /** Percent of the traffic. */
  readonly traffic: number;
  /** Processes that answer, and all of them. */
  readonly ready: number;
  readonly replicas: number;
  /** Processes that ended and should not have, since it was started. */
  readonly restarts: number;
}

/** What was measured over the last `seconds`. Absent members: nothing was measured. */
export interface ServiceNumbers {
  readonly seconds: number;
  readonly requests: number;
  /** Requests a second. */
  readonly rate: number;
  /** 0 to 1. */
  readonly errorRate?: number;
  /** Share of the time in which a process was ready, 0 to 1. */
  readonly availability?: number;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly memoryBytes?: number;
  /** Cores in use, on average. */
  readonly cpu?: number;
}

/** How a rule of a monitor stands. */
export interface AlertItem {
  /** As written: `p95 < 200ms`. */
  readonly rule: string;
  readonly severity: 'warning' | 'error';
  readonly state: 'holds' | 'broken' | 'unknown';
  /** Raised, and not cleared. */
  readonly firing: boolean;
  /** Since when it is firing, or not. ISO 8601, UTC. */
  readonly since: string;
  /** `p95 is 312 ms, over 1m`: as it was when it was raised or cleared. */
  readonly text: string;
  /** Where the rule is written, when that can be told; zero-based. */
  readonly place?: { readonly uri: string; readonly line: number; readonly character: number };
}

/** What lists show of a service. */
export interface ServiceItem extends ServiceRef {
  readonly status: ServiceState;
  readonly desired: 'running' | 'stopped';
  /** Its host lives and takes orders. */
  readonly hosted: boolean;
  /** Why it is so, for a person. */
  readonly message?: string;
  /** `http://127.0.0.1:8000` */
  readonly url: string;
  /** What serves, or served last. */
  readonly current?: RunningReleaseItem;
  /** A canary, or (without `since`) a release that is being made ready. */
  readonly candidate?: RunningReleaseItem;
  /** Where a rollback would lead, a canary aside. */
  readonly previous?: ReleaseItem;
  /** Only while it runs. */
  readonly numbers?: ServiceNumbers;
  /** Rules that are watched, firing ones first. */
  readonly alerts: readonly AlertItem[];
  /** What its processes print; the file need not exist. */
  readonly logUri: string;
  /** What its host says. */
  readonly hostLogUri: string;
  readonly updatedAt: string;
}

/** An environment that has services or releases. */
export interface EnvironmentItem {
  readonly projectUri: string;
  readonly environment: string;
  /** By name. */
  readonly services: readonly ServiceItem[];
  /** Releases that no service serves or tries, the newest first; at most so many. */
  readonly releases: readonly ReleaseItem[];
  readonly releasesLeftOut: number;
}

/** `modelyard/services` → the environments of all projects, by project and name. */
export interface ServicesResult {
  readonly environments: readonly EnvironmentItem[];
  /** Documents that could not be read. */
  readonly problems: readonly {
    readonly projectUri: string;
    readonly path: string;
    readonly message: string;
  }[];
}

/** What a person wants of a service. */
export type ServiceOrderView =
  /** Brings back what ran last, or serves a release; with `traffic` as a canary. */
  | { readonly verb: 'start'; readonly release?: string; readonly traffic?: number }
  | { readonly verb: 'stop' | 'restart' | 'rollback' | 'promote' | 'abort' }
  /** So many percent for the canary; 100 promotes it. */
  | { readonly verb: 'traffic'; readonly percent: number };

export interface ServiceOrderParams extends ServiceRef {
  readonly order: ServiceOrderView;
  /** Why; goes into the history. */
  readonly reason?: string;
  /**
   * Ids of the releases that served and were tried when the person decided (`null`: none). When one has changed since,
   * nothing is done.
   */
  readonly expected?: { readonly current: string | null; readonly candidate: string | null };
}

export type ServiceOrderResult =
  | { readonly ok: true; readonly message: string }
  | {
      readonly ok: false;
      readonly message: string;
      /** Secrets that the release needs and the editor's environment does not have. */
      readonly missingSecrets?: readonly string[];
      /** Arguments of `modelyard` that do the same in a terminal, where they can be set. */
      readonly command?: readonly string[];
    };

export interface ServiceHistoryEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `deployed`, `rolled-back`, …; `raised` and `cleared` for alerts. */
  readonly kind: string;
  /** `user@host`, or what did it by itself. */
  readonly who?: string;
  /** What happened, in words without who and why. */
  readonly text: string;
  readonly reason?: string;
  readonly release?: string;
  /** The release before. */
  readonly from?: string;
  readonly runId?: string;
  /** Of an alert. */
  readonly rule?: string;
  readonly severity?: 'warning' | 'error';
}

/** A request that can be sent to a service. */
export interface SampleRequest {
  readonly method: string;
  /** With a leading slash. */
  readonly path: string;
  /** JSON as text. */
  readonly body?: string;
}

/** A request that makes sense for a service. */
export interface SuggestedSample extends SampleRequest {
  /** From a sample of real traffic, made up from the model's signature, or a health path. */
  readonly from: 'traffic' | 'signature' | 'health';
  /** For `traffic`: when it was sent, and the answer's status. */
  readonly at?: string;
  readonly status?: number;
}

export interface SampleAnswer {
  readonly status: number;
  readonly ms: number;
  readonly contentType?: string;
  /** At most 256 KiB; empty for what is not a text. */
  readonly body: string;
  /** Of the whole body, as far as it was read. */
  readonly bytes: number;
  readonly truncated: boolean;
}

/**
 * | method | does |
 * |---|---|
 * | `modelyard/services` | lists environments and what runs in them |
 * | `modelyard/serviceOrder` | starts, stops, … and answers when that is done or refused |
 * | `modelyard/serviceHistory` | what happened to a service and what was raised, newest first |
 * | `modelyard/serviceSamples` | requests that could be sent to it |
 * | `modelyard/serviceSample` | sends one to its public port |
 */
export interface ServiceRequests {
  'modelyard/services': { params: { readonly projectUri?: string }; result: ServicesResult };
  'modelyard/serviceOrder': { params: ServiceOrderParams; result: ServiceOrderResult };
  'modelyard/serviceHistory': {
    params: ServiceRef & { readonly limit: number };
    result: Answer<{ readonly entries: readonly ServiceHistoryEntry[]; readonly more: boolean }>;
  };
  'modelyard/serviceSamples': {
    params: ServiceRef;
    result: Answer<{ readonly samples: readonly SuggestedSample[] }>;
  };
  'modelyard/serviceSample': {
    params: ServiceRef & { readonly request: SampleRequest };
    result: Answer<{ readonly answer: SampleAnswer }>;
  };
}
