/** Scalars keep their source text, whatever door they come through; one answer for what a param may be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numeral } from '../../../server/base/numeral.js';
import type { Json, Param, Pipeline } from '../../../server/definition/definition.js';
import { analyze } from '../../../server/definition/read/analyze.js';
import { nestedParams } from '../../../server/definition/params/values.js';
import { toText } from '../../../server/definition/expressions/values.js';
import { similar } from '../../../server/definition/names/names.js';
import { resolveParams } from '../../../server/runner/resolve/params.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { jsonText, packJson, parseJson, unpackJson } from '../../../server/base/json.js';
import { cases, fc } from '../../support/generated/cases.js';

function pipeline(params: string): Pipeline {
  const definition = analyze(parseYaml(`params: ${params}\ntasks: { t: { run: x } }\n`), 'p.pipeline.yaml');
  assert.ok(definition.kind === 'pipeline');
  assert.deepEqual(
    definition.problems.map((problem) => problem.message),
    [],
  );
  return definition.pipeline;
}

function paramsOf(params: string): readonly Param[] {
  return pipeline(params).params;
}

function given(params: string, values: Readonly<Record<string, Json>>): unknown {
  const result = resolveParams(pipeline(params), values, similar);
  return result.ok
    ? Object.fromEntries(Object.entries(result.values).map(([k, v]) => [k, toText(v)]))
    : result.problems;
}

const WRITTEN = [
  '3.10',
  '12345678901234567890',
  '9007199254740993',
  '0012',
  '0777',
  '1e10',
  '2.0',
  '1.0',
  '0.0000001',
  '1e-7',
  '.5',
  '1.',
  '+5',
  '-0',
  '0o17',
  '0x1F',
  '1e400',
  '.inf',
  '.nan',
  '1_000',
  '1:30',
  '2024-01-01',
  'no',
  '007',
  '1E5',
];

test('a default goes into a command as it is written', () => {
  for (const text of WRITTEN) {
    const [param] = paramsOf(`{ x: ${text} }`);
    assert.equal(toText(param?.default?.value ?? null), text);
  }
});

test('types come from how a value is written, choices before the default', () => {
  const table: readonly (readonly [string, string])[] = [
    ['0.0', 'number'],
    ['1.0', 'number'],
    ['1e3', 'number'],
    ['3', 'integer'],
    ['0x1F', 'integer'],
    ['12345678901234567890', 'integer'],
    ['true', 'boolean'],
    ["'3'", 'string'],
    ['null', 'string'],
    ['{}', 'object'],
    ['[]', 'list'],
    ['{ choices: [0.0, 0.5], default: 0 }', 'number'],
    ['{ choices: [0, 0.5], default: 0 }', 'number'],
    ['{ choices: [a, 1], default: a }', 'string'],
    ['{ default: null, type: number }', 'number'],
  ];
  for (const [text, type] of table) assert.equal(paramsOf(`{ x: ${text} }`)[0]?.type, type, text);
});

test('what a param may be is the same from a command line, a record and a call', () => {
  const params =
    '{ d: 0.0, v: { choices: [0.0, 0.5], default: 0.0 }, s: { type: string, choices: [1, 2, 1.10], default: 1 } }';
  assert.deepEqual(given(params, { d: '0.1', v: '0.5', s: '1.10' }), { d: '0.1', v: '0.5', s: '1.10' });
  assert.deepEqual(given(params, { v: 0.5, s: 2 }), { d: '0.0', v: '0.5', s: '2' });
  assert.deepEqual(given(params, { s: '1.1' }), ['param "s": "1.1" is none of "1", "2", "1.10"']);
  assert.deepEqual(given('{ n: 1 }', { n: '0x1F' }), { n: '0x1F' });
  assert.deepEqual(given('{ n: 1 }', { n: '12345678901234567890' }), { n: '12345678901234567890' });
  assert.deepEqual(given('{ n: 1 }', { n: '1_000' }), ['param "n": "1_000" is not a whole number']);
  assert.deepEqual(given('{ n: { default: 1, maximum: 9007199254740992 } }', { n: '9007199254740993' }), [
    'param "n": 9007199254740993 is more than its maximum 9007199254740992',
  ]);
});

test('a param may be nothing where its default is null', () => {
  const params = '{ lr: { type: number, default: null }, note: null, d: { type: list, default: null } }';
  assert.deepEqual(given(params, {}), { lr: '', note: '', d: '' });
  assert.deepEqual(given(params, { lr: '0.10', note: 'x' }), { lr: '0.10', note: 'x', d: '' });
  assert.deepEqual(given(params, { lr: 'null', d: '' }), { lr: '', note: '', d: '' });
  assert.deepEqual(given('{ n: 1 }', { n: null }), ['param "n": "null" is not a whole number']);
});

test('groups of params are told from the long form', () => {
  const names = (text: string): readonly string[] => paramsOf(text).map((param) => param.name);
  assert.deepEqual(names('{ model: { lr: 0.1, net: { depth: 3 } } }'), ['model.lr', 'model.net.depth']);
  assert.deepEqual(names('{ model: { type: cnn, lr: 0.1 } }'), ['model.type', 'model.lr']);
  assert.deepEqual(names('{ model: { minimum: 1, mode: x } }'), ['model.minimum', 'model.mode']);
  assert.deepEqual(names('{ model: { default: { default: 0.5 }, lr: 0.1 } }'), ['model.default', 'model.lr']);
  assert.deepEqual(names('{ model: { type: { default: number } } }'), ['model.type']);
  assert.deepEqual(names('{ model: { type: number, default: 1 }, x: { description: y } }'), ['model', 'x']);
  const wrong = (params: string): readonly string[] =>
    analyze(parseYaml(`params: ${params}\ntasks: {}\n`), 'p.pipeline.yaml').problems.map(
      (one) => one.message,
    );
  assert.match(
    wrong('{ m: { default: 0.5, lr: 0.1 } }').join(),
    /`lr` is not a key of a param.*In a group of params/,
  );
  assert.match(wrong('{ m: { type: number, defualt: 0.1 } }').join(), /Did you mean "default"/);
  assert.match(wrong('{ m: { defualt: 0.1 } }').join(), /Did you mean "default"/);
  // The kind of a model, as in `{ type: cnn, lr: 0.1 }`: nobody calls a type of params so.
  assert.deepEqual(names('{ m: { type: cnn }, o: { type: adam, description: x } }'), [
    'm.type',
    'o.type',
    'o.description',
  ]);
  for (const slip of ['nubmer', 'int', 'Float', 'str', 'bool', 'strings'])
    assert.match(wrong(`{ m: { type: ${slip} } }`).join(), /is not allowed here/, slip);
  assert.match(wrong('{ m: { type: cnn, default: 1 } }').join(), /"cnn" is not allowed here/);
});

test('params of groups are given one by one or together, and are members in expressions', () => {
  const params = '{ model: { lr: 0.1, net: { depth: 3 } }, n: 1 }';
  const expected = { 'model.lr': '0.20', 'model.net.depth': '4', n: '1' };
  assert.deepEqual(given(params, { 'model.lr': '0.20', 'model.net.depth': '4' }), expected);
  assert.deepEqual(given(params, { model: { lr: numeral('0.20') ?? 0, net: { depth: 4 } } }), expected);
  assert.match(String(given(params, { 'model.lrr': '1' })), /no param "model.lrr", did you mean "model.lr"/);
  assert.match(String(given(params, { model: '1' })), /it is a group of params/);
  assert.deepEqual(
    nestedParams([
      ['a.b', 1],
      ['a.c.d', 2],
      ['e', 3],
    ]),
    { a: { b: 1, c: { d: 2 } }, e: 3 },
  );
});

test('a param called __proto__ is one like any other', () => {
  assert.deepEqual(given('{ __proto__: 1 }', {}), Object.fromEntries([['__proto__', '1']]));
  assert.ok(Object.hasOwn(nestedParams([['__proto__', 1]]), '__proto__'));
});

test('any number goes through a record and back as it was written', () => {
  const digits = fc.stringMatching(/^[0-9]{1,25}$/);
  const number = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      digits,
      fc.option(digits),
      fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e-', 'e+'), fc.integer({ min: 0, max: 999 }))),
    )
    .map(
      ([sign, whole, fraction, exponent]) =>
        `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : exponent.join('')}`,
    );
  fc.assert(
    fc.property(number, (text) => {
      const [param] = paramsOf(`{ x: ${text} }`);
      assert.ok(param?.default !== undefined);
      assert.equal(toText(param.default.value), text);
      const record = parseJson(jsonText({ x: param.default.value })) as Readonly<Record<string, Json>>;
      assert.deepEqual(given(`{ x: ${text} }`, record), { x: text });
      assert.deepEqual(given(`{ x: 1.5 }`, { x: text }), { x: text });
      assert.deepEqual(unpackJson(packJson(param)), param);
    }),
    { numRuns: cases(100, 5_000) },
  );
});
