/** Which edits of Python source change what it is. CPython says so. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { codeForm } from '../../../server/python/code.js';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { astOf, laidOutAnew } from '../../support/python-ast.js';

const formOf = (source: string): string | undefined => codeForm(Buffer.from(source));

/** Each is the same code twice; CPython agrees. */
const SAME: readonly (readonly [string, string])[] = [
  ['x = 1', '# of a comment\nx = 1  # and another\n\n\n'],
  ['def f():\n    """Says it."""\n    return 1', 'def f():\n  "Says it otherwise."\n  return 1'],
  ['def f():\n    """Says it."""', 'def f(): ("in" "two")'],
  ['"""Module."""\nimport os', 'import os'],
  ['class A:\n    "doc"; x = 1', 'class A:\n\tx = 1'],
  ['if a:\n    b()\n    c()', 'if a: b(); c()'],
  ["x = 'it\\'s'", 'x = "it\'s"'],
  ["x = r'\\d'", 'x = "\\\\d"'],
  ["x = B'a' if y else Rb'b'", 'x = b"a" if y else rb"b"'],
  ['f(a, b)', 'f(\n    a,\n    b,  # last\n)'],
  ['x = (a and b)', 'x = a and b'],
  ['x = a + \\\n    b', 'x = a + b'],
  ['x = ((a, b))', 'x = (a, b,)'],
  ['from a import b, c', 'from a import (\n    b,\n    c,\n)'],
  ['x = 0XFF + 1_000 + 1E5', 'x = 0xff + 1000 + 1e5'],
  ["x = f'{a} b'", 'x = f"{a} b"'],
  ['return_ = [1, 2]', 'return_ = [\n    1,\n    2,\n]'],
  ['def f():\n    yield', 'def f():\n    yield  # nothing'],
  ['x = 1\r\ny = 2\r\n', 'x = 1\ny = 2\n'],
];

/** Each is other code the second time; CPython agrees, or refuses it. */
const OTHER: readonly (readonly [string, string])[] = [
  ['x = 1', 'x = 2'],
  ['x = (1,)', 'x = (1)'],
  ['x[1,]', 'x[1]'],
  ['x: int = 1', '(x): int = 1'],
  ['a < b < c', '(a < b) < c'],
  ['a and b and c', '(a and b) and c'],
  ['a - b - c', 'a - (b - c)'],
  ['def f(a, /, b): pass', 'def f(a, b): pass'],
  ["x = '\\1' '2'", "x = '\\12'"],
  ["x = '\\1\\\n2'", "x = '\\12'"],
  ["x = 'a'", "x = b'a'"],
  ["x = 'a'", "x = u'a'"],
  ["x = f'{a!r}'", "x = f'{a!s}'"],
  ["x = f'{a=}'", "x = f'{a =}'"],
  ["x = '{a}'", "x = f'{a}'"],
  ['if a:\n    b()\nc()', 'if a:\n    b()\n    c()'],
  ['def f():\n    "doc"', 'def f():\n    pass'],
  ['def f():\n    "doc"\n    "no doc"', 'def f():\n    "doc"\n    "not one"'],
  ['x = 1\n"after it"', 'x = 1\n"no docstring"'],
  ['"a", "b"', '"a", "c"'],
  ['def f():\n    b"a"', 'def f():\n    b"b"'],
  ['def f():\n    f"a"', 'def f():\n    f"b"'],
  ['if True:\n    "a"', 'if True:\n    "b"'],
  ['x = [*a, b]', 'x = [a, b]'],
  ['import a.b', 'import a, b'],
  ['from . import a', 'from .. import a'],
  ['if a:\n    b()\n', 'if a:\n    b()\n  \tc()\n'],
];

test('comments, docstrings and layout make no difference, and CPython says the same', () => {
  const asts = astOf(SAME.flat());
  for (const [index, [before, after]] of SAME.entries()) {
    assert.notEqual(formOf(before), undefined, before);
    assert.equal(formOf(after), formOf(before), after);
    assert.equal(asts[2 * index], asts[2 * index + 1], after);
  }
});

test('what CPython reads otherwise is other code', () => {
  const asts = astOf(OTHER.flat());
  for (const [index, [before, after]] of OTHER.entries()) {
    assert.notEqual(formOf(before), undefined, before);
    assert.notEqual(formOf(after), formOf(before), after);
    assert.notEqual(asts[2 * index], asts[2 * index + 1], after);
  }
});

