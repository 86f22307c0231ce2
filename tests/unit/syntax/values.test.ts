/** Files of values: what they say, and where. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { jsonText } from '../../../server/base/json.js';
import { parseValues } from '../../../server/syntax/values.js';
import { toPlain } from '../../../server/syntax/text.js';
import type { SyntaxNode } from '../../../server/syntax/tree.js';
import { cases, fc } from '../../support/generated/cases.js';

/** Each key with the text that it and its value stand at. */
function places(node: SyntaxNode | null, text: string, prefix = ''): string[] {
  if (node?.kind !== 'map') return [];
  return node.entries.flatMap(({ key, value }) => [
    `${prefix}${key.text} | ${text.slice(key.span.start, key.span.end)} | ${value === null || value.kind === 'map' ? '' : text.slice(value.span.start, value.span.end)}`,
    ...places(value, text, `${prefix}${key.text}.`),
  ]);
}

const TOML = `# the usual
title = "a # b"
lr = 1_000.50 # fast
big = 12345678901234567890
day = 2024-05-01
"two words" = 'x'
list = [
  1, # one
  [2, "]"],
]
net = { depth = 3, 'act' = "relu" }
text = """
[not.a.table]
x = "y" \\"""
"""

[model]
name = 'cnn'
opt.eps = 1e-8
 [ model . "head" ]
 dim=+7

[[runs]]
seed = 1
[runs.more]
a = 1
[last]
on = true
nothing = inf
`;

test('TOML: values as they are written, keys and values where they stand', () => {
  const tree = parseValues(TOML, 'a.toml');
  assert.deepEqual(tree.problems, []);
  assert.equal(
    jsonText(toPlain(tree.root)),
    '{"title":"a # b","lr":1000.50,"big":12345678901234567890,"day":"2024-05-01","two words":"x","list":[1,[2,"]"]],' +
      '"net":{"depth":3,"act":"relu"},"text":"[not.a.table]\\nx = \\"y\\" \\"\\"\\"\\n",' +
      '"model":{"name":"cnn","opt":{"eps":1e-8},"head":{"dim":7}},"runs":[{"seed":1,"more":{"a":1}}],"last":{"on":true,"nothing":".inf"}}',
  );
  const found = places(tree.root, TOML);
  for (const place of [
    'title | title | "a # b"',
    'lr | lr | 1_000.50',
    'day | day | 2024-05-01',
    'two words | "two words" | \'x\'',
    'net.depth | depth | 3',
    'net.act | \'act\' | "relu"',
    'model | model | ',
    "model.name | name | 'cnn'",
    'model.opt | opt | ',
    'model.opt.eps | eps | 1e-8',
    'model.head | "head" | ',
    'model.head.dim | dim | +7',
    'last.on | on | true',
  ]) {
    assert.ok(found.includes(place), `${place}\n${found.join('\n')}`);
  }
});

test('what is wrong has a place', () => {
  const rows: readonly (readonly [path: string, text: string, line: number])[] = [
    ['a.toml', 'a = 1\nb = \n', 2],
    ['a.toml', 'a = 1\na = 2\n', 2],
    ['a.json', '{\n  "a": 1,\n  "b": }\n', 3],
    ['a.json', '{\n  "a": 1,\n  b: 2\n}\n', 3],
    ['a.json', '{\n  "a": [1,\n  2,]\n}\n', 3],
    ['a.json', '{\n  "a": 01\n}\n', 2],
    ['a.json', '{\n  "a": 1\n}\n}\n', 4],
    ['a.yaml', 'a: 1\nb: [\n', 2],
  ];
  for (const [path, text, line] of rows) {
    const [problem] = parseValues(text, path).problems;
    assert.ok(problem !== undefined, text);
    assert.equal(text.slice(0, problem.span.start).split('\n').length, line, `${text}: ${problem.message}`);
  }
});

test('JSON with tabs, escapes and numbers of any size', () => {
  const text = '{\n\t"a": {"b\\u00e9": 3.10,\t"c": [1e3, 12345678901234567890, null]},\n\t"d": "\\t"\n}';
  const tree = parseValues(text, 'a.json');
  assert.deepEqual(tree.problems, []);
  assert.equal(tree.text, text);
  assert.equal(
    jsonText(toPlain(tree.root)),
    '{"a":{"bé":3.10,"c":[1e3,12345678901234567890,null]},"d":"\\t"}',
  );
});

test('any text gives a tree, or a problem', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '=',
    '"',
    "'",
    '"""',
    "'''",
    '#',
    '\n',
    ' ',
    ',',
    '.',
    'a',
    '1',
    '\\',
    '[[',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.constantFrom('a.toml', 'a.json', 'a.yaml'),
      (pieces, path) => {
        const tree = parseValues(pieces.join(''), path);
        for (const { span } of tree.problems)
          assert.ok(span.start <= span.end && span.end <= tree.text.length);
      },
    ),
    { numRuns: cases(300, 50_000) },
  );
});
