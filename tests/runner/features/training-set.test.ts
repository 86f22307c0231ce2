/** The action `training-set` in real runs: what it makes, when it is stale, and what a model knows of it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import type { LineageGraph } from '../../../server/stores/lineage/lineage.js';
import { materializeIn } from '../../support/features.js';
import { version } from '../../support/registering.js';

const FEATURES = `entities:
  station: { keys: [station], type: string }
views:
  weather:
    entity: station
    source: { path: data/weather.csv, timestamp: observed_at, created: loaded_at }
    ttl: 3d
    features: { rain: double, sky: string }
  towns:
    entity: station
    source: { path: data/towns.csv, timestamp: since }
    features: { people: long, rain: integer }
services:
  rain-v1: ["weather:rain", "weather:sky", "towns:people"]
`;

const WEATHER = `station,observed_at,loaded_at,rain,sky
007,2024-03-01,2024-03-01 06:00:00,1.5,sun
007,2024-03-02,2024-03-02 06:00:00,2.5,rain
007,2024-03-02,2024-03-09 06:00:00,99,rain
`;

const TOWNS = `station,since,people,rain
007,2020-01-01,700000,1
`;

const LABELS = `wet,station,at
1,007,2024-03-03
0,007,2024-03-01
0,008,2024-03-03
`;

const PIPELINE = `kind: model-build
tasks:
  features:
    training-set:
      labels: data/labels.csv
      service: rain-v1
      output: data/training.csv
  train:
    run: mkdir -p models && cp data/training.csv models/m.txt
    inputs: [data/training.csv]
    outputs: { model: models/m.txt }
  register:
    register: { model: rain, from: "\${{ tasks.train.outputs.model }}" }
`;

async function make(pipeline = PIPELINE): Promise<TestProject> {
  const project = await TestProject.make({
    'main.pipeline.yaml': pipeline,
    'rain.features.yaml': FEATURES,
    'data/weather.csv': WEATHER,
    'data/towns.csv': TOWNS,
    'data/labels.csv': LABELS,
  });
  await materializeIn(project.root, 'weather');
  await materializeIn(project.root, 'towns');
  return project;
}

const EXPECTED = `wet,station,at,rain,sky,people
1,007,2024-03-03,2.5,rain,700000
0,007,2024-03-01,,,700000
0,008,2024-03-03,,,
`;

test('labels get the features as they were known at their time, and the model knows what it learned from', async () => {
  const project = await make();
  const { stdout } = await project.expect(0, ['run']);
  assert.match(stdout, /3 rows, 3 features \(weather 1, towns 1\); values are missing in 3 features/);
  assert.equal(project.read('data/training.csv'), EXPECTED);
  const task = project.task('features');
  assert.deepEqual(
    task.outputs.map(({ name, kind, path }) => [name, kind, path]),
    [['dataset', 'dataset', 'data/training.csv']],
  );
  assert.deepEqual(
    task.inputs.map(({ path }) => path),
    ['data/labels.csv'],
  );
  const made = await version(project, 'rain@1');
  assert.deepEqual(made.features, {
    service: 'rain-v1',
    trainingSet: { path: 'data/training.csv', hash: task.outputs[0]?.hash },
  });
  assert.deepEqual(made.signature, {
    inputs: [
      { name: 'rain', type: 'double', required: false },
      { name: 'sky', type: 'string', required: false },
      { name: 'people', type: 'long', required: false },
    ],
    outputs: [{ name: 'wet', type: 'long', required: true }],
    source: 'training-set',
  });
});

test('lineage leads through the versions of the views, both ways', async () => {
  const project = await make(PIPELINE.replace('cp data/training.csv', 'sort data/training.csv >'));
  await project.expect(0, ['run']);
  const args = ['features', 'training-set', 'data/labels.csv', '--service', 'rain-v1', '--full-names', '-o', 'data/own.csv']; // prettier-ignore
  await project.expect(0, args);
  const run = project.lastRun().id;
  const ask = async (...words: readonly string[]): Promise<string[]> => {
    const { stdout } = await project.expect(0, ['models', 'lineage', ...words, '--json']);
    const { upstream, downstream } = JSON.parse(stdout) as Partial<
      Record<'upstream' | 'downstream', LineageGraph>
    >;
    const { nodes = [], edges = [] } = upstream ?? downstream ?? {};
    const named = new Map(
      nodes.map((node) => [
        node.id,
        'path' in node ? `${node.kind} ${node.path}` : node.id.replace(run, 'run'),
      ]),
    );
    return edges.map(({ from, to }) => `${named.get(from)} > ${named.get(to)}`).sort();
  };
  const learned = [
    'artifact models/m.txt > version:rain@1',
    'task:run/features > training-set data/training.csv',
    'task:run/train > artifact models/m.txt',
    'training-set data/training.csv > task:run/train',
  ];
  assert.deepEqual(
    await ask('rain@1', '--up'),
    [
      ...learned,
      'data data/labels.csv > task:run/features',
      'data data/towns.csv > view:towns@1',
      'data data/weather.csv > view:weather@1',
      'view:towns@1 > task:run/features',
      'view:weather@1 > task:run/features',
    ].sort(),
  );
  const down = await ask('view:weather@1', '--down');
  for (const edge of [
    ...learned,
    'view:weather@1 > task:run/features',
    // Made at a terminal, by no run.
    'view:weather@1 > training-set data/own.csv',
  ])
    assert.ok(down.includes(edge), `${edge} in ${down.join(', ')}`);
  // The file of data was read by no run: only the feature store knows it.
  const used = await ask('data/towns.csv', '--down');
  for (const edge of [...learned, 'data data/towns.csv > view:towns@1', 'view:towns@1 > task:run/features'])
    assert.ok(used.includes(edge), `${edge} in ${used.join(', ')}`);
  assert.ok((await ask('data/own.csv', '--up')).includes('data data/labels.csv > training-set data/own.csv'));
  const none = await project.expect(2, ['models', 'lineage', 'view:weather@9']);
  assert.match(none.stderr, /no version 9 of the feature view weather/);
  const card = await project.expect(0, ['models', 'card', 'rain@1']);
  assert.match(card.stdout, /- feature view weather, version 1/);
});

test('nothing is done again until labels, a version or the features change, and the reason is told', async () => {
  const project = await make();
  await project.expect(0, ['run']);
  await project.expect(0, ['run']);
  assert.equal(project.task('features').status, 'cached');
  project.remove('data/training.csv');
  await project.expect(0, ['run']);
  assert.equal(project.task('features').status, 'cached');
  assert.equal(project.read('data/training.csv'), EXPECTED, 'restored from the cache');
  project.write({ 'data/weather.csv': WEATHER.replace('2.5', '3.5') });
  await materializeIn(project.root, 'weather');
  assert.match((await project.expect(0, ['plan'])).stdout, /features.*view weather: version 1 → 2/);
  await project.expect(0, ['run']);
  assert.match(project.read('data/training.csv'), /3\.5/);
  project.write({ 'rain.features.yaml': FEATURES.replace('ttl: 3d', 'ttl: 1h') });
  assert.match((await project.expect(0, ['plan'])).stdout, /features of weather.* changed/);
});

test('without the cutoff, with full names, as Parquet, from features named one by one', async () => {
  const project = await make(`kind: model-build
tasks:
  features:
    training-set:
      labels: data/labels.csv
      timestamp: at
      features: [weather, "towns:rain"]
      output: data/training.parquet
      created-cutoff: false
      full-names: true
  copy:
    run: cp \${{ tasks.features.outputs.dataset }} copy.parquet
    outputs: { copy: copy.parquet }
`);
  await project.expect(0, ['run']);
  assert.equal(project.read('copy.parquet').slice(0, 4), 'PAR1', 'its output is an edge');
});

test('what is wrong is told, and nothing is left behind', async () => {
  const project = await make();
  const failing = async (change: readonly [string, string], expected: RegExp, code = 1): Promise<void> => {
    project.write({ 'main.pipeline.yaml': PIPELINE.replace(...change) });
    const { stdout, stderr } = await project.expect(code, ['run']);
    assert.match(stdout + stderr, expected);
    assert.equal(project.exists('data/training.csv'), false);
  };
  await failing(
    ['service: rain-v1', 'features: [weather, towns]'],
    /would both be the column "rain".*full-names/s,
    2,
  );
  await failing(
    ['labels: data/labels.csv', 'labels: data/labels.csv\n      timestamp: when'],
    /has no column "when".*wet, station, at/s,
  );
  await failing(
    ['data/training.csv\n  train', 'data/training.txt\n  train'],
    /written as \.csv or \.parquet/,
  );
  project.remove('.modelyard/features');
  await failing(['', ''], /View weather has not been computed yet\. Materialize it/);
});
