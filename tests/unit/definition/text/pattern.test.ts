/** Patterns match what JavaScript matches, and none is slow. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../../support/generated/cases.js';
import { compilePattern, matchesPattern } from '../../../../server/definition/text/pattern.js';

test('what patterns match', () => {
  const check = (pattern: string, yes: readonly string[], no: readonly string[]) => {
    const compiled = compilePattern(pattern);
    assert.ok(compiled.ok, compiled.ok ? '' : compiled.message);
    for (const text of yes) assert.ok(compiled.test(text), `${pattern} matches ${text}`);
    for (const text of no) assert.ok(!compiled.test(text), `${pattern} does not match ${text}`);
  };
  check('rain', ['it rains', 'rain'], ['ran']);
  check('^rain$', ['rain'], ['rains', 'train']);
  check('^(a|bc)+$', ['abca'], ['', 'ab']);
  check('^v?\\d+(\\.\\d+){2}(-[a-z]+)?$', ['v1.2.3', '1.2.3-rc'], ['1.2', 'v1.2.3-']);
  check('^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$', ['a@b.org'], ['a@b', 'a b@c.org']);
  check('^\\p{L}+$', ['Größe'], ['a1']);
  check('^.$', ['💥', 'a'], ['', '\n', 'ab']);
  check('\\bcat\\b', ['a cat.', 'cat'], ['concat', 'cats']);
  check('\\Bcat', ['concat'], ['cat']);
  check('^(?:a{0}b){2,3}$', ['bb', 'bbb'], ['b', 'bbbb', 'ab']);
  check('^(?<year>\\d{4})-\\u{31}\\x32$', ['2024-12'], ['2024-11']);
  check('^[\\]\\-]+$', ['-]'], ['a']);
  check('^(a*)*$', ['', 'aaa'], ['b']);
  check('', ['', 'a'], []);
  check('^a??b$', ['ab', 'b'], ['a']);
});

test('patterns that are refused say why', () => {
  const check = (pattern: string, message: RegExp) => {
    const compiled = compilePattern(pattern);
    assert.ok(!compiled.ok, pattern);
    assert.match(compiled.message, message);
    assert.ok(matchesPattern(pattern, 'x'));
  };
  check('(', /^Not a regular expression: Unterminated group\.$/);
  check('a'.repeat(1001), /longer than 1000/);
  check('^(?!a)', /looks ahead/);
  check('(?<=a)b', /looks ahead or behind/);
  check('(a)\\1', /refers back/);
  check('(?<a>a)\\k<a>', /refers back/);
  check('(a{100}){100}', /repeats too much/);
});

test('patterns mean what they mean to JavaScript', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '\\w',
    '\\b',
    '^',
    '$',
    '(?:a|b)',
    '(ab)',
    '(|a)',
  );
  const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?');
  const part = fc
    .tuple(atom, quantifier)
    .map(([one, many]) => (/^(\^|\$|\\b)$/.test(one) ? one : one + many));
  const flat = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''));
  const nested = fc.tuple(flat, flat, quantifier).map(([a, b, many]) => `(?:${a}|${b})${many}`);
  const pattern = fc.array(fc.oneof(flat, nested), { maxLength: 3 }).map((parts) => parts.join(''));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ' ', '-'), { maxLength: 8 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(pattern, fc.array(text, { maxLength: 6 }), (source, texts) => {
      for (const one of texts)
        assert.equal(matchesPattern(source, one), new RegExp(source, 'u').test(one), `/${source}/ ${one}`);
    }),
    { numRuns: 5000 },
  );
});

test('no pattern is slow', () => {
  const random = Array.from({ length: 5000 }, (_, at) => ((at * at * 7919) % 13 > 6 ? 'a' : 'b')).join('');
  const hostile = [
    ['^(a+)+$', `${'a'.repeat(5000)}b`],
    ['(a|a)*c', 'a'.repeat(5000)],
    [`${'a*'.repeat(400)}c`, 'a'.repeat(5000)],
    [`${'a?'.repeat(400)}${'a'.repeat(400)}$`, 'a'.repeat(400)],
    ['(a|b)*a(a|b){400}c', random],
    ['(?:){1000000000}', random],
    ['((?:){99999999}){99999999}x', random],
    [`${'('.repeat(400)}a${')*'.repeat(400)}c`, random],
  ] as const;
  for (const [pattern, text] of hostile) {
    const started = process.cpuUsage();
    matchesPattern(pattern, text);
    const { user, system } = process.cpuUsage(started);
    assert.ok((user + system) / 1000 < 2000, `${pattern}: ${(user + system) / 1000} ms`);
  }
});

test('a budget ends what costs much', () => {
  const budget = { left: 1000 };
  assert.ok(matchesPattern('^(a|b)*a(a|b){300}c$', 'ab'.repeat(1000), budget));
  assert.ok(budget.left < 0);
});
