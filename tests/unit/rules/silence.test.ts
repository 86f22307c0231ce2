/** What rules have to keep silent about, and cases that are too special for a page. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { applyEdits, memoryProject, type MemoryOptions } from '../../support/project.js';

const PATH = 'p.pipeline.yaml';

function check(
  title: string,
  text: string,
  expected: readonly string[],
  options: MemoryOptions = { disk: [] },
  others: Readonly<Record<string, string>> = {},
): void {
  test(title, () => {
    const findings = memoryProject({ [PATH]: text, ...others }, options).findings(PATH);
    assert.deepEqual(
      findings.map((finding) => `${finding.rule} ${text.slice(finding.span.start, finding.span.end)}`),
      expected,
    );
  });
}

const task = (lines: string) => `tasks:\n  a:\n    run: x\n${lines}`;
const out = '    outputs: { o: out/o.txt }\n';

check('an input of which nothing is known', task(`    inputs: [in.txt]\n${out}`), [], {});
check(
  'an input with an expression',
  `params: { f: a }\n${task(`    inputs: ["\${{ params.f }}.txt"]\n${out}`)}`,
  [],
);
check(
  'an input that lies where paths are only known at run time',
  `${task(`    inputs: [models/x.json]\n${out}`)}  b:\n    run: y\n    outputs: { o: "models/\${{ git.commit }}.json" }\n`,
  [],
);
check(
  'an input that another pipeline makes',
  task(`    inputs: [other/made.txt]\n${out}`),
  [],
  { disk: [] },
  { 'q.pipeline.yaml': 'tasks: { b: { run: y, outputs: { o: other } } }\n' },
);
check(
  'an input that a training set makes',
  `${task(`    inputs: [t.csv]\n${out}`)}  b:\n    training-set: { labels: l.csv, service: s, output: t.csv }\n`,
  [],
  { disk: ['l.csv'] },
  { 'x.features.yaml': 'services: { s: [] }\n' },
);
check(
  'a glob over a folder that a task makes',
  `${task(`    inputs: [made/*.csv]\n${out}`)}  b:\n    run: y\n    outputs: { o: made }\n`,
  [],
);
check(
  'matrix values that an expression gives',
  task(
    `    matrix: { s: "\${{ params.s }}" }\n    outputs: { o: "out/\${{ matrix.s }}" }\nparams: { s: [1, 2] }\n`,
  ),
  [],
);
check(
  'cells that include adds to',
  task(`    matrix: { s: [1], include: [{ extra: 2 }] }\n    outputs: { o: "out/\${{ matrix.extra }}" }\n`),
  [],
);
check(
  'metrics of any name',
  `${task('    metrics: m.json\n')}  b:\n    check: [tasks.a.metrics.whatever.deep > 1]\n`,
  [],
);
check('env of any name', task(`    if: env.CI == 'true'\n${out}`), []);
check(
  'either, or',
  `params: { f: true }\n${task(`    if: params.f\n${out}`)}  b:\n    if: '!params.f'\n    run: y\n${out}`,
  [],
);
check(
  'params taken together',
  `params: { a: 1, b: 2 }\n${task(`    env: { ALL: "\${{ toJSON(params) }}" }\n${out}`)}`,
  [],
);
check("params['x']", `params: { a: 1 }\n${task(`    env: { A: "\${{ params['a'] }}" }\n${out}`)}`, []);
check('a broken expression may hold the param', `params: { a: 1 }\n${task(`    if: params.\n${out}`)}`, [
  'syntax/expression .',
]);
check('broken YAML: nothing is missing', 'tasks:\n  a:\n    needs: [b]\n    run: [x\n', ['syntax/yaml [x']);
check('a link that stays', task(`    inputs: [link/in.txt]\n${out}`), [], {
  disk: ['data/in.txt'],
  links: { link: 'data' },
});
check('a link that leaves', task(`    inputs: [link/in.txt]\n${out}`), ['path/outside-project link/in.txt'], {
  disk: [],
  links: { link: '/mnt/data' },
});
check(
  'an output through a link that leaves',
  task('    outputs: { o: link/o.txt }\n'),
  ['path/outside-project link/o.txt'],
  {
    disk: [],
    links: { link: '../elsewhere' },
  },
);
check(
  'an output kept from the last run is its own input',
  task('    inputs: [s.db]\n    outputs: { o: { path: s.db, persist: true } }\n'),
  [],
);

test('a circle is the same one wherever the text begins it', () => {
  const tasks = [
    'a: { needs: [c], run: x, cache: false }',
    'b: { needs: [a], run: x, cache: false }',
    'c: { needs: [b], run: x, cache: false }',
  ];
  const text = `tasks:\n${tasks.map((line) => `  ${line}\n`).join('')}`;
  const [finding, ...others] = memoryProject({ [PATH]: text }).findings(PATH);
  assert.equal(others.length, 0);
  assert.equal(finding?.message, 'These tasks depend on each other in a cycle: a → b → c → a.');
  assert.deepEqual(
    finding.related.map(
      (related) => `${text.slice(related.span.start, related.span.end)}: ${related.message}`,
    ),
    ['a: "b" needs "a".', 'b: "c" needs "b".', 'c: "a" needs "c".'],
  );
});

test("a secret is taken out of a command only where the shell's quotes are plain", () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['run: get ${{ secrets.K }}', 'run: get "$K"'],
    ["run: 'get ${{ secrets.K }}'", 'run: \'get "$K"\''],
    ['run: |\n      get \\\n        ${{ secrets.K }}', 'run: |\n      get \\\n        "$K"'],
    ['run: get "a ${{ secrets.K }}b"', 'run: get "a ${K}b"'],
    ["run: get 'a ${{ secrets.K }}'", undefined],
    ['run: "get ${{ secrets.K }}"', undefined],
    ['run: ${{ secrets.K }} x', undefined],
    ['run: |\n      cat <<E\n      ${{ secrets.K }}\n      E', undefined],
    ["run: get ${{ format('{0}', secrets.K) }}", undefined],
  ];
  for (const [before, after] of table) {
    const text = `tasks:\n  a:\n    cache: false\n    secrets:\n      - OTHER\n    ${before}\n`;
    const [finding, ...others] = memoryProject({ [PATH]: text }).findings(PATH);
    assert.equal(finding?.rule, 'security/secret-in-command');
    assert.equal(others.length, 0);
    const mended = finding.fixes[0] === undefined ? undefined : applyEdits(text, finding.fixes[0].edits);
    const expected =
      after === undefined
        ? undefined
        : `tasks:\n  a:\n    cache: false\n    secrets:\n      - OTHER\n      - K\n    ${after}\n`;
    assert.equal(mended, expected, before);
  }
});

check(
  'what follows from a misspelt key: outputs',
  `tasks:
  a:
    run: x
    output: { o: out/o.txt }
  b:
    run: cat \${{ tasks.a.outputs.o }}
    outputs: { o: out/p.txt }
`,
  ['schema/unknown-key output'],
);
check(
  'what follows from a misspelt key: params',
  `parms: { e: 1 }\n${task(out)}    env: { A: "\${{ params.e }}", B: "\${{ params.f }}" }\n`,
  ['schema/unknown-key parms'],
);
check('what follows from a misspelt key: tasks', 'taks: { a: { run: x } }\n', ['schema/unknown-key taks']);
check(
  'what follows from a misspelt key: matrix',
  task('    matrx: { s: [1, 2] }\n    outputs: { o: "out/${{ matrix.s }}" }\n'),
  ['schema/unknown-key matrx'],
);
check(
  'what follows from misspelt keys of an action, all of them',
  `tasks:
  a:
    check: { dat: d.csv, expct: { rows: { min: 1 } } }
  b:
    register: { model: m, form: m.bin }
`,
  ['schema/unknown-key dat', 'schema/unknown-key expct', 'schema/unknown-key form'],
);
check(
  'a key that another task misspells',
  `tasks:\n  a: { run: x, output: { o: p.txt } }\n  b: { run: y }\n`,
  ['schema/unknown-key output', 'task/no-outputs b'],
);
check(
  'what follows from a misspelt key is said where that key is no error',
  'taks: { a: { run: x } }\n',
  ['schema/missing-key taks: { a: { run: x } }\n', 'schema/unknown-key taks'],
  { disk: [], severities: { 'schema/unknown-key': 'warning' } },
);
check('an executor that an expression names', task(`${out}    executor: "\${{ git.branch }}"\n`), [
  'schema/value "${{ git.branch }}"',
]);
