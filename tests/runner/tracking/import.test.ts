/** `modelyard tracking import`: an `mlruns` folder as MLflow's file store writes it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { tryLock } from '../../../server/stores/disk/file-lock.js';
import { TestProject } from '../../support/cli.js';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const GONE = 'c'.repeat(32);

function meta(id: string, name: string, start: number, more: string): string {
  return `artifact_uri: file:///elsewhere/${id}/artifacts
end_time: ${start + 5}
entry_point_name: ''
experiment_id: '7'
lifecycle_stage: active
run_id: ${id}
run_name: ${name}
source_name: ''
source_type: 4
start_time: ${start}
status: 3
tags: []
user_id: ada
${more}`;
}

const FILES = {
  'mlruns/0/meta.yaml': "experiment_id: '0'\nlifecycle_stage: active\nname: Default\n",
  'mlruns/7/meta.yaml':
    "artifact_location: file:///elsewhere\ncreation_time: 1\nexperiment_id: '7'\nlifecycle_stage: active\nname: 'it''s a long name that goes on in\n  another line'\n",
  'mlruns/7/tags/team': 'rain',
  [`mlruns/7/${A}/meta.yaml`]: meta(A, 'first', 1_600_000_000_000, ''),
  [`mlruns/7/${A}/params/lr`]: '0.1',
  [`mlruns/7/${A}/params/net/depth`]: '3',
  [`mlruns/7/${A}/metrics/val/loss`]: '1600000000001 3.5 0\n1600000000003 nan 2\n1600000000002 -inf 1\n',
  [`mlruns/7/${A}/metrics/broken`]: 'x\n\n',
  [`mlruns/7/${A}/tags/mlflow.runName`]: 'first',
  [`mlruns/7/${A}/tags/team`]: 'rain',
  [`mlruns/7/${A}/artifacts/model/weights.bin`]: 'weights',
  [`mlruns/7/${B}/meta.yaml`]: meta(B, 'inner', 1_600_000_001_000, '').replace('status: 3', 'status: 4'),
  [`mlruns/7/${B}/tags/mlflow.parentRunId`]: A,
  [`mlruns/7/${GONE}/meta.yaml`]: meta(GONE, 'gone', 1_600_000_002_000, '').replace('active', 'deleted'),
  'mlruns/7/models/m-1/meta.yaml': `experiment_id: '7'\nlifecycle_stage: active\nmodel_id: m-1\nname: net\nsource_run_id: ${A}\nstatus: 2\n`,
  'mlruns/7/models/m-1/params/depth': '3',
  [`mlruns/7/models/m-1/metrics/acc`]: `1600000000001 0.5 0 ${A}\n`,
  'mlruns/7/models/m-1/artifacts/MLmodel': 'flavors:\n  sklearn:\n    x: 1\n',
  'mlruns/models/rain/meta.yaml': 'name: rain\n',
};

test('runs are taken in once, with all that they have', async () => {
  const project = await TestProject.make(FILES);
  const { stdout } = await project.expect(0, ['tracking', 'import']);
  assert.match(stdout, /took in 3 runs of 2 experiments/);
  const { stdout: again } = await project.expect(0, ['tracking', 'import', 'mlruns']);
  assert.match(again, /took in 0 runs of 2 experiments; 3 were here already/);
  const lock = tryLock(project.path('.modelyard/locks/tracking-import.lock'));
  const { stderr: busy } = await project.expect(1, ['tracking', 'import']);
  lock?.release();
  assert.match(busy, /another import into this project is under way/);
  const runs = project.runs();
  assert.deepEqual(
    runs.map(({ id, tracking, status, pipeline, user }) => [
      id.slice(0, 15),
      tracking?.name,
      status,
      pipeline,
      user,
    ]),
    [
      ['20200913-122640', 'first', 'succeeded', "it's a long name that goes on in another line", 'ada'],
      ['20200913-122641', 'inner', 'failed', "it's a long name that goes on in another line", 'ada'],
      ['20200913-122642', 'gone', 'succeeded', "it's a long name that goes on in another line", 'ada'],
    ],
  );
  const [first, inner, gone] = runs;
  assert.ok(first && inner && gone);
  assert.deepEqual(first.params, { lr: '0.1', 'net/depth': '3' });
  assert.deepEqual(first.tasks[0]?.metrics, { 'val/loss': 'NaN' });
  assert.deepEqual(
    first.tasks[0].outputs.map(({ name, bytes }) => [name, bytes]),
    [['model/weights.bin', 7]],
  );
  assert.equal(inner.tracking?.tags['mlflow.parentRunId'], first.id);
  assert.equal(inner.parent?.run, first.id);
  assert.ok(gone.tracking?.deleted !== undefined);
  const lines = project
    .read('.modelyard/tracking/logged-models.ndjson')
    .split('\n')
    .filter((line) => line !== '');
  assert.equal(lines.length, 2);
  for (const part of ['"status":"READY"', `"run":"${first.id}"`, '"MLmodel":{"hash"', '"depth":"3"'])
    assert.ok(lines.join('\n').includes(part), part);
  const { stdout: shown } = await project.expect(0, ['runs', 'show', first.id]);
  assert.match(shown, /tag team = rain/);
  const { stdout: listed } = await project.expect(0, ['runs', 'list', '--source', 'tracking']);
  assert.doesNotMatch(listed, /gone/);
});

test('what is no such folder is said', async () => {
  const project = await TestProject.make({ 'other/x': '1' });
  const { stderr } = await project.expect(2, ['tracking', 'import', 'other']);
  assert.match(stderr, /other is no `mlruns` folder/);
});
