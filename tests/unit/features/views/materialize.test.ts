import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { FeatureProject } from '../../../support/features.js';

const VIEW = `entities:
  station: { keys: [station_id], type: string }
views:
  weather:
    entity: station
    source: { path: data/weather.csv, timestamp: observed_at }
    features: { rain: double }
`;

const ROWS = `station_id,observed_at,rain
002,2024-01-02,1.5
001,2024-01-02,
001,2024-01-01,2
`;

test('a view becomes a sorted version with a manifest; unchanged, nothing is done', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW, 'data/weather.csv': ROWS });
  const first = await project.computed('weather');
  assert.equal(first.outcome, 'computed');
  const { columns, rows, range, sources, version } = first.manifest;
  assert.deepEqual(
    columns.map(({ name, type, role }) => `${role} ${name} ${type}`),
    ['key station_id VARCHAR', 'timestamp observed_at TIMESTAMP', 'feature rain DOUBLE'],
  );
  assert.deepEqual([rows, version, sources.map((one) => one.path)], [3, 1, ['data/weather.csv']]);
  assert.deepEqual(range, { from: '2024-01-01T00:00:00Z', to: '2024-01-02T00:00:00Z' });
  assert.deepEqual(await project.rows(t, 'weather'), [
    ['001', '2024-01-01T00:00:00Z', 2],
    ['001', '2024-01-02T00:00:00Z', null],
    ['002', '2024-01-02T00:00:00Z', 1.5],
  ]);
  const again = await project.computed('weather');
  assert.equal(again.outcome, 'up-to-date');
  // A description decides nothing; a type does.
  project.write({
    'f.features.yaml': VIEW.replace('rain: double', 'rain: { type: double, description: Rain. }'),
  });
  assert.equal((await project.computed('weather')).outcome, 'up-to-date');
  project.write({ 'f.features.yaml': VIEW.replace('rain: double', 'rain: float') });
  assert.equal((await project.computed('weather')).manifest.version, 2);
  assert.equal((await project.computed('weather', { full: true })).manifest.version, 3);
});

test('the same rows give the same bytes at any number of threads', async (t) => {
  const lines = Array.from(
    { length: 60_000 },
    (_, at) => `s${at % 17},2024-01-01 00:00:${at % 60},${at % 11}`,
  );
  const project = await FeatureProject.make(t, {
    'f.features.yaml': VIEW,
    'data/weather.csv': `station_id,observed_at,rain\n${lines.join('\n')}\n`,
  });
  const hashes = new Set<string>();
  for (const threads of [1, 2, 4]) {
    const { manifest } = await project.computed('weather', {
      full: true,
      engine: { threads, ...(await program()) },
    });
    assert.equal(manifest.rows, 60_000);
    hashes.add(manifest.hash);
  }
  assert.equal(hashes.size, 1);
});

async function program() {
  const { builtFeatures } = await import('../../../support/features.js');
  return { program: await builtFeatures() };
}

test('transforms are chained, fields are renamed, moments become UTC', async (t) => {
  const project = await FeatureProject.make(t, {
    'f.features.yaml': `entities:
  station: { keys: [station_id] }
views:
  weather:
    entity: station
    source:
      path: data/*.jsonl
      timestamp: at
      created: loaded
      field-mapping: { st: station_id, at: observed_at }
    transform:
      - select *, rain * 10 as tenths from source where rain is not null;
      - |
        select *, sum(tenths) over (partition by station_id order by observed_at rows 1 preceding) as two_days
        from source
    features: { two_days: double, wet: boolean, note: string }
`,
    'data/a.jsonl':
      '{"st": 1, "at": "2024-03-31T01:30:00+02:00", "loaded": "2024-04-01", "rain": 1, "wet": true, "note": "a"}\n',
    'data/b.jsonl':
      '{"st": 1, "at": "2024-03-31T03:30:00Z", "loaded": "2024-04-01", "rain": 2.5, "wet": false}\n{"st": 2, "at": "2024-03-31T00:00:00Z", "loaded": "2024-04-01"}\n',
  });
  const { manifest } = await project.computed('weather');
  assert.equal(manifest.rows, 2);
  assert.deepEqual(await project.rows(t, 'weather'), [
    [1, '2024-03-30T23:30:00Z', '2024-04-01T00:00:00Z', 10, true, 'a'],
    [1, '2024-03-31T03:30:00Z', '2024-04-01T00:00:00Z', 35, false, null],
  ]);
});

