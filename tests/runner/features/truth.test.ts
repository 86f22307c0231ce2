/** What the feature store says of odd data, through the command line: it is true, or it is refused in words. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

/** One view `v` over `data/v.csv` with one feature `x`, and a service `s` of it. */
function definition(more: { entity?: string; view?: string; features?: string } = {}): string {
  return [
    `entities: { e: { keys: [id]${more.entity ?? ''} } }`,
    `views: { v: { entity: e, source: { path: data/v.csv, timestamp: ts }${more.view ?? ''}, features: ${more.features ?? '{ x: double }'} } }`,
    'services: { s: [v] }',
    '',
  ].join('\n');
}

async function project(
  rows: string,
  more: { entity?: string; view?: string; features?: string } = {},
): Promise<TestProject> {
  return TestProject.make({
    'f.features.yaml': definition(more),
    'data/v.csv': rows,
  });
}

const JOIN = ['features', 'training-set', 'data/l.csv', '--service', 's', '-o', 'o.csv'];

async function joined(made: TestProject, labels: string): Promise<{ lines: string[]; stderr: string }> {
  made.write({ 'data/l.csv': labels });
  const { stderr } = await made.expect(0, JOIN);
  return { lines: made.read('o.csv').trim().split('\n'), stderr };
}

interface Got {
  readonly features: Readonly<Record<string, unknown>>;
  readonly views: readonly { readonly status: string }[];
}

async function got(made: TestProject, code: number, ...args: string[]): Promise<Got & { text: string }> {
  const { stdout } = await made.expect(code, ['features', 'get', 's', ...args, '--json']);
  return { ...(JSON.parse(stdout) as Got), text: stdout };
}

test('labels without a time get nothing, however many labels there are, and their number is said', async () => {
  const made = await project('id,ts,x\na,2024-01-01,1\na,2024-03-01,2\n');
  await made.expect(0, ['features', 'materialize']);
  for (const count of [2, 64, 100]) {
    const others = Array.from({ length: count }, (_, at) => `a,2024-0${(at % 4) + 1}-01,${at}\n`);
    const { lines, stderr } = await joined(made, `id,ts,y\na,,0\n${others.join('')}`);
    assert.equal(lines[1], 'a,,0,', `${count} labels`);
    assert.match(stderr, new RegExp(`1 of ${count + 1} labels have no time and get no features`));
  }
});

test('keys are compared as the entity has them, and it is said when none matches', async () => {
  const made = await project('id,ts,x\n00123,2024-01-01,10\n', { entity: ', type: integer' });
  await made.expect(0, ['features', 'materialize']);
  const { lines } = await joined(
    made,
    'id,ts\n00123,2024-01-03\n 123,2024-01-03\n1.5,2024-01-03\nx,2024-01-03\n',
  );
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(',').at(-1)),
    ['10.0', '10.0', '', ''],
  );
  const none = await joined(made, 'id,ts\n7,2024-01-03\n8,2024-01-03\n');
  assert.match(
    none.stderr,
    /None of 2 labels gets a value of view v: 0 have a key \(id\) that it knows; the labels have keys such as "7", and the view such as "123"/,
  );
  const early = await joined(made, 'id,ts\n123,2023-01-03\n');
  assert.match(early.stderr, /None of 1 label gets a value of view v: 1 have a key \(id\) that it knows/);
});

test('whole keys that came as fractions are found offline and online', async () => {
  for (const type of ['', ', type: long', ', type: string']) {
    const made = await project('id,ts,x\n1.0,2024-01-01,1\n2.0,2024-01-01,2\n', { entity: type });
    await made.expect(0, ['features', 'materialize']);
    const { lines } = await joined(made, 'id,ts\n1,2024-01-03\n');
    // A text is a text: a CSV that says 1.0 for a key of type string means just that.
    if (type !== ', type: string') {
      assert.equal(lines[1]?.split(',').at(-1), '1.0', type);
      assert.equal((await got(made, 0, 'id=1')).features['x'], 1, type);
      assert.equal((await got(made, 0, 'id=1.0')).features['x'], 1, type);
    } else assert.equal((await got(made, 0, 'id=1.0')).features['x'], 1);
  }
  const half = await project('id,ts,x\n1.5,2024-01-01,1\n', { entity: ', type: long' });
  const { stderr } = await half.expect(1, ['features', 'materialize']);
  assert.match(stderr, /the key id is declared long, and a value of it is no whole number: 1\.5/);
});

test('names that differ only by case are refused, and no feature gets another name', async () => {
  const made = await project('id,ts,Rain\na,2024-01-01,1\n', { features: '{ Rain: double }' });
  await made.expect(0, ['features', 'materialize']);
  made.write({ 'data/l.csv': 'id,ts,rain\na,2024-01-03,5\n' });
  const { stderr } = await made.expect(1, JOIN);
  assert.match(
    stderr,
    /Feature v:Rain would be called "Rain", and data\/l\.csv has a column "rain"\. .*full-names/,
  );
});

test('NaN and infinite values are missing ones for expectations, statistics and latest values', async () => {
  const rows = 'id,ts,x\na,2024-01-01,1\nb,2024-01-01,NaN\nc,2024-01-01,inf\n';
  for (const expect of ['not-null: true', 'min: 0', 'max: 9']) {
    const made = await project(rows, { features: `{ x: { type: double, expect: { ${expect} } } }` });
    const { stderr } = await made.expect(1, ['features', 'materialize']);
    assert.match(stderr, /2 of 3 rows break it/, expect);
  }
  const made = await project(rows, { features: '{ x: { type: double, expect: { unique: true } } }' });
  await made.expect(0, ['features', 'materialize']);
  assert.equal((await got(made, 0, 'id=b')).features['x'], null);
});

