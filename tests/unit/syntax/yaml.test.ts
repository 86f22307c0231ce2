import assert from 'node:assert/strict';
import test from 'node:test';
import { parseYaml } from '../../../server/syntax/parse.js';
import {
  entryOf,
  nodePathAt,
  offsetAt,
  positionAt,
  toPlain,
  visit,
  escapeKey,
} from '../../../server/syntax/text.js';
import { show, showProblems, source } from './print.js';

function check(text: string, expected: string, problems: readonly string[] = []): void {
  const tree = parseYaml(text);
  assert.equal(show(tree.root), expected, text);
  assert.deepEqual(showProblems(tree), problems, text);
}

test('values are those of the YAML 1.2 core schema', () => {
  check('', '∅');
  check('# only a comment\n', '∅');
  check('a: 1', '{a: 1}');
  check('a: 0x1F\nb: 1e3\nc: 0o17\nd: -.5', '{a: 31, b: 1000, c: 15, d: -0.5}');
  check('a: yes\nb: on\nc: true\nd: ~\ne: null\nf:', '{a: "yes", b: "on", c: true, d: null, e: null, f: ∅}');
  check("a: 'it''s'\nb: \"tab\\t\\u00e9\"", '{a: "it\'s", b: "tab\\té"}');
  check('a: |\n  one\n   two\n\nb: >\n  one\n  two\n', '{a: "one\\n two\\n", b: "one two\\n"}');
  check('a: |-\n  x\nb: |+\n  y\n\n', '{a: "x", b: "y\\n\\n"}');
  check('a:\n- 1\n-\n- - x\n', '{a: [1, ∅, ["x"]]}');
  check('[a, {b: c}, d: e]', '["a", {b: "c"}, {d: "e"}]');
  check('? a\n: b\n', '{a: "b"}');
  check('---\na: 1\n', '{a: 1}');
  check('\uFEFFa: 1\n', '{a: 1}');
  check('a: !!str 5', '{a: "5"}');
  check('plain', '"plain"');
  check('__proto__: 1\nconstructor: 2', '{__proto__: 1, constructor: 2}');
});

test('aliases and merge keys', () => {
  check('a: &x {b: 1, c: 2}\nd: *x', '{a: {b: 1, c: 2}, d: {b: 1, c: 2}}');
  check('a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3', '{a: {b: 1, c: 2}, d: {c: 3, b: 1}}');
  check(
    'a: &x {b: 1}\ne: &y {b: 2, f: 3}\nd: {<<: [*x, *y]}',
    '{a: {b: 1}, e: {b: 2, f: 3}, d: {b: 1, f: 3}}',
  );
  check('a: *.csv', '{a: ∅}', [
    '«*.csv» `*` at the beginning means an alias, and no `&.csv` comes before it. If it is a text, put it in quotes.',
  ]);
  check('a: &x [*x]', '{a: [∅]}', [
    '«*x» `*` at the beginning means an alias, and no `&x` comes before it. If it is a text, put it in quotes.',
  ]);
  for (const text of ['{ <<: *no }', '{ <<: [*no] }'])
    assert.deepEqual(
      parseYaml(text).problems.map(({ message }) => message.slice(0, 32)),
      ['`*` at the beginning means an al'],
    );
  check('<<: 3', '{}', ['«<<» `<<` takes a map, or a list of maps, most often as an alias: `<<: *name`.']);
});

