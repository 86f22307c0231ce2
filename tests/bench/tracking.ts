/** The tracking server beside MLflow's own with SQLite, asked the same by the same clients. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Row, absoluteRow, median, percentile, ratioRow } from './table.js';

const RUNS = 5_000;
const POINTS = 20_000;
const BATCH = 1_000;
const CLIENTS = 8;
/** What any program of Node takes before it can answer. */
const BARE = `require('node:http').createServer((_, answer) => answer.end('{}')).listen(process.argv[1], '127.0.0.1')`;
const TOKEN = 'of-the-benchmark';
/** How long MLflow's server may take to answer for the first time. */
const READY_MS = 300_000;

type Body = Readonly<Record<string, unknown>>;

/** A server that is measured. */
class Measured {
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  readonly port: number;
  /** ms from the start of its process to its first answer */
  readonly ready: number;

  private constructor(child: ChildProcess, port: number, ready: number) {
    this.#child = child;
    this.port = port;
    this.ready = ready;
  }

  static async start(program: string, args: readonly string[], cwd: string, port: number): Promise<Measured> {
    const env = { ...process.env, MODELYARD_TRACKING_TOKEN: TOKEN, MLFLOW_DISABLE_TELEMETRY: 'true' };
    const begun = performance.now();
    // A group of its own: MLflow's server has workers.
    const child = spawn(program, args, { cwd, env, stdio: 'ignore', detached: true });
    const one = new Measured(child, port, 0);
    for (;;) {
      try {
        await one.ask('POST', 'experiments/search', { max_results: 1 });
        return new Measured(child, port, performance.now() - begun);
      } catch (error) {
        if (child.exitCode !== null || performance.now() - begun > READY_MS) throw error;
        await new Promise((done) => setTimeout(done, 5));
      }
    }
  }

