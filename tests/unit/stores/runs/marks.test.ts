/** What people say of runs: kept beside them, in the index, and whoever writes at the same time. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { RunDocument } from '../../../../server/stores/runs/document.js';
import { type MarksChange, type RunMarks, changed, readMarks } from '../../../../server/stores/runs/marks.js';
import { RunReducer } from '../../../../server/stores/runs/reducer.js';
import { marksOfRun } from '../../../../server/stores/runs/index/summary.js';
import { RunStore, newRunDocument } from '../../../../server/stores/runs/runs.js';
import { TASKS, ended, header, tempFolder } from '../support.js';

function recorded(t: TestContext): { readonly store: RunStore; readonly id: string } {
  const store = RunStore.open(tempFolder(t));
  const head = header();
  const writer = store.create(head, TASKS);
  writer.update(ended(newRunDocument(head, TASKS)), { durable: true });
  writer.close();
  return { store, id: head.id };
}

test('marks are changed by what is named, and nothing else', () => {
  const cases: readonly (readonly [RunMarks, MarksChange, RunMarks])[] = [
    [{}, { star: true }, { star: true }],
    [{ star: true }, { star: false }, {}],
    [{ star: true }, { archived: true }, { star: true, archived: true }],
    [{}, { tags: { keep: '', owner: 'ada' } }, { tags: { keep: '', owner: 'ada' } }],
    [{ tags: { keep: '', owner: 'ada' } }, { tags: { owner: 'bob' } }, { tags: { keep: '', owner: 'bob' } }],
    [{ tags: { keep: '' } }, { untag: ['keep', 'other'] }, {}],
    [{ note: 'a' }, { note: 'b' }, { note: 'b' }],
    [{ note: 'a', star: true }, { note: '' }, { star: true }],
    [
      { tags: { a: '1' } },
      { tags: JSON.parse('{"__proto__":"x"}') as Record<string, string> },
      JSON.parse('{"tags":{"a":"1","__proto__":"x"}}') as RunMarks,
    ],
  ];
  for (const [before, change, expected] of cases)
    assert.deepEqual(changed(before, change), expected, JSON.stringify(change));
  const same = { star: true } as const;
  assert.equal(changed(same, { star: true, untag: ['x'] }), same);
});

test('marks are kept beside the run, in the index and in lists', (t) => {
  const { store, id } = recorded(t);
  assert.deepEqual(store.mark(id, { star: true, tags: { keep: '', owner: 'ada' }, note: 'the best' }), {
    ok: true,
    marks: { star: true, note: 'the best', tags: { keep: '', owner: 'ada' } },
  });
  const marks = { star: true, note: 'the best', tags: { keep: '', owner: 'ada' } };
  assert.deepEqual(store.index.get(id)?.marks, marks);
  assert.deepEqual(RunStore.open(store.layout.root).list({ limit: 1 })[0]?.marks, marks);
  for (const [text, found] of [
    ['owner=ada', 1],
    ['BEST', 1],
    ['nobody', 0],
  ] as const)
    assert.equal(store.list({ limit: 9, text }).length, found, text);

  // The index is derived.
  store.rebuildIndex();
  assert.deepEqual(store.index.get(id)?.marks, marks);

  assert.ok(store.mark(id, { archived: true }).ok);
  assert.equal(store.list({ limit: 9, withoutArchived: true }).length, 0);
  assert.equal(store.list({ limit: 9 }).length, 1);
  // Archived or not, the next run comes after it.
  assert.ok(store.nextId() > id);

  assert.ok(store.remove(id).ok);
  assert.ok(!existsSync(store.folder(id)));
  assert.deepEqual(readMarks(store.folder(id)), {});
});

test('a run that goes on keeps what was said of it meanwhile', (t) => {
  const store = RunStore.open(tempFolder(t));
  const head = header();
  const writer = store.create(head, TASKS);
  const running: RunDocument = { ...newRunDocument(head, TASKS), status: 'running' };
  writer.update(running, { durable: true });
  assert.ok(store.mark(head.id, { star: true }).ok);
  assert.equal(store.index.get(head.id)?.status, 'running');
  writer.update(ended(running), { durable: true });
  writer.close();
  const line = store.index.get(head.id);
  assert.deepEqual([line?.status, line?.marks], ['succeeded', { star: true }]);
});

test('what can’t be said is refused, and nothing is written', (t) => {
  const { store, id } = recorded(t);
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`t${at}`, '']));
  const cases: readonly (readonly [MarksChange, RegExp])[] = [
    [{ tags: { '': 'x' } }, /needs a key/],
    [{ tags: { 'a\nb': 'x' } }, /can't be the key of a tag/],
    [{ tags: { a: 'x'.repeat(100_000) } }, /at most/],
    [{ note: 'x'.repeat(10_001) }, /at most 10000/],
    [{ tags: many }, /at most 100 tags/],
  ];
  for (const [change, expected] of cases) {
    const done = store.mark(id, change);
    assert.match(done.ok ? 'done' : done.problem.message, expected);
  }
  assert.ok(!existsSync(path.join(store.folder(id), 'marks.json')));
  const missing = store.mark(header().id, { star: true });
  assert.match(missing.ok ? 'done' : missing.problem.message, /There is no run/);
});

test('marks and lines of the index that somebody else has written do no harm', (t) => {
  const { store, id } = recorded(t);
  const file = path.join(store.folder(id), 'marks.json');
  for (const text of ['', '[]', '{"schema":1,"tags":[1]}', '{"schema":1,"star":"yes"}', '{"schema":99}']) {
    writeFileSync(file, text);
    assert.deepEqual(readMarks(store.folder(id)), {}, text);
    assert.equal(store.read(id).ok, true);
  }
  rmSync(file);
  const summary = store.index.get(id);
  assert.ok(summary !== undefined);
  for (const marks of [null, 1, [], { tags: null }, { tags: { a: {} } }, { note: 3 }])
    assert.equal(
      store.index.entryOf(JSON.stringify({ t: 1, v: 2, ...summary, marks })),
      undefined,
      JSON.stringify(marks),
    );
});

test('what an MLflow client has said is shown beside what was said here, which counts', () => {
  const tracking = {
    experiment: '1',
    name: 'x',
    status: 'FINISHED',
    start: 0,
    user: 'ada',
    newest: {},
    tags: { team: 'blue', keep: 'no', 'mlflow.user': 'ada', 'mlflow.note.content': 'theirs' },
    applied: { events: 0, metrics: 0 },
  } as const;
  assert.deepEqual(marksOfRun({ tracking }, { tags: { keep: '' } }), {
    note: 'theirs',
    tags: { team: 'blue', keep: '' },
  });
  assert.deepEqual(marksOfRun({ tracking }, { note: 'ours' }).note, 'ours');
  assert.deepEqual(marksOfRun({}, {}), {});
});

test('the least and the greatest of what was logged are kept, whatever is written in the end', (t) => {
  const store = RunStore.open(tempFolder(t));
  const head = header();
  const reducer = new RunReducer(newRunDocument(head, TASKS));
  const at = new Date().toISOString();
  for (const value of [3, 1, Number.NaN, Infinity, 2])
    reducer.apply({ type: 'metric-logged', at, id: 'train', key: 'loss', value });
  reducer.apply({ type: 'metric-logged', at, id: 'train', key: '__proto__', value: 1 });
  const writer = store.create(head, TASKS);
  writer.update(
    {
      ...reducer.document(),
      status: 'succeeded',
      tasks: reducer
        .document()
        .tasks.map((task) => (task.id === 'train' ? { ...task, metrics: { loss: 2, steady: 1 } } : task)),
    },
    { durable: true },
  );
  writer.close();
  assert.deepEqual(store.index.get(head.id)?.ranges, { 'train.loss': [1, 3] });
});
