/** Services under load while releases change, while processes are killed, and with apps that don't behave. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { processes } from '../../server/stores/machine/proc.js';
import { TestProject, isAlive, until } from '../support/cli.js';
import { startService } from '../../server/serving/services/client.js';
import { Load, PYTHON_APP, ServiceProject, ask, freePort } from '../support/service.js';

test('releases are switched under load without a failed request', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2');
  const port = await it.start('r1');
  const load = new Load(t, port);
  await load.more(20);
  for (const release of ['r2', 'r1', 'r2']) {
    await it.service(0, ['start', 'web', '--release', release]);
    await load.more(20);
    assert.equal((await ask(port)).release, release);
  }
  await it.service(0, ['restart', 'web']);
  await it.service(0, ['rollback', 'web']);
  await load.more(20);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await ask(port)).release, 'r1');
  assert.deepEqual(
    it.events().filter((event) => !event.startsWith('deploying')),
    ['started r1', 'deployed r2', 'deployed r1', 'deployed r2', 'restarted r2', 'rolled-back r1'],
  );
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

const NEVER: readonly (readonly [string, string, RegExp])[] = [
  ['ends', 'exit', /ended with exit code 3 before it was ready; its last words: the model is missing/],
  ['is never ready', 'never-ready', /was not ready within 4 s \(\/health answers 503\)/],
];

test('a release that does not become healthy gets no traffic, and the one before stays', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('good');
  const port = await it.start('good');
  for (const [what, mode, why] of NEVER) {
    it.release(mode, { mode });
    const load = new Load(t, port, 2);
    const result = await startService(
      { root: it.root, environment: 'staging', name: 'web' },
      { release: mode, graceMs: mode === 'exit' ? 30_000 : 4_000, cause: { who: 'test' }, secretValues: {} },
    );
    assert.equal(result.ok, false, what);
    assert.match(result.message, why);
    await load.more(10);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal((await ask(port)).release, 'good');
    await until('nothing of it is left', () => it.view().candidate === undefined);
  }
  assert.equal(it.view().status, 'running');
});

test('a first release that fails leaves no host, no process and a reason', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('bad', { mode: 'exit' });
  const port = await freePort();
  const { stderr } = await it.service(1, [
    'start',
    'staging/web',
    '--release',
    'bad',
    '--port',
    String(port),
  ]);
  assert.match(stderr, /got no traffic/);
  await until('the host has ended', () => !it.view().hosted);
  assert.equal(it.view().status, 'failed');
  assert.equal((await ask(port)).status, 0);
});

test('an app that dies is started again; one that dies again and again is rolled back', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2');
  const port = await it.start('r1');
  await it.service(0, ['start', 'web', '--release', 'r2']);
  await ask(port, '/crash');
  await until('it is back', () => it.view().current?.restarts === 1 && it.view().status === 'running');
  assert.equal((await ask(port)).release, 'r2');
  // Each time it is back it is killed, until it counts as a loop.
  await until('it was rolled back', () => {
    const { current } = it.view();
    if (current?.id === 'r1') return true;
    for (const replica of current?.replicas ?? []) if (replica.ready) kill(replica.pid);
    return false;
  });
  assert.ok(it.events().includes('crash-loop r2'));
  assert.equal(it.events().at(-1), 'rolled-back r1');
  await until('it serves', () => it.view().status === 'running');
  assert.equal((await ask(port)).release, 'r1');
});

/** Starts the app, and is killed by it when the host asks how it is: the app goes on and does not answer. */
const LEADER = `
require('node:child_process').spawn(process.execPath, ['app.js'], { stdio: 'inherit' });
setInterval(() => {}, 1000);
`;
const LEFT_ALONE = `
const http = require('node:http');
let asked = 0;
http.createServer((request, response) => {
  if (request.url !== '/health' || asked++ === 0) return response.end('ok');
  try { process.kill(process.ppid, 'SIGKILL'); } catch {}
}).listen(process.env.PORT, '127.0.0.1');
`;