test('whole numbers beyond 2^53 keep their digits', async () => {
  const big = ['9007199254740993', '-9223372036854775808', '9223372036854775807'];
  const rows = big.map((value, at) => `${at},2024-01-01,${value}\n`).join('');
  const made = await project(`id,ts,x\n${rows}`, { features: '{ x: long }' });
  await made.expect(0, ['features', 'materialize']);
  for (const [at, value] of big.entries()) {
    const found = await got(made, 0, `id=${at}`);
    assert.ok(found.text.includes(`"x":${value}`), found.text);
    const { stdout } = await made.expect(0, ['features', 'get', 's', `id=${at}`]);
    assert.match(stdout, new RegExp(`x +${value}`));
  }
});

test('an absurd value does not keep a view from being made', async () => {
  for (const value of ['1e200', '1.797e308', '-1.797e308', '1e-320']) {
    const rows = Array.from({ length: 299 }, (_, at) => `${at},2024-01-01,${at}\n`).join('');
    const made = await project(`id,ts,x\n${rows}x,2024-01-01,${value}\n`, { entity: ', type: string' });
    await made.expect(0, ['features', 'materialize']);
    await made.expect(0, ['features', 'profile', 'v']);
  }
});

test('rows whose time is still to come are the latest when it has come, for Python too', async () => {
  const now = Date.now();
  const at = (ms: number): string => new Date(now + ms).toISOString();
  const made = await project(
    `id,ts,x\na,${at(-3_600_000)},1\na,${at(60_000)},2\na,${at(120_000)},3\nb,${at(60_000)},9\n`,
  );
  await made.expect(0, ['features', 'materialize']);
  const ask = async (id: string, ms: number): Promise<unknown[]> => {
    const code = id === 'b' && ms < 60_000 ? 1 : ms < -3_600_000 ? 1 : 0;
    const found = await got(made, code, `id=${id}`, '--at', at(ms));
    return [found.features['x'], found.views[0]?.status];
  };
  assert.deepEqual(await ask('a', 0), [1, 'present']);
  assert.deepEqual(await ask('a', 60_000), [2, 'present']);
  assert.deepEqual(await ask('a', 999_000), [3, 'present']);
  assert.deepEqual(await ask('b', 0), [null, 'not-found']);
  assert.deepEqual(await ask('b', 60_000), [9, 'present']);
  // What was the latest before is not kept: it is not answered with what came later.
  assert.deepEqual(await ask('a', -7_200_000), [null, 'not-known']);
  const folder = made.path('.modelyard/features/services/s');
  const file = readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? '';
  const code =
    /```python\n([\s\S]*?)```/.exec(readFileSync('docs/how-to/train/features.md', 'utf8'))?.[1] ?? '';
  writeFileSync(path.join(folder, 'online.py'), code);
  const script = `import json, online\nf = online.OnlineFeatures(${JSON.stringify(file)})\nprint(json.dumps([[f.get(now=${now / 1000} + s, id=k)["x"] for s in (-7200, 0, 60, 999)] for k in "ab"]))`;
  const said = execFileSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual(JSON.parse(said), [
    [null, 1, 2, 3],
    [null, null, 9, 9],
  ]);
});

test('two views with a feature of one name are told apart by Python as by the command line', async () => {
  const made = await project('id,ts,x\na,2024-01-01,1\n');
  made.write({
    'f.features.yaml': definition()
      .replace('services: { s: [v] }', '')
      .replace(
        /views: \{ (v: .*) \}\n/,
        (_, v: string) =>
          `views: { ${v}, ${v.replace('v:', 'w:').replace('v.csv', 'w.csv')} }\nservices: { s: [v, w] }\n`,
      ),
    'data/w.csv': 'id,ts,x\na,2024-01-01,2\n',
  });
  await made.expect(0, ['features', 'materialize']);
  const wanted = { v__x: 1, w__x: 2 };
  assert.deepEqual((await got(made, 0, 'id=a')).features, wanted);
  const folder = made.path('.modelyard/features/services/s');
  const file = readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? '';
  const code =
    /```python\n([\s\S]*?)```/.exec(readFileSync('docs/how-to/train/features.md', 'utf8'))?.[1] ?? '';
  writeFileSync(path.join(folder, 'online.py'), code);
  const script = `import json, online\nprint(json.dumps(online.OnlineFeatures(${JSON.stringify(file)}).get(id="a")))`;
  assert.deepEqual(
    JSON.parse(execFileSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8' })),
    wanted,
  );
});

test('times that are numbers are refused with what they are likely to count', async () => {
  const advice: readonly (readonly [string, RegExp])[] = [
    ['1704067200', /counts seconds since 1970.*`to_timestamp\(ts\) as ts`/],
    ['1704067200000', /counts milliseconds since 1970.*`to_timestamp\(ts \/ 1000\) as ts`/],
    ['1704067200000000', /counts microseconds.*`to_timestamp\(ts \/ 1000000\) as ts`/],
    ['1704067200000000000', /counts nanoseconds.*`to_timestamp\(ts \/ 1000000000\) as ts`/],
    ['20240131', /timestamp-format: '%Y%m%d'/],
  ];
  for (const [ts, expected] of advice) {
    const made = await project(`id,ts,x\na,${ts},1\n`);
    const { stderr } = await made.expect(1, ['features', 'materialize']);
    assert.match(stderr, expected, ts);
  }
});
