/** Services in a temp project: releases made by hand, apps that behave as told, and load while something happens. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { TestContext } from 'node:test';
import type { ServiceView } from '../../server/serving/services/read.js';
import { isFree } from '../../server/serving/host/ports.js';
import { listServices, serviceHistory } from '../../server/serving/services/read.js';
import { RELEASE_SCHEMA_VERSION, type ReleaseDocument } from '../../server/serving/types.js';
import { type Result, TestProject, isAlive, until } from './cli.js';

/**
 * An app that does what its environment says: `MODE` is ok, exit, never-ready, stubborn (ignores SIGTERM), flaky (ends
 * after a while), cut (closes in the middle of an answer). It says who it is, streams, and speaks websocket enough.
 */
export const APP = `
const http = require('node:http');
const { MODE = 'ok', NAME = '?', PORT } = process.env;
console.log('starting', NAME, MODE, process.env.TOKEN ?? '');
if (MODE === 'exit') { console.error('the model is missing'); process.exit(3); }
if (MODE === 'stubborn') process.on('SIGTERM', () => {});
const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://a');
  if (pathname === '/health') { response.statusCode = MODE === 'never-ready' ? 503 : 200; return response.end(); }
  if (pathname === '/crash') return process.exit(1);
  if (pathname === '/cut') { response.writeHead(200, { 'content-length': 10 }); response.write('half'); return setImmediate(() => request.socket.destroy()); }
  if (pathname === '/hang') return;
  if (pathname === '/fail') { response.statusCode = 500; return response.end(); }
  if (pathname === '/stream') {
    let left = Number(searchParams.get('n'));
    const next = () => { if (left-- > 0) { response.write(NAME + '\\n'); setTimeout(next, 5); } else response.end(); };
    return next();
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: NAME, bytes: Buffer.concat(parts).length, env: { model: process.env.MODELYARD_MODEL_PATH, token: process.env.TOKEN } }));
  });
});
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n');
  socket.on('data', (data) => socket.write(NAME + ':' + data));
  socket.on('error', () => {});
});
server.listen(PORT, '127.0.0.1');
`;

/** The same of Python's own server: HTTP/1.0 answers, one thread, no keep-alive. */
export const PYTHON_APP = `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["NAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

export interface ReleaseOptions extends Partial<
  Pick<ReleaseDocument, 'secrets' | 'entrypoint' | 'port' | 'model' | 'package' | 'signature'>
> {
  readonly mode?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly health?: ReleaseDocument['health'];
}

/** The files of a release as `deploy` writes them, by their paths in the project. */
export function releaseFiles(id: string, options: ReleaseOptions = {}): Record<string, string> {
  const folder = `.modelyard/environments/staging/releases/${id}`;
  const { mode, files = { 'app.js': APP }, ...rest } = options;
  const document: ReleaseDocument = {
    schema: RELEASE_SCHEMA_VERSION,
    id,
    environment: 'staging',
    target: 'local',
    package: { name: 'app', version: '1', hash: 'sha256:0' },
    entrypoint: 'exec node app.js',
    env: { NAME: id, ...(mode === undefined ? {} : { MODE: mode }) },
    secrets: [],
    health: { ready: '/health' },
    createdAt: new Date().toISOString(),
    createdBy: 'test',
    ...rest,
  };
  return Object.fromEntries([
    ...Object.entries(files).map(([name, text]) => [`${folder}/app/${name}`, text]),
    [`${folder}/model/m.json`, '{}'],
    [`${folder}/release.json`, JSON.stringify(document)],
  ]) as Record<string, string>;
}

export class ServiceProject {
  readonly project: TestProject;

  private constructor(project: TestProject) {
    this.project = project;
  }

  /** Whatever the test leaves running is ended with it. */
  static async make(t: TestContext): Promise<ServiceProject> {
    const made = new ServiceProject(await TestProject.make());
    t.after(() => made.#end());
    return made;
  }

  get root(): string {
    return this.project.root;
  }

  /** Writes a release as `deploy` would. */
  release(id: string, options: ReleaseOptions = {}): void {
    this.project.write(releaseFiles(id, options));
  }

  async service(
    code: number,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Result> {
    return this.project.expect(code, ['service', ...args], { env });
  }

  /** Starts a release on a free port, which it gives. */
  async start(release: string, ...args: readonly string[]): Promise<number> {
    const port = await freePort();
    await this.service(0, ['start', 'staging/web', '--release', release, '--port', String(port), ...args]);
    return port;
  }

  view(): ServiceView {
    const [service] = listServices(this.root).services;
    assert.ok(service, 'there is a service');
    return service;
  }

  events(): string[] {
    return serviceHistory(this.root, 'staging', 'web', 1000)
      .reverse()
      .map((event) => `${event.kind} ${event.release ?? ''}`);
  }

  appLog(): string {
    return readFileSync(this.project.path('.modelyard/services/staging/web/logs/app.log'), 'utf8');
  }

  async #end(): Promise<void> {
    for (const service of listServices(this.root).services) {
      if (service.hosted || service.status === 'lost') {
        await this.project.run(['service', 'stop', `${service.environment}/${service.name}`]);
      }
    }
    for (const service of listServices(this.root).services) {
      for (const replica of service.current?.replicas ?? [])
        assert.equal(isAlive(replica.pid), false, 'an app was left');
    }
  }
}

/** Below the ports that the system gives to connections, so that none of them takes it in between. */
const FIRST_PORT = 10_000;
const LAST_PORT = 19_999;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (await isFree('127.0.0.1', port)) return port;
  }
}

export interface Answer {
  readonly status: number;
  readonly release: string | undefined;
  readonly body: string;
}

/** One request. Status 0: the connection failed, or the answer was cut off. */
export function ask(
  port: number,
  path = '/',
  options: { agent?: http.Agent; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const { body } = options;
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        agent: options.agent ?? false,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        const release = response.headers['x-modelyard-release'];
        const end = (status: number): void =>
          resolve({
            status,
            release: typeof release === 'string' ? release : undefined,
            body: Buffer.concat(parts).toString(),
          });
        response.once('end', () => end(response.complete ? (response.statusCode ?? 0) : 0));
        response.once('error', () => end(0));
      },
    );
    request.once('error', (error) => resolve({ status: 0, release: undefined, body: error.message }));
    request.end(body);
  });
}

/** Asks again and again over some connections that are kept, until it is stopped. */
export class Load {
  readonly statuses = new Map<number, number>();
  readonly failures: string[] = [];
  readonly #agent: http.Agent;
  readonly #loops: Promise<void>[];
  #stopped = false;
  total = 0;

  /** Ends with the test at the latest: one that fails must not go on asking for ever. */
  constructor(t: TestContext, port: number, connections = 4) {
    t.after(() => this.stop());
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.#loops = Array.from({ length: connections }, (_, index) => this.#loop(port, index));
  }

  async #loop(port: number, index: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      // Requests with and without a body, and answers that come in pieces.
      const kind = (n + index) % 3;
      const answer = await ask(port, kind === 2 ? '/stream?n=2' : '/', {
        agent: this.#agent,
        ...(kind === 1 ? { body: 'x'.repeat(2_000) } : {}),
      });
      this.total++;
      this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
      if (answer.status !== 200) this.failures.push(`${answer.status} ${answer.body}`);
    }
  }

  /** Waits until so many more were answered. */
  async more(count: number): Promise<void> {
    const goal = this.total + count;
    await until(`${count} more requests`, () => this.total >= goal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }
}
