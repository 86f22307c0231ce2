import assert from 'node:assert/strict';
import test from 'node:test';
import { completion } from '../../../../server/ide/complete/completion.js';
import type { Completion } from '../../../../server/ide/types.js';
import { CURSOR, open, type Surroundings } from '../fixture.js';

const HEAD = `name: rain
kind: model-build
params:
  epochs: 200
  rate: { type: number, default: 0.1, description: How fast. }
env:
  MODE: fast
tasks:
  features:
    run: python3 src/features.py
    outputs:
      data: data/features.csv
  train:
    matrix:
      seed: [1, 2]
      include:
        - { seed: 3, depth: 4 }
    run: python3 src/train.py
    inputs: [data/features.csv]
    outputs:
      model: models/rain.json
      report: { path: reports/train.html, kind: report }
    metrics: reports/metrics.json
`;
const AROUND: Surroundings = {
  disk: ['src/train.py', 'src/features.py', 'data/raw.csv', 'README.md', '.git/config'],
  metrics: { train: { accuracy: 0.81234567, 'val.loss': 3 } },
};

function items(tail: string, head = HEAD): readonly Completion[] {
  const fixture = open(head + tail, AROUND);
  return completion(fixture.context, fixture.offset).items;
}

/** The labels, all of them or (with `+`) at least these, or (with `-`) none of these. */
function check(tail: string, expected: readonly string[], mode: '=' | '+' | '-' = '=', head = HEAD): void {
  const labels = items(tail, head).map((item) => item.label);
  if (mode === '=') assert.deepEqual(labels.toSorted(), expected.toSorted(), tail);
  else
    for (const label of expected)
      assert.equal(labels.includes(label), mode === '+', `${tail}: ${label} in ${labels.join(' ')}`);
}

/** The text after choosing an item, with placeholders as they stand. */
function choose(tail: string, label: string, expected: string, head = ''): void {
  const fixture = open(head + tail, AROUND);
  const item = completion(fixture.context, fixture.offset).items.find(
    (candidate) => candidate.label === label,
  );
  assert.ok(item !== undefined, `${label} in ${tail}`);
  assert.ok(
    item.span.start <= fixture.offset && fixture.offset <= item.span.end,
    'the cursor is in what is replaced',
  );
  const text = fixture.text.slice(0, item.span.start) + item.newText + fixture.text.slice(item.span.end);
  assert.equal(text, head + expected);
}

test('keys', () => {
  check('¦', ['description', 'secrets'], '+');
  check('¦', ['name', 'kind', 'tasks', 'params'], '-');
  check('de¦', ['description'], '+');
  check('  x:\n    ¦', ['run', 'check', 'needs', 'if', 'matrix', 'resources'], '+');
  check('  x:\n    run: y\n    ¦', ['inputs', 'outputs'], '+');
  check('  x:\n    run: y\n    ¦', ['run', 'check', 'deploy'], '-');
  check('  x:\n    ¦\n    run: y\n    needs: [train]\n', ['run', 'check', 'needs'], '-');
  check('  x:\n    in¦\n    run: y\n', ['inputs'], '+');
  check('  x:\n    run: y\n    resources:\n      ¦', ['cpus', 'memory', 'gpus', 'nodes', 'tasks']);
  check('  x:\n    run: y\n    resources: { ¦ }', ['cpus', 'memory', 'gpus', 'nodes', 'tasks']);
  check('  x:\n    run: y\n    resources: { cpus: 2, ¦ }', ['memory', 'gpus', 'nodes', 'tasks']);
  check('  x:\n    run: y\n    resources: { ¦, cpus: 2 }', ['memory', 'gpus', 'nodes', 'tasks']);
  check('  x:\n    run: y\n    outputs:\n      a: { path: b, k¦ }', [
    'optional',
    'kind',
    'cache',
    'persist',
    'description',
    'mlflow',
  ]);
  check('  x:\n    run: y\n    outputs:\n      a:\n        ¦', ['path', 'kind'], '+');
  check('  x:\n    run: y\n    retries:\n      ¦', ['max', 'delay', 'max-delay']);
  check('  x:\n    check:\n      - ¦', ['that', 'data'], '+');
  check('  x:\n    check:\n      - data: a.csv\n        ¦', ['expect'], '+');
  check('  x:\n    check:\n      - data: a.csv\n        expect:\n          ¦', ['row-count', 'columns'], '+');
  check('  x:\n    check:\n    - data: a.csv\n      ¦', ['expect'], '+');
  check('  x:\n    run: y\n    matrix:\n      ¦', ['include', 'exclude', 'max-parallel', 'fail-fast'], '+');
  check('  x:\n    run: |\n      echo\n      ¦', []);
  check('  x: # ¦', []);
  check('params:\n  a: { ¦ }\n', ['type', 'default', 'minimum'], '+', '');
});

