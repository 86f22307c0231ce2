import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../support/generated/cases.js';
import { runThrough } from '../../../server/base/runs/steps.js';
import { composing } from '../../../server/syntax/compose.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { templateOf } from '../../../server/syntax/expressions/template.js';
import { lineStartsOf } from '../../../server/syntax/text.js';
import type { SyntaxTree } from '../../../server/syntax/tree.js';
import { anyEdit, applyEdit, chain, SAMPLES, yamlish } from './samples.js';

function same(actual: SyntaxTree, expected: SyntaxTree): void {
  assert.deepEqual(actual, expected);
}

/** The file read in one piece, which is what cutting it must not change as long as it is right. */
function checkAgainstWhole(text: string): void {
  const tree = parseYaml(text);
  const whole = runThrough(composing(text, templateOf));
  assert.deepEqual(tree.lineStarts, lineStartsOf(text));
  if (whole.problems.some((problem) => problem.code === 'yaml')) {
    assert.ok(
      tree.problems.some((problem) => problem.code === 'yaml'),
      `a mistake went unseen in ${JSON.stringify(text)}`,
    );
    return;
  }
  assert.deepEqual(
    { root: tree.root, comments: tree.comments, problems: new Set(tree.problems) },
    { root: whole.root, comments: whole.comments, problems: new Set(whole.problems) },
    JSON.stringify(text),
  );
}

test('pieces give what the whole file gives', () => {
  for (const text of [...SAMPLES, chain(20)]) checkAgainstWhole(text);
});

test('pieces give what the whole file gives while a name is being typed', () => {
  const texts = [
    'name: x\ntasks:\n  a:\n    run: x\n  b:\n    run: y\nenv\n',
    'na # c\nname: x\n',
    'name: x\nna # c\nkind: y',
    'tasks:\n  a: [1,\n    2]\n  b: {\n  }\n  c:\n  - 1\n  - 2\nneeds:\n- x\n- y\nz: 1\n',
    'a: *x\nb:\n  c: 1\n  d: 2\n',
    'a: &x 1\nb:\n  c: 1\n  d: *x\n',
    'a: 1\n? b\n: c\n',
  ];
  for (const text of texts) {
    const tree = parseYaml(text);
    const whole = runThrough(composing(text, templateOf));
    assert.deepEqual(
      { root: tree.root, comments: tree.comments, problems: tree.problems },
      { root: whole.root, comments: whole.comments, problems: whole.problems },
      text,
    );
  }
});

test('pieces give what the whole file gives, after random edits (property)', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES),
      fc.array(anyEdit, { minLength: 1, maxLength: 3 }),
      (text, edits) => {
        checkAgainstWhole(edits.reduce(applyEdit, text));
      },
    ),
    { numRuns: 1_500, interruptAfterTimeLimit: 20_000 },
  );
});

test('pieces give what the whole file gives, for YAML-like text (property)', () => {
  fc.assert(fc.property(yamlish, checkAgainstWhole), { numRuns: 2_000, interruptAfterTimeLimit: 20_000 });
});

test('a version read after another equals the same version read alone (property)', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES, chain(12)),
      fc.array(anyEdit, { minLength: 1, maxLength: 6 }),
      (start, edits) => {
        let text = start;
        let tree = parseYaml(text);
        const before = JSON.stringify(tree);
        const first = tree;
        for (const edit of edits) {
          text = applyEdit(text, edit);
          tree = parseYaml(text, tree);
          same(tree, parseYaml(text));
        }
        assert.equal(JSON.stringify(first), before, 'an earlier tree was changed');
      },
    ),
    { numRuns: 800, interruptAfterTimeLimit: 20_000 },
  );
});

test('an edit in one task keeps the trees of the tasks before it', () => {
  const text = chain(50);
  const tree = parseYaml(text);
  const next = parseYaml(text.replace('Step 30 ', 'Step thirty '), tree);
  const tasks = (of: SyntaxTree) => {
    const entry =
      of.root?.kind === 'map' ? of.root.entries.find(({ key }) => key.text === 'tasks') : undefined;
    return entry?.value?.kind === 'map' ? entry.value.entries : [];
  };
  assert.equal(tasks(next)[29], tasks(tree)[29]);
  assert.notEqual(tasks(next)[30], tasks(tree)[30]);
  assert.equal(tasks(next).length, 50);
});

test('the same text gives the same tree', () => {
  const tree = parseYaml('a: 1\n');
  assert.equal(parseYaml('a: 1\n', tree), tree);
});

test('what was read with other expressions is not taken over', () => {
  const text = 'a: ${{ x }}\nb: 1\n';
  const ours = parseYaml(text);
  const plain = parseYaml(text, ours, () => undefined);
  const first = (tree: SyntaxTree) =>
    tree.root?.kind === 'map' && tree.root.entries[0]?.value?.kind === 'scalar'
      ? tree.root.entries[0].value.template
      : undefined;
  assert.ok(first(ours) !== undefined);
  assert.equal(first(plain), undefined);
  assert.equal(first(parseYaml(`${text}c: 2\n`, ours, () => undefined)), undefined);
  assert.ok(first(parseYaml(`${text}c: 2\n`, plain)) !== undefined);
  assert.equal(parseYaml(text, ours), ours);
});