test('the end of an app is seen while its child leaves a probe without an answer', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2', {
    files: { 'app.js': LEFT_ALONE, 'leader.js': LEADER },
    entrypoint: 'exec node leader.js',
  });
  await it.start('r1');
  // Whoever waits for the probe waits longer than the test.
  const probe = { intervalMs: 50, timeoutMs: 600_000, failures: 3 };
  const { ok, message } = await startService(
    { root: it.root, environment: 'staging', name: 'web' },
    { release: 'r2', probe, cause: { who: 'test' }, secretValues: {} },
  );
  assert.equal(ok, true, message);
  await until('another process takes its place', () => {
    const { current } = it.view();
    return current?.id === 'r2' && current.restarts > 0;
  });
});

test('the host is killed under load: apps are taken over or replaced, nothing stays behind', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2');
  const port = await it.start('r1', '--replicas', '2');
  const seen = new Set<number>();
  for (let round = 0; round < 4; round++) {
    const load = new Load(t, port, 2);
    await load.more(5);
    const { owner, current } = it.view();
    for (const replica of current?.replicas ?? []) seen.add(replica.pid);
    // In between also a deployment that never gets to its end, and an app.
    const deploying =
      round === 1 ? it.project.run(['service', 'start', 'web', '--release', 'r2']) : undefined;
    if (round === 1) await until('it is being deployed', () => it.view().candidate !== undefined);
    if (round === 2) kill(current!.replicas[0]!.pid);
    kill(owner!.pid);
    await until('its end is seen', () => it.view().status === 'lost');
    await deploying;
    await load.stop();
    // A killed process goes on until it is its turn to end, and would be taken over.
    if (round === 2) await until('the app has ended', () => !isAlive(current!.replicas[0]!.pid));
    const before = it.view().current!.replicas.map((replica) => replica.pid);
    await it.service(0, ['start']);
    await until('all of it runs', () => it.view().status === 'running');
    const after = it.view().current!.replicas.map((replica) => replica.pid);
    for (const pid of after) seen.add(pid);
    if (round === 0) assert.deepEqual(after, before, 'both were taken over');
    const again = new Load(t, port, 2);
    await again.more(10);
    await again.stop();
    assert.deepEqual(again.failures, []);
  }
  const living = it.view().current!.replicas.map((replica) => replica.pid);
  assert.equal(living.length, 2);
  for (const pid of seen) assert.equal(isAlive(pid), living.includes(pid), `process ${pid}`);
  assert.match(it.appLog(), /starting r1/);
});

test('a service whose host is gone can be stopped, and what it left is ended', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1', { mode: 'stubborn' });
  await it.start('r1');
  const { owner, current } = it.view();
  kill(owner!.pid);
  await until('it is lost', () => it.view().status === 'lost');
  await it.service(0, ['stop', 'web']);
  assert.equal(it.view().status, 'stopped');
  assert.equal(isAlive(current!.replicas[0]!.pid), false);
});

/** A killed process may hold its port for a moment after its end can be seen. */
async function listenOn(port: number): Promise<net.Server> {
  for (;;) {
    const server = net.createServer();
    const open = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (open) return server;
    await pause(15);
  }
}

test('what can’t be brought back for now is brought back later', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  kill(it.view().owner!.pid);
  await until('it is lost', () => it.view().status === 'lost');
  const server = await listenOn(port);
  assert.match((await it.service(1, ['start'])).stdout, new RegExp(`the port ${port} is in use`));
  await until('the host has ended', () => !it.view().hosted);
  assert.equal(it.view().status, 'lost');
  await new Promise((resolve) => {
    server.close(resolve);
  });
  await it.service(0, ['start']);
  assert.equal((await ask(port)).release, 'r1');
});

