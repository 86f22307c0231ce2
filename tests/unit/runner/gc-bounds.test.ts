/**
 * What `keep`, `max-age` and `max-size` mean, each alone and together, held against a model of their sentences; and that
 * only files of ours go.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { DiskCache, entryPath } from '../../../server/runner/cache/disk.js';
import { type GcOptions, applyGc, planGc, trimCache } from '../../../server/runner/cache/gc.js';
import { HashIndex } from '../../../server/stores/content/hash-index.js';
import { hashOf } from '../../../server/stores/content/hash.js';
import type { RunStatus } from '../../../server/stores/runs/document.js';
import { newRunId } from '../../../server/stores/runs/id.js';
import { RunStore, newRunDocument } from '../../../server/stores/runs/runs.js';
import { cases, fc } from '../../support/generated/cases.js';
import { TASKS, header } from '../stores/support.js';

const DAY = 86_400_000;

interface OneRun {
  readonly daysAgo: number;
  readonly task: string;
  readonly status: 'succeeded' | 'failed' | 'waiting';
}

interface Yard {
  readonly store: RunStore;
  /** Ids, and what each run has stored, by its place. */
  readonly ids: readonly string[];
  readonly has: (place: number) => boolean;
}

/** Each run has made one output of its own, last used when it ran. */
async function yardOf(t: TestContext, runs: readonly OneRun[]): Promise<Yard> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-bounds-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const store = RunStore.open(root);
  const cache = new DiskCache(store.layout, new HashIndex(store.layout));
  const ids: string[] = [];
  const now = Date.now();
  for (const [place, { daysAgo, task, status }] of runs.entries()) {
    const time = now - daysAgo * DAY - place;
    const content = Buffer.alloc(1000, `${place} `);
    writeFileSync(path.join(root, 'out'), content);
    const hash = hashOf(content);
    const fingerprint = hashOf(`f${place}`);
    const outputs = [{ path: 'out', hash }];
    assert.ok(
      (
        await cache.store({
          fingerprint,
          runId: 'r',
          taskId: task,
          outputs,
          data: { artifacts: [], metrics: {} },
        })
      ).ok,
    );
    utimesSync(entryPath(store.layout, fingerprint), time / 1000, time / 1000);
    const head = header({ id: newRunId(time), createdAt: new Date(time).toISOString() });
    const writer = store.create(head, TASKS.slice(0, 1));
    const document = newRunDocument(head, TASKS.slice(0, 1));
    const ended: RunStatus = status;
    const output = {
      name: 'out',
      kind: 'file' as const,
      mime: '',
      cached: true,
      path: 'out',
      hash,
      bytes: 1000,
    };
    writer.update(
      {
        ...document,
        status: ended,
        tasks: document.tasks.map((one) => ({
          ...one,
          id: task,
          status: status === 'failed' ? 'failed' : 'succeeded',
          fingerprint: { hash: fingerprint, parts: [] },
          outputs: [output],
        })),
      },
      { durable: true },
    );
    writer.close();
    ids.push(head.id);
  }
  rmSync(path.join(root, 'out'));
  return { store, ids, has: (place) => cache.lookup(hashOf(`f${place}`)) !== undefined };
}

const ONE_ENTRY = 1000 + 400;

/** The sentences of docs/reference/language.md, as plainly as they can be written down. */
function expected(runs: readonly OneRun[], { keepRuns, runMaxAgeMs, maxAgeMs, maxBytes }: GcOptions) {
  const byAge = runs
    .map((run, place) => ({ ...run, place }))
    .sort((a, b) => a.daysAgo - b.daysAgo || a.place - b.place);
  const gone = byAge.filter(({ daysAgo, status }, rank) => {
    if (status === 'waiting' || (keepRuns === undefined && runMaxAgeMs === undefined)) return false;
    if (keepRuns !== undefined && rank < keepRuns) return false;
    return runMaxAgeMs === undefined || daysAgo * DAY > runMaxAgeMs;
  });
  const kept = byAge.filter((run) => !gone.includes(run));
  const fixed = kept.filter(
    (run) =>
      run.status === 'waiting' ||
      (run.status === 'succeeded' &&
        kept.find(({ task, status }) => task === run.task && status === 'succeeded') === run),
  );
  const free = byAge.filter((run) => !fixed.includes(run));
  const tooOld = free.filter(({ daysAgo }) => maxAgeMs !== undefined && daysAgo * DAY > maxAgeMs);
  return { gone: gone.map(({ place }) => place), fixed, free, tooOld, bytes: maxBytes };
}

