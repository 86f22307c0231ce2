/** Options of `sbatch` that a task comes to; the usual ones are in `executors.test.ts`. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { SlurmExecutor } from '../../../server/definition/definition.js';
import { submitArguments } from '../../../server/runner/executors/slurm/jobs/request.js';

const SETTINGS: SlurmExecutor = {
  name: 'cluster',
  type: 'slurm',
  memoryForm: 'total',
  gpuForm: 'gres',
  submitOptions: [],
  setup: [],
  pollMs: 200,
};

test('a percent sign in the path of a project is one', () => {
  const request = { resources: { cpus: 1, gpus: 0 }, name: 'n', folder: '/data/50%j/n', after: [] };
  const options = submitArguments(SETTINGS, request);
  assert.ok(options.includes('--output=/data/50%%j/n/slurm.log'), options.join(' '));
  assert.ok(options.includes('--chdir=/data/50%j/n'), options.join(' '));
});