test('what is wrong is said with the file, the view and the way out, and the old version stays', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW, 'data/weather.csv': ROWS });
  await project.computed('weather');
  const check = async (files: Record<string, string | Uint8Array>, message: RegExp, view = 'weather') => {
    project.write({ 'f.features.yaml': VIEW, 'data/weather.csv': ROWS, ...files });
    const result = await project.refused(view);
    assert.match(result.message, message);
    assert.ok(!result.message.includes(project.root), `a path of this machine: ${result.message}`);
    const current = project.store.current('weather');
    assert.ok(current.state === 'ok' && current.value.version === 1);
  };
  const csv = (text: string | Uint8Array) => ({ 'data/weather.csv': text });
  const yaml = (from: string, to: string) => ({ 'f.features.yaml': VIEW.replace(from, to) });
  const head = 'station_id,observed_at,rain\n';
  await check({}, /no feature view "wether"\. Did you mean "weather"/, 'wether');
  await check(yaml('entity: station', 'entity: staton'), /no entity "staton"\. Did you mean "station"/);
  await check(
    yaml('data/weather.csv', 'data/none.csv'),
    /f\.features\.yaml: view weather: .*no data\/none\.csv/,
  );
  await check(yaml('data/weather.csv', 'data/*.parquet'), /matches no file/);
  await check(yaml('data/weather.csv', '../x.csv'), /leaves the project/);
  await check(
    yaml('rain: double', 'reign: double'),
    /no column "reign" for the feature\. Did you mean "rain"/,
  );
  await check(
    yaml('rain: double', 'rain: boolean'),
    /rain is declared boolean, and the data has .*rain <> 0/,
  );
  await check(
    yaml('timestamp: observed_at', 'timestamp: rain'),
    /rain is a key or a timestamp and can't be a feature/,
  );
  await check(
    yaml('features:', 'transform: select *, avrg(rain) as r from source\n    features:'),
    /weather, transform: .*avrg does not exist/,
  );
  await check(csv(''), /weather\.csv is empty/);
  await check(csv(`${head}1,2024-01-01\n`), /data\/weather\.csv, line 2: 2 fields, and the header has 3/);
  await check(csv(`${head}1,2024-01-01,1\n2,2024-01-02,1,5\n`), /weather\.csv, line 3: 4 fields/);
  await check(csv(`${head}1,2024-01-01,1\n2,2024-01-02,wet\n`), /weather\.csv, line 3: .*"wet"/);
  await check(csv(`${head}1,2024-01-01,"1\n2,2024-01-02,2\n`), /weather\.csv, line [23]: /);
  await check(
    csv(Buffer.from(`${head}caf\xe9,2024-01-01,1\n`, 'latin1')),
    /weather\.csv, line 2: .*not utf-8/,
  );
  await check(csv(Buffer.from(`\ufeff${head}`, 'utf16le')), /UTF-16.*UTF-8/);
  await check(csv(`${head}1,yesterday,1\n`), /observed_at .*"yesterday"/);
  await check(
    csv(`${head},2024-01-01,1\n1,,1\n`),
    /1 of 2 rows have no station_id.*station_id is not null and observed_at/,
  );
  const attempt = project.store.attempt('weather');
  assert.ok(
    attempt.state === 'ok' && !attempt.value.ok && attempt.value.message?.includes('no station_id') === true,
  );
});

