/** First definitions for data files. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { csvHeader } from '../../../../server/features/sources/csv-header.js';
import { draftOf } from '../../../../server/features/sources/draft.js';
import { analyze } from '../../../../server/definition/read/analyze.js';
import { parseYaml } from '../../../../server/syntax/parse.js';

const column = (
  name: string,
  type: string,
  more: { nulls?: number; distinct?: number; positive?: boolean } = {},
) => ({
  name,
  type,
  rows: 100,
  nulls: 0,
  distinct: 50,
  positive: false,
  ...more,
});
const draft = (
  columns: Parameters<typeof draftOf>[1],
  entities: Parameters<typeof draftOf>[0]['entities'] = [],
  path = 'data/weather.csv',
) => draftOf({ file: '/x', path, entities }, columns).text;

test('keys, times, types and expectations are guessed', () => {
  assert.equal(
    draft([
      column('station_id', 'VARCHAR', { distinct: 3 }),
      column('loaded_at', 'TIMESTAMP'),
      column('observed_at', 'DATE'),
      column('rain (mm)', 'DOUBLE', { positive: true }),
      column('wind', 'DOUBLE', { nulls: 3, positive: true }),
      column('on', 'BOOLEAN'),
    ]),
    `entities:
  station:
    keys: [station_id]
    description: What it is.

views:
  weather:
    description: What it is about.
    entity: station
    source:
      path: data/weather.csv
      timestamp: observed_at
      created: loaded_at
    features:
      "rain (mm)": { type: double, expect: { not-null: true, min: 0 } }
      wind: { type: double, expect: { min: 0 } }
      "on": { type: boolean, expect: { not-null: true } }

services:
  weather-v1: [weather]
`,
  );
});

test('an entity that is there already is taken', () => {
  const text = draft(
    [column('city', 'VARCHAR'), column('day', 'DATE'), column('n', 'BIGINT')],
    [{ name: 'place', keys: ['city'] }],
  );
  assert.ok(text.startsWith('views:\n') && text.includes('entity: place\n'), text);
});

test('every draft is a definition without mistakes of its own', () => {
  for (const [columns, path] of [
    [[column('a', 'DOUBLE')], '2024 sales.csv'],
    [
      [
        column('t', 'TIMESTAMP'),
        column('x', 'MAP(VARCHAR, DOUBLE)'),
        column('y: z', 'VARCHAR', { distinct: 100 }),
      ],
      'x/#1.parquet',
    ],
    [[column('id', 'BIGINT'), column('created_at', 'TIMESTAMP'), column('v', 'FLOAT[]')], 'a.jsonl'],
  ] as const) {
    const text = draft(columns, [], path);
    const definition = analyze(parseYaml(text), 'd.features.yaml');
    assert.deepEqual(
      [...definition.syntaxProblems, ...definition.problems].map(({ message }) => message),
      [],
      text,
    );
  }
});

test('headers of CSV files', () => {
  const check = (head: string, expected: readonly string[] | undefined): void =>
    assert.deepEqual(csvHeader(head), expected, head);
  check('a,b,c\n1,2,3\n', ['a', 'b', 'c']);
  check('\uFEFFa;"b;b";c\r\n', ['a', 'b;b', 'c']);
  check('"a ""x""",b\n', ['a "x"', 'b']);
  check('a\tb\n', ['a', 'b']);
  check('only\n1\n', ['only']);
  check('1,2,3\n4,5,6\n', undefined);
  check('a,,c\n', undefined);
  check('a,A\n', undefined);
  check('a,b', undefined);
  check('', undefined);
});
