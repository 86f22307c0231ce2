/** What the tasks that package, approve, deploy, start and watch an app are read as. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Action } from '../../../server/definition/definition.js';
import { checkServingName, parsePackageReference } from '../../../server/definition/names/package-names.js';
import { pipelineOf } from './helpers.js';

type Plain = string | number | boolean | null | undefined | Plain[] | { [key: string]: Plain };

/** Without spans, parsed expressions and the settings as written; a text is a string. */
function plain(value: unknown): Plain {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as Plain;
  const map = value as Record<string, unknown>;
  if ('text' in map && 'span' in map && !('kind' in map)) return map['text'] as string;
  if ('value' in map && 'span' in map && Object.keys(map).length === 2) return plain(map['value']);
  return Object.fromEntries(
    Object.entries(map)
      .filter(([key]) => !/^(span|nameSpan|config)$/.test(key))
      .map(([key, one]) => [key, plain(one)]),
  );
}

function actionOf(text: string): Action | undefined {
  const { pipeline, problems } = pipelineOf(`tasks:\n  t:\n    ${text}\n`);
  assert.deepEqual(problems, [], text);
  return pipeline.tasks[0]?.action;
}

function check(text: string, expected: Plain): void {
  assert.deepEqual(plain(actionOf(text)), expected, text);
}

test('package', () => {
  const rest = { exclude: [], setup: [], env: [], secrets: [], allowSecretFiles: [] };
  check('package: { name: app, include: "app/**", entrypoint: python3 app/serve.py }', {
    kind: 'package',
    name: 'app',
    include: ['app/**'],
    entrypoint: ['python3 app/serve.py'],
    health: {},
    ...rest,
  });
  check(
    'package: { name: app, include: [a, b], exclude: c, entrypoint: x, setup: [y], port: 80, health: /up, env: { A: 1 }, secrets: K, model: rain, signature: { inputs: { a: double } }, feature-service: f, python: 3.11, requirements: r.txt, allow-secret-files: k.pem }',
    {
      kind: 'package',
      name: 'app',
      include: ['a', 'b'],
      exclude: ['c'],
      entrypoint: ['x'],
      setup: ['y'],
      port: '80',
      health: { live: '/up', ready: '/up' },
      env: [{ name: 'A', value: '1' }],
      secrets: ['K'],
      model: 'rain',
      signature: { inputs: [{ name: 'a', type: 'double' }], outputs: [] },
      featureService: 'f',
      python: '3.11',
      requirements: 'r.txt',
      allowSecretFiles: ['k.pem'],
    },
  );
});

test('approval', () => {
  const rest = { kind: 'approval', prompt: 'ok?', artifacts: [], metrics: [] };
  const defaults = { ...rest, who: [], count: 1, onTimeout: 'reject' };
  check('approval: { prompt: "ok?" }', defaults);
  check('approval: { prompt: "ok?", who: any }', defaults);
  check('approval: { prompt: "ok?", who: [ada, any] }', defaults);
  check(
    'approval: { prompt: "ok?", metrics: train, who: [ada], count: 2, timeout: 2d, on-timeout: fail, compare: { model: rain@candidate } }',
    {
      ...rest,
      metrics: ['train'],
      who: ['ada'],
      count: 2,
      timeoutMs: 2 * 86_400_000,
      onTimeout: 'fail',
      compare: { model: 'rain@candidate', to: 'production' },
    },
  );
});

test('deploy, service and monitor', () => {
  check('deploy: { package: app, environment: staging }', {
    kind: 'deploy',
    package: 'app',
    environment: 'staging',
    env: [],
    secrets: [],
    keep: 3,
    setupTimeoutMs: 600_000,
  });
  check('service: { name: rain, health: /up, replicas: 2, traffic: "${{ params.t }}" }', {
    kind: 'service',
    name: 'rain',
    health: { path: '/up', intervalMs: 5_000, timeoutMs: 2_000, failures: 3 },
    graceMs: 30_000,
    drainMs: 15_000,
    replicas: '2',
    rollbackOnFailure: true,
    traffic: '${{ params.t }}',
    limits: { maxBodyBytes: 104_857_600, maxHeaderBytes: 65_536, timeoutMs: 60_000 },
    env: [],
    secrets: [],
  });
  check(
    'monitor: { service: rain, for: 2m, rules: [p95 < 200ms, { rule: error-rate < 1%, over: 5m, severity: warning }], drift: { sample: 0.5, redact: [email] }, requests: canary, on-failure: rollback }',
    {
      kind: 'monitor',
      service: 'rain',
      forMs: 120_000,
      rules: [
        { rule: 'p95 < 200ms', overMs: 60_000, severity: 'error' },
        { rule: 'error-rate < 1%', overMs: 300_000, severity: 'warning' },
      ],
      minRequests: 0,
      requests: 'canary',
      drift: { features: [], sample: 0.5, redact: ['email'] },
      onFailure: 'rollback',
    },
  );
});

test('pipeline', () => {
  check('pipeline: rain-train', { kind: 'pipeline', name: 'rain-train', params: [] });
  check('pipeline: { name: rain-train, params: { epochs: 3, tag: "v${{ run.id }}" } }', {
    kind: 'pipeline',
    name: 'rain-train',
    params: [
      { name: 'epochs', value: { kind: 'value', value: 3 } },
      { name: 'tag', value: { kind: 'text', text: 'v${{ run.id }}' } },
    ],
  });
});

test('half-written actions are read, too', () => {
  for (const kind of ['package', 'approval', 'deploy', 'service', 'monitor', 'pipeline']) {
    for (const rest of ['', ' {}', ' []', ' x', ' { name: }', ' { rules: [{}] }', ' { health: {} }']) {
      const { pipeline } = pipelineOf(`tasks:\n  t:\n    ${kind}:${rest}\n`);
      assert.equal(pipeline.tasks[0]?.action?.kind, kind, `${kind}:${rest}`);
    }
  }
});

test('names and references', () => {
  for (const name of ['a', 'rain-app', 'Rain.App_2', '_x'])
    assert.ok(checkServingName(name, 'package').ok, name);
  for (const name of ['', '.', '..', 'a/b', 'a b', '-a', 'a.', '../x', 'ä', 'a\0', 'x'.repeat(101)]) {
    assert.ok(!checkServingName(name, 'package').ok, name);
  }
  const read = (text: string): string => {
    const parsed = parsePackageReference(text);
    return parsed.ok ? `${parsed.reference.name} ${parsed.reference.version ?? 'newest'}` : 'refused';
  };
  const cases: [string, string][] = [
    ['app', 'app newest'],
    ['app@3', 'app 3'],
    ['app@latest', 'app newest'],
    ['app@', 'refused'],
    ['app@03', 'refused'],
    ['app@production', 'refused'],
    ['../app@1', 'refused'],
    ['app@1@2', 'refused'],
  ];
  for (const [text, expected] of cases) assert.equal(read(text), expected, text);
});
