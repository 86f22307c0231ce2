import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Alerts, alertHistory, readAlerts } from '../../../server/serving/monitor/alerts.js';
import {
  type DriftMeasures,
  ofRelease,
  summarize,
  type MetricsBucket,
  type MetricsSummary,
} from '../../../server/serving/monitor/measures/bucket.js';
import { baselineFeature } from '../../../server/serving/monitor/baseline.js';
import { DriftRounds } from '../../../server/serving/monitor/drift-rounds.js';
import { Histogram } from '../../../server/serving/monitor/measures/histogram.js';
import { readLongMetrics, readMetrics } from '../../../server/serving/monitor/measures/metrics-files.js';
import { Recorder } from '../../../server/serving/monitor/recorder.js';
import { rowsOfRequest, rowsOfResponse } from '../../../server/serving/monitor/measures/rows.js';
import { evaluateRule } from '../../../server/serving/monitor/rules.js';
import { monitorDocumentKind } from '../../../server/serving/monitor/settings.js';
import { Samples } from '../../../server/serving/monitor/measures/samples.js';
import { servicePlaces } from '../../../server/serving/places.js';
import { probe } from '../../../server/serving/host/probe.js';
import { fc } from '../../support/generated/cases.js';

function temp(t: test.TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-monitor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('percentiles are exact to 1.6 %, and histograms add up', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 0, max: 100 }),
      (values, percent) => {
        const [one, two, both] = [new Histogram(), new Histogram(), new Histogram()];
        values.forEach((value, index) => (index % 2 === 0 ? one : two).add(value));
        both.addAll(one.sparse());
        both.addAll(two.sparse());
        assert.equal(both.total, values.length);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1]!;
        const found = both.percentile(percent)!;
        assert.ok(Math.abs(found - exact) <= exact * 0.016 + 0.001, `${found} for ${exact}`);
      },
    ),
    { numRuns: 100 },
  );
  assert.equal(new Histogram().percentile(50), undefined);
});

const SUMMARY: MetricsSummary = {
  from: 0,
  to: 60_000,
  seconds: 60,
  requests: 600,
  errors: 6,
  aborted: 0,
  rate: 10,
  errorRate: 0.01,
  availability: 0.999,
  p50: 20,
  p95: 200,
  p99: 800,
  restarts: 1,
  memoryBytes: 300 * 1024 * 1024,
  status: {},
  releases: {},
};
const DRIFT: DriftMeasures = {
  rain_7d: { psi: 0.31, p: 0.001, rows: 500 },
  few: { psi: 3, p: 0.001, rows: 5 },
  chance: { psi: 0.4, p: 0.3, rows: 50 },
};

const RULES: readonly (readonly [string, 'holds' | 'broken' | 'unknown', RegExp])[] = [
  ['p95 < 201ms', 'holds', /^p95 is 200\.0 ms, over 1m$/],
  ['p95 < 200ms', 'broken', /p95/],
  ['p95 <= 0.2s', 'holds', /p95/],
  ['error-rate < 1%', 'broken', /^error-rate is 1 %/],
  ['error-rate <= 0.01', 'holds', /error-rate/],
  ['availability > 99.9%', 'broken', /99\.9 %/],
  ['rate >= 10', 'holds', /10\.0\/s/],
  ['restarts < 1', 'broken', /restarts is 1/],
  ['memory < 512MiB', 'holds', /300MiB/],
  ['drift.rain_7d < 0.2', 'broken', /^drift\.rain_7d is 0\.31 \(500 values, over 1m\)$/],
  ['drift.few < 0.2', 'unknown', /too few values/],
  ['drift.chance < 0.2', 'holds', /0\.4/],
  ['drift.nobody < 0.2', 'unknown', /too few values/],
  ['speed < 3', 'unknown', /no measure "speed"/],
];

test('rules are held against numbers in their own units', () => {
  for (const [rule, state, text] of RULES) {
    const outcome = evaluateRule({ rule, overMs: 60_000, severity: 'error' }, SUMMARY, DRIFT);
    assert.equal(outcome.state, state, `${rule}: ${outcome.text}`);
    assert.match(outcome.text, text);
  }
  const silent = evaluateRule({ rule: 'p95 < 1ms', overMs: 1_000, severity: 'error' }, undefined, {});
  assert.equal(silent.state, 'unknown');
});

