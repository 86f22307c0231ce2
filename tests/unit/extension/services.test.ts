/** Texts of the Services tree, what is told of alerts, and requests on one line. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { alertNews, type Told } from '../../../extension/services/alerts.js';
import type { ItemText } from '../../../extension/parts/item-text.js';
import { releaseItemText } from '../../../extension/services/releases.js';
import { answerPage, readRequest, requestLine } from '../../../extension/services/samples.js';
import { serviceRowItem, serviceRows } from '../../../extension/services/detail-rows.js';
import {
  environmentItemText,
  msText,
  serviceItemText,
  serviceKey,
  shareText,
} from '../../../extension/services/rows.js';
import type {
  AlertItem,
  EnvironmentItem,
  ReleaseItem,
  RunningReleaseItem,
  ServiceItem,
} from '../../../server/protocol/index.js';

const NOW = Date.UTC(2026, 10, 23, 12);
const before = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

const RELEASE: ReleaseItem = {
  id: 'r1',
  package: { name: 'rain-app', version: '2' },
  model: { name: 'rain', version: '5', aliases: ['production'] },
  createdAt: before(90),
  createdBy: 'ada@here',
  runId: 'run1',
};

function running(more: Partial<RunningReleaseItem> = {}): RunningReleaseItem {
  return { ...RELEASE, since: before(5), traffic: 100, ready: 1, replicas: 1, restarts: 0, ...more };
}

function service(more: Partial<ServiceItem> = {}): ServiceItem {
  return {
    projectUri: 'file:///p',
    environment: 'staging',
    name: 'web',
    status: 'running',
    desired: 'running',
    hosted: true,
    url: 'http://127.0.0.1:8000',
    current: running(),
    alerts: [],
    logUri: 'file:///p/app.log',
    hostLogUri: 'file:///p/host.log',
    updatedAt: before(1),
    ...more,
  };
}

function alert(more: Partial<AlertItem> = {}): AlertItem {
  return {
    rule: 'p95 < 200ms',
    severity: 'error',
    state: 'broken',
    firing: true,
    since: before(3),
    text: 'p95 is 312 ms, over 1m',
    ...more,
  };
}

const NUMBERS = { seconds: 60, requests: 720, rate: 12, errorRate: 0.013, p95: 38.2 };

/** Its first release was refused. */
const EMPTY: ServiceItem = {
  projectUri: 'file:///p',
  environment: 'staging',
  name: 'web',
  status: 'failed',
  desired: 'stopped',
  hosted: false,
  message: 'no port',
  url: 'http://127.0.0.1:8000',
  alerts: [],
  logUri: 'file:///p/app.log',
  hostLogUri: 'file:///p/host.log',
  updatedAt: before(1),
};

test('a service says how it is, what fires, what is tried, what serves and how it does', () => {
  const check = (more: Partial<ServiceItem>, description: string, icon: string, context: string): void => {
    const item = serviceItemText(service(more), NOW);
    assert.deepEqual([item.description, item.icon, item.context], [description, icon, context]);
  };
  check({}, 'rain-app@2 · rain@5', 'vm-running', 'service.up.serving');
  check(
    { numbers: NUMBERS, previous: RELEASE },
    'rain-app@2 · rain@5 · 12/s, p95 38 ms, 1.3 % errors',
    'vm-running',
    'service.up.serving.back',
  );
  check(
    { numbers: { seconds: 60, requests: 0, rate: 0 } },
    'rain-app@2 · rain@5 · idle',
    'vm-running',
    'service.up.serving',
  );
  check(
    { candidate: running({ traffic: 10 }), alerts: [alert(), alert({ rule: 'x', firing: false })] },
    '1 alert · canary 10 % · rain-app@2 · rain@5',
    'bell-dot',
    'service.up.serving.canary.back',
  );
  const starting = { ...RELEASE, traffic: 0, ready: 0, replicas: 1, restarts: 0 };
  check(
    { candidate: starting },
    'next release is made ready · rain-app@2 · rain@5',
    'vm-running',
    'service.up.serving.deploying',
  );
  check({ status: 'crash-loop' }, 'crash loop · rain-app@2 · rain@5', 'error', 'service.up.serving');
  check({ status: 'stopped', hosted: false }, 'stopped · rain-app@2 · rain@5', 'vm-outline', 'service.down');
  check(
    { status: 'lost', hosted: false },
    'lost · rain-app@2 · rain@5',
    'debug-disconnect',
    'service.up.lost',
  );
  const failed = serviceItemText(EMPTY, NOW);
  assert.deepEqual([failed.description, failed.context], ['failed', 'service.down']);
  assert.match(failed.tooltip ?? '', /no port/);
  assert.equal(
    serviceItemText(service(), NOW).spoken,
    'Service web in staging, running, rain-app@2 · rain@5, production',
  );
});