test('an app that ignores SIGTERM is ended all the same, with its children', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1', { mode: 'stubborn', entrypoint: 'sleep 1000 & exec node app.js' });
  await it.start('r1', '--drain', '100ms');
  const pids = it.view().current!.replicas.map((replica) => replica.pid);
  await it.service(0, ['stop', 'web']);
  const left = processes().filter((one) => pids.includes(one.group) && one.state !== 'Z');
  assert.deepEqual(left, []);
});

test('streams and websockets go on at the old release, new requests go to the new one', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2');
  const port = await it.start('r1', '--drain', '3s');
  const socket = net.connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (data: Buffer) => (said += data.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\none');
  await until('it speaks', () => said.endsWith('r1:one'));
  const stream = ask(port, '/stream?n=200');
  await it.service(0, ['start', 'web', '--release', 'r2']);
  assert.equal((await ask(port)).release, 'r2');
  socket.write('two');
  await until('it still speaks', () => said.endsWith('r1:two'));
  const { status, body } = await stream;
  assert.equal(status, 200);
  assert.equal(body, 'r1\n'.repeat(200));
  await it.service(0, ['stop', 'web']);
  await closed;
});

test('a canary has its share, and is promoted or ended', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('r2');
  const port = await it.start('r1');
  const shares = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (let n = 0; n < 20; n++) {
      const { release = 'none' } = await ask(port);
      counts[release] = (counts[release] ?? 0) + 1;
    }
    return counts;
  };
  await it.service(0, ['start', 'web', '--release', 'r2', '--traffic', '10']);
  assert.deepEqual(await shares(), { r1: 18, r2: 2 });
  await it.service(0, ['traffic', 'web', '50']);
  assert.deepEqual(await shares(), { r1: 10, r2: 10 });
  await it.service(0, ['abort', 'web']);
  assert.deepEqual(await shares(), { r1: 20 });
  await it.service(0, ['start', 'web', '--release', 'r2', '--traffic', '5']);
  await it.service(0, ['promote', 'web']);
  assert.deepEqual(await shares(), { r2: 20 });
  const { stderr } = await it.service(1, ['promote', 'web']);
  assert.match(stderr, /web has no canary/);
});

test('a port that is taken, a second host and a second deployment are refused with the reason', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.release('slow', { mode: 'never-ready' });
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as net.AddressInfo;
  const first = await it.service(1, ['start', 'staging/web', '--release', 'r1', '--port', String(taken)]);
  assert.match(first.stderr, new RegExp(`the port ${taken} is in use`));
  server.close();
  await until('the host has ended', () => !it.view().hosted);
  // Many at once: one of them starts it, the others find it running or being started.
  const port = await freePort();
  const args = ['service', 'start', 'staging/web', '--release', 'r1', '--port', String(port)];
  const results = await Promise.all([1, 2, 3].map(() => it.project.run(args)));
  assert.ok(results.some((result) => result.code === 0));
  for (const { code, stderr } of results)
    if (code !== 0) assert.match(stderr, /was superseded by a newer one/);
  await until('it runs', () => it.view().status === 'running');
  assert.equal((await ask(port)).release, 'r1');
  const waiting = it.project.start(['service', 'start', 'web', '--release', 'slow']);
  await until('it is being deployed', () => it.view().candidate?.id === 'slow');
  const second = await it.service(1, ['start', 'web', '--release', 'r1', '--replicas', '2', '--no-wait']);
  assert.match(second.stderr, /a deployment of web is under way/);
  await it.service(0, ['abort', 'web']);
  assert.match((await waiting.done).stderr, /was stopped before it was ready/);
  assert.equal((await ask(port)).release, 'r1');
});