test('features and predictions are found in the shapes that model servers use', () => {
  const plain = (rows: readonly ReadonlyMap<string, unknown>[]): unknown[] =>
    rows.map((row) => Object.fromEntries(row));
  const two = [
    { a: 1, b: 'x' },
    { a: 2, b: null },
  ];
  const shapes: readonly (readonly [unknown, unknown[]])[] = [
    [two[0], [two[0]]],
    [two, two],
    [{ instances: two }, two],
    [{ inputs: two[0] }, [two[0]]],
    [{ dataframe_records: two }, two],
    [
      {
        dataframe_split: {
          columns: ['a', 'b'],
          data: [
            [1, 'x'],
            [2, null],
          ],
        },
      },
      two,
    ],
    [{ columns: ['a', 'b'], data: [[1, 'x']] }, [two[0]]],
    [{ a: 1, nested: { b: 2 } }, [{ a: 1 }]],
    [{}, []],
    [null, []],
  ];
  for (const [body, rows] of shapes) assert.deepEqual(plain(rowsOfRequest(body)), rows, JSON.stringify(body));
  assert.deepEqual(plain(rowsOfResponse({ predictions: [0.1, 0.2] })), [
    { prediction: 0.1 },
    { prediction: 0.2 },
  ]);
  assert.deepEqual(plain(rowsOfResponse({ rain: true, p: 0.7 })), [{ rain: true, p: 0.7 }]);
});

test('samples are bounded, freed of what is private, and show drift', (t) => {
  const file = path.join(temp(t), 'samples.ndjson');
  const samples = new Samples(file, () => 0.05);
  assert.equal(samples.wants(), false);
  samples.configure({
    rules: [],
    samples: { share: 0.1, redact: ['email'] },
    baseline: {
      rain: { kind: 'number', edges: [0, 1, 2, 3, 4], counts: [20, 20, 20, 20, 20], missing: 0 },
      place: {
        kind: 'category',
        values: [
          ['a', 50],
          ['b', 50],
        ],
        others: 0,
        missing: 0,
      },
    },
  });
  assert.equal(samples.wants(), true);
  const keep = (body: object, status = 200): void =>
    samples.keep({
      release: 'r1',
      method: 'POST',
      target: '/predict?key=private',
      status,
      ms: 1,
      request: Buffer.from(JSON.stringify(body)),
      response: Buffer.from('{"p":0.5}'),
    });
  for (let n = 0; n < 100; n++) keep({ rain: n % 5, place: n % 2 === 0 ? 'a' : 'b', email: 'me@x' });
  const same = samples.drift(60_000);
  assert.ok(same['rain']!.psi < 0.1 && same['place']!.psi < 0.1, JSON.stringify(same));
  assert.equal(same['rain']?.rows, 100);
  for (let n = 0; n < 300; n++) keep({ rain: 4, place: 'c' });
  keep({ rain: 1000 }, 500);
  const moved = samples.drift(60_000);
  assert.ok(moved['rain']!.psi > 0.5 && moved['rain']!.p < 0.001, JSON.stringify(moved));
  assert.ok(moved['place']!.psi > 0.5);
  assert.equal(moved['rain']?.rows, 400);
  samples.close();
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes('me@x') && !text.includes('private'));
  assert.match(text, /"email":"\[redacted\]"/);
});

test('an alert is raised once, cleared once, and known to the next host', (t) => {
  const places = { ...servicePlaces(temp(t), 'staging', 'web') };
  const root = temp(t);
  const own = {
    ...places,
    alerts: path.join(root, 'alerts.json'),
    alertHistory: path.join(root, 'a.ndjson'),
  };
  const about = { environment: 'staging', service: 'web', places: own };
  const outcome = (state: 'holds' | 'broken' | 'unknown') =>
    [{ rule: 'p95 < 1s', severity: 'error', state, text: 'p95 is x' }] as const;
  const none = new Map<string, string>();
  const alerts = new Alerts(about);
  assert.deepEqual(alerts.update(outcome('holds'), 'r1', none), []);
  const [raised] = alerts.update(outcome('broken'), 'r1', new Map([['p95 < 1s', 'slow']]));
  assert.deepEqual([raised?.kind, raised?.message, raised?.release], ['raised', 'slow', 'r1']);
  assert.deepEqual(alerts.update(outcome('broken'), 'r1', none), []);
  const next = new Alerts(about);
  assert.deepEqual(next.update(outcome('broken'), 'r1', none), []);
  assert.deepEqual(next.update(outcome('unknown'), 'r1', none), [], 'nothing is known: it has not recovered');
  const { firing, state } = next.states[0]!;
  assert.deepEqual([firing, state], [true, 'unknown']);
  const third = new Alerts(about);
  assert.deepEqual(third.update(outcome('unknown'), 'r1', none), [], 'nor for the next host');
  assert.deepEqual(third.update(outcome('broken'), 'r1', none), [], 'nor raised a second time');
  assert.deepEqual(third.update(outcome('unknown'), 'r1', none), []);
  assert.equal(third.update(outcome('holds'), 'r1', none)[0]?.kind, 'cleared');
  assert.deepEqual(third.update(outcome('unknown'), 'r1', none), []);
  assert.equal(third.states[0]!.firing, false);
  third.update(outcome('broken'), 'r1', none);
  assert.equal(third.update([], 'r1', none)[0]?.kind, 'cleared', 'the rule is gone, and its alert with it');
  assert.deepEqual(readAlerts(own.alerts), []);
  assert.deepEqual(
    alertHistory(own.alertHistory, 10).map((event) => event.kind),
    ['cleared', 'raised', 'cleared', 'raised'],
  );
});

