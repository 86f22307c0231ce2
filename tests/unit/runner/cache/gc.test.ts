import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { DiskCache, entryPath } from '../../../../server/runner/cache/disk.js';
import { applyGc, planGc, trimCache } from '../../../../server/runner/cache/gc.js';
import type { GcOptions, GcPlan } from '../../../../server/runner/cache/gc.js';
import { HashIndex } from '../../../../server/stores/content/hash-index.js';
import { hashOf } from '../../../../server/stores/content/hash.js';
import type { RunHeader } from '../../../../server/stores/runs/document.js';
import { newRunId } from '../../../../server/stores/runs/id.js';
import { RunStore, newRunDocument } from '../../../../server/stores/runs/runs.js';
import { TASKS, ended, header } from '../../stores/support.js';

const DAY = 86_400_000;
const fingerprint = (name: string) => hashOf(`fingerprint of ${name}`);

interface Yard {
  readonly store: RunStore;
  readonly cache: DiskCache;
  /** Stores an output of so many bytes, last used so many days ago. */
  entry(name: string, bytes: number, daysAgo?: number): Promise<string>;
  /** Records a run that made the entries; without an end when it goes on. */
  run(
    entries: Record<string, string>,
    change?: Partial<RunHeader> & { live?: boolean; daysAgo?: number },
  ): string;
  readonly has: (name: string) => boolean;
  plan(options: GcOptions): GcPlan;
}

function yard(t: TestContext): Yard {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-gc-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const store = RunStore.open(root);
  const cache = new DiskCache(store.layout, new HashIndex(store.layout));
  return {
    store,
    cache,
    async entry(name, bytes, daysAgo = 0) {
      const content = Buffer.alloc(bytes, `${name} `);
      writeFileSync(path.join(root, 'out'), content);
      const hash = hashOf(content);
      const stored = await cache.store({
        fingerprint: fingerprint(name),
        runId: 'r',
        taskId: name,
        outputs: [{ path: 'out', hash }],
        data: { artifacts: [], metrics: {} },
      });
      assert.ok(stored.ok);
      const used = Date.now() / 1000 - (daysAgo * DAY) / 1000;
      utimesSync(entryPath(store.layout, fingerprint(name)), used, used);
      return hash;
    },
    run(entries, { live = false, daysAgo = 0, ...change } = {}) {
      const time = Date.now() - daysAgo * DAY;
      const head = header({ id: newRunId(time), createdAt: new Date(time).toISOString(), ...change });
      const writer = store.create(head, TASKS);
      const document = newRunDocument(head, TASKS);
      const [first, second] = document.tasks;
      const done = {
        ...document,
        status: 'running' as const,
        tasks: [
          ...Object.entries(entries).map(([name, hash]) => ({
            ...first!,
            id: name,
            fingerprint: { hash: fingerprint(name), parts: [] },
            outputs: [
              { name: 'out', kind: 'file' as const, mime: '', cached: true, path: 'out', hash, bytes: 1 },
            ],
          })),
          second!,
        ],
      };
      writer.update(live ? done : ended(done), { durable: true });
      writer.close();
      return head.id;
    },
    has: (name) => cache.lookup(fingerprint(name)) !== undefined,
    plan: (options) => planGc(store, options),
  };
}

test('without bounds nothing goes; the plan changes nothing', async (t) => {
  const y = yard(t);
  await y.entry('a', 1000);
  y.run({});
  const plan = y.plan({});
  assert.deepEqual([plan.runs, plan.entries, plan.objects, plan.temps, plan.freedBytes], [[], [], [], [], 0]);
  assert.ok(plan.cacheBytes > 1000 && plan.keptBytes === plan.cacheBytes);
  y.plan({ all: true, keepRuns: 0 });
  assert.ok(y.has('a'));
});

