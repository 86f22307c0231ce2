/** The record of a run that clients tell of: whoever writes, in whatever order, it comes to the same. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { layoutOf } from '../../../server/stores/layout.js';
import { MAX_LINE_BYTES } from '../../../server/stores/runs/index/index.js';
import { RunStore } from '../../../server/stores/runs/runs.js';
import { Experiments } from '../../../server/stores/tracking/experiments.js';
import { LoggedModels } from '../../../server/stores/tracking/logged-models.js';
import { TrackedRuns } from '../../../server/tracking/runs.js';

function inProject(work: (root: string) => void): void {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-tracked-'));
  try {
    work(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const NEW = {
  experiment: { id: '1', name: 'rain' },
  name: 'first',
  user: 'ada',
  start: 1_000,
  tags: { a: 'b' },
};

test('two servers write one run, and each knows what the other has written', () => {
  inProject((root) => {
    const [one, other] = [new TrackedRuns(root), new TrackedRuns(root)];
    const { id } = one.create(NEW);
    one.addPoints(one.get(id), [{ key: 'loss', value: 1, step: 0, at: 5 }]);
    other.addPoints(other.get(id), [{ key: 'loss', value: 0.5, step: 1, at: 6 }]);
    other.change(other.get(id), { params: { lr: '0.1' }, tags: { a: 'c' } });
    one.change(one.get(id), {
      params: { depth: '3' },
      artifacts: { 'a/b': { hash: `sha256:${'0'.repeat(64)}`, bytes: 3 } },
    });
    for (const runs of [one, other]) {
      const run = runs.get(id);
      assert.deepEqual([...run.params].sort(), [['depth', '3'], ['lr', '0.1']]); // prettier-ignore
      assert.deepEqual(run.metrics.get('loss'), { value: 0.5, step: 1, at: 6 });
      assert.equal(run.tags.get('a'), 'c');
      assert.deepEqual([...run.artifacts.keys()], ['a/b']);
      assert.deepEqual(runs.history(run, 'loss').map(({ value }) => value), [1, 0.5]); // prettier-ignore
    }
    assert.deepEqual(other.all().map((run) => run.id), [id]); // prettier-ignore
    const second = one.create({ ...NEW, name: 'second' });
    assert.deepEqual(other.all().map((run) => run.name).sort(), ['first', 'second']); // prettier-ignore
    RunStore.open(root).giveUp(second.id);
    one.close();
    other.close();
  });
});

test('what was told is there after a kill: documents follow from events', () => {
  inProject((root) => {
    const runs = new TrackedRuns(root);
    const { id } = runs.create(NEW);
    const folder = runs.folder(id);
    const before = readFileSync(path.join(folder, 'run.json'), 'utf8');
    runs.change(runs.get(id), { params: { lr: '1' } });
    runs.addPoints(runs.get(id), [{ key: 'loss', value: NaN, step: 3, at: 9 }]);
    // Nothing more is written by this process: as if it were killed here.
    appendFileSync(path.join(folder, 'metrics.ndjson'), '["mlflow","loss",4,');
    const again = new TrackedRuns(root);
    assert.deepEqual(again.get(id).metrics.get('loss'), { value: NaN, step: 3, at: 9 });
    again.addPoints(again.get(id), [{ key: 'loss', value: 7, step: 5, at: 10 }]);
    // The line that was cut off has not swallowed it.
    assert.deepEqual(again.history(again.get(id), 'loss').map(({ step }) => step), [3, 5]); // prettier-ignore
    const read = RunStore.open(root).read(id);
    assert.ok(read.ok);
    assert.deepEqual(read.run.params, { lr: '1' });
    assert.deepEqual(read.run.tasks[0]?.metrics, { loss: 7 });
    assert.notEqual(readFileSync(path.join(folder, 'run.json'), 'utf8'), before);
    again.close();
    runs.close();
  });
});

test('a run with a long name has a line in the index that is written whole', () => {
  inProject((root) => {
    const runs = new TrackedRuns(root);
    const { id } = runs.create({ ...NEW, name: 'ä'.repeat(8_000) });
    const store = RunStore.open(root);
    const [line = ''] = readFileSync(store.index.log, 'utf8').trimEnd().split('\n').slice(-1);
    assert.ok(line.includes(id));
    assert.ok(Buffer.byteLength(line) < MAX_LINE_BYTES, `${Buffer.byteLength(line)} bytes`);
    assert.equal(store.list({ limit: 1 })[0]?.name, `${'ä'.repeat(120)}…`);
    assert.equal(runs.get(id).name.length, 8_000);
    runs.close();
  });
});

test('the newest point of a metric is that of the greatest step, time and value', () => {
  inProject((root) => {
    const runs = new TrackedRuns(root);
    const run = runs.create(NEW);
    const tell = (value: number, step: number, at: number): void =>
      runs.addPoints(runs.get(run.id), [{ key: 'm', value, step, at }]);
    const table: readonly (readonly [point: [number, number, number], newest: number])[] = [
      [[1, 5, 5], 1],
      [[2, 4, 9], 1],
      [[3, 5, 4], 1],
      [[4, 5, 5], 4],
      [[3, 5, 5], 4],
      [[0, 5, 6], 0],
      [[NaN, 6, 0], NaN],
      [[8, 6, 0], 8],
    ];
    for (const [point, newest] of table) {
      tell(...point);
      assert.equal(runs.get(run.id).metrics.get('m')?.value, newest, point.join(' '));
    }
    // A client that heard no answer says it again.
    tell(8, 6, 0);
    assert.equal(runs.history(run, 'm').length, table.length);
    runs.close();
  });
});

test('a run that is deleted by hand is gone for the server, too', () => {
  inProject((root) => {
    const runs = new TrackedRuns(root);
    const { id } = runs.create(NEW);
    runs.change(runs.get(id), { status: 'FINISHED', end: 2_000 });
    assert.equal(runs.all().length, 1);
    const store = RunStore.open(root);
    const [listed] = store.list({ limit: 5 });
    assert.deepEqual([listed?.source, listed?.name, listed?.status, listed?.pipeline], ['tracking', 'first', 'succeeded', 'rain']); // prettier-ignore
    runs.change(runs.get(id), { deleted: 3_000 });
    assert.deepEqual(store.list({ limit: 5 }), []);
    assert.equal(store.list({ limit: 5, includeDeleted: true }).length, 1);
    assert.deepEqual(store.remove(id), { ok: true });
    assert.throws(() => runs.get(id), /not found/);
    assert.deepEqual(runs.all(), []);
    runs.close();
  });
});

test('experiments and logged models are the same in every process', () => {
  inProject((root) => {
    const layout = layoutOf(root);
    const [one, other] = [new Experiments(layout), new Experiments(layout)];
    assert.deepEqual(one.all().map(({ id, name }) => [id, name]), [['0', 'Default']]); // prettier-ignore
    assert.equal(one.create('rain', { tags: { a: 'b' } }).experiment.id, '1');
    assert.deepEqual(other.create('rain', {}), { experiment: one.get('1'), made: false });
    assert.equal(other.create('snow', {}).experiment.id, '2');
    assert.equal(one.change('1', { name: 'snow' }), 'taken');
    assert.equal(one.change('1', { name: 'hail', untagged: ['a'], deleted: true }), 'changed');
    assert.deepEqual(
      other.all().map(({ id, name, deleted, tags }) => [id, name, deleted, tags.size]),
      [['0', 'Default', false, 0], ['1', 'hail', true, 0], ['2', 'snow', false, 0]], // prettier-ignore
    );
    const [models, same] = [new LoggedModels(layout), new LoggedModels(layout)];
    const id = models.create({ experiment: '1', name: 'net', params: { a: '1' } });
    same.change(id, { status: 'READY', metrics: [{ key: 'm', value: 1, at: 1, step: 0 }] });
    same.change(id, { metrics: [{ key: 'm', value: 1, at: 1, step: 0 }] });
    const model = models.get(id);
    assert.deepEqual([model?.status, model?.params.get('a'), model?.metrics.length], ['READY', '1', 1]);
    same.change(id, { deleted: true });
    assert.equal(models.get(id), undefined);
    assert.deepEqual(models.all(), []);
  });
});

test('metrics of a logged model are taken in once each, also where there are many', () => {
  inProject((root) => {
    const models = new LoggedModels(layoutOf(root));
    const id = models.create({ experiment: '0', name: 'net' });
    const pieces = Array.from({ length: 30 }, (_, piece) =>
      Array.from({ length: 1_000 }, (_, at) => ({
        key: 'loss',
        value: 0.5,
        at: 1,
        step: piece * 1_000 + at,
      })),
    );
    for (const metrics of pieces) models.change(id, { metrics });
    for (const metrics of pieces.slice(0, 2)) models.change(id, { metrics });
    assert.equal(models.get(id)?.metrics.length, 30_000);
    assert.equal(new LoggedModels(layoutOf(root)).get(id)?.metrics.length, 30_000);
  });
});