const NO_SAMPLES = { wants: () => false, keep: () => undefined };

test('traffic is counted by the second, kept by ten and by five minutes, and told apart by release', (t) => {
  // Time passes as the test says: a machine that pauses would add to the first second.
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-01-01T00:04:47.300Z') });
  const folder = temp(t);
  const places = {
    metrics: path.join(folder, 'metrics.ndjson'),
    coarseMetrics: path.join(folder, 'coarse.ndjson'),
  };
  const { metrics: file } = places;
  let restarts = 0;
  let spent = 0;
  let canary: number | undefined;
  const gauges = () => ({
    restarts,
    releases: [
      { id: 'r1', ready: 1, replicas: 1, restarts, memoryBytes: 1000, cpuSeconds: (spent += 0.5) },
      ...(canary === undefined
        ? []
        : [{ id: 'r2', ready: canary, replicas: 2, restarts: 0, memoryBytes: 500, cpuSeconds: 7 }]),
    ],
  });
  const recorder = new Recorder(file, places.coarseMetrics, gauges, NO_SAMPLES);
  const start = Date.now();
  for (let second = 1; second <= 25; second++) {
    recorder.answered('r1', second === 3 ? 503 : 200, second, second === 3);
    if (second > 20) recorder.answered('r2', 200, 1000, false);
    // Made ready from the 17th second on, ready in the 19th and 20th, and never again.
    if (second > 16) canary = second === 19 || second === 20 ? 2 : 0;
    if (second === 4) recorder.answered(undefined, 503, 1, true);
    if (second === 5) restarts = 2;
    if (second === 6) recorder.drifted({ rain: { psi: 0.3, p: 0.01, rows: 50 } });
    recorder.tick(start + second * 1000);
  }
  const all = recorder.window(60_000, start + 25_000);
  const sum = summarize(all);
  assert.deepEqual(
    [sum?.requests, sum?.errors, sum?.restarts, sum?.status, sum?.releases],
    [31, 2, 2, { 2: 29, 5: 2 }, { r1: { requests: 25, errors: 1 }, r2: { requests: 5, errors: 0 } }],
  );
  const near = (value: number | undefined, expected: number): void =>
    assert.ok(Math.abs((value ?? 0) - expected) <= expected * 0.02, `${value} for ${expected}`);
  const one = summarize(ofRelease(all, 'r1'));
  assert.deepEqual([one?.requests, one?.errors, one?.restarts], [25, 1, 2]);
  near(one?.p50, 13);
  // Each release by its own processes, as long as it has some.
  const processesOf = (buckets: readonly MetricsBucket[], id: string) => {
    const own = summarize(ofRelease(buckets, id));
    return [
      own?.seconds.toFixed(0),
      own?.availability?.toFixed(2),
      own?.memoryBytes,
      own?.cpu?.toFixed(2),
      own?.restarts,
    ];
  };
  assert.deepEqual(processesOf(all, 'r1'), ['25', '1.00', 1000, '0.48', 2]);
  assert.deepEqual(processesOf(all, 'r2'), ['7', '0.29', 500, '0.00', 0]);
  assert.deepEqual([sum?.memoryBytes, sum?.availability], [1500, 1]);
  near(one?.max, 25);
  // Of ten seconds a line in the file, too.
  near(summarize(ofRelease(recorder.window(3_600_000, start + 25_000), 'r2'))?.p50, 1000);
  assert.equal(summarize(ofRelease(all, 'nobody'))?.p50, undefined);
  assert.equal(summarize(recorder.window(5_000, start + 25_000))?.requests, 10);
  const written = readMetrics(file, 0);
  assert.deepEqual(
    written.map((bucket: MetricsBucket) => [bucket.requests, bucket.drift?.['rain']?.psi]),
    [
      [11, 0.3],
      [10, undefined],
    ],
  );
  // Latencies of a release that all requests went to are written once.
  assert.equal(written[1]?.releases['r1']?.latency, undefined);
  t.mock.timers.setTime(start + 25_000);
  recorder.close();
  assert.equal(summarize(readMetrics(file, 0))?.requests, 31);
  assert.deepEqual(processesOf(readMetrics(file, 0), 'r2').slice(1, 3), ['0.29', 500], 'in the file, too');
  assert.equal(summarize([]), undefined);
  // Five minutes later another host adds up what this one had begun.
  t.mock.timers.setTime(start + 600_000);
  const next = new Recorder(file, places.coarseMetrics, gauges, NO_SAMPLES);
  next.answered('r2', 200, 7, false);
  for (let second = 601; second <= 610; second++) next.tick(start + second * 1000);
  const coarse = readMetrics(places.coarseMetrics, 0);
  assert.equal(summarize(coarse)?.requests, 31);
  assert.ok(coarse.length <= 2);
  assert.equal(summarize(readLongMetrics(places, 0))?.requests, 32);
  near(summarize(ofRelease(coarse, 'r2'))?.p50, 1000);
  next.close();
});