test('secrets reach the app, and neither a file nor the log', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1', { secrets: ['TOKEN'] });
  const port = await freePort();
  const args = ['start', 'staging/web', '--release', 'r1', '--port', String(port)];
  const { stderr } = await it.service(1, args);
  assert.match(stderr, /needs TOKEN: set it in the environment/);
  await until('the host has ended', () => !it.view().hosted);
  await it.service(0, args, { TOKEN: 's3cret-of-the-test' });
  assert.match((await ask(port)).body, /"token":"s3cret-of-the-test"/);
  await until('it has said something', () => it.appLog().includes('starting r1'));
  assert.match(it.appLog(), /starting r1 ok \*\*\*/);
  for (const name of readdirSync(it.project.path('.modelyard/services'), { recursive: true })) {
    const file = it.project.path('.modelyard/services', String(name));
    if (!statSync(file).isFile()) continue;
    assert.ok(!readFileSync(file, 'utf8').includes('s3cret'), file);
  }
});

test('an app of Python’s own server is switched as well', async (t) => {
  const it = await ServiceProject.make(t);
  const files = { 'app.py': PYTHON_APP };
  for (const id of ['p1', 'p2']) it.release(id, { files, entrypoint: 'python3 app.py', health: {} });
  const port = await it.start('p1');
  assert.equal((await ask(port)).body, 'p1');
  await it.service(0, ['start', 'web', '--release', 'p2']);
  const { status, body } = await ask(port);
  assert.deepEqual({ status, body }, { status: 200, body: 'p2' });
});

test('what the command line says', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  assert.match(
    (await it.service(0, ['list'])).stdout,
    /staging\/web {2}running {2}r1 \(app@1\) {2}http:\/\/127/,
  );
  await ask(port);
  await ask(port, '/fail');
  const status = await it.service(0, ['status', 'web', '--json']);
  const parsed = JSON.parse(status.stdout) as { status: string; url: string; current: { id: string } };
  assert.deepEqual(
    [parsed.status, parsed.url, parsed.current.id],
    ['running', `http://127.0.0.1:${port}`, 'r1'],
  );
  assert.match((await it.service(0, ['status', 'staging/web'])).stdout, /release {4}r1 \(app@1\), 100 %/);
  assert.match((await it.service(0, ['status'])).stdout, /^staging\/web {2}running/, 'there is only one');
  assert.match((await it.service(0, ['logs', 'web'])).stdout, /starting r1 ok/);
  assert.match((await it.service(0, ['history', 'web'])).stdout, /started app@1/);
  assert.match((await it.service(2, ['status', 'wbe'])).stderr, /Did you mean "web"\?/);
  await it.service(0, ['stop', 'web', '--reason', 'enough']);
  assert.match((await it.service(0, ['list', '--json'])).stdout, /"status":"stopped"/);
  assert.match((await it.service(0, ['history', 'web'])).stdout, /stopped app@1 – enough/);
  await it.service(0, ['start', 'web']);
  assert.equal((await ask(port)).release, 'r1');
});

test('a service whose project is removed ends, and leaves nothing behind', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  await it.start('r1');
  const { owner, current } = it.view();
  const pids = [owner?.pid ?? 0, ...(current?.replicas ?? []).map(({ pid }) => pid)];
  assert.ok(pids.length === 2 && pids.every(isAlive));
  // The host may write while it is removed.
  rmSync(it.root, { recursive: true, maxRetries: 5 });
  await until('host and app to end', () => !pids.some(isAlive));
  assert.equal(existsSync(it.root), false);
});

const GOES_ON = `
kind: model-build
tasks:
  wait: { run: "touch began; while [ ! -e end ]; do sleep 0.05; done; cat end > out", outputs: { o: out } }
`;

