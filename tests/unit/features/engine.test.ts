import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { openEngine } from '../../../server/features/engine/engine.js';
import type { EngineErrorKind } from '../../../server/features/engine/messages.js';
import { isAlive, until } from '../../support/cli.js';
import { builtFeatures, engineFor, rowsOf, temporary, valueOf } from '../../support/features.js';

/** A project with a source, a secret beside it, and an engine that may read the source alone. */
async function project(t: test.TestContext) {
  const folder = temporary(t);
  const file = (name: string) => path.join(folder, name);
  writeFileSync(file('source.csv'), 'id,ts,value\n1,2024-01-01,1.5\n1,2024-01-02,2.5\n2,2024-01-01,\n');
  writeFileSync(file('secret.txt'), 'hunter2');
  writeFileSync(file('secret.csv'), 'password\nhunter2\n');
  symlinkSync(file('secret.csv'), file('link.csv'));
  mkdirSync(file('tmp'));
  const engine = await engineFor(t, { readable: [file('source.csv')], tempFolder: file('tmp') });
  valueOf(await engine.query(`CREATE TEMP VIEW step0 AS SELECT * FROM read_csv('${file('source.csv')}')`));
  return { folder, file, engine };
}

test('values of every type arrive as plain JSON, moments in UTC', async (t) => {
  const engine = await engineFor(t, { tempFolder: temporary(t) });
  const check = async (sql: string, type: string, value: unknown) => {
    const { columns, rows } = valueOf(await engine.query(`SELECT ${sql} AS x`));
    assert.deepEqual([columns, rows], [[{ name: 'x', type }], [[value]]], sql);
  };
  await check('1::BIGINT', 'BIGINT', 1);
  await check('9007199254740993::BIGINT', 'BIGINT', '9007199254740993');
  await check('1.50::DECIMAL(4,2)', 'DECIMAL(4,2)', 1.5);
  await check('12345678901234567890.5::DECIMAL(38,1)', 'DECIMAL(38,1)', '12345678901234567890.5');
  await check("'nan'::DOUBLE", 'DOUBLE', 'NaN');
  await check("'-inf'::FLOAT", 'FLOAT', '-Infinity');
  await check("'infinity'::TIMESTAMP", 'TIMESTAMP', 'infinity');
  await check("TIMESTAMP '2024-03-31 01:30:00.25'", 'TIMESTAMP', '2024-03-31T01:30:00.25Z');
  await check("TIMESTAMPTZ '2024-03-31 01:30:00+02'", 'TIMESTAMP WITH TIME ZONE', '2024-03-30T23:30:00Z');
  await check("DATE '2024-02-29'", 'DATE', '2024-02-29');
  await check("{'a': [1, 2], 'b': NULL}", 'STRUCT("a" INTEGER[], "b" INTEGER)', { a: [1, 2], b: null });
  await check("MAP {'k': 1}", 'MAP(VARCHAR, INTEGER)', [{ key: 'k', value: 1 }]);
  await check("'\\xFF'::BLOB", 'BLOB', 'ff');
  await check('true', 'BOOLEAN', true);
});

test('parameters are values; rows are read up to a bound', async (t) => {
  const engine = await engineFor(t, { tempFolder: temporary(t) });
  const params = ["it's", 7, 1.5, true, null, ['a', 'b']] as const;
  const [row] = rowsOf(await engine.query('SELECT $1, $2, $3, $4, $5, $6', params));
  assert.deepEqual(row, ["it's", 7, 1.5, true, null, ['a', 'b']]);
  const some = valueOf(await engine.query('SELECT * FROM range(5000)', [], { maxRows: 3 }));
  assert.deepEqual([some.rows.map((one) => one[0]), some.truncated], [[0, 1, 2], true]);
});

test('a transform sees `source`, may shadow it, and is told what it depends on', async (t) => {
  const { engine } = await project(t);
  const check = async (sql: string, expected: { volatile?: readonly string[]; others: boolean }) => {
    const found = valueOf(await engine.define({ name: 'step1', over: 'step0', sql }));
    assert.deepEqual(
      [found.volatile, found.looksAtOtherRows],
      [expected.volatile ?? [], expected.others],
      sql,
    );
    rowsOf(await engine.query('SELECT count(*) FROM step1'));
  };
  await check('select *, value * 2 as twice from source where id > 0 order by ts;', { others: false });
  await check(
    'select id, upper(id::varchar), coalesce(value, 0), list_sum([1, 2]) from source -- all of it',
    {
      others: false,
    },
  );
  await check('with source as (select id, ts from source) select * from source', { others: true });
  await check('select *, avg(value) over (partition by id order by ts) as m from source', { others: true });
  await check('select id, max(value) from source group by id', { others: true });
  await check('select max(value) from source', { others: true });
  await check('select distinct id from source', { others: true });
  await check('from source limit 1', { others: true });
  await check('select a.id from source a join source b using (id)', { others: true });
  await check('select (select count(*) from source) from source', { others: true });
  await check('select unnest([1, 2]), id from source', { others: true });
  await check('select *, now() as n, current_date as d, random() as r from source', {
    volatile: ['current_date', 'now', 'random'],
    others: false,
  });
  await check('select age(ts::timestamp) from source', { volatile: ['age'], others: false });
  await check('select * from source using sample 1', { volatile: ['sample'], others: true });
});