test('drift is measured a feature at a time, once a minute, over the window of its rule', (t) => {
  const samples = new Samples(path.join(temp(t), 'samples.ndjson'));
  const feature = {
    kind: 'number',
    edges: [0, 1, 2, 3, 4],
    counts: [20, 20, 20, 20, 20],
    missing: 0,
  } as const;
  samples.configure({
    rules: [],
    samples: { share: 1, redact: [] },
    baseline: { rain: feature, wind: feature },
  });
  const rules = [{ rule: 'drift.rain < 0.2', overMs: 60_000, severity: 'error' }] as const;
  const rounds = new DriftRounds(samples);
  const now = Date.now();
  const keep = (release: string, rain: number): void =>
    samples.keep({
      release,
      method: 'POST',
      target: '/',
      status: 200,
      ms: 1,
      request: Buffer.from(JSON.stringify({ rain, wind: rain })),
      response: Buffer.from(''),
    });
  assert.equal(rounds.tick(rules, now), undefined);
  for (let n = 0; n < 40; n++) keep('r1', n % 5);
  for (let n = 0; n < 40; n++) keep('r2', 4);
  const later = now + 1_000;
  assert.equal(rounds.tick(rules, later), undefined, 'one feature is left');
  const found = rounds.tick(rules, later);
  assert.deepEqual(Object.keys(found ?? {}).sort(), ['rain', 'wind']);
  assert.equal(found?.['rain']?.rows, 80);
  assert.ok(found['rain'].ks! > 0.3);
  assert.equal(rounds.tick(rules, later + 30_000), undefined, 'not before a minute is over');
  assert.equal(rounds.tick(rules, later + 90_000), undefined);
  assert.deepEqual(
    Object.keys(rounds.tick(rules, later + 90_000) ?? {}),
    ['wind'],
    'its window is over for rain',
  );
  assert.ok(samples.drift(60_000, { release: 'r1' })['rain']!.psi < 0.1);
  assert.ok(samples.drift(60_000, { release: 'r2' })['rain']!.psi > 0.5);
  samples.close();
});

