/** Real application servers behind the proxy, each with an app that says what it was asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { until } from '../support/cli.js';
import { peerPython } from '../support/peers/peers.js';
import { freePort } from '../support/service.js';

/**
 * All of them answer `METHOD TARGET COOKIE BYTES` as text. `/read` reads the body, `/ignore` and `/health` don't, where the
 * server leaves that to the app.
 */
const HTTP_SERVER = `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def answer(self):
        size = 0
        if self.path == "/read" and self.command == "POST":
            size = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        body = f"{self.command} {self.path} {self.headers.get('Cookie', '-')} {size}".encode("latin1", "replace")
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = answer
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

const ASGI = `
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] != "http":
        return
    size = 0
    if scope["path"] == "/read" and scope["method"] == "POST":
        more = True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
    headers = dict(scope["headers"])
    target = scope["raw_path"].decode("latin1") + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
    body = f"{scope['method']} {target} {headers.get(b'cookie', b'-').decode()} {size}".encode("latin1", "replace")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
`;

const WSGI = `
def app(environ, start_response):
    size = 0
    if environ["PATH_INFO"] == "/read" and environ["REQUEST_METHOD"] == "POST":
        size = len(environ["wsgi.input"].read())
    target = environ["RAW_URI"]
    body = f"{environ['REQUEST_METHOD']} {target} {environ.get('HTTP_COOKIE', '-')} {size}".encode("latin1", "replace")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
`;

const NODE = `
require('node:http').createServer((request, response) => {
  const answer = (size) => {
    response.setHeader('content-type', 'text/plain');
    response.end(request.method + ' ' + request.url + ' ' + (request.headers.cookie ?? '-') + ' ' + size);
  };
  if (request.url !== '/read' || request.method !== 'POST') return answer(0);
  let size = 0;
  request.on('data', (part) => { size += part.length; });
  request.on('end', () => answer(size));
}).listen(process.env.PORT, '127.0.0.1');
`;

export interface AppServer {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  /** The program and its arguments; `PORT` is in its environment, too. */
  readonly command: (python: string, port: number) => readonly string[];
}

const uvicorn = (layer: string): AppServer => ({
  name: `uvicorn with ${layer}`,
  file: 'asgi.py',
  text: ASGI,
  command: (python, port) => [
    python,
    '-m',
    'uvicorn',
    'asgi:app',
    '--http',
    layer,
    '--log-level',
    'critical',
    '--port',
    String(port),
  ],
});

export const APP_SERVERS: readonly AppServer[] = [
  { name: 'http.server', file: 'server.py', text: HTTP_SERVER, command: (python) => [python, 'server.py'] },
  uvicorn('h11'),
  uvicorn('httptools'),
  {
    name: 'gunicorn',
    file: 'wsgi.py',
    text: WSGI,
    command: (python, port) => [
      ...[python, '-m', 'gunicorn', 'wsgi:app', '-k', 'gthread', '--threads', '8', '--keep-alive', '30'],
      ...['--log-level', 'critical', '-b', `127.0.0.1:${port}`],
    ],
  },
  { name: 'Node', file: 'server.js', text: NODE, command: () => [process.execPath, 'server.js'] },
];

const running: ChildProcess[] = [];
after(() => {
  for (const child of running) {
    try {
      // In a group of its own: gunicorn has workers.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Ended already.
    }
  }
});

const isUp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    http
      .get({ host: '127.0.0.1', port, path: '/health', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      })
      .once('error', () => resolve(false));
  });

/** Starts it until the tests of the file are over. Gives its port. */
export async function startServer({ name, file, text, command }: AppServer): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-app-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, file), text);
  const port = await freePort();
  const [program = '', ...args] = command(peerPython(), port);
  running.push(
    spawn(program, args, {
      cwd: folder,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, PORT: String(port) },
    }),
  );
  let up = false;
  const asking = (async () => {
    while (!up) up = await isUp(port);
  })();
  await until(`${name} is up`, () => up);
  await asking;
  return port;
}
