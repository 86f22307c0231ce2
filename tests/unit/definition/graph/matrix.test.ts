import assert from 'node:assert/strict';
import test from 'node:test';
import { numeral } from '../../../../server/base/numeral.js';
import { instanceIds } from '../../../../server/definition/graph/cell-names.js';
import { buildGraph } from '../../../../server/definition/graph/graph.js';
import { expandMatrix, MAX_CELLS } from '../../../../server/definition/graph/matrix.js';
import { pipelineOf, scopeOf } from '../helpers.js';

function expand(matrix: string, params: Record<string, never[] | number | string[]> = {}) {
  const { pipeline, problems } = pipelineOf(
    `tasks:\n  t:\n    run: x\n    matrix:\n${matrix.replace(/^/gm, '      ')}\n`,
  );
  assert.deepEqual(problems, []);
  const [task] = pipeline.tasks;
  return expandMatrix(task!, task!.matrix!, scopeOf({ params }));
}

function check(matrix: string, expected: readonly string[]): void {
  const { cells, problems } = expand(matrix);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    cells.map((cell) =>
      Object.entries(cell)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(' '),
    ),
    expected,
  );
}

test('axes, the last varying fastest', () => {
  check('a: [1, 2]\nb: [x, y]', ['a=1 b="x"', 'a=1 b="y"', 'a=2 b="x"', 'a=2 b="y"']);
  check('a: [1, 1, 2]', ['a=1', 'a=2']);
});

test('exclude takes out what has all its values', () => {
  check('a: [1, 2]\nb: [x, y]\nexclude: [{ a: 1, b: y }]', ['a=1 b="x"', 'a=2 b="x"', 'a=2 b="y"']);
  check('a: [1, 2]\nb: [x, y]\nexclude: [{ a: 1 }]', ['a=2 b="x"', 'a=2 b="y"']);
});

test('include, with the example of GitHub’s documentation', () => {
  check(
    [
      'fruit: [apple, pear]',
      'animal: [cat, dog]',
      'include:',
      '  - { color: green }',
      '  - { color: pink, animal: cat }',
      '  - { fruit: apple, shape: circle }',
      '  - { fruit: banana }',
      '  - { fruit: banana, animal: cat }',
    ].join('\n'),
    [
      'fruit="apple" animal="cat" color="pink" shape="circle"',
      'fruit="apple" animal="dog" color="green" shape="circle"',
      'fruit="pear" animal="cat" color="pink"',
      'fruit="pear" animal="dog" color="green"',
      'fruit="banana"',
      'fruit="banana" animal="cat"',
    ],
  );
  check('include: [{ a: 1 }, { a: 2 }]', ['a=1', 'a=2']);
});

test('axes from expressions', () => {
  const axis = 'seed: ${{ params.seeds }}';
  assert.deepEqual(expand(axis, { seeds: ['a', 'b'] }).cells, [{ seed: 'a' }, { seed: 'b' }]);
  assert.match(expand(axis, { seeds: 3 }).problems[0]?.message ?? '', /needs a list/);
  // A list that is computed may be empty: there is nothing to run then.
  assert.deepEqual(expand(axis, { seeds: [] }), { cells: [], known: true, problems: [] });
  const unknown = expand('seed: ${{ git.commit }}');
  assert.equal(unknown.known, false);
  assert.deepEqual(unknown.problems, []);
  assert.deepEqual(expand('seed: [1, "${{ params.x }}"]', { x: 7 }).cells, [{ seed: 1 }, { seed: 7 }]);
});

test('too many cells are a problem, not a hang', () => {
  const axis = (name: string) => `${name}: [${Array.from({ length: 40 }, (_, at) => at).join(', ')}]`;
  const result = expand(['a', 'b', 'c', 'd', 'e', 'f'].map(axis).join('\n'));
  assert.match(result.problems[0]?.message ?? '', new RegExp(String(MAX_CELLS)));
});

