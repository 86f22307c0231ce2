/** Traffic through a service host beside a bare Node proxy and nginx, switches of releases under load, and memory. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { ServiceAddress } from '../../server/serving/services/address.js';
import { orderService, startService } from '../../server/serving/services/client.js';
import { readService } from '../../server/serving/services/read.js';
import { RELEASE_SCHEMA_VERSION, type ReleaseDocument } from '../../server/serving/types.js';
import { processes } from '../../server/stores/machine/proc.js';
import { freePort } from '../support/service.js';
import type { Peers } from './processes/peers.js';
import { residentMb } from './processes/process.js';
import { type Row, absoluteRow, floorRow, median, ratioRow } from './table.js';

const APP = `require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{"rain":0.25}');
}).listen(process.env.PORT, '127.0.0.1');`;

/** What one writes when one writes a proxy in Node. */
const BARE = `const http = require('node:http');
const agent = new http.Agent({ keepAlive: true });
http.createServer((request, response) => {
  const { url, method, headers } = request;
  const up = http.request({ host: '127.0.0.1', port: process.env.UP, path: url, method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  up.on('error', () => response.destroy());
  request.pipe(up);
}).listen(process.env.PORT, '127.0.0.1');`;

const CONNECTIONS = 32;
const SECONDS = 5;
const ROUNDS = 3;
/** Requests a second at which latency is measured: well below what any of them can do. */
const CALM = 1_500;
const SWITCHES = 50;
const MILLION = 1_000_000;

interface Shot {
  readonly perSecond: number;
  readonly p99: number;
  readonly failed: number;
  readonly total: number;
}

