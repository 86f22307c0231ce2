/** Changes of a service: one after the other, with the secrets of now, and orders that make no sense. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { startService } from '../../../server/serving/services/client.js';
import { servicePlaces } from '../../../server/serving/places.js';
import { isAlive, until } from '../../support/cli.js';
import { ServiceProject, ask, freePort } from '../../support/service.js';

const tokenOf = async (port: number): Promise<unknown> =>
  (JSON.parse((await ask(port)).body) as { env: { token?: string } }).env.token;

test('a start with another value of a secret restarts what runs, and says so', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1', { secrets: ['TOKEN'] });
  const port = await freePort();
  const start = ['start', 'staging/web', '--release', 'r1', '--port', String(port)];
  await it.service(0, start, { TOKEN: 'value-one' });
  assert.equal(await tokenOf(port), 'value-one');
  assert.match((await it.service(0, start, { TOKEN: 'value-one' })).stdout, /already/);
  const { stdout } = await it.service(0, start, { TOKEN: 'value-two' });
  assert.match(stdout, /was restarted on port \d+: TOKEN has another value/);
  assert.equal(await tokenOf(port), 'value-two');
  assert.doesNotMatch(it.appLog(), /value-one|value-two/);
  const host = it.view().owner?.pid ?? 0;
  process.kill(host, 'SIGKILL');
  await until('the host is gone', () => !isAlive(host));
  await it.service(0, ['start', 'web'], { TOKEN: 'value-three' });
  assert.equal(await tokenOf(port), 'value-three', 'also of processes that were taken over');
});

/** A release that takes a while to become ready, as long as a file is not there. */
const SLOW = `
const { existsSync } = require('node:fs');
const { NAME, PORT, MODELYARD_PROJECT } = process.env;
require('node:http').createServer((request, response) => {
  if (request.url === '/health' && !existsSync(MODELYARD_PROJECT + '/go')) response.statusCode = 503;
  response.end(NAME);
}).listen(PORT, '127.0.0.1');
`;

test('deployments wait for their turn, and the newest wins', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  for (const id of ['r2', 'r3', 'r4']) it.release(id, { files: { 'app.js': SLOW } });
  const address = { root: it.root, environment: 'staging', name: 'web' };
  const order = (
    release: string,
    more: { wait?: boolean; id?: string; unlessNewer?: boolean } = {},
  ): ReturnType<typeof startService> =>
    startService(address, { release, cause: { who: 'test' }, secretValues: {}, graceMs: 60_000, ...more });
  const second = order('r2', { wait: true });
  await until('it is under way', () => it.view().candidate?.id === 'r2');
  const refused = await order('r3');
  assert.match(refused.message, /a deployment of web is under way/);
  const third = order('r3', { wait: true });
  // An order is in its place when the next one, over another connection, has been answered.
  await order('r3');
  const fourth = order('r4', { wait: true });
  assert.deepEqual(await third, {
    ok: false,
    message: 'a deployment of web was superseded by a newer one while it waited for its turn',
  });
  writeFileSync(it.project.path('go'), '');
  assert.equal((await second).ok, true);
  assert.equal((await fourth).ok, true);
  assert.equal((await ask(port)).body, 'r4');
  // A run that came to its service only now, with a release from before.
  assert.deepEqual(await order('r3', { wait: true, unlessNewer: true }), {
    ok: false,
    message: 'r3 was superseded by r4, a newer release of the same app that web has by now',
  });
  assert.equal((await order('r4', { wait: true, unlessNewer: true })).ok, true);
  assert.equal((await ask(port)).body, 'r4');
  const { stderr } = await it.service(1, ['promote', 'web', '--no-wait']);
  assert.match(stderr, /no canary/);
});