test('errors in a transform have the place in its own text', async (t) => {
  const { engine } = await project(t);
  const check = async (sql: string, at: string, message: RegExp) => {
    const result = await engine.define({ name: 'step1', over: 'step0', sql });
    assert.ok(!result.ok, sql);
    assert.match(result.error.message, message);
    assert.equal(sql.slice(result.error.offset, (result.error.offset ?? 0) + at.length), at, sql);
  };
  await check('select id\n  , selec from from source', 'from source', /syntax error/);
  await check('select id,\n  vaule from source', 'vaule', /"vaule" not found[\s\S]*value/);
  await check("select 'ä😀', averge(value) from source", 'averge', /averge does not exist/);
  await check("select 'ä', id from other", 'other', /no table "other"/);
});

/** What SQL of a definition must not be able to do. `FILE` stands for a file beside the source. */
const HOSTILE: readonly (readonly [string, EngineErrorKind])[] = [
  ["select * from read_text('FILE')", 'refused'],
  ["select * from read_blob('FILE')", 'refused'],
  ["select * from read_csv('FILE')", 'refused'],
  ["select * from 'FILE'", 'refused'],
  ['select * from "FILE"', 'refused'],
  ["select * from glob('/*')", 'refused'],
  ["select * from sniff_csv('FILE')", 'refused'],
  ["select * from parquet_metadata('FILE')", 'refused'],
  ['select * from duckdb_secrets()', 'refused'],
  ['select * from duckdb_settings()', 'refused'],
  ['select * from information_schema.tables', 'refused'],
  ['select * from main.sqlite_master', 'refused'],
  ['select * from step0', 'refused'],
  ["select * from enable_logging('QueryLog')", 'refused'],
  ["select * from source where id in (select count(*) from enable_logging('QueryLog'))", 'refused'],
  ["select (select content from read_text('FILE')) from source", 'refused'],
  ["with t as (select * from read_text('FILE')) select * from t", 'refused'],
  ["select * from query('select 1')", 'refused'],
  ["select * from query_table('step0')", 'refused'],
  ["select * from json_execute_serialized_sql('{}')", 'refused'],
  ["select write_log('x') from source", 'refused'],
  ["select current_setting('temp_directory') from source", 'refused'],
  ["select getvariable('x') from source", 'refused'],
  ['select sleep_ms(100000) from source', 'refused'],
  ['select $1 from source', 'refused'],
  ['select * from (show databases)', 'refused'],
  ['select * from (describe source)', 'refused'],
  ['select 1; drop view step0', 'refused'],
  ["select 1; copy source to 'FILE'", 'refused'],
  ["copy (select 1) to 'FILE'", 'refused'],
  ["attach 'FILE' as x", 'refused'],
  ["load 'FILE'", 'refused'],
  ['install httpfs', 'refused'],
  ["set temp_directory = '/tmp'", 'refused'],
  ['pragma enable_profiling', 'refused'],
  ["call enable_logging('QueryLog')", 'refused'],
  ['create table t as select 1', 'refused'],
  ['prepare p as select 1', 'refused'],
  ['explain analyze select * from source', 'refused'],
  ["select 1) ; copy (select 1) to 'FILE' ; select (1", 'sql'],
  ["select * from source) union all (select content from read_text('FILE')", 'sql'],
  ['with t as (insert into x values (1) returning *) select * from t', 'sql'],
  ['select 1 /* ', 'sql'],
  ['', 'refused'],
  ['select \0 from source', 'refused'],
  [`select ${'('.repeat(50_000)}1${')'.repeat(50_000)}`, 'sql'],
  [`select '${'x'.repeat(300_000)}'`, 'refused'],
];

test('hostile statements are refused before anything of them runs, and the engine goes on', async (t) => {
  const { folder, file, engine } = await project(t);
  const before = readdirSync(folder).sort();
  for (const [text, kind] of HOSTILE) {
    const sql = text.replaceAll('FILE', file('secret.csv'));
    const result = await engine.define({ name: 'step1', over: 'step0', sql });
    const shown = text.slice(0, 80);
    assert.ok(!result.ok, `passed: ${shown}`);
    assert.equal(result.error.kind, kind, `${shown}: ${result.error.message}`);
    assert.ok(!result.error.message.includes('hunter2'), shown);
  }
  assert.deepEqual(rowsOf(await engine.query('SELECT count(*) FROM step0')), [[3]]);
  assert.deepEqual(readdirSync(folder).sort(), before);
});

