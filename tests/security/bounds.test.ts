/** Clients that are too many, too slow or send too much take nothing from the others. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Proxy } from '../../server/serving/proxy/proxy.js';
import { Backend } from '../../server/serving/proxy/backend.js';
import { builtCli, until } from '../support/cli.js';
import { ServiceProject, ask, freePort } from '../support/service.js';
import { Seen, app, talk } from '../unit/serving/proxy-support.js';

/** A client that is connected, and what came of it. */
class Idle {
  readonly socket: net.Socket;
  closed = false;

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1' });
    this.socket.on('error', () => undefined);
    this.socket.on('data', () => undefined);
    this.socket.once('close', () => {
      this.closed = true;
    });
    clients.push(this);
  }

  static async many(port: number, count: number): Promise<Idle[]> {
    const made = Array.from({ length: count }, () => new Idle(port));
    await until('they are connected', () => made.every(({ socket, closed }) => closed || !socket.connecting));
    return made;
  }
}

const clients: Idle[] = [];
after(() => clients.forEach(({ socket }) => socket.destroy()));

async function bounded(mostClients: number, appPort: number): Promise<{ port: number; proxy: Proxy }> {
  const proxy = new Proxy(new Seen(), mostClients);
  proxy.router.set([{ weight: 100, backends: [new Backend('r1', appPort)] }]);
  const opened = await proxy.open('127.0.0.1', 0);
  opened.take();
  after(() => void proxy.close(0));
  return { port: opened.port, proxy };
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

test('the longest idle client makes room, and one that waits for its answer never does', async () => {
  let answer: (() => void) | undefined;
  const { port, proxy } = await bounded(
    10,
    await app((request, response) => {
      if (request.url === '/slow') answer = () => response.end('at last');
      else response.end('ok');
    }),
  );
  const slow = talk(port, [GET.replace('/ ', '/slow ')]);
  await until('it is asked', () => answer !== undefined);
  const first = await Idle.many(port, 5);
  const others = await Idle.many(port, 95);
  await until('the first are gone', () => first.every((one) => one.closed));
  assert.match(await talk(port, [GET]), /^HTTP\/1\.1 200 OK/);
  assert.ok(proxy.connections <= 10);
  assert.ok(
    others.some((one) => !one.closed),
    'the newest stay',
  );
  answer?.();
  assert.match(await slow, /at last/);
});

test('where every client waits for its answer, a new one is told to come again', async () => {
  const answers: (() => void)[] = [];
  const { port } = await bounded(
    4,
    await app((_request, response) => void answers.push(() => response.end('at last'))),
  );
  const waiting = Array.from({ length: 4 }, () => talk(port, [GET]));
  await until('all are asked', () => answers.length === 4);
  assert.match(await talk(port, [GET]), /^HTTP\/1\.1 503 [\s\S]*too many clients/);
  answers.forEach((one) => one());
  for (const one of await Promise.all(waiting)) assert.match(one, /at last/);
});

const SLOW: readonly (readonly [string, string])[] = [
  ['a head', 'GET / HTTP/1.1\r\nHost: a\r\nX: '],
  ['a body by its length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'],
  ['a body in chunks', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n'],
];

test('who sends a byte at a time is told that it took too long', async () => {
  const { port, proxy } = await bounded(
    100,
    await app((request, response) => request.on('end', () => response.end()).resume()),
  );
  proxy.limits = { ...proxy.limits, timeoutMs: 1_000 };
  await Promise.all(
    SLOW.map(async ([what, head]) => {
      const { socket } = new Idle(port);
      let text = '';
      socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
      socket.write(head);
      while (text === '' && !socket.destroyed) {
        socket.write('x');
        await pause(100);
      }
      assert.match(text, /^HTTP\/1\.1 408 /, what);
    }),
  );
});

test('heads and bodies have a length that is said', async () => {
  const { port, proxy } = await bounded(
    100,
    await app((request, response) => request.on('end', () => response.end('ok')).resume()),
  );
  proxy.limits = { maxBodyBytes: 10, maxHeaderBytes: 1024, timeoutMs: 60_000 };
  const post = (headers: string, body: string): Promise<string> =>
    talk(port, [`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n\r\n${body}`]);
  assert.match(await post('Content-Length: 10', '0123456789'), /^HTTP\/1\.1 200 /);
  assert.match(await post('Content-Length: 11', '0123456789a'), /^HTTP\/1\.1 413 [\s\S]*max-body/);
  assert.match(await post('Transfer-Encoding: chunked', 'a\r\n0123456789\r\n0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  assert.match(await post('Transfer-Encoding: chunked', 'b\r\n0123456789a\r\n0\r\n\r\n'), /^HTTP\/1\.1 413 /);
  assert.match(
    await post(`X: ${'y'.repeat(1200)}\r\nContent-Length: 0`, ''),
    /^HTTP\/1\.1 431 [\s\S]*max-header/,
  );
});

test('with few descriptors a service still answers, takes orders and writes while clients idle', async (t) => {
  if (process.platform === 'win32') return;
  const it = await ServiceProject.make(t);
  it.release('r1');
  const port = await freePort();
  const start = ['service', 'start', 'staging/web', '--release', 'r1', '--port', String(port)];
  const command = [process.execPath, await builtCli(), ...start];
  const { status, stderr } = spawnSync('/bin/sh', ['-c', 'ulimit -n 256; exec "$0" "$@"', ...command], {
    cwd: it.root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  await Idle.many(port, 600);
  for (let n = 0; n < 5; n++) assert.equal((await ask(port)).status, 200);
  await it.service(0, ['restart', 'web']);
  assert.equal((await ask(port)).status, 200);
  assert.deepEqual(it.events().slice(-1), ['restarted r1']);
  assert.equal(it.view().status, 'running');
});
