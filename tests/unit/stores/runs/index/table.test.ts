/** All runs in columns, against a plain look at their summaries. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { type Json, display } from '../../../../../server/base/json.js';
import { compareValues } from '../../../../../server/base/runs/order-values.js';
import { compileFilter, parseRunFilter } from '../../../../../server/base/runs/filter.js';
import { columnOf, namesOf, valueIn } from '../../../../../server/stores/runs/index/columns.js';
import type { RunSummary } from '../../../../../server/stores/runs/document.js';
import { RunTable, UnknownColumn } from '../../../../../server/stores/runs/index/table.js';
import { RunStore } from '../../../../../server/stores/runs/runs.js';
import { fc } from '../../../../support/generated/cases.js';
import { TASKS, ended, header, newRunDocument, tempFolder } from '../../support.js';

function idOf(number: number): string {
  return `20261101-${String(100_000 + number)}-000-${number.toString(36).padStart(4, '0')}`;
}

function summary(number: number, change: Partial<RunSummary> = {}): RunSummary {
  return {
    ...{ id: idOf(number), pipeline: 'train', path: 'train.pipeline.yaml', status: 'succeeded' },
    createdAt: new Date(Date.UTC(2026, 10, 1) + number * 60_000).toISOString(),
    endedAt: new Date(Date.UTC(2026, 10, 1) + number * 60_000 + 90_000).toISOString(),
    ...{ pid: 1, trigger: 'terminal', counts: {}, metrics: {} },
    ...change,
  };
}

function refreshed(table: RunTable): void {
  const steps = table.refresh();
  while (steps.next().done !== true);
}

/** A store with an index and no folders: all that a table reads. */
function storeWith(root: string, runs: readonly RunSummary[]): RunStore {
  const store = RunStore.open(root);
  mkdirSync(store.layout.runs, { recursive: true });
  for (const run of runs) store.index.append(run);
  return store;
}

function idsOf(table: RunTable, query: Parameters<RunTable['find']>[0]): readonly unknown[] {
  return table.values(table.find(query), ['id'])[0] ?? [];
}

const VALUES = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom<Json>(0.5, 'adam', 'sgd', true, false, null, 'NaN'),
);
const RECORD = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), VALUES, { maxKeys: 3 });

const RUNS = fc.array(
  fc.record({
    number: fc.nat(40),
    gone: fc.boolean(),
    pipeline: fc.constantFrom('train', 'score'),
    params: RECORD,
    metrics: RECORD,
    star: fc.boolean(),
    archived: fc.boolean(),
  }),
  { maxLength: 60 },
);

const FILTERS = ['a > 0', 'params.b = adam or c', 'not star', 'pipeline = train and a != 1', 'a in (1, 2)'];
const SORTS = ['a', 'params.b', 'created', 'time', 'status'];