test('by age, and the longest unused first by size', async (t) => {
  const y = yard(t);
  for (const [name, days] of [
    ['old', 40],
    ['older', 50],
    ['new', 1],
    ['newest', 0],
  ] as const) {
    await y.entry(name, 10_000, days);
  }
  const later = { now: Date.now() + 1000 };
  const aged = y.plan({ ...later, maxAgeMs: 30 * DAY });
  assert.deepEqual([aged.entries.length, aged.objects.length], [2, 2]);
  assert.ok(aged.freedBytes > 20_000 && aged.freedBytes < 22_000);
  const sized = y.plan({ ...later, maxBytes: 15_000 });
  assert.equal(sized.entries.length, 3);
  assert.ok(sized.keptBytes <= 15_000 && sized.notice === undefined);
  const done = applyGc(y.store, sized);
  assert.deepEqual([done.freedBytes, done.removed, done.problems], [sized.freedBytes, 6, []]);
  assert.deepEqual(['old', 'older', 'new', 'newest'].map(y.has), [false, false, false, true]);
  assert.equal(y.plan({ ...later, maxBytes: 15_000 }).freedBytes, 0);
});

test('artifacts live as long as a run that made them, unless everything is asked for', async (t) => {
  const y = yard(t);
  const [a, b] = [await y.entry('a', 10_000, 50), await y.entry('b', 10_000, 50)];
  const old = y.run({ a }, { daysAgo: 60 });
  const recent = y.run({ b }, { daysAgo: 1 });
  const later = { now: Date.now() + 1000 };
  const tight = y.plan({ ...later, maxBytes: 0, maxAgeMs: DAY });
  assert.deepEqual(tight.entries, []);
  assert.match(tight.notice ?? '', /stays over its bound/);
  for (const options of [{ keepRuns: 1 }, { runMaxAgeMs: 30 * DAY }]) {
    const plan = y.plan({ ...later, maxAgeMs: DAY, ...options });
    assert.deepEqual(
      plan.runs.map(({ id, pipeline }) => [id, pipeline]),
      [[old, 'train']],
    );
    assert.deepEqual([plan.entries.length, plan.objects.length], [1, 1]);
  }
  applyGc(y.store, y.plan({ ...later, maxAgeMs: DAY, keepRuns: 1 }));
  assert.deepEqual([y.has('a'), y.has('b')], [false, true]);
  assert.deepEqual(
    y.store.list({ limit: 9 }).map((run) => run.id),
    [recent],
  );
  assert.ok(!existsSync(y.store.folder(old)));
  applyGc(y.store, y.plan({ ...later, all: true, owned: [b] }));
  assert.ok(y.has('b'), 'another owner holds it');
  applyGc(y.store, y.plan({ ...later, all: true }));
  assert.ok(!y.has('b'));
  assert.ok(y.store.read(recent).ok);
});

test('an artifact without its entry still belongs to its run, files of a folder too', async (t) => {
  const y = yard(t);
  const { root } = y.store.layout;
  mkdirSync(path.join(root, 'dir'));
  writeFileSync(path.join(root, 'dir/x'), 'in the folder');
  const hashed = new HashIndex(y.store.layout).hash(path.join(root, 'dir'));
  assert.ok(hashed.ok);
  await y.cache.store({
    fingerprint: fingerprint('dir'),
    runId: 'r',
    taskId: 'dir',
    outputs: [{ path: 'dir', hash: hashed.hash }],
    data: { artifacts: [], metrics: {} },
  });
  y.run({ dir: hashed.hash });
  rmSync(entryPath(y.store.layout, fingerprint('dir')));
  const later = { now: Date.now() + 1000 };
  assert.deepEqual(y.plan({ ...later, maxBytes: 0 }).objects, []);
  assert.equal(y.plan({ ...later, maxBytes: 0, keepRuns: 0 }).objects.length, 2);
});