test('keys are inserted with what follows them', () => {
  choose('tasks:\n  x:\n    res¦', 'resources', 'tasks:\n  x:\n    resources:\n      $0');
  choose('ki¦: model-build', 'kind', 'kind: model-build');
  choose(
    'tasks:\n  x:\n    run: y\n    resources: { c¦ }',
    'cpus',
    'tasks:\n  x:\n    run: y\n    resources: { cpus: $0 }',
  );
});

test('whole tasks and pipelines', () => {
  check('¦', ['pipeline: model-build', 'pipeline: app-build', 'pipeline: deployment'], '+', '');
  check('¦', ['pipeline: model-build'], '-');
  check('  ¦', ['task: run', 'task: train', 'task: check'], '+');
  check('  x:\n    ¦', ['task: run'], '-');
  choose(
    'tasks:\n  ¦',
    'task: check',
    'tasks:\n  ${1:quality}:\n    check:\n      - that: tasks.${2:train}.metrics.${3:accuracy} >= ${4:0.8}\n        message: ${5:The model is not good enough.}$0',
  );
});

test('values', () => {
  check('kind: ¦', ['model-build', 'app-build', 'deployment'], '=', '');
  check('kind: dep¦', ['model-build', 'app-build', 'deployment'], '=', '');
  check('  x:\n    run: y\n    cache: ¦', ['true', 'false'], '+');
  check('  x:\n    run: y\n    outputs:\n      a: { path: b, kind: ¦ }', [
    'model',
    'dataset',
    'report',
    'log',
    'package',
    'file',
  ]);
  check('params:\n  a: { type: ¦ }', ['string', 'integer', 'number', 'boolean', 'list', 'object'], '=', '');
  check('  x:\n    run: y\n    executor: ¦', ['local'], '+');
  choose('kind: "m¦"', 'model-build', 'kind: "model-build"');
  choose('kind: ¦model-build', 'deployment', 'kind: deployment');
});

test('tasks in needs', () => {
  check('  x:\n    run: y\n    needs: [¦]', ['features', 'train']);
  check('  x:\n    run: y\n    needs: [train, ¦]', ['features']);
  check('  x:\n    run: y\n    needs: [tr¦]', ['features', 'train']);
  check('  x:\n    run: y\n    needs: ¦', ['features', 'train']);
  check('  x:\n    run: y\n    needs:\n      - ¦', ['features', 'train']);
  check('  x:\n    run: y\n    needs:\n    - ¦', ['features', 'train']);
  check('  x:\n    run: y\n    needs:\n      ¦', ['features', 'train']);
  choose(
    '  x:\n    run: y\n    needs:\n      ¦',
    'train',
    '  x:\n    run: y\n    needs:\n      - train',
    HEAD,
  );
  choose('  x:\n    run: y\n    needs: [fe¦]', 'features', '  x:\n    run: y\n    needs: [features]', HEAD);
  choose('  x:\n    run: y\n    needs: [¦', 'features', '  x:\n    run: y\n    needs: [features', HEAD);
});