const someRun: fc.Arbitrary<OneRun> = fc.record({
  daysAgo: fc.integer({ min: 0, max: 60 }).map((days) => days + 0.5),
  task: fc.constantFrom('a', 'b'),
  status: fc.constantFrom('succeeded' as const, 'succeeded' as const, 'failed' as const, 'waiting' as const),
});
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });

test('every combination of bounds means what its sentences say, and --dry says what goes', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someRun, { minLength: 1, maxLength: 7 }),
      maybe(fc.integer({ min: 0, max: 4 })),
      maybe(fc.integer({ min: 1, max: 60 })),
      maybe(fc.integer({ min: 1, max: 60 })),
      maybe(fc.integer({ min: 0, max: 6 })),
      async (runs, keep, runDays, days, entries) => {
        const options: GcOptions = {
          ...(keep === undefined ? {} : { keepRuns: keep }),
          ...(runDays === undefined ? {} : { runMaxAgeMs: runDays * DAY }),
          ...(days === undefined ? {} : { maxAgeMs: days * DAY }),
          ...(entries === undefined ? {} : { maxBytes: entries * ONE_ENTRY }),
          now: Date.now() + 1000,
        };
        const yard = await yardOf(t, runs);
        const model = expected(runs, options);
        const plan = planGc(yard.store, options);
        assert.deepEqual(
          plan.runs.map(({ id }) => id).sort(),
          model.gone.map((place) => yard.ids[place]).sort(),
        );
        const done = applyGc(yard.store, plan);
        assert.deepEqual(done.problems, []);
        assert.equal(done.freedBytes, plan.freedBytes);
        for (const { place } of model.fixed)
          assert.ok(yard.has(place), `the result of run ${place} is protected`);
        for (const { place } of model.tooOld)
          assert.ok(!yard.has(place), `the result of run ${place} is too old`);
        const left = model.free.filter((run) => !model.tooOld.includes(run));
        const stays = left.map(({ place }) => yard.has(place));
        // The longest unused first: nobody who was used before another one is there when that one is not.
        assert.deepEqual(
          stays,
          [...stays].sort((a, b) => Number(b) - Number(a)),
        );
        if (model.bytes === undefined) assert.ok(stays.every(Boolean));
        else assert.ok(plan.keptBytes <= model.bytes || stays.every((one) => !one), 'the bound is kept');
        const again = planGc(yard.store, { ...options, now: Date.now() + 1000 });
        assert.deepEqual([again.runs, again.entries, again.objects], [[], [], []]);
      },
    ),
    { numRuns: cases(25, 600) },
  );
});

test('keep wins over max-age: a project that has rested keeps its newest runs', async (t) => {
  const runs = [1, 2, 3, 4].map((n): OneRun => ({ daysAgo: 100 + n, task: 'a', status: 'succeeded' }));
  const { store } = await yardOf(t, runs);
  assert.deepEqual(planGc(store, { keepRuns: 100, runMaxAgeMs: 90 * DAY }).runs, []);
  assert.equal(planGc(store, { keepRuns: 1, runMaxAgeMs: 90 * DAY }).runs.length, 3);
  // So do those that somebody has starred.
  const [oldest] = [...store.ids()].reverse();
  assert.ok(store.mark(oldest ?? '', { star: true }).ok);
  assert.equal(planGc(store, { keepRuns: 1, runMaxAgeMs: 90 * DAY }).runs.length, 2);
});

