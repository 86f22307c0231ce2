/** Requests are read by their fields: what is taken, and what a client is told of what is not. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  flag,
  listOf,
  message,
  queryValues,
  readFields,
  real,
  required,
  tagList,
  text,
  whole,
  word,
} from '../../../server/tracking/wire/fields.js';
import { checkKey, checkTime } from '../../../server/tracking/wire/names.js';
import {
  WireError,
  limitOf,
  pageOf,
  placeOf,
  tokenOf,
  wireNumber,
} from '../../../server/tracking/wire/wire.js';

const FIELDS = {
  id: required(text),
  note: text,
  step: whole,
  value: real,
  on: flag,
  view: word(['ONE', 'TWO'], 'ONE'),
  tags: tagList,
  inner: message({ names: listOf(required(text)) }),
};

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return error.message;
  }
  return assert.fail('it was taken');
};

test('fields are read in all forms in which clients write them', () => {
  const nothing = { note: undefined, step: undefined, value: undefined, on: undefined, view: undefined };
  const empty = { id: 'a', ...nothing, tags: [], inner: undefined };
  assert.deepEqual(readFields(FIELDS, { id: 'a' }), empty);
  // Null is absent; what isn't known is passed over.
  assert.deepEqual(readFields(FIELDS, { id: 'a', note: null, tags: null, other: [1], runId: 'x' }), empty);
  const given = {
    id: 'a',
    step: '12',
    value: 'NaN',
    on: 'true',
    view: 'TWO',
    tags: [{ key: 'k' }, { key: 'l', value: 'v' }],
  };
  assert.deepEqual(readFields(FIELDS, given), {
    ...empty,
    step: 12,
    value: NaN,
    on: true,
    view: 'TWO',
    tags: [
      { key: 'k', value: undefined },
      { key: 'l', value: 'v' },
    ],
  });
  for (const [written, value] of [
    ['1e400', Infinity],
    ['-Infinity', -Infinity],
    ['Infinity', Infinity],
    ['.5', 0.5],
    [3, 3],
  ] as const)
    assert.equal(readFields({ value: required(real) }, { value: written }).value, value, String(written));
  // As by MLflow's server.
  assert.equal(readFields(FIELDS, { id: 'a', step: -1.5 }).step, -1);
  // An enum may be a number; an unknown name is the usual one.
  assert.equal(readFields(FIELDS, { id: 'a', view: 2 }).view, 'TWO');
  assert.equal(readFields(FIELDS, { id: 'a', view: 'THREE' }).view, 'ONE');
});

test('what is missing or of another type is named', () => {
  const table: readonly (readonly [values: Readonly<Record<string, unknown>>, names: RegExp])[] = [
    [{}, /^Missing value for required parameter 'id'/],
    [{ id: '' }, /^Missing value for required parameter 'id'/],
    [{ id: 1 }, /^Invalid value 1 for parameter 'id' supplied: Value was not a string/],
    [{ id: 'a', step: 2 ** 60 }, /'step' supplied: Value was not an integer/],
    [{ id: 'a', step: 'x' }, /'step'/],
    [{ id: 'a', value: 'x' }, /'value' supplied: Value was not a number/],
    [{ id: 'a', value: true }, /'value'/],
    [{ id: 'a', value: '' }, /'value'/],
    [{ id: 'a', on: 1 }, /'on'/],
    [{ id: 'a', tags: {} }, /'tags' supplied: Value was not a list/],
    [{ id: 'a', tags: [{}] }, /required parameter 'tags\[0\]\.key'/],
    [{ id: 'a', tags: ['x'] }, /'tags\[0\]' supplied: Value was not an object/],
    [{ id: 'a', tags: [null] }, /required parameter 'tags\[0\]'/],
    [{ id: 'a', inner: [] }, /'inner'/],
    [{ id: 'a', inner: { names: ['x', 3] } }, /'inner\.names\[1\]'/],
    [{ id: 'a', note: { a: 'x'.repeat(100_000) } }, /'note'/],
  ];
  for (const [values, names] of table) {
    const told = refusal(() => readFields(FIELDS, values));
    assert.match(told, names);
    assert.ok(told.length < 400, 'a value of a stranger is not repeated at length');
  }
});

test('queries repeat what is a list', () => {
  const query = new URLSearchParams('id=a&id=b&names=x&names=y&other=1&__proto__=z');
  assert.deepEqual(queryValues({ id: text, names: listOf(text) }, query), {
    id: 'b',
    names: ['x', 'y'],
    other: '1',
    ['__proto__']: 'z',
  });
});

test('keys are MLflow’s', () => {
  for (const key of ['loss', 'val/loss', 'a b', 'a.b-c_d:e', 'größe', '損失', '1', 'a..b'])
    assert.equal(checkKey('metric', key), key);
  for (const key of ['', '../x', '/abs', 'a//b', 'a/../b', './a', '..', 'a?', "a'b", 'a\nb', 'x'.repeat(251)])
    assert.throws(() => checkKey('metric', key), WireError, key);
});

test('times, pages and numbers of the wire', () => {
  assert.equal(checkTime('timestamp', 0), 0);
  for (const ms of [-1, 9e15]) assert.throws(() => checkTime('timestamp', ms), /nonnegative/);
  assert.deepEqual([1.5, NaN, Infinity, -Infinity].map(wireNumber), [1.5, 'NaN', 'Infinity', '-Infinity']);
  const all = ['a', 'b', 'c'];
  const first = pageOf(all, 2, undefined);
  assert.deepEqual(first.items, ['a', 'b']);
  assert.deepEqual(pageOf(all, 2, first.next), { items: ['c'], next: undefined });
  assert.equal(placeOf(tokenOf(7)), 7);
  for (const token of ['x', 'e30=', Buffer.from('{"offset": -1}').toString('base64')])
    assert.throws(() => placeOf(token), /Invalid page token/);
  assert.equal(limitOf(undefined, 100, 1_000), 100);
  for (const limit of [0, -1, 1_001]) assert.throws(() => limitOf(limit, 100, 1_000), /max_results/);
});