test('ids of instances', () => {
  assert.deepEqual(
    instanceIds('t', [
      { a: 1, b: 'adam' },
      { a: 1.5, b: 'x/y z' },
    ]),
    ['t@1-adam', 't@1.5-x_y_z-fd4224e88d'],
  );
  const [xy, slash] = instanceIds('t', [{ a: 'x y' }, { a: 'x/y' }]);
  assert.match(`${xy ?? ''} ${slash ?? ''}`, /^t@x_y-[0-9a-f]{10} t@x_y-[0-9a-f]{10}$/);
  // A cell keeps its name wherever it stands, and letters of all languages are letters.
  assert.deepEqual(instanceIds('t', [{ a: 'x/y' }, { a: 'x y' }]), [slash, xy]);
  assert.deepEqual(instanceIds('t', [{ a: 'ü' }, { a: 3.1 }, { a: numeral('3.10') ?? 0 }]), [
    't@ü',
    't@3.1',
    't@3.10',
  ]);
  const odd = instanceIds('t', [
    { a: { x: 1 } },
    { a: [1] },
    { a: '' },
    { a: null },
    { a: 'A' },
    { a: 'a' },
    { a: '../..' },
  ]);
  assert.ok(
    instanceIds('t', [{ a: `a${'𠮷'.repeat(100)}` }]).every((id) => Buffer.from(id).toString() === id),
  );
  assert.equal(new Set(odd.map((id) => id.toLowerCase())).size, odd.length);
  assert.ok(
    odd.every((id) => /^t@[\p{L}\p{N}._-]+$/u.test(id)),
    odd.join(),
  );
});

/** Ids of the cells of a task `t`, and what is wrong with them. */
function cells(task: string, params = ''): { ids: string[]; problems: string[] } {
  const { pipeline } = pipelineOf(`${params}tasks:\n  t: { run: x, ${task} }\n`);
  const { instances, matrixProblems } = buildGraph(pipeline);
  return { ids: instances.map(({ id }) => id), problems: matrixProblems.map(({ message }) => message) };
}

test('cells are called as the task says, with values as they are written', () => {
  const named = cells(
    "matrix: { lr: [0.10, 1e-4], m: [a] }, cell-name: 'lr=${{ matrix.lr }}, ${{ params.by }}'",
    'params: { by: ü }\n',
  );
  assert.deepEqual(named, { ids: ['t@lr=0.10, ü', 't@lr=1e-4, ü'], problems: [] });
  const many = cells(
    `matrix: { a: [${Array.from({ length: 10_000 }, (_, at) => at).join(', ')}] }, cell-name: 'n\${{ matrix.a }}'`,
  );
  assert.equal(many.ids.at(-1), 't@n9999');
  assert.equal(new Set(many.ids).size, 10_000);
  // A param without a default: the run knows.
  assert.deepEqual(
    cells("matrix: { a: [1] }, cell-name: 'x-${{ params.p }}'", 'params: { p: { type: string } }\n').ids,
    ['t@1'],
  );
  assert.match(cells('cell-name: x').problems.join(), /the task has no `matrix`/);
});

test('names of cells that are none, or that two cells share, are said with the cells', () => {
  for (const [template, values, message] of [
    [
      'x',
      '[1, 2]',
      'The cells { v: 1 } and { v: 2 } would both be called "x". Put what tells them apart into `cell-name`.',
    ],
    ['${{ matrix.v }}', '[A, a]', 'The cells { v: A } and { v: a } would both be called "a".'],
    ['${{ matrix.v }}', '["é", "e\u0301"]', 'would both be called "é"'],
    ['${{ matrix.v }}', '[a/b]', 'would be called "a/b", which has "/" in it'],
    ['${{ matrix.v }}', '["a:b"]', 'has ":" in it'],
    ['${{ matrix.v }}', '["a\tb"]', 'has "\\t" in it'],
    ['${{ matrix.v }}', '[""]', 'is empty'],
    ['${{ matrix.v }}', '["a "]', 'begins or ends with a space'],
    ['${{ matrix.v }}.', '[a]', 'ends with a dot'],
    ['${{ matrix.v }}', `[${'x'.repeat(81)}]`, 'is longer than 80 characters'],
  ] as const) {
    const { problems } = cells(`matrix: { v: ${values} }, cell-name: '${template}'`);
    assert.equal(problems.length, 1, problems.join());
    assert.ok(problems[0]!.includes(message), problems[0]);
  }
});
