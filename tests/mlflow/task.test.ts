/** The real MLflow client in tasks of a run: nothing is set up for it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TestProject } from '../support/cli.js';
import { peerPython, withoutMlflow } from '../support/peers/peers.js';

const SCRIPT = `
import mlflow

mlflow.set_experiment("chosen")
with mlflow.start_run(run_name="first", tags={"team": "rain"}):
    mlflow.log_params({"lr": 0.1, "epochs": 3})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("hi", "a/b.txt")
    with mlflow.start_run(nested=True, run_name="inner"):
        mlflow.log_metric("m", 1)
with mlflow.start_run(run_name="second"):
    mlflow.log_metric("other", 2)
`;

const AUTOLOG = `
import mlflow
import numpy as np
from sklearn.linear_model import LogisticRegression

mlflow.sklearn.autolog(registered_model_name="net", log_input_examples=True)
x = np.random.default_rng(1).random((60, 3))
LogisticRegression(C=0.5).fit(x, (x[:, 0] > 0.5).astype(int))
`;

test('scripts in tasks log into their run, autolog included', { skip: withoutMlflow() }, async () => {
  const python = peerPython('mlflow');
  const project = await TestProject.make({
    'train.py': SCRIPT,
    'auto.py': AUTOLOG,
    'main.pipeline.yaml': `tasks:\n  train:\n    run: ${python} train.py\n    cache: false\n  auto:\n    run: ${python} auto.py\n    outputs: { model: { path: out/model, mlflow: model } }\n    cache: false\n`,
  });
  await project.expect(0, ['run', '-j', '2'], {
    env: {
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2',
      MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      DO_NOT_TRACK: 'true',
      GIT_PYTHON_REFRESH: 'quiet',
    },
  });
  const above = project.runs().find(({ source }) => source === undefined);
  const metrics = Object.fromEntries((above?.tasks ?? []).map((task) => [task.id, task.metrics]));
  assert.deepEqual(metrics['train'], { loss: 1 / 3 });
  assert.ok('training_score' in (metrics['auto'] ?? {}), JSON.stringify(metrics));
  const told = project
    .runs()
    .filter(({ source }) => source === 'tracking')
    .map(({ tracking, pipeline, status, params }) => ({ name: tracking?.name, pipeline, status, params }));
  assert.deepEqual(
    told.find(({ name }) => name === 'first'),
    {
      ...{ name: 'first', pipeline: 'chosen', status: 'succeeded' },
      params: { lr: '0.1', epochs: '3' },
    },
  );
  for (const name of ['inner', 'second'])
    assert.equal(told.find((one) => one.name === name)?.pipeline, 'chosen', name);
  const auto = told.find(({ name }) => name === 'auto');
  assert.deepEqual([auto?.pipeline, auto?.params['C']], ['main', '0.5']);
  assert.match(project.read('out/model/MLmodel'), /python_function/);
  const { stdout } = await project.expect(0, ['models', 'show', 'net@1', '--json']);
  assert.match(stdout, /"source":\s*"mlflow"/, 'the signature is that of the model');
  assert.match(stdout, /scikit-learn==/);
  assert.match(stdout, /"task":\s*"auto"/, 'made by the task');
});
