/** `modelyard features training-set|get|profile|diff`, as people use them, and the file of latest values from Python. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const FEATURES = `entities:
  station: { keys: [station], type: string }
views:
  weather:
    entity: station
    source: { path: data/weather.csv, timestamp: observed_at }
    ttl: 3d
    features: { rain: double, sky: string }
services:
  rain-v1: [weather]
`;

function weather(shift: number): string {
  const rows = Array.from({ length: 400 }, (_, index) => {
    const day = new Date(Date.UTC(2024, 0, 1 + index)).toISOString().slice(0, 10);
    return `${index % 2 === 0 ? 'é"1' : '007'},${day},${(index % 40) + shift},${index % 3 === 0 ? 'rain' : 'sun'}`;
  });
  return `station,observed_at,rain,sky\n${rows.map((row) => row.replace('é"1', '"é""1"')).join('\n')}\n`;
}

async function make(): Promise<TestProject> {
  const project = await TestProject.make({
    'rain.features.yaml': FEATURES,
    'data/weather.csv': weather(0),
    'data/labels.csv': 'wet,station,at\n1,007,2024-02-01\n0,007,2023-01-01\n',
  });
  const { stdout } = await project.expect(0, ['features', 'materialize']);
  assert.match(stdout, /latest values of rain-v1: version [0-9a-f]{16}/);
  return project;
}

test('a training set from a terminal', async () => {
  const project = await make();
  const args = ['features', 'training-set', 'data/labels.csv', '--service', 'rain-v1', '-o', 'data/t.csv'];
  const { stdout } = await project.expect(0, args);
  assert.match(stdout, /data\/t\.csv: 2 rows, features of weather 1/);
  assert.match(stdout, /rain +DOUBLE +feature +1 null/);
  assert.equal(
    project.read('data/t.csv'),
    'wet,station,at,rain,sky\n1,007,2024-02-01,31.0,sun\n0,007,2023-01-01,,\n',
  );
  await project.expect(2, ['features', 'training-set', 'data/labels.csv', '-o', 'x.csv']);
  const wrong = await project.expect(2, ['features', 'training-set', 'data/labels.csv', '--service', 'rain-v2', '-o', 'x.csv']); // prettier-ignore
  assert.match(wrong.stderr, /no feature service "rain-v2".*rain-v1/);
  const outside = await project.expect(2, ['features', 'training-set', '../labels.csv', '--service', 'rain-v1', '-o', 'x.csv']); // prettier-ignore
  assert.match(outside.stderr, /stay in it/);
});

test('the latest values of a key, and only while they are of use', async () => {
  const project = await make();
  const at = '2025-02-04T00:00:00Z';
  const ask = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await project.expect(0, ['features', 'get', 'rain-v1', ...args, '--json'])).stdout);
  const found = (await ask('station=007', '--at', at)) as Record<string, unknown>;
  assert.deepEqual(found['features'], { rain: 39, sky: 'rain' });
  assert.deepEqual(found['views'], [
    { view: 'weather', status: 'present', timestamp: '2025-02-03T00:00:00.000Z' },
  ]);
  const old = await project.expect(1, ['features', 'get', 'rain-v1', 'station=007']);
  assert.match(old.stdout, /rain +null[\s\S]*weather: outside-ttl, of 2025-02-03/);
  const missing = await project.expect(2, ['features', 'get', 'rain-v1']);
  assert.match(missing.stderr, /Say which station/);
  const strange = await project.expect(2, ['features', 'get', 'rain-v1', 'town=1']);
  assert.match(strange.stderr, /no key "town"; its keys are: station/);
  // What was computed since is there at once.
  project.write({ 'data/weather.csv': weather(100) });
  await project.expect(0, ['features', 'materialize']);
  const fresh = (await ask('station=007', '--at', at)) as Record<string, unknown>;
  assert.deepEqual(fresh['features'], { rain: 139, sky: 'rain' });
});

test('views that are not online are in no file of latest values', async () => {
  const two = (rain: boolean, sky: boolean): string =>
    ['rain', 'sky']
      .map(
        (name) =>
          `  ${name}:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    online: ${name === 'rain' ? rain : sky}\n    features: { ${name}: ${name === 'rain' ? 'double' : 'string'} }\n`,
      )
      .join('');
  const text = (rain: boolean, sky: boolean): string =>
    `entities:\n  station: { keys: [station], type: string }\nviews:\n${two(rain, sky)}services:\n  rain-v1: [rain, sky]\n`;
  const project = await TestProject.make({
    'rain.features.yaml': text(true, false),
    'data/weather.csv': weather(0),
  });
  await project.expect(0, ['features', 'materialize']);
  const get = ['features', 'get', 'rain-v1', 'station=007', '--json'];
  const found = JSON.parse((await project.expect(0, get)).stdout) as Record<string, unknown>;
  assert.deepEqual(found['features'], { rain: 39 });
  assert.deepEqual(found['views'], [
    { view: 'rain', status: 'present', timestamp: '2025-02-03T00:00:00.000Z' },
    { view: 'sky', status: 'offline' },
  ]);
  // Nothing is computed anew, and the file is another one.
  project.write({ 'rain.features.yaml': text(true, true) });
  const again = await project.expect(0, ['features', 'materialize']);
  assert.match(again.stdout, /latest values of rain-v1: version/);
  project.write({ 'rain.features.yaml': text(false, false) });
  await project.expect(0, ['features', 'materialize']);
  const none = await project.expect(1, get);
  assert.match(none.stderr, /No latest values are kept for rain-v1: all of its views say `online: false`/);
  const [folder] = readdirSync(path.join(project.root, '.modelyard/features/services'));
  assert.ok(
    !existsSync(path.join(project.root, '.modelyard/features/services', folder ?? '', 'current.json')),
  );
});

test('the reader in the documentation needs nothing but Python', async () => {
  const project = await make();
  const page = readFileSync('docs/how-to/train/features.md', 'utf8');
  const code = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  project.write({
    'online.py': code,
    'ask.py': [
      'import json, sys, glob',
      'from online import OnlineFeatures',
      "features = OnlineFeatures(glob.glob('.modelyard/features/services/*/*.jsonl')[0])",
      'print(json.dumps([features.get(now=1738627200, station=key) for key in sys.argv[1:]]))',
    ].join('\n'),
  });
  const said = execFileSync('python3', ['ask.py', '007', 'é"1', 'nowhere'], {
    cwd: project.root,
    encoding: 'utf8',
  });
  assert.deepEqual(JSON.parse(said), [
    { rain: 39, sky: 'rain' },
    { rain: 38, sky: 'sun' },
    { rain: null, sky: null },
  ]);
});

