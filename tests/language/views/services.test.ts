/** Services over the protocol: what the Services view asks and orders, beside the real command line and host. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type {
  Answer,
  EnvironmentItem,
  ServiceItem,
  ServiceRequests,
} from '../../../server/protocol/index.js';
import { hostOf } from '../../../server/serving/services/read.js';
import { setMonitor } from '../../../server/serving/releases/gate.js';
import { NOT_MONITORED } from '../../../server/serving/monitor/settings.js';
import { servicePlaces } from '../../../server/serving/places.js';
import type { LspClient } from '../../support/lsp-client.js';
import { builtBundle, until, uri } from '../../support/lsp-client.js';
import { ask as get, freePort, ServiceProject } from '../../support/service.js';
import { client } from '../fixture.js';

type Without<P, K extends PropertyKey> = P extends unknown ? Omit<P, K> : never;

type Ask = <M extends keyof ServiceRequests>(
  method: M,
  params: Without<ServiceRequests[M]['params'], 'projectUri'>,
) => Promise<ServiceRequests[M]['result']>;

const WEB = { environment: 'staging', name: 'web' };

interface Setup {
  readonly services: ServiceProject;
  readonly lsp: LspClient;
  readonly ask: Ask;
  readonly order: (
    order: ServiceRequests['modelyard/serviceOrder']['params']['order'],
    more?: Partial<ServiceRequests['modelyard/serviceOrder']['params']>,
  ) => Promise<ServiceRequests['modelyard/serviceOrder']['result']>;
  readonly staging: () => Promise<EnvironmentItem | undefined>;
  readonly web: () => Promise<ServiceItem | undefined>;
}

async function setup(t: TestContext, trusted = true): Promise<Setup> {
  const services = await ServiceProject.make(t);
  await builtBundle('service-host.js');
  services.project.write({ 'modelyard.yaml': 'name: services\n' });
  const lsp = await client(t, services.root, { initializationOptions: { trusted } });
  const ask: Ask = (method, params) => lsp.request(method, { projectUri: uri(services.root), ...params });
  const staging = async (): Promise<EnvironmentItem | undefined> =>
    (await ask('modelyard/services', {})).environments[0];
  return {
    services,
    lsp,
    ask,
    order: (order, more) => ask('modelyard/serviceOrder', { ...WEB, order, ...more }),
    staging,
    web: async () => (await staging())?.services[0],
  };
}

/** Waits for the server's word that services changed, after which they are as told. */
async function told(lsp: LspClient, what: string, holds: () => Promise<boolean>): Promise<void> {
  await until(what, async () => {
    if (!lsp.changed.some((change) => change.what.includes('services'))) return false;
    return holds();
  });
  lsp.changed.length = 0;
}

function message(answer: Answer): string {
  assert.ok(!answer.ok, JSON.stringify(answer));
  return answer.message;
}

function value<T extends object>(answer: Answer<T>): T {
  assert.ok(answer.ok, answer.ok ? '' : answer.message);
  return answer;
}

