/** What the Service panel shows, as plain data: figures, axes, charts, drift and the words where there is nothing. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { measureText, valueTicks, type Unit } from '../../../media/webviews/shared/measures.js';
import {
  chartsOf,
  driftRows,
  driftSummary,
  figuresOf,
  gapText,
  noticesOf,
  ordersOf,
} from '../../../media/webviews/shared/service-view.js';
import { timeTicks } from '../../../media/webviews/shared/charts/time-axis.js';
import type {
  AlertItem,
  DriftPoint,
  MetricsPoint,
  RuleLine,
  RunningReleaseItem,
  ServiceMetrics,
} from '../../../server/protocol/index.js';

const [MINUTE, HOUR] = [60_000, 3_600_000];
const END = Date.UTC(2026, 5, 1, 12);

function point(at: number, more: Partial<MetricsPoint> = {}): MetricsPoint {
  return {
    at,
    requests: 10,
    errors: 0,
    rate: 1,
    errorRate: 0,
    p50: 5,
    p95: 20,
    p99: 50,
    restarts: 0,
    ...more,
  };
}

function metrics(more: Partial<ServiceMetrics> = {}): ServiceMetrics {
  return {
    from: END - HOUR,
    to: END,
    stepMs: 20_000,
    live: true,
    points: [point(END - 20_000), point(END, { p95: 40 })],
    total: { requests: 20, errors: 0, rate: 1, errorRate: 0, p95: 40, restarts: 0 },
    releaseNames: {},
    marks: [],
    rules: [],
    drift: { features: [] },
    ...more,
  };
}

const SERVICE = { alerts: [] as AlertItem[], url: 'http://127.0.0.1:8000' };

test('values are written in their units', () => {
  const check = (unit: Unit, value: number, expected: string): void =>
    assert.equal(measureText(unit, value), expected);
  check('rate', 0, '0/s');
  check('rate', 12.345, '12.3/s');
  check('rate', 1234.5, '1234.5/s');
  check('share', 0, '0 %');
  check('share', 0.00001, '< 0.01 %');
  check('share', 0.01234, '1.23 %');
  check('share', 0.999981, '99.998 %');
  check('share', 1, '100 %');
  check('ms', 0.4567, '0.457 ms');
  check('ms', 1234.5, '1235 ms');
  check('ms', 12_340, '12.3 s');
  check('bytes', 50 * 1024 * 1024, '50 MiB');
  check('cores', 0.081, '0.081 cores');
  check('cores', 1, '1 core');
  check('score', 0.3141, '0.31');
  check('score', 0, '0');
});

test('axes begin at nothing and go up in round numbers', () => {
  const check = (unit: Unit, highest: number, expected: readonly number[]): void =>
    assert.deepEqual(valueTicks(unit, highest, 4), expected);
  check('ms', 43, [0, 20, 40]);
  check('share', 1, [0, 0.5, 1]);
  check('rate', 0.1, [0, 0.05, 0.1]);
  check('rate', 0, [0]);
  const MiB = 1024 * 1024;
  check('bytes', 63 * MiB, [0, 20 * MiB, 40 * MiB, 60 * MiB]);
});

test('times on the axis are round for whoever looks', () => {
  const at = (text: string): number => Date.parse(`2026-06-01T${text}Z`);
  const check = (from: string, to: string, most: number, ahead: number, expected: readonly string[]): void =>
    assert.deepEqual(
      timeTicks(at(from), at(to), most, () => ahead * MINUTE).map(({ label }) => label),
      expected,
    );
  check('11:00:07', '12:00:07', 5, 0, ['11:15', '11:30', '11:45', '12:00']);
  check('11:00:07', '12:00:07', 5, 5.5 * 60, ['16:45', '17:00', '17:15', '17:30']);
  check('11:59:30', '12:00:30', 4, 0, ['11:59:30', '11:59:45', '12:00:00', '12:00:15', '12:00:30']);
  check('18:00:00', '23:59:00', 4, 2 * 60, ['20:00', '22:00', '06-02']);
  assert.deepEqual(
    timeTicks(at('00:00:00'), at('00:00:00') + 7 * 24 * HOUR, 5, () => 0).map(({ label }) => label),
    ['06-02', '06-04', '06-06', '06-08'],
  );
  assert.deepEqual(timeTicks(5, 5, 4), []);
});

test('a chart for each measure, with the rules that are about it', () => {
  const rules: RuleLine[] = [
    { rule: 'p95 < 30ms', severity: 'error', overMs: MINUTE, measure: 'p95', operator: '<', bound: 30 },
    {
      rule: 'memory < 1GiB',
      severity: 'error',
      overMs: MINUTE,
      measure: 'memory',
      operator: '<',
      bound: 2 ** 30,
    },
    { rule: 'what?', severity: 'error', overMs: MINUTE },
  ];
  const alert: AlertItem = {
    rule: 'p95 < 30ms',
    severity: 'error',
    state: 'broken',
    firing: true,
    since: new Date(END).toISOString(),
    text: 'p95 is 40 ms',
  };
  const charts = chartsOf(metrics({ rules }), { ...SERVICE, alerts: [alert] }, true);
  assert.deepEqual(
    charts.map(({ key, lines, thresholds, empty }) => [
      key,
      lines.map(({ name }) => name).join(),
      thresholds.map(({ rule, firing }) => `${rule}${firing ? '!' : ''}`).join(),
      empty === undefined,
    ]),
    [
      ['rate', 'all', '', true],
      ['errors', 'all', '', true],
      ['latency', 'p50,p95,p99', 'p95 < 30ms!', true],
      ['availability', 'all', '', false],
      ['memory', 'all', 'memory < 1GiB', false],
      ['cpu', 'all', '', false],
    ],
  );
  assert.deepEqual(charts[2]?.lines[1]?.points, [
    { at: END - 20_000, value: 20 },
    { at: END, value: 40 },
  ]);
});

test('releases that had requests side by side are told apart', () => {
  const of = (release: string, p95?: number) => ({
    release,
    requests: 1,
    rate: 0.5,
    ...(p95 === undefined ? {} : { p95 }),
  });
  const split = metrics({
    points: [point(END - 20_000), point(END, { releases: [of('r1', 7), { ...of('r2'), memoryBytes: 5 }] })],
    releaseNames: { r1: 'app@1' },
  });
  const run = (id: string) => ({
    id,
    package: { name: 'app', version: '1' },
    traffic: 50,
    ready: 1,
    replicas: 1,
    restarts: 0,
  });
  const latency = (apart: boolean) =>
    chartsOf(split, { ...SERVICE, candidate: run('r2') }, apart)
      .find(({ key }) => key === 'latency')
      ?.lines.map(({ name, points }) => [name, ...points.map(({ value }) => value)]);
  assert.deepEqual(latency(true), [['all', 20, 20], ['app@1', 7], ['canary']]);
  const memory = chartsOf(split, { ...SERVICE, candidate: run('r2') }, true).find(
    ({ key }) => key === 'memory',
  );
  assert.deepEqual(
    memory?.lines.map(({ name, points }) => [name, ...points.map(({ value }) => value)]),
    [['all'], ['app@1'], ['canary', 5]],
  );
  assert.deepEqual(latency(false), [
    ['p50', 5, 5],
    ['p95', 20, 20],
    ['p99', 50, 50],
  ]);
});

test('what there is nothing of is explained', () => {
  const silent = metrics({
    points: [{ at: END, requests: 0, errors: 0, rate: 0, restarts: 0 }],
    total: { requests: 0, errors: 0, rate: 0, restarts: 0 },
  });
  const errors = (of: ServiceMetrics) =>
    chartsOf(of, SERVICE, false).find(({ key }) => key === 'errors')?.empty;
  assert.equal(errors(silent), 'No traffic yet: nothing came to http://127.0.0.1:8000 in this window.');
  assert.equal(errors({ ...silent, live: false }), 'No request came in this window.');
  assert.equal(errors(metrics()), undefined);
  assert.deepEqual(
    figuresOf(silent).map(([name, value]) => `${name} ${value}`),
    ['Requests 0', 'Rate 0/s', 'Errors –', 'p50 –', 'p95 –', 'p99 –', 'Available –', 'Restarts 0'],
  );
  const now = END + 3 * HOUR;
  const notices = (of: ServiceMetrics, service: Parameters<typeof noticesOf>[1]): string[] =>
    noticesOf(of, service, now).map(({ grave, text }) => `${grave ? '! ' : ''}${text}`);
  const nothing = metrics({ points: [] });
  assert.deepEqual(notices(metrics(), { status: 'running', hosted: true }), []);
  assert.deepEqual(notices(nothing, { status: 'starting', hosted: true }), [
    'Nothing is measured yet. The first figures come in a few seconds.',
  ]);
  assert.deepEqual(notices({ ...metrics(), live: false }, { status: 'stopped', hosted: false }), [
    'Stopped: measured last 3 h ago. The charts end there.',
  ]);
  assert.deepEqual(notices(nothing, { status: 'lost', hosted: false, message: 'its host is gone' }), [
    '! its host is gone',
    'Lost. Nothing was measured: the service has not run long enough, or its measurements are gone.',
  ]);
  assert.match(gapText('no-training-set'), /training-set/);
});

test('drift is sorted by how far it is, and held against its rule, else what is usual', () => {
  const series = (feature: string, ...points: readonly (readonly [psi: number, p: number])[]) => ({
    feature,
    kind: 'number' as const,
    overMs: MINUTE,
    points: points.map(([psi, p], index): DriftPoint => ({ at: END + index, psi, p, rows: 100 })),
  });
  const rows = driftRows(
    metrics({
      rules: [
        {
          rule: 'drift.strict < 0.05',
          severity: 'error',
          overMs: MINUTE,
          measure: 'drift',
          feature: 'strict',
          operator: '<',
          bound: 0.05,
        },
      ],
      drift: {
        features: [
          series('few'),
          series('strict', [0.07, 0.01]),
          series('steady', [0.5, 0.001], [0.02, 0.9]),
          series('shifted', [0.15, 0.01]),
          series('moved', [0.1, 0.01], [0.3, 0.001]),
          series('lucky', [0.9, 0.2]),
        ],
      },
    }),
  );
  assert.deepEqual(
    rows.map(({ feature, verdict, bound }) => [feature, verdict, bound]),
    [
      ['lucky', 'chance', 0.2],
      ['moved', 'moved', 0.2],
      ['shifted', 'shifted', 0.2],
      ['strict', 'moved', 0.05],
      ['steady', 'steady', 0.2],
      ['few', 'unknown', 0.2],
    ],
  );
  assert.equal(driftSummary(rows), '2 of 5 features have drifted: moved, strict.');
  assert.equal(driftSummary(rows.slice(4)), 'None of 1 feature has drifted.');
  assert.equal(driftSummary([]), '');
});

test('a service offers what can be done to it as it stands', () => {
  const release = (since?: string): RunningReleaseItem => ({
    id: 'r1',
    package: { name: 'app', version: '1' },
    createdAt: '2026-06-01T12:00:00.000Z',
    traffic: 100,
    replicas: 1,
    ready: 1,
    restarts: 0,
    ...(since === undefined ? {} : { since }),
  });
  const serving = { hosted: true, current: release('2026-06-01T12:00:00.000Z') };
  const check = (service: Parameters<typeof ordersOf>[0], expected: string): void =>
    assert.equal(
      ordersOf(service)
        .map(({ order, label }) => `${order} ${label}`)
        .join(', '),
      expected,
    );
  check({ hosted: false }, 'start Start Service');
  check({ hosted: true, candidate: release() }, '');
  check(serving, '');
  check({ ...serving, previous: release() }, 'rollBack Roll Back…');
  // One that is only being made ready gets no traffic yet.
  check({ ...serving, candidate: release() }, '');
  check(
    { ...serving, candidate: release('2026-06-01T12:01:00.000Z'), previous: release() },
    'promote Promote…, rollBack End Canary…',
  );
});
