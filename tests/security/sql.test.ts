/** What SQL of a definition may read: its source and the CTEs that are known where it reads, and nothing else. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { engineFor, temporary, valueOf } from '../support/features.js';

/** Tables and views that DuckDB has of itself, and one of ours that a definition must not see. */
const HIDDEN = ['pg_class', 'duckdb_tables', 'sqlite_master', 'step0', 'pragma_database_list', 'information_schema.tables']; // prettier-ignore

/** Queries around the name of a table that must not be read, wherever it stands. */
const READS: readonly ((name: string) => string)[] = [
  (name) => `select * from ${name}`,
  (name) => `select * from source, ${name}`,
  (name) => `select * from source join ${name} on true`,
  (name) => `select * from source where exists (select 1 from ${name})`,
  (name) => `select *, (select count(*) from ${name}) as n from source`,
  (name) => `select id from source union all select 1 from ${name}`,
  (name) => `with a as (select * from ${name}) select * from a`,
  (name) => `with a as (select 1), b as (select * from ${name}) select * from a`,
  (name) => `select * from (select * from (select * from ${name}))`,
  (name) => `select * from source where id in (select 1 from ${name})`,
  (name) => `from ${name}`,
  (name) => `select * from source order by (select 1 from ${name})`,
  (name) => `select count(*) over (partition by (select 1 from ${name})) from source`,
  (name) => `pivot ${name} on 1 using count(*)`,
];

/** A CTE of that name is known somewhere, and not here. */
const OUT_OF_SCOPE: readonly ((name: string) => string)[] = [
  (name) => `select * from (with ${name} as (select 1 q) select * from ${name}), ${name}`,
  (name) => `select * from ${name}, (with ${name} as (select 1 q) select * from ${name})`,
  (name) => `select * from (with ${name} as (select 1 q) select 1) union all select 1 from ${name}`,
  (name) => `with a as (with ${name} as (select 1 q) select * from ${name}) select * from a, ${name}`,
  (name) => `with a as (select * from ${name}), ${name} as (select 1 q) select * from a`,
  (name) => `with ${name} as (select * from ${name}) select * from ${name}`,
  (name) => `with recursive ${name} as (select * from ${name}) select * from ${name}`,
  (name) =>
    `with recursive ${name} as (select 1 q from ${name} union all select q + 1 from ${name} where q < 3) select * from ${name}`,
  (name) => `select (with ${name} as (select 1 q) select q from ${name}), (select 1 from ${name})`,
  (name) =>
    `select * from source where exists (with ${name} as (select 1) select 1) and exists (select 1 from ${name})`,
];

const ALLOWED = [
  'select * from source',
  'from source',
  'select * from Source',
  'select id + 1 as id from source',
  'select * from source where value > 1 order by id',
  'with a as (select * from source) select * from a',
  'with A as (select * from source) select * from a',
  'with a as (select * from source), b as (select * from a) select * from a, b',
  'with source as (select * from source) select * from source',
  'with pg_class as (select 1 q) select * from pg_class',
  'with recursive r as (select 1 n union all select n + 1 from r where n < 5) select * from r',
  'with a as (with b as (select 1 q) select * from b) select * from a',
  'with a as materialized (select 1 q) select * from source where exists (select 1 from a)',
  'select * from source where exists (with b as (select 1) select * from b)',
  'select * from (with b as (select * from source) select * from b)',
  'with a as (select 1 q) select * from (select * from (select * from a))',
  'with a as (select 1 q) select q from a union all select q from a',
  'with a as (select 1 q) select (select q from a), * from source',
  'select *, avg(value) over (partition by id order by ts) as mean from source',
  'select id, count(*) as n from source group by id',
  'select * from source, range(3) r(i)',
  'select unnest([1, 2]) as i, * from source',
];

const FORBIDDEN = [
  "select * from read_csv('/etc/passwd')",
  "select * from '/etc/passwd'",
  "select * from read_text('/etc/passwd')",
  "select * from glob('/*')",
  'select * from duckdb_settings()',
  'select * from pragma_version()',
  "select getenv('HOME')",
  "select current_setting('memory_limit')",
  "select * from query('select 1')",
  "select * from query_table('step0')",
  'select * from main.source',
  'select * from temp.main.source',
  'describe source',
  'summarize source',
  'show tables',
  'select 1; select 2',
  'drop view source',
  'create table t as select 1',
  "copy source to '/tmp/x.csv'",
  "attach '/tmp/x.db'",
  "set memory_limit = '1GB'",
  'pragma version',
  'install httpfs',
  'load httpfs',
  'call pragma_version()',
  'select $1',
  'select ?',
  "select nextval('s')",
  "select * from json_execute_serialized_sql('{}')",
  'insert into source values (1)',
  'update source set id = 1',
  'delete from source',
  "export database '/tmp/x'",
  'begin',
  'explain select 1',
  'prepare p as select 1',
];

const PREDICATES: readonly (readonly [string, boolean])[] = [
  ['value > 0', true],
  ['value > 0 and id is not null', true],
  ['value between 0 and 10 or value is null', true],
  ['case when id = 1 then value > 1 else true end', true],
  ['exists (select 1 from source)', true],
  ['value in (select value from source)', true],
  ['value > 0 -- of course', true],
  ['/* all */ true', true],
  ['(value > 0)', true],
  ['value > 0;', true],
  ['value > 0) or (1=1', false],
  ['true) as "holds?" from source union all select *, (true', false],
  ['true from source', false],
  ['true where true', false],
  ['true, true', false],
  ['true as x', false],
  ['*', false],
  ['', false],
  ['true; select true', false],
  ['true order by 1', false],
  ['true limit 1', false],
  ['true union select false', false],
  ['distinct true', false],
  ['exists (select 1 from pg_class)', false],
  ['(with pg_class as (select 1) select true) and exists (select 1 from pg_class)', false],
  ["getenv('HOME') = ''", false],
  ['true) -- ', false],
  ['true /* ', false],
];

test('SQL of definitions reads its source and what it has named itself', async (t) => {
  const engine = await engineFor(t, { tempFolder: temporary(t) });
  valueOf(
    await engine.query(
      "CREATE TEMP TABLE step0 AS SELECT 1 AS id, TIMESTAMP '2024-01-01' AS ts, 1.5 AS value",
    ),
  );
  const refused = [
    ...HIDDEN.flatMap((name) => READS.map((read) => read(name))),
    ...HIDDEN.filter((name) => !name.includes('.')).flatMap((name) => OUT_OF_SCOPE.map((read) => read(name))),
    ...FORBIDDEN,
  ];
  assert.ok(refused.length + ALLOWED.length + PREDICATES.length >= 200);
  for (const sql of ALLOWED) {
    const made = await engine.define({ name: 'step1', over: 'step0', sql });
    assert.ok(made.ok, `${sql}: ${made.ok ? '' : made.error.message}`);
  }
  for (const sql of refused) {
    const made = await engine.define({ name: 'step1', over: 'step0', sql });
    assert.ok(!made.ok, sql);
    assert.ok(['refused', 'sql'].includes(made.error.kind), `${sql}: ${made.error.kind}`);
    // Not on its way to being looked up: a name that is merely not there would be an error of the binder.
    assert.notEqual(made.error.type, 'Catalog', `${sql}: ${made.error.message}`);
  }
  for (const [sql, allowed] of PREDICATES) {
    const made = await engine.define({ name: 'holds', over: 'step0', sql, predicate: 'holds?' });
    assert.equal(made.ok, allowed, `${sql}: ${made.ok ? 'taken' : made.error.message}`);
  }
});
