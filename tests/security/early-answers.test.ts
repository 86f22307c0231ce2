/** An app may answer an upload before it has read it, and close: its answer reaches the client all the same. */
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { cases } from '../support/generated/cases.js';
import { proxyTo } from '../unit/serving/proxy-support.js';
import { type AppServer, startServer } from './app-servers.js';

/** Refuses every upload as Python's own server does: an answer, and the connection is closed with the body unread. */
const REFUSING: AppServer = {
  name: 'an app that refuses uploads',
  file: 'refuse.py',
  text: `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        status = int(self.path[1:])
        body = b"refused " * 4
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`,
  command: (python) => [python, 'refuse.py'],
};

const SIZES = [300_000, 3_000_000, 20_000_000];
const PIECE = Buffer.alloc(64 * 1024, 'x');

/** Sends all of it, whatever comes meanwhile, and gives what came until the connection was closed. */
function upload(port: number, head: string, bytes: number, chunked: boolean): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    let left = bytes;
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
    });
    socket.once('error', (error) => resolve(`${error.message} after "${text}"`));
    socket.once('close', () => resolve(text));
    const send = (): void => {
      while (left > 0 && !socket.destroyed) {
        const piece = PIECE.subarray(0, Math.min(PIECE.length, left));
        left -= piece.length;
        if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
        let room = socket.write(piece);
        if (chunked) room = socket.write(left === 0 ? '\r\n0\r\n\r\n' : '\r\n');
        if (!room) return;
      }
    };
    socket.on('drain', send);
    socket.write(head);
    send();
  });
}

test('early answers to uploads are not lost', async () => {
  const app = await startServer(REFUSING);
  const { port, seen } = await proxyTo(app);
  const count = cases(60, 500);
  for (let n = 0; n < count; n++) {
    const bytes = SIZES[n % SIZES.length] ?? 0;
    const status = n % 2 === 0 ? 413 : 401;
    const answer = await upload(
      port,
      `POST /${status} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`,
      bytes,
      false,
    );
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `upload ${n} of ${bytes} bytes`);
    assert.match(answer, /refused refused refused refused $/);
  }
  assert.equal(seen.answers.length, count);
  assert.deepEqual(
    seen.answers.filter((one) => one.failed),
    [],
  );
});

test('an upload in chunks that an app refuses, and one that is larger than a service takes', async () => {
  const app = await startServer(REFUSING);
  const { port, proxy, seen } = await proxyTo(app);
  const head = (more: string): string =>
    `POST /401 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n\r\n`;
  assert.match(await upload(port, head('Transfer-Encoding: chunked'), 3_000_000, true), /^HTTP\/1\.1 401 /);
  proxy.limits = { ...proxy.limits, maxBodyBytes: 1_000_000 };
  const before = seen.answers.length;
  assert.match(await upload(port, head('Transfer-Encoding: chunked'), 3_000_000, true), /^HTTP\/1\.1 413 /);
  assert.match(await upload(port, head('Content-Length: 3000000'), 3_000_000, false), /^HTTP\/1\.1 413 /);
  assert.match(await upload(port, head('Content-Length: 1000000'), 1_000_000, false), /^HTTP\/1\.1 401 /);
  assert.equal(seen.answers.length, before + 1, 'what never reached the app is no answer of it');
});