test('files', () => {
  check(
    '  x:\n    run: y\n    inputs: [¦]',
    ['src/', 'data/', 'README.md', 'models/rain.json', 'data/features.csv'],
    '+',
  );
  check('  x:\n    run: y\n    inputs: [¦]', ['.git/'], '-');
  check('  x:\n    run: y\n    inputs: [src/¦]', ['src/train.py', 'src/features.py'], '+');
  check('  x:\n    run: y\n    inputs:\n      - src/tr¦', ['src/train.py'], '+');
  check('  x:\n    run: y\n    outputs:\n      a: ¦', ['data/'], '+');
  check('  x:\n    run: y\n    metrics: ¦', ['README.md'], '+');
  choose('tasks:\n  x:\n    inputs: [src/t¦]', 'src/train.py', 'tasks:\n  x:\n    inputs: [src/train.py]');
});

test('contexts and functions that are legal here', () => {
  check(
    '  x:\n    run: echo ${{ ¦ }}',
    ['params', 'env', 'tasks', 'git', 'secrets', 'contains', 'raw', 'true'],
    '+',
  );
  check('  x:\n    run: echo ${{ ¦ }}', ['success', 'always'], '-');
  check('  x:\n    if: ¦', ['success', 'failure', 'always', 'params', 'tasks'], '+');
  check('  x:\n    if: succ¦', ['success'], '+');
  check('  x:\n    if: success() && ¦', ['failure', 'params'], '+');
  check('  x:\n    check: [ "${{ ¦ }}" ]', ['tasks', 'params'], '+');
  check('  x:\n    check:\n      - ¦', ['tasks', 'params'], '+');
  check('  x:\n    run: |\n      one\n      two ${{ ¦ }}\n', ['params'], '+');
  check('  x:\n    run: |\n      one\n      two ${{ ¦', ['params'], '+');
  check('  x:\n    matrix:\n      a: ${{ ¦ }}', ['params'], '+');
  check('  x:\n    matrix:\n      a: ${{ ¦ }}', ['tasks', 'matrix'], '-');
  check("  x:\n    run: echo ${{ 'te¦xt' }}", []);
  check('env:\n  A: ${{ ¦ }}', ['params', 'git'], '+', '');
  check('env:\n  A: ${{ ¦ }}', ['tasks', 'matrix'], '-', '');
  choose('tasks:\n  x:\n    run: ${{ cont¦ }}', 'contains', 'tasks:\n  x:\n    run: ${{ contains($1) }}');
  choose('tasks:\n  x:\n    if: al¦', 'always', 'tasks:\n  x:\n    if: always()');
});

test('members', () => {
  check('  x:\n    run: echo ${{ params.¦ }}', ['epochs', 'rate']);
  check('  x:\n    run: echo ${{ params.ep¦ }}', ['epochs', 'rate']);
  check("  x:\n    run: echo ${{ params['¦'] }}", ['epochs', 'rate']);
  check('  x:\n    run: echo ${{ params.¦', ['epochs', 'rate']);
  check('  x:\n    run: echo "${{ params.¦ }}"', ['epochs', 'rate']);
  check('  x:\n    run: ["${{ params.¦ }}"]', ['epochs', 'rate']);
  check('  x:\n    run: echo ${{ env.¦ }}', ['MODE', 'HOME', 'API_KEY']);
  check('  x:\n    run: echo ${{ tasks.¦ }}', ['features', 'train']);
  check('  x:\n    run: echo ${{ tasks.train.¦ }}', [
    'outputs',
    'metrics',
    'status',
    'cached',
    'fingerprint',
  ]);
  check('  x:\n    run: echo ${{ tasks.train.outputs.¦ }}', ['model', 'report']);
  check("  x:\n    run: echo ${{ tasks['train'].outputs.¦ }}", ['model', 'report']);
  check("  x:\n    run: echo ${{ tasks.train['outputs'].m¦ }}", ['model', 'report']);
  check('  x:\n    check: [ "${{ tasks.train.metrics.¦ >= 0.7 }}" ]', ['accuracy', 'val.loss']);
  check('  x:\n    check:\n      - tasks.train.metrics.¦', ['accuracy', 'val.loss']);
  check('  x:\n    check:\n      - that: tasks.train.metrics.val.¦', ['loss']);
  check('  x:\n    if: params.epochs > 1 && params.¦', ['epochs', 'rate']);
  check('  x:\n    run: echo ${{ git.¦ }}', ['commit', 'short-commit', 'branch', 'dirty']);
  check('  x:\n    run: echo ${{ contains(params.¦, 1) }}', ['epochs', 'rate']);
  check('  x:\n    matrix: { a: [1], include: [{ a: 2, b: 3 }] }\n    run: echo ${{ matrix.¦ }}', ['a', 'b']);
  check('  x:\n    run: echo ${{ nothing.¦ }}', []);
  choose(
    '  x:\n    run: echo ${{ tasks.tr¦ain.outputs }}',
    'features',
    '  x:\n    run: echo ${{ tasks.features.outputs }}',
    HEAD,
  );
});