test('a run that waits holds what its document names and no more', async (t) => {
  const runs: OneRun[] = [
    { daysAgo: 20, task: 'a', status: 'waiting' },
    ...[9, 8, 7].map((daysAgo): OneRun => ({ daysAgo, task: 'a', status: 'succeeded' })),
  ];
  const yard = await yardOf(t, runs);
  applyGc(yard.store, planGc(yard.store, { maxBytes: 0, now: Date.now() + 1000 }));
  assert.deepEqual(
    runs.map((_, place) => yard.has(place)),
    [true, false, false, true],
  );
});

test('the end of a run keeps the bound, whoever made what is in the cache', async (t) => {
  const runs = Array.from({ length: 9 }, (_, n): OneRun => ({
    daysAgo: 9 - n,
    task: 'a',
    status: 'succeeded',
  }));
  const yard = await yardOf(t, runs);
  const bound = 4 * ONE_ENTRY;
  const trimmed = trimCache(yard.store, { maxBytes: bound }, ONE_ENTRY);
  assert.equal(trimmed.notice, undefined);
  assert.ok(planGc(yard.store).cacheBytes <= bound);
  assert.ok(yard.has(8));
  // And by age, without a bound of size.
  const aged = await yardOf(t, runs);
  trimCache(aged.store, { maxAgeMs: 3.5 * DAY }, ONE_ENTRY);
  assert.deepEqual(
    runs.map((_, place) => aged.has(place)),
    [0, 0, 0, 0, 0, 0, 1, 1, 1].map(Boolean),
  );
});

test('an index that says nothing, or something else, deletes nothing', async (t) => {
  const runs = [1, 2].map((daysAgo): OneRun => ({ daysAgo, task: `t${daysAgo}`, status: 'succeeded' }));
  const yard = await yardOf(t, runs);
  for (const text of ['', 'bad\n', '{"id":"20200101-000000-000-aaaa","t":1,"gone":true}\n']) {
    writeFileSync(yard.store.index.log, text);
    const store = RunStore.open(yard.store.layout.root);
    const plan = planGc(store, { maxBytes: 0 });
    assert.deepEqual([plan.entries, plan.objects], [[], []]);
    assert.deepEqual(
      store.list({ limit: 9 }).map(({ id }) => id),
      [...yard.ids].sort().reverse(),
    );
  }
});

test('only files of ours go, and none through a link', async (t) => {
  const { store } = await yardOf(t, [{ daysAgo: 1, task: 'a', status: 'failed' }]);
  const { layout } = store;
  const outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-outside-'));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  const hex = 'ab'.repeat(32);
  mkdirSync(path.join(outside, 'a'));
  const strangers = [
    path.join(layout.objects, 'a', 'thesis.txt'),
    path.join(layout.objects, 'notes', hex),
    path.join(layout.objects, 'b', hex),
    path.join(layout.entries, 'a', `${hex}.txt`),
    path.join(outside, 'a', hex),
    path.join(outside, hex),
  ];
  for (const file of strangers) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'precious');
    utimesSync(file, 1, 1);
  }
  symlinkSync(outside, path.join(layout.objects, 'c'));
  const options = { all: true, keepRuns: 0, now: Date.now() + 2 * 3_600_000 };
  applyGc(store, planGc(store, options));
  // The whole folder, and the one of runs on their way out, as links.
  renameSync(layout.objects, `${layout.objects}-own`);
  symlinkSync(outside, layout.objects);
  const victim = path.join(outside, newRunId());
  mkdirSync(victim);
  rmSync(layout.trash, { recursive: true, force: true });
  symlinkSync(outside, layout.trash);
  const reopened = RunStore.open(layout.root);
  applyGc(reopened, planGc(reopened, options));
  reopened.maintain();
  for (const file of strangers.slice(4)) assert.ok(existsSync(file), file);
  for (const file of strangers.slice(0, 3))
    assert.ok(existsSync(file.replace(layout.objects, `${layout.objects}-own`)), file);
  assert.ok(existsSync(victim));
  assert.equal(readdirSync(outside).length, 3);
});