test('what can’t be parsed has no form', () => {
  for (const source of [
    'x = (',
    'print x',
    'def',
    '# coding: latin-1\nx = 1',
    'x = 1\0',
    ' \tx = 1\n\ty = 2\n',
  ]) {
    assert.equal(formOf(source), undefined, source);
  }
  assert.equal(codeForm(Buffer.from([0x78, 0x3d, 0x27, 0xff, 0x27])), undefined);
});

/** The standard library of the Python that is there, shorter files first. */
function standardLibrary(most: number): { file: string; source: string }[] {
  const asked = spawnSync('python3', ['-c', 'import os; print(os.path.dirname(os.__file__))'], {
    encoding: 'utf8',
  });
  const root = asked.stdout.trim();
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        file.endsWith('.py') && !/(?:^|\/)(?:site-packages|dist-packages|test|tests|lib2to3)\//.test(file),
    )
    .map((file) => ({ file, bytes: statSync(path.join(root, file)).size }))
    .sort((a, b) => a.bytes - b.bytes || (a.file < b.file ? -1 : 1))
    .slice(0, most)
    .map(({ file }) => ({ file, source: readFileSync(path.join(root, file), 'utf8') }));
}

test('files of the standard library are the same code exactly where CPython says so', () => {
  const files = standardLibrary(cases(350, 10_000));
  const anew = laidOutAnew(files.map(({ source }) => source));
  const all = files.flatMap(({ file, source }, index) => {
    const other = anew[index] ?? null;
    return [{ file, source }, ...(other === null ? [] : [{ file: `${file}, laid out anew`, source: other }])];
  });
  const asts = astOf(all.map(({ source }) => source));
  const byForm = new Map<string, string | null>();
  const byAst = new Map<string, string>();
  let parsed = 0;
  for (const [index, { file, source }] of all.entries()) {
    const form = formOf(source);
    const ast = asts[index] ?? null;
    if (form === undefined || ast === null) continue;
    parsed++;
    assert.equal(byForm.get(form) ?? ast, ast, `${file} is other code than what it is taken for`);
    assert.equal(byAst.get(ast) ?? form, form, `${file} is taken for other code`);
    byForm.set(form, ast);
    byAst.set(ast, form);
  }
  assert.ok(parsed > 0.95 * all.length, `${String(parsed)} of ${String(all.length)} were parsed`);
});

/** What an edit may put in, or take away: enough of the grammar that what comes of it is often code. */
const PIECES = [
  ' ',
  '\n',
  '  ',
  '\t',
  '\\\n',
  '# c\n',
  ',',
  '(',
  ')',
  '()',
  ';',
  ':',
  '"',
  "'",
  'r',
  'f',
  'b',
  '0',
  '_',
  '*',
  'not ',
  'pass',
  'yield ',
  'await ',
  'lambda: ',
  '.',
  '=',
  '-',
  '"""doc"""\n',
];

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  long: fc.nat(3),
  piece: fc.constantFrom('', ...PIECES),
  wrap: fc.boolean(),
});

test(`edits that make other code change the form (seed ${String(SEED)})`, () => {
  const files = standardLibrary(200).filter(
    ({ source }) => source.length > 300 && formOf(source) !== undefined,
  );
  const sampled = fc.sample(
    fc.tuple(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 2 })),
    {
      numRuns: cases(600, 40_000),
      seed: SEED,
    },
  );
  const edited = sampled.map(([{ source }, edits]) => edits.reduce(applied, source));
  const before = astOf(sampled.map(([{ source }]) => source));
  const after = astOf(edited);
  let equal = 0;
  for (const [index, text] of edited.entries()) {
    const [original] = sampled[index] ?? [];
    const form = formOf(text);
    if (original === undefined || form === undefined || form !== formOf(original.source)) continue;
    equal++;
    assert.equal(
      after[index],
      before[index],
      `${original.file} edited:\n${difference(original.source, text)}`,
    );
  }
  assert.ok(equal > 0, 'no edit left the form as it was');
});

/** One piece is put in the place of a few characters, or around the word that stands there. */
function applied(
  source: string,
  { at, long, piece, wrap }: typeof edit extends fc.Arbitrary<infer T> ? T : never,
): string {
  const start = Math.floor(at * source.length);
  if (wrap) {
    const word = /^[\w.]*/.exec(source.slice(start))?.[0] ?? '';
    return `${source.slice(0, start)}(${word})${source.slice(start + word.length)}`;
  }
  return source.slice(0, start) + piece + source.slice(start + long);
}

function difference(before: string, after: string): string {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  const first = old.findIndex((line, index) => line !== fresh[index]);
  return `- ${old.slice(first, first + 3).join('\n- ')}\n+ ${fresh.slice(first, first + 3).join('\n+ ')}`;
}
