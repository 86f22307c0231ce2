import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { OnlineReader } from '../../../server/features/online/read.js';
import { type OnlineSource, writeOnline } from '../../../server/features/online/write.js';
import { type Database, openDuckDb } from './duckdb.js';

const NOW = new Date('2024-03-10T12:00:00Z');

async function made(database: Database, views: readonly OnlineSource[]): Promise<OnlineReader> {
  const written = await writeOnline(database.engine, {
    service: 'rain-v1',
    views,
    folder: database.folder,
    now: NOW,
  });
  assert.ok(written.ok, written.ok ? '' : written.message);
  const opened = OnlineReader.open(written.file);
  assert.ok(opened.ok, opened.ok ? '' : opened.message);
  return opened.reader;
}

const WEATHER: OnlineSource = {
  view: 'weather',
  version: 'v1',
  relation: `(SELECT * FROM (VALUES
    ('seattle', TIMESTAMP '2024-03-08 00:00', TIMESTAMP '2024-03-08 01:00', 1.0::DOUBLE, TIMESTAMP '2024-01-01'),
    ('seattle', TIMESTAMP '2024-03-09 00:00', TIMESTAMP '2024-03-09 01:00', 2.0, TIMESTAMP '2024-01-02 03:04:05.5'),
    ('seattle', TIMESTAMP '2024-03-09 00:00', TIMESTAMP '2024-03-09 05:00', 3.0, TIMESTAMP '2024-01-02 03:04:05.5'),
    ('seattle', TIMESTAMP '2024-03-11 00:00', TIMESTAMP '2024-03-09 05:00', 99.0, NULL),
    ('oslo', TIMESTAMP '2024-03-01 00:00', NULL, 'nan', NULL),
    (NULL, TIMESTAMP '2024-03-01 00:00', NULL, 5, NULL)
  ) t(station, observed_at, loaded_at, rain, last))`,
  timestamp: 'observed_at',
  created: 'loaded_at',
  keys: [{ name: 'station', type: 'VARCHAR' }],
  ttl: 3 * 86_400,
  features: [
    { name: 'rain', type: 'DOUBLE' },
    { name: 'last', type: 'TIMESTAMP' },
  ],
};

test('the latest values, the one that was created last of those with the same time', async () => {
  const reader = await made(await openDuckDb(), [WEATHER]);
  assert.deepEqual(reader.get({ station: 'seattle' }, { at: NOW }), {
    ok: true,
    features: { rain: 3, last: '2024-01-02T03:04:05.500000Z' },
    views: [{ view: 'weather', status: 'present', timestamp: '2024-03-09T00:00:00.000Z' }],
  });
});

test('what is too old, or not there, has no values and says so', async () => {
  const reader = await made(await openDuckDb(), [WEATHER]);
  const status = (station: string, at: string): unknown[] => {
    const answer = reader.get({ station }, { at: new Date(at) });
    assert.ok(answer.ok);
    return [answer.views[0]?.status, answer.features['rain']];
  };
  assert.deepEqual(status('seattle', '2024-03-10T23:59:59Z'), ['present', 3]);
  // The row of the 11th was still to come when the file was made.
  assert.deepEqual(status('seattle', '2024-03-11T00:00:00Z'), ['present', 99]);
  assert.deepEqual(status('seattle', '2024-03-14T00:00:00Z'), ['present', 99]);
  assert.deepEqual(status('seattle', '2024-03-14T00:00:00.001Z'), ['outside-ttl', null]);
  assert.deepEqual(status('seattle', '2024-03-08T23:59:59Z'), ['not-known', null]);
  assert.deepEqual(status('oslo', '2024-03-02T00:00:00Z'), ['present', null]);
  assert.deepEqual(status('bergen', '2024-03-02T00:00:00Z'), ['not-found', null]);
});

test('a key that is missing or of another type is told', async () => {
  const reader = await made(await openDuckDb(), [{ ...WEATHER, keys: [{ name: 'station', type: 'BIGINT' }], relation: "(SELECT 9007199254740993 AS station, TIMESTAMP '2024-03-09' AS observed_at, NULL::TIMESTAMP AS loaded_at, 7.5::DOUBLE AS rain, NULL::TIMESTAMP AS last)" }]); // prettier-ignore
  const message = (keys: Record<string, string>): string => {
    const answer = reader.get(keys);
    return answer.ok ? '' : answer.message;
  };
  assert.match(message({}), /Say which station: the service rain-v1 has the keys station\./);
  assert.match(message({ station: 'x' }), /station is a number \(BIGINT\), not "x"/);
  const found = reader.get({ station: '9007199254740993' }, { at: NOW });
  assert.equal(found.ok && found.features['rain'], 7.5);
});

