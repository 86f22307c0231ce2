/** What the editor makes of the data behind feature views. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { completion } from '../../../server/ide/complete/completion.js';
import { glanceMarkdown, percent, sparkline } from '../../../server/ide/hover/glance.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { featureTypeOf, fitsType } from '../../../server/definition/known/feature-facts.js';
import { isInSqlText, sqlWords } from '../../../server/definition/text/sql-words.js';
import { CURSOR, open } from './fixture.js';

const COLUMNS = [
  { name: 'station_id', type: 'VARCHAR' },
  { name: 'observed_at', type: 'TIMESTAMP' },
  { name: 'rain', type: 'DOUBLE' },
  { name: 'wind speed', type: 'DOUBLE' },
];
const FACTS = { weather: { data: COLUMNS, result: [...COLUMNS, { name: 'rain_7d', type: 'DOUBLE' }] } };
const view = (body: string): string =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n${body}`;
const SOURCE = '    source: { path: data/weather.csv, timestamp: observed_at }\n';

function columns(text: string): string[] {
  const fixture = open({ 'w.features.yaml': text }, { facts: FACTS });
  return completion(fixture.context, fixture.offset)
    .items.filter(({ kind }) => kind === 'column')
    .toSorted((a, b) => (a.sortText < b.sortText ? -1 : 1))
    .map(({ label }) => label);
}

function chosen(text: string, label: string): string {
  const fixture = open({ 'w.features.yaml': text }, { facts: FACTS });
  const item = completion(fixture.context, fixture.offset).items.find((one) => one.label === label);
  assert.ok(item !== undefined, label);
  return fixture.text.slice(0, item.span.start) + item.newText + fixture.text.slice(item.span.end);
}

test('columns as timestamps, keys and in the field mapping', () => {
  const all = ['observed_at', 'rain', 'station_id', 'wind speed'];
  assert.deepEqual(columns(view('    source: { path: x.csv, timestamp: ¦ }\n')).slice(0, 1), ['observed_at']);
  assert.deepEqual(columns(view('    source:\n      path: x.csv\n      created: ob¦\n')).toSorted(), all);
  assert.deepEqual(columns(view(SOURCE).replace('[station_id]', '[¦]')).slice(0, 1), ['station_id']);
  assert.deepEqual(
    columns(view('    source:\n      path: x.csv\n      field-mapping:\n        rain: r\n        ¦\n')),
    ['station_id', 'observed_at', 'wind speed'],
  );
});

test('columns as features, without keys, times and what is listed', () => {
  const text = view(`${SOURCE}    features:\n      rain: double\n      ¦\n`);
  assert.deepEqual(columns(text), ['wind speed', 'rain_7d']);
  assert.equal(
    chosen(text, 'rain_7d'),
    text.replace(CURSOR, 'rain_7d: { type: double, description: ${1:What it means (unit).} }'),
  );
  const flow = view(`${SOURCE}    features: { ¦ }\n`);
  assert.equal(chosen(flow, 'rain'), flow.replace(CURSOR, 'rain: double'));
});

test('columns of labels, for the time of a training set', () => {
  const labels = {
    'data/labels.parquet': {
      result: [
        { name: 'station_id', type: 'VARCHAR' },
        { name: 'known from', type: 'TIMESTAMP' },
      ],
    },
  };
  const check = (path: string, expected: readonly string[]): void => {
    const text = `tasks:\n  join:\n    training-set:\n      labels: ${path}\n      timestamp: ¦\n      service: rain-v1\n`;
    const fixture = open({ 't.pipeline.yaml': text }, { labels });
    const items = completion(fixture.context, fixture.offset).items.filter(({ kind }) => kind === 'column');
    assert.deepEqual(
      items.toSorted((a, b) => (a.sortText < b.sortText ? -1 : 1)).map(({ label }) => label),
      expected,
    );
  };
  check('data/labels.parquet', ['known from', 'station_id']);
  check('other.parquet', []);
  check('${{ params.labels }}', []);
});

test('columns in SQL', () => {
  const sql = (query: string): string => view(`${SOURCE}    transform: |\n      ${query}\n    ttl: 1d\n`);
  assert.deepEqual(columns(sql('select *, avg(ra¦) as mean from source')), [
    'station_id',
    'observed_at',
    'rain',
    'wind speed',
    'mean',
  ]);
  assert.equal(chosen(sql('select wi¦ from source'), 'wind speed'), sql('select "wind speed" from source'));
  assert.deepEqual(columns(sql("select 'ra¦' from source")), []);
  assert.deepEqual(columns(sql('select 1 -- ra¦')), []);
  const second = view(`${SOURCE}    transform: ["select rain as wet from source", "select ¦ from source"]\n`);
  assert.ok(columns(second).includes('wet'));
  const items = completion(...positionIn(sql('¦'))).items.map(({ label }) => label);
  assert.ok(items.includes('source') && items.includes('select'));
});

function positionIn(text: string): Parameters<typeof completion> {
  const fixture = open({ 'w.features.yaml': text }, { facts: FACTS });
  return [fixture.context, fixture.offset];
}

test('hover with freshness, null share and histogram', () => {
  const state = {
    version: '3',
    at: '2026-01-01T10:00:00.000Z',
    rows: 1461,
    newest: '2025-12-31T00:00:00Z',
    stale: 'data/weather.csv has changed',
    broken: [{ feature: 'rain', check: 'min', severity: 'error' as const, message: '3 values are below 0.' }],
    features: [
      {
        name: 'rain',
        type: 'DOUBLE',
        count: 200,
        nulls: 1,
        numbers: { min: 0, max: 55.9, mean: 3.03, histogram: [100, 0, 1, 50] },
      },
    ],
  };
  const fixture = open(
    { 'w.features.yaml': view(`${SOURCE}    features:\n      ra¦in: double\n`) },
    { states: { weather: state } },
  );
  const markdown = hover(fixture.context, fixture.offset)?.markdown ?? '';
  for (const pattern of [
    /1,461 rows · materialized 2 hours ago/,
    /Stale\*\*: data\/weather\\.csv has changed/,
    /3 values are below 0/,
    /0\.5 % null/,
    /0 █ ▁▅ 55\.9/,
  ]) {
    assert.match(markdown, pattern);
  }
});

test('glances', () => {
  assert.equal(sparkline([0, 0, 0]), '   ');
  assert.equal(sparkline([1, 2, 4, 8]), '▂▃▅█');
  assert.equal(sparkline(new Array(100).fill(1)).length, 20);
  assert.deepEqual([0, 0.00001, 0.005, 0.25, 1].map(percent), ['0 %', '< 0.1 %', '0.5 %', '25 %', '100 %']);
  assert.match(
    glanceMarkdown({
      name: 'w',
      type: 'VARCHAR',
      count: 4,
      nulls: 0,
      distinct: 2,
      top: [{ value: 'a|b', count: 3 }],
    }),
    /\| `a¦b` \| █{12} 3 \|/,
  );
});

test('declared types against those of the data', () => {
  for (const [declared, actual, expected] of [
    ['integer', 'BIGINT', true],
    ['integer', 'DOUBLE', false],
    ['double', 'DECIMAL(18,3)', true],
    ['double', 'VARCHAR', true],
    ['boolean', 'BIGINT', false],
    ['timestamp', 'TIMESTAMP WITH TIME ZONE', true],
    ['date', 'TIMESTAMP', false],
    ['string', 'BIGINT', true],
    ['string', 'INTEGER[]', false],
    ['list', 'INTEGER[]', true],
    ['list', 'VARCHAR', false],
    ['double', '"NULL"', true],
    ['nonsense', 'BIGINT', true],
  ] as const) {
    assert.equal(fitsType(declared, actual), expected, `${declared} ${actual}`);
  }
  assert.deepEqual(
    ['BIGINT', 'INTEGER', 'DECIMAL(3,1)', 'TIMESTAMP_NS', 'VARCHAR', 'DOUBLE[]', 'MAP(VARCHAR, DOUBLE)'].map(
      featureTypeOf,
    ),
    ['long', 'integer', 'double', 'timestamp', 'string', 'list', undefined],
  );
});

test('words of SQL', () => {
  const shown = (sql: string): string[] =>
    sqlWords(sql).map(({ text, alias, call, qualified }) =>
      [text, alias ? 'alias' : '', call ? 'call' : '', qualified ? 'qualified' : '']
        .filter((part) => part !== '')
        .join(' '),
    );
  assert.deepEqual(shown(`select a.b, max("c d") AS x /* y */ -- z\n from 'it''s' $t$ q $t$ 1e5`), [
    'select',
    'a',
    'b qualified',
    'max call',
    'c d',
    'AS',
    'x alias',
    'from',
  ]);
  const at = (marked: string): boolean => isInSqlText(marked.replace(CURSOR, ''), marked.indexOf(CURSOR));
  assert.deepEqual(["'a¦'", "'a'¦", "¦'a'", '-- a¦', '-- a\n¦', "'open ¦", '/* ¦ */', 'a¦'].map(at), [
    true,
    false,
    false,
    true,
    false,
    true,
    true,
    false,
  ]);
});
