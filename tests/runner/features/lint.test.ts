/** `modelyard lint` asks the data of feature views as the editor does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { builtCli, TestProject } from '../../support/cli.js';

const features = (transform: string, more = '') => `entities:
  station: { keys: [station] }
views:
  weather:
    entity: station
    source: { path: data/*.csv, timestamp: at }
    transform: ${transform}
    features: { rain: { type: double, expect: { max: 3 } }${more} }
`;
const DATA = { 'data/weather.csv': 'station,at,rain\na,2024-01-01,1\nb,2024-01-01,2.5\n' };

/** Findings from the level of warnings on, as `rule line: message`. */
function findings(stdout: string): string[] {
  const linted = JSON.parse(stdout) as {
    findings: readonly { rule: string; line: number; message: string; severity: string }[];
  };
  return linted.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ rule, line, message }) => `${rule} ${line}: ${message}`);
}

test('columns, types, SQL and expectations', async () => {
  const project = await TestProject.make({ 'a.features.yaml': features('select * from source'), ...DATA });
  const check = async (code: number, expected: readonly (string | RegExp)[], ...args: string[]) => {
    const found = findings((await project.expect(code, ['lint', '--json', ...args])).stdout);
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [at, one] of expected.entries()) {
      if (typeof one === 'string') assert.equal(found[at], one);
      else assert.match(found[at] ?? '', one);
    }
  };
  await check(0, []);
  project.write({ 'a.features.yaml': features('select *, rain > 2 as wet from source', ', wet: integer') });
  await check(1, ['feature/type 8: "wet" is declared as integer, and its column is BOOLEAN.']);
  project.write({ 'a.features.yaml': features('select *, rian > 2 as wet from source', ', wet: boolean') });
  await check(1, [/^feature\/sql 7: .*rian/]);
  project.write({ 'a.features.yaml': features('select * from source', ', snow: double') });
  await check(1, [/^feature\/unknown-column 8: There is no column "snow"/]);
  // Only what was asked for is looked at, and with no data nothing is said of it.
  project.write({ 'p.pipeline.yaml': 'tasks:\n  a: { run: echo }\n' });
  await check(0, [], 'p.pipeline.yaml');
  project.remove('data');
  await check(0, ['path/missing-input 6: "data/*.csv" matches no file, and no task makes one.']);

  project.write({ 'a.features.yaml': features('select * from source'), ...DATA });
  project.write({ 'data/more.csv': 'station,at,rain\na,2024-01-02,9\n' });
  await project.expect(1, ['features', 'materialize']);
  await check(0, [/^feature\/expectation 8: Does not hold: rain is at most 3/]);
});

test('lint and the run say the same of columns that differ by case, and of times far in the future', async (t) => {
  const source = features('select * from source').replace(/ {4}transform.*\n/, '');
  const project = await TestProject.make({
    'a.features.yaml': source,
    'data/w.csv': 'Station,at,RAIN\na,2024-01-01,1\n',
  });
  t.after(() => project.remove(''));
  assert.deepEqual(findings((await project.expect(1, ['lint', '--json'])).stdout), [
    'feature/unknown-column 5: There is no column "station", a key of the entity "station", in data/*.csv. Did you mean "Station"?',
    'feature/unknown-column 7: There is no column "rain" in data/*.csv. Did you mean "RAIN"?',
  ]);
  const refused = await project.expect(1, ['features', 'materialize']);
  assert.match(refused.stderr + refused.stdout, /no column "station".*Did you mean "Station"/);

  project.write({ 'data/w.csv': 'station,at,rain\na,9999-12-31,1\n' });
  const odd = JSON.parse((await project.expect(0, ['lint', '--json'])).stdout) as {
    findings: readonly { severity: string; message: string }[];
  };
  assert.deepEqual(
    odd.findings.filter(({ severity }) => severity !== 'info').map((one) => `${one.severity} ${one.message}`),
    [
      'warning The latest at is 9999-12-31, more than 10 years from now: a number of milliseconds that was taken for seconds gives such times.',
    ],
  );
  const made = await project.expect(0, ['features', 'materialize']);
  assert.match(made.stderr + made.stdout, /the latest at is 9999-12-31, more than 10 years/);
});

test('labels of training sets', async () => {
  const text = (labels: string) =>
    `tasks:\n  join:\n    training-set: { labels: ${labels}, timestamp: day, features: [weather], output: t.csv }\n`;
  const project = await TestProject.make({
    'a.features.yaml': features('select * from source'),
    'p.pipeline.yaml': text('data/labels.csv'),
    ...DATA,
    'data/labels.csv': 'place,at\na,2024-01-01\n',
  });
  const check = async (labels: string) => {
    project.write({ 'p.pipeline.yaml': text(labels) });
    assert.deepEqual(findings((await project.expect(1, ['lint', '--json', 'p.pipeline.yaml'])).stdout), [
      `feature/unknown-column 3: There is no column "station", a key of the entity "station", in ${labels}.`,
      `feature/unknown-column 3: There is no column "day" in ${labels}. Expected one of place or at.`,
    ]);
  };
  await check('data/labels.csv');
  project.write({ 'data/labels.jsonl': '{"place":"a","at":"2024-01-01"}\n' });
  await check('data/labels.jsonl');
});