test('starting everything says what failed, and tries again what ran before', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('bad', { mode: 'exit' });
  const port = await freePort();
  await it.service(1, ['start', 'staging/web', '--release', 'bad', '--port', String(port)]);
  assert.match((await it.service(1, ['start'])).stdout, /staging\/web: .*say with which release/);
  it.release('r1');
  await it.service(0, ['start', 'staging/web', '--release', 'r1', '--port', String(port)]);
  await it.service(0, ['stop', 'web']);
  const foreign = http.createServer().listen(port, '127.0.0.1');
  t.after(() => foreign.close());
  await it.service(1, ['start', 'web']);
  assert.equal(it.view().status, 'failed');
  assert.match((await it.service(1, ['start'])).stdout, /in use/);
  await new Promise((resolve) => foreign.close(resolve));
  assert.match((await it.service(0, ['start'])).stdout, /serves on port/);
});

test('a secret in the last words of an app is written nowhere', async (t) => {
  const it = await ServiceProject.make(t);
  const secret = 'sup3r&secret"k/y==';
  it.release('r1', {
    secrets: ['TOKEN'],
    entrypoint:
      'printf "bad key sup3r&sec"; sleep 0.2; echo "${TOKEN#sup3r&sec}"; echo "again $TOKEN"; sleep 0.3; exit 3',
  });
  const port = String(await freePort());
  const { stderr } = await it.service(1, ['start', 'staging/web', '--release', 'r1', '--port', port], {
    TOKEN: secret,
  });
  assert.match(stderr, /its last words: again \*\*\*/);
  const kept = ['service.json', 'history.ndjson', 'logs/app.log', 'logs/host.log'].map((name) => {
    try {
      return readFileSync(it.project.path('.modelyard/services/staging/web', name), 'utf8');
    } catch {
      return '';
    }
  });
  for (const text of [stderr, ...kept]) {
    assert.ok(!text.includes(secret) && !text.includes(JSON.stringify(secret).slice(1, -1)), text);
    assert.ok(!text.includes('sup3r&sec'), text);
  }
});

/** Settings of a monitor with one baseline. */
const watching = (baseline: object, more: object = {}): readonly [string, unknown] => [
  'monitor',
  { settings: { rules: [], samples: { share: 0, redact: [] }, baseline: { rain: baseline }, ...more } },
];

/** Orders that no version of ours gives. */
const MALFORMED: readonly (readonly [string, unknown])[] = [
  ['monitor', {}],
  ['monitor', { settings: null }],
  ['monitor', { settings: 5 }],
  ['monitor', { settings: { rules: {} } }],
  ['monitor', { settings: { rules: [null], samples: { share: 0, redact: [] }, baseline: {} } }],
  ['monitor', { settings: { rules: [], samples: { share: 'x', redact: [] }, baseline: {} } }],
  ['monitor', { settings: { rules: [], samples: { share: 0, redact: [] }, baseline: { a: null } } }],
  watching({ kind: 'number' }),
  watching({ kind: 'category', values: 5, others: 0, missing: 0 }),
  watching({ kind: 'category', values: [['a']], others: 0, missing: 0 }),
  watching({ kind: 'category', values: [['a', -1]], others: 0, missing: 0 }),
  watching({ kind: 'number', edges: [1, 2], counts: [1], missing: 0 }),
  watching({ kind: 'number', edges: [2, 1], counts: [1, 1], missing: 0 }),
  watching({ kind: 'number', edges: [null], counts: [1], missing: 0 }),
  watching({ kind: 'number', from: 'x', edges: [1], counts: [1], missing: 0 }),
  watching({ kind: 'toString' }),
  watching([]),
  ['monitor', { settings: { rules: [], samples: { share: 0, redact: [5] }, baseline: {} } }],
  ['monitor', { settings: { rules: [], samples: { share: 0, redact: [] }, baseline: {}, webhook: {} } }],
  ['start', { release: '../../x' }],
  ['start', { release: 5 }],
  ['start', { replicas: -1 }],
  ['start', { replicas: 1e9 }],
  ['start', { env: { A: 1 } }],
  ['start', { env: { A: 'nul\0nul' } }],
  ['start', { env: { 'A=B': '' } }],
  ['start', { env: { '': 'x' } }],
  ['start', { secretValues: { A: {} } }],
  ['start', { secretValues: { TOKEN: 'nul\0nul' } }],
  ['start', { secrets: ['A\0B'] }],
  ['start', { host: '' }],
  ['start', { host: 'a\0b' }],
  ['start', { probe: { path: '/health check' } }],
  ['start', { probe: { path: 'health' } }],
  ['start', { probe: { path: '/\r\nX: y' } }],
  ['start', { cause: { who: 'x', run: {} } }],
  ['start', { cause: { who: 'x', run: { id: 5, pipeline: 'p' } } }],
  ['start', { secretValues: [] }],
  ['start', { probe: { intervalMs: 'x' } }],
  ['start', { limits: { timeoutMs: null } }],
  ['start', { ports: { from: 1 } }],
  ['start', { cause: 'me' }],
  ['traffic', {}],
  ['traffic', { percent: 'x' }],
  ['traffic', { percent: -5 }],
  ['traffic', { percent: [50] }],
  ['measure', { windowMs: 1e300 }],
  ['measure', { windowMs: 1, release: 5 }],
  ['restart', { wait: 'yes' }],
  ['abort', { id: {} }],
  ['measure', { windowMs: {} }],
  ['buckets', {}],
  ['stop', { cause: { who: 5 } }],
  ['constructor', {}],
  ['__proto__', {}],
  ['nonsense', {}],
];

