import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ago,
  bytes,
  duration,
  elapsed,
  number,
  plain,
  plainLines,
  plural,
  shown,
} from '../../../server/base/format.js';

test('plain() lets no escape, control or newline into a label', () => {
  const check = (text: string, expected: string, limit?: number) =>
    assert.equal(plain(text, limit), expected);
  check('train', 'train');
  check('\u001b[31mred\u001b[0m', 'red');
  check('\u001b]0;title\u0007name', 'name');
  check('\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link');
  check('a\nb\r\n\tc', 'a b c');
  check('safe\u202eexe.txt', 'safeexe.txt');
  check('bell\u0007nul\u0000', 'bellnul');
  check('abcdefgh', 'abcd…', 5);
});

test('plainLines() keeps lines and the last state of a line that was redrawn', () => {
  const check = (text: string, expected: string) => assert.equal(plainLines(text), expected);
  check('a\nb', 'a\nb');
  check('a\r\nb\r\n', 'a\nb\n');
  check('10%\r50%\r100%\ndone', '100%\ndone');
  check('\u001b[1mbold\u001b[22m\ttab', 'bold\ttab');
});

test('durations, sizes and numbers read as people write them', () => {
  const times: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [740, '740 ms'],
    [1000, '1.0 s'],
    [12_300, '12 s'],
    [59_960, '1 min'],
    [245_000, '4 min 5 s'],
    [7_380_000, '2 h 3 min'],
    [86_400_000 * 3 + 4 * 3_600_000, '3 d 4 h'],
    [-1, '–'],
    [Number.NaN, '–'],
  ];
  for (const [input, expected] of times) assert.equal(duration(input), expected);
  const sizes: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [20 * 1024 * 1024, '20 MiB'],
    [150.4 * 1024 ** 3, '150 GiB'],
  ];
  for (const [input, expected] of sizes) assert.equal(bytes(input), expected);
  const numbers: readonly (readonly [number, string])[] = [
    [0, '0'],
    [3, '3'],
    [0.812345678, '0.81235'],
    [-0.5, '-0.5'],
    [1e-7, '1e-7'],
    [12345678901, '1.235e10'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ];
  for (const [input, expected] of numbers) assert.equal(number(input), expected.replace('e10', 'e+10'));
});

test('times are told from now', () => {
  const now = Date.parse('2026-11-23T12:00:00.000Z');
  assert.equal(ago('2026-11-23T11:59:30.000Z', now), 'just now');
  assert.equal(ago('2026-11-23T11:55:00.000Z', now), '5 min ago');
  assert.equal(ago('2026-11-23T09:00:00.000Z', now), '3 h ago');
  assert.equal(ago('2026-11-21T12:00:00.000Z', now), '2 d ago');
  assert.equal(ago('no time', now), '');
  assert.equal(elapsed('2026-11-23T11:00:00Z', undefined, now), 3_600_000);
  assert.equal(elapsed(undefined, undefined, now), undefined);
  assert.equal(elapsed('2026-11-23T12:00:01Z', '2026-11-23T12:00:00Z', now), 0);
});

test('values and counts', () => {
  assert.equal(shown({ a: [1, 2] }), '{"a":[1,2]}');
  assert.equal(shown('x\ny'), 'x y');
  assert.equal(shown(undefined), '');
  assert.equal(plural(1, 'run'), '1 run');
  assert.equal(plural(0, 'run'), '0 runs');
});
