/** The name `local` in `modelyard.yaml`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { SlurmExecutor } from '../../../server/definition/definition.js';
import { Executors } from '../../../server/runner/executors/executors.js';
import { localExecutor } from '../../../server/runner/executors/local.js';

const CLUSTER: SlurmExecutor = {
  name: 'cluster',
  type: 'slurm',
  memoryForm: 'total',
  gpuForm: 'gres',
  submitOptions: [],
  setup: [],
  pollMs: 200,
};

test('local is this machine, whatever modelyard.yaml calls it', async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-local-'));
  const local = localExecutor(path.join(root, 'pipes'));
  const executors = new Executors(
    { executors: [{ ...CLUSTER, name: 'local' }, CLUSTER] },
    { root, runId: '20261129-120000-000-aaaa', pipeline: 'main' },
    local,
    new Map(),
  );
  try {
    assert.deepEqual([executors.isHere('local'), executors.isHere('cluster')], [true, false]);
    assert.equal(await executors.open('local'), local);
  } finally {
    await executors.close();
    rmSync(root, { recursive: true, force: true });
  }
});