test('a profile, and how far two versions are from each other', async () => {
  const project = await make();
  const first = await project.expect(0, ['features', 'profile', 'weather']);
  assert.match(first.stdout, /weather 1: 400 rows, 2024-01-01 to 2025-02-03/);
  assert.match(first.stdout, /rain +DOUBLE +40 +0 +19 +19\.5 +39 +[▁-█]{15}/);
  assert.match(first.stdout, /sky +VARCHAR +2 +sun 67 %, rain 34 %/);
  project.write({ 'data/weather.csv': weather(20) });
  await project.expect(0, ['features', 'materialize']);
  const drifted = await project.expect(1, ['features', 'diff', 'weather@1', 'weather']);
  assert.match(drifted.stdout, /weather 2 beside weather 1: 1 feature drifted: rain/);
  assert.match(drifted.stdout, /rain +\d+\.\d+ +0\.500 .*PSI/);
  const same = await project.expect(0, ['features', 'diff', 'weather@1', '1']);
  assert.match(same.stdout, /no feature has drifted/);
  const gone = await project.expect(1, ['features', 'diff', 'weather', 'data/gone.csv']);
  assert.match(gone.stderr, /data\/gone\.csv can't be read: it does not exist\./);
  // A training set beside the version that it comes from, under the names that the view has.
  await project.expect(0, ['features', 'training-set', 'data/labels.csv', '--service', 'rain-v1', '--full-names', '-o', 'data/t.parquet']); // prettier-ignore
  const beside = await project.expect(0, [
    'features',
    'profile',
    'weather',
    '--against',
    'data/t.parquet',
    '--json',
  ]);
  const shown = JSON.parse(beside.stdout) as { against: string; drift: { features: { name: string }[] } };
  assert.equal(shown.against, 'data/t.parquet');
  assert.deepEqual(
    shown.drift.features.map(({ name }) => name),
    ['rain', 'sky'],
  );
  const unknown = await project.expect(1, ['features', 'profile', 'weather@9']);
  assert.match(unknown.stderr, /no version 9; there are: 2, 1/);
});
