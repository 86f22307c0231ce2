import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json } from '../../../../server/definition/definition.js';
import { evaluate } from '../../../../server/definition/expressions/evaluate.js';
import { expressionOf, scopeOf } from '../helpers.js';

const scope = scopeOf(
  {
    params: {
      epochs: 200,
      name: 'Rain',
      empty: '',
      none: null,
      flag: true,
      list: ['a', 'B', 3],
      nested: { 'a-b': { c: [10, 20] } },
      rows: [{ x: 1, t: ['p'] }, { x: 2 }, { y: 3 }],
      key: 'name',
      ['__proto__x']: 1,
    },
  },
  { status: 'failure', hashFiles: (globs) => globs.join('+') },
);

function check(source: string, expected: Json): void {
  const result = evaluate(expressionOf(source), scope);
  assert.deepEqual(result.kind === 'value' ? result.value : result, expected, source);
}

/** What a result is instead of a value. */
function fails(source: string, kind: 'error' | 'unknown', message?: RegExp): void {
  const result = evaluate(expressionOf(source), scope);
  assert.equal(result.kind, kind, source);
  if (message !== undefined && result.kind === 'error') assert.match(result.message, message);
}

test('literals', () => {
  check('1', 1);
  check('-1.5e3', -1500);
  check('0xff', 255);
  check("'it''s'", "it's");
  check('true', true);
  check('null', null);
});

test('equality as in GitHub Actions', () => {
  const equal: [string, boolean][] = [
    ["'a' == 'A'", true],
    ["'a' == 'b'", false],
    ['1 == 1.0', true],
    ["1 == '1'", true],
    ["1 == ' 1 '", true],
    ["16 == '0x10'", true],
    ["8 == '0o10'", true],
    ["1 == 'x'", false],
    ["0 == ''", true],
    ['0 == null', true],
    ["'' == null", true],
    ["'0' == null", true],
    ["'x' == null", false],
    ['null == null', true],
    ['true == 1', true],
    ["true == '1'", true],
    ["true == 'true'", false],
    ["false == ''", true],
    ['false == null', true],
    ['true == true', true],
    ["'x' != 1", true],
    ['params.list == params.list', true],
    ["fromJSON('[1]') == fromJSON('[1]')", false],
    ['params.list == 0', false],
    ["params.list == 'Array'", false],
    ["'ÄPFEL' == 'äpfel'", true],
    ["'ß' == 'SS'", false],
  ];
  for (const [source, expected] of equal) check(source, expected);
});

test('order as in GitHub Actions', () => {
  check('1 < 2', true);
  check("'2' < 10", true);
  check("'2' < '10'", false);
  check("'a' < 'B'", true);
  check("'x' < 1", false);
  check("'x' >= 1", false);
  check('true > false', true);
  check('null <= 0', true);
  check('params.list < 1', false);
  check('params.epochs >= 200', true);
});

test('truth and operands', () => {
  check("'' || 'b'", 'b');
  check("'a' && 'b'", 'b');
  check("0 && 'b'", 0);
  check("params.flag && 'yes' || 'no'", 'yes');
  check('!null', true);
  check("!'0'", false);
  check('!params.list', false);
  check("'a' || models.x.y", 'a');
  check('false && models.x.y', false);
  fails('true && models.x.y', 'unknown');
  fails('!models.x', 'unknown');
});

test('members', () => {
  check('params.epochs', 200);
  check("params['epochs']", 200);
  check('params[params.key]', 'Rain');
  check('params.nested.a-b.c[1]', 20);
  check('params.list[0]', 'a');
  check('params.list[9]', null);
  check('params.nope.deeper', null);
  check('params.name.length', null);
  check('params.constructor', null);
  check('params.list.length', null);
  check('params.rows.*.x', [1, 2]);
  check('params.rows.*.t.*', ['p']);
  check('params.nested.*.c', [[10, 20]]);
  check('fromJSON(\'{"a":[1,2]}\').a[1]', 2);
  check("join(params.rows.*.x, '+')", '1+2');
});

