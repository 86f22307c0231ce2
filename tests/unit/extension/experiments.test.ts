/** The pure parts of the *Experiments* tab: layout, completion, cells, loaded rows, and tags as they are typed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { changedTags, editableTags, tagWords } from '../../../extension/runs/marks.js';
import {
  cellText,
  differs,
  firstLayout,
  partOf,
  sparkPoints,
  withPart,
  wordsOf,
} from '../../../media/webviews/shared/experiments/cells.js';
import { ColumnCatalogue } from '../../../media/webviews/shared/experiments/column-catalogue.js';
import { ExperimentRows } from '../../../media/webviews/shared/experiments/rows.js';
import {
  completeFilter,
  type FilterWords,
} from '../../../media/webviews/shared/experiments/filter-completion.js';
import { EVERYTHING, queryOf, readNarrowing } from '../../../media/webviews/shared/experiments/narrowing.js';
import {
  chosen,
  hidden,
  inSight,
  moved,
  nudged,
  pinned,
  placed,
  readLayout,
  resized,
  sortedBy,
  swapped,
  type TableLayout,
} from '../../../media/webviews/shared/experiments/table-layout.js';
import { parseRunFilter } from '../../../server/base/runs/filter.js';
import type { ExperimentColumn, ExperimentsPage } from '../../../server/protocol/index.js';

function layoutOf(text: string): TableLayout {
  const columns = text
    .split(' ')
    .map((id) => ({ id: id.replace('*', ''), width: 100, pinned: id.endsWith('*') }));
  return { columns, sort: [], against: 'none' };
}

function words({ columns }: TableLayout): string {
  return columns.map(({ id, pinned: isPinned }) => `${id}${isPinned ? '*' : ''}`).join(' ');
}

test('columns are pinned, moved, hidden, chosen and swapped', () => {
  const all = layoutOf('a* b c d');
  const cases: readonly (readonly [TableLayout, string])[] = [
    [pinned(all, 'c', true), 'a* c* b d'],
    [pinned(all, 'a', false), 'a b c d'],
    [moved(all, 'd', 'b'), 'a* d b c'],
    [moved(all, 'b', 'd'), 'a* c d b'],
    // Beside a pinned one it is pinned, too.
    [moved(all, 'd', 'a'), 'd* a* b c'],
    [moved(all, 'x', 'b'), 'a* b c d'],
    [nudged(all, 'b', 1), 'a* c b d'],
    [nudged(all, 'b', -1), 'a* b c d'],
    [nudged(all, 'd', 1), 'a* b c d'],
    [hidden(all, 'b'), 'a* c d'],
    [hidden(layoutOf('a'), 'a'), 'a'],
    [chosen(all, ['d', 'x', 'a'], () => 100), 'a* d x'],
    [chosen(all, [], () => 100), 'a* b c d'],
    [swapped(all, 'b', 'b:max'), 'a* b:max c d'],
    [swapped(all, 'b', 'c'), 'a* c d'],
  ];
  cases.forEach(([layout, expected], at) => assert.equal(words(layout), expected, String(at)));
  assert.equal(resized(all, 'b', 3).columns[1]?.width, 48);
  assert.equal(resized(all, 'b', 9e9).columns[1]?.width, 800);
});

test('a press sorts, a second turns it, a third ends it; with more, beside others', () => {
  const of = (layout: TableLayout): string =>
    layout.sort.map(({ column, descending }) => `${column}${descending ? '-' : '+'}`).join(' ');
  let layout = layoutOf('a b');
  const press = (column: string, more = false, best: 'up' | 'down' = 'up'): string => {
    layout = sortedBy(layout, column, more, best);
    return of(layout);
  };
  assert.equal(press('a'), 'a+');
  assert.equal(press('a'), 'a-');
  assert.equal(press('b', true, 'down'), 'a- b-');
  assert.equal(press('b', true, 'down'), 'a- b+');
  assert.equal(press('a', true), 'b+');
  assert.equal(press('a'), 'a+');
  assert.equal(of(hidden(layout, 'a')), '');
  assert.equal(press('a'), 'a-');
  assert.equal(press('a'), '');
});

test('a layout that was kept is read as far as it is one', () => {
  const layout = { ...layoutOf('a* b'), sort: [{ column: 'b', descending: true }], against: 'above' };
  assert.deepEqual(readLayout(JSON.parse(JSON.stringify(layout))), layout);
  for (const bad of [undefined, null, 3, 'x', [], {}, { columns: [] }, { columns: [1, { id: 2 }] }])
    assert.equal(readLayout(bad), undefined, JSON.stringify(bad));
  assert.deepEqual(
    readLayout({
      columns: [{ id: 'a', width: 'wide' }, { id: 'a' }, { id: 'b', width: -1, pinned: true }],
      sort: [3, { column: 'a' }],
      against: {},
    }),
    {
      columns: [
        { id: 'b', width: 48, pinned: true },
        { id: 'a', width: 120, pinned: false },
      ],
      sort: [{ column: 'a', descending: false }],
      against: 'none',
    },
  );
});

test('columns lie beside each other, and those in sight are drawn', () => {
  const columns = placed(
    Array.from({ length: 300 }, (_, at) => ({ id: String(at), width: 100, pinned: false })),
    50,
  );
  assert.equal(columns[299]?.left, 50 + 299 * 100);
  const seen = inSight(columns, 10_000, 11_000).map(({ id }) => Number(id));
  assert.ok(seen.length <= 16 && seen.includes(100) && seen.includes(109), seen.join());
});

const WORDS: FilterWords = {
  names: [
    { name: 'metrics.train.accuracy', detail: '3 runs' },
    { name: 'metrics.val/top-5 (%)', detail: '1 run' },
    { name: 'params.epochs', detail: '' },
    { name: 'status', detail: '' },
  ],
  values: new Map([
    ['status', ['failed', 'succeeded']],
    ['pipeline', ['rain', 'a b', `it's "so"`]],
  ]),
};

test('what may come next in a filter', () => {
  const cases: readonly (readonly [string, string])[] = [
    // `|`: the cursor
    ['|', 'metrics.train.accuracy,`metrics.val/top-5 (%)`,params.epochs,status'],
    ['acc|', 'metrics.train.accuracy'],
    ['EPO|', 'params.epochs'],
    ['s|', 'status,metrics.train.accuracy,`metrics.val/top-5 (%)`,params.epochs'],
    ['status |', '=,!=,>,>=,<,<=,~,!~,in (,and,or'],
    ['status = |', 'failed,succeeded'],
    ['status = f|', 'failed'],
    ['status = failed |', 'and,or'],
    ['status = failed and epo|', 'params.epochs'],
    ['status in |', '('],
    ['status in (failed, |', 'failed,succeeded'],
    ['status in (failed) o|', 'or'],
    ['not (sta|', 'status'],
    ['pipeline = |', 'rain,"a b"'],
    ['pipeline = "a|', '"a b",rain'],
    ['`metrics.val|', '`metrics.val/top-5 (%)`'],
    ['`metrics.val/top-5 (%)` |', '=,!=,>,>=,<,<=,~,!~,in (,and,or'],
    ['params.epochs > |', ''],
    ['params.epochs > 3 and |', 'metrics.train.accuracy,`metrics.val/top-5 (%)`,params.epochs,status'],
    ['|status = failed', 'metrics.train.accuracy,`metrics.val/top-5 (%)`,params.epochs,status'],
  ];
  for (const [given, expected] of cases) {
    const cursor = given.indexOf('|');
    const text = given.replace('|', '');
    const found = completeFilter(text, cursor, WORDS);
    assert.equal(found.items.map((item) => item.text).join(), expected, given);
    assert.ok(found.from <= cursor && found.to === cursor, given);
  }
});

test('names that are offered are read again', () => {
  for (const { text } of completeFilter('', 0, WORDS).items)
    assert.ok(parseRunFilter(`${text} > 1`).ok, text);
});

function column(id: string, more: Partial<ExperimentColumn> = {}): ExperimentColumn {
  const kind = id.startsWith('params.') ? 'param' : id.startsWith('tag.') ? 'tag' : 'metric';
  const name = id.slice(id.indexOf('.') + 1);
  return { id, kind, name, runs: 2, numeric: true, varies: true, ...more };
}

test('columns are called what tells them apart', () => {
  const all = [
    column('metrics.train.loss'),
    column('metrics.test.loss'),
    column('metrics.train.acc', { better: 'higher' }),
    column('metrics.odd:max'),
    column('params.lr'),
    column('tag.keep', { numeric: false }),
  ];
  const catalogue = new Map(all.map((one) => [one.id, one]));
  const cases: readonly (readonly [string, string, string])[] = [
    ['created', 'Started', 'Started'],
    ['metrics.train.loss', 'train.loss', 'Metric train.loss'],
    ['metrics.train.acc', 'acc', 'Metric train.acc'],
    ['metrics.train.acc:best', 'acc (best)', 'Metric train.acc (best)'],
    ['metrics.odd:max', 'odd:max', 'Metric odd:max'],
    ['params.lr', 'lr', 'Param lr'],
    ['tag.keep', 'keep', 'Tag keep'],
    ['params.gone', 'gone', 'Param gone'],
  ];
  for (const [id, title, full] of cases) {
    const found = wordsOf(id, catalogue);
    assert.deepEqual([found.title, found.full], [title, full], id);
  }
  assert.deepEqual(partOf('metrics.a:min'), { base: 'metrics.a', part: 'min' });
  assert.deepEqual(partOf('params.a:min'), { base: 'params.a:min', part: 'last' });
  assert.equal(withPart('metrics.a', 'last'), 'metrics.a');
  const ids = firstLayout(all).columns.map(({ id }) => id);
  assert.deepEqual(ids.slice(0, 4), ['pipeline', 'created', 'time', 'metrics.train.acc']);
  assert.ok(ids.includes('params.lr') && !ids.includes('tag.keep'));
});

test('a catalogue says which metric a column shows, and which way is better', () => {
  const catalogue = new ColumnCatalogue();
  assert.ok(catalogue.isEmpty);
  const columns = [
    column('metrics.train.acc', { better: 'higher' }),
    column('metrics.train.loss', { better: 'lower' }),
    column('metrics.odd:max'),
    column('params.lr'),
  ];
  catalogue.take({ columns, pipelines: ['rain'], users: ['ada'] });
  const cases: readonly (readonly [string, string | undefined, 'up' | 'down'])[] = [
    ['metrics.train.acc', 'train.acc', 'down'],
    ['metrics.train.acc:best', 'train.acc', 'down'],
    ['metrics.train.acc:min', 'train.acc', 'up'],
    ['metrics.train.loss', 'train.loss', 'up'],
    ['metrics.train.loss:max', 'train.loss', 'down'],
    ['metrics.odd:max', 'odd:max', 'up'],
    ['params.lr', undefined, 'up'],
    ['created', undefined, 'up'],
    ['metrics.gone', undefined, 'up'],
  ];
  for (const [id, metric, first] of cases)
    assert.deepEqual([catalogue.metric(id), catalogue.first(id)], [metric, first], id);
  assert.deepEqual(catalogue.metrics(['metrics.train.acc', 'metrics.train.acc:max', 'created']), [
    'train.acc',
  ]);
  const { names, values } = catalogue.filterWords();
  assert.equal(names[0]?.name, 'metrics.train.acc');
  assert.deepEqual([values.get('pipeline'), values.get('user')], [['rain'], ['ada']]);
  for (const { name } of names) assert.ok(parseRunFilter(`${name} = 1`).ok, name);
});

test('what the table is narrowed to is asked for, and read back as far as it is that', () => {
  const now = Date.UTC(2026, 10, 29, 17, 0, 42);
  assert.deepEqual(queryOf(EVERYTHING, [], now), { statuses: [], archived: false, sort: [] });
  const all = {
    ...{ filter: 'star', text: ' a b ', pipeline: 'rain', statuses: ['failed'] as const },
    ...{ within: 24, archived: true },
  };
  assert.deepEqual(queryOf(all, [], now), {
    ...{ filter: 'star', text: ' a b ', pipeline: 'rain', since: '2026-11-28T17:00:00.000Z' },
    ...{ statuses: ['failed'], archived: true, sort: [] },
  });
  assert.deepEqual(readNarrowing(JSON.parse(JSON.stringify(all))), all);
  for (const bad of [
    undefined,
    null,
    3,
    'x',
    [],
    { filter: 3, statuses: ['odd', 1], within: 7, archived: 'yes' },
  ])
    assert.deepEqual(readNarrowing(bad), EVERYTHING, JSON.stringify(bad));
});

test('cells read as people write', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['metrics.a', 0.123456789, '0.12346'],
    ['metrics.a', null, ''],
    ['metrics.a', 'NaN', 'NaN'],
    ['params.a', { b: [1] }, '{"b":[1]}'],
    ['params.a', 'a\u001b[31mred\u202e\nb', 'ared b'],
    ['params.a', false, 'false'],
    ['time', 90, '1 min 30 s'],
    ['time', null, ''],
    ['commit', `${'a'.repeat(40)}+`, 'aaaaaaaa +'],
    ['created', 'never', ''],
  ];
  for (const [id, value, expected] of cases) assert.equal(cellText(id, value), expected, id);
  assert.ok(differs('params.a', 1, 2) && !differs('params.a', 1, 1) && differs('params.a', null, 1));
  assert.ok(!differs('params.a', undefined, null) && !differs('created', 1, 2));
});

test('a line in a cell goes through all values that there are', () => {
  assert.equal(sparkPoints([1, 2, 3], 80, 16), '1.0,14.5 40.0,8.0 79.0,1.5');
  assert.equal(sparkPoints([2, NaN, 2], 80, 16), '1.0,8.0 79.0,8.0');
  assert.equal(sparkPoints([1], 80, 16), '');
});

function page(offset: number, ids: readonly string[], more: Partial<ExperimentsPage> = {}): ExperimentsPage {
  return {
    ...{ total: 1_000, all: 2_000, offset, ids, problems: [] },
    pipelines: ids.map(() => 'rain'),
    statuses: ids.map(() => 'succeeded' as const),
    ...{ starred: [1], archived: [], tracked: [0] },
    columns: [ids.map((_, at) => at)],
    ...more,
  };
}

test('rows are loaded by pages, shown until they are asked for again, and not kept for ever', () => {
  const rows = new ExperimentRows(2);
  rows.take(page(4, ['e', 'f']), ['params.a']);
  assert.deepEqual([rows.total, rows.all, rows.isFresh(2), rows.isFresh(0)], [1_000, 2_000, true, false]);
  assert.deepEqual([rows.at(5)?.id, rows.at(5)?.value('params.a'), rows.at(5)?.isStarred], ['f', 1, true]);
  assert.deepEqual([rows.at(4)?.isTracked, rows.at(4)?.value('params.b')], [true, undefined]);
  assert.deepEqual([rows.at(3), rows.at(-1)], [undefined, undefined]);
  assert.equal(rows.find('f')?.id, 'f');
  rows.stale();
  assert.deepEqual([rows.isFresh(2), rows.at(5)?.id], [false, 'f']);
  for (let at = 0; at < 60; at++) rows.take(page(at * 2, [`x${at}`, `y${at}`]), []);
  assert.ok([...rows.loaded()].length <= 80);
  assert.equal(rows.at(118)?.id, 'x59');
  rows.clear();
  assert.equal(rows.at(118), undefined);
});

test('tags as they are typed', () => {
  assert.equal(tagWords({ keep: '', owner: 'ada' }), 'keep, owner=ada');
  assert.deepEqual(changedTags({ keep: '', owner: 'ada' }, 'owner = bob, new,,'), {
    tags: { owner: 'bob', new: '' },
    untag: ['keep'],
  });
  assert.deepEqual(changedTags({ keep: '' }, ' keep '), { tags: {}, untag: [] });
  assert.deepEqual(editableTags({ a: 'x, y', b: ' z', c: 'a\nb', 'd ': '', e: 'a=b', f: '' }), {
    e: 'a=b',
    f: '',
  });
  assert.deepEqual(changedTags({}, 'url=https://x?a=b'), { tags: { url: 'https://x?a=b' }, untag: [] });
});