test('a feature that vanishes, goes null, constant or out of what was known breaks its rules', (t) => {
  const samples = new Samples(path.join(temp(t), 'samples.ndjson'));
  const number = { kind: 'number', from: 0, edges: [0, 1, 2, 3, 4], counts: [20, 20, 20, 20, 20], missing: 0 } as const; // prettier-ignore
  const sky = { kind: 'category', values: [['sun', 50], ['rain', 50]], others: 0, missing: 0 } as const; // prettier-ignore
  const baseline = { gone: number, nil: number, fixed: number, low: number, nan: number, sky, label: number, fine: number }; // prettier-ignore
  samples.configure({ rules: [], samples: { share: 1, redact: [] }, baseline });
  const keep = (request: string): void =>
    samples.keep({
      release: 'r1',
      method: 'POST',
      target: '/predict',
      status: 200,
      ms: 1,
      request: Buffer.from(request),
      response: Buffer.from('{"p":0.5}'),
    });
  for (let n = 0; n < 200; n++) {
    const low = n % 2 === 0 ? -999 : n % 5;
    keep(`{"nil":null,"fixed":3,"low":${low},"nan":NaN,"sky":"snow","fine":${n % 5}}`);
  }
  // Other requests have no features, and miss none.
  samples.keep({ release: 'r1', method: 'POST', target: '/feedback', status: 200, ms: 1, request: Buffer.from('{"ok":true}'), response: Buffer.from('{}') }); // prettier-ignore
  const state = (rule: string, feature: string): string =>
    evaluateRule(
      { rule, overMs: 60_000, severity: 'error' },
      undefined,
      samples.drift(60_000, { features: [feature] }),
    ).state;
  for (const feature of ['gone', 'nil', 'fixed', 'low', 'nan', 'sky'])
    assert.equal(state(`drift.${feature} < 0.2`, feature), 'broken', feature);
  assert.equal(state('drift.fine < 0.2', 'fine'), 'holds');
  for (const feature of ['gone', 'nil', 'fixed', 'low', 'nan'])
    assert.equal(state(`ks.${feature} < 0.1`, feature), 'broken', feature);
  assert.equal(state('ks.sky < 0.1', 'sky'), 'unknown');
  assert.equal(state('js.sky < 0.1', 'sky'), 'broken');
  assert.deepEqual([state('nulls.nil < 5%', 'nil'), state('nulls.nan < 5%', 'nan'), state('nulls.gone < 5%', 'gone')], ['broken', 'broken', 'holds']); // prettier-ignore
  assert.deepEqual([state('missing.gone < 5%', 'gone'), state('missing.nil < 5%', 'nil'), state('missing.fine <= 0', 'fine')], ['broken', 'holds', 'holds']); // prettier-ignore
  // A column of the training set that no request ever had is measured only where a rule asks.
  assert.deepEqual(Object.keys(samples.drift(60_000)).includes('label'), false);
  assert.equal(samples.drift(60_000)['fine']?.rows, 200);
});

test('settings that another program has changed are told from those that can be used', () => {
  const settings = { rules: [], samples: { share: 0.5, redact: ['name'] }, baseline: {} };
  const check = (more: object): string | undefined => monitorDocumentKind.check({ ...settings, ...more });
  const number = { kind: 'number', edges: [1, 1, 2], counts: [3, 0, 4], missing: 1 };
  const category = { kind: 'category', values: [['a', 3]], others: 0, missing: 0 };
  for (const fits of [
    {},
    { baseline: { a: number, b: { ...number, from: -1 }, c: category } },
    { webhook: 'https://example.org' },
    { later: 'a key of a newer version' },
  ]) {
    assert.equal(check(fits), undefined, JSON.stringify(fits));
  }
  for (const bad of [
    { rules: undefined },
    { rules: [{ rule: 'p95 < 1s', overMs: 'x', severity: 'error' }] },
    { samples: { share: 2, redact: [] } },
    { samples: { share: 1, redact: 5 } },
    { baseline: { a: { kind: 'number' } } },
    { baseline: { a: { ...number, counts: [1] } } },
    { baseline: { a: { ...category, values: [['a']] } } },
    { webhook: 5 },
  ]) {
    assert.equal(typeof check(bad), 'string', JSON.stringify(bad));
  }
});

test('a path that can’t be asked for is a bad answer, not a rejection', async () => {
  assert.equal((await probe(1, '/health check', 1_000)).ok, false);
});

test('a feature whose values are not compared raises its alert when it fails altogether', (t) => {
  const samples = new Samples(path.join(temp(t), 'samples.ndjson'));
  const feature = { name: 'day', type: 'DATE', kind: 'time', count: 100, nulls: 0 } as const;
  samples.configure({
    rules: [],
    samples: { share: 1, redact: [] },
    baseline: { day: baselineFeature(feature), gone: baselineFeature({ ...feature, name: 'gone' }) },
  });
  const rules = [{ rule: 'drift.gone < 0.2', overMs: 60_000, severity: 'error' }] as const;
  const rounds = new DriftRounds(samples);
  const now = Date.now();
  rounds.tick(rules, now);
  for (let n = 0; n < 60; n++) {
    samples.keep({
      release: 'r1',
      method: 'POST',
      target: '/',
      status: 200,
      ms: 1,
      request: Buffer.from(JSON.stringify({ day: `2024-01-${10 + (n % 20)}`, gone: null })),
      response: Buffer.from(''),
    });
  }
  rounds.tick(rules, now + 1_000);
  const found = rounds.tick(rules, now + 1_000);
  assert.equal(found?.['day']?.psi, 0);
  assert.ok((found['gone']?.psi ?? 0) > 0.2);
});
