/** Expectations over data files that are not plain: the reader is that of sources. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { TestProject } from '../../support/cli.js';

async function checked(
  file: string,
  data: string | Uint8Array,
  expect: string,
  code: 0 | 1,
): Promise<string> {
  const made = await TestProject.make({
    'p.pipeline.yaml': `tasks:\n  look: { check: [{ data: ${file}, expect: ${expect} }] }\n`,
  });
  made.write({ [file]: data });
  const { stdout, stderr } = await made.expect(code, ['run', 'p']);
  return stdout + stderr;
}

test('delimiters, quotes within texts and packed files are read as sources are', async () => {
  const rows = 'a;b\n1;5" pipe\n2;x\n';
  const expect =
    '{ row-count: { min: 2, max: 2 }, columns: { a: { type: integer, min: 1 }, b: { not-null: true } } }';
  await checked('d.csv', rows, expect, 0);
  await checked('d.csv.gz', gzipSync(rows), expect, 0);
  await checked('d.jsonl.gz', gzipSync('{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n'), expect, 0);
});

test('a check says how its file is written, as a source does', async () => {
  const check = (keys: string, expect: string) => async (data: string | Uint8Array, code: 0 | 1) => {
    const made = await TestProject.make({
      'p.pipeline.yaml': `tasks:\n  look: { check: [{ data: d.csv, ${keys}, expect: ${expect} }] }\n`,
    });
    made.write({ 'd.csv': data });
    const { stdout, stderr } = await made.expect(code, ['run', 'p']);
    return stdout + stderr;
  };
  const decimal = check(
    "delimiter: ';', decimal: ','",
    '{ columns: { a: { type: number, max: 2 }, b: { one-of: ["1,5 m"] } } }',
  );
  await decimal('a;b\n1,5;1,5 m\n', 0);
  assert.match(await decimal('a;b\n2,5;1,5 m\n', 1), /1 failed: row 1 \(2.5\)/);
  const nulls = check("null-values: ['-999', none]", '{ columns: { a: { not-null: true } } }');
  assert.match(await nulls('a,b\n1,1\n-999,1\nnone,1\n', 1), /2 failed: row 2 \(no value\), row 3/);
  const headless = check(
    'header: [id, x]',
    '{ row-count: { min: 2, max: 2 }, exact-columns: [id, x], columns: { x: { max: 2 } } }',
  );
  await headless('a,1\nb,2\n', 0);
  await check('header: false', '{ exact-columns: [column0, column1] }')('a,1\nb,2\n', 0);
  await check(`quote: "'"`, "{ columns: { b: { one-of: ['x,y'] } } }")("a,b\n1,'x,y'\n", 0);
  await check('encoding: latin-1', '{ columns: { b: { one-of: [ü] } } }')(
    Buffer.from('a,b\n1,ü\n', 'latin1'),
    0,
  );
  const dated = check(
    "types: { day: date, code: string }, timestamp-format: '%d.%m.%Y'",
    "{ columns: { code: { one-of: ['007'] } } }",
  );
  await dated('day,code\n31.01.2024,007\n', 0);
  assert.match(await dated('day,code\n2024-31-01,007\n', 1), /d\.csv/);
});

test('two columns of one name are an error', async () => {
  const said = await checked('d.csv', 'id,id\n1,2\n1,3\n', '{ columns: { id: { unique: true } } }', 1);
  assert.match(said, /d\.csv, line 1: two columns are called "id"/);
});

test('NA, blanks and NaN are no values, and 0x10 is not a number', async () => {
  const rows = 'a,b\n1,1\nNA,1\n  ,1\n0x10,1\nNaN,1\n';
  const missing = await checked('d.csv', rows, '{ columns: { a: { not-null: true } } }', 1);
  assert.match(missing, /3 failed: row 2 \(no value\), row 3 \(no value\), row 5 \(NaN\)/);
  const bound = await checked('d.csv', rows, '{ columns: { a: { min: 0 } } }', 1);
  assert.match(bound, /2 failed: row 4 \(0x10\), row 5 \(NaN\)/);
  // A text is a text: NA is a country.
  await checked('d.csv', 'a,b\nNA,1\nDE,1\n', '{ columns: { a: { type: string, not-null: true } } }', 0);
});