test('a service started in a terminal shows, and is rolled back, tried, stopped and started from here', async (t) => {
  const { services, lsp, ask, order, staging, web } = await setup(t);
  assert.deepEqual(await ask('modelyard/services', {}), { environments: [], problems: [] });
  const model = {
    name: 'rain',
    version: '3',
    hash: 'sha256:0',
    alias: 'production',
    path: 'm.json',
  } as const;
  services.release('r1', { model });
  services.release('r2', { package: { name: 'app', version: '2', hash: 'sha256:0' } });
  services.release('r3', { package: { name: 'app', version: '3', hash: 'sha256:0' } });
  const port = await services.start('r1');
  await told(lsp, 'the service', async () => (await web())?.status === 'running');
  const first = await web();
  assert.equal(first?.url, `http://127.0.0.1:${port}`);
  assert.deepEqual(
    [first.desired, first.hosted, first.current?.id, first.current?.ready, first.current?.traffic],
    ['running', true, 'r1', 1, 100],
  );
  assert.deepEqual(first.current?.model, { name: 'rain', version: '3', alias: 'production', aliases: [] });
  assert.equal(first.previous, undefined);
  assert.deepEqual(
    (await staging())?.releases.map(({ id }) => id),
    ['r3', 'r2'],
  );

  await services.service(0, ['start', 'staging/web', '--release', 'r2']);
  await told(lsp, 'the next release', async () => (await web())?.current?.id === 'r2');
  assert.equal((await web())?.previous?.id, 'r1');

  // What has moved since the person looked stays as it is.
  const stale = await order({ verb: 'rollback' }, { expected: { current: 'r1', candidate: null } });
  assert.match(message(stale), /web has changed meanwhile: app@2 serves now/);
  value(
    await order(
      { verb: 'start', release: 'r3', traffic: 20 },
      { expected: { current: 'r2', candidate: null } },
    ),
  );
  const split = await web();
  assert.deepEqual(
    [split?.current?.traffic, split?.candidate?.id, split?.candidate?.traffic],
    [80, 'r3', 20],
  );
  const gone = await order({ verb: 'promote' }, { expected: { current: 'r2', candidate: null } });
  assert.match(message(gone), /app@3 is its canary now/);
  value(await order({ verb: 'traffic', percent: 50 }));
  value(await order({ verb: 'promote' }, { reason: 'looks good' }));
  assert.equal((await web())?.current?.id, 'r3');
  value(await order({ verb: 'rollback' }));
  assert.deepEqual([(await web())?.current?.id, (await web())?.candidate], ['r2', undefined]);

  const history = value(await ask('modelyard/serviceHistory', { ...WEB, limit: 3 }));
  assert.deepEqual(
    history.entries.map(({ kind, text, reason }) => [kind, text, reason]),
    [
      ['rolled-back', 'rolled back to app@2 from app@3', undefined],
      ['deploying', 'making app@2 ready', undefined],
      ['promoted', 'promoted app@3 in place of app@2', 'looks good'],
    ],
  );
  assert.equal(history.more, true);

  appendFileSync(
    servicePlaces(services.root, 'staging', 'web').samples,
    `${JSON.stringify({ at: '2026-01-01T00:00:00Z', method: 'POST', path: '/rain', status: 200, request: { a: 1 } })}\n`,
  );
  const { samples } = value(await ask('modelyard/serviceSamples', WEB));
  assert.deepEqual(
    samples.map(({ method, path, body, from }) => [from, method, path, body]),
    [
      ['traffic', 'POST', '/rain', '{\n  "a": 1\n}'],
      ['health', 'GET', '/health', undefined],
    ],
  );
  const [sample] = samples;
  assert.ok(sample);
  const { answer } = value(await ask('modelyard/serviceSample', { ...WEB, request: sample }));
  assert.equal(answer.status, 200);
  assert.equal((JSON.parse(answer.body) as { name: string }).name, 'r2');
  const odd = { method: 'GET', path: 'no slash' };
  assert.match(message(await ask('modelyard/serviceSample', { ...WEB, request: odd })), /begins with/);

  value(await order({ verb: 'stop' }));
  assert.deepEqual([(await web())?.status, (await web())?.hosted], ['stopped', false]);
  assert.match(message(await ask('modelyard/serviceSample', { ...WEB, request: sample })), /does not run/);
  value(await order({ verb: 'start' }));
  assert.deepEqual([(await web())?.status, (await web())?.current?.id], ['running', 'r2']);
  assert.equal((await get(port)).status, 200);

  // A host that is killed can't say so.
  lsp.changed.length = 0;
  const host = hostOf(servicePlaces(services.root, 'staging', 'web').lock);
  assert.ok(host);
  process.kill(host.pid, 'SIGKILL');
  await told(lsp, 'that the host is gone', async () => (await web())?.status === 'lost');
  value(await order({ verb: 'stop' }));
  assert.equal((await web())?.status, 'stopped');
});