test('what a service is made of stands below it, what is wrong first', () => {
  const types = (one: ServiceItem): string[] =>
    serviceRows(one).map((row) => (row.type === 'release' ? row.role : row.type));
  assert.deepEqual(types(service()), ['current', 'address', 'history']);
  assert.deepEqual(
    types(
      service({
        status: 'degraded',
        message: 'a process ended',
        alerts: [alert(), alert({ rule: 'x', firing: false, state: 'holds' })],
        candidate: running({ traffic: 10 }),
        previous: RELEASE,
        numbers: NUMBERS,
      }),
    ),
    ['message', 'alert', 'current', 'canary', 'previous', 'numbers', 'address', 'rules', 'history'],
  );
  assert.deepEqual(types(EMPTY), ['message', 'history']);

  const rows = (one: ServiceItem): ItemText[] =>
    serviceRows(one).map((row) => serviceRowItem('s', one, row, NOW));
  const texts = rows(service({ alerts: [alert()], numbers: NUMBERS })).map(({ label, description }) => [
    label,
    description,
  ]);
  assert.deepEqual(texts, [
    ['p95 < 200ms', 'p95 is 312 ms, over 1m · 3 min ago'],
    ['rain-app@2 · rain@5', 'production · 5 min ago'],
    ['Traffic', '12/s · 1.3 % errors · p95 38 ms'],
    ['http://127.0.0.1:8000', undefined],
    ['History', undefined],
  ]);
});

test('an alert leads to its rule, where that is known', () => {
  const check = (more: Partial<AlertItem>, expected: readonly (string | undefined)[]): void => {
    const [row] = serviceRows(service({ alerts: [alert(more)] }));
    assert.ok(row);
    const { context, color, command } = serviceRowItem('s', service(), row, NOW);
    assert.deepEqual([context, color, command?.id], expected);
  };
  check({}, ['alert.firing', 'list.errorForeground', undefined]);
  const place = { uri: 'file:///p/watch.pipeline.yaml', line: 7, character: 4 };
  check({ place, severity: 'warning' }, [
    'alert.firing.placed',
    'list.warningForeground',
    'modelyard.showAlertRule',
  ]);
});

