/** How data files are read: what is not plain is said, or refused with file, line, value and the way out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { constants, createGzip, gzipSync } from 'node:zlib';
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

/** Materializes a view for each file in one command, and gives what it said of each; nothing of one that was computed. */
async function saidOf(
  files: readonly (readonly [name: string, bytes: string | Buffer, options?: string | undefined])[],
): Promise<(string | undefined)[]> {
  const views = files.map(
    ([name, , options = '']) =>
      `{ entity: e, source: { path: ${name}, timestamp: ts${options} }, features: { x: double } }`,
  );
  const made = await TestProject.make({
    'f.features.yaml': `entities: { e: { keys: [id] } }\nviews:\n${views.map((view, at) => `  v${at}: ${view.replace('path: ', `path: ${at}/`)}\n`).join('')}`,
  });
  made.write(Object.fromEntries(files.map(([name, bytes], at) => [`${at}/${name}`, bytes])));
  const { stdout, stderr } = await made.run(['features', 'materialize']);
  return files.map((_, at) => {
    if (stdout.includes(`✓ v${at} was computed`)) return undefined;
    return new RegExp(`view v${at}: (.*)`).exec(stderr)?.[1] ?? `nothing of v${at} in ${stderr}`;
  });
}

async function sayOf(
  cases: readonly (readonly [
    name: string,
    bytes: string | Buffer,
    expected?: RegExp | undefined,
    options?: string | undefined,
  ])[],
): Promise<void> {
  const said = await saidOf(cases.map(([name, bytes, , options]) => [name, bytes, options]));
  for (const [at, [name, bytes, expected]] of cases.entries()) {
    const about = `${name}: ${String(bytes).slice(0, 60)}`;
    if (expected === undefined) assert.equal(said[at], undefined, about);
    else assert.match(said[at] ?? 'computed', expected, about);
  }
}

/** Zstandard as it is written without a compressor: one block of the bytes as they are (RFC 8878). */
function zstd(text: string): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(text.length, 5);
  head.writeUIntLE((text.length << 3) | 1, 9, 3);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** Two parts, of which the first can be unpacked alone: a download that ended there looks whole. */
async function gzipInParts(first: string, second: string): Promise<{ whole: Buffer; cut: Buffer }> {
  const packer = createGzip();
  const parts: Buffer[] = [];
  packer.on('data', (part: Buffer) => parts.push(part));
  packer.write(first);
  await new Promise<void>((resolve) => packer.flush(constants.Z_FULL_FLUSH, resolve));
  const cut = Buffer.concat(parts);
  packer.end(second);
  await once(packer, 'end');
  return { whole: Buffer.concat(parts), cut };
}

test('a packed file that is cut off, damaged or called otherwise is refused, and never read in part', async () => {
  const text = 'id,ts,x\na,2024-01-13,1\n';
  const { whole, cut } = await gzipInParts(text, 'b,2024-01-13,2\n');
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
  const framed = zstd(text);
  const cases: Parameters<typeof sayOf>[0] = [
    ['v.csv.gz', whole],
    ['v.csv.gz', Buffer.concat([gzipSync(text), gzipSync('b,2024-01-13,2\n')])],
    ['v.csv.gz', cut, /\/v\.csv\.gz is cut off/],
    ['v.csv.gz', whole.subarray(0, -8), /\/v\.csv\.gz is cut off/],
    ['v.csv.gz', flipped, /\/v\.csv\.gz is damaged: incorrect data check/],
    ['v.csv.gz', Buffer.from(text), /\/v\.csv\.gz is no gzip file, although/],
    ['v.csv', gzipSync(text), /\/v\.csv is packed with gzip: call it \*\.gz/],
    ['v.csv.zst', framed],
    ['v.csv.zst', Buffer.concat([framed, framed.subarray(0, -5)]), /\/v\.csv\.zst is cut off/],
    ['v.csv.zst', gzipSync(text), /\/v\.csv\.zst is no zstd file, although/],
  ];
  await sayOf(cases);
});