test('what a run that goes on has used or is about to use stays, even with all', async (t) => {
  const y = yard(t);
  const a = await y.entry('a', 1000, 50);
  await y.entry('unowned', 1000, 50);
  y.run({ a }, { live: true });
  await y.entry('just stored', 1000);
  const plan = y.plan({ all: true, keepRuns: 0 });
  assert.deepEqual(plan.runs, []);
  applyGc(y.store, plan);
  assert.deepEqual(['a', 'just stored', 'unowned'].map(y.has), [true, true, false]);
  const orphan = path.join(y.store.layout.objects, 'ab', 'ab'.repeat(32));
  mkdirSync(path.dirname(orphan), { recursive: true });
  writeFileSync(orphan, 'an object whose entry comes next');
  assert.deepEqual(
    y.plan({ all: true }).objects.filter((file) => file.path === orphan),
    [],
  );
});

test('two gc at once: what the other one has taken is no problem of this one', async (t) => {
  const y = yard(t);
  y.run({ a: await y.entry('a', 10_000, 50) }, { daysAgo: 60 });
  const [one, other] = [1, 2].map(() => y.plan({ now: Date.now() + 1000, keepRuns: 0, maxBytes: 0 }));
  assert.ok(one !== undefined && other !== undefined && one.runs.length === 1 && one.entries.length === 1);
  assert.equal(applyGc(y.store, one).removed, 3);
  assert.deepEqual(applyGc(y.store, other), { freedBytes: 0, removed: 0, problems: [] });
});

test('what was wanted after the plan was made stays', async (t) => {
  const y = yard(t);
  const hash = await y.entry('a', 1000, 50);
  const plan = y.plan({ maxAgeMs: DAY });
  assert.equal(plan.entries.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await y.entry('a', 1000);
  assert.equal(applyGc(y.store, plan).freedBytes, 0);
  assert.ok(y.has('a') && y.cache.locate(hash));
});

test('temp files of dead writers go, those of living ones stay', (t) => {
  const y = yard(t);
  const { temp } = y.store.layout;
  mkdirSync(temp, { recursive: true });
  const names = [`x.${2 ** 22 + 3}-abcdef-1.tmp`, `x.${process.pid}-abcdef-1.tmp`, 'somebody’s'];
  for (const name of names) {
    writeFileSync(path.join(temp, name), 'left over');
    utimesSync(path.join(temp, name), 1_700_000_000, 1_700_000_000);
  }
  const plan = y.plan({});
  assert.deepEqual(
    plan.temps.map((file) => path.basename(file.path)),
    [names[0]],
  );
  applyGc(y.store, plan);
  assert.deepEqual(readdirSync(temp).sort(), names.slice(1).sort());
});

test('trimming after a run: free until the bound is passed, then by the longest unused', async (t) => {
  const y = yard(t);
  const bound = { maxBytes: 25_000 };
  assert.deepEqual(trimCache(y.store, bound, 0), { freedBytes: 0 });
  assert.deepEqual(trimCache(y.store, {}, 1e9), { freedBytes: 0 });
  for (const [name, days] of [
    ['one', 3],
    ['two', 2],
  ] as const) {
    await y.entry(name, 10_000, days);
    assert.deepEqual(trimCache(y.store, bound, 10_300), { freedBytes: 0 });
  }
  const usage = path.join(y.store.layout.index, 'cache-usage.json');
  const before = existsSync(usage) ? statSync(usage).size : 0;
  const c = await y.entry('three', 10_000, 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const trimmed = trimCache(y.store, bound, 10_300);
  assert.ok(trimmed.freedBytes > 10_000, `${before} ${trimmed.freedBytes}`);
  assert.deepEqual(['one', 'two', 'three'].map(y.has), [false, true, true]);
  y.run({ three: c, two: hashOf(Buffer.alloc(10_000, 'two ')) });
  const held = trimCache(y.store, { maxBytes: 5_000 }, 1);
  assert.ok(held.freedBytes === 0 && held.notice !== undefined);
});
