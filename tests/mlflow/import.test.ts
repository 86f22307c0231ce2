/**
 * Stores that the real MLflow has written are taken in, and what the real client reads of them here is what it reads there.
 * Where MLflow can't be installed that is said.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { TestProject } from '../support/cli.js';
import { peerPython, withoutMlflow } from '../support/peers/peers.js';
import { TrackingClient } from '../support/tracking.js';

const skip = withoutMlflow('mlflow-server');

/** What the real MLflow reads of a store; with `make` after it has logged into it. */
function seenBy(project: TestProject, environment: Readonly<Record<string, string>>, make = false): unknown {
  const args = [path.resolve('tests/mlflow/make-store.py'), ...(make ? [] : ['read'])];
  const { stdout, stderr, status } = spawnSync(peerPython('mlflow-server'), args, {
    cwd: project.root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      ...environment,
      MLFLOW_ALLOW_FILE_STORE: 'true',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2',
      MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      DO_NOT_TRACK: 'true',
      GIT_PYTHON_REFRESH: 'quiet',
      HOME: project.root,
    },
  });
  assert.equal(status, 0, stderr);
  const line = stdout.split('\n').find((one) => one.startsWith('READ ')) ?? '';
  return JSON.parse(line.slice('READ '.length));
}

async function seenHere(project: TestProject): Promise<unknown> {
  const server = await TrackingClient.start(project);
  try {
    return seenBy(project, server.environment);
  } finally {
    await server.stop();
  }
}

for (const { name, uri, stored } of [
  {
    name: 'an mlflow.db',
    uri: (project: TestProject) => `sqlite:///${project.path('mlflow.db')}`,
    stored: 'mlflow.db',
  },
  {
    name: 'an mlruns folder',
    uri: (project: TestProject) => `file://${project.path('mlruns')}`,
    stored: 'mlruns',
  },
]) {
  test(
    `${name} of the real MLflow is taken in, once, as it reads it itself, and given back so`,
    { skip },
    async () => {
      const project = await TestProject.make();
      const there = seenBy(project, { MLFLOW_TRACKING_URI: uri(project) }, true);
      const { stdout } = await project.expect(0, ['tracking', 'import', stored]);
      assert.match(stdout, /took in 8 runs of 3 experiments and 2 versions of models\n/);
      assert.deepEqual(await seenHere(project), there);
      const out = project.path('out mlruns');
      const { stdout: wrote } = await project.expect(0, ['tracking', 'export', out]);
      assert.match(wrote, /wrote 8 runs and 2 versions of models to /);
      assert.deepEqual(seenBy(project, { MLFLOW_TRACKING_URI: pathToFileURL(out).href }), there);
      const { stdout: wroteAgain } = await project.expect(0, ['tracking', 'export', out]);
      assert.match(wroteAgain, /wrote 0 runs to .*; 8 were there already/);
      const { stdout: back } = await project.expect(0, ['tracking', 'import', out]);
      assert.match(back, /took in 0 runs of 3 experiments; 8 were here already/);
      const { stdout: again } = await project.expect(0, ['tracking', 'import', stored]);
      assert.match(again, /took in 0 runs of 3 experiments; 8 were here already/);
      assert.deepEqual(await seenHere(project), there);
    },
  );
}
