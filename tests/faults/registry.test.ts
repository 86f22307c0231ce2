/** The registry under several processes and under kill -9. This file is also what those processes run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { Registry } from '../../server/stores/registry/registry.js';
import type { HistoryEntry, Outcome } from '../../server/stores/registry/types.js';
import { cases } from '../support/generated/cases.js';

const ROUNDS = cases(40, 100);

function value<T extends object>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome;
}

async function register(
  registry: Registry,
  name: string,
  content: string,
  aliases: readonly string[],
): Promise<string> {
  const folder = path.join(registry.root, `work-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const source = path.join(folder, 'm.json');
  writeFileSync(source, content);
  const done = value(
    await registry.register({
      name,
      artifact: { file: source, path: 'm.json' },
      aliases,
      metrics: { accuracy: 0.7 },
    }),
  );
  return done.version.version;
}

/** What a child does. A line on stdout is an acknowledgement: written when the call before has returned. */
const JOBS: Readonly<Record<string, (root: string, count: number) => Promise<void>>> = {
  async register(root, count) {
    const registry = Registry.open(root);
    for (let n = 0; n < count; n++) {
      const version = await register(registry, 'rain', `${process.pid} ${n}`, []);
      acknowledge(version);
    }
  },
  // eslint-disable-next-line @typescript-eslint/require-await -- one of the jobs
  async move(root, count) {
    const registry = Registry.open(root);
    for (let n = 0; n < count; n++) {
      const to = String(1 + ((process.pid + n) % 5));
      const move = value(
        registry.setAlias('rain', n % 3 === 0 ? 'candidate' : 'production', to, {
          reason: `${process.pid} ${n}`,
        }),
      );
      acknowledge(move.from === move.to ? 'stayed' : `${process.pid} ${n}`);
    }
  },
  async kill(root, count) {
    const registry = Registry.open(root);
    acknowledge('ready');
    for (let n = 0; n < count; n++) {
      const name = n % 4 === 0 ? `new-${process.pid}-${n}` : 'rain';
      const content = `${process.pid} ${n} ${'x'.repeat((n % 7) * 3000)}`;
      const version = await register(registry, name, content, ['newest', `a${n % 3}`]);
      acknowledge(`${name} ${version} ${content.length} ${process.pid} ${n}`);
      if (n % 5 === 4) value(registry.rollback('rain', 'newest'));
      if (n % 6 === 5) value(registry.setTag('rain', 'n', String(n)));
    }
  },
};

function acknowledge(line: string): void {
  writeSync(1, `${line}\n`);
}

function start(job: string, root: string, count: number): { child: ChildProcess; done: Promise<string> } {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    MODELYARD_TEST_JOB: job,
    MODELYARD_TEST_FOLDER: root,
    MODELYARD_TEST_COUNT: String(count),
  };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawn(process.execPath, [__filename], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  return {
    child,
    done: new Promise((resolve) =>
      child.on('close', () => {
        resolve(out);
      }),
    ),
  };
}

