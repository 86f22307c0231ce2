/** The pipeline of a deployment from end to end: package, deploy, service, monitor. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { listServices, serviceHistory } from '../../../server/serving/services/read.js';
import { servicePlaces } from '../../../server/serving/places.js';
import { checkAnswer } from '../../support/answers.js';
import { until } from '../../support/cli.js';
import { bucketOf, record } from '../../support/recorded.js';
import { APP, Load, ServiceProject, ask, freePort } from '../../support/service.js';

const PIPELINE = (port: number, rules: string, extra = ''): string => `
name: ship
kind: deployment
tasks:
  pack:
    package: { name: web-app, include: [app/app.js], entrypoint: node app/app.js, health: /health, env: { NAME: one } }
  put:
    deploy: { package: web-app, environment: staging }
  serve:
    service: { name: web, port: ${port}, drain: 1s, grace: 20s }
  watch:
    monitor: { service: web, for: 2s, rules: ${rules}, on-failure: rollback${extra} }
`;

const PROJECT = 'name: test\nenvironments: { staging: {} }\n';

test('a deployment starts the service, is rolled back when its monitor says so, and gets no traffic when it is broken', async (t) => {
  const it = await ServiceProject.make(t);
  const { project } = it;
  const port = await freePort();
  project.write({ 'modelyard.yaml': PROJECT, 'app/app.js': APP });
  const good = [{ rule: 'error-rate < 1%', over: '1s' }];
  project.write({ 'ship.pipeline.yaml': PIPELINE(port, JSON.stringify(good)) });
  const first = await project.expect(0, ['run', 'ship']);
  assert.match(first.stdout, /serves on port/);
  const [service] = listServices(it.root).services;
  const release = service?.current?.id;
  assert.ok(release);
  assert.deepEqual([service.status, (await ask(port)).release], ['running', release]);

  const load = new Load(t, port, 2);
  // The same again changes nothing: the release is there, and serves.
  await project.expect(0, ['run', 'ship']);
  assert.deepEqual(it.view().current?.replicas, service.current.replicas);

  project.write({ 'app/app.js': `${APP}\n// changed` });
  const bad = [{ rule: 'p50 < 0ms', over: '1s' }];
  project.write({ 'ship.pipeline.yaml': PIPELINE(port, JSON.stringify(bad), ', min-requests: 1') });
  const second = await project.expect(1, ['run', 'ship']);
  assert.match(`${second.stdout}${second.stderr}`, /p50 < 0ms: p50 is .* rolled back: .* serves on port/s);
  assert.equal(it.view().current?.id, release);
  const rolled = serviceHistory(it.root, 'staging', 'web', 100).find((event) => event.kind === 'rolled-back');
  assert.match(rolled?.reason ?? '', /p50 is/);
  assert.equal(rolled?.run?.pipeline, 'ship');

  project.write({ 'app/app.js': 'console.error("no model here"); process.exit(2);' });
  const third = await project.expect(1, ['run', 'ship']);
  assert.match(
    `${third.stdout}${third.stderr}`,
    /got no traffic: it ended with exit code 2 .*no model here/s,
  );
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await ask(port)).release, release);
});

test('deploy says how its release is started, and start takes the newest one', async (t) => {
  const it = await ServiceProject.make(t);
  const { project } = it;
  project.write({
    'modelyard.yaml': 'name: test\nenvironments: { staging: {}, production: {} }\n',
    'app/app.js': APP,
    'pack.pipeline.yaml':
      'name: pack\ntasks:\n  pack: { package: { name: web, include: [app/app.js], entrypoint: node app/app.js, health: /health } }\n',
  });
  await project.expect(0, ['run', 'pack']);
  const commandOf = async (...more: string[]): Promise<string> => {
    const { stdout } = await project.expect(0, ['deploy', 'web', '-e', 'staging', ...more]);
    return /^start it: modelyard (.*)$/m.exec(stdout)?.[1] ?? '';
  };
  const first = await commandOf();
  const [, release = ''] = /^service start web -e staging --release (\S+)$/.exec(first) ?? [];
  const dry = await project.expect(0, [...first.split(' '), '--dry']);
  assert.match(dry.stdout, new RegExp(`would start ${release}`));
  const second = (await commandOf('--force')).split(' ').at(-1) ?? '';
  assert.notEqual(second, release);
  for (const words of [['web'], ['web', '-e', 'staging'], ['staging/web']]) {
    assert.match(
      (await project.expect(0, ['service', 'start', ...words, '--dry'])).stdout,
      new RegExp(second),
    );
  }
  assert.match(
    (await project.expect(2, ['service', 'start', 'wep', '-e', 'staging'])).stderr,
    /no service "wep"/,
  );
  const port = await freePort();
  await project.expect(0, ['service', 'start', 'web', '-e', 'staging', '--port', String(port)]);
  assert.equal((await ask(port)).release, second);
  // Nothing is left to be done for what serves already; and what ran comes back, however new another release is.
  assert.equal(await commandOf(), '');
  await commandOf('--force');
  await project.expect(0, ['service', 'stop', 'web']);
  assert.match((await project.expect(0, ['service', 'start', 'web', '--dry'])).stdout, /what it ran last/);

  await project.expect(0, ['deploy', 'web', '-e', 'production']);
  assert.match(
    (await project.expect(0, ['service', 'start', 'web', '-e', 'production', '--dry'])).stdout,
    /production\/web/,
  );
});

test('drift is measured against data of the project, and the rules stay', async (t) => {
  const it = await ServiceProject.make(t);
  const { project } = it;
  const port = await freePort();
  it.release('r1');
  const rows = Array.from({ length: 200 }, (_, n) => `${n % 10},${n % 2 === 0 ? 'a' : 'b'}`);
  project.write({
    'modelyard.yaml': PROJECT,
    'data/training.csv': `rain,place\n${rows.join('\n')}\n`,
    'watch.pipeline.yaml': `
name: watch
kind: deployment
tasks:
  serve: { service: { name: web, environment: staging, release: r1, port: ${port} } }
  set:
    monitor:
      service: web
      rules: ["drift.rain < 0.2", { rule: "p99 < 1h", over: 5m }]
      drift: { against: data/training.csv, features: [rain], sample: 1 }
`,
  });
  const { stdout } = await project.expect(0, ['run', 'watch']);
  assert.match(stdout, /web is watched from now on/);
  const kept = JSON.parse(project.read('.modelyard/services/staging/web/monitor.json')) as {
    rules: { rule: string; overMs: number }[];
    baseline: Record<string, { kind: string; counts: number[] }>;
    samples: { share: number };
  };
  assert.deepEqual(
    kept.rules.map(({ rule, overMs }) => [rule, overMs]),
    [
      ['drift.rain < 0.2', 60_000],
      ['p99 < 1h', 300_000],
    ],
  );
  assert.deepEqual(Object.keys(kept.baseline), ['rain']);
  assert.equal(
    kept.baseline['rain']?.counts.reduce((sum, count) => sum + count, 0),
    200,
  );
  assert.equal(kept.samples.share, 1);
});

test('a canary that fails is told by its own requests, ended, and never serves', async (t) => {
  const it = await ServiceProject.make(t);
  const { project } = it;
  const port = await freePort();
  project.write({ 'modelyard.yaml': PROJECT, 'app/app.js': APP });
  // Three in ten of all requests would be too many; of the canary's own, which has a tenth, all that are no stream fail.
  const rules = JSON.stringify([{ rule: 'error-rate < 30%', over: '1s' }]);
  project.write({ 'ship.pipeline.yaml': PIPELINE(port, rules) });
  await project.expect(0, ['run', 'ship']);
  const release = it.view().current?.id;
  const load = new Load(t, port, 2);
  project.write({
    'app/app.js': APP.replace("if (pathname === '/fail')", "if (pathname === '/fail' || pathname === '/')"),
    'ship.pipeline.yaml': PIPELINE(port, rules, ', min-requests: 1').replace('grace:', 'traffic: 10, grace:'),
  });
  const { stdout, stderr } = await project.expect(1, ['run', 'ship']);
  assert.match(
    `${stdout}${stderr}`,
    /the canary \S+: error-rate < 30%: error-rate is \d+.*rolled back: \S+ was ended/s,
  );
  assert.deepEqual([it.view().current?.id, it.view().candidate], [release, undefined]);
  assert.equal(serviceHistory(it.root, 'staging', 'web', 1)[0]?.kind, 'aborted');
  await load.stop();
});

test('the status of a service says which features have moved most', async (t) => {
  const it = await ServiceProject.make(t);
  const features = ['a', 'b', 'c', 'd', 'e', 'rain'];
  const drift = Object.fromEntries(
    features.map((name, index) => [name, { psi: index / 10, p: 0.01, rows: 100 }]),
  );
  const bucket = bucketOf(Date.now(), 10, { r1: { latencies: [5, 10] } }, { drift });
  record(it.root, { environment: 'staging', name: 'web', buckets: [bucket], events: [] });
  const { stdout } = await it.service(0, ['status', 'web']);
  assert.match(stdout, /drift {6}rain 0\.50, e 0\.40, d 0\.30, c 0\.20, b 0\.10, and 1 more \(PSI\)/);
  const json = JSON.parse((await it.service(0, ['status', 'web', '--json'])).stdout) as { drift: unknown };
  assert.deepEqual(json.drift, drift);
});

test('the status of a service is followed: said again when it changes, and not when only numbers move', async (t) => {
  const it = await ServiceProject.make(t);
  const bucket = bucketOf(Date.now(), 10, { r1: { latencies: [5] } });
  const at = (status: 'stopped' | 'failed', updatedAt: string): void => {
    const document = { status, updatedAt, message: status === 'failed' ? 'no port' : 'by hand' };
    record(it.root, { environment: 'staging', name: 'web', buckets: [bucket], events: [], document });
  };
  at('stopped', '2026-01-01T00:00:00.000Z');
  const following = it.project.start(['service', 'status', 'web', '--follow']);
  const json = it.project.start(['service', 'status', 'web', '--follow', '--json']);
  for (const one of [following, json]) await until('it is said', () => one.output().includes('by hand'));
  at('stopped', '2026-01-01T00:00:01.000Z');
  at('failed', '2026-01-01T00:00:02.000Z');
  for (const one of [following, json]) await until('it is said anew', () => one.output().includes('no port'));
  rmSync(servicePlaces(it.root, 'staging', 'web').folder, { recursive: true });
  for (const one of [following, json]) {
    const { code, stderr } = await one.done;
    assert.equal(code, 1);
    assert.match(stderr, /the service staging\/web is no more/);
  }
  const { stdout } = await following.done;
  assert.equal(stdout.match(/^staging\/web {2}/gm)?.length, 2, stdout);
  const answers = (await json.done).stdout.trim().split('\n');
  assert.deepEqual(
    answers.map((line) => (JSON.parse(line) as { status: string }).status),
    ['stopped', 'failed'],
  );
  checkAnswer(['service', 'status', '--json'], (await json.done).stdout);
});
