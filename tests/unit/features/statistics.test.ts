import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { stepFor } from '../../../server/features/statistics/over-time.js';
import { tableDrift } from '../../../server/features/statistics/measure.js';
import { statistics } from '../../../server/features/statistics/statistics.js';
import { QUANTILES } from '../../../server/features/statistics/types.js';
import type { FeatureStatistics, Statistics } from '../../../server/features/statistics/types.js';
import { type Database, openDuckDb } from './duckdb.js';

async function look(
  database: Database,
  relation: string,
  timestamp?: string,
): Promise<{ found: Statistics; of: (name: string) => FeatureStatistics }> {
  const columns = await database.columns(relation);
  const result = await statistics(database.engine, {
    relation,
    columns,
    ...(timestamp === undefined ? {} : { timestamp }),
  });
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return {
    found: result.value,
    of: (name) => {
      const one = result.value.features.find((feature) => feature.name === name);
      assert.ok(one !== undefined);
      return one;
    },
  };
}

const WEATHER = path.resolve('examples/rain/data/seattle-weather.csv');

test('four years of weather', async () => {
  const database = await openDuckDb({ readable: [WEATHER] });
  const { found, of } = await look(database, `read_csv('${WEATHER}')`, 'date');
  const lines = readFileSync(WEATHER, 'utf8').trim().split('\n').slice(1);
  const rain = lines.map((line) => Number(line.split(',')[1])).sort((a, b) => a - b);
  const skies = lines.map((line) => line.split(',')[5] ?? '');
  const mean = rain.reduce((sum, value) => sum + value, 0) / rain.length;
  const std = Math.sqrt(rain.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rain.length - 1));
  const precipitation = of('precipitation');
  assert.deepEqual(
    [found.rows, precipitation.count, precipitation.nulls, precipitation.kind, precipitation.distinct],
    [1461, 1461, 0, 'number', new Set(rain).size],
  );
  const numbers = precipitation.numbers;
  assert.ok(numbers !== undefined);
  assert.deepEqual([numbers.min, numbers.max], [0, rain.at(-1)]);
  assert.ok(Math.abs(numbers.mean - mean) < 1e-9 && Math.abs(numbers.std - std) < 1e-9);
  for (const [at, name] of ['precipitation', 'temp_max', 'temp_min', 'wind'].entries()) {
    const sorted = lines.map((line) => Number(line.split(',')[at + 1])).sort((a, b) => a - b);
    const expected = QUANTILES.map((share) => sorted[Math.ceil(share * sorted.length) - 1]);
    assert.deepEqual(of(name).numbers?.quantiles, expected, name);
  }
  for (const { edges, counts } of [numbers.histogram, numbers.distribution]) {
    const expected = edges.map(
      (edge, index) =>
        rain.filter((value) => value <= edge && (index === 0 || value > (edges[index - 1] ?? 0))).length,
    );
    assert.deepEqual(counts, expected);
  }
  assert.equal(numbers.histogram.counts.length, 30);
  const weather = of('weather');
  assert.equal(weather.kind, 'category');
  assert.deepEqual(
    weather.categories?.top.map(({ value }) => value),
    ['rain', 'sun', 'fog', 'drizzle', 'snow'].sort((a, b) => skies.filter((sky) => sky === b).length - skies.filter((sky) => sky === a).length), // prettier-ignore
  );
  assert.equal(weather.categories.others, 0);
  assert.equal(found.time?.from, '2012-01-01T00:00:00.000Z');
  assert.equal(found.time.to, '2015-12-31T00:00:00.000Z');
  assert.equal(
    found.time.counts.reduce((sum, count) => sum + count, 0),
    1461,
  );
  assert.equal(of('temp_max').overTime?.means?.length, found.time.starts.length);
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found, 'plain JSON');
});

test('nothing, one value, infinity, texts of any length and types that have no order', async () => {
  const database = await openDuckDb();
  const rows = `(VALUES
    (1.5, 'infinity'::DOUBLE, NULL::INTEGER, [1, 2], true, repeat('é', 300), TIMESTAMP '2024-01-01', 7::HUGEINT),
    (1.5, 'nan'::DOUBLE, NULL, NULL, NULL, '', NULL, 7),
    (1.5, -0.0, NULL, [], false, '''; drop', TIMESTAMP 'infinity', 9)
  ) t(same, odd, "no""thing", many, flag, text, moment, huge)`;
  const { found, of } = await look(database, rows);
  assert.deepEqual(of('same').numbers?.histogram, { edges: [1.5], counts: [3] });
  assert.deepEqual(of('same').numbers?.std, 0);
  assert.deepEqual([of('odd').notFinite, of('odd').numbers?.max], [2, 0]);
  assert.deepEqual(
    [of('no"thing').nulls, of('no"thing').numbers, of('no"thing').distinct],
    [3, undefined, 0],
  );
  assert.deepEqual([of('many').kind, of('many').nulls, of('many').distinct], ['other', 1, undefined]);
  assert.deepEqual(of('flag').categories?.top, [
    { value: 'false', count: 1 },
    { value: 'true', count: 1 },
  ]);
  assert.deepEqual(
    of('text').categories?.top.map(({ value }) => value.length),
    [0, 7, 256],
  );
  assert.deepEqual([of('moment').notFinite, of('moment').numbers?.max], [1, Date.UTC(2024, 0, 1) / 1000]);
  assert.equal(of('huge').numbers?.max, 9);
  const empty = await look(database, "(SELECT 1.0 AS a, 'x' AS b, now() AS t WHERE false)", 't');
  assert.deepEqual([empty.found.rows, empty.found.time, empty.of('a').numbers], [0, undefined, undefined]);
  assert.deepEqual(empty.of('b').categories, { top: [], others: 0 });
  assert.equal(found.rows, 3);
});