test('mistakes are named in words and with a short span', () => {
  check('a: 1\na: 2', '{a: 1, a: 2}', ['«a» Duplicate key `a`.']);
  check('tasks:\n  a: 1\n  b: 2\n  a: 3', '{tasks: {a: 1, b: 2, a: 3}}', ['«a» Duplicate key `a`.']);
  check('m: {a: 1, a: 2}', '{m: {a: 1, a: 2}}', ['«a» Duplicate key `a`.']);
  check('a: 1\nb', '{a: 1, b: ∅}', ['«b» A key needs a `:` after it.']);
  check('a: [1, 2\nb: 3', '{a: [1, 2], b: 3}', [
    '«[1, 2» A closing `]` is missing, or is not indented enough.',
  ]);
  check('a: {x: 1\nb: 3', '{a: {x: 1}, b: 3}', [
    '«{x: 1» A closing `}` is missing, or is not indented enough.',
  ]);
  check('a: "x\nb: 3', '{a: "x", b: 3}', ['«"x» A closing `"` is missing.']);
  check("a: 'x\nb: 3", '{a: "x", b: 3}', ["«'x» A closing `'` is missing."]);
  check('a: 1\n---\nb: 2\n', '{a: 1}', [
    '«---» A second YAML document starts here. One file holds one definition: move it to a file of its own.',
  ]);
  check('a:\n\tb: 1\n', '{a: ∅, b: 1}', ['«\t» YAML is indented with spaces, not with tabs.']);
  check('a: @x', '{a: "@x"}', ['«@» A value can not start with reserved character @: put it in quotes.']);
  check('a: !foo x', '{a: "x"}', [
    '«!foo» The tag `!foo` means nothing here: remove it, or put the value in quotes.',
  ]);
  check('a: "\\q"', '{a: "\\\\q"}', [
    '«\\q» `\\q` is not an escape that a double-quoted text knows: write `\\\\` for a backslash, or use single quotes.',
  ]);
  check('[a, b]: c', '{}', ['«[a, b]» A key has to be a word, not a list or a map.']);
  check(': c', '{}', ['«:» A key is missing before the `:`.']);
});

test('an unquoted expression in brackets is explained once', () => {
  const tree = parseYaml('inputs: [${{ params.x }}, b]\n');
  assert.ok(tree.problems.length >= 1);
  assert.equal(tree.problems[0]?.message, 'Inside `[ ]` and `{ }` a text with `${{ }}` has to be in quotes.');
  assert.equal(tree.problems.filter((problem) => problem.message.includes('has to be in quotes')).length, 1);
});

test('one missing quote around expressions is one mistake, whatever else is on the line', () => {
  const mistakes = (text: string) => parseYaml(text).problems.map(({ span }) => span.start);
  for (const text of [
    't: { run: echo ${{ params.a }} --b ${{ params.b }} --c ${{ params.c }}, cache: false }\n',
    't: { env: { A: ${{ params.x }}, B: "${{ params.y }}" }, run: x }\n',
    'a: [${{ params.x }}, ${{ params.y }}]\n',
  ]) {
    assert.equal(mistakes(text).length, 1, text);
  }
  // Another line with one of its own says so.
  assert.equal(mistakes('a: [${{ params.x }}]\nb: [${{ params.y }}]\n').length, 2);
  // What is wrong before and below is still said.
  assert.ok(mistakes('a: [${{ params.x }}]\nb: [1\nc: 2\n').length >= 2);
});

test('a mistake in one task leaves the others alone', () => {
  check(
    'name: x\ntasks:\n  a:\n    run: "open\n  b:\n    run: ok\n  c:\n    run: [1\n  d:\n    run: ok\n',
    '{name: "x", tasks: {a: {run: "open"}, b: {run: "ok"}, c: {run: [1]}, d: {run: "ok"}}}',
    ['«"open» A closing `"` is missing.', '«[1» A closing `]` is missing, or is not indented enough.'],
  );
});

test('a key that is being typed does not swallow the next one', () => {
  check(
    'tasks:\n  a:\n    run: x\n  tra\n  b:\n    run: y\nen\nname: z\n',
    '{tasks: {a: {run: "x"}, tra: ∅, b: {run: "y"}}, en: ∅, name: "z"}',
    ['«tra» A key needs a `:` after it.', '«en» A key needs a `:` after it.'],
  );
});

