/** Counts the traffic of a service: a bucket a second in memory, one of ten seconds in a file of bounded size. */
import { defined } from '../../base/defined.js';
import { lineOf } from '../../stores/disk/line-format.js';
import { RotatingLog } from '../host/app/rotating-log.js';
import { SERVICE_LINES } from '../services/lines.js';
import type { Exchanged, TrafficObserver } from '../proxy/observer.js';
import {
  type DriftMeasures,
  type MetricsBucket,
  type ReleaseCounts,
  type ProcessGauges,
  mergeBuckets,
} from './measures/bucket.js';
import { ProcessTally, type RunGauges } from './measures/gauges.js';
import { Histogram } from './measures/histogram.js';
import { FINE_MS, readLongMetrics, readMetrics } from './measures/metrics-files.js';
import { Rollup } from './measures/rollup.js';

/** In memory: what short windows are measured over. */
const RECENT_SECONDS = 600;
const FILE_SECONDS = 10;
/** About two days of a busy service, and as much in the file before. */
const FILE_BYTES = 8 * 1024 * 1024;

/** What the processes of the service are doing right now. */
export interface Gauges {
  /** Of all releases since the host began. */
  readonly restarts: number;
  /** Those that have processes. One may stand there twice, while new processes of it take over. */
  readonly releases: readonly RunGauges[];
}

/** Takes samples of JSON requests. */
export interface SampleSink {
  wants(): boolean;
  keep(exchanged: Exchanged): void;
}

interface ReleaseTally {
  requests: number;
  errors: number;
  readonly latency: Histogram;
}

export class Recorder implements TrafficObserver {
  readonly #file: RotatingLog;
  readonly #rollup: Rollup;
  readonly #gauges: () => Gauges;
  readonly #samples: SampleSink;
  /** Of answers that no release has given. */
  readonly #unserved = new Histogram();
  #requests = 0;
  #errors = 0;
  #aborted = 0;
  #status: Record<string, number> = {};
  readonly #releases = new Map<string, ReleaseTally>();
  #drift: DriftMeasures | undefined;
  #recent: MetricsBucket[] = [];
  #unwritten: MetricsBucket[] = [];
  #lastRestarts = 0;
  readonly #processes = new ProcessTally();
  #lastAt = Date.now();

  /**
   * @param file of ten seconds a line
   * @param coarseFile of minutes a line
   */
  constructor(file: string, coarseFile: string, gauges: () => Gauges, samples: SampleSink) {
    this.#file = new RotatingLog(file, { maxBytes: FILE_BYTES, keep: 1 });
    this.#rollup = new Rollup(file, coarseFile);
    this.#gauges = gauges;
    this.#samples = samples;
  }

  answered(release: string | undefined, status: number, ms: number, failed: boolean): void {
    this.#requests++;
    if (failed) this.#errors++;
    const digit = String(Math.floor(status / 100));
    this.#status[digit] = (this.#status[digit] ?? 0) + 1;
    if (release === undefined) {
      this.#unserved.add(ms);
      return;
    }
    let tally = this.#releases.get(release);
    if (tally === undefined)
      this.#releases.set(release, (tally = { requests: 0, errors: 0, latency: new Histogram() }));
    tally.requests++;
    if (failed) tally.errors++;
    tally.latency.add(ms);
  }

  /** Keeps what drift was measured, in the bucket of now. */
  drifted(drift: DriftMeasures): void {
    this.#drift = drift;
  }

  /** Takes the counts of the releases since the last time; a release that has had no request since is forgotten. */
  #takeReleases(): Pick<MetricsBucket, 'latency' | 'releases'> {
    const all = new Histogram();
    all.addAll(this.#unserved.sparse());
    this.#unserved.clear();
    const releases: Record<string, ReleaseCounts> = {};
    for (const [id, tally] of this.#releases) {
      const { requests, errors } = tally;
      if (requests === 0) {
        this.#releases.delete(id);
        continue;
      }
      const latency = tally.latency.sparse();
      all.addAll(latency);
      releases[id] = { requests, errors, ...(requests === this.#requests ? {} : { latency }) };
      tally.requests = 0;
      tally.errors = 0;
      tally.latency.clear();
    }
    return { latency: all.sparse(), releases };
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
    const { all, served } = this.#processes.take(gauges.releases, seconds);
    const ready = total(all.map((one) => one.ready));
    const memory = all.flatMap(({ memoryBytes }) => memoryBytes ?? []);
    const cpu = all.flatMap((one) => one.cpu ?? []);
    const bucket: MetricsBucket = {
      at: now,
      seconds,
      requests: this.#requests,
      errors: this.#errors,
      aborted: this.#aborted,
      status: this.#status,
      ...this.#takeReleases(),
      processes: served,
      upSeconds: ready > 0 ? seconds : 0,
      restarts: Math.max(0, gauges.restarts - this.#lastRestarts),
      ...(memory.length < all.length ? {} : { memoryBytes: total(memory) }),
      ...(cpu.length === 0 ? {} : { cpu: total(cpu) }),
      ready,
      replicas: total(all.map((one) => one.replicas)),
      ...defined({ drift: this.#drift }),
    };
    this.#drift = undefined;
    this.#lastRestarts = gauges.restarts;
    this.#requests = 0;
    this.#errors = 0;
    this.#aborted = 0;
    this.#status = {};
    this.#recent.push(bucket);
    if (this.#recent.length > RECENT_SECONDS) this.#recent.shift();
    this.#unwritten.push(bucket);
    if (this.#unwritten.length >= FILE_SECONDS) this.flush();
  }

  /** Writes what was measured since the last line. */
  flush(): void {
    const bucket = mergeBuckets(this.#unwritten);
    this.#unwritten = [];
    if (bucket === undefined) return;
    const written = rounded(bucket);
    this.#file.write(`${lineOf(SERVICE_LINES, written)}\n`);
    this.#rollup.add(written);
  }

  /** Buckets by the second that end after a time, as far as memory reaches back. */
  since(time: number): readonly MetricsBucket[] {
    return this.#recent.filter((bucket) => bucket.at > time);
  }

  /** The buckets of the last so many ms: by the second where memory reaches back that far, else from the file. */
  window(ms: number, now = Date.now()): readonly MetricsBucket[] {
    const from = now - ms;
    if (ms <= RECENT_SECONDS * 1000) return this.since(from);
    const files = { metrics: this.#file.file, coarseMetrics: this.#rollup.file };
    return [
      ...(ms > FINE_MS ? readLongMetrics(files, from) : readMetrics(files.metrics, from)),
      ...this.#unwritten,
    ];
  }

  close(): void {
    this.tick();
    this.flush();
    this.#file.close();
    this.#rollup.close();
  }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const round = (value: number): number => Math.round(value * 1000) / 1000;

function roundedGauges<T extends Pick<ProcessGauges, 'seconds' | 'upSeconds' | 'cpu'>>(gauges: T): T {
  return {
    ...gauges,
    seconds: round(gauges.seconds),
    upSeconds: round(gauges.upSeconds),
    ...(gauges.cpu === undefined ? {} : { cpu: round(gauges.cpu) }),
  };
}

function rounded(bucket: MetricsBucket): MetricsBucket {
  const { processes } = bucket;
  return {
    ...roundedGauges(bucket),
    ...(processes === undefined
      ? {}
      : {
          processes: Object.fromEntries(
            Object.entries(processes).map(([id, gauges]) => [id, roundedGauges(gauges)]),
          ),
        }),
  };
}
