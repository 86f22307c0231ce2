/** What a service has measured, over the protocol: from files as its host leaves them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type {
  PipelinesResult,
  ServiceMetrics,
  ServiceMetricsRequests,
} from '../../../server/protocol/index.js';
import { NOT_MONITORED, type MonitorSettings } from '../../../server/serving/monitor/settings.js';
import { servicePlaces } from '../../../server/serving/places.js';
import type { ReleaseDocument } from '../../../server/serving/types.js';
import { writeAtomic } from '../../../server/stores/disk/atomic.js';
import { until, uri, type LspClient } from '../../support/lsp-client.js';
import { bucketOf, record } from '../../support/recorded.js';
import { client, folder } from '../fixture.js';

type Params = ServiceMetricsRequests['modelyard/serviceMetrics']['params'];
type Result = ServiceMetricsRequests['modelyard/serviceMetrics']['result'];

const [MINUTE, HOUR] = [60_000, 3_600_000];
const PIPELINE = `name: watch
kind: deployment
tasks:
  gate:
    monitor: { service: web, environment: staging, for: 1m, rules: [p95 < 100ms] }
  watch:
    monitor:
      service: web
      environment: staging
      rules:
        - p95 < 100ms
        - { rule: drift.rain < 0.2, over: 5m, severity: warning }
`;
const BASELINE = {
  rain: { kind: 'number', edges: [1, 2], counts: [5, 5], missing: 0 },
  wind: { kind: 'number', edges: [1, 2], counts: [5, 5], missing: 0 },
} as const;
const SETTINGS: MonitorSettings = {
  rules: [
    { rule: 'p95 < 100ms', overMs: MINUTE, severity: 'error' },
    { rule: 'drift.rain < 0.2', overMs: 5 * MINUTE, severity: 'warning' },
    { rule: 'rate > 1', overMs: MINUTE, severity: 'warning' },
  ],
  samples: { share: 1, redact: [] },
  baseline: BASELINE,
};
/** The last minute of measurements; long ago, so that nothing here depends on the time of day. */
const END = Date.UTC(2026, 5, 1, 12);

/**
 * An hour of r1 with ten requests of 20 ms in ten seconds; for its last half r2 has one more of a second each, and the
 * drift of one feature is measured each minute.
 */
function story(root: string, settings?: MonitorSettings, release?: Partial<ReleaseDocument>): void {
  const count = HOUR / 10_000;
  const buckets = Array.from({ length: count }, (_, index) => {
    const at = END - HOUR + (index + 1) * 10_000;
    const canary = at > END - HOUR / 2;
    const drift =
      canary && index % 6 === 5 ? { rain: { psi: 0.3, ks: 0.2, p: 0.001, rows: 100 + index } } : undefined;
    const r1 = { latencies: Array.from({ length: 10 }, () => 20), errors: index === 0 ? 1 : 0 };
    const run = { seconds: 10, restarts: 0, replicas: 1 };
    const processes = {
      r1: { ...run, upSeconds: 10, ready: 1, memoryBytes: 60_000_000 },
      ...(canary ? { r2: { ...run, upSeconds: 0, ready: 0, memoryBytes: 20_000_000 } } : {}),
    };
    return bucketOf(
      at,
      10,
      { r1, ...(canary ? { r2: { latencies: [1000] } } : {}) },
      { processes, ...(drift && { drift }) },
    );
  });
  const at = (ms: number): string => new Date(END + ms).toISOString();
  record(root, {
    environment: 'staging',
    name: 'web',
    buckets,
    events: [
      { at: at(-2 * HOUR), kind: 'started', release: 'r0', who: 'me' },
      { at: at(-HOUR + MINUTE), kind: 'deploying', release: 'r1' },
      { at: at(-HOUR + MINUTE + 5_000), kind: 'deployed', release: 'r1', from: 'r0', who: 'me@there' },
      { at: at(-HOUR / 2), kind: 'canary', release: 'r2', traffic: 9, reason: 'a try' },
      { at: at(200), kind: 'stopped', release: 'r1', who: 'me@there' },
    ],
    ...(settings === undefined ? {} : { settings }),
    ...(release === undefined ? {} : { release }),
  });
}

