import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Json } from '../../../../server/definition/definition.js';
import { isRunId, newRunId, runIdTime } from '../../../../server/stores/runs/id.js';
import type { RunDocument, RunHeader } from '../../../../server/stores/runs/document.js';
import { RunStore, newRunDocument, ownIdentity } from '../../../../server/stores/runs/runs.js';
import { AskingRuns, runToResume } from '../../../../server/stores/approvals/waiting.js';
import { TrackedRuns } from '../../../../server/tracking/runs.js';
import { TASKS, ended, header, tempFolder } from '../support.js';

function record(
  store: RunStore,
  change: Partial<RunHeader> = {},
  status: RunDocument['status'] = 'succeeded',
) {
  const head = header(change);
  const writer = store.create(head, TASKS);
  writer.append({ type: 'run-started' });
  writer.update(ended(newRunDocument(head, TASKS), status), { durable: true });
  writer.close();
  return head.id;
}

/** Identity of a process that has existed and is gone. */
function deadProcess(): { pid: number; processStart: string } {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  return { pid, processStart: '1@gone' };
}

test('ids sort by time and by the order in which they were made', () => {
  const ids = Array.from({ length: 5000 }, () => newRunId());
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every(isRunId));
  const time = Date.UTC(2026, 10, 23, 12, 34, 56, 789) + 10 * 365 * 86_400_000;
  assert.equal(runIdTime(newRunId(time)), time);
  for (const id of ['', '..', '../x', '20261123-123456-789', '20261123-123456-789-K3F9', 'x'.repeat(300)]) {
    assert.ok(!isRunId(id), id);
  }
});

test('a summary has params of any name', (t) => {
  const store = RunStore.open(tempFolder(t));
  const params: [string, Json][] = [
    ['__proto__', { deep: 1 }],
    ['constructor', 2],
  ];
  record(store, { params: Object.fromEntries(params) });
  const [listed] = store.list({ limit: 1 });
  assert.deepEqual(Object.entries(listed?.params ?? {}), params);
});

test('a run is recorded, listed, read and found again', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  assert.deepEqual(store.list({ limit: 10 }), []);
  assert.ok(!existsSync(path.join(root, '.modelyard')), 'reading makes no memory');

  const head = header();
  const writer = store.create(head, TASKS);
  assert.equal(readFileSync(path.join(root, '.modelyard/.gitignore'), 'utf8').includes('\n*\n'), true);
  assert.deepEqual(store.liveIds(), [head.id]);
  assert.equal(store.list({ limit: 1 })[0]?.status, 'queued');

  writer.append({ type: 'run-started' });
  const running: RunDocument = { ...newRunDocument(head, TASKS), status: 'running' };
  writer.update(running, { durable: true });
  assert.equal(store.list({ limit: 1 })[0]?.status, 'running');
  writer.update(ended(running), { durable: true });
  writer.close();

  assert.deepEqual(store.liveIds(), []);
  const [summary] = store.list({ limit: 5 });
  assert.ok(summary);
  assert.equal(summary.status, 'succeeded');
  assert.deepEqual(summary.counts, { succeeded: 2 });
  assert.deepEqual(summary.metrics, { 'train.accuracy': 0.81 });
  const read = RunStore.open(root).read(head.id);
  assert.ok(read.ok);
  assert.equal(read.run.tasks[1]?.metrics['accuracy'], 0.81);
  const { events, next } = store.events(head.id);
  assert.deepEqual(events, [{ type: 'run-started' }]);
  assert.deepEqual(store.events(head.id, next), { events: [], next });
});

