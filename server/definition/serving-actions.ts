/** The actions that package, approve, deploy, start and watch an app, and the one that runs another pipeline. */
import type { Span } from '../syntax/tree.js';
import type { EnvEntry, Located, MetadataEntry, Signature, TemplateText } from './pieces.js';
import type { ServiceLimits } from './service-limits.js';

/** Where an app says how it is. Absent: it doesn't say. */
export interface HealthPaths {
  /** Answers 200 while the process is alive. */
  readonly live?: TemplateText;
  /** Answers 200 once requests can be served. */
  readonly ready?: TemplateText;
}

export interface PackageAction {
  readonly kind: 'package';
  readonly name: TemplateText;
  readonly description?: TemplateText;
  /** Paths or globs, relative to the project. */
  readonly include: readonly TemplateText[];
  readonly exclude: readonly TemplateText[];
  /** Shell commands; the last one is the app, those before it are run first at each start. */
  readonly entrypoint: readonly TemplateText[];
  /** Shell commands, once per release. */
  readonly setup: readonly TemplateText[];
  readonly port?: TemplateText;
  readonly health: HealthPaths;
  readonly env: readonly EnvEntry[];
  readonly secrets: readonly Located<string>[];
  /** A registered model, without a version. */
  readonly model?: TemplateText;
  readonly signature?: Signature;
  readonly featureService?: TemplateText;
  readonly python?: string;
  /** A file, relative to the project. */
  readonly requirements?: TemplateText;
  /** Paths or globs of files that look like secrets and go in all the same. */
  readonly allowSecretFiles: readonly TemplateText[];
}

export type OnTimeout = 'reject' | 'approve' | 'fail';

export interface ApprovalAction {
  readonly kind: 'approval';
  /** Markdown. */
  readonly prompt: TemplateText;
  /** Paths, relative to the project. */
  readonly artifacts: readonly TemplateText[];
  /** `task.metric`, or `task` for all of its metrics. */
  readonly metrics: readonly TemplateText[];
  readonly compare?: { readonly model: TemplateText; readonly to: TemplateText };
  /** Names; empty: anybody. */
  readonly who: readonly TemplateText[];
  /** So many different people have to approve. At least 1. */
  readonly count: number;
  /** Absent: for ever. */
  readonly timeoutMs?: number;
  readonly onTimeout: OnTimeout;
}

export interface DeployAction {
  readonly kind: 'deploy';
  /** `name` for its newest version, or `name@version`. */
  readonly package: TemplateText;
  /** `name@alias` or `name@version`. */
  readonly model?: TemplateText;
  readonly environment: TemplateText;
  readonly target?: TemplateText;
  readonly env: readonly EnvEntry[];
  readonly secrets: readonly Located<string>[];
  /** Older releases that stay on the target. At least 1. */
  readonly keep: number;
  readonly setupTimeoutMs: number;
}

export interface HealthProbe {
  readonly path: TemplateText;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many bad answers in a row make it unhealthy. */
  readonly failures: number;
}

export interface ServiceAction {
  readonly kind: 'service';
  readonly name: TemplateText;
  /** Absent: that of the `deploy` it follows. */
  readonly environment?: TemplateText;
  /** The id of a release. Absent: that of the `deploy` it follows, else the newest. */
  readonly release?: TemplateText;
  readonly port?: TemplateText;
  readonly host?: TemplateText;
  /** Absent: the paths of the package. */
  readonly health?: HealthProbe;
  readonly graceMs: number;
  readonly drainMs: number;
  /** A number, or an expression that gives one. */
  readonly replicas?: TemplateText;
  readonly rollbackOnFailure: boolean;
  /** Percent, or an expression that gives one. */
  readonly traffic?: TemplateText;
  readonly limits: ServiceLimits;
  readonly env: readonly EnvEntry[];
  readonly secrets: readonly Located<string>[];
}

export interface MonitorRule {
  /** As written, such as `p95 < 200ms`. */
  readonly rule: TemplateText;
  readonly span: Span;
  /** The window that is looked at. */
  readonly overMs: number;
  readonly severity: 'warning' | 'error';
  readonly message?: TemplateText;
}

export interface MonitorDrift {
  /** Data, relative to the project. Absent: the training set of the model version. */
  readonly against?: TemplateText;
  /** Empty: all inputs. */
  readonly features: readonly TemplateText[];
  /** The share of requests that is kept, from 0 to 1. */
  readonly sample: number;
  /** Fields of requests that are never kept. */
  readonly redact: readonly Located<string>[];
}

export interface MonitorAction {
  readonly kind: 'monitor';
  readonly service: TemplateText;
  readonly environment?: TemplateText;
  /** Absent: the rules are set and stay. */
  readonly forMs?: number;
  readonly rules: readonly MonitorRule[];
  readonly minRequests: number;
  /** Absent: the canary's where there is one. */
  readonly requests?: 'canary' | 'all';
  readonly drift?: MonitorDrift;
  readonly onFailure: 'fail' | 'rollback' | 'alert';
  readonly webhook?: TemplateText;
}

export interface PipelineAction {
  readonly kind: 'pipeline';
  readonly name: TemplateText;
  readonly params: readonly MetadataEntry[];
}
