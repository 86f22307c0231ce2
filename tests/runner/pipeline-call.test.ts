/** Pipelines that run pipelines: their results are seen, cancelling goes through, waiting too, and none runs itself. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { TestProject, isAlive, until } from '../support/cli.js';

const TRAIN = `name: train
params: { epochs: 1 }
tasks:
  fit:
    run: 'echo m-\${{ params.epochs }} > m.txt; echo "{\\"accuracy\\": 0.9}" > m.json; echo x >> fit.count'
    outputs: { model: m.txt }
    metrics: m.json
`;

const NIGHTLY = `name: nightly
params: { epochs: 7 }
tasks:
  retrain:
    pipeline: { name: train, params: { epochs: "\${{ params.epochs }}" } }
  use:
    run: 'echo \${{ tasks.retrain.outputs.model }} \${{ tasks.retrain.outputs.fit.model }} \${{ tasks.retrain.metrics.accuracy }} \${{ tasks.retrain.metrics.fit.accuracy }} > used.txt'
    outputs: { used: used.txt }
`;

async function project(t: TestContext, files: Record<string, string>): Promise<TestProject> {
  const made = await TestProject.make(files);
  t.after(() => made.remove(''));
  return made;
}

test('its run is recorded as a part, and its outputs and metrics are seen', async (t) => {
  const made = await project(t, { 'train.pipeline.yaml': TRAIN, 'nightly.pipeline.yaml': NIGHTLY });
  await made.expect(0, ['run', 'nightly']);
  assert.equal(made.read('m.txt'), 'm-7\n');
  assert.equal(made.read('used.txt'), 'm.txt m.txt 0.9 0.9\n');
  const [parent, child] = made.runs();
  assert.deepEqual([parent?.pipeline, child?.pipeline], ['nightly', 'train']);
  assert.deepEqual(child?.parent, { run: parent?.id, task: 'retrain' });
  assert.match(parent?.tasks[0]?.note ?? '', new RegExp(`run ${child.id} of train`));
  await made.expect(0, ['run', 'nightly']);
  assert.equal(made.read('fit.count'), 'x\n');
});

test('a failure below, a pipeline that is not there, a param that is wrong', async (t) => {
  const made = await project(t, {
    'train.pipeline.yaml': TRAIN.replace("run: 'echo", "run: 'exit 3; echo"),
    'nightly.pipeline.yaml': NIGHTLY,
  });
  const { stdout } = await made.expect(1, ['run', 'nightly']);
  assert.match(stdout, /run .* of train failed: fit failed: exit code 3/);
  made.write({
    'train.pipeline.yaml': TRAIN.replace('epochs: 1', 'epochs: { type: integer, maximum: 5, default: 1 }'),
  });
  assert.match((await made.expect(1, ['run', 'nightly'])).stdout, /epochs/);
});

test('pipelines that run each other are refused', async (t) => {
  const made = await project(t, {
    'a.pipeline.yaml': 'name: a\ntasks: { x: { pipeline: b } }\n',
    'b.pipeline.yaml': 'name: b\ntasks: { y: { pipeline: a } }\n',
  });
  const { stdout } = await made.expect(1, ['run', 'a']);
  assert.match(stdout, /pipelines run each other without an end: a → b → a/);
});

test('cancelling goes through', async (t) => {
  const made = await project(t, {
    'slow.pipeline.yaml':
      'name: slow\ntasks: { z: { run: "echo $$ > pid; exec sleep 600", cache: false } }\n',
    'a.pipeline.yaml': 'name: a\ntasks: { x: { pipeline: slow } }\n',
  });
  const running = made.start(['run', 'a']);
  await until('it runs', () => made.exists('pid') && made.read('pid').trim() !== '');
  const pid = Number(made.read('pid'));
  running.child.kill('SIGINT');
  assert.equal((await running.done).code, 130);
  assert.ok(!isAlive(pid));
  assert.deepEqual(
    made.runs().map((run) => run.status),
    ['cancelled', 'cancelled'],
  );
});

test('who calls waits with what is called, and both go on', async (t) => {
  const made = await project(t, {
    'ask.pipeline.yaml':
      'name: ask\ntasks:\n  work: { run: echo x >> work.count, cache: false }\n  ok: { needs: [work], approval: { prompt: go } }\n',
    'a.pipeline.yaml':
      'name: a\ntasks:\n  call: { pipeline: ask }\n  after: { needs: [call], run: echo x >> after.count, cache: false }\n',
  });
  const left = await made.expect(3, ['run', 'a']);
  assert.match(left.stdout, /call: run .* of ask waits for people/);
  const [parent, child] = made.runs();
  assert.deepEqual([parent?.status, child?.status], ['waiting', 'waiting']);
  assert.equal(made.exists('after.count'), false);
  await made.expect(0, ['approve', child?.id ?? '', 'ok']);
  await made.expect(0, ['run', 'a', '--resume', parent?.id ?? '']);
  assert.deepEqual([made.read('work.count'), made.read('after.count')], ['x\n', 'x\n']);
  assert.deepEqual(
    made.runs().map((run) => [run.id, run.status]),
    [
      [parent?.id, 'succeeded'],
      [child?.id, 'succeeded'],
    ],
  );
});