test('even our own SQL reaches only the sources and the temp folder', async (t) => {
  const { file, engine } = await project(t);
  const check = async (sql: string) => {
    const result = await engine.query(sql);
    assert.ok(!result.ok, `passed: ${sql}`);
    assert.ok(!result.error.message.includes('hunter2'), sql);
  };
  await check(`SELECT * FROM read_text('${file('secret.txt')}')`);
  await check(`SELECT * FROM read_csv('${file('link.csv')}')`);
  await check(`SELECT * FROM read_text('${file('tmp')}/../secret.txt')`);
  await check(`COPY (SELECT 1) TO '${file('new.csv')}'`);
  await check(`ATTACH '${file('x.duckdb')}' AS x`);
  await check("SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')");
  await check("SET memory_limit = '100GB'");
  await check('SET enable_external_access = true');
  await check('INSTALL httpfs');
  assert.ok(!existsSync(file('new.csv')));
  valueOf(await engine.query(`COPY (SELECT 1 AS a) TO '${file('tmp')}/a.parquet' (FORMAT parquet)`));
  assert.deepEqual(rowsOf(await engine.query(`SELECT * FROM '${file('tmp')}/a.parquet'`)), [[1]]);
});

const ENDLESS = 'SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range % 7 = b.range % 5';

test('a query that takes too long is interrupted, and the engine goes on', async (t) => {
  const engine = await engineFor(t, { tempFolder: temporary(t) });
  const slow = await engine.query(ENDLESS, [], { timeoutMs: 300 });
  assert.ok(!slow.ok && slow.error.kind === 'timeout', JSON.stringify(slow));
  assert.match(slow.error.message, /longer than 0\.3 s/);
  const running = engine.query(ENDLESS);
  engine.interrupt();
  const cancelled = await running;
  assert.ok(!cancelled.ok && cancelled.error.kind === 'cancelled', JSON.stringify(cancelled));
  assert.deepEqual(rowsOf(await engine.query('SELECT 1')), [[1]]);
});

test('memory and disk have limits', async (t) => {
  const engine = await engineFor(t, {
    tempFolder: temporary(t),
    memoryBytes: 64 * 1024 ** 2,
    spillBytes: 16 * 1024 ** 2,
  });
  const big = await engine.query('SELECT count(DISTINCT hash(range)::VARCHAR) FROM range(20000000)');
  assert.ok(!big.ok && big.error.kind === 'memory', JSON.stringify(big));
  assert.deepEqual(rowsOf(await engine.query('SELECT 1')), [[1]]);
});

test('an aborted signal ends the query and the process', async (t) => {
  const controller = new AbortController();
  const engine = await engineFor(t, { tempFolder: temporary(t), signal: controller.signal });
  const running = engine.query(ENDLESS);
  controller.abort();
  const result = await running;
  assert.ok(!result.ok && result.error.kind === 'cancelled', JSON.stringify(result));
  const after = await engine.query('SELECT 1');
  assert.ok(!after.ok);
});

test('a child that dies is an error value for everybody who waits', async (t) => {
  const engine = await engineFor(t, { tempFolder: temporary(t) });
  const pid = engine.pid ?? assert.fail('it has no process');
  const waiting = [engine.query(ENDLESS), engine.query('SELECT 1')];
  process.kill(pid, 'SIGKILL');
  for (const result of await Promise.all(waiting)) {
    assert.ok(!result.ok && result.error.kind === 'crashed', JSON.stringify(result));
  }
  const after = await engine.query('SELECT 1');
  assert.ok(!after.ok && after.error.kind === 'crashed');
});

test('closing ends the child, also in the middle of a query', async (t) => {
  const engine = await engineFor(t, { tempFolder: temporary(t) });
  const pid = engine.pid ?? assert.fail('it has no process');
  const running = engine.query(ENDLESS);
  engine.close();
  const result = await running;
  assert.ok(!result.ok && result.error.kind === 'closed');
  await until('the child has ended', () => !isAlive(pid));
});

test('where the binary is missing there is a clear word', async (t) => {
  const folder = temporary(t);
  // Away from node_modules, nothing resolves.
  const program = path.join(folder, 'features.js');
  const { copyFileSync } = await import('node:fs');
  copyFileSync(await builtFeatures(), program);
  const opened = await openEngine({ readable: [], tempFolder: path.join(folder, 'tmp'), program });
  assert.ok(!opened.ok && opened.error.kind === 'missing', JSON.stringify(opened));
  assert.match(opened.error.message, /needs DuckDB.*not part of this installation.*everything else works/s);
  const none = await openEngine({ readable: [], tempFolder: folder, program: path.join(folder, 'no.js') });
  assert.ok(!none.ok && none.error.kind === 'missing');
});

test('what takes far more memory than the limit ends the child, and is named', async (t) => {
  // Of functions that no limit of the database knows: one of them takes 6 GB otherwise.
  for (const sql of [
    "SELECT damerau_levenshtein(repeat('a', 30000), repeat('b', 30000))",
    'SELECT len(list_distinct(range(100000000)))',
  ]) {
    const engine = await engineFor(t, { tempFolder: temporary(t), memoryBytes: 128 * 1024 ** 2 });
    const made = await engine.query(sql);
    assert.ok(!made.ok, sql);
    assert.equal(made.error.kind, 'memory', `${sql}: ${made.error.message}`);
    const after = await engine.query('SELECT 1');
    assert.ok(after.ok || after.error.kind === 'memory', sql);
  }
});
