/** The real tracking server of a project, and a client that speaks its wire by hand. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { Running, TestProject } from './cli.js';
import { until } from './cli.js';

export interface Answer {
  readonly status: number;
  /** The body as JSON; the text where it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Asked {
  readonly body?: unknown;
  /** As it is, in the place of `body`. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export class TrackingClient {
  readonly running: Running;
  readonly uri: string;
  readonly token: string;

  private constructor(running: Running, uri: string, token: string) {
    this.running = running;
    this.uri = uri;
    this.token = token;
  }

  /** Starts a server of the project and waits until it answers. */
  static async start(project: TestProject, args: readonly string[] = []): Promise<TrackingClient> {
    const running = project.start(['tracking', 'serve', '--env', ...args]);
    const variables = /MLFLOW_TRACKING_URI=(\S+)\nMLFLOW_TRACKING_TOKEN=(\S+)\n/;
    await until('the tracking server starts', () => {
      assert.equal(running.child.exitCode, null, running.output());
      return variables.test(running.output());
    });
    const [, uri = '', token = ''] = variables.exec(running.output()) ?? [];
    return new TrackingClient(running, uri, token);
  }

  /** What a program gets in its environment. */
  get environment(): Readonly<Record<string, string>> {
    return { MLFLOW_TRACKING_URI: this.uri, MLFLOW_TRACKING_TOKEN: this.token };
  }

  async stop(): Promise<void> {
    this.running.child.kill('SIGTERM');
    assert.equal((await this.running.done).code, 0, this.running.output());
  }

  /** @param path with its query; below the base path of tracking where it doesn't begin with a slash */
  ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.uri);
    const raw = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
    const own: Asked['headers'] = {
      Authorization: `Bearer ${this.token}`,
      ...(raw === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(raw)) }),
    };
    const headers = Object.fromEntries(
      Object.entries({ ...own, ...asked.headers }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      ),
    );
    return new Promise((resolve, reject) => {
      const url = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`;
      const sent = request({ hostname, port, method, path: url, headers, agent: false }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          let body: Answer['body'] = {};
          try {
            body = JSON.parse(text) as Answer['body'];
          } catch {
            // A file.
          }
          resolve({ status: response.statusCode ?? 0, body, text, headers: response.headers });
        });
      });
      sent.on('error', reject);
      sent.end(raw);
    });
  }

  /** A request that has to work. */
  async expect(method: string, path: string, body?: unknown): Promise<Answer['body']> {
    const answer = await this.ask(method, path, body === undefined ? {} : { body });
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
    return answer.body;
  }

  /** A request that has to be refused with this code. */
  async refused(code: string, method: string, path: string, body?: unknown): Promise<string> {
    const answer = await this.ask(method, path, body === undefined ? {} : { body });
    assert.equal(answer.body['error_code'], code, `${method} ${path}: ${answer.status} ${answer.text}`);
    assert.notEqual(answer.status, 200);
    return String(answer.body['message']);
  }

  put(path: string, bytes: string | Uint8Array): Promise<Answer> {
    return this.ask('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, {
      raw: bytes,
      headers: { 'Content-Type': 'application/octet-stream' },
    });
  }

  file(path: string, headers: Asked['headers'] = {}): Promise<Answer> {
    return this.ask('GET', `/api/2.0/mlflow-artifacts/artifacts/${path}`, { headers });
  }

  /** Names in a folder, folders with a slash. */
  async list(path: string): Promise<readonly string[]> {
    const { files = [] } = (await this.expect(
      'GET',
      `/api/2.0/mlflow-artifacts/artifacts?path=${encodeURIComponent(path)}`,
    )) as { files?: readonly { readonly path: string; readonly is_dir: boolean }[] };
    return files.map(({ path: name, is_dir }) => (is_dir ? `${name}/` : name));
  }

  /** The id of a new run. */
  async run(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { run } = (await this.expect('POST', 'runs/create', body)) as { run: { info: { run_id: string } } };
    return run.info.run_id;
  }
}
