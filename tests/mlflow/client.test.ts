/**
 * The real, unmodified MLflow client from PyPI against the real tracking server. Where it can't be installed that is said,
 * and the wire is held by tests/runner/tracking/tracking.test.ts alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test, { type TestContext } from 'node:test';
import { TestProject } from '../support/cli.js';
import { type MlflowSet, peerPython, withoutMlflow } from '../support/peers/peers.js';
import { TrackingClient } from '../support/tracking.js';

interface Case {
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
}

for (const set of ['mlflow', 'mlflow-2'] as const) {
  test(`scripts that import mlflow log here, unchanged (${set})`, { skip: withoutMlflow(set) }, (t) =>
    logged(t, set),
  );
}

async function logged(t: TestContext, set: MlflowSet): Promise<void> {
  const project = await TestProject.make();
  const server = await TrackingClient.start(project);
  try {
    const { stdout, stderr, status } = spawnSync(peerPython(set), ['tests/mlflow/client.py'], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        ...server.environment,
        // A mistake here is told at once, not after four minutes of trying again.
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2',
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR: 'false',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
        GIT_PYTHON_REFRESH: 'quiet',
        HOME: project.root,
      },
    });
    assert.equal(status, 0, stderr);
    const cases = stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('{"name"') ? [JSON.parse(line) as Case] : []));
    assert.ok(cases.length >= 12, stdout);
    for (const { name, ok, error } of cases)
      await t.test(name, () => {
        assert.ok(ok, error);
      });
    const { stdout: listed } = await project.expect(0, [
      'runs',
      'list',
      '--source',
      'tracking',
      '--pipeline',
      'script',
    ]);
    assert.match(listed, /script\/first +succeeded/);
    const { stdout: models } = await project.expect(0, ['models', 'show', 'net@production']);
    assert.match(models, /sklearn/);
  } finally {
    await server.stop();
  }
}
