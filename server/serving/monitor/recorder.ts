/** Counts the traffic of a service: a bucket a second in memory, one of ten seconds in a file of bounded size. */
import { linesBackward } from '../../stores/lines.js';
import { RotatingLog } from '../host/rotating-log.js';
import type { Exchanged, TrafficObserver } from '../proxy/observer.js';
import { type MetricsBucket, mergeBuckets } from './bucket.js';
import { Histogram } from './histogram.js';

/** In memory: what short windows are measured over. */
const RECENT_SECONDS = 600;
const FILE_SECONDS = 10;
/** About two days of a busy service, and as much in the file before. */
const FILE_BYTES = 8 * 1024 * 1024;

/** What the processes of the service are doing right now. */
export interface Gauges {
  readonly ready: number;
  readonly replicas: number;
  /** Of all releases since the host began. */
  readonly restarts: number;
  readonly memoryBytes?: number;
  /** Since the host began. */
  readonly cpuSeconds?: number;
}

/** Takes samples of JSON requests. */
export interface SampleSink {
  wants(): boolean;
  keep(exchanged: Exchanged): void;
}

export class Recorder implements TrafficObserver {
  readonly #file: RotatingLog;
  readonly #gauges: () => Gauges;
  readonly #samples: SampleSink;
  readonly #latency = new Histogram();
  #requests = 0;
  #errors = 0;
  #aborted = 0;
  #status: Record<string, number> = {};
  #releases: Record<string, { requests: number; errors: number }> = {};
  #recent: MetricsBucket[] = [];
  #unwritten: MetricsBucket[] = [];
  #lastRestarts = 0;
  #lastCpu: number | undefined;
  #lastAt = Date.now();

  constructor(file: string, gauges: () => Gauges, samples: SampleSink) {
    this.#file = new RotatingLog(file, { maxBytes: FILE_BYTES, keep: 1 });
    this.#gauges = gauges;
    this.#samples = samples;
  }

  answered(release: string | undefined, status: number, ms: number, failed: boolean): void {
    this.#requests++;
    if (failed) this.#errors++;
    this.#latency.add(ms);
    const digit = String(Math.floor(status / 100));
    this.#status[digit] = (this.#status[digit] ?? 0) + 1;
    if (release === undefined) return;
    const counts = (this.#releases[release] ??= { requests: 0, errors: 0 });
    counts.requests++;
    if (failed) counts.errors++;
  }

  aborted(): void {
    this.#aborted++;
  }

  wants(): boolean {
    return this.#samples.wants();
  }

  sample(exchanged: Exchanged): void {
    this.#samples.keep(exchanged);
  }

  /** Closes the bucket of this second. */
  tick(now = Date.now()): void {
    const seconds = Math.max(0.001, (now - this.#lastAt) / 1000);
    this.#lastAt = now;
    const gauges = this.#gauges();
    const { cpuSeconds, memoryBytes } = gauges;
    const cpu =
      cpuSeconds === undefined || this.#lastCpu === undefined
        ? undefined
        : Math.max(0, cpuSeconds - this.#lastCpu) / seconds;
    this.#lastCpu = cpuSeconds;
    const bucket: MetricsBucket = {
      at: now,
      seconds,
      requests: this.#requests,
      errors: this.#errors,
      aborted: this.#aborted,
      status: this.#status,
      latency: this.#latency.sparse(),
      releases: this.#releases,
      upSeconds: gauges.ready > 0 ? seconds : 0,
      restarts: Math.max(0, gauges.restarts - this.#lastRestarts),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(cpu === undefined ? {} : { cpu }),
      ready: gauges.ready,
      replicas: gauges.replicas,
    };
    this.#lastRestarts = gauges.restarts;
    this.#requests = 0;
    this.#errors = 0;
    this.#aborted = 0;
    this.#status = {};
    this.#releases = {};
    this.#latency.clear();
    this.#recent.push(bucket);
    if (this.#recent.length > RECENT_SECONDS) this.#recent.shift();
    this.#unwritten.push(bucket);
    if (this.#unwritten.length >= FILE_SECONDS) this.flush();
  }

  /** Writes what was measured since the last line. */
  flush(): void {
    const bucket = mergeBuckets(this.#unwritten);
    this.#unwritten = [];
    if (bucket !== undefined) this.#file.write(`${JSON.stringify(rounded(bucket))}\n`);
  }

  /** The buckets of the last so many ms: by the second where memory reaches back that far, else from the file. */
  window(ms: number, now = Date.now()): readonly MetricsBucket[] {
    const from = now - ms;
    if (ms <= RECENT_SECONDS * 1000) return this.#recent.filter((bucket) => bucket.at > from);
    return [...readMetrics(this.#file.file, from), ...this.#unwritten];
  }

  close(): void {
    this.tick();
    this.flush();
    this.#file.close();
  }
}

function rounded(bucket: MetricsBucket): MetricsBucket {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    ...bucket,
    seconds: round(bucket.seconds),
    upSeconds: round(bucket.upSeconds),
    ...(bucket.cpu === undefined ? {} : { cpu: round(bucket.cpu) }),
  };
}

/** The buckets that a service has written since a time (ms since 1970), the oldest first; at most so many, the newest. */
export function readMetrics(file: string, since: number, most = 20_000): MetricsBucket[] {
  const buckets: MetricsBucket[] = [];
  for (const one of [file, `${file}.1`]) {
    for (const line of linesBackward(one)) {
      const bucket = parseBucket(line);
      if (bucket === undefined) continue;
      if (bucket.at <= since || buckets.length >= most) return buckets.reverse();
      buckets.push(bucket);
    }
  }
  return buckets.reverse();
}

function parseBucket(line: string): MetricsBucket | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('at' in value) || !('latency' in value)) {
      return undefined;
    }
    return value as MetricsBucket;
  } catch {
    return undefined;
  }
}