test('updates that nobody waits for are written soon, and at the latest when the record is closed', async (t) => {
  const store = RunStore.open(tempFolder(t));
  const head = header();
  const writer = store.create(head, TASKS);
  const document = newRunDocument(head, TASKS);
  let built = 0;
  for (let step = 0; step < 1000; step++) {
    writer.update(() => {
      built += 1;
      return { ...document, status: 'running', error: `step ${step}` };
    });
  }
  assert.ok(built <= 10, `built ${built} times`);
  const error = () => {
    const read = store.read(head.id);
    return read.ok ? read.run.error : undefined;
  };
  for (const end = Date.now() + 10_000; error() !== 'step 999' && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(error(), 'step 999');
  writer.update({ ...document, status: 'failed' });
  writer.update({ ...document, status: 'cancelled' });
  writer.close();
  const read = store.read(head.id);
  assert.equal(read.ok && read.run.status, 'cancelled');
  assert.throws(() => writer.update(document), /closed/);
});

test('filters and paging', (t) => {
  const store = RunStore.open(tempFolder(t));
  const ids: string[] = [];
  for (let n = 0; n < 30; n++) {
    ids.push(
      record(
        store,
        { pipeline: n % 3 === 0 ? 'deploy' : 'train', path: 'p.yaml', params: { seed: `s${n}` } },
        n % 5 === 0 ? 'failed' : 'succeeded',
      ),
    );
  }
  const newest = [...ids].reverse();
  const check = (query: Omit<Parameters<RunStore['list']>[0], 'limit'>, expected: string[], limit = 100) =>
    assert.deepEqual(
      store.list({ limit, ...query }).map((run) => run.id),
      expected,
    );
  const where = (test: (n: number) => boolean) => newest.filter((id) => test(ids.indexOf(id)));
  check({}, newest);
  check({}, newest.slice(0, 7), 7);
  check({ before: newest[6]! }, newest.slice(7, 14), 7);
  check(
    { pipeline: 'deploy' },
    where((n) => n % 3 === 0),
  );
  check(
    { status: 'failed' },
    where((n) => n % 5 === 0),
  );
  check({ status: ['failed', 'succeeded'] }, newest);
  check(
    { pipeline: 'train', status: 'failed' },
    where((n) => n % 5 === 0 && n % 3 !== 0),
  );
  check(
    { text: 'SEED=s2 deploy' },
    where((n) => n % 3 === 0 && `s${n}`.startsWith('s2')),
  );
  check({ text: 'nothing like it' }, []);
  check({}, [], 0);
  assert.deepEqual([store.page({ limit: 29 }).more, store.page({ limit: 30 }).more], [true, false]);
});

test('a run whose process is gone is interrupted, and recover writes it down', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const head = header(deadProcess());
  const writer = store.create(head, TASKS);
  writer.append({ type: 'task-started', id: 'features', attempt: 1 });

  assert.equal(store.list({ limit: 1 })[0]?.status, 'interrupted');
  const before = store.read(head.id);
  assert.equal(before.ok && before.run.status, 'interrupted');

  assert.deepEqual(store.recover(), [head.id]);
  assert.deepEqual(store.recover(), []);
  const written = JSON.parse(
    readFileSync(path.join(store.folder(head.id), 'run.json'), 'utf8'),
  ) as RunDocument;
  assert.equal(written.status, 'interrupted');
  assert.deepEqual(
    written.tasks.map((task) => task.status),
    ['interrupted', 'cancelled'],
  );
  assert.equal(store.index.get(head.id)?.status, 'interrupted');
  assert.deepEqual(store.liveIds(), []);
});

test('a run that another process has gone on with since is not taken up from what it was before', (t) => {
  const store = RunStore.open(tempFolder(t));
  const head = header(deadProcess());
  const writer = store.create(head, TASKS);
  writer.update({ ...newRunDocument(head, TASKS), status: 'waiting' }, { durable: true });
  writer.close();
  const read = store.read(head.id);
  assert.ok(read.ok);
  const again = { ...read.run, ...ownIdentity() };
  assert.throws(
    () => store.reopen(again, { ...read.run, pid: read.run.pid + 1 }),
    /continued by another process meanwhile/,
  );
  store.reopen(again, read.run).close();
});

test('a pid that was given to another process is not the run’s', (t) => {
  const store = RunStore.open(tempFolder(t));
  const head = header({ pid: process.pid, processStart: '1@another' });
  store.create(head, TASKS);
  if (process.platform === 'win32') return;
  assert.deepEqual(store.recover(), [head.id]);
});

test('a run that goes on is not recovered and not removed; one on another machine is left alone', (t) => {
  const store = RunStore.open(tempFolder(t));
  const here = header();
  const there = header({ ...deadProcess(), host: 'another-machine', place: 'another.boot.1' });
  store.create(here, TASKS);
  store.create(there, TASKS);
  assert.deepEqual(store.recover(), []);
  for (const id of [here.id, there.id]) {
    const removed = store.remove(id);
    assert.ok(!removed.ok && removed.problem.message.includes('still going on'));
  }
});

test('removal takes the folder and the line; an unknown run is said to be unknown', (t) => {
  const store = RunStore.open(tempFolder(t));
  const [first, second] = [record(store), record(store)];
  assert.deepEqual(store.remove(first), { ok: true });
  assert.deepEqual(
    store.list({ limit: 9 }).map((run) => run.id),
    [second],
  );
  assert.ok(!existsSync(store.folder(first)));
  for (const id of [first, newRunId(), '../../etc', '']) {
    const removed = store.remove(id);
    assert.ok(!removed.ok && removed.problem.message.includes('no run'), id);
    assert.ok(!store.read(id).ok);
  }
  store.index.compact();
  assert.deepEqual(
    store.list({ limit: 9 }).map((run) => run.id),
    [second],
  );
});

test('a removal that was cut off is finished by maintain', (t) => {
  const store = RunStore.open(tempFolder(t));
  const id = record(store);
  mkdirSync(path.join(store.layout.trash, id), { recursive: true });
  rmSync(store.folder(id), { recursive: true });
  store.maintain();
  assert.deepEqual(store.list({ limit: 9 }), []);
  assert.deepEqual(readdirSync(store.layout.trash), []);
});

