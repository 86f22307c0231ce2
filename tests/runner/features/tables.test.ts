/** How data files are read: what is not plain is said, or refused with file, line, value and the way out. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { TestProject } from '../../support/cli.js';

const FEATURES = (source: string, more = ''): string =>
  `entities: { e: { keys: [id] } }\nviews: { v: { entity: e, source: { path: ${source}, timestamp: ts }${more}, features: { x: double } } }\nservices: { s: [v] }\n`;

async function project(source: string, data: Record<string, string>, more = ''): Promise<TestProject> {
  return TestProject.make({ 'f.features.yaml': FEATURES(source, more), ...data });
}

const JOIN = ['features', 'training-set', 'data/l.csv', '--service', 's', '-o', 'o.csv', '--timestamp', 'ts'];

test('times whose day and month can be taken for each other are refused, and read as they are said to be', async () => {
  const rows = 'id,ts,x\na,01/13/2024,1\na,02/01/2024,2\na,04/20/2024,99\n';
  const refused = await project('data/v.csv', { 'data/v.csv': rows });
  const { stderr } = await refused.expect(1, ['features', 'materialize']);
  assert.match(stderr, /data\/v\.csv, line 2: ts is "01\/13\/2024", and not a time as .*`timestamp-format`/);

  const made = await project(`data/v.csv, timestamp-format: '%m/%d/%Y'`, {
    'data/v.csv': rows,
    'data/l.csv': 'id,ts\na,02/05/2024\n',
  });
  await made.expect(0, ['features', 'materialize']);
  const unclear = await made.expect(1, JOIN);
  assert.match(unclear.stderr, /data\/l\.csv, line 2: ts is "02\/05\/2024", and not a time/);
  const unnamed = await made.expect(1, JOIN.slice(0, -2));
  assert.match(
    unnamed.stderr,
    /data\/l\.csv has no column of timestamps or dates.*`timestamp-format` how it is written/,
  );
  await made.expect(0, [...JOIN, '--timestamp-format', '%m/%d/%Y']);
  assert.match(made.read('o.csv'), /^id,ts,x\na,2024-02-05[^,]*,2\.0\n$/);
  const wrong = await made.expect(1, [...JOIN, '--timestamp-format', '%d/%m/%Y %H']);
  assert.match(
    wrong.stderr,
    /data\/l\.csv, line 2: ts is "02\/05\/2024", and `timestamp-format` says "%d\/%m\/%Y %H"/,
  );
});

test('no form of times is guessed at', async () => {
  const forms = ['13.01.2024', '01-13-2024', '13-01-24', '24-01-13', '13 Jan 2024', '01-13-2024 10:00:00 AM', '10:00 2024-01-13', '2024-W03-1', '20240113T101112']; // prettier-ignore
  for (const form of forms) {
    const csv = await project('data/v.csv', { 'data/v.csv': `id,ts,x\na,${form},1\n` });
    const { stderr } = await csv.expect(1, ['features', 'materialize']);
    assert.match(stderr, /timestamp-format/, form);
    const lines = await project('data/v.jsonl', {
      'data/v.jsonl': `{"id":"a","ts":"${form}","x":1}\n`,
    });
    await lines.expect(1, ['features', 'materialize']);
  }
  // The first file of two says nothing of how the second is written.
  const two = await project('data/v*.csv', {
    'data/v1.csv': 'id,ts,x\na,2024-01-13,1\n',
    'data/v2.csv': 'id,ts,x\na,02/05/2024,2\n',
  });
  assert.match(
    (await two.expect(1, ['features', 'materialize'])).stderr,
    /data\/v2\.csv, line 2: ts is "02\/05\/2024"/,
  );
  for (const form of [
    '2024-01-13',
    '2024-01-13T10:00',
    '2024-01-13 10:00:00.5+02:00',
    '2024/01/13',
    '2024-01-13T10:00:00Z',
  ]) {
    const iso = await project('data/v.csv', { 'data/v.csv': `id,ts,x\na,${form},1\n` });
    await iso.expect(0, ['features', 'materialize']);
  }
});

test('formats, with zones and over all files, are those of Python’s strptime', async () => {
  const forms: readonly (readonly [string, string, string])[] = [
    ['%d.%m.%Y %H:%M', '13.01.2024 10:30', '2024-01-13T10:30:00Z'],
    ['%d/%m/%y', '13/01/24', '2024-01-13T00:00:00Z'],
    ['%Y%m%d', '20240113', '2024-01-13T00:00:00Z'],
    ['%m-%d-%Y %I:%M:%S %p', '01-13-2024 10:00:00 PM', '2024-01-13T22:00:00Z'],
    ['%d.%m.%Y %H:%M %z', '13.01.2024 10:30 +02:00', '2024-01-13T08:30:00Z'],
    ['%d %b %Y', '13 Jan 2024', '2024-01-13T00:00:00Z'],
  ];
  for (const [format, text, moment] of forms) {
    for (const [file, data] of [
      ['data/v.csv', `id,ts,x\na,${text},1\n`],
      ['data/v.jsonl', `{"id":"a","ts":"${text}","x":1}\n`],
    ] as const) {
      const made = await project(`${file}, timestamp-format: '${format}'`, { [file]: data });
      await made.expect(0, ['features', 'materialize']);
      const { stdout } = await made.expect(0, ['features', 'get', 's', 'id=a', '--json']);
      const { views } = JSON.parse(stdout) as { views: readonly { timestamp: string }[] };
      assert.equal(Date.parse(views[0]?.timestamp ?? ''), Date.parse(moment), `${format} ${file}`);
    }
  }
});

test('a source says how its files are written', async () => {
  const rows = "id;ts;x\n'a;1';2024-01-13;1,5\nb;2024-01-13;NA\nc;2024-01-13;-\n";
  const made = await project(`data/v.csv, delimiter: ';', quote: "'", decimal: ',', null-values: [NA, '-']`, {
    'data/v.csv': rows,
  });
  await made.expect(0, ['features', 'materialize']);
  const x = async (id: string): Promise<unknown> => {
    const { stdout } = await made.expect(0, ['features', 'get', 's', `id=${id}`, '--json']);
    return (JSON.parse(stdout) as { features: { x: unknown } }).features.x;
  };
  assert.deepEqual([await x('a;1'), await x('b'), await x('c')], [1.5, null, null]);

  const bare = await project('data/v.csv, header: [id, ts, x]', { 'data/v.csv': 'a,2024-01-13,1\n' });
  await bare.expect(0, ['features', 'materialize']);
  const packed = await project('data/v.csv.gz', {});
  packed.write({ 'data/v.csv.gz': gzipSync('id;ts;x\na;2024-01-13;1\n') });
  await packed.expect(0, ['features', 'materialize']);
  for (const [encoding, node] of [
    ['latin-1', 'latin1'],
    ['utf-16', 'utf16le'],
  ] as const) {
    const other = await project(`data/v.csv, encoding: ${encoding}`, {});
    other.write({ 'data/v.csv': Buffer.from('id,ts,x\nä,2024-01-13,1\n', node) });
    await other.expect(0, ['features', 'materialize']);
    await other.expect(0, ['features', 'get', 's', 'id=ä']);
  }
  const typed = await project('data/v.csv, types: { id: string }', {
    'data/v.csv': 'id,ts,x\n007,2024-01-13,1\n',
  });
  await typed.expect(0, ['features', 'materialize']);
  await typed.expect(0, ['features', 'get', 's', 'id=007']);
});

test('what can’t be meant, or would do nothing, is refused', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['data/v.jsonl, delimiter: ";"', /`delimiter`: it is about CSV files, and these are JSON lines/],
    ['data/v.csv, timestamp-format: "%q"', /`timestamp-format`: "%q" is no part of a format/],
    ['data/v.csv, timestamp-format: "%H:%M"', /`timestamp-format`: It has no year/],
    ['data/v.csv, types: { y: long }', /`types`: data\/v\.csv has no column "y"/],
    ['data/v.csv, delimiter: ";;"', /`delimiter`: it is one character/],
  ];
  for (const [source, expected] of cases) {
    const made = await project(source, {
      'data/v.csv': 'id,ts,x\na,2024-01-13,1\n',
      'data/v.jsonl': '{"id":"a","ts":"2024-01-13","x":1}\n',
    });
    const { stderr } = await made.expect(1, ['features', 'materialize']);
    assert.match(stderr, expected, source);
  }
});

test('two columns of one name are an error, also when they differ by case only', async () => {
  const files: readonly (readonly [string, string, RegExp])[] = [
    ['data/v.csv', 'id,ts,x,id\na,2024-01-13,1,2\n', /data\/v\.csv, line 1: two columns are called "id"/],
    ['data/v.csv', 'id,ts,x,X\na,2024-01-13,1,2\n', /line 1: the columns "x" and "X" differ only by case/],
    [
      'data/v.jsonl',
      '{"id":"a","ts":"2024-01-13","x":1,"X":2}\n',
      /the columns "x" and "X" differ only by case|two columns/,
    ],
  ];
  for (const [file, text, expected] of files) {
    const made = await project(file, { [file]: text });
    const { stderr } = await made.expect(1, ['features', 'materialize']);
    assert.match(stderr, expected);
  }
  // A column that is really called so is no second one.
  const fine = await project('data/v.jsonl', {
    'data/v.jsonl': '{"id":"a","ts":"2024-01-13","x":1,"x_1":2}\n',
  });
  await fine.expect(0, ['features', 'materialize']);
});

test('a cell that is too large is named with its file and line', async () => {
  const made = await project('data/v.csv', {
    'data/v.csv': `id,ts,x,note\na,2024-01-13,1,b\na,2024-01-14,1,${'z'.repeat(3_000_000)}\n`,
  });
  const { stderr } = await made.expect(1, ['features', 'materialize']);
  assert.match(stderr, /data\/v\.csv, line 3: it has 3\.0 MB, and a row of a CSV file has 2 MB at most/);
});

test('labels of a task may be converted by a transform and say how they are written', async () => {
  const made = await project('data/v.csv', {
    'data/v.csv': 'id,ts,x\na,2024-01-13,1\n',
    'data/l.csv': 'id;ts\na;1706000000000\n',
    'p.pipeline.yaml': `tasks:
  compute: { materialize: [v] }
  join:
    needs: [compute]
    training-set:
      labels: { path: data/l.csv, delimiter: ';', transform: 'select id, to_timestamp(ts / 1000) as ts from source' }
      service: s
      output: o.csv
`,
  });
  await made.expect(0, ['lint']);
  await made.expect(0, ['run', 'p']);
  assert.match(made.read('o.csv'), /^id,ts,x\na,2024-01-23[^,]*,1\.0\n$/);
});