async function setup(
  t: TestContext,
): Promise<{ readonly root: string; readonly lsp: LspClient; readonly ask: Ask }> {
  const root = folder(t, { 'modelyard.yaml': 'name: metrics\n', 'watch.pipeline.yaml': PIPELINE });
  story(root, SETTINGS);
  const lsp = await client(t, root);
  // Rules have places once the files are read.
  await until('the pipeline', async () => {
    const { pipelines } = await lsp.request<PipelinesResult>('modelyard/pipelines', {});
    return pipelines.length === 1;
  });
  const ask: Ask = (windowMs, name = 'web') => {
    const params: Params = { projectUri: uri(root), environment: 'staging', name, windowMs };
    return lsp.request('modelyard/serviceMetrics', params);
  };
  return { root, lsp, ask };
}

type Ask = (windowMs: number, name?: string) => Promise<Result>;

function metricsOf(result: Result): ServiceMetrics {
  assert.ok(result.ok, result.ok ? '' : result.message);
  return result.metrics;
}

const near = (value: number | undefined, expected: number): void =>
  assert.ok(Math.abs((value ?? 0) - expected) <= expected * 0.017, `${value} for ${expected}`);

test('an hour of a service that was stopped: points, releases apart, marks, rules with their places, drift', async (t) => {
  const { root, ask } = await setup(t);
  const metrics = metricsOf(await ask(HOUR));
  assert.deepEqual(
    [metrics.from, metrics.to, metrics.stepMs, metrics.live],
    [END - HOUR, END, 20_000, false],
  );
  assert.equal(metrics.points.length, 180);
  assert.deepEqual(
    [metrics.total?.requests, metrics.total?.errors, metrics.total?.availability],
    [3780, 1, 1],
  );
  const [first, last] = [metrics.points[0], metrics.points.at(-1)];
  assert.deepEqual(
    [first?.at, first?.requests, first?.rate, first?.errorRate],
    [END - HOUR + 20_000, 20, 1, 0.05],
  );
  assert.deepEqual(
    first?.releases?.map(({ release, requests }) => [release, requests]),
    [['r1', 20]],
  );
  // A request in eleven takes a second: that is what p95 says, and no average of 20 ms and a second.
  near(last?.p50, 20);
  near(last?.p95, 1000);
  near(metrics.total?.p95, 20);
  near(metrics.total?.p99, 1000);
  assert.deepEqual(
    last?.releases?.map(({ release, requests }) => [release, requests]),
    [
      ['r1', 20],
      ['r2', 2],
    ],
  );
  near(last.releases[0]?.p99, 20);
  assert.deepEqual(
    last.releases.map(({ memoryBytes, availability }) => [memoryBytes, availability]),
    [
      [60_000_000, 1],
      [20_000_000, 0],
    ],
  );
  assert.deepEqual(metrics.releaseNames, { r1: 'app@1', r2: 'r2' });
  near(last.releases[1]?.p50, 1000);
  assert.deepEqual(
    metrics.marks.map(({ at, kind, text, who, reason }) => [at - END, kind, text, who, reason]),
    [
      [-HOUR + MINUTE + 5_000, 'deployed', 'deployed app@1 in place of r0', 'me@there', undefined],
      [-HOUR / 2, 'canary', '9 % of the traffic to r2', undefined, 'a try'],
      [200, 'stopped', 'stopped app@1', 'me@there', undefined],
    ],
  );
  // The gate's rule is not the one that is set on the service.
  const place = { uri: uri(`${root}/watch.pipeline.yaml`), line: 10, character: 10 };
  assert.deepEqual(metrics.rules, [
    {
      rule: 'p95 < 100ms',
      severity: 'error',
      overMs: MINUTE,
      measure: 'p95',
      operator: '<',
      bound: 100,
      place,
    },
    {
      rule: 'drift.rain < 0.2',
      severity: 'warning',
      overMs: 5 * MINUTE,
      measure: 'drift',
      feature: 'rain',
      operator: '<',
      bound: 0.2,
      place: { ...place, line: 11, character: 18 },
    },
    { rule: 'rate > 1', severity: 'warning', overMs: MINUTE, measure: 'rate', operator: '>', bound: 1 },
  ]);
  const { gap, features } = metrics.drift;
  assert.equal(gap, undefined);
  assert.deepEqual(
    features.map(({ feature, overMs, points }) => [feature, overMs, points.length]),
    [
      ['rain', 5 * MINUTE, 30],
      ['wind', 10 * MINUTE, 0],
    ],
  );
  assert.deepEqual(features[0]?.points.at(-1), { at: END, psi: 0.3, ks: 0.2, p: 0.001, rows: 459 });
});