test('rows pass and come as a plain look at the summaries has them', (t) => {
  const root = tempFolder(t);
  let round = 0;
  fc.assert(
    fc.property(
      RUNS,
      fc.constantFrom(...FILTERS),
      fc.constantFrom(...SORTS),
      fc.boolean(),
      (steps, text, column, descending) => {
        const store = storeWith(path.join(root, String(round++)), []);
        const table = new RunTable(store);
        const all = new Map<string, RunSummary>();
        steps.forEach(({ number, gone, star, archived, ...rest }, at) => {
          const run = summary(number, {
            ...rest,
            ...(star || archived
              ? { marks: { ...(star ? { star } : {}), ...(archived ? { archived } : {}) } }
              : {}),
          });
          if (gone) store.index.appendGone(run.id);
          else store.index.append(run);
          if (gone) all.delete(run.id);
          else all.set(run.id, run);
          if (at % 7 === 0) refreshed(table);
        });
        if (steps.length % 3 === 0) store.index.compact();
        refreshed(table);
        const runs = [...all.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
        assert.equal(table.size, runs.length);
        const names = namesOf(runs);
        const read = (name: string) => {
          const found = columnOf(name, names);
          if (found === undefined) throw new UnknownColumn(name);
          return (run: RunSummary) => valueIn(run, found);
        };
        const parsed = parseRunFilter(text);
        assert.ok(parsed.ok);
        const expected = (): readonly string[] => {
          const shown = runs.filter((run) => run.marks?.archived !== true);
          const passes = runs.length === 0 ? () => true : compileFilter(parsed.filter, read);
          const sortable = columnOf(column, names);
          const keyed = shown.filter(passes).map((run) => ({
            id: run.id,
            key: sortable === undefined ? null : (valueIn(run, sortable) ?? null),
          }));
          const sign = descending ? -1 : 1;
          keyed.sort(({ key: a }, { key: b }) =>
            a === null || b === null ? Number(a === null) - Number(b === null) : sign * compareValues(a, b),
          );
          return keyed.map(({ id }) => id);
        };
        const outcome = (work: () => readonly unknown[]): unknown => {
          try {
            return work();
          } catch (error) {
            if (error instanceof UnknownColumn) return error.message;
            throw error;
          }
        };
        const query = { filter: parsed.filter, sort: [{ column, descending }] };
        assert.deepEqual(
          outcome(() => idsOf(table, query)),
          outcome(expected),
        );
      },
    ),
  );
});

test('values, texts, statuses, times and several orders', (t) => {
  const runs = [
    summary(1, {
      params: { lr: 0.1, opt: 'adam' },
      metrics: { 'train.loss': 0.5, 'train.accuracy': 0.8 },
      ranges: { 'train.loss': [0.2, 0.9], 'train.accuracy': [0.1, 0.85] },
      marks: { tags: { keep: '', owner: 'ada' }, note: 'the best' },
      user: 'ada',
      commit: 'abc+',
    }),
    summary(2, { pipeline: 'score', status: 'failed', params: { lr: 0.1 }, metrics: { 'fit.loss': 0.4 } }),
    summary(3, { params: { lr: 0.01 }, metrics: { 'train.loss': 0.6 } }),
  ];
  const table = new RunTable(storeWith(tempFolder(t), runs));
  refreshed(table);
  const ids = (...numbers: readonly number[]): readonly string[] => numbers.map(idOf);
  const up = (column: string) => ({ column, descending: false });
  assert.deepEqual(idsOf(table, { sort: [] }), ids(3, 2, 1));
  assert.deepEqual(idsOf(table, { sort: [up('lr'), up('created')] }), ids(3, 1, 2));
  // Named without its task: whichever a run has.
  assert.deepEqual(idsOf(table, { sort: [up('metrics.loss')] }), ids(2, 1, 3));
  assert.deepEqual(idsOf(table, { sort: [up('loss:best')] }), ids(1, 2, 3));
  assert.deepEqual(idsOf(table, { sort: [up('gone')] }), ids(3, 2, 1));
  assert.deepEqual(idsOf(table, { text: 'LR=0.1 keep', sort: [] }), ids(1));
  assert.deepEqual(idsOf(table, { text: 'best', sort: [] }), ids(1));
  assert.deepEqual(idsOf(table, { pipeline: 'score', sort: [] }), ids(2));
  assert.deepEqual(idsOf(table, { statuses: ['failed'], sort: [] }), ids(2));
  assert.deepEqual(idsOf(table, { since: runs[1]?.createdAt ?? '', sort: [] }), ids(3, 2));
  const first = table.find({ pipeline: 'train', sort: [up('created')] }).slice(0, 1);
  const columns = ['lr', 'params.opt', 'train.loss', 'train.loss:min', 'train.loss:max', 'train.loss:best'];
  assert.deepEqual(table.values(first, columns), [[0.1], ['adam'], [0.5], [0.2], [0.9], [0.2]]);
  const more = ['train.accuracy:best', 'tags', 'tag.owner', 'note', 'user', 'commit', 'time', 'nothing'];
  assert.deepEqual(table.values(first, more), [
    [0.85],
    ['keep, owner=ada'],
    ['ada'],
    ['the best'],
    ['ada'],
    ['abc+'],
    [90],
    [null],
  ]);
  assert.deepEqual(
    table.columns().map(({ kind, name, runs: count, varies }) => [kind, name, count, varies]),
    [
      ['param', 'lr', 3, true],
      ['metric', 'train.loss', 2, true],
      ['param', 'opt', 1, true],
      ['metric', 'train.accuracy', 1, true],
      ['tag', 'keep', 1, true],
      ['tag', 'owner', 1, true],
      ['metric', 'fit.loss', 1, true],
    ],
  );
  assert.deepEqual(table.words('pipeline').toSorted(), ['score', 'train']);
});

test('an index that is cut off, or tells of runs that are gone, is made good by the folders', (t) => {
  const store = RunStore.open(tempFolder(t));
  const ids = [1, 2, 3].map(() => {
    const head = header();
    const writer = store.create(head, TASKS);
    writer.update(ended(newRunDocument(head, TASKS)), { durable: true });
    writer.close();
    return head.id;
  });
  const [first = ''] = ids;
  const table = new RunTable(store);
  const listed = (): readonly unknown[] => {
    refreshed(table);
    return idsOf(table, { sort: [{ column: 'created', descending: false }] }).toSorted();
  };
  assert.deepEqual(listed(), ids);
  writeFileSync(store.index.log, '');
  assert.deepEqual(listed(), ids);
  rmSync(store.folder(first), { recursive: true });
  assert.deepEqual(listed(), ids.slice(1));
});

test('an index that somebody else has written is read as far as it is one', (t) => {
  const store = storeWith(tempFolder(t), [summary(1)]);
  const hostile = [
    '{"params":null,"ranges":null}',
    '{"params":[1,2],"metrics":"abc","ranges":{"a":[1],"b":"x"}}',
    '{"pipeline":"x","user":{"a":1},"commit":7,"endedAt":5,"name":null}',
    '{"metrics":{"a":{"b":[1]}},"params":{"a":null}}',
    '{"createdAt":"not a time","status":"odd"}',
  ];
  const lines = hostile.map((text, at) => {
    const { id, ...rest } = summary(at + 2);
    return JSON.stringify({ id, t: 1, v: 2, ...rest, ...(JSON.parse(text) as object) });
  });
  writeFileSync(store.index.log, `${lines.join('\n')}\n`);
  const table = new RunTable(store);
  refreshed(table);
  const rows = table.find({ text: 'a', sort: [{ column: 'time', descending: true }] });
  assert.ok(table.size >= 3);
  table.values(rows, ['id', 'time', 'user', 'commit', 'name', 'a', 'a:best']);
});

test('a text is found wherever it is in a run, as a plain look at its texts finds it', (t) => {
  const root = tempFolder(t);
  const runs = [
    summary(1, { params: { lr: 0.25, opt: 'Adam=w', n: null }, metrics: { 'train.loss': 1e21 } }),
    summary(2, { pipeline: 'score', params: { lr: 25, flag: true }, metrics: { 'a=b': 'c d' }, user: 'ADA' }),
    summary(3, { metrics: { 'train.loss': -0.5 }, marks: { note: 'Keep it', tags: { team: 'blue' } } }),
    summary(4, { metrics: {}, ranges: { 'train.loss': [7777, 8888] } }),
  ];
  const table = new RunTable(storeWith(root, runs));
  refreshed(table);
  const plainly = (run: RunSummary, word: string): boolean => {
    const { params = {}, metrics, marks } = run;
    const values = Object.entries({ ...params, ...metrics }).map(
      ([name, value]) => `${name}=${display(value)}`,
    );
    const tags = Object.entries(marks?.tags ?? {}).map(([name, value]) => `${name}=${value}`);
    const own = [run.id, run.pipeline, run.status, run.trigger, run.user ?? '', marks?.note ?? ''];
    return [...own, ...values, ...tags].some((one) => one.toLowerCase().includes(word));
  };
  const words = [
    'lr',
    'lr=',
    'lr=0.25',
    'r=25',
    '=',
    '25',
    'adam',
    'adam=w',
    'opt=adam=',
    'a=b=c',
    'b=',
    'tru',
    'null',
  ];
  words.push(
    '1e+21',
    '-0.5',
    'loss=-',
    'score',
    'ada',
    'keep',
    'team=blue',
    'blue',
    '7777',
    'nothing',
    '20261101',
    '0',
  );
  for (const word of words)
    assert.deepEqual(
      idsOf(table, { text: word.toUpperCase(), sort: [] }),
      runs
        .filter((run) => plainly(run, word))
        .map(({ id }) => id)
        .reverse(),
      word,
    );
  assert.deepEqual(idsOf(table, { text: 'adam lr=0', sort: [] }), [runs[0]?.id]);
});