test('the same data gives the same statistics at any number of threads', async () => {
  const sql = `SELECT (hash(i) % 1000000) / 7.0 AS a, sqrt(hash(i + 1) % 100000) AS b, 'c' || (hash(i + 2) % 400) AS c,
    make_timestamp((1600000000 + (hash(i + 3) % 40000000))::BIGINT * 1000000) AS t FROM range(210000) r(i) ORDER BY ALL`;
  const texts: string[] = [];
  for (const threads of [1, 2, 4]) {
    const database = await openDuckDb({ threads });
    const file = path.join(database.folder, 'data.parquet');
    await database.run(`COPY (${sql}) TO '${file}' (FORMAT parquet)`);
    texts.push(JSON.stringify((await look(database, `read_parquet('${file}')`, 't')).found));
  }
  assert.equal(texts[1], texts[0]);
  assert.equal(texts[2], texts[0]);
  const [a] = (JSON.parse(texts[0] ?? '') as Statistics).features;
  assert.equal(a?.approximate, true);
  assert.ok(Math.abs((a.distinct ?? 0) / 189_000 - 1) < 0.25, String(a.distinct));
  assert.equal(a.numbers?.distribution.edges.length, 101);
});

test('a table beside what was kept of another one', async () => {
  const database = await openDuckDb();
  await database.run(`CREATE TEMP TABLE before AS SELECT i % 100 AS moved, i % 50 AS stayed, 'c' || (i % 4) AS class,
    [i] AS list, i::VARCHAR AS retyped, 1 AS gone FROM range(5000) r(i)`);
  await database.run(`CREATE TEMP TABLE now AS SELECT 40 + i % 100 AS moved, i % 50 AS stayed,
    CASE WHEN i % 2 = 0 THEN 'new' ELSE 'c' || (i % 4) END AS class, [i] AS list, i AS retyped, 1 AS fresh FROM range(3000) r(i)`);
  const { found } = await look(database, 'before');
  const columns = await database.columns('now');
  const result = await tableDrift(database.engine, found, { relation: 'now', columns });
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  const by = new Map(result.value.features.map((feature) => [feature.name, feature]));
  assert.deepEqual([by.get('stayed')?.drifted, by.get('stayed')?.psi], [false, 0]);
  const moved = by.get('moved');
  assert.deepEqual([moved?.drifted, moved?.rows], [true, { reference: 5000, current: 3000 }]);
  assert.ok(Math.abs((moved?.ks?.statistic ?? 0) - 0.4) < 1e-9);
  const category = by.get('class');
  assert.equal(category?.drifted, true);
  assert.ok((category.chiSquare?.p ?? 1) < 1e-9 && (category.jensenShannon ?? 0) > 0.5);
  assert.deepEqual(result.value.notCompared, [
    { name: 'list', why: 'values of type BIGINT[] are not compared' },
    { name: 'retyped', why: 'its type was VARCHAR and is BIGINT' },
    { name: 'gone', why: 'it is not there any more' },
    { name: 'fresh', why: 'it is new' },
  ]);
});

test('values that are not compared can still go missing, and come back', async () => {
  const database = await openDuckDb();
  const table = (share: number): string =>
    `SELECT CASE WHEN i % 100 < ${share} THEN NULL ELSE DATE '2024-01-01' + i::INTEGER END AS day,
      CASE WHEN i % 100 < ${share} THEN NULL ELSE TIMESTAMP '2024-01-01' END AS at,
      CASE WHEN i % 100 < ${share} THEN NULL ELSE [i] END AS list FROM range(2000) r(i)`;
  for (const [before, now] of [
    [0, 100],
    [100, 0],
    [0, 0],
    [30, 35],
    [10, 60],
  ] as const) {
    await database.run(`CREATE OR REPLACE TEMP TABLE before AS ${table(before)}`);
    await database.run(`CREATE OR REPLACE TEMP TABLE now AS ${table(now)}`);
    const { found } = await look(database, 'before');
    const columns = await database.columns('now');
    const result = await tableDrift(database.engine, found, { relation: 'now', columns }, { rows: 'before' });
    assert.ok(result.ok, result.ok ? '' : result.error.message);
    const drifted = Math.abs(before - now) >= 10 ? ['day', 'at', 'list'] : [];
    assert.deepEqual(
      result.value.features.map(({ name, nulls, psi }) => [name, nulls, psi]),
      drifted.map((name) => [name, { reference: before / 100, current: now / 100 }, undefined]),
      `${before} → ${now}`,
    );
    assert.equal(result.value.notCompared.length, 3);
  }
});

test('steps of time are ones that people know, and few', () => {
  const day = 86_400;
  assert.equal(stepFor(0), 1);
  assert.equal(stepFor(3600), 300);
  assert.equal(stepFor(40 * day), day);
  assert.equal(stepFor(4 * 365 * day), 28 * day);
  for (const seconds of [1, 100, 1e5, 1e7, 1e9, 1e11]) assert.ok(seconds / stepFor(seconds) <= 60);
});
