/** One client's bytes never become another client's request: a table of requests against real app servers. */
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { proveFraming } from '../../server/serving/proxy/framing-proof.js';
import { proxyTo, talk } from '../unit/serving/proxy-support.js';
import { APP_SERVERS, startServer } from './app-servers.js';
import { SMUGGLING, type SmugglingCase } from './smuggling-table.js';

/** What the app servers are found to do. Of those that don't, connections are not kept after a body. */
const PROVEN: Readonly<Record<string, boolean>> = { 'http.server': false };

/** Sends it and gives the first answer, or nothing for one that is never complete. The connection is left open. */
function attack(
  port: number,
  { request, open }: SmugglingCase,
): Promise<{ readonly answer: string; readonly end: () => void }> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect({ port, host: '127.0.0.1' });
    const end = (): void => void socket.destroy();
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      answer += data.toString('latin1');
      if (answer.includes('\r\n\r\n')) resolve({ answer, end });
    });
    socket.once('close', () => resolve({ answer, end }));
    socket.write(Buffer.from(request, 'latin1'), () => {
      if (open === true) resolve({ answer, end });
    });
  });
}

async function victim(port: number, id: number): Promise<void> {
  const answer = await talk(port, [
    `GET /victim?id=${id} HTTP/1.1\r\nHost: victim\r\nCookie: secret=${id}\r\nConnection: close\r\n\r\n`,
  ]);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer');
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), `GET /victim?id=${id} secret=${id} 0`);
}

test('the table is as long as promised, and says each thing once', () => {
  assert.ok(SMUGGLING.length >= 150, `${SMUGGLING.length} cases`);
  assert.equal(new Set(SMUGGLING.map((one) => one.request)).size, SMUGGLING.length);
});

for (const server of APP_SERVERS) {
  test(`${SMUGGLING.length} requests to ${server.name} touch no other client`, async () => {
    const app = await startServer(server);
    const { port, backends } = await proxyTo(app);
    const [backend] = backends;
    assert.ok(backend);
    backend.proof = await proveFraming(app, '/health', 30_000);
    assert.equal(backend.proof.lengths, PROVEN[server.name] ?? true, 'lengths');
    assert.equal(backend.proof.chunks, PROVEN[server.name] ?? true, 'chunks');
    let id = 0;
    for (const one of SMUGGLING) {
      try {
        // So that there is a kept connection to poison.
        await victim(port, ++id);
        const { answer, end } = await attack(port, one);
        if (one.status !== undefined) assert.equal(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1], String(one.status));
        assert.ok(!/HTTP\/1\.1 (\d+)[\s\S]*secret=/.test(answer), 'it gets nobody else’s answer');
        await victim(port, ++id);
        await victim(port, ++id);
        end();
        await victim(port, ++id);
      } catch (error) {
        throw new Error(`${one.name}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
  });
}