test('whole numbers that no BIGINT holds keep their digits, as keys and in sums', async () => {
  const [first, second, third] = ['18446744073709551615', '18446744073709551614', '-170141183460469231731'];
  for (const [file, row, end] of [
    ['data/v.csv', (id: string, x: number) => `${id},2024-01-13,${x}\n`, 'id,ts,x\n'],
    ['data/v.jsonl', (id: string, x: number) => `{"id":${id},"ts":"2024-01-13","x":${x}}\n`, ''],
  ] as const) {
    for (const ids of file.endsWith('csv') ? [[first, second]] : [[first, second, third]]) {
      const made = await project(file, {
        [file]: end + ids.map((id, at) => row(id, at)).join(''),
        'data/l.csv': `id,ts\n${ids.map((id) => `${id},2024-02-01\n`).join('')}`,
      });
      await made.expect(0, ['features', 'materialize']);
      await made.expect(0, JOIN);
      assert.equal(
        made.read('o.csv'),
        `id,ts,x\n${ids.map((id, at) => `${id},2024-02-01,${at}.0\n`).join('')}`,
      );
      for (const [at, id] of ids.entries()) {
        const { stdout } = await made.expect(0, ['features', 'get', 's', `id=${id}`, '--json']);
        assert.deepEqual((JSON.parse(stdout) as { features: unknown }).features, { x: at }, id);
      }
    }
  }
  const summed = await TestProject.make({
    'f.features.yaml':
      'entities: { e: { keys: [id] } }\nviews: { v: { entity: e, source: { path: data/v.csv, timestamp: ts }, transform: "select id, ts, sum(x) as x from source group by all", features: { x: {} } } }\nservices: { s: [v] }\n',
    'data/v.csv': 'id,ts,x\na,2024-01-13,9007199254740992\na,2024-01-13,1\n',
  });
  await summed.expect(0, ['features', 'materialize']);
  const { stdout } = await summed.expect(0, ['features', 'get', 's', 'id=a', '--json']);
  assert.match(stdout, /"x":9007199254740993\b/);
});

test('what is wrong with a file is said with its line and the way out', async () => {
  await sayOf([
    ['v.csv', '\r\n\r\nid,ts,x\r\na,2024-01-13,1\r\n', undefined],
    ['v.csv', 'sep=;\nid;ts;x\na;2024-01-13;1\n', /\/v\.csv, line 1: "sep=;" is for Excel/],
    [
      'v.csv',
      'id^ts^x\na^2024-01-13^1\n',
      /\/v\.csv has one column only, "id\^ts\^x"\. Say with `delimiter`/,
    ],
    ['v.csv', 'id;ts;x\na;2024-01-13;1,5\n', /\/v\.csv, line 2: .*"1,5".*Say `decimal: ','`/],
    ['v.csv', 'id,ts,x\na,2024-01-13,NULL\n', /\/v\.csv, line 2: .*say `null-values: \['NULL'\]`/],
    ['v.csv', 'id,ts,x\na,NaT,1\n', /\/v\.csv, line 2: ts is "NaT".*say `null-values: \['NaT'\]`/],
    [
      'v.csv',
      Buffer.from('id,ts,x\n\x80,2024-01-13,1\n', 'latin1'),
      /\/v\.csv is not Latin-1.*Save it as UTF-8/,
      ', encoding: latin-1',
    ],
    ...[
      '2024-01-13T10:00Z',
      '2024-01-13t10:00:00.5z',
      '2024-01-13 12:00-0500',
      '2024-01-13 10:00:00.123 Z',
    ].map((time) => ['v.csv', `id,ts,x\na,${time},1\n`] as const),
    ['v.csv', 'id,ts,x\na,45292,1\n', /ts" is BIGINT.*It looks like days: Excel's/],
    ['v.csv', 'id,ts,x\na,20240113103000,1\n', /timestamp-format: '%Y%m%d%H%M%S'/],
    ['v.csv', 'id,ts,x\na,2024,1\n', /It looks like years.*make_date\(ts, 1, 1\)/],
    [
      'v.json',
      '[\n {"id": "a", "ts": "2024-01-13", "x": 1},\n {"id": "b", "ts": "2024-01-13"}\n]\n',
      undefined,
    ],
    ['v.json', '{"id":"a","ts":"2024-01-13","x":1}\n{"id":"b","ts":"2024-01-13","x":2}\n', undefined],
    [
      'v.jsonl',
      '\uFEFF{"id":"a","ts":"2024-01-13","x":1}\n',
      /\/v\.jsonl, line 1: it begins with a byte order mark/,
    ],
    [
      'v.jsonl',
      '{"id":"a","ts":"2024-01-13","x":1}\n\n{"id":"a", oops\n',
      /\/v\.jsonl, line 3: it is no JSON/,
    ],
    ['v.jsonl', '[1,2]\n', /\/v\.jsonl, line 1: it is no record such as/],
  ]);
});