test('odd CSV files that are right are read right', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW });
  const check = async (text: string | Uint8Array, expected: unknown[][]) => {
    project.write({ 'data/weather.csv': text });
    await project.computed('weather');
    assert.deepEqual(await project.rows(t, 'weather'), expected);
  };
  const at = '2024-01-01T00:00:00Z';
  await check('station_id,observed_at,rain\n', []);
  await check('station_id,observed_at,rain', []);
  await check('\ufeffstation_id,observed_at,rain\r\n007,2024-01-01,1\r\n', [['007', at, 1]]);
  await check('station_id;observed_at;rain\n"a;b";2024-01-01;1\n', [['a;b', at, 1]]);
  await check('"station_id","observed_at","rain"\n"say ""hi""\nthere",2024-01-01,1', [
    ['say "hi"\nthere', at, 1],
  ]);
  await check('station_id,observed_at,rain,\n#1,2024-01-01,1,x\n\n', [['#1', at, 1]]);
  await check('rain,extra,observed_at,station_id\n1,2,2024-01-01,x\n', [['x', at, 1]]);
  const wide = Array.from({ length: 10_000 }, (_, column) => `c${column}`);
  await check(
    `station_id,observed_at,rain,${wide.join(',')}\nx,2024-01-01,1,${wide.map((_, column) => column).join(',')}\n`,
    [['x', at, 1]],
  );
});

test('expectations are checked before a version is made; their outcomes are kept with sample rows', async (t) => {
  const yaml = (severity: string) => `entities:
  station: { keys: [station_id] }
views:
  weather:
    entity: station
    source: { path: data/weather.csv, timestamp: observed_at }
    expect: { row-count: { min: 2, max: 3 }, freshness: 3650000d, sql: "rain < 100 or rain is null", severity: ${severity} }
    features:
      rain: { type: double, expect: { not-null: true, min: 0, max: 50, unique: true, sql: "abs(rain) < 1000", severity: ${severity} } }
      kind: { type: string, expect: { one-of: [sun, rain], pattern: "^[a-z]+$", severity: ${severity} } }
`;
  const good = 'station_id,observed_at,rain,kind\n1,2024-01-01,1,sun\n1,2024-01-02,2,rain\n';
  const bad = `${good}1,2024-01-03,-1,Fog\n2,2024-01-03,2,\n2,2024-01-04,,sun\n`;
  const project = await FeatureProject.make(t, {
    'f.features.yaml': yaml('error'),
    'data/weather.csv': good,
  });
  const first = await project.computed('weather');
  assert.ok(first.expectations.length === 10 && first.expectations.every((one) => one.passed));
  project.write({ 'data/weather.csv': bad });
  const refused = await project.refused('weather');
  assert.equal(refused.kind, 'expectation');
  assert.match(refused.message, /expectations do not hold.*stays current/);
  const told = refused.expectations.filter((one) => !one.passed);
  assert.deepEqual(
    told.map((one) => [one.feature, one.expectation, one.failures, one.sample?.length]),
    [
      ['rain', 'not-null', 1, 1],
      ['rain', 'min', 1, 1],
      ['rain', 'unique', 1, 2],
      ['kind', 'one-of', 1, 1],
      ['kind', 'pattern', 1, 1],
      [undefined, 'row-count', undefined, undefined],
    ],
  );
  assert.deepEqual(told[1]?.sample, [{ station_id: 1, observed_at: '2024-01-03T00:00:00Z', rain: -1 }]);
  assert.equal(
    project.store.pointer('weather').state === 'ok' && project.store.versions('weather').length,
    1,
  );
  project.write({ 'f.features.yaml': yaml('warning') });
  const warned = await project.computed('weather');
  assert.equal(warned.manifest.version, 2);
  assert.equal(warned.expectations.filter((one) => !one.passed).length, 6);
  project.write({ 'f.features.yaml': yaml('error').replace('abs(rain) < 1000', 'read_text(rain)') });
  const broken = await project.refused('weather');
  assert.match(broken.message, /expectation `sql` of rain: /);
  project.write({ 'data/weather.csv': good, 'f.features.yaml': yaml('error').replace('3650000d', '1d') });
  const old = await project.refused('weather');
  assert.match(old.message, /newest row is not older than 1d.*2024-01-02/);
});