test('orders that make no sense are refused, and end nothing', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  const { control } = servicePlaces(it.root, 'staging', 'web');
  const { port: to, token } = JSON.parse(readFileSync(control, 'utf8')) as { port: number; token: string };
  for (const [verb, body] of MALFORMED) {
    const response = await fetch(`http://127.0.0.1:${to}/${verb}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const lines = (await response.text()).trim().split('\n');
    const { ok } = JSON.parse(lines.at(-1) ?? '{}') as { ok?: boolean };
    assert.equal(ok, false, `${verb} ${JSON.stringify(body)}: ${lines.join(' ')}`);
    assert.equal((await ask(port)).status, 200);
  }
  await it.service(0, ['status', 'web']);
  assert.equal((await ask(port)).release, 'r1');
});

test('a document that names somebody else’s process signals nobody', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  await it.start('r1');
  const host = it.view().owner?.pid ?? 0;
  const replicas = it.view().current?.replicas ?? [];
  process.kill(host, 'SIGKILL');
  await until('the host is gone', () => !isAlive(host));
  const stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  t.after(() => stranger.kill('SIGKILL'));
  const pid = stranger.pid ?? 0;
  await until('it runs', () => isAlive(pid));
  const start = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[21] ?? '';
  const boot = replicas[0]?.processStart?.split('@')[1] ?? '';
  const document = it.project.path('.modelyard/services/staging/web/service.json');
  const value = JSON.parse(readFileSync(document, 'utf8')) as { current: { replicas: object[] } };
  const named = { ...replicas[0], pid };
  value.current.replicas = [
    ...replicas,
    { ...named, id: '0123456789abcdef', processStart: undefined },
    { ...named, id: '0123456789abcdee', processStart: `${start}@${boot}` },
    { ...named, id: '../../../../go', pid: 1 },
    { ...named, id: '0123456789abcdea', pid: -1 },
  ];
  writeFileSync(document, JSON.stringify(value));
  writeFileSync(it.project.path('go'), 'stays');
  await it.service(0, ['stop', 'web']);
  assert.ok(isAlive(pid), 'the stranger lives');
  assert.equal(readFileSync(it.project.path('go'), 'utf8'), 'stays');
  for (const replica of replicas) assert.ok(!isAlive(replica.pid), 'what was ours has ended');
});
