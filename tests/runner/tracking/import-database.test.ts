/** `modelyard tracking import mlflow.db`: what is damaged, being written, or means files that are nobody's artifacts. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { Database } from 'node-sqlite3-wasm';
import { TestProject } from '../../support/cli.js';

const RUN = 'a'.repeat(32);

/** As the first MLflow with a database wrote it: none of the tables and columns that came later. */
function makeOld(file: string, artifacts: string): void {
  const database = new Database(file);
  database.exec(`
    CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR, artifact_location VARCHAR, lifecycle_stage VARCHAR);
    CREATE TABLE runs (run_uuid VARCHAR PRIMARY KEY, user_id VARCHAR, status VARCHAR, start_time BIGINT, end_time BIGINT,
      lifecycle_stage VARCHAR, artifact_uri VARCHAR, experiment_id INTEGER);
    CREATE TABLE metrics (key VARCHAR, value FLOAT, timestamp BIGINT, run_uuid VARCHAR);
    CREATE TABLE params (key VARCHAR, value VARCHAR, run_uuid VARCHAR);
    CREATE TABLE tags (key VARCHAR, value VARCHAR, run_uuid VARCHAR);
  `);
  database.run("INSERT INTO experiments VALUES (1, 'rain', '', 'active')");
  database.run(`INSERT INTO runs VALUES (?, 'ada', 'FINISHED', 1600000000000, 1600000000005, 'active', ?, 1)`, [RUN, artifacts]); // prettier-ignore
  database.run(`INSERT INTO metrics VALUES ('loss', 0.5, 1600000000001, ?)`, [RUN]);
  database.run(`INSERT INTO params VALUES ('lr', '0.1', ?), ('../../../escaped', 'x', ?)`, [RUN, RUN]);
  database.run(`INSERT INTO tags VALUES ('mlflow.runName', 'first', ?)`, [RUN]);
  database.close();
}

test('an old database is taken in, and nothing is written beside it', async () => {
  const project = await TestProject.make({ [`mlruns/1/${RUN}/artifacts/net.bin`]: 'weights' });
  // It was moved here with its folder.
  makeOld(project.path('mlflow.db'), `/elsewhere/mlruns/1/${RUN}/artifacts`);
  const before = readdirSync(project.root).sort();
  const { stdout } = await project.expect(0, ['tracking', 'import', 'mlflow.db']);
  assert.match(stdout, /took in 1 run of 1 experiment\n/);
  assert.deepEqual(readdirSync(project.root).sort(), [...before, '.modelyard'].sort());
  assert.deepEqual(readdirSync(project.path('.modelyard/models/tmp')), []);
  const [run] = project.runs();
  assert.equal(run?.tracking?.name, 'first');
  assert.equal(run.params['lr'], '0.1');
  assert.deepEqual(run.tasks[0]?.metrics, { loss: 0.5 });
  assert.deepEqual(
    run.tasks[0].outputs.map(({ name }) => name),
    ['net.bin'],
  );
  // A key that is no name of a file stays out of the folder that is written.
  const { stderr } = await project.expect(1, ['tracking', 'export', 'out/deep/mlruns']);
  assert.match(stderr, /escaped" is no name of a file/);
  assert.ok(!existsSync(project.path('out/escaped')) && !existsSync(project.path('escaped')));
});

test('only artifacts of the run are taken, and those of other machines are said', async () => {
  for (const [uri, said] of [
    ['/etc', undefined],
    [`file:///etc/${RUN}/../../etc`, undefined],
    [`s3://bucket/1/${RUN}/artifacts`, /s3:\/\/bucket\S* is not on this machine: its files stay there/],
  ] as const) {
    const project = await TestProject.make();
    makeOld(project.path('mlflow.db'), uri);
    const { stderr } = await project.expect(said === undefined ? 0 : 1, ['tracking', 'import']);
    if (said !== undefined) assert.match(stderr, said);
    assert.deepEqual(project.runs()[0]?.tasks[0]?.outputs, [], uri);
  }
});

test('what can’t be read is said, and nothing is taken in', async () => {
  const project = await TestProject.make({ 'text.db': 'no database', 'empty.db': '' });
  new Database(project.path('other.db')).exec('CREATE TABLE runs (x)');
  makeOld(project.path('busy.db'), '');
  writeFileSync(project.path('busy.db-journal'), 'being written');
  for (const [file, code, message] of [
    ['text.db', 1, /text\.db can't be imported: file is not a database/],
    ['empty.db', 1, /it is no database of MLflow/],
    ['other.db', 1, /it is no database of MLflow/],
    ['busy.db', 1, /busy\.db-journal says that .*busy\.db is being written: stop the MLflow server/],
    ['gone.db', 2, /there is no .*gone\.db/],
  ] as const) {
    const { stderr } = await project.expect(code, ['tracking', 'import', file]);
    assert.match(stderr, message);
  }
  assert.deepEqual(project.runs(), []);
});

test('nothing is computed that strangers have written into a database, and names are no commands to the terminal', async () => {
  const project = await TestProject.make();
  const file = project.path('mlflow.db');
  makeOld(file, '');
  const database = new Database(file);
  // A view without an end in the place of a table, and columns that take for ever to be computed.
  const slow =
    "GENERATED ALWAYS AS (printf('%.*c', 40, 'a') GLOB '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b') VIRTUAL";
  database.exec(`
    DROP TABLE metrics;
    CREATE VIEW metrics AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
      SELECT 'k' AS key, x AS value, 0 AS timestamp, '${RUN}' AS run_uuid FROM c;
    ALTER TABLE runs ADD COLUMN name VARCHAR ${slow};
    ALTER TABLE experiments ADD COLUMN slow INTEGER ${slow};
    CREATE TABLE registered_models (name VARCHAR, description VARCHAR);
  `);
  database.run('INSERT INTO registered_models VALUES (?, ?)', ['\u001b]0;x\u0007\u202e../x\r\nok', '']);
  database.close();
  const { stdout, stderr } = await project.expect(1, ['tracking', 'import']);
  assert.match(stdout, /took in 1 run of 1 experiment\n/);
  assert.match(stderr, /^modelyard: the registered model \\u001b\]0;x\\u0007\\u202e\.\.\/x\\u000d\nok: /);
  // eslint-disable-next-line no-control-regex -- control characters are the very thing looked for
  assert.doesNotMatch(stdout + stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  assert.deepEqual(project.runs()[0]?.tasks[0]?.metrics, {});
});
