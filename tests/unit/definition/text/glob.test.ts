/** Globs mean what people know from other tools, and no glob is slow. */
import assert from 'node:assert/strict';
import test from 'node:test';
import picomatch from 'picomatch';
import { fc } from '../../../support/generated/cases.js';
import { compileGlob, globOf } from '../../../../server/definition/text/glob.js';

test('what globs match', () => {
  const check = (glob: string, yes: readonly string[], no: readonly string[]) => {
    const { matches } = globOf(glob);
    for (const path of yes) assert.ok(matches(path), `${glob} matches ${path}`);
    for (const path of no) assert.ok(!matches(path), `${glob} does not match ${path}`);
  };
  check('*.csv', ['a.csv', '.csv', '.hidden.csv'], ['a.csvx', 'a/b.csv', 'a.CSV']);
  check('./raw/*.csv', ['raw/a.csv'], ['a.csv']);
  check('raw/**', ['raw/a', 'raw/a/b', 'raw'], ['rawest/a', 'a/raw']);
  check('**/*.py', ['a.py', 'a/b/c.py'], ['a.pyc']);
  check('src/**/test/*.py', ['src/test/a.py', 'src/a/b/test/c.py'], ['src/a.py', 'src/test/a/b.py']);
  check('a**b', ['ab', 'axxb'], ['a/b']);
  check('?.txt', ['a.txt', 'é.txt', '💥.txt'], ['ab.txt', '.txt']);
  check('[a-c]x', ['ax', 'cx'], ['dx', '[a-c]x']);
  check('[!a-c]x', ['dx'], ['ax', 'x']);
  check('[]a]', [']', 'a'], ['b']);
  check('[a', ['[a'], ['a']);
  check('{a,b/c}.txt', ['a.txt', 'b/c.txt'], ['b.txt']);
  check('{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'd']);
  check('day-{08..11}', ['day-08', 'day-11'], ['day-8', 'day-12']);
  check('{c..a}', ['a', 'b', 'c'], ['d']);
  check('{a}', ['{a}'], ['a']);
  check('a{b', ['a{b'], ['ab']);
  check('\\*.txt', ['*.txt'], ['a.txt']);
  check('\\{a,b}', ['{a,b}'], ['a']);
  check('data (1)/*.csv', ['data (1)/a.csv'], []);
});

test('where a glob looks', () => {
  const check = (glob: string, base: string, inside: readonly string[], outside: readonly string[]) => {
    const compiled = globOf(glob);
    assert.equal(compiled.base, base, glob);
    for (const folder of inside) assert.ok(compiled.mayMatchIn(folder), `${glob} in ${folder}`);
    for (const folder of outside) assert.ok(!compiled.mayMatchIn(folder), `${glob} not in ${folder}`);
  };
  check('*.csv', '', ['.', ''], ['raw']);
  check('data/raw/*.csv', 'data/raw', ['data', 'data/raw'], ['data/raw/x', 'other']);
  check('data/**/*.csv', 'data', ['data/a/b'], ['other']);
  check('data/{a,b}/*', 'data', ['data/a'], ['data/c']);
});

test('globs that are refused say why', () => {
  const check = (glob: string, message: RegExp) => {
    const compiled = compileGlob(glob);
    assert.ok(!compiled.ok, glob);
    assert.match(compiled.message, message);
  };
  check('a'.repeat(1001), /^The glob "a{60}…" is longer than 1000 characters\./);
  check('!*.csv', /begins with "!"/);
  check('@(a|b).csv', /Write alternatives as "\{a,b\}"/);
  check('*(a|b)', /a group/);
  check('{a,b}'.repeat(30), /more than 256 alternatives/);
  check('{1..100000000}', /more than 256 alternatives/);
  assert.equal(globOf('!*.csv').matches('a.csv'), false);
});

test('the basics mean what they mean to picomatch', () => {
  const piece = fc.constantFrom('a', 'b', '.', '*', '?', '[ab]', '[^a]', '{a,b}', '{a,bb}', 'ab');
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.constant('**') },
  );
  const glob = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
  const path = fc
    .array(
      fc
        .array(fc.constantFrom('a', 'b', '.', 'c'), { minLength: 1, maxLength: 4 })
        .map((part) => part.join('')),
      { minLength: 1, maxLength: 4 },
    )
    .map((names) => names.join('/'));
  fc.assert(
    fc.property(glob, path, (pattern, text) => {
      fc.pre(!/(^|\/)\.{1,2}(\/|$)/.test(text) && !/(^|\/)\.{1,2}(\/|$)/.test(pattern));
      // For `*.*` it asks for one character at the end.
      fc.pre(!/\.(\/|$)/.test(text));
      // picomatch lets `a/**` be `a` itself, and `*/**` not be.
      fc.pre(!pattern.endsWith('/**'));
      // `**` beside other characters crosses folders there only before braces.
      fc.pre(!/[^/]\*\*|\*\*[^/]|\*\*\/\*\*/.test(pattern));
      assert.equal(
        globOf(pattern).matches(text),
        picomatch.isMatch(text, pattern, { dot: true }),
        `${pattern} ${text}`,
      );
    }),
    { numRuns: 5000 },
  );
});

test('no glob is slow', () => {
  const hostile = [
    [`${'*a'.repeat(400)}b`, 'a'.repeat(250)],
    [`${'**/a/'.repeat(150)}b`, `${'a/'.repeat(150)}c`],
    [`${'*/'.repeat(300)}b`, 'a/'.repeat(299)],
    [`${'?*'.repeat(400)}b`, 'a'.repeat(250)],
    [`{${'*a,'.repeat(200)}b}`, 'a'.repeat(250)],
    ['{'.repeat(900), 'a'],
    ['{a,'.repeat(250), 'a'],
    ['['.repeat(900), 'a'],
    [`${'{a,b}'.repeat(8)}${'{'.repeat(900)}`, 'a'],
    [`${'{a,b}'.repeat(8)}${'['.repeat(900)}`, 'a'],
    [`${'{a,b}'.repeat(8)}${'*a'.repeat(450)}b`, `aaaaaaaa${'a'.repeat(240)}`],
  ] as const;
  const started = process.cpuUsage();
  for (const [glob, path] of hostile) for (let at = 0; at < 20; at++) globOf(glob).matches(path);
  const { user, system } = process.cpuUsage(started);
  assert.ok((user + system) / 1000 < 2000, `${(user + system) / 1000} ms`);
});