test('times of labels are looked at as those of sources', async (t) => {
  const iso = /is ".*", and not a time as 2024-12-31.*Say how times are written with `timestamp-format`/;
  const cases: readonly (readonly [
    label: string,
    settings: string,
    said: readonly RegExp[],
    transform?: string,
  ])[] = [
    ['a,2024-01-01', ', timestamp: day', []],
    ['a,\nb,', ', timestamp: day', [/^warning 2 of 2 labels have no day, and get no features\.$/]],
    ['a,2024-01-01\nb, ', ', timestamp: day', [/^warning 1 of 2 labels have no day/]],
    ['a,1704067200', ', timestamp: day', [/^error .*"day" is BIGINT, and not a moment.*counts seconds/]],
    ['a,1704067200000', ', timestamp: day', [/to_timestamp\(day \/ 1000\)/]],
    ['a,20240131', ', timestamp: day', [/say `timestamp-format: '%Y%m%d'`/]],
    ['a,01/13/2024', ', timestamp: day', [iso]],
    ['a,soon', ', timestamp: day', [iso]],
    ['a,12:30', ', timestamp: day', [/column "day" is TIME, and the time of labels is/]],
    ['a,3024-01-01', ', timestamp: day', [/^warning The latest day is 3024-01-01, more than 10 years/]],
    ['a,12', '', [/has no column of timestamps or dates.*Say which one is the time of its labels/]],
    ['a,1704067200', ', timestamp: day', [], 'select station, to_timestamp(day) as day from source'],
    ['a,1', ', timestamp: day', [/Referenced column "dy" not found/], 'select station, dy from source'],
  ];
  const source = features('select * from source');
  const project = await TestProject.make({
    'a.features.yaml': source,
    ...DATA,
    ...Object.fromEntries(cases.map(([label], at) => [`labels/${at}.csv`, `station,day\n${label}\n`])),
    'p.pipeline.yaml': `tasks:\n${cases
      .map(([, settings, , transform], at) => {
        const labels =
          transform === undefined
            ? `labels/${at}.csv`
            : `{ path: labels/${at}.csv, transform: '${transform}' }`;
        return `  t${at}: { training-set: { labels: ${labels}${settings}, features: [weather], output: ${at}.csv } }\n`;
      })
      .join('')}`,
  });
  t.after(() => project.remove(''));
  const { findings: found } = JSON.parse((await project.expect(1, ['lint', '--json'])).stdout) as {
    findings: readonly { path: string; line: number; severity: string; message: string }[];
  };
  for (const [at, [label, , said]] of cases.entries()) {
    const here = found.filter(({ path: file, line }) => file === 'p.pipeline.yaml' && line === at + 2);
    const told = here.map(({ severity, message }) => `${severity} ${message}`);
    assert.equal(told.length, said.length, `${label}: ${told.join()}`);
    for (const [index, one] of said.entries()) assert.match(told[index] ?? '', one, label);
  }

  // What can't be materialized is said of a source, too.
  project.remove('p.pipeline.yaml');
  project.write({
    'a.features.yaml': source.replace(/ {4}transform.*\n/, ''),
    'data/weather.csv': 'station,at,rain\na,2024-01-01,1\nb,,2\n',
  });
  assert.deepEqual(findings((await project.expect(1, ['lint', '--json'])).stdout), [
    'feature/timestamp 6: The times can\'t be read as they are. 1 of 2 rows have no at. Leave them out in a transform: `select * from source where "at" is not null`.',
  ]);
  const refused = await project.expect(1, ['features', 'materialize']);
  assert.match(refused.stderr + refused.stdout, /1 of 2 rows have no at/);
});

test('without an engine for this machine only the header of a CSV is known', async () => {
  const from = path.dirname(await builtCli());
  const alone = mkdtempSync(path.join(os.tmpdir(), 'modelyard-alone-'));
  for (const name of readdirSync(from)) {
    if (name !== 'features.js') copyFileSync(path.join(from, name), path.join(alone, name));
  }
  const text = features('select rian from source', ', snow: integer');
  const project = await TestProject.make({ 'a.features.yaml': text, ...DATA });
  const check = (expected: readonly RegExp[]): void => {
    const args = [path.join(alone, 'cli.js'), 'lint', '--json'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: project.root, encoding: 'utf8' });
    assert.equal(stderr, '');
    const found = findings(stdout);
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [at, one] of expected.entries()) assert.match(found[at] ?? '', one);
  };
  check([]);
  const plain = features('').replace(/.*transform:.*\n/, '');
  project.write({ 'a.features.yaml': plain.replace('timestamp: at', 'timestamp: att') });
  check([/^feature\/unknown-column 6: There is no column "att"/]);
  rmSync(alone, { recursive: true });
});
