import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {
  type TrainingSet,
  type TrainingSetRequest,
  type TrainingSetResult,
  type WantedView,
  makeTrainingSet,
  trainingSetStatistics,
} from '../../../server/features/training/training-set.js';
import { type Database, openDuckDb } from './duckdb.js';

/** The text of a CSV as the labels of a request. */
async function labels(
  database: Database,
  text: string,
  timestamp?: string,
): Promise<TrainingSetRequest['labels']> {
  const file = path.join(database.folder, 'labels.csv');
  writeFileSync(file, text);
  const relation = `read_csv('${file}')`;
  return {
    path: 'data/labels.csv',
    relation,
    columns: await database.columns(relation),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

async function view(
  database: Database,
  name: string,
  select: string,
  more: Partial<WantedView> & Pick<WantedView, 'features'>,
): Promise<WantedView> {
  const file = path.join(database.folder, `${name}.parquet`);
  await database.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
  const relation = `read_parquet('${file}')`;
  const columns = await database.columns(relation);
  return { name, relation, columns, keys: ['station'], timestamp: 'observed_at', ...more };
}

const STATIONS = `SELECT * FROM (VALUES
  ('seattle', TIMESTAMP '2024-03-09 12:00', 1.5, TIMESTAMP '2024-03-09 13:00'),
  ('seattle', TIMESTAMP '2024-03-10 10:00', 2.5, TIMESTAMP '2024-03-10 10:05'),
  ('seattle', TIMESTAMP '2024-03-10 10:00', 9.0, TIMESTAMP '2024-03-12 00:00')
) t(station, observed_at, rain, loaded_at)`;

function csv(database: Database, made: TrainingSetResult): string[] {
  assert.ok(made.ok, made.ok ? '' : made.message);
  return readFileSync(path.join(database.folder, 'out.csv'), 'utf8').trim().split('\n');
}

const rain = { features: [{ column: 'rain', as: 'rain' }] };

test('label columns, their order and the order of the rows stay; what has no match is empty', async () => {
  const database = await openDuckDb();
  const made = await makeTrainingSet(database.engine, {
    labels: await labels(
      database,
      'wet,station,observed_at,note\n1,seattle,2024-03-11 00:00:00,"b, c"\n0,oslo,2024-03-11 00:00:00,a\n0,seattle,2024-03-09 11:59:59,\n1,,2024-03-11 00:00:00,d\n0,seattle,,e\n',
    ),
    views: [await view(database, 'weather', STATIONS, { ...rain, created: 'loaded_at' })],
    cutoff: true,
    output: path.join(database.folder, 'out.csv'),
    format: 'csv',
  });
  assert.deepEqual(csv(database, made), [
    'wet,station,observed_at,note,rain',
    '1,seattle,2024-03-11 00:00:00,"b, c",2.5',
    '0,oslo,2024-03-11 00:00:00,a,',
    '0,seattle,2024-03-09 11:59:59,,',
    '1,,2024-03-11 00:00:00,d,',
    '0,seattle,,e,',
  ]);
  const { value } = made as { value: TrainingSet };
  assert.deepEqual([value.rows, value.labelColumns, value.timestamp], [5, 4, 'observed_at']);
  assert.deepEqual(value.columns.at(-1), { name: 'rain', type: 'DECIMAL(2,1)', nulls: 4 });
  const about = await trainingSetStatistics(database.engine, value);
  assert.ok(about.ok && about.value.features.length === 5 && about.value.rows === 5);
});

test('times of labels that are numbers are refused with the way to read them', async () => {
  const database = await openDuckDb();
  for (const [time, advice] of [
    [
      '1704067200',
      'By its size it counts seconds since 1970. Convert it in a transform, as `to_timestamp(at) as at`.',
    ],
    [
      '1704067200000',
      'By its size it counts milliseconds since 1970. Convert it in a transform, as `to_timestamp(at / 1000) as at`.',
    ],
    [
      '1704067200.5',
      'By its size it counts seconds since 1970. Convert it in a transform, as `to_timestamp(at) as at`.',
    ],
    ['20240131', "It looks like days written as 20240131: say `timestamp-format: '%Y%m%d'`."],
  ] as const) {
    const made = await makeTrainingSet(database.engine, {
      labels: { ...(await labels(database, `station,at\nseattle,${time}\n`)), timestamp: 'at' },
      views: [await view(database, 'weather', STATIONS, rain)],
      cutoff: true,
      output: path.join(database.folder, 'out.csv'),
      format: 'csv',
    });
    assert.ok(!made.ok);
    assert.ok(made.message.endsWith(`the time of labels is a timestamp or a date. ${advice}`), made.message);
  }
});

test('what was loaded late is left out by the cutoff, and only by it', async () => {
  const database = await openDuckDb();
  const request = {
    labels: await labels(
      database,
      'station,at\nseattle,2024-03-10 10:04:59\nseattle,2024-03-10 10:05:00\nseattle,2024-03-11\nseattle,2024-03-12\n',
    ),
    views: [await view(database, 'weather', STATIONS, { ...rain, created: 'loaded_at' })],
    output: path.join(database.folder, 'out.csv'),
    format: 'csv' as const,
  };
  const values = (made: TrainingSetResult): (string | undefined)[] =>
    csv(database, made)
      .slice(1)
      .map((line) => line.split(',').at(-1));
  assert.deepEqual(values(await makeTrainingSet(database.engine, { ...request, cutoff: true })), [
    '1.5',
    '2.5',
    '2.5',
    '9.0',
  ]);
  assert.deepEqual(values(await makeTrainingSet(database.engine, { ...request, cutoff: false })), [
    '9.0',
    '9.0',
    '9.0',
    '9.0',
  ]);
});

test('times with a zone are moments, those without are UTC, days begin at midnight UTC', async () => {
  // The night in which Los Angeles skips from 2:00 to 3:00: 01:59 is 09:59 UTC, 03:00 is 10:00 UTC.
  const cases: readonly (readonly [string, string])[] = [
    ['2024-03-10T01:59:59-08:00', '1.5'],
    ['2024-03-10T03:00:00-07:00', '2.5'],
    ['2024-03-10T10:59:59+01:00', '1.5'],
    ['2024-03-10T10:00:00Z', '2.5'],
    ['2024-03-10 10:00:00', '2.5'],
    ['2024-03-10', '1.5'],
  ];
  for (const [at, expected] of cases) {
    const database = await openDuckDb();
    const made = await makeTrainingSet(database.engine, {
      labels: await labels(database, `station,at\nseattle,${at}\n`),
      views: [await view(database, 'weather', `${STATIONS} WHERE rain < 9`, rain)],
      cutoff: false,
      output: path.join(database.folder, 'out.csv'),
      format: 'csv',
    });
    assert.equal(csv(database, made)[1]?.split(',').at(-1), expected, at);
  }
});

test('texts are read as moments where they are named as the time of the labels', async () => {
  const database = await openDuckDb();
  const made = await makeTrainingSet(database.engine, {
    labels: {
      path: 'labels.jsonl',
      relation: `(VALUES ('seattle', '2024-03-10T11:00:00+01:00')) l(station, "at")`,
      columns: [
        { name: 'station', type: 'VARCHAR' },
        { name: 'at', type: 'VARCHAR' },
      ],
      timestamp: 'at',
    },
    views: [await view(database, 'weather', STATIONS, { ...rain, created: 'loaded_at' })],
    cutoff: false,
    output: path.join(database.folder, 'out.csv'),
    format: 'csv',
  });
  assert.equal(csv(database, made)[1], 'seattle,2024-03-10T11:00:00+01:00,9.0');
  assert.ok(made.ok);
  const statistics = await trainingSetStatistics(database.engine, made.value);
  assert.ok(statistics.ok, statistics.ok ? '' : statistics.error.message);
  assert.equal(statistics.value.time?.from, '2024-03-10T10:00:00.000Z');
});

test('several views with keys of their own, of other types, and a ttl', async () => {
  const database = await openDuckDb();
  const users = await view(
    database,
    'users',
    "SELECT 7 AS user_id, TIMESTAMP '2024-03-01' AS since, 'gold' AS tier, 3 AS rain",
    {
      keys: ['user_id'],
      timestamp: 'since',
      ttlMs: 9 * 86_400_000,
      features: [
        { column: 'tier', as: 'users__tier' },
        { column: 'rain', as: 'users__rain' },
      ],
    },
  );
  const weather = await view(database, 'weather', STATIONS, {
    created: 'loaded_at',
    features: [{ column: 'rain', as: 'weather__rain' }],
  });
  const made = await makeTrainingSet(database.engine, {
    labels: await labels(
      database,
      'at,station,user_id\n2024-03-10,seattle,7\n2024-03-11,seattle,7\n2024-03-09,seattle,x\n',
    ),
    views: [users, weather],
    cutoff: true,
    output: path.join(database.folder, 'out.csv'),
    format: 'csv',
  });
  assert.deepEqual(csv(database, made), [
    'at,station,user_id,users__tier,users__rain,weather__rain',
    '2024-03-10,seattle,7,gold,3,1.5',
    '2024-03-11,seattle,7,,,2.5',
    '2024-03-09,seattle,x,,,',
  ]);
});

test('what can’t be meant is told with the way out', async () => {
  const database = await openDuckDb();
  const weather = await view(database, 'weather', STATIONS, rain);
  const check = async (
    text: string,
    expected: RegExp,
    more: { timestamp?: string; views?: WantedView[] } = {},
  ): Promise<void> => {
    const made = await makeTrainingSet(database.engine, {
      labels: await labels(database, text, more.timestamp),
      views: more.views ?? [weather],
      cutoff: true,
      output: path.join(database.folder, 'out.csv'),
      format: 'csv',
    });
    assert.ok(!made.ok);
    assert.match(made.message, expected);
  };
  await check(
    'station,y\nseattle,1\n',
    /data\/labels\.csv has no column of timestamps.*station \(VARCHAR\).*`timestamp`/,
  );
  await check('station,a,b\ns,2024-01-01,2024-01-02\n', /several columns of timestamps or dates: a, b/);
  await check('station,a\ns,2024-01-01\n', /has no column "when".*it has: station, a/, { timestamp: 'when' });
  await check('station,a,n\ns,2024-01-01,1\n', /"n" is BIGINT/, { timestamp: 'n' });
  await check(
    'town,a\ns,2024-01-01\n',
    /has no column "station", which is the key of view weather; it has: town, a/,
  );
  await check('station,a,rain\ns,2024-01-01,1\n', /weather:rain would be called "rain".*full-names: true/);
  await check('station,a\ns,2024-01-01\n', /so would a feature of view weather/, {
    views: [weather, weather],
  });
  await check('station,a\ns,soon\n', /data\/labels\.csv can't be read: .*soon/, { timestamp: 'a' });
});

test('identical bytes for identical inputs, at any number of threads, as CSV and Parquet', async () => {
  const hashes = { csv: new Set<string>(), parquet: new Set<string>() };
  for (const threads of [1, 2, 4]) {
    const database = await openDuckDb({ threads });
    const at = (i: string, span: number): string =>
      `make_timestamp((1700000000 + (hash(${i}) % ${span}))::BIGINT * 1000000)`;
    const weather = await view(
      database,
      'weather',
      // Few moments, so that ties and late corrections come up in masses.
      `SELECT (hash(i) % 300)::INTEGER AS station, ${at('i + 1', 3000)} AS observed_at, ${at('i + 2', 4000)} AS loaded_at, (hash(i + 3) % 1000) / 7.0 AS rain FROM range(60000) r(i) ORDER BY ALL`,
      { ...rain, created: 'loaded_at', ttlMs: 60_000 },
    );
    const file = path.join(database.folder, 'labels.parquet');
    await database.run(
      `COPY (SELECT i AS id, (hash(i + 9) % 310)::INTEGER AS station, ${at('i + 8', 4000)} AS at FROM range(150000) r(i) ORDER BY hash(i)) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 20480)`,
    );
    const relation = `read_parquet('${file}')`;
    for (const format of ['csv', 'parquet'] as const) {
      const output = path.join(database.folder, `out.${format}`);
      const made = await makeTrainingSet(database.engine, {
        labels: { path: 'labels.parquet', relation, columns: await database.columns(relation) },
        views: [weather],
        cutoff: true,
        output,
        format,
      });
      assert.ok(made.ok, made.ok ? '' : made.message);
      hashes[format].add(createHash('sha256').update(readFileSync(output)).digest('hex'));
      const [order] = await database.rows(
        `SELECT count(*) AS n FROM (SELECT id, row_number() OVER () AS a FROM '${output}') x JOIN (SELECT id, row_number() OVER () AS b FROM ${relation}) y USING (id) WHERE a <> b`,
      );
      assert.equal(order?.['n'], 0, 'rows are in the order of the labels');
    }
  }
  assert.deepEqual([hashes.csv.size, hashes.parquet.size], [1, 1]);
});
