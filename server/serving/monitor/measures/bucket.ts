/** What was measured in a span of time, and how spans are added up. */
import { defined } from '../../../base/defined.js';
import { Histogram, type SparseHistogram } from './histogram.js';

export interface ReleaseCounts {
  readonly requests: number;
  readonly errors: number;
  /** Of its own requests. Absent where they are all there were: those of the bucket, then. */
  readonly latency?: SparseHistogram;
}

/** What was measured of processes in a span. */
export interface ProcessGauges {
  readonly seconds: number;
  /** Seconds in which at least one process was ready. */
  readonly upSeconds: number;
  /** Processes that ended and should not have. */
  readonly restarts: number;
  /** Of all of them at its end; absent where the system does not tell. */
  readonly memoryBytes?: number;
  /** Cores in use, on average. */
  readonly cpu?: number;
  readonly ready: number;
  readonly replicas: number;
}

/** How far one feature of the requests has moved from what the model was trained on. */
export interface DriftMeasure {
  /** Population stability index; values that are null or not there have a bin of their own. */
  readonly psi: number;
  /** Kolmogorov–Smirnov's D, of numbers; absent where there is none. */
  readonly ks?: number;
  /** Jensen–Shannon's distance, of categories; absent where there is none. */
  readonly js?: number;
  /** Shares of the rows without a value, and without the feature. Absent in what older hosts have written. */
  readonly nulls?: number;
  readonly missing?: number;
  /** Absent in what older hosts have written. */
  readonly kind?: 'number' | 'category';
  /** That the difference is one of chance. */
  readonly p: number;
  /** Rows that were looked at, those without the feature included. */
  readonly rows: number;
}

export type DriftMeasures = Readonly<Record<string, DriftMeasure>>;

/** One line of a service's `metrics.ndjson`. */
export interface MetricsBucket extends ProcessGauges {
  /** Its end. Milliseconds since 1970. */
  readonly at: number;
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
  /**
   * Each release by its id, for the seconds in which it had processes after one of them had been ready. Absent in what older
   * hosts have written.
   */
  readonly processes?: Readonly<Record<string, ProcessGauges>>;
  /** How far the requests were from the training set, in the buckets in which that was measured. */
  readonly drift?: DriftMeasures;
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
  readonly releases: Readonly<Record<string, Omit<ReleaseCounts, 'latency'>>>;
}

/** The latencies of a release's own requests. */
function latencyOf(bucket: MetricsBucket, counts: ReleaseCounts): SparseHistogram {
  return counts.latency ?? (counts.requests === bucket.requests ? bucket.latency : []);
}

/** Adds up what each release has answered. */
class ReleaseSums {
  readonly #sums = new Map<string, { requests: number; errors: number; histogram: Histogram }>();

  add(bucket: MetricsBucket): void {
    for (const [id, counts] of Object.entries(bucket.releases)) {
      let sum = this.#sums.get(id);
      if (sum === undefined)
        this.#sums.set(id, (sum = { requests: 0, errors: 0, histogram: new Histogram() }));
      sum.requests += counts.requests;
      sum.errors += counts.errors;
      sum.histogram.addAll(latencyOf(bucket, counts));
    }
  }

  /** @param requests of all releases, and of none */
  counts(requests: number): Record<string, ReleaseCounts> {
    return Object.fromEntries(
      [...this.#sums].map(([id, { histogram, ...counts }]) => [
        id,
        counts.requests === requests ? counts : { ...counts, latency: histogram.sparse() },
      ]),
    );
  }
}

/** Adds up what was measured of each release's processes; the last one's gauges count. */
class GaugeSums {
  readonly #sums = new Map<string, { gauges: ProcessGauges; cpuSeconds: number }>();

  add(processes: NonNullable<MetricsBucket['processes']>): void {
    for (const [id, gauges] of Object.entries(processes)) {
      const before = this.#sums.get(id);
      this.#sums.set(id, {
        gauges: {
          ...gauges,
          seconds: gauges.seconds + (before?.gauges.seconds ?? 0),
          upSeconds: gauges.upSeconds + (before?.gauges.upSeconds ?? 0),
          restarts: gauges.restarts + (before?.gauges.restarts ?? 0),
        },
        cpuSeconds: (gauges.cpu ?? 0) * gauges.seconds + (before?.cpuSeconds ?? 0),
      });
    }
  }

  get processes(): Pick<MetricsBucket, 'processes'> {
    if (this.#sums.size === 0) return {};
    const entries = [...this.#sums].map(([id, { gauges, cpuSeconds }]): [string, ProcessGauges] => [
      id,
      { ...gauges, ...(gauges.cpu === undefined ? {} : { cpu: cpuSeconds / gauges.seconds }) },
    ]);
    return { processes: Object.fromEntries(entries) };
  }
}

/** Adds buckets up to one; the last one's gauges count, and the last drift that was measured. `undefined` for none. */
export function mergeBuckets(buckets: readonly MetricsBucket[]): MetricsBucket | undefined {
  const last = buckets.at(-1);
  if (last === undefined) return undefined;
  const histogram = new Histogram();
  const status: Record<string, number> = {};
  const releases = new ReleaseSums();
  const gauges = new GaugeSums();
  let drift: DriftMeasures | undefined;
  const sums = { seconds: 0, requests: 0, errors: 0, aborted: 0, upSeconds: 0, restarts: 0 };
  let cpuSeconds = 0;
  for (const bucket of buckets) {
    histogram.addAll(bucket.latency);
    for (const [digit, count] of Object.entries(bucket.status)) status[digit] = (status[digit] ?? 0) + count;
    releases.add(bucket);
    if (bucket.processes !== undefined) gauges.add(bucket.processes);
    drift = bucket.drift ?? drift;
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += bucket[key];
    cpuSeconds += (bucket.cpu ?? 0) * bucket.seconds;
  }
  return {
    at: last.at,
    ...sums,
    status,
    releases: releases.counts(sums.requests),
    ...gauges.processes,
    latency: histogram.sparse(),
    ...defined({ memoryBytes: last.memoryBytes }),
    ...(last.cpu === undefined || sums.seconds === 0 ? {} : { cpu: cpuSeconds / sums.seconds }),
    ready: last.ready,
    replicas: last.replicas,
    ...defined({ drift }),
  };
}

/**
 * The buckets as one release alone has made them: its requests, errors and latencies, and what its processes were like.
 * Those in which it neither had processes nor answered are left out. Drift, and of what an older host has measured all
 * that is about processes, is the whole service's.
 */
export function ofRelease(buckets: readonly MetricsBucket[], release: string): MetricsBucket[] {
  return buckets.flatMap((bucket) => {
    const own = bucket.processes?.[release];
    const answered = bucket.releases[release];
    if (own === undefined && answered === undefined && bucket.processes !== undefined) return [];
    const counts = answered ?? { requests: 0, errors: 0 };
    const { memoryBytes, cpu, ...rest } = bucket;
    const measured = own ?? defined({ memoryBytes, cpu });
    return {
      ...rest,
      ...measured,
      requests: counts.requests,
      errors: counts.errors,
      aborted: 0,
      status: {},
      latency: latencyOf(bucket, counts),
      releases: { [release]: { requests: counts.requests, errors: counts.errors } },
      processes: own === undefined ? {} : { [release]: own },
    };
  });
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
    ...defined({ memoryBytes: sum.memoryBytes, cpu: sum.cpu }),
    status: sum.status,
    releases: Object.fromEntries(
      Object.entries(sum.releases).map(([id, counts]) => [
        id,
        { requests: counts.requests, errors: counts.errors },
      ]),
    ),
  };
}
