/** `modelyard features …` as people type it. */
import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const FEATURES = `entities:
  stock: { keys: [symbol] }
  place: { keys: [weather] }
views:
  stocks:
    entity: stock
    description: Prices by month.
    source: { path: data/stocks.csv, timestamp: at }
    transform: |
      select *, strptime(date, '%b %-d %Y') as at,
             avg(price) over (partition by symbol order by strptime(date, '%b %-d %Y') rows 3 preceding) as mean4
      from source
    features: { price: double, mean4: double }
  weather:
    entity: place
    source: { path: data/seattle-weather.csv, timestamp: date }
    features:
      precipitation: { type: double, expect: { min: 0.5, severity: warning } }
      temp_max: double
services:
  all: [stocks, "weather:temp_max"]
`;

async function project(): Promise<TestProject> {
  const made = await TestProject.make({ 'a.features.yaml': FEATURES });
  for (const file of ['stocks.csv', 'seattle-weather.csv'])
    cpSync(path.resolve('node_modules/vega-datasets/data', file), made.path('data', file), {
      recursive: true,
    });
  return made;
}

test('real files become versions; the second time nothing is done and DuckDB is not started', async () => {
  const made = await project();
  const before = await made.expect(0, ['features', 'list']);
  assert.match(before.stdout, /stocks +never computed\nweather +never computed/);
  const first = await made.expect(0, ['features', 'materialize']);
  assert.match(first.stdout, /✓ stocks was computed: version 1, 560 rows/);
  assert.match(first.stdout, /! precipitation is at least 0\.5 \(892 of 1461 rows break it\)/);
  const again = await made.expect(0, ['features', 'materialize', '--json']);
  const { views } = JSON.parse(again.stdout) as {
    views: { outcome: string; manifest: { version: number } }[];
  };
  assert.deepEqual(
    views.map(({ outcome, manifest }) => [outcome, manifest.version]),
    [
      ['up-to-date', 1],
      ['up-to-date', 1],
    ],
  );
  // Nothing is made there when there is nothing to do.
  made.remove('.modelyard/features/tmp');
  await made.expect(0, ['features', 'materialize', 'stocks']);
  assert.ok(!existsSync(made.path('.modelyard', 'features', 'tmp')));
  const { stdout } = await made.expect(0, ['features', 'list', '--json']);
  const listed = JSON.parse(stdout) as {
    views: { name: string; current: { rows: number; range: { to: string }; brokenExpectations: number } }[];
    services: { name: string; features: string[] }[];
  };
  assert.deepEqual(
    listed.views.map(({ name, current }) => [
      name,
      current.rows,
      current.range.to,
      current.brokenExpectations,
    ]),
    [
      ['stocks', 560, '2010-03-01T00:00:00Z', 0],
      ['weather', 1461, '2015-12-31T00:00:00Z', 1],
    ],
  );
  assert.deepEqual(listed.services, [
    { name: 'all', file: 'a.features.yaml', features: ['stocks', 'weather:temp_max'] },
  ]);
});

test('show, versions and preview tell of a view; what is wrong has its exit code', async () => {
  const made = await project();
  const never = await made.expect(0, ['features', 'show', 'stocks']);
  assert.match(never.stdout, /Prices by month\.\nNever computed\. `modelyard features materialize stocks`/);
  const preview = await made.expect(0, ['features', 'preview', 'stocks', '--limit', '2', '--json']);
  const { columns, rows, truncated } = JSON.parse(preview.stdout) as {
    columns: { name: string }[];
    rows: unknown[][];
    truncated: boolean;
  };
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['symbol', 'at', 'price', 'mean4'],
  );
  assert.deepEqual([rows.length, truncated], [2, true]);
  await made.expect(0, ['features', 'materialize', 'stocks']);
  await made.expect(0, ['features', 'materialize', 'stocks', '--full']);
  const versions = await made.expect(0, ['features', 'versions', 'stocks']);
  assert.match(versions.stdout, /^2 .* current\n1 .*560 rows/m);
  const shown = await made.expect(0, ['features', 'show', 'stocks']);
  assert.match(shown.stdout, /version 2 of .*560 rows[\s\S]*mean4 +DOUBLE +feature/);

  const unknown = await made.expect(2, ['features', 'show', 'stoks']);
  assert.match(unknown.stderr, /no feature view "stoks"\. Did you mean "stocks"/);
  await made.expect(2, ['features', 'materialize', 'stoks']);
  assert.match((await made.expect(2, ['features', 'lst'])).stderr, /did you mean "list"/);
  made.write({ 'a.features.yaml': FEATURES.replace('severity: warning', 'severity: error') });
  const broken = await made.expect(1, ['features', 'materialize', 'weather']);
  assert.match(broken.stderr, /precipitation is at least 0\.5" does not hold \(892 of 1461/);
  assert.match(broken.stderr, /"precipitation":0/);
  const failed = await made.expect(0, ['features', 'list']);
  assert.match(failed.stdout, /weather .*the last try failed/);
});
