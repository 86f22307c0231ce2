import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../support/generated/cases.js';
import { tokensOf } from '../../../server/syntax/expressions/expression.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { visit } from '../../../server/syntax/text.js';
import type { ExpressionPart, SyntaxTree } from '../../../server/syntax/tree.js';

function parts(tree: SyntaxTree): ExpressionPart[] {
  const found: ExpressionPart[] = [];
  visit(tree.root, (node) => {
    if (node.kind !== 'scalar') return;
    for (const part of node.template?.parts ?? []) if (part.kind === 'expression') found.push(part);
  });
  return found;
}

/** The file's text under each token, and under each whole `${{ }}`. */
function check(text: string, tokens: readonly string[], wholes?: readonly string[]): void {
  const tree = parseYaml(text);
  const found = parts(tree);
  const under = found.flatMap((part) => tokensOf(part).map(({ span }) => text.slice(span.start, span.end)));
  assert.deepEqual(under, tokens, text);
  if (wholes !== undefined) {
    assert.deepEqual(
      found.map(({ span }) => text.slice(span.start, span.end)),
      wholes,
      text,
    );
  }
}

test('plain', () => {
  check('a: x ${{ params.b }} y', ['params', 'b'], ['${{ params.b }}']);
  check('a: ${{params.b}}${{ c.d }}', ['params', 'b', 'c', 'd'], ['${{params.b}}', '${{ c.d }}']);
  check('a: one\n  two ${{ params.b }}\n\n  three ${{ c.d }}', ['params', 'b', 'c', 'd']);
  check('a: one ${{ params.b ==\n  c.d }} x', ['params', 'b', 'c', 'd'], ['${{ params.b ==\n  c.d }}']);
});

test('single-quoted', () => {
  check("a: 'x ${{ params.b }}'", ['params', 'b']);
  check("a: 'it''s ${{ params.b == ''x'' }} y ${{ c.d }}'", ['params', 'b', "''x''", 'c', 'd']);
  check("a: 'one\n\n  it''s ${{ params.b\n  }}'", ['params', 'b'], ['${{ params.b\n  }}']);
});

test('double-quoted', () => {
  check('a: "x ${{ params.b }}"', ['params', 'b']);
  check('a: "\\t\\x41\\u00e9\\U0001F600 ${{ params.b == \'\\u0041\' }}"', ['params', 'b', "'\\u0041'"]);
  check('a: "one \\\n   two ${{ params.b }}"', ['params', 'b']);
  check('a: "one\n\n   two ${{ params.b }} \\" ${{ c.d }}"', ['params', 'b', 'c', 'd']);
  check('a: "\\/\\\\\\e\\0 ${{ params.b }}"', ['params', 'b']);
});

test('literal', () => {
  check('a: |\n  x\n    ${{ params.b }}\n\n  ${{ c.d }}\n', ['params', 'b', 'c', 'd']);
  check(
    'a:\n  b: |-\n      x ${{ params.b\n        == c.d }}',
    ['params', 'b', 'c', 'd'],
    ['${{ params.b\n        == c.d }}'],
  );
  check('a: |2\n    x ${{ params.b }}\n  y ${{ c.d }}\n', ['params', 'b', 'c', 'd']);
  check('a: |+ # comment\n\n\n  ${{ params.b }}\n\n\n', ['params', 'b']);
  check('a: |\r\n  x\r\n  ${{ params.b }}\r\n', ['params', 'b']);
});

test('folded', () => {
  check('a: >\n  x\n  ${{ params.b }}\n\n\n  ${{ c.d }}\n', ['params', 'b', 'c', 'd']);
  check('a: >-\n  x\n\n    more ${{ params.b }}\n    more\n\n  ${{ c.d }}\n', ['params', 'b', 'c', 'd']);
  check('a: >\n\n  x ${{ params.b\n  == c.d }}\n', ['params', 'b', 'c', 'd']);
  check('a: >2\n    x\n  ${{ params.b }}\n', ['params', 'b']);
});

test('where an expression ends', () => {
  check("a: ${{ f('}}') }} x", ['f', "'}}'"], ["${{ f('}}') }}"]);
  check("a: ${{ x.y == 'open }} z", ['x', 'y', "'open"], ["${{ x.y == 'open }}"]);
  const unclosed = parseYaml('a: x ${{ params.b\nc: 1\n');
  assert.deepEqual(
    unclosed.problems.map(({ span, message }) => [unclosed.text.slice(span.start, span.end), message]),
    [['${{', '`${{` is never closed: `}}` is missing.']],
  );
  assert.deepEqual(
    parts(unclosed).map((part) => part.source),
    [' params.b'],
  );
  const block = parseYaml('a: |\n  x ${{ params.b\n  echo ${{ c.d }}\n');
  assert.deepEqual(
    parts(block).map((part) => part.source),
    [' params.b', ' c.d '],
  );
});

test('problems point at the wrong token, whatever the quoting', () => {
  const at = (text: string): string[] => {
    const tree = parseYaml(text);
    return tree.problems.map(({ span }) => text.slice(span.start, span.end));
  };
  assert.deepEqual(at('a: x ${{ b + c }}'), ['+']);
  assert.deepEqual(at("a: 'it''s ${{ b == ''c'' + 1 }}'"), ['+']);
  assert.deepEqual(at('a: "\\u00e9 ${{ b & c }}"'), ['&']);
  assert.deepEqual(at('a: |\n  one\n    two ${{ b.c. }}\n'), ['.']);
  assert.deepEqual(at('a: >\n  one\n  two ${{ b.c == }}\n'), ['==']);
});

test('names are found under their spans in any quoting (property)', () => {
  const word = fc.constantFrom('alpha', 'beta', "it's", 'é', '😀', 'x y', '\\', '"', '#1', '- z', '');
  const texts = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
  const styles = fc.constantFrom('single', 'double', 'literal', 'folded');
  fc.assert(
    fc.property(texts, texts, styles, fc.nat(3), (before, after, style, extra) => {
      const value = `${before} \${{ params.first == tasks.second.outputs['third'] }} ${after}`;
      const pad = ' '.repeat(4 + extra);
      const written = {
        single: `'${value.replaceAll("'", "''")}'`,
        double: JSON.stringify(value),
        literal: `|\n${pad}start\n${pad}${value}`,
        folded: `>-\n${pad}start\n${pad}${value}`,
      }[style];
      const text = `root:\n  key: ${written}\n`;
      const tree = parseYaml(text);
      assert.deepEqual(tree.problems, [], text);
      const under = parts(tree).flatMap((part) =>
        tokensOf(part).map(({ span }) => text.slice(span.start, span.end)),
      );
      const third = style === 'single' ? "''third''" : "'third'";
      assert.deepEqual(under, ['params', 'first', 'tasks', 'second', 'outputs', third], text);
    }),
    { numRuns: 500 },
  );
});