  ask(method: 'GET' | 'POST', route: string, body?: Body): Promise<Body> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port: this.port, method, agent: this.#agent },
          path: `/api/2.0/mlflow/${route}`,
          headers: {
            Authorization: `Bearer ${TOKEN}`,
            ...(text === undefined
              ? {}
              : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('error', reject);
          response.on('end', () => {
            const answer = Buffer.concat(pieces).toString('utf8');
            if (response.statusCode === 200) resolve(JSON.parse(answer) as Body);
            else reject(new Error(`${route}: ${String(response.statusCode)} ${answer.slice(0, 300)}`));
          });
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  }

  async run(): Promise<string> {
    const { run } = (await this.ask('POST', 'runs/create', {
      experiment_id: '0',
      start_time: Date.now(),
    })) as {
      readonly run: { readonly info: { readonly run_id: string } };
    };
    return run.info.run_id;
  }

  metric(run: string, key: string, step: number): Promise<Body> {
    return this.ask('POST', 'runs/log-metric', { run_id: run, key, value: step / 3, timestamp: 1_700_000_000_000 + step, step }); // prettier-ignore
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    const { pid } = this.#child;
    const ended = new Promise((done) => this.#child.once('exit', done));
    if (pid !== undefined && this.#child.exitCode === null) process.kill(-pid, 'SIGTERM');
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

async function timesOf(count: number, work: (at: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = -2; at < count; at++) {
    const begun = performance.now();
    await work(at);
    if (at >= 0) times.push(performance.now() - begun);
  }
  return times;
}

/** What one server takes, in ms. */
interface Taken {
  readonly client: readonly number[];
  readonly raw: readonly number[];
  readonly batch: readonly number[];
  readonly search: readonly number[];
  readonly history: readonly number[];
  /** ms for each metric of clients at once, and how many were not there afterwards */
  readonly crowd: number;
  readonly lost: number;
}

async function measure(
  server: Measured,
  python: string,
  script: string,
  calls: number,
  each: number,
): Promise<Taken> {
  const asked = spawnSync(python, [script, 'client', String(Math.min(calls, 300))], {
    encoding: 'utf8',
    env: {
      ...process.env,
      MLFLOW_TRACKING_URI: `http://127.0.0.1:${server.port}`,
      MLFLOW_TRACKING_TOKEN: TOKEN,
      MLFLOW_DISABLE_TELEMETRY: 'true',
    },
  });
  if (asked.status !== 0) throw new Error(asked.stderr);
  // The client says more than that: where the run can be seen.
  const client = JSON.parse(asked.stdout.trim().split('\n').at(-1) ?? '') as readonly number[];
  const run = await server.run();
  const raw = await timesOf(calls, (at) => server.metric(run, 'raw', at + 2));
  const batch = await timesOf(POINTS / BATCH, (at) =>
    server.ask('POST', 'runs/log-batch', {
      run_id: run,
      metrics: Array.from({ length: BATCH }, (_, index) => {
        const step = (at + 2) * BATCH + index;
        return { key: 'many', value: step / 3, timestamp: 1_700_000_000_000 + step, step };
      }),
    }),
  );
  const search = await timesOf(10, async () => {
    const { runs } = await server.ask('POST', 'runs/search', {
      experiment_ids: ['0'],
      filter: "metrics.m1 > 0.2 AND params.p1 = '1'",
      order_by: ['metrics.m2 DESC'],
      max_results: 100,
    });
    if (!Array.isArray(runs) || runs.length !== 100) throw new Error('the search did not find 100 runs');
  });
  const history = await timesOf(3, async () => {
    const { metrics } = await server.ask(
      'GET',
      `metrics/get-history?run_id=${run}&metric_key=many&max_results=25000`,
    );
    if (!Array.isArray(metrics) || metrics.length < POINTS) throw new Error('the history lacks points');
  });
  const ids = await Promise.all(Array.from({ length: CLIENTS }, () => server.run()));
  const begun = performance.now();
  await Promise.all(
    ids.map(async (id) => {
      for (let step = 0; step < each; step++) await server.metric(id, 'crowd', step);
    }),
  );
  const crowd = (performance.now() - begun) / (CLIENTS * each);
  let lost = CLIENTS * each;
  for (const id of ids) {
    const { metrics } = await server.ask(
      'GET',
      `metrics/get-history?run_id=${id}&metric_key=crowd&max_results=25000`,
    );
    lost -= Array.isArray(metrics) ? metrics.length : 0;
  }
  return { client, raw, batch, search, history, crowd, lost };
}

export async function trackingRows(scratch: string, root: string, cli: string): Promise<Row[]> {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['scripts/peers.mjs', 'mlflow-server'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const python = stdout.trim();
  const script = path.join(root, 'tests/bench/processes/tracking-peer.py');
  const [here, there] = [path.join(scratch, 'here'), path.join(scratch, 'there')];
  for (const folder of [here, there]) mkdirSync(folder);
  const start = async (): Promise<Measured> => {
    const port = await freePort();
    return Measured.start(process.execPath, [cli, 'tracking', 'serve', '--port', String(port)], here, port);
  };
  const starts: number[] = [];
  const bare: number[] = [];
  for (let at = 0; at < 5; at++) {
    const server = await start();
    starts.push(server.ready);
    await server.stop();
    const port = await freePort();
    const floor = await Measured.start(process.execPath, ['-e', BARE, String(port)], here, port);
    bare.push(floor.ready);
    await floor.stop();
  }
  const ours = await start();
  let taken: Taken;
  try {
    for (let at = 0; at < RUNS; at++) await seedRun(ours, at);
    taken = await measure(ours, python, script, 2_000, 10_000);
  } finally {
    await ours.stop();
  }
  const port = await freePort();
  const server = [
    '-m',
    'mlflow',
    'server',
    '--backend-store-uri',
    'sqlite:///mlflow.db',
    '--host',
    '127.0.0.1',
  ];
  const peer = await Measured.start(
    python,
    [...server, '--port', String(port), '--workers', '1'],
    there,
    port,
  );
  let beside: Taken;
  try {
    const seeded = spawnSync(python, [script, 'seed', path.join(there, 'mlflow.db'), String(RUNS)], {
      encoding: 'utf8',
    });
    if (seeded.status !== 0) throw new Error(seeded.stderr);
    beside = await measure(peer, python, script, 100, 40);
  } finally {
    await peer.stop();
  }
  const row = (work: string, most: number, one: (from: Taken) => number): Row =>
    ratioRow(
      { work, beside: '`mlflow server` with SQLite', ours: one(taken), peer: one(beside), unit: 'ms' },
      1 / most,
    );
  return [
    absoluteRow(
      {
        work: '`tracking serve`: the first answer',
        beside: '`mlflow server` with SQLite, a new database',
        ours: median(starts),
        peer: peer.ready,
        unit: 'ms',
      },
      150,
    ),
    ratioRow(
      {
        work: '`tracking serve`: the first answer',
        beside: 'a bare HTTP server of Node',
        ours: median(starts),
        peer: median(bare),
        unit: 'ms',
      },
      2.5,
    ),
    row('`log_metric` by the real client, median', 4, ({ client }) => median(client)),
    row('`log-metric` by HTTP, median', 25, ({ raw }) => median(raw)),
    row('`log-batch` of 1,000 metrics, median', 8, ({ batch }) => median(batch)),
    row('`log-batch` of 1,000 metrics, p95', 8, ({ batch }) => percentile(batch, 95)),
    row('100 of 5,000 runs by metric and param, ordered, median', 20, ({ search }) => median(search)),
    row('history of 22,000 points, median', 15, ({ history }) => median(history)),
    row('a metric of 8 clients at once', 10, ({ crowd }) => crowd),
    absoluteRow(
      {
        work: 'lost of 80,000 metrics of 8 clients',
        beside: 'of 320',
        ours: taken.lost,
        peer: beside.lost,
        unit: 'failed',
      },
      0,
    ),
  ];
}

/** The same as `tracking-peer.py` seeds. */
async function seedRun(server: Measured, at: number): Promise<void> {
  const time = 1_600_000_000_000 + at;
  const { run } = (await server.ask('POST', 'runs/create', {
    ...{ experiment_id: '0', run_name: `run-${at}`, user_id: 'ada', start_time: time },
  })) as { readonly run: { readonly info: { readonly run_id: string } } };
  const id = run.info.run_id;
  await server.ask('POST', 'runs/log-batch', {
    run_id: id,
    metrics: Array.from({ length: 5 }, (_, key) => ({
      ...{ key: `m${key}`, value: ((at * 7919 + key) % 1000) / 1000, timestamp: time, step: 0 },
    })),
    params: Array.from({ length: 5 }, (_, key) => ({ key: `p${key}`, value: String(at % (key + 2)) })),
  });
  await server.ask('POST', 'runs/update', { run_id: id, status: 'FINISHED', end_time: time + 1_000 });
}
