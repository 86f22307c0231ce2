/** Numbers as they are written, and JSON that keeps them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonText, parseJson } from '../../../server/base/json.js';
import {
  compareNumbers,
  isNumeral,
  isWhole,
  isWrittenWhole,
  numeral,
  type Numeral,
} from '../../../server/base/numeral.js';
import { cases, fc } from '../../support/generated/cases.js';

function read(text: string): number | Numeral {
  const number = numeral(text);
  assert.ok(number !== undefined, text);
  return number;
}

test('a number is a JS number where that prints as it was written', () => {
  for (const text of ['0', '1', '-3', '3.1', '0.5', '1e-7', '9007199254740991']) {
    assert.equal(typeof read(text), 'number', text);
  }
  for (const text of [
    '3.10',
    '1.0',
    '007',
    '+5',
    '.5',
    '1.',
    '-0',
    '1e3',
    '0x1F',
    '0o17',
    '9007199254740993',
  ]) {
    assert.ok(isNumeral(read(text)), text);
    assert.equal(String(read(text)), text);
  }
  for (const text of ['', '.', '-', 'e5', '1_000', '1:30', '.inf', 'NaN', '0x', '1e', '- 1', 'Infinity']) {
    assert.equal(numeral(text), undefined, text);
  }
});

test('numbers are compared by their value, exactly', () => {
  const table: readonly (readonly [string, '<' | '=' | '>', string])[] = [
    ['3.10', '=', '3.1'],
    ['007', '=', '7'],
    ['0x1F', '=', '31'],
    ['1e3', '=', '1000'],
    ['-0', '=', '0'],
    ['0.00', '=', '-0.0'],
    ['9007199254740992', '<', '9007199254740993'],
    ['12345678901234567890', '<', '12345678901234567891'],
    ['-12345678901234567890', '>', '-12345678901234567891'],
    ['1e400', '<', '1e401'],
    ['1e400', '>', '1.7976931348623157e308'],
    ['1e-400', '>', '0'],
    ['0.1', '=', '0.10'],
    ['99', '<', '100.0'],
    ['-1.0', '<', '1.0'],
    ['-12345678901234567890', '=', '-12345678901234567890'],
  ];
  for (const [a, relation, b] of table) {
    const order = compareNumbers(read(a), read(b));
    assert.equal(order, relation === '<' ? -1 : relation === '>' ? 1 : 0, `${a} ${relation} ${b}`);
  }
  assert.equal(compareNumbers(read('1e400'), Infinity), -1);
  assert.equal(compareNumbers(-Infinity, read('1e400')), -1);
  assert.ok(Number.isNaN(compareNumbers(Number.NaN, read('1.0'))));
});

test('the order of whole numbers of any size is that of BigInt', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.bigInt(-(10n ** 30n), 10n ** 30n), (a, b) => {
      assert.equal(compareNumbers(read(String(a)), read(String(b))), a < b ? -1 : a > b ? 1 : 0);
    }),
    { numRuns: cases(200, 5_000) },
  );
});

test('whole is a value, written whole a spelling', () => {
  const table: readonly (readonly [string, boolean, boolean])[] = [
    ['1', true, true],
    ['007', true, true],
    ['0x1F', true, true],
    ['12345678901234567890', true, true],
    ['1.0', true, false],
    ['1e3', true, false],
    ['1.5e1', true, false],
    ['1.5', false, false],
    ['1e-3', false, false],
    ['1e400', true, false],
  ];
  for (const [text, whole, written] of table) {
    assert.equal(isWhole(read(text)), whole, text);
    assert.equal(isWrittenWhole(read(text)), text === '1' ? true : written, text);
  }
});

test('JSON keeps the digits of numbers, in and out', () => {
  const text = '{"a":3.10,"b":[9007199254740993,1e3,-0,1,"3.10 , 1.0 ,"],"__proto__":12345678901234567890}';
  const value = parseJson(text);
  assert.equal(jsonText(value), text);
  assert.ok(Object.hasOwn(value as object, '__proto__'));
  assert.equal(jsonText({ a: numeral('0012'), b: numeral('.5') }), '{"a":"0012","b":".5"}');
  const odd = ['0012', '.5', '5.', '+5', '0x1F', '-007.50'].map(read);
  assert.equal(jsonText(odd, { spelling: 'value' }), '[12,0.5,5,5,31,-7.50]');
  assert.throws(() => parseJson('{"a":1.0,}'), SyntaxError);
  // As JS prints them, and yet not the numbers that they say, or not to be told from others that print alike.
  for (const large of ['9007199254740992', '-9007199254740992', '1e+21', '1.5e+300'])
    for (const form of [large, `[0.1234567890123456,${large}]`, `{"a":"x","b":${large}}`]) {
      const told = parseJson(form);
      assert.ok(isNumeral(isNumeral(told) ? told : Object.values(told as object).at(-1)), form);
    }
  assert.deepEqual(
    parseJson('[0.1234567890123456,1.5e-7,9007199254740991]'),
    [0.1234567890123456, 1.5e-7, 9007199254740991],
  );
});

test('JSON is read as JSON.parse does, but for the digits', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.deepEqual(JSON.parse(jsonText(parseJson(text))), JSON.parse(text));
    }),
    { numRuns: cases(300, 10_000) },
  );
});
