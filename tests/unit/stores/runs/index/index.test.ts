import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fc } from '../../../../support/generated/cases.js';
import { linesBackward, linesFrom } from '../../../../../server/stores/disk/lines.js';
import type { RunSummary } from '../../../../../server/stores/runs/document.js';
import { newRunId } from '../../../../../server/stores/runs/id.js';
import { MAX_LINE_BYTES, RunIndex } from '../../../../../server/stores/runs/index/index.js';
import { RunStore } from '../../../../../server/stores/runs/runs.js';
import { tempFolder } from '../../support.js';

function summary(id: string, change: Partial<RunSummary> = {}): RunSummary {
  return {
    id,
    pipeline: 'train',
    path: 'train.pipeline.yaml',
    status: 'succeeded',
    createdAt: '2026-11-23T12:34:56.789Z',
    endedAt: '2026-11-23T12:35:56.789Z',
    pid: 4242,
    processStart: '123456',
    trigger: 'terminal',
    counts: { succeeded: 4 },
    metrics: { 'train.accuracy': 0.81 },
    ...change,
  };
}

const LINES = fc.array(
  fc.oneof(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constant('é'.repeat(50_000))),
  {
    maxLength: 12,
  },
);

test('lines are read from the end, across blocks and inside characters', (t) => {
  const file = path.join(tempFolder(t), 'lines');
  fc.assert(
    fc.property(LINES, fc.boolean(), (raw, whole) => {
      const lines = raw.map((line) => line.replace(/[\r\n]/g, '')).filter((line) => line !== '');
      writeFileSync(file, lines.join('\n') + (whole ? '\n' : ''));
      assert.deepEqual([...linesBackward(file)].reverse(), lines);
      const forward: string[] = [];
      for (let from = 0; ;) {
        const { lines: some, next } = linesFrom(file, from, 1000);
        if (next === from) break;
        forward.push(...some);
        from = next;
      }
      assert.deepEqual(forward, whole ? lines : lines.slice(0, -1));
    }),
    { numRuns: 100 },
  );
  assert.deepEqual([...linesBackward(`${file}-none`)], []);
  assert.deepEqual(linesFrom(`${file}-none`, 7), { lines: [], next: 0 });
});

test('any order of appends, tombstones, torn lines and compactions equals a map', (t) => {
  const root = tempFolder(t);
  const ids = Array.from({ length: 12 }, (_, n) => newRunId(Date.UTC(2026, 0, 1) + n * 1000));
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), id: fc.constantFrom(...ids), pid: fc.nat() }),
    fc.record({ kind: fc.constant('gone' as const), id: fc.constantFrom(...ids) }),
    fc.record({ kind: fc.constantFrom('compact' as const, 'torn' as const, 'reopen' as const) }),
  );
  let round = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(12), (steps, limit) => {
      const folder = path.join(root, String((round += 1)));
      mkdirSync(folder);
      let index = new RunIndex(folder);
      const model = new Map<string, number>();
      for (const one of steps) {
        switch (one.kind) {
          case 'set':
            index.append(summary(one.id, { pid: one.pid }));
            model.set(one.id, one.pid);
            break;
          case 'gone':
            index.appendGone(one.id);
            model.delete(one.id);
            break;
          case 'compact':
            index.compact();
            break;
          case 'torn':
            appendFileSync(index.log, '\n{"id":"20260101-000');
            break;
          case 'reopen':
            index = new RunIndex(folder);
        }
      }
      const expected = [...model].sort(([a], [b]) => (a < b ? 1 : -1));
      const pids = (runs: Iterable<RunSummary>) => [...runs].map((run) => [run.id, run.pid]);
      assert.deepEqual(pids(index.newest({ limit: 100 })), expected);
      assert.deepEqual(pids(index.newest({ limit })), expected.slice(0, limit));
      const before = ids[limit] ?? ids[0]!;
      assert.deepEqual(
        pids(index.newest({ limit: 3, before })),
        expected.filter(([id]) => id < before).slice(0, 3),
      );
      assert.deepEqual(new Map(pids(index.all().values()) as [string, number][]), model);
      for (const id of ids) assert.equal(index.get(id)?.pid, model.get(id));
    }),
    { numRuns: 200 },
  );
});

test('a compaction that was killed is finished by the next one', (t) => {
  const folder = tempFolder(t);
  const index = new RunIndex(folder);
  const [a, b, c] = [newRunId(), newRunId(), newRunId()];
  index.append(summary(a));
  index.compact();
  index.append(summary(b));
  index.appendGone(a);
  // As left behind by a kill between sealing and merging.
  writeFileSync(path.join(folder, 'index.sealed.ndjson'), readFileSync(index.log));
  truncateSync(index.log);
  index.append(summary(c));
  const ids = () => index.newest({ limit: 9 }).map((run) => run.id);
  assert.deepEqual(ids(), [c, b]);
  assert.ok(index.wantsCompaction());
  assert.ok(index.compact());
  assert.deepEqual(ids(), [c, b]);
  assert.deepEqual(readdirSync(folder), ['index.base.ndjson']);
});

test('a long summary still fits into one append', (t) => {
  const index = new RunIndex(tempFolder(t));
  const id = newRunId();
  index.append(
    summary(id, {
      metrics: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`${n}`, 'é'.repeat(1000)])),
      params: { long: 'x'.repeat(20_000) },
    }),
  );
  assert.ok(statSync(index.log).size < MAX_LINE_BYTES);
  assert.equal(index.get(id)?.status, 'succeeded');
});

test('the newest of 100,000 runs are found in the tail of the log and of the base', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  mkdirSync(store.layout.runs, { recursive: true });
  const start = Date.UTC(2026, 0, 1);
  const ids: string[] = [];
  const lines: string[] = [];
  for (let n = 0; n < 100_000; n++) {
    const time = start + n * 60_000;
    const id = newRunId(time);
    ids.push(id);
    const head = { id, t: time };
    lines.push(JSON.stringify({ ...head, ...summary(id), status: 'queued' }));
    lines.push(JSON.stringify({ ...head, t: time + 30_000, ...summary(id), pid: n }));
  }
  writeFileSync(store.index.log, `${lines.join('\n')}\n`);
  const expected = ids.slice(-100).reverse();
  const timed = (what: string, work: () => void): number => {
    const begin = performance.now();
    work();
    const took = performance.now() - begin;
    t.diagnostic(`${what}: ${took.toFixed(1)} ms`);
    return took;
  };
  const newest = () =>
    assert.deepEqual(
      RunStore.open(root)
        .list({ limit: 100 })
        .map((run) => run.id),
      expected,
    );
  const fromLog = timed('newest 100 from the log', newest);
  timed('compaction', () => assert.ok(store.index.compact()));
  const fromBase = timed('newest 100 from the base', newest);
  timed('a page in the middle', () =>
    assert.deepEqual(
      store.list({ limit: 2, before: ids[50_000]! }).map((run) => run.id),
      [ids[49_999], ids[49_998]],
    ),
  );
  // The measure is a read of everything in the same process, on whatever machine.
  const all = timed('a filter over all', () =>
    assert.deepEqual(store.list({ limit: 5, pipeline: 'none' }), []),
  );
  assert.ok(Math.min(fromLog, fromBase) < all, 'the newest are found without reading everything');
  const appended = newRunId(start + 100_001 * 60_000);
  timed('an append', () => store.index.append(summary(appended)));
  assert.equal(store.list({ limit: 1 })[0]?.id, appended);
});
