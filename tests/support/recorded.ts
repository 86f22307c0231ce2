/** A service whose past is written by hand: the files as its host would have left them. */
import { ensureMemory, layoutOf } from '../../server/stores/layout.js';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { mergeConfig } from '../../server/serving/services/config.js';
import type { DriftMeasures, MetricsBucket } from '../../server/serving/monitor/measures/bucket.js';
import { Histogram } from '../../server/serving/monitor/measures/histogram.js';
import { Rollup } from '../../server/serving/monitor/measures/rollup.js';
import type { MonitorSettings } from '../../server/serving/monitor/settings.js';
import { writeAtomic } from '../../server/stores/disk/atomic.js';
import { releasePlaces, servicePlaces } from '../../server/serving/places.js';
import type { ReleaseDocument, ServiceDocument, ServiceEvent } from '../../server/serving/types.js';

/** What one release answered in a span: latencies in ms. */
export interface Answered {
  readonly latencies: readonly number[];
  readonly errors?: number;
}

/** A line of a service's measurements. */
export function bucketOf(
  at: number,
  seconds: number,
  releases: Readonly<Record<string, Answered>>,
  more: {
    readonly drift?: DriftMeasures;
    readonly memoryBytes?: number;
    readonly up?: boolean;
    readonly processes?: MetricsBucket['processes'];
  } = {},
): MetricsBucket {
  const all = new Histogram();
  const parts = Object.entries(releases).map(([id, { latencies, errors = 0 }]) => {
    const own = new Histogram();
    for (const ms of latencies) own.add(ms);
    all.addAll(own.sparse());
    return { id, requests: latencies.length, errors, latency: own.sparse() };
  });
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const [requests, errors] = [sum(parts.map((one) => one.requests)), sum(parts.map((one) => one.errors))];
  const { up = true, memoryBytes = 50 * 1024 * 1024, drift, processes } = more;
  return {
    at,
    seconds,
    requests,
    errors,
    aborted: 0,
    status: { 2: requests - errors, 5: errors },
    latency: all.sparse(),
    releases: Object.fromEntries(
      parts.map(({ id, latency, ...counts }) => [
        id,
        {
          requests: counts.requests,
          errors: counts.errors,
          ...(counts.requests === requests ? {} : { latency }),
        },
      ]),
    ),
    ...(processes === undefined ? {} : { processes }),
    upSeconds: up ? seconds : 0,
    restarts: 0,
    memoryBytes,
    ready: up ? 1 : 0,
    replicas: 1,
    ...(drift === undefined ? {} : { drift }),
  };
}

export interface Recorded {
  readonly environment: string;
  readonly name: string;
  /** Of ten seconds, the oldest first. */
  readonly buckets: readonly MetricsBucket[];
  /** The oldest first. */
  readonly events: readonly ServiceEvent[];
  readonly document?: Partial<ServiceDocument>;
  readonly settings?: MonitorSettings;
  readonly release?: Partial<ReleaseDocument>;
}

const lines = (values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Writes them into a project, as a host would: who reads meanwhile sees no half of a file. The service was stopped; `document` says otherwise. */
export function record(root: string, recorded: Recorded): void {
  const { environment, name, buckets, events, document, settings, release } = recorded;
  const places = servicePlaces(root, environment, name);
  ensureMemory(layoutOf(root));
  mkdirSync(places.folder, { recursive: true });
  writeAtomic(places.metrics, lines(buckets));
  new Rollup(places.metrics, places.coarseMetrics, buckets.at(-1)?.at).close();
  writeAtomic(places.history, lines(events));
  const id = release?.id ?? 'r1';
  const written: ServiceDocument = {
    schema: 1,
    name,
    environment,
    desired: 'stopped',
    status: 'stopped',
    config: { ...mergeConfig({}, undefined), port: 8123 },
    current: { id, package: { name: 'app', version: '1' }, traffic: 0, replicas: [], restarts: 0 },
    previous: [],
    createdAt: new Date(buckets[0]?.at ?? 0).toISOString(),
    updatedAt: new Date(buckets.at(-1)?.at ?? 0).toISOString(),
    ...document,
  };
  writeAtomic(places.document, JSON.stringify(written));
  if (settings !== undefined) writeAtomic(places.monitor, JSON.stringify({ schema: 1, ...settings }));
  const { folder, document: releaseFile } = releasePlaces(root, environment, id);
  mkdirSync(path.join(folder, 'app'), { recursive: true });
  const made: ReleaseDocument = {
    schema: 1,
    id,
    environment,
    target: 'local',
    package: { name: 'app', version: '1', hash: 'sha256:0' },
    entrypoint: 'exec node app.js',
    env: {},
    secrets: [],
    health: {},
    createdAt: written.createdAt,
    createdBy: 'test',
    ...release,
  };
  writeAtomic(releaseFile, JSON.stringify(made));
}