interface AutocannonResult {
  readonly requests: { readonly average: number; readonly total: number };
  readonly latency: { readonly p99: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

/** Runs autocannon to its end. */
async function shoot(peers: Peers, port: number, args: readonly string[]): Promise<Shot> {
  const child = spawn(
    process.execPath,
    [peers.autocannon, '-j', '-c', String(CONNECTIONS), ...args, `http://127.0.0.1:${port}/`],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const { requests, latency, errors, timeouts, non2xx } = JSON.parse(text) as AutocannonResult;
  return {
    perSecond: requests.average,
    p99: latency.p99,
    failed: errors + timeouts + non2xx,
    total: requests.total,
  };
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (there) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  throw new Error(`nothing listens on ${port}`);
}

function writeRelease(root: string, id: string): void {
  const folder = path.join(root, '.modelyard/environments/bench/releases', id);
  mkdirSync(path.join(folder, 'app'), { recursive: true });
  writeFileSync(path.join(folder, 'app/app.js'), APP);
  const document: ReleaseDocument = {
    schema: RELEASE_SCHEMA_VERSION,
    id,
    environment: 'bench',
    target: 'local',
    package: { name: 'app', version: '1', hash: 'sha256:0' },
    entrypoint: `exec ${process.execPath} app.js`,
    env: {},
    secrets: [],
    health: { ready: '/' },
    createdAt: new Date().toISOString(),
    createdBy: 'bench',
  };
  writeFileSync(path.join(folder, 'release.json'), JSON.stringify(document));
}

function nginxConfig(scratch: string, port: number, up: number): string {
  const file = path.join(scratch, 'nginx.conf');
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${scratch}/nginx.pid; error_log ${scratch}/nginx.log;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path ${scratch}/b; proxy_temp_path ${scratch}/p; fastcgi_temp_path ${scratch}/f; uwsgi_temp_path ${scratch}/u; scgi_temp_path ${scratch}/s;
  upstream app { server 127.0.0.1:${up}; keepalive 128; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
  );
  return file;
}

/** Of all processes of a group. */
function cpuSecondsOf(group: number | undefined): number {
  return processes()
    .filter((one) => one.group === group)
    .reduce((sum, one) => sum + one.cpuSeconds, 0);
}

export async function servingRows(scratch: string, root: string, peers: Peers): Promise<Row[]> {
  const children: ChildProcess[] = [];
  /** In a group of its own, whose processor time is known. Gives the group. */
  const start = (file: string, args: readonly string[], env: Record<string, string> = {}): number => {
    const child = spawn(file, args, { stdio: 'ignore', detached: true, env: { ...process.env, ...env } });
    children.push(child);
    return child.pid ?? 0;
  };
  for (const id of ['r1', 'r2']) writeRelease(scratch, id);
  const address: ServiceAddress = { root: scratch, environment: 'bench', name: 'web' };
  const script = path.join(root, 'dist/service-host.js');
  const cause = { who: 'bench' };
  const to = (release: string): ReturnType<typeof startService> =>
    startService(address, { release, port: ours, cause, secretValues: {} }, { script });
  const [app, bare, nginx, ours] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  try {
    start(process.execPath, ['-e', APP], { PORT: String(app) });
    await listening(app);
    const groups: Record<string, number> = {};
    groups['bare'] = start(process.execPath, ['-e', BARE], { PORT: String(bare), UP: String(app) });
    const hasNginx = spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;
    if (hasNginx) groups['nginx'] = start('nginx', ['-c', nginxConfig(scratch, nginx, app)]);
    const started = await to('r1');
    if (!started.ok) throw new Error(started.message);
    await Promise.all([listening(bare), ...(hasNginx ? [listening(nginx)] : [])]);
    groups['ours'] = readService(scratch, 'bench', 'web').service?.owner?.pid ?? 0;
    const ports = { app, bare, ours, ...(hasNginx ? { nginx } : {}) };
    const fast: Record<string, number[]> = {};
    const cpu: Record<string, number[]> = {};
    const calm: Record<string, number[]> = {};
    // In turns: what else the machine does then falls upon all of them.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, port] of Object.entries(ports)) {
        const before = cpuSecondsOf(groups[name]);
        const shot = await shoot(peers, port, ['-d', String(round === 0 ? 1 : SECONDS)]);
        const spent = cpuSecondsOf(groups[name]) - before;
        const quiet = await shoot(peers, port, ['-d', String(round === 0 ? 1 : SECONDS), '-R', String(CALM)]);
        // The first round warms up.
        if (round === 0) continue;
        (cpu[name] ??= []).push((spent * 10_000_000) / shot.total);
        (fast[name] ??= []).push(10_000_000 / shot.perSecond);
        (calm[name] ??= []).push(quiet.p99);
      }
    }
    const fastOf = (name: string): number => median(fast[name] ?? []);
    // The least: what others do on the machine only ever adds to it.
    const calmOf = (name: string): number => Math.min(...(calm[name] ?? []));
    const cpuRow = (name: string, beside: string): Omit<Row, 'ok' | 'bar'> => ({
      work: 'processor time of the service host, 10,000 requests',
      beside,
      ours: Math.min(...(cpu['ours'] ?? [])),
      peer: Math.min(...(cpu[name] ?? [])),
      unit: 'ms',
    });
    const rows: Row[] = [
      // 5,000 requests a second on one core.
      absoluteRow(cpuRow('bare', 'a bare Node proxy'), 2_000),
      ratioRow(cpuRow('bare', 'a bare Node proxy'), 1),
      ...(hasNginx ? [floorRow(cpuRow('nginx', 'nginx, one worker'))] : []),
      floorRow({
        work: `service host, 10,000 requests, ${CONNECTIONS} connections, by the clock`,
        beside: 'a bare Node proxy',
        ours: fastOf('ours'),
        peer: fastOf('bare'),
        unit: 'ms',
      }),
      absoluteRow(
        {
          work: `service host, p99 added at ${CALM} requests/s`,
          beside: 'added by a bare Node proxy',
          ours: Math.max(0, calmOf('ours') - calmOf('app')),
          peer: Math.max(0, calmOf('bare') - calmOf('app')),
          unit: 'ms',
        },
        2,
      ),
    ];

    const switching = new AbortController();
    const under = (async () => {
      let failed = 0;
      let total = 0;
      while (!switching.signal.aborted) {
        const shot = await shoot(peers, ours, ['-d', '5', '-R', '1000']);
        failed += shot.failed;
        total += shot.total;
      }
      return { failed, total };
    })();
    for (let n = 0; n < SWITCHES; n++) {
      const result = await to(n % 2 === 0 ? 'r2' : 'r1');
      if (!result.ok) throw new Error(result.message);
    }
    switching.abort();
    const { failed, total } = await under;
    rows.push(
      absoluteRow(
        {
          work: `failed of ${total} requests while releases were switched ${SWITCHES} times`,
          beside: '–',
          ours: failed,
          peer: Number.NaN,
          unit: 'failed',
        },
        0,
      ),
    );

    const host = groups['ours'];
    await shoot(peers, ours, ['-a', String(MILLION / 2)]);
    const half = residentMb(host);
    await shoot(peers, ours, ['-a', String(MILLION / 2)]);
    rows.push(
      absoluteRow(
        {
          work: 'memory of the service host after a million requests',
          beside: 'after half of them',
          ours: residentMb(host),
          peer: half,
          unit: 'MB',
        },
        100,
      ),
    );
    return rows;
  } finally {
    await orderService(address, 'stop', { cause });
    for (const child of children) child.kill();
  }
}