test('one broken document is left as it is and named; the other runs are there', (t) => {
  const store = RunStore.open(tempFolder(t));
  const [good, torn, newer] = [record(store), record(store), record(store)];
  writeFileSync(path.join(store.folder(torn), 'run.json'), '{"schema":1,"id":"');
  writeFileSync(path.join(store.folder(newer), 'run.json'), '{"schema":99}');
  const read = store.read(torn);
  assert.ok(!read.ok && /broken.*left as it is/s.test(read.problem.message), JSON.stringify(read));
  assert.ok(existsSync(path.join(store.folder(torn), 'run.json')));
  const refused = store.read(newer);
  assert.ok(!refused.ok && refused.problem.message.includes('newer Modelyard'));
  assert.equal(readFileSync(path.join(store.folder(newer), 'run.json'), 'utf8'), '{"schema":99}');
  assert.ok(store.read(good).ok);
  assert.equal(store.problems.length, 2);
});

test('a missing index is made again from the documents', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const ids = Array.from({ length: 20 }, () => record(store)).reverse();
  const before = store.list({ limit: 100 });
  store.index.compact();
  for (const name of readdirSync(store.layout.runs)) {
    if (name.startsWith('index.')) rmSync(path.join(store.layout.runs, name));
  }
  const again = RunStore.open(root).list({ limit: 100 });
  assert.deepEqual(again, before);
  assert.deepEqual(
    again.map((run) => run.id),
    ids,
  );
});

test('a run that can’t be recorded says why', (t) => {
  const root = tempFolder(t);
  writeFileSync(path.join(root, '.modelyard'), 'a file where the folder should be');
  assert.throws(() => RunStore.open(root).create(header(), TASKS), /Can't write to .*\.modelyard/);
  rmSync(path.join(root, '.modelyard'));
  mkdirSync(path.join(root, '.modelyard'));
  writeFileSync(path.join(root, '.modelyard/version.json'), '{"layout":99}');
  assert.throws(() => RunStore.open(root).create(header(), TASKS), /newer Modelyard/);
  assert.throws(() => RunStore.open(root).folder('../../etc'), /not a run id/);
});

test('metrics: series in order, bounded, spikes kept', (t) => {
  const store = RunStore.open(tempFolder(t));
  const head = header();
  const writer = store.create(head, TASKS);
  const at = new Date().toISOString();
  for (let step = 0; step < 20_000; step++) {
    const value = step === 12_345 ? 1e6 : step / 10;
    writer.append({ type: 'metric-logged', id: 'train', key: 'loss', value, at });
  }
  writer.append({ type: 'metric-logged', id: 'train', key: 'nan', value: NaN, step: 7, at });
  writer.close();
  const [loss, nan] = store.metrics(head.id, { maxPoints: 500 });
  assert.equal(loss?.total, 20_000);
  assert.ok(loss.points.length <= 510 && loss.points.length >= 100, String(loss.points.length));
  assert.ok(loss.points.some((point) => point.value === 1e6 && point.step === 12_345));
  assert.equal(loss.points.at(-1)?.step, 19_999);
  assert.equal(loss.points[0]?.step, 0);
  assert.deepEqual(
    [...loss.points].sort((a, b) => a.step - b.step),
    loss.points,
  );
  assert.ok(Number.isNaN(nan?.points[0]?.value));
  assert.equal(nan?.points[0]?.step, 7);
  assert.deepEqual(store.events(head.id).events, []);
});

test('runs that ask are found at every look: old ones, new ones, and none that has ended since', (t) => {
  const store = RunStore.open(tempFolder(t));
  const run = (status: RunDocument['status']): string => {
    const head = header();
    const writer = store.create(head, TASKS);
    const document = newRunDocument(head, TASKS);
    const change = status === 'running' || status === 'waiting' ? { ...document, status } : ended(document);
    writer.update(change, { now: true });
    if (status !== 'running') writer.close();
    return head.id;
  };
  const asking = new AskingRuns(store);
  const ids = (): readonly string[] => asking.list().map(({ id }) => id);
  const old = run('waiting');
  assert.deepEqual(ids(), [old]);
  // More than a later look goes through.
  for (let count = 0; count < 320; count++) run('succeeded');
  const fresh = run('running');
  assert.deepEqual(ids(), [fresh, old]);
  assert.equal(store.abandon(old), undefined);
  assert.deepEqual(ids(), [fresh]);
});

test('a newer run of an experiment does not hide the run to resume', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const above = record(store, { pipeline: 'all' }, 'interrupted');
  const below = record(store, { pipeline: 'part', parent: { run: above, task: 'train' } }, 'interrupted');
  const clients = new TrackedRuns(root);
  clients.create({ experiment: { id: '1', name: 'all' }, name: 'x', user: '', start: 1, tags: {} });
  clients.close();
  const read = store.read(below);
  assert.ok(read.ok);
  assert.equal(runToResume(store, read.run).id, above);
});