test('a range is computed anew, and the rest is kept', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW, 'data/weather.csv': ROWS });
  const only = await project.computed('weather', { from: '2024-01-02' });
  assert.deepEqual([only.manifest.rows, only.manifest.partial], [2, { from: '2024-01-02T00:00:00.000Z' }]);
  assert.equal((await project.computed('weather', { from: '2024-01-02' })).outcome, 'up-to-date');
  assert.equal((await project.computed('weather')).manifest.rows, 3);
  // Everything is computed, so a range of it is, too.
  assert.equal((await project.computed('weather', { from: '2024-01-02' })).outcome, 'up-to-date');
  project.write({
    'data/weather.csv': ROWS.replace('001,2024-01-01,2', '001,2024-01-01,7').replace('1.5', '8'),
  });
  await project.computed('weather', { to: '2024-01-02' });
  assert.deepEqual(
    (await project.rows(t, 'weather')).map((row) => row[2]),
    [7, null, 1.5],
  );
  assert.equal((await project.computed('weather')).outcome, 'computed');
  assert.deepEqual(
    (await project.rows(t, 'weather')).map((row) => row[2]),
    [7, null, 8],
  );
  assert.match((await project.refused('weather', { from: 'soon' })).message, /takes a day or a moment/);
  assert.match(
    (await project.refused('weather', { from: '2024-02-01', to: '2024-01-01' })).message,
    /is empty/,
  );
  project.write({ 'f.features.yaml': VIEW.replace('rain: double', 'rain: float') });
  assert.match((await project.refused('weather', { to: '2024-01-02' })).message, /definition has changed/);
});

test('old versions are kept while somebody needs them or they are young, and swept then', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW, 'data/weather.csv': ROWS });
  for (let at = 0; at < 4; at++) await project.computed('weather', { full: true });
  const { store } = project;
  assert.deepEqual(store.versions('weather'), [4, 3, 2, 1]);
  assert.deepEqual(store.sweep('weather'), []);
  store.pin('training-set:data/t.csv', [{ view: 'weather', version: 2 }]);
  const later = Date.now() + 8 * 24 * 60 * 60_000;
  assert.deepEqual(
    store.sweep('weather', later).map((one) => one.version),
    [3, 1],
  );
  store.pin('training-set:data/t.csv', []);
  assert.deepEqual(
    store.sweep('weather', later).map((one) => one.version),
    [2],
  );
  assert.deepEqual([store.versions('weather'), store.views()], [[4], ['weather']]);
  assert.deepEqual(readdirSync(store.temp), []);
});

test('a damaged store is found out and made again', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW, 'data/weather.csv': ROWS });
  await project.computed('weather');
  const { store } = project;
  const data = store.dataFile('weather', 1);
  const whole = readFileSync(data);
  project.write({ [data.slice(project.root.length + 1)]: whole.subarray(0, 20) });
  assert.equal((await project.computed('weather')).outcome, 'computed');
  project.write({ '.modelyard/features/views/weather/current.json': '{ not json' });
  const again = await project.computed('weather');
  assert.deepEqual([again.outcome, again.manifest.version], ['computed', 3]);
  assert.ok(existsSync(store.dataFile('weather', 3)));
});

test('cancelled, nothing is left behind and the old version stays', async (t) => {
  const project = await FeatureProject.make(t, { 'f.features.yaml': VIEW, 'data/weather.csv': ROWS });
  await project.computed('weather');
  const controller = new AbortController();
  const slow = VIEW.replace(
    'features:',
    'transform: select * from source where (select count(*) from range(100000000000)) > 0\n    features:',
  );
  project.write({ 'f.features.yaml': slow });
  const running = project.materialize('weather', {
    signal: controller.signal,
    log: (line) => {
      if (line.includes('reading')) setImmediate(() => controller.abort());
    },
  });
  const result = await running;
  assert.ok(!result.ok && result.kind === 'cancelled', JSON.stringify(result));
  const late = await project.materialize('weather', { timeoutMs: 1500 });
  assert.ok(!late.ok && late.kind === 'timeout', JSON.stringify(late));
  assert.equal(project.store.current('weather').state, 'ok');
  assert.deepEqual(readdirSync(project.store.temp), []);
});