test('a day and a week are read from longer spans, and count every request once', async (t) => {
  const { root, ask } = await setup(t);
  for (const [windowMs, stepMs] of [
    [24 * HOUR, 10 * MINUTE],
    [7 * 24 * HOUR, HOUR],
  ] as const) {
    const metrics = metricsOf(await ask(windowMs));
    assert.equal(metrics.stepMs, stepMs);
    assert.equal(metrics.total?.requests, 3780);
    assert.ok(metrics.points.length <= HOUR / stepMs + 1);
    near(metrics.points.at(-1)?.releases?.[1]?.p50, 1000);
    assert.equal(metrics.drift.features[0]?.points.at(-1)?.psi, 0.3);
    assert.deepEqual(
      metrics.marks.map(({ kind }) => kind),
      ['started', 'deployed', 'canary', 'stopped'],
    );
  }
  // All but the last five minutes are in the file of longer spans already.
  const { coarseMetrics } = servicePlaces(root, 'staging', 'web');
  assert.equal(readFileSync(coarseMetrics, 'utf8').trim().split('\n').length, 11);
});

test('what can not be shown is said, and why', async (t) => {
  const { root, lsp, ask } = await setup(t);
  assert.deepEqual(await ask(HOUR, 'nobody'), {
    ok: false,
    message: 'There is no service nobody in staging.',
  });
  await assert.rejects(ask(1_000), /windowMs must be from a minute/);
  await assert.rejects(
    lsp.request('modelyard/serviceMetrics', {
      projectUri: uri(root),
      environment: 1,
      windowMs: HOUR,
    }),
    /environment must be a string/,
  );
  const model = { name: 'rain', version: '3', hash: 'sha256:0', path: 'model/m.json' } as const;
  const trainingSet = { path: 'data/t.csv', hash: 'sha256:0' } as const;
  const gaps: readonly (readonly [string, MonitorSettings | undefined, Partial<ReleaseDocument>])[] = [
    ['no-model', undefined, {}],
    ['no-training-set', undefined, { model }],
    ['not-watched', undefined, { model, trainingSet }],
    ['too-few', { ...SETTINGS, baseline: { wind: BASELINE.wind } }, { model, trainingSet }],
    ['not-sampled', { ...NOT_MONITORED, baseline: { wind: BASELINE.wind } }, { model, trainingSet }],
  ];
  const { monitor, metrics, coarseMetrics } = servicePlaces(root, 'staging', 'web');
  for (const [gap, settings, release] of gaps) {
    story(root, settings ?? NOT_MONITORED, release);
    assert.equal(metricsOf(await ask(HOUR)).drift.gap, gap);
  }
  // Torn lines and lost files cost what they held, and nothing else.
  writeAtomic(monitor, '{');
  writeFileSync(metrics, '{"at":');
  writeFileSync(coarseMetrics, '');
  const empty = metricsOf(await ask(HOUR));
  assert.deepEqual([empty.points, empty.total, empty.rules], [[], undefined, []]);
});
