import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { acquireLocks } from '../../../../server/runner/locks/locks.js';
import type { Holder, LockRequest } from '../../../../server/runner/locks/locks.js';
import { layoutOf } from '../../../../server/stores/layout.js';

function request(runId: string, writes: string[], more: Partial<LockRequest> = {}): LockRequest {
  return { runId, pipeline: 'train', writes, ...more };
}

/** A child takes the lock, adds to a file that must not be written by two at once, and lets go; again and again. */
async function compete(root: string, name: string, rounds: number): Promise<void> {
  const shared = path.join(root, 'models');
  for (let n = 0; n < rounds; n++) {
    const lock = await acquireLocks(layoutOf(root), request(`${name}-${n}`, ['models/rain.json']), {
      wait: true,
    });
    if (!lock.ok) throw new Error(lock.message);
    const owner = path.join(shared, 'owner');
    if (existsSync(owner)) throw new Error(`${readFileSync(owner, 'utf8')} is here too`);
    writeFileSync(owner, name);
    await new Promise((resolve) => setImmediate(resolve));
    rmSync(owner);
    lock.lock.release();
  }
}

function tests(): void {
  function project(t: TestContext) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-locks-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return layoutOf(folder);
  }

  test('what two runs can and can’t have at once', async (t) => {
    const layout = project(t);
    const check = async (
      first: Partial<LockRequest>,
      second: Partial<LockRequest>,
      expected: string | undefined,
    ) => {
      const one = await acquireLocks(layout, { ...request('one', []), ...first });
      assert.ok(one.ok);
      const two = await acquireLocks(layout, { ...request('two', []), ...second });
      const words = JSON.stringify([first, second]);
      if (expected === undefined) {
        assert.ok(two.ok, words);
        two.lock.release();
      } else {
        assert.ok(!two.ok && two.reason === 'held', words);
        assert.equal(two.holder.what, expected, words);
        assert.match(two.message, new RegExp(`Run one of train \\(process ${process.pid}\\) holds`));
      }
      one.lock.release();
    };
    await check({ writes: ['a'] }, { writes: ['b'] }, undefined);
    await check({ writes: ['a'] }, { writes: ['a'] }, 'output a');
    await check({ writes: ['out'] }, { writes: ['out/deep/x'] }, 'output out/deep/x');
    await check({ writes: ['out/deep/x'] }, { writes: ['out/'] }, 'output out/');
    await check({ writes: ['out/deep/x'] }, { writes: ['out/deep/y', 'out/dee'] }, undefined);
    await check({ writes: ['./a/../b'] }, { writes: ['b'] }, 'output b');
    await check({ writes: ['a'] }, { writes: ['b'], reads: ['a'] }, 'a, which it writes and this run reads');
    await check(
      { writes: [], reads: ['data'] },
      { writes: ['data/x'] },
      'data/x, which it reads and this run writes',
    );
    await check({ writes: [], reads: ['a'] }, { writes: [], reads: ['a'] }, undefined);
    await check({ names: ['gpu'] }, { names: ['tpu', 'gpu'] }, 'mutex gpu');
    await check({ names: ['gpu'] }, { writes: ['gpu'] }, undefined);
    await check({ writes: ['a'] }, { writes: ['.'] }, 'output .');
    assert.deepEqual(
      readdirSync(layout.locks).filter((name) => name.endsWith('.json')),
      [],
    );
  });

  test('waiting tells who is in the way, once, and goes on when it is free', async (t) => {
    const layout = project(t);
    const first = await acquireLocks(layout, request('one', ['a']));
    assert.ok(first.ok);
    const holders: Holder[] = [];
    const second = acquireLocks(layout, request('two', ['a']), {
      wait: true,
      onWait: (holder) => {
        holders.push(holder);
        setTimeout(() => first.lock.release(), 250);
      },
    });
    assert.ok((await second).ok);
    assert.deepEqual(
      holders.map((holder) => [holder.runId, holder.what, holder.pid]),
      [['one', 'output a', process.pid]],
    );
    const abort = new AbortController();
    const third = await acquireLocks(layout, request('three', ['a']), {
      wait: true,
      signal: abort.signal,
      onWait: () => abort.abort(),
    });
    assert.ok(!third.ok && third.reason === 'cancelled');
  });

  test('parts of runs wait for others, but not in a circle, and not for what they are a part of', async (t) => {
    const layout = project(t);
    const hold = async (name: string): Promise<void> => {
      assert.ok((await acquireLocks(layout, request(name, [`${name}.out`]))).ok);
    };
    await hold('a');
    await hold('b');
    await hold('c');
    const abort = new AbortController();
    const waits = (above: string, wanted: string): ReturnType<typeof acquireLocks> =>
      acquireLocks(layout, request(`part-of-${above}`, [`${wanted}.out`], { above: [above] }), {
        wait: true,
        signal: abort.signal,
      });
    const inside = await waits('a', 'a');
    assert.ok(!inside.ok && inside.reason === 'endless', JSON.stringify(inside));
    const first = waits('a', 'b');
    const second = waits('b', 'c');
    const third = await waits('c', 'a');
    assert.ok(!third.ok && third.reason === 'endless', JSON.stringify(third));
    assert.match(third.message, /Run a .* waits in turn/);
    assert.deepEqual(
      readdirSync(layout.locks).filter((name) => name.endsWith('.wait')),
      ['part-of-a.wait', 'part-of-b.wait'],
    );
    abort.abort();
    for (const one of await Promise.all([first, second])) assert.ok(!one.ok && one.reason === 'cancelled');
    assert.deepEqual(readdirSync(layout.locks), ['a.json', 'b.json', 'c.json']);
  });

  test('a killed run, and a lock file that says nothing, are in nobody’s way', async (t) => {
    const layout = project(t);
    mkdirSync(layout.locks, { recursive: true });
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    const dead = { ...request('dead', ['a']), pid, since: '' };
    writeFileSync(path.join(layout.locks, 'dead.json'), JSON.stringify(dead));
    writeFileSync(path.join(layout.locks, 'torn.json'), '{"pid":');
    assert.ok((await acquireLocks(layout, request('one', ['a']))).ok);
    assert.deepEqual(readdirSync(layout.locks), ['one.json']);
  });

  test('a folder that can’t be written is said', async (t) => {
    const layout = project(t);
    writeFileSync(layout.memory, '');
    const refused = await acquireLocks(layout, request('one', ['a']));
    assert.ok(!refused.ok && refused.reason === 'unwritable');
  });

  test('a lock of 1,000 outputs is one file', async (t) => {
    const layout = project(t);
    const many = await acquireLocks(
      layout,
      request(
        'one',
        Array.from({ length: 1000 }, (_, n) => `out/${n}`),
      ),
    );
    const other = await acquireLocks(
      layout,
      request(
        'two',
        Array.from({ length: 1000 }, (_, n) => `other/${n}`),
      ),
    );
    assert.ok(many.ok && other.ok);
    assert.deepEqual(readdirSync(layout.locks).sort(), ['one.json', 'two.json']);
  });

  test('processes that compete are never in at the same time, one of them killed now and then', async (t) => {
    const layout = project(t);
    mkdirSync(path.join(layout.root, 'models'));
    const start = (name: string, rounds: number) => {
      const env: NodeJS.ProcessEnv = {
        ...process.env,
        MODELYARD_TEST_LOCKS: `${layout.root}|${name}|${rounds}`,
      };
      delete env['NODE_TEST_CONTEXT'];
      const child = spawn(process.execPath, [__filename], { env, stdio: ['ignore', 'ignore', 'inherit'] });
      return { child, code: new Promise<number | null>((resolve) => child.on('close', resolve)) };
    };
    const codes = await Promise.all([start('a', 12).code, start('b', 12).code, start('c', 12).code]);
    assert.deepEqual(codes, [0, 0, 0]);
    assert.deepEqual(readdirSync(layout.locks), []);
    const victim = start('d', 100_000);
    while (!readdirSync(layout.locks).some((name) => name.startsWith('d-'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    victim.child.kill('SIGKILL');
    await victim.code;
    const after = await acquireLocks(layout, request('after', ['models/rain.json']));
    assert.ok(after.ok);
  });
}

const competition = process.env['MODELYARD_TEST_LOCKS']?.split('|');
if (competition === undefined) {
  tests();
} else {
  void compete(competition[0]!, competition[1]!, Number(competition[2])).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