test('a release says its aliases, its share of the traffic and whether its processes are well', () => {
  const check = (release: ReleaseItem, role: Parameters<typeof releaseItemText>[2], expected: string): void =>
    assert.equal(releaseItemText('id', release, role, NOW).description, expected);
  check(running({ traffic: 90 }), 'current', 'production · 90 % · 5 min ago');
  check(
    running({ traffic: 10, ready: 1, replicas: 2, restarts: 3 }),
    'canary',
    'production · canary 10 % · 5 min ago · 1 of 2 ready · 3 restarts',
  );
  check(RELEASE, 'previous', 'production · before');
  check(RELEASE, 'idle', 'production · 1 h ago');
  assert.equal(releaseItemText('id', RELEASE, 'idle', NOW).context, 'release.idle.model.run');
  const hostile = releaseItemText(
    'id',
    { id: 'x`y', package: { name: '[a](command:b)\u202e', version: '1' } },
    'idle',
    NOW,
  );
  assert.deepEqual([hostile.label, hostile.context], ['[a](command:b)@1', 'release.idle']);
  assert.doesNotMatch(hostile.tooltip ?? '', /\[a\]\(command/);
  assert.match(hostile.tooltip ?? '', /Its folder is gone/);
});

test('an environment counts what is in it and what is not well', () => {
  const environment: EnvironmentItem = {
    projectUri: 'file:///p',
    environment: 'staging',
    services: [service({ alerts: [alert()] }), service({ name: 'other', status: 'lost' })],
    releases: [RELEASE],
    releasesLeftOut: 2,
  };
  assert.equal(environmentItemText(environment).description, '2 services · 1 not well · 1 alert');
  assert.equal(environmentItemText({ ...environment, services: [] }).description, 'nothing is served');
  assert.deepEqual([msText(0.42), msText(38.2), msText(12_345)], ['0.4 ms', '38 ms', '12.345 s']);
  assert.deepEqual([shareText(0), shareText(0.00001), shareText(0.0123)], ['0 %', '< 0.01 %', '1.23 %']);
});

test('an alert is told once, and once when it is over; what nobody watches any more is forgotten in silence', () => {
  const environments = (...services: ServiceItem[]): EnvironmentItem[] => [
    { projectUri: 'file:///p', environment: 'staging', services, releases: [], releasesLeftOut: 0 },
  ];
  const check = (
    services: readonly ServiceItem[],
    told: Told,
    raised: readonly string[],
    cleared: readonly string[],
  ): Told => {
    const news = alertNews(environments(...services), told);
    assert.deepEqual(
      [news.raised.map((one) => one.alert.rule), news.cleared.map((one) => one.rule)],
      [raised, cleared],
    );
    return news.told;
  };
  const firing = service({ alerts: [alert()] });
  const told = check([firing], {}, ['p95 < 200ms'], []);
  assert.deepEqual(told, { [`${serviceKey(firing)}\np95 < 200ms`]: before(3) });
  check([firing], told, [], []);
  // Cleared and raised while the window was closed.
  check([service({ alerts: [alert({ since: before(1) })] })], told, ['p95 < 200ms'], []);
  assert.deepEqual(check([service({ alerts: [alert({ firing: false })] })], told, [], ['p95 < 200ms']), {});
  assert.deepEqual(check([service({ hosted: false, status: 'stopped' })], told, [], []), {});
  assert.deepEqual(check([], told, [], []), {});
});

test('a request is written and read on one line', () => {
  const check = (line: string, expected: unknown): void => {
    const read = readRequest(line);
    assert.deepEqual(read.ok ? read.request : read.message.split(':')[0], expected);
  };
  check('/health', { method: 'GET', path: '/health' });
  check(' post /predict  {"a": [1, 2]} ', { method: 'POST', path: '/predict', body: '{"a": [1, 2]}' });
  check('/predict 1', { method: 'POST', path: '/predict', body: '1' });
  check('/predict {"a"', 'The body is not JSON');
  check('predict', 'A method, a path with “/”, and JSON');
  check('', 'A method, a path with “/”, and JSON');
  assert.equal(requestLine({ method: 'POST', path: '/p', body: '{\n  "a": 1\n}' }), 'POST /p {"a":1}');

  const answer = { status: 200, ms: 12, contentType: 'application/json', bytes: 7, truncated: false };
  assert.equal(
    answerPage('http://h:1', { method: 'POST', path: '/p', body: '{"a":1}' }, { ...answer, body: '{"b":2}' }),
    '// POST http://h:1/p\n// {"a":1}\n// 200 after 12 ms, 7 B, application/json\n\n{\n  "b": 2\n}\n',
  );
  assert.match(
    answerPage('http://h:1', { method: 'GET', path: '/' }, { ...answer, contentType: 'image/png', body: '' }),
    /not shown: not text/,
  );
});
