/** Tasks that compute feature views, as the real command runs them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { TestProject, until } from '../../support/cli.js';

const FEATURES = `entities:
  station: { keys: [station] }
views:
  weather:
    entity: station
    source: { path: data/*.csv, timestamp: at }
    features: { rain: { type: double, expect: { min: 0 } } }
`;

const PIPELINE = `kind: model-build
params: { rain: 1 }
tasks:
  features:
    materialize: weather
  fetch:
    run: mkdir -p data && printf 'station,at,rain\\na,2024-01-01,%s\\n' \${{ params.rain }} > data/weather.csv
    outputs: { dataset: data/weather.csv }
`;

const project = (files: Record<string, string> = {}) =>
  TestProject.make({ 'a.features.yaml': FEATURES, 'main.pipeline.yaml': PIPELINE, ...files });

test('a task waits for what makes its sources, computes its views once, and says why it would again', async () => {
  const made = await project();
  const { stdout } = await made.expect(0, ['graph', 'main']);
  assert.match(stdout, /^features\n {2}← fetch {2}\(data\/\*\.csv\)$/m);
  await made.expect(0, ['run', 'main']);
  assert.deepEqual(made.statuses(), { features: 'succeeded', fetch: 'succeeded' });
  assert.match(
    made.log('features').toString('utf8'),
    /weather: reading data\/weather\.csv[\s\S]*version 1, 1 rows/,
  );
  assert.equal(made.task('features').note, 'weather version 1, 1 rows');
  assert.deepEqual(await made.plan('main'), { features: 'up-to-date', fetch: 'up-to-date' });
  await made.expect(0, ['run', 'main']);
  assert.deepEqual(made.statuses(), { features: 'cached', fetch: 'cached' });

  made.write({ 'a.features.yaml': FEATURES.replace('min: 0', 'min: -1') });
  assert.match((await made.plan('main'))['features'] ?? '', /^run: the definition of view weather changed/);
  made.write({ 'a.features.yaml': FEATURES });
  assert.equal((await made.plan('main'))['features'], 'up-to-date');
  made.write({ 'data/more.csv': 'station,at,rain\nb,2024-01-01,2\n' });
  assert.match((await made.plan('main'))['features'] ?? '', /input data\/more\.csv is new/);
  await made.expect(0, ['run', 'main']);
  assert.equal(made.task('features').note, 'weather version 2, 2 rows');
  // What the store has lost is found out, although neither data nor definition has changed.
  made.remove('.modelyard/features');
  assert.match((await made.plan('main'))['features'] ?? '', /view weather was never computed/);
  await made.expect(0, ['run', 'main']);
  assert.equal(made.task('features').status, 'succeeded');
});

test('a task computes a part of a view, or all of it anew', async () => {
  const text = (keys: string): string =>
    `kind: model-build\ntasks:\n  features: { materialize: { views: [weather], ${keys} } }\n`;
  const made = await project({
    'main.pipeline.yaml': text('from: 2024-01-02, to: 2024-01-04'),
    'data/weather.csv': `station,at,rain\n${[1, 2, 3, 4, 5].map((day) => `a,2024-01-0${day},${day}\n`).join('')}`,
  });
  await made.expect(0, ['run', 'main']);
  assert.equal(made.task('features').note, 'weather version 1, 2 rows');
  made.write({ 'main.pipeline.yaml': text('full: true') });
  await made.expect(0, ['run', 'main']);
  assert.match(made.task('features').note ?? '', /^weather version 2, 5 rows/);
});

test('what is wrong fails the task with a word, and the version before stays', async () => {
  const made = await project();
  await made.expect(0, ['run', 'main']);
  await made.expect(1, ['run', 'main', '--param', 'rain=-5']);
  assert.match(
    made.task('features').error ?? '',
    /view weather: the expectation "rain is at least 0" does not hold/,
  );
  assert.match(made.log('features').toString('utf8'), /"rain":-5/);
  const shown = await made.expect(0, ['features', 'show', 'weather', '--json']);
  assert.equal((JSON.parse(shown.stdout) as { manifest: { version: number } }).manifest.version, 1);
  made.write({ 'main.pipeline.yaml': PIPELINE.replace('materialize: weather', 'materialize: [wether]') });
  const unknown = await made.expect(2, ['run', 'main']);
  assert.match(unknown.stdout + unknown.stderr, /wether/);
});

const SLOW = FEATURES.replace(
  'features:',
  'transform: select * from source where (select count(*) from range(100000000000)) > 0\n    features:',
);

test('a task that takes too long, or is cancelled, leaves nothing half done', async () => {
  const made = await project({
    'a.features.yaml': SLOW,
    'main.pipeline.yaml': PIPELINE.replace('materialize: weather', 'materialize: weather\n    timeout: 2s'),
  });
  await made.expect(1, ['run', 'main']);
  assert.match(made.task('features').error ?? '', /timed out after 2s/);
  made.write({ 'main.pipeline.yaml': PIPELINE });
  const running = made.start(['run', 'main']);
  await until('it reads', () => running.output().includes('reading data/weather.csv'));
  running.child.kill('SIGINT');
  const { code } = await running.done;
  assert.equal(code, 130);
  assert.equal(made.task('features').status, 'cancelled');
  assert.ok(!existsSync(made.path('.modelyard/features/views/weather/current.json')));
  assert.deepEqual(readdirSync(made.path('.modelyard/features/tmp')), []);
});