test('what can not be done is refused in words: secrets, unknown releases, what does not run, Restricted Mode', async (t) => {
  const { services, ask, order } = await setup(t);
  services.release('r1', { secrets: ['MODELYARD_TEST_KEY'], port: await freePort() });
  const refused = await order({ verb: 'start', release: 'r1' });
  assert.match(message(refused), /needs MODELYARD_TEST_KEY, and the editor’s environment does not have it/);
  assert.deepEqual(!refused.ok && [refused.missingSecrets, refused.command], [
    ['MODELYARD_TEST_KEY'],
    ['service', 'start', 'staging/web', '--release', 'r1'],
  ]);
  assert.match(message(await order({ verb: 'start', release: 'r9' })), /there is no release r9/);
  assert.match(message(await order({ verb: 'restart' })), /does not run/);
  assert.match(message(await order({ verb: 'stop' }, { name: 'other' })), /There is no service other/);
  await assert.rejects(
    ask('modelyard/serviceOrder', { ...WEB, order: { verb: 'explode' as 'stop' } }),
    /no order/,
  );
  await assert.rejects(order({ verb: 'traffic', percent: 400 }), /percentage/);

  const plain = await client(t, services.root);
  const order2 = { projectUri: uri(services.root), ...WEB, order: { verb: 'start', release: 'r1' } };
  assert.match(message(await plain.request('modelyard/serviceOrder', order2)), /Restricted Mode/);
});

const PIPELINE = `kind: deployment
tasks:
  watch:
    monitor:
      service: web
      environment: staging
      rules:
        - rate >= 0/s
        - rate > 1000000/s
  gate:
    monitor: { service: web, environment: staging, for: 10s, rules: rate > 1000000/s }
  other:
    monitor: { service: web, environment: production, rules: rate > 1000000/s }
  stage:
    service: { name: web, environment: staging, release: r1 }
  stage-watch:
    needs: [stage]
    monitor: { service: web, rules: rate > 1000000/s }
  produce:
    needs: [stage]
    service: { name: web, environment: production, release: r1 }
  produce-watch:
    needs: [produce]
    monitor: { service: web, rules: rate > 1000000/s }
`;

test('an alert that fires is told on its rule’s line, and no more when it does not', async (t) => {
  const { services, lsp, web } = await setup(t);
  const file = services.project.path('watch.pipeline.yaml');
  services.project.write({ 'watch.pipeline.yaml': PIPELINE });
  await lsp.watched([{ file, type: 'created' }]);
  await lsp.open(file, PIPELINE);
  services.release('r1');
  await services.start('r1');
  const rules = ['rate >= 0/s', 'rate > 1000000/s'].map((rule) => ({
    rule,
    overMs: 5_000,
    severity: 'error' as const,
  }));
  const address = { root: services.root, ...WEB };
  const set = (list: typeof rules): Promise<string | undefined> =>
    setMonitor(address, { ...NOT_MONITORED, rules: list }, { who: 'test' });
  assert.equal(await set(rules), undefined);
  const alerts = async (): Promise<(readonly [number, string])[]> =>
    (await lsp.diagnostics(file))
      .filter(({ code }) => code === 'alert')
      .map(
        ({ range, message: words }) =>
          [range.start.line, typeof words === 'string' ? words : words.value] as const,
      );
  const firing = await until('the diagnostic', async () => {
    const found = await alerts();
    return found.length > 0 && found;
  });
  assert.deepEqual(
    firing.map(([line]) => line),
    [8, 17],
  );
  assert.match(firing[0]?.[1] ?? '', /^web in staging breaks this rule since .* UTC: rate is .*\.$/);
  assert.deepEqual(
    (await web())?.alerts.map(({ rule, firing: fires, place }) => [rule, fires, place?.line]),
    [
      ['rate > 1000000/s', true, 8],
      ['rate >= 0/s', false, 7],
    ],
  );
  const { entries } = value(
    await lsp.request<ServiceRequests['modelyard/serviceHistory']['result']>('modelyard/serviceHistory', {
      projectUri: uri(services.root),
      ...WEB,
      limit: 1,
    }),
  );
  assert.deepEqual([entries[0]?.kind, entries[0]?.rule], ['raised', 'rate > 1000000/s']);
  assert.equal(await set([]), undefined);
  await until('no diagnostic', async () => (await alerts()).length === 0);
});