function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-registry-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function journal(root: string, name: string): HistoryEntry[] {
  const text = readFileSync(path.join(root, '.modelyard/models', name, 'history.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HistoryEntry);
}

const linesOf = (out: string): string[] => out.split('\n').filter((line) => line !== '');

function tests(): void {
  test('two processes register 500 versions each at once: nothing is lost', async (t) => {
    const root = tempFolder(t);
    const begin = performance.now();
    const outs = await Promise.all([start('register', root, 500).done, start('register', root, 500).done]);
    t.diagnostic(`${((performance.now() - begin) / 1000).toFixed(2)} ms a registration`);
    const numbers = outs
      .flatMap(linesOf)
      .map(Number)
      .sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: 1000 }, (_, index) => index + 1),
    );
    const registry = Registry.open(root);
    const { versions } = value(registry.versions('rain', { limit: 2000 }));
    assert.equal(versions.length, 1000);
    assert.equal(new Set(versions.map(({ artifact }) => artifact.hash)).size, 1000);
    assert.equal(value(registry.model('rain')).model.counts.versions, 1000);
    assert.deepEqual(
      journal(root, 'rain').map(({ seq }) => seq),
      Array.from({ length: 1001 }, (_, index) => index + 1),
    );
    assert.deepEqual(registry.problems, []);
  });

  test('four processes move aliases against each other: no move is lost', async (t) => {
    const root = tempFolder(t);
    const registry = Registry.open(root);
    for (let n = 0; n < 5; n++) await register(registry, 'rain', String(n), []);
    const outs = await Promise.all([1, 2, 3, 4].map(() => start('move', root, 100).done));
    const acknowledged = outs.flatMap(linesOf);
    assert.equal(acknowledged.length, 400);
    const moves = journal(root, 'rain').filter((entry) => entry.action === 'alias-set');
    const reasons = moves.map(({ reason }) => reason);
    assert.deepEqual(reasons.sort(), acknowledged.filter((line) => line !== 'stayed').sort());
    // Each move goes on from where the one before led: none was made on what another had changed meanwhile.
    const at: Record<string, string | null> = {};
    for (const entry of journal(root, 'rain')) {
      if (entry.action !== 'alias-set') continue;
      assert.equal(entry.from, at[entry.alias] ?? null);
      at[entry.alias] = entry.to;
    }
    assert.deepEqual(value(registry.model('rain')).model.aliases, at);
  });

  test(`killed ${ROUNDS} times while registering: no version without its artifact, no alias that points nowhere`, async (t) => {
    const root = tempFolder(t);
    const acknowledged: string[] = [];
    await register(Registry.open(root), 'rain', 'first', []);
    for (let round = 0; round < ROUNDS; round++) {
      const { child, done } = start('kill', root, 100_000);
      // Some way into its work, however slow the machine is: after "ready" and none to four registrations.
      let missing = 1 + (round % 5);
      await new Promise<void>((resolve) =>
        child.stdout?.on('data', (chunk: string) => {
          missing -= chunk.split('\n').length - 1;
          if (missing <= 0) resolve();
        }),
      );
      const until = performance.now() + Math.random() * 60;
      await new Promise<void>((resolve) => {
        const poll = (): void => {
          if (performance.now() >= until) resolve();
          else setImmediate(poll);
        };
        poll();
      });
      child.kill('SIGKILL');
      const lines = linesOf(await done);
      acknowledged.push(...lines.filter((line) => line !== 'ready'));
      if (round % 10 === 9) await inspect(Registry.open(root));
    }
    const registry = Registry.open(root);
    const versions = await inspect(registry);
    for (const line of acknowledged) {
      const [name = '', version = '', length, pid, n] = line.split(' ');
      const read = value(await registry.readArtifact(name, version));
      const text = readFileSync(read.path, 'utf8');
      assert.ok(text.startsWith(`${String(pid)} ${String(n)} `) && text.length === Number(length), line);
    }
    t.diagnostic(`${acknowledged.length} registrations acknowledged, ${versions} versions`);
    assert.ok(acknowledged.length >= 2 * ROUNDS && versions >= acknowledged.length);
    // Whoever comes next goes on as if nothing had been.
    const next = value(registry.model('rain')).model.nextVersion;
    assert.equal(await register(registry, 'rain', 'next', ['newest']), String(next));
    const seqs = journal(root, 'rain').map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => index + 1),
    );
    const leftovers = readdirSync(path.join(root, '.modelyard/models/rain')).filter((name) =>
      name.includes('broken'),
    );
    assert.deepEqual(leftovers, []);
  });
}

/** Looks at everything. Gives the number of versions. */
async function inspect(registry: Registry): Promise<number> {
  const { models, problems } = registry.models();
  assert.deepEqual(problems, []);
  let count = 0;
  for (const { name, aliases, nextVersion } of models) {
    const { versions } = value(registry.versions(name, { limit: Infinity }));
    assert.deepEqual(
      versions.map(({ version }) => Number(version)),
      Array.from({ length: nextVersion - 1 }, (_, index) => nextVersion - 1 - index),
    );
    for (const { version } of versions) value(await registry.readArtifact(name, version));
    for (const alias of Object.keys(aliases)) value(registry.version(name, alias));
    count += versions.length;
  }
  return count;
}

const job = process.env['MODELYARD_TEST_JOB'];
if (job === undefined) tests();
else
  void JOBS[job]?.(process.env['MODELYARD_TEST_FOLDER'] ?? '', Number(process.env['MODELYARD_TEST_COUNT']));
