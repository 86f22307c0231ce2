/** A service that is watched: alerts, webhooks, gates, drift; over real traffic. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import type { ServiceAddress } from '../../server/serving/services/address.js';
import { orderService } from '../../server/serving/services/client.js';
import { setMonitor, watchService } from '../../server/serving/releases/gate.js';
import { readAlerts, type AlertEvent } from '../../server/serving/monitor/alerts.js';
import { servicePlaces } from '../../server/serving/places.js';
import type { MonitorRule } from '../../server/serving/monitor/rules.js';
import { checkWebhook } from '../support/answers.js';
import { until } from '../support/cli.js';
import { APP, Load, ServiceProject, ask } from '../support/service.js';

const cause = { who: 'test' };
const rule = (text: string, overMs = 2_000): MonitorRule => ({ rule: text, overMs, severity: 'error' });
const addressOf = (it: ServiceProject): ServiceAddress => ({
  root: it.root,
  environment: 'staging',
  name: 'web',
});

test('an alert is raised and cleared, shown and sent to a webhook', async (t) => {
  const received: AlertEvent[] = [];
  const hook = http.createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      received.push(JSON.parse(text) as AlertEvent);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    hook.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => hook.close());
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  const webhook = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  const settings = {
    rules: [rule('error-rate < 1%')],
    webhook,
    samples: { share: 0, redact: [] },
    baseline: {},
  };
  assert.equal(await setMonitor(addressOf(it), settings, cause), undefined);
  await ask(port, '/fail');
  await until('it is raised', () => received.some((event) => event.kind === 'raised'));
  const stateNow = () => readAlerts(servicePlaces(it.root, 'staging', 'web').alerts)[0]?.state;
  await until('nothing is known of it any more', () => stateNow() === 'unknown');
  assert.deepEqual(
    received.map(({ kind }) => kind),
    ['raised'],
    'nobody asks any more: it has not recovered',
  );
  assert.match((await it.service(0, ['alerts', 'web'])).stdout, /firing since .*, nothing measured now: /);
  const load = new Load(t, port, 1);
  await until('it is cleared', () => received.some((event) => event.kind === 'cleared'));
  await load.stop();
  for (const event of received) checkWebhook(event);
  assert.deepEqual(
    received.map(({ kind, service, release, rule: text }) => [kind, service, release, text]),
    [
      ['raised', 'web', 'r1', 'error-rate < 1%'],
      ['cleared', 'web', 'r1', 'error-rate < 1%'],
    ],
  );
  const { stdout } = await it.service(0, ['alerts', 'web']);
  assert.match(stdout, /staging\/web {2}error-rate < 1%/);
  assert.match(stdout, /raised error-rate < 1%: error-rate is 100 %/);
});

test('a gate passes what holds, fails what does not, and says why', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2');
  const port = await it.start('r1');
  const address = addressOf(it);
  const load = new Load(t, port, 2);
  const rules = [rule('error-rate < 1%', 1_000), rule('p95 < 60s', 1_000)];
  const passed = await watchService(address, { forMs: 2_000, rules, minRequests: 5 });
  assert.equal(passed.passed, true, passed.message);
  assert.match(passed.message, /^\d+ requests, error-rate is 0 %, over .*; p95 is /);
  const slow = await watchService(address, {
    forMs: 2_000,
    rules: [rule('p50 < 0ms', 1_000)],
    minRequests: 0,
  });
  assert.equal(slow.passed, false);
  assert.match(slow.message, /^p50 < 0ms: p50 is [\d.]+ ms, over/);
  await load.stop();
  const silent = await watchService(address, { forMs: 1_000, rules, minRequests: 1_000 });
  assert.match(silent.message, /^only \d+ requests came in 1 s, and at least 1000 are needed/);
  // What happens meanwhile counts, too.
  await it.service(0, ['start', 'web', '--release', 'r2']);
  const watching = watchService(address, { forMs: 60_000, rules, minRequests: 0 });
  await orderService(address, 'rollback', { cause });
  const changed = await watching;
  assert.equal(changed.passed, false);
  assert.match(changed.message, /^r2 does not serve any more; r1 does/);
});

test('a gate on a canary is held against the canary alone', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const failing = APP.replace(
    "if (pathname === '/hang')",
    "if (pathname === '/') { response.statusCode = 500; return response.end(); }\n  if (pathname === '/hang')",
  );
  it.release('r2', { files: { 'app.js': failing } });
  const port = await it.start('r1');
  await it.service(0, ['start', 'web', '--release', 'r2', '--traffic', '10']);
  const load = new Load(t, port, 2);
  const address = addressOf(it);
  // One request in ten goes wrong, or fewer: of the canary nearly all that are no stream.
  const rules = [rule('error-rate < 30%', 1_000)];
  const gate = { forMs: 2_000, rules, minRequests: 5 };
  const whole = await watchService(address, { ...gate, requests: 'all' });
  assert.equal(whole.passed, true, whole.message);
  const alone = await watchService(address, gate);
  assert.equal(alone.passed, false, alone.message);
  assert.match(alone.message, /^the canary r2: error-rate < 30%: error-rate is \d/);
  assert.ok((alone.summary?.requests ?? 0) < (whole.summary?.requests ?? 0) / 2);
  // Going back is what `on-failure: rollback` does; then there is nothing left to watch.
  const watching = watchService(address, { ...gate, rules: [], forMs: 60_000 });
  await orderService(address, 'rollback', { cause });
  assert.match((await watching).message, /^r2 is no canary any more; r1 serves/);
  assert.match(
    (await watchService(address, { ...gate, requests: 'canary' })).message,
    /has no canary to watch/,
  );
  await load.stop();
});

test('requests unlike the training set are told from those like it, and a feature that vanishes is missed', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  const address = addressOf(it);
  const baseline = {
    rain: { kind: 'number', edges: [0, 1, 2, 3, 4], counts: [20, 20, 20, 20, 20], missing: 0 },
    sky: { kind: 'category', values: [['grey', 100]], others: 0, missing: 0 },
  } as const;
  const drift = rule('drift.rain < 0.2', 60_000);
  const gone = [rule('drift.sky < 0.2', 60_000), rule('missing.sky < 10%', 60_000)];
  await setMonitor(address, { rules: [drift, ...gone], samples: { share: 1, redact: [] }, baseline }, cause);
  const send = async (values: readonly number[], more: object = {}): Promise<void> => {
    for (const rain of values) {
      await new Promise<void>((resolve) => {
        const request = http.request(
          { port, host: '127.0.0.1', method: 'POST', headers: { 'content-type': 'application/json' } },
          (response) => response.resume().once('end', resolve),
        );
        request.end(JSON.stringify({ rain, ...more }));
      });
    }
  };
  await send(
    Array.from({ length: 50 }, (_, n) => n % 5),
    { sky: 'grey' },
  );
  const state = (of = drift): string | undefined =>
    readAlerts(servicePlaces(it.root, 'staging', 'web').alerts).find((one) => one.rule === of.rule)?.state;
  for (const one of [drift, ...gone]) await until(`${one.rule} holds`, () => state(one) === 'holds');
  await send(Array.from({ length: 100 }, () => 4));
  for (const one of [drift, ...gone]) await until(`${one.rule} is broken`, () => state(one) === 'broken');
  assert.match(
    (await it.service(0, ['alerts', 'web'])).stdout,
    /drift\.rain < 0\.2 {2}firing since .*drift\.rain is/,
  );
  const status = await it.service(0, ['status', 'web']);
  assert.match(status.stdout, /^ {2}alert {6}drift\.rain < 0\.2 {2}firing since .*drift\.rain is/m);
});
