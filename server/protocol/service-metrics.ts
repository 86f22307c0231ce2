/** The part of the protocol that is about what services measure over time: what the Service panel draws. Types only. */
import type { Answer } from './models.js';
import type { ServiceRef } from './services.js';

/** What was measured in a span of time. Absent members: there was nothing to measure. */
export interface MetricsNumbers {
  readonly requests: number;
  readonly errors: number;
  /** Requests a second. */
  readonly rate: number;
  /** 0 to 1. */
  readonly errorRate?: number;
  /** Milliseconds, of all requests of the span. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** Share of the time in which a process was ready, 0 to 1. */
  readonly availability?: number;
  /** Processes that ended and should not have. */
  readonly restarts: number;
  /** Of all processes of the service, at the end of the span. */
  readonly memoryBytes?: number;
  /** Cores in use, on average. */
  readonly cpu?: number;
}

/** What one release has answered. */
export interface ReleasePoint extends Pick<
  MetricsNumbers,
  'requests' | 'rate' | 'errorRate' | 'p50' | 'p95' | 'p99' | 'availability' | 'memoryBytes' | 'cpu'
> {
  readonly release: string;
}

/** A span of the window in which something was measured. */
export interface MetricsPoint extends MetricsNumbers {
  /** Its end. Milliseconds since 1970, a multiple of the step. */
  readonly at: number;
  /** Those that had requests or processes, where in some span of the window several had. */
  readonly releases?: readonly ReleasePoint[];
}

/** What runs has changed. */
export interface ReleaseMark {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `started`, `deployed`, `canary`, `promoted`, `aborted`, `rolled-back`, `restarted`, `crash-loop`, `stopped`. */
  readonly kind: string;
  /** In words. */
  readonly text: string;
  readonly release?: string;
  readonly who?: string;
  readonly reason?: string;
}

/** A rule that the service is watched by, as a line in a chart. */
export interface RuleLine {
  /** As written: `p95 < 200ms`. */
  readonly rule: string;
  readonly severity: 'warning' | 'error';
  /** The window that it looks at, in ms. */
  readonly overMs: number;
  /** Absent with `bound` when it can't be read. */
  readonly measure?:
    | 'p50'
    | 'p95'
    | 'p99'
    | 'rate'
    | 'error-rate'
    | 'availability'
    | 'restarts'
    | 'memory'
    | 'drift'
    | 'ks'
    | 'js'
    | 'nulls'
    | 'missing';
  /** Of `drift` and its like. */
  readonly feature?: string;
  readonly operator?: '<' | '<=' | '>' | '>=';
  /** Milliseconds, requests a second, a share from 0 to 1, a count, bytes or a score. */
  readonly bound?: number;
  /** Where it is written, when that is in an open project. Lines and columns from 0. */
  readonly place?: { readonly uri: string; readonly line: number; readonly character: number };
}

export interface DriftPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Population stability index. */
  readonly psi: number;
  /** Kolmogorov–Smirnov's D, of numbers. */
  readonly ks?: number;
  /** That the difference is one of chance. */
  readonly p: number;
  /** Values that were looked at. */
  readonly rows: number;
}

/** How far a feature of the requests was from what the model was trained on. */
export interface DriftSeries {
  readonly feature: string;
  readonly kind: 'number' | 'category';
  /** Each measure looks back so far. Milliseconds. */
  readonly overMs: number;
  /** The oldest first; empty where too few values came in. */
  readonly points: readonly DriftPoint[];
}

/**
 * Why there is no drift. `no-model`: the release has none; `no-training-set`: nothing tells what its model was trained
 * on; `not-watched`: no monitor asks for it; `not-sampled`: no requests are kept; `too-few`: not enough of them yet.
 */
export type DriftGap = 'no-model' | 'no-training-set' | 'not-watched' | 'not-sampled' | 'too-few';

/** What a service has measured in a window. */
export interface ServiceMetrics {
  /** Milliseconds since 1970. The window ends now, or when the service was measured last. */
  readonly from: number;
  readonly to: number;
  /** How far points are from each other, in ms. */
  readonly stepMs: number;
  /** It is measured now. */
  readonly live: boolean;
  /** The oldest first, at most about 200. */
  readonly points: readonly MetricsPoint[];
  /** Of the whole window. */
  readonly total?: MetricsNumbers;
  /** What the releases of the points are called, by their ids. */
  readonly releaseNames: Readonly<Record<string, string>>;
  /** The oldest first. */
  readonly marks: readonly ReleaseMark[];
  readonly rules: readonly RuleLine[];
  readonly drift: {
    /** Present where nothing could be measured. */
    readonly gap?: DriftGap;
    /** Features that are compared, by name. */
    readonly features: readonly DriftSeries[];
  };
}

export interface ServiceMetricsParams extends ServiceRef {
  /** Milliseconds, at least a minute. */
  readonly windowMs: number;
}

/**
 * | method | does |
 * |---|---|
 * | `modelyard/serviceMetrics` | measurements of a window, thinned out, with changes of releases, rules and drift |
 */
export interface ServiceMetricsRequests {
  'modelyard/serviceMetrics': {
    params: ServiceMetricsParams;
    result: Answer<{ readonly metrics: ServiceMetrics }>;
  };
}