test('functions', () => {
  check("contains('Hello', 'ELL')", true);
  check("contains(params.list, 'b')", true);
  check("contains(params.list, '3')", true);
  check('contains(params.nested, 1)', false);
  check("startsWith('Rain', 'ra')", true);
  check("endsWith('a.CSV', '.csv')", true);
  check("startsWith(123, '12')", true);
  check("format('{0}-{1}-{0}', 'a', 2)", 'a-2-a');
  check("format('{{0}} {0}', 'x')", '{0} x');
  check('join(params.list)', 'a,B,3');
  check("join('x', '-')", 'x');
  check('toJSON(params.list)', '[\n  "a",\n  "B",\n  3\n]');
  check("fromJSON('true')", true);
  check("hashFiles('a', 'b')", 'a+b');
  check('raw(params.name)', 'Rain');
  check('always()', true);
  check('failure()', true);
  check('success()', false);
  check('cancelled()', false);
  fails("format('{1}', 1)", 'error', /no \{1\}/);
  fails("format('{', 1)", 'error', /lone/);
  fails("fromJSON('{')", 'error', /no JSON/);
  fails('nope(1)', 'error', /no function/);
  fails('join()', 'error', /join\(list/);
});

test('bombs end', () => {
  let source = "'0123456789'";
  for (let level = 0; level < 9; level++) source = `format('{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}', ${source})`;
  fails(source, 'error', /longer/);
  fails(`fromJSON('${'['.repeat(5000)}${']'.repeat(5000)}')`, 'error', /levels/);
});

test('a scope decides what is unknown and what is wrong', () => {
  const result = evaluate(expressionOf('tasks.train.metrics.x'), {
    lookup: (context, path) => ({ kind: 'error', message: `${context}/${path.join('/')}` }),
  });
  assert.deepEqual(result, { kind: 'error', span: { start: 0, end: 5 }, message: 'tasks/train/metrics/x' });
  let asked: readonly string[] = [];
  evaluate(expressionOf('models.rain@production.version'), {
    lookup: (_, path) => {
      asked = path;
      return { kind: 'unknown', why: '' };
    },
  });
  assert.deepEqual(asked, ['rain@production', 'version']);
});

test('one value of the values of a list', () => {
  const many = scopeOf({
    params: {
      accs: [0.1, 0.9, 0.5],
      mixed: [1, null, '2.50', true],
      odd: ['NaN', 1, 'Infinity'],
      huge: [1e308, 1e308],
      paths: ['a', 'b', 'c'],
      empty: [],
      flags: [true, false],
      big: ['9007199254740993', '9007199254740992'],
    },
  });
  const rows: [string, Json | RegExp][] = [
    ['max(params.accs)', 0.9],
    ['min(params.accs)', 0.1],
    ['mean(params.accs) == 0.5', true],
    ['mean(params.huge)', 1e308],
    ['max(1, 5, 3)', 5],
    ['max(params.accs, 2)', 2],
    ['min(0.3)', 0.3],
    ['max(params.mixed) == 2.5', true],
    ['mean(params.mixed)', 1.5],
    ['max(params.odd)', 'NaN'],
    ['min(params.odd)', 'NaN'],
    ["max(1, 'Infinity')", 'Infinity'],
    ['max(params.empty)', null],
    ['mean(null)', null],
    ["max(params.big) == '9007199254740993'", true],
    ['any(params.flags)', true],
    ['all(params.flags)', false],
    ['any(params.empty)', false],
    ['all(params.empty)', true],
    ['all(params.accs, true)', true],
    ['best(params.accs, params.paths)', 'b'],
    ["best(params.accs, params.paths, 'min')", 'a'],
    ['best(params.odd, params.paths)', 'c'],
    ['best(params.accs, 7)', 7],
    ['best(1, params.paths)', 'a'],
    ['best(params.empty, params.empty)', null],
    ["max('x')", /takes numbers, and x is none/],
    ["max('')", /takes numbers/],
    ['mean(params)', /takes numbers/],
    ['best(params.flags, params.paths)', /2 numbers and 3 items/],
    ["best(params.accs, params.paths, 'up')", /third value/],
  ];
  for (const [source, expected] of rows) {
    const result = evaluate(expressionOf(source), many);
    if (expected instanceof RegExp)
      assert.match(result.kind === 'error' ? result.message : '', expected, source);
    else assert.deepEqual(result.kind === 'value' ? result.value : result, expected, source);
  }
});
