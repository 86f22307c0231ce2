/** MLflow's filters and orders: what is taken, what is refused, and what they find. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { isLike, parseFilter, parseOrder } from '../../../server/tracking/search/filter.js';
import {
  type Subject,
  LISTS,
  NULLS,
  TEXTS,
  filterOf,
  orderOf,
  sortBy,
} from '../../../server/tracking/search/search.js';
import { WireError } from '../../../server/tracking/wire/wire.js';

interface Thing {
  readonly id: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly start?: number;
  readonly data?: readonly string[];
}

const of = <T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;

const SUBJECT: Subject<Thing> = {
  what: 'run',
  attributes: [
    { names: ['run_id'], read: ({ id }) => id, operators: [...TEXTS, ...LISTS] },
    { names: ['run_name', 'Run name'], read: ({ id }) => `run ${id}`, operators: TEXTS },
    { names: ['start_time', 'created'], read: ({ start }) => start },
  ],
  metric: ({ metrics }, key) => of(metrics, key),
  param: ({ params }, key) => of(params, key),
  tag: ({ tags }, key) => of(tags, key),
  operators: [...TEXTS, ...NULLS],
  dataset: ({ data = [] }) => data,
  differsWithout: (key) => key === 'mlflow.prompt.is_prompt',
  sortsByTexts: true,
};

const THINGS: readonly Thing[] = [
  {
    id: 'a',
    metrics: { loss: 1, 'val loss': 3 },
    params: { lr: '10', Case: 'Up' },
    tags: { team: 'blue' },
    start: 5,
  },
  {
    id: 'b',
    metrics: { loss: NaN },
    params: { lr: '9' },
    tags: { team: 'Red_1', 'x.y/z': 'v' },
    start: 6,
    data: ['iris'],
  },
  { id: 'c', metrics: { loss: -2e3 }, tags: { 'mlflow.prompt.is_prompt': 'true' } },
  { id: 'd', params: { lr: "it's" }, start: 7 },
];

const found = (filter: string): string =>
  THINGS.filter(filterOf(SUBJECT, filter))
    .map(({ id }) => id)
    .join('');

test('filters find what they say', () => {
  const table: readonly (readonly [filter: string, ids: string])[] = [
    ['', 'abcd'],
    ['metrics.loss > 0', 'a'],
    ['metric.loss<=-1e3', 'c'],
    // As in MLflow: NaN is unequal, and neither more nor less.
    ['metrics.loss != 1', 'bc'],
    ['metrics.loss >= -2000 AND metrics.loss < 2', 'ac'],
    ['metrics.`val loss` = 3', 'a'],
    ['metrics."val loss" = 3.0', 'a'],
    ["params.lr = '10'", 'a'],
    ['params.lr = "it\'s"', 'd'],
    ["parameters.Case = 'Up'", 'a'],
    // Only what has the key.
    ["params.lr != '10'", 'bd'],
    ["param.lr LIKE '1_'", 'a'],
    ["tags.team ILIKE 'r%'", 'b'],
    ["tags.team like 'r%'", ''],
    ['tags.team IS NULL', 'cd'],
    ['tag.team is not null and params.lr is not null', 'ab'],
    ["tags.`x.y/z` = 'v'", 'b'],
    ["tags.x.y/z = 'v'", 'b'],
    ["tags.team = 'blue' and run_id IN ('a', 'b')", 'a'],
    ["attributes.run_id NOT IN ('a','b')", 'cd'],
    ["attribute.`run_name` = 'run c'", 'c'],
    ["`Run name` LIKE '% c'", 'c'],
    ['start_time >= 6', 'bd'],
    ['created != 6', 'ad'],
    ["tag.`mlflow.prompt.is_prompt` != 'true'", 'abd'],
    ["dataset.name = 'iris'", 'b'],
    ["datasets.digest IN ('iris', 'x')", 'b'],
    ['METRICS.loss = 1', 'a'],
    ["params.lr='10'AND tags.team='blue'", 'a'],
  ];
  for (const [filter, ids] of table) assert.equal(found(filter), ids, filter);
});

test('what is no filter is refused, with a word', () => {
  const refused = [
    ' ',
    'metrics.loss',
    'metrics.loss >',
    'metrics.loss > 1 OR metrics.loss < 0',
    "NOT params.lr = '1'",
    'metrics.loss > 1 AND',
    'AND metrics.loss > 1',
    "(params.lr = '1')",
    'metrics.loss BETWEEN 1 AND 2',
    'metrics.loss > 1;',
    "metrics.loss > '1'",
    'metrics.loss IS NULL',
    "metrics.loss LIKE '1'",
    'params.lr = 10',
    "params.lr > '1'",
    "params.lr IN ('1')",
    'params.lr = ten',
    "nothing.lr = '1'",
    "unknown = '1'",
    "run_name IN ('a')",
    "start_time = '5'",
    "dataset.size = 'x'",
    'run_id IN ()',
    "run_id IN 'a'",
    "params.lr = '1",
    'params.`lr = 1',
    "params. = '1'",
    'x'.repeat(100_000),
    "tags.a = 'b' ".repeat(1_000),
  ];
  for (const filter of refused) {
    assert.throws(
      () => found(filter),
      (error) => error instanceof WireError && error.code === 'INVALID_PARAMETER_VALUE',
      filter.slice(0, 80),
    );
  }
});

test('orders put NaN behind values, and what has none last, in both directions', () => {
  const table: readonly (readonly [order: readonly string[], ids: string])[] = [
    [['metrics.loss ASC'], 'cabd'],
    [['metrics.loss DESC'], 'acbd'],
    [['metrics.`loss`'], 'cabd'],
    // As texts.
    [['params.lr'], 'abdc'],
    [['params.lr desc'], 'dbac'],
    [['start_time DESC'], 'dbac'],
    [['tags.team DESC', 'start_time ASC'], 'abdc'],
    [['metrics.unknown DESC'], 'abcd'],
    [[], 'abcd'],
  ];
  const last = (one: Thing, other: Thing): number => (one.id < other.id ? -1 : 1);
  for (const [order, ids] of table) {
    const sorted = sortBy(THINGS.toReversed(), orderOf(SUBJECT, order), last);
    assert.equal(sorted.map(({ id }) => id).join(''), ids, order.join(', '));
  }
  for (const order of ['dataset.name', 'duration', 'metrics.loss UP', 'metrics.loss ASC DESC', ''])
    assert.throws(() => orderOf(SUBJECT, [order]), WireError, order);
});

test('LIKE is the one of SQL', () => {
  const table: readonly (readonly [value: string, pattern: string, like: boolean])[] = [
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['abc', '%', true],
    ['', '%', true],
    ['', '_', false],
    ['abc', 'a%', true],
    ['abc', '%b', false],
    ['abc', '%b%', true],
    ['abc', 'a_c', true],
    ['a.c', 'a.c', true],
    ['abbbc', 'a%b%bc', true],
    ['mississippi', 'm%iss%ip_i', true],
    ['mississippi', 'm%iss%ix_i', false],
    ['a%', 'a%', true],
  ];
  for (const [value, pattern, like] of table)
    assert.equal(isLike(value, pattern), like, `${value} ${pattern}`);
  // Bounded by the product of the lengths: a pattern of a stranger hangs nobody.
  assert.equal(isLike('a'.repeat(2_000), `${'%a'.repeat(200)}%b`), false);
});

test('parsing gives what is compared', () => {
  assert.deepEqual(parseFilter('metrics.`a b` >= -1.5e3 AND tags.x IS NOT NULL AND run_id IN (\'1\', "2")'), [
    { entity: 'metric', key: 'a b', operator: '>=', value: { kind: 'number', text: '-1.5e3' } },
    { entity: 'tag', key: 'x', operator: 'IS NOT NULL', value: undefined },
    {
      entity: 'attribute',
      key: 'run_id',
      operator: 'IN',
      value: [
        { kind: 'text', text: '1' },
        { kind: 'text', text: '2' },
      ],
    },
  ]);
  assert.deepEqual(parseOrder('params.`a b` desc'), { entity: 'param', key: 'a b', ascending: false });
});
