import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../support/generated/cases.js';
import {
  bareExpression,
  parseExpression,
  printExpression,
  tokensOf,
} from '../../../server/syntax/expressions/expression.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { nodePathAt, toPlain, visit } from '../../../server/syntax/text.js';
import { anyEdit, applyEdit, chain, SAMPLES, yamlish } from './samples.js';

/** Generous: a machine that does other things too must not fail it, a hang must. */
const LIMIT_MS = 2_000;

function survives(text: string): void {
  const started = performance.now();
  const tree = parseYaml(text);
  visit(tree.root, (node) => {
    assert.ok(0 <= node.span.start && node.span.start <= node.span.end && node.span.end <= text.length);
    if (node.kind !== 'scalar') return;
    bareExpression(node, text);
    for (const part of node.template?.parts ?? []) {
      if (part.kind !== 'expression') continue;
      for (const { span } of tokensOf(part)) {
        assert.ok(node.span.start <= span.start && span.start <= span.end && span.end <= node.span.end);
      }
    }
  });
  for (const problem of tree.problems) {
    assert.ok(
      0 <= problem.span.start && problem.span.start <= problem.span.end && problem.span.end <= text.length,
    );
    assert.notEqual(problem.message, '');
  }
  toPlain(tree.root);
  nodePathAt(tree, text.length >> 1);
  const took = performance.now() - started;
  assert.ok(took < LIMIT_MS, `${took} ms for ${JSON.stringify(text.slice(0, 200))}`);
}

test('any text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), survives), { numRuns: 2_000 });
});

test('YAML-like text', () => {
  fc.assert(fc.property(yamlish, survives), { numRuns: 4_000 });
});

test('mutated files', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES),
      fc.array(anyEdit, { minLength: 1, maxLength: 5 }),
      (text, edits) => {
        survives(edits.reduce(applyEdit, text));
      },
    ),
    { numRuns: 3_000 },
  );
});

test('files that end anywhere', () => {
  for (const text of SAMPLES) for (let end = 0; end < text.length; end += 3) survives(text.slice(0, end));
});

test('any expression', () => {
  const words = [
    'a',
    '.',
    '[',
    ']',
    '(',
    ')',
    '!',
    '==',
    '&&',
    '||',
    "'",
    "'x'",
    '1',
    '-',
    '*',
    '@',
    ',',
    ' ',
    '"',
    '0x',
    'true',
  ];
  const source = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...words)).map((list) => list.join('')),
  );
  fc.assert(
    fc.property(source, (text) => {
      const { expression } = parseExpression(text, 0);
      printExpression(expression);
    }),
    { numRuns: 3_000 },
  );
});

test('nesting without end', () => {
  const deep = Array.from({ length: 2_000 }, (_, index) => `${' '.repeat(index)}a:`).join('\n');
  for (const text of [
    '['.repeat(100_000),
    '{a: '.repeat(50_000),
    '- '.repeat(50_000),
    '? '.repeat(50_000),
    'a: '.repeat(50_000),
    deep,
    `a: "\${{ ${'('.repeat(50_000)} }}"`,
  ]) {
    const tree = parseYaml(text);
    assert.equal(tree.problems.length, 1, text.slice(0, 20));
    assert.match(tree.problems[0]?.message ?? '', /levels/);
  }
});

test('aliases of aliases of aliases', () => {
  const lists = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  const merges = ['b0: &b0 {k: v}'];
  for (let index = 1; index < 12; index++) {
    lists.push(
      `a${index}: &a${index} [${Array<string>(9)
        .fill(`*a${index - 1}`)
        .join(', ')}]`,
    );
    merges.push(
      `b${index}: &b${index} { <<: [${Array<string>(9)
        .fill(`*b${index - 1}`)
        .join(', ')}], k${index}: *b${index - 1} }`,
    );
  }
  for (const lines of [lists, merges]) {
    const tree = parseYaml(lines.join('\n'));
    assert.equal(tree.problems.length, 1);
    assert.match(tree.problems[0]?.message ?? '', /aliases of this file/);
    let nodes = 0;
    visit(tree.root, () => nodes++);
    assert.ok(nodes < 500_000);
    toPlain(tree.root);
  }
});

test('files of megabytes', () => {
  const line = '    echo ${{ params.a }} and some more text to fill the line\n';
  const block = (size: number): string =>
    `tasks:\n  a:\n   run: |\n${line.repeat(Math.ceil(size / line.length))}`;
  for (const text of [
    block(2e6),
    chain(6_000),
    `a: "${'x'.repeat(4e6)}"`,
    'x'.repeat(4e6),
    '\n'.repeat(190_000),
  ]) {
    const started = performance.now();
    const tree = parseYaml(text);
    assert.deepEqual(tree.problems, []);
    assert.ok(performance.now() - started < 30_000);
  }
  for (const text of [block(5e6), '\n'.repeat(5e6), 'x'.repeat(5e6)]) {
    const tree = parseYaml(text);
    assert.match(tree.problems[0]?.message ?? '', /not read/);
    assert.ok((tree.problems[0]?.span.end ?? 0) <= 100);
  }
});
