/** What was measured in a span of time, and how spans are added up. */
import { Histogram, type SparseHistogram } from './histogram.js';

export interface ReleaseCounts {
  readonly requests: number;
  readonly errors: number;
}

/** One line of a service's `metrics.ndjson`. */
export interface MetricsBucket {
  /** Its end. Milliseconds since 1970. */
  readonly at: number;
  readonly seconds: number;
  /** Answered, by the app or in its place. */
  readonly requests: number;
  /** Of them: with a status of 500 or above, or not to the end. */
  readonly errors: number;
  /** Given up by the client. */
  readonly aborted: number;
  /** By the first digit of the status: `2`, `4`, `5`. */
  readonly status: Readonly<Record<string, number>>;
  readonly latency: SparseHistogram;
  readonly releases: Readonly<Record<string, ReleaseCounts>>;
  /** Seconds in which at least one process was ready. */
  readonly upSeconds: number;
  /** Processes that ended and should not have. */
  readonly restarts: number;
  /** Of all processes of the service at its end; absent where the system does not tell. */
  readonly memoryBytes?: number;
  /** Cores in use, on average. */
  readonly cpu?: number;
  readonly ready: number;
  readonly replicas: number;
}

/** What the numbers of some buckets come to. */
export interface MetricsSummary {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  readonly requests: number;
  readonly errors: number;
  readonly aborted: number;
  /** Requests a second. */
  readonly rate: number;
  /** 0 to 1; `undefined` without requests. */
  readonly errorRate?: number;
  /** Share of the time in which a process was ready, 0 to 1. */
  readonly availability?: number;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
  readonly restarts: number;
  readonly memoryBytes?: number;
  readonly cpu?: number;
  readonly status: Readonly<Record<string, number>>;
  readonly releases: Readonly<Record<string, ReleaseCounts>>;
}

/** Adds buckets up to one; the last one's gauges count. `undefined` for none. */
export function mergeBuckets(buckets: readonly MetricsBucket[]): MetricsBucket | undefined {
  const last = buckets.at(-1);
  if (last === undefined) return undefined;
  const histogram = new Histogram();
  const status: Record<string, number> = {};
  const releases: Record<string, { requests: number; errors: number }> = {};
  const sums = { seconds: 0, requests: 0, errors: 0, aborted: 0, upSeconds: 0, restarts: 0 };
  let cpuSeconds = 0;
  for (const bucket of buckets) {
    histogram.addAll(bucket.latency);
    for (const [digit, count] of Object.entries(bucket.status)) status[digit] = (status[digit] ?? 0) + count;
    for (const [id, counts] of Object.entries(bucket.releases)) {
      const sum = (releases[id] ??= { requests: 0, errors: 0 });
      sum.requests += counts.requests;
      sum.errors += counts.errors;
    }
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += bucket[key];
    cpuSeconds += (bucket.cpu ?? 0) * bucket.seconds;
  }
  return {
    at: last.at,
    ...sums,
    status,
    releases,
    latency: histogram.sparse(),
    ...(last.memoryBytes === undefined ? {} : { memoryBytes: last.memoryBytes }),
    ...(last.cpu === undefined || sums.seconds === 0 ? {} : { cpu: cpuSeconds / sums.seconds }),
    ready: last.ready,
    replicas: last.replicas,
  };
}

/** Rates and percentiles over some buckets. */
export function summarize(buckets: readonly MetricsBucket[]): MetricsSummary | undefined {
  const sum = mergeBuckets(buckets);
  if (sum === undefined) return undefined;
  const histogram = new Histogram();
  histogram.addAll(sum.latency);
  const percentile = (name: 'p50' | 'p95' | 'p99' | 'max', percent: number): Partial<MetricsSummary> => {
    const value = histogram.percentile(percent);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    from: sum.at - sum.seconds * 1000,
    to: sum.at,
    seconds: sum.seconds,
    requests: sum.requests,
    errors: sum.errors,
    aborted: sum.aborted,
    rate: sum.seconds === 0 ? 0 : sum.requests / sum.seconds,
    ...(sum.requests === 0 ? {} : { errorRate: sum.errors / sum.requests }),
    ...(sum.seconds === 0 ? {} : { availability: sum.upSeconds / sum.seconds }),
    ...percentile('p50', 50),
    ...percentile('p95', 95),
    ...percentile('p99', 99),
    ...percentile('max', 100),
    restarts: sum.restarts,
    ...(sum.memoryBytes === undefined ? {} : { memoryBytes: sum.memoryBytes }),
    ...(sum.cpu === undefined ? {} : { cpu: sum.cpu }),
    status: sum.status,
    releases: sum.releases,
  };
}