test('names across files', () => {
  const files = {
    'main.pipeline.yaml': 'tasks:\n  call:\n    pipeline:\n      name: rain-train\n      params:\n        ¦',
    'train.pipeline.yaml': 'name: rain-train\nparams: { epochs: 1, seed: 2 }\ntasks: {}\n',
  };
  const labels = (text: string, path = 'main.pipeline.yaml', more: Record<string, string> = {}): string[] => {
    const fixture = open({ [path]: text, ...more, 'train.pipeline.yaml': files['train.pipeline.yaml'] });
    return completion(fixture.context, fixture.offset).items.map((item) => item.label);
  };
  assert.deepEqual(labels(files['main.pipeline.yaml']), ['epochs', 'seed']);
  assert.deepEqual(labels('tasks:\n  call:\n    pipeline: ¦').slice(0, 1), ['rain-train']);
  assert.deepEqual(labels('tasks:\n  call:\n    pipeline: { name: ¦ }').slice(0, 1), ['rain-train']);
  const settings = { 'modelyard.yaml': 'executors:\n  cluster: { type: slurm }\n' };
  assert.ok(
    labels('tasks:\n  a:\n    run: x\n    executor: ¦', 'main.pipeline.yaml', settings).includes('cluster'),
  );
  const features = 'entities:\n  station: { keys: [id] }\nviews:\n  weather:\n    entity: ¦\n';
  assert.ok(labels(features, 'w.features.yaml').includes('station'));
});

test('rule ids in comments', () => {
  check('# modelyard-disable-next-line ¦', ['graph/cycle', 'path/missing-input'], '+');
  check('# modelyard-disable graph/¦', ['graph/cycle'], '+');
  check('# modelyard-disable graph/cycle, ¦', ['graph/cycle'], '-');
  check('# modelyard-disable graph/cycle, ¦', ['task/no-outputs'], '+');
  check('# mod¦', ['modelyard-disable-next-line', 'modelyard-disable']);
  check('# something else ¦', []);
});

test('anywhere in any half of a file there is an answer and no exception', () => {
  const text = `${HEAD}  x:\n    if: success() && params.epochs > 2\n    check: [ "\${{ tasks.train.metrics.accuracy }}" ]\n    run: |\n      a \${{ b.c }}\n`;
  for (let end = 0; end <= text.length; end += 2) {
    const half = open(text.slice(0, end) + CURSOR, AROUND);
    completion(half.context, half.offset);
    const whole = open(text.slice(0, end) + CURSOR + text.slice(end), AROUND);
    for (const item of completion(whole.context, whole.offset).items) {
      assert.ok(item.span.start <= whole.offset && whole.offset <= item.span.end, `${item.label} at ${end}`);
      assert.ok(!whole.text.slice(item.span.start, item.span.end).includes('\n'));
    }
  }
});

test('what comes after a task is not offered to it: it would make a cycle', () => {
  const head = HEAD.replace(
    'run: python3 src/features.py\n',
    'run: python3 src/features.py\n    inputs: [¦]\n',
  );
  check('', ['data/raw.csv'], '+', head.replace('[¦]', '[data/¦]'));
  check('', ['models/rain.json', 'reports/metrics.json', 'reports/train.html'], '-', head);
  check('', ['train'], '-', head.replace('inputs: [¦]', 'needs: [¦]'));
  check('  next:\n    run: x\n    needs: [¦]\n', ['features', 'train'], '=');
  check('  next:\n    run: x\n    inputs: [¦]\n', ['models/rain.json', 'reports/metrics.json'], '+');
});
