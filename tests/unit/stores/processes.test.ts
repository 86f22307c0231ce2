/** Several processes at one store, and processes that are killed. This file is also what those processes run. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { updateShared } from '../../../server/stores/disk/document.js';
import type { DocumentKind } from '../../../server/stores/disk/document.js';
import { tryLock, withLock } from '../../../server/stores/disk/file-lock.js';
import { isAlive, ownIdentity } from '../../../server/stores/machine/liveness.js';
import type { RunDocument } from '../../../server/stores/runs/document.js';
import { RunIndex } from '../../../server/stores/runs/index/index.js';
import { ensureMemory, layoutOf } from '../../../server/stores/layout.js';
import { RunStore, StoreError, newRunDocument } from '../../../server/stores/runs/runs.js';
import { TASKS, ended, header, tempFolder } from './support.js';

interface Counter {
  readonly schema: number;
  readonly count: number;
}

const COUNTER: DocumentKind<Counter> = { name: 'counter', schema: 1, migrations: {}, check: () => undefined };

/** What a child does, by name. Lines on stdout are acknowledgements: written when the call before has returned. */
const JOBS: Readonly<Record<string, (folder: string, count: number) => void>> = {
  runs(root, count) {
    const store = RunStore.open(root);
    for (let n = 0; n < count; n++) {
      const head = header();
      const writer = store.create(head, TASKS);
      acknowledge(`created ${head.id}`);
      writer.append({ type: 'run-started', n });
      const document = newRunDocument(head, TASKS);
      writer.update({ ...document, status: 'running', error: 'x'.repeat(n % 5000) });
      writer.update(ended(document), { durable: n % 8 === 0 });
      writer.update(ended(document), { durable: true });
      acknowledge(`ended ${head.id}`);
      writer.close();
    }
  },
  compact(root, count) {
    const index = new RunIndex(path.join(root, '.modelyard', 'runs'));
    for (let n = 0; n < count; n++) index.compact();
  },
  count(root, count) {
    for (let n = 0; n < count; n++) {
      const result = updateShared(path.join(root, 'counter.json'), COUNTER, (now) => ({
        schema: 1,
        count: (now?.count ?? 0) + 1,
      }));
      if (!result.ok) throw new Error(result.problem.message);
    }
  },
  lock(root, count) {
    const file = path.join(root, 'value');
    for (let n = 0; n < count; n++) {
      const done = withLock(path.join(root, 'lock'), 60_000, () => {
        writeFileSync(file, String(Number(readFileSync(file, 'utf8')) + 1));
      });
      if (!done.ok) throw new Error('no lock');
      acknowledge('+');
    }
  },
};

function acknowledge(line: string): void {
  writeSync(1, `${line}\n`);
}