test('a copy of a project commands nothing of the original, before and after it is trusted', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  it.project.write({ 'main.pipeline.yaml': GOES_ON });
  const port = await it.start('r1');
  const running = it.project.start(['run', 'main']);
  t.after(() => running.child.kill('SIGKILL'));
  await until('the task began', () => existsSync(it.project.path('began')));
  const host = it.view().owner?.pid;
  const env = { MODELYARD_MEMORY_KEY: 'k' };
  await it.project.expect(0, ['trust'], { env });
  const [pipe = ''] = readdirSync(it.project.path('.modelyard/services/staging/web/pipes'));
  const copyOf = async (): Promise<TestProject> => {
    const one = await TestProject.make({ 'main.pipeline.yaml': GOES_ON });
    cpSync(it.project.path('.modelyard'), one.path('.modelyard'), {
      recursive: true,
      // A pipe can't be copied by it; `cp -r` makes a new one.
      filter: (name) => !name.endsWith('pipes'),
    });
    one.write({ [`.modelyard/services/staging/web/pipes/${pipe}`]: '' });
    return one;
  };
  // With the key, the first command says yes.
  await (await copyOf()).run(['service', 'stop', 'web'], { env });
  assert.equal((await ask(port)).status, 200);
  const copy = await copyOf();
  const [run] = it.project.runs();
  const calls = [
    'service list',
    'service restart web',
    'service stop web',
    'service start web',
    'gc --yes --all',
    'doctor --fix',
    `runs cancel ${run?.id ?? ''}`,
    `runs cancel ${run?.id ?? ''} --force`,
  ];
  await copy.expect(1, ['service', 'stop', 'web']);
  await copy.expect(0, ['trust']);
  assert.match((await copy.expect(0, ['service', 'list'])).stdout, /staging\/web +stopped/);
  for (const call of calls) {
    await copy.run(call.split(' '));
    const answer = await ask(port);
    assert.deepEqual([answer.status, answer.release], [200, 'r1'], call);
  }
  const roots = async (): Promise<unknown[]> => {
    const { stdout } = await copy.expect(0, ['service', 'list', '--all-projects', '--json']);
    const { services } = JSON.parse(stdout) as { services: { root: string; status: string }[] };
    return services.flatMap(({ root, status }) =>
      [it.root, copy.root].includes(root) ? [[root, status]] : [],
    );
  };
  assert.deepEqual(await roots(), [[it.root, 'running']], 'other projects may serve, too');
  // It is used as any other: with a run of its own on the same pipeline.
  copy.write({ end: 'copy' });
  await copy.expect(0, ['run', 'main']);
  assert.equal(copy.read('out'), 'copy');
  assert.equal(it.view().status, 'running');
  assert.equal(it.view().owner?.pid, host, 'nobody has started it anew');
  it.project.write({ end: 'original' });
  assert.equal((await running.done).code, 0);
  assert.equal(it.project.read('out'), 'original');
  await it.service(0, ['stop', 'web']);
  assert.deepEqual(await roots(), []);
});

test('a service whose folder was copied into the memory of another project is stopped there', async (t) => {
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await it.start('r1');
  const [pipe = ''] = readdirSync(it.project.path('.modelyard/services/staging/web/pipes'));
  const host = it.view().owner?.pid;
  for (const call of ['stop', 'start', 'restart', 'rollback', 'traffic 50']) {
    const other = await TestProject.make({ 'main.pipeline.yaml': GOES_ON, end: 'x' });
    // A memory of its own, which was made here.
    await other.expect(0, ['run', 'main']);
    for (const part of ['services', 'environments']) {
      cpSync(it.project.path('.modelyard', part), other.path('.modelyard', part), {
        recursive: true,
        filter: (name) => !name.endsWith('pipes'),
      });
    }
    other.write({ [`.modelyard/services/staging/web/pipes/${pipe}`]: '' });
    assert.match((await other.expect(0, ['service', 'list'])).stdout, /staging\/web +lost/);
    const [verb = '', ...rest] = call.split(' ');
    await other.run(['service', verb, 'web', ...rest]);
    assert.deepEqual(await ask(port).then(({ status, release }) => [status, release]), [200, 'r1'], call);
    await other.run(['service', 'stop', 'web']);
    assert.match(
      (await other.expect(0, ['service', 'list'])).stdout,
      /staging\/web +(?:stopped|failed)/,
      call,
    );
    assert.deepEqual([it.view().status, it.view().owner?.pid], ['running', host], call);
  }
});