const STRANGE = ['a', 'a b', 'é', '日本', '"', '\\', '\\u001b', '\u001b', '\n', ']', ',', '', '\u{1f327}', 'a"],', 'z'.repeat(9000)]; // prettier-ignore

const CONTROLS = Array.from({ length: 32 }, (_, code) => `a${String.fromCharCode(code)}\\u001b"`);

test('the reader of the documentation finds every key, control characters included', async () => {
  const database = await openDuckDb();
  const file = path.join(database.folder, 'keys.jsonl');
  const keys = [...STRANGE, ...CONTROLS, '\u007f', '\u0085', '\u2028'];
  writeFileSync(file, keys.map((station, n) => JSON.stringify({ station, n })).join('\n'));
  const relation = `(SELECT station, n, TIMESTAMP '2024-03-09' AS t FROM read_json('${file}', format = 'newline_delimited', columns = {station: 'VARCHAR', n: 'BIGINT'}))`;
  const view = { ...WEATHER, relation, timestamp: 't', features: [{ name: 'n', type: 'BIGINT' }] };
  delete (view as { created?: string }).created;
  const reader = await made(database, [view]);
  for (const [n, station] of keys.entries()) {
    const answer = reader.get({ station }, { at: NOW });
    assert.ok(answer.ok && answer.features['n'] === n, JSON.stringify(station));
  }
  const code =
    /```python\n([\s\S]*?)```/.exec(readFileSync('docs/how-to/train/features.md', 'utf8'))?.[1] ?? '';
  writeFileSync(path.join(database.folder, 'online.py'), code);
  const ask = [
    'import json, sys',
    'from online import OnlineFeatures',
    `features = OnlineFeatures('online-${reader.header.version}.jsonl')`,
    `print(json.dumps([features.get(now=${NOW.getTime() / 1000}, station=key)["n"] for key in json.load(sys.stdin)]))`,
  ].join('\n');
  const input = JSON.stringify([...keys, 'nowhere']);
  const said = execFileSync('python3', ['-c', ask], { cwd: database.folder, encoding: 'utf8', input });
  assert.deepEqual(JSON.parse(said), [...keys.keys(), null]);
});

test('every one of many keys is found, whatever is in it, in several views', async () => {
  const database = await openDuckDb();
  const file = path.join(database.folder, 'keys.jsonl');
  const keys = [...STRANGE, ...Array.from({ length: 30_000 }, (_, index) => `key-${index * 7919}`)];
  writeFileSync(file, keys.map((key, n) => JSON.stringify({ key, n })).join('\n'));
  const relation = `(SELECT key, n % 3 AS part, n, TIMESTAMP '2024-03-09' AS t FROM read_json('${file}', format = 'newline_delimited', columns = {key: 'VARCHAR', n: 'BIGINT'}, maximum_object_size = 100000))`;
  const view = (name: string): OnlineSource => ({
    view: name,
    version: 'v1',
    relation,
    timestamp: 't',
    keys: [
      { name: 'key', type: 'VARCHAR' },
      { name: 'part', type: 'BIGINT' },
    ],
    ttl: null,
    features: [{ name: 'n', type: 'BIGINT' }],
  });
  const reader = await made(database, [view('b'), view('a-b'), view('a')]);
  for (const [n, key] of keys.entries()) {
    if (n > STRANGE.length && n % 97 !== 0) continue;
    const answer = reader.get({ key, part: n % 3 }, { at: NOW });
    assert.ok(answer.ok);
    assert.deepEqual(answer.features, { b__n: n, 'a-b__n': n, a__n: n }, JSON.stringify(key));
    const other = reader.get({ key, part: (n % 3) + 1 }, { at: NOW });
    assert.ok(other.ok && other.views.every(({ status }) => status === 'not-found'));
  }
});

test('the version follows from what is in the file, and the first line says it', async () => {
  const database = await openDuckDb();
  const [one, other] = [
    await made(database, [WEATHER]),
    await made(database, [{ ...WEATHER, version: 'v2' }]),
  ];
  assert.notEqual(one.header.version, other.header.version);
  assert.equal((await made(database, [WEATHER])).header.version, one.header.version);
  const opened = OnlineReader.open(path.join(database.folder, 'nothing'));
  assert.ok(!opened.ok);
  assert.match(opened.message, /nothing/);
  const wrong = path.join(database.folder, 'wrong.jsonl');
  writeFileSync(wrong, '{"k":1}\n');
  assert.match(JSON.stringify(OnlineReader.open(wrong)), /no file of a feature service/);
  assert.ok(
    readFileSync(path.join(database.folder, `online-${one.header.version}.jsonl`), 'utf8').endsWith('\n'),
  );
});

test('a view without keys has one row', async () => {
  const reader = await made(await openDuckDb(), [{ ...WEATHER, keys: [] }]);
  const answer = reader.get({}, { at: NOW });
  assert.equal(answer.ok && answer.features['rain'], 3);
});