function start(job: string, folder: string, count: number): { child: ChildProcess; done: Promise<string> } {
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const child = spawn(process.execPath, [__filename], {
    env: {
      ...env,
      MODELYARD_TEST_JOB: job,
      MODELYARD_TEST_FOLDER: folder,
      MODELYARD_TEST_COUNT: String(count),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  return { child, done: new Promise((resolve) => child.on('close', () => resolve(out))) };
}

function tests(): void {
  test('two processes record runs while a third compacts: no line is lost', async (t) => {
    const root = tempFolder(t);
    ensureMemory(layoutOf(root));
    mkdirSync(path.join(root, '.modelyard', 'runs'), { recursive: true });
    const count = 300;
    const outputs = await Promise.all([
      start('runs', root, count).done,
      start('runs', root, count).done,
      start('compact', root, 400).done,
    ]);
    const store = RunStore.open(root);
    const listed = store.list({ limit: Infinity });
    const acknowledged = outputs.flatMap((out) => [...out.matchAll(/^ended (.+)$/gm)].map(([, id]) => id!));
    assert.equal(acknowledged.length, 2 * count);
    assert.deepEqual(listed.map((run) => run.id).sort(), acknowledged.sort());
    assert.ok(listed.every((run) => run.status === 'succeeded'));
    assert.deepEqual(store.liveIds(), []);
  });

  test('killed 50 times while recording: nothing torn, nothing acknowledged is lost', async (t) => {
    const root = tempFolder(t);
    const created = new Set<string>();
    const finished = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const { child, done } = start('runs', root, 100_000);
      // On a busy machine a run may not end within the moment below: some rounds wait for one.
      let said = '';
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: string) => {
          said += chunk;
          if (round % 10 > 0 || said.split('\n').length > 2) resolve();
        });
      });
      const until = performance.now() + Math.random() * 12;
      await new Promise<void>((resolve) => {
        const poll = (): void => (performance.now() >= until ? resolve() : void setImmediate(poll));
        poll();
      });
      child.kill('SIGKILL');
      for (const line of (await done).split('\n').slice(0, -1)) {
        const [word, id] = line.split(' ');
        (word === 'created' ? created : finished).add(id!);
      }
    }
    const store = RunStore.open(root);
    const recovered = store.recover();
    t.diagnostic(`${finished.size} runs ended, ${recovered.length} were interrupted`);
    assert.deepEqual(store.liveIds(), []);
    assert.deepEqual(store.problems, []);
    const listed = new Map(store.list({ limit: Infinity }).map((run) => [run.id, run.status]));
    for (const id of created) assert.ok(listed.has(id), `${id} was acknowledged and is not listed`);
    for (const id of finished) assert.equal(listed.get(id), 'succeeded');
    for (const [id, status] of listed) {
      assert.ok(status === 'succeeded' || status === 'interrupted', status);
      const read = store.read(id);
      assert.ok(read.ok && read.run.status === status);
      for (const { type } of store.events(id).events as { type: string }[]) assert.equal(type, 'run-started');
    }
    assert.ok(finished.size > 0 && recovered.length > 0, 'the rounds were long enough to mean something');
  });

  test('shared documents lose no update', async (t) => {
    const root = tempFolder(t);
    await Promise.all([start('count', root, 250).done, start('count', root, 250).done]);
    const result = updateShared(path.join(root, 'counter.json'), COUNTER, () => undefined);
    assert.ok(result.ok && result.value?.count === 500);
  });

  test('a lock holds against others, and one whose holder was killed is free', async (t) => {
    const root = tempFolder(t);
    writeFileSync(path.join(root, 'value'), '0');
    const runs = [start('lock', root, 400), start('lock', root, 400), start('lock', root, 1_000_000)];
    await runs[0]!.done;
    await runs[1]!.done;
    runs[2]!.child.kill('SIGKILL');
    const counted = (await runs[2]!.done).split('\n').length - 1;
    const took = withLock(path.join(root, 'lock'), 10_000, () => undefined);
    assert.ok(took.ok);
    const value = Number(readFileSync(path.join(root, 'value'), 'utf8'));
    // A kill may come between truncating and writing the value, or between writing and acknowledging it.
    assert.ok(value === 0 || value === 800 + counted || value === 801 + counted, `${value}, ${counted}`);
    const lock = tryLock(path.join(root, 'lock'));
    assert.ok(lock !== undefined && tryLock(path.join(root, 'lock')) === undefined);
    lock.release();
    assert.deepEqual(
      readdirSync(root).filter((name) => name.startsWith('lock') && !name.endsWith('.tmp')),
      [],
    );
  });

  test('a process is alive as long as it is that very process', async () => {
    const own = ownIdentity();
    assert.ok(isAlive(own));
    assert.ok(isAlive({ pid: own.pid }));
    if (own.processStart !== undefined) assert.ok(!isAlive({ pid: own.pid, processStart: 'another' }));
    assert.ok(isAlive({ pid: 1, host: 'elsewhere' }), 'nothing can be said of another machine');
    for (const pid of [0, -1, NaN, 2 ** 22 + 5]) assert.ok(!isAlive({ pid }), String(pid));
    const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
    const { pid } = child;
    assert.ok(isAlive({ pid: pid! }));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
    assert.ok(!isAlive({ pid: pid! }));
  });

  test('a full disk: the run is told so, what was written before is whole', (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-full-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]);
    if (mounted.status !== 0) {
      t.skip('needs the right to mount a small tmpfs');
      return;
    }
    try {
      const store = RunStore.open(folder);
      const head = header();
      const writer = store.create(head, TASKS);
      const document = newRunDocument(head, TASKS);
      let written: RunDocument = document;
      assert.throws(
        () => {
          for (let size = 1000; ; size *= 2) {
            const next = { ...document, error: 'x'.repeat(size) };
            writer.update(next, { durable: true });
            written = next;
          }
        },
        { code: 'ENOSPC' },
      );
      const read = store.read(head.id);
      assert.ok(read.ok && read.run.error === written.error);
      assert.deepEqual(
        readdirSync(writer.folder).filter((name) => name.endsWith('.tmp')),
        [],
      );
      assert.throws(() => {
        for (;;) writer.append({ type: 'notice', message: 'x'.repeat(4000) });
      });
      assert.throws(() => {
        for (;;) store.create(header(), TASKS);
      }, StoreError);
      assert.ok(store.list({ limit: 5 }).some((run) => run.id === head.id));
      assert.ok(store.events(head.id).events.length > 0);
      writer.close();
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  });
}

const job = process.env['MODELYARD_TEST_JOB'];
if (job === undefined) tests();
else JOBS[job]!(process.env['MODELYARD_TEST_FOLDER']!, Number(process.env['MODELYARD_TEST_COUNT']));