test('spans cover the source', () => {
  const text = 'a:  one  # c\nb: |\n  x\n\nc:\n  - d\n  - {e: f}\n"g": \'h\'\n';
  const tree = parseYaml(text);
  const spans: string[] = [];
  visit(tree.root, (node) => spans.push(source(tree, node.span)));
  assert.deepEqual(spans, [
    text.trimEnd(),
    'a',
    'one',
    'b',
    '|\n  x',
    'c',
    '- d\n  - {e: f}',
    'd',
    '{e: f}',
    'e',
    'f',
    '"g"',
    "'h'",
  ]);
  assert.deepEqual(
    tree.root?.kind === 'map' ? tree.root.entries.map((entry) => source(tree, entry.span)) : [],
    ['a:  one', 'b: |\n  x', 'c:\n  - d\n  - {e: f}', '"g": \'h\''],
  );
  assert.deepEqual(
    tree.comments.map((comment) => source(tree, comment.span)),
    ['# c'],
  );
});

test('comments in and between the pieces of a file', () => {
  const tree = parseYaml(
    '# a\nname: x # b\ntasks: # c\n  # d\n  t: 1\n  # e\n  u: |\n    # text\n  # f\n# g',
  );
  assert.deepEqual(
    tree.comments.map((comment) => comment.text),
    ['# a', '# b', '# c', '# d', '# e', '# f', '# g'],
  );
  for (const comment of tree.comments) assert.equal(source(tree, comment.span), comment.text);
});

test('positions', () => {
  const text = 'ab\ncd\r\nef\rgh';
  const tree = parseYaml(text);
  assert.deepEqual(tree.lineStarts, [0, 3, 7, 10]);
  assert.deepEqual(positionAt(tree, 8), { line: 2, character: 1 });
  assert.deepEqual(positionAt(tree, 999), { line: 3, character: 2 });
  assert.equal(offsetAt(tree.lineStarts, { line: 2, character: 1 }), 8);
  assert.equal(offsetAt(tree.lineStarts, { line: 0, character: 99 }), 2);
});

test('the trail to an offset', () => {
  const at = (marked: string): string => {
    const offset = marked.indexOf('|');
    const tree = parseYaml(marked.replace('|', ''));
    return nodePathAt(tree, offset)
      .map((step) =>
        step.kind === 'entry' ? `${step.key}${step.where === 'key' ? '!' : ''}` : String(step.index),
      )
      .join('/');
  };
  assert.equal(at('na|me: x'), 'name!');
  assert.equal(at('name: x|'), 'name');
  assert.equal(at('name: |'), 'name');
  assert.equal(at('tasks:\n  a:\n    run: x|\n  b: 1'), 'tasks/a/run');
  assert.equal(at('tasks:\n  a:\n    inputs: [p, q|]\n'), 'tasks/a/inputs/1');
  assert.equal(at('tasks:\n  a:\n    inputs:\n    - p\n    - q: |r\n'), 'tasks/a/inputs/1/q');
});

test('plain values', () => {
  const tree = parseYaml('a: 1\nb: [x, ~]\na: 2\n__proto__: 3\nn: .inf');
  const plain = toPlain(tree.root) as Record<string, unknown>;
  assert.equal(JSON.stringify(plain), '{"a":2,"b":["x",null],"__proto__":3,"n":".inf"}');
  assert.equal(Object.getPrototypeOf(plain), Object.prototype);
  assert.equal(entryOf(tree.root, 'b')?.key.text, 'b');
  assert.equal(JSON.stringify(toPlain(tree.root, 2)), '{"a":null,"b":null,"__proto__":null,"n":null}');
});

test('escaped keys read back as they were', () => {
  const words = [
    'a',
    'a b',
    'true',
    '1',
    '1e3',
    '',
    ' a',
    'a: b',
    '- a',
    '#a',
    "it's",
    'a\nb',
    '*x',
    '~',
    'é',
    '@x',
    '.5',
    '-',
    '0x1',
    '{',
    'null',
    'a,b',
    '\u0007',
  ];
  for (const word of words) {
    const tree = parseYaml(`${escapeKey(word)}: ${escapeKey(word)}`);
    assert.equal(show(tree.root), `{${word}: ${JSON.stringify(word)}}`);
    assert.deepEqual(showProblems(tree), []);
    assert.equal(show(parseYaml(`[${escapeKey(word)}]`).root), `[${JSON.stringify(word)}]`);
  }
});
