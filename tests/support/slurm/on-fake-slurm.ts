/** Slurm's executor on a cluster that is none, and jobs for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { SlurmExecutor } from '../../../server/definition/definition.js';
import { shellOf } from '../../../server/definition/shell/shells.js';
import type {
  Execution,
  ExecutionResult,
  ExecutorJob,
  JobState,
} from '../../../server/runner/executors/executor.js';
import { slurmExecutor } from '../../../server/runner/executors/slurm/slurm.js';
import type { UnderTest } from '../executor-contract.js';
import { FakeSlurm } from './fake-slurm.js';

export const RUN = '20261129-120000-000-aaaa';

export const SETTINGS: SlurmExecutor = {
  name: 'cluster',
  type: 'slurm',
  memoryForm: 'total',
  gpuForm: 'gres',
  submitOptions: [],
  setup: [],
  pollMs: 200,
};

export interface OnFake extends UnderTest {
  readonly slurm: FakeSlurm;
}

const PATH = process.env['PATH'];

export function onFake(settings: Partial<SlurmExecutor> = {}): OnFake {
  const slurm = new FakeSlurm();
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-executor-'));
  process.env['PATH'] = slurm.path;
  return {
    slurm,
    executor: slurmExecutor({ ...SETTINGS, ...settings }, { root, runId: RUN, pipeline: 'main' }),
    root,
    queues: true,
    end: () => {
      process.env['PATH'] = PATH;
      slurm.end();
      rmSync(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

export interface Member {
  readonly execution: Execution;
  readonly out: () => string;
  readonly states: readonly JobState[];
}

/** Jobs that ask for the same, at the same time. */
export function many(
  on: OnFake,
  texts: readonly string[],
  more: Partial<ExecutorJob> = {},
): readonly Member[] {
  return texts.map((text, at) => {
    let out = '';
    const states: JobState[] = [];
    const execution = on.executor.start({
      id: `cell-${at}`,
      attempt: 1,
      script: { shell: shellOf('sh'), text },
      cwd: on.root,
      env: {
        inherited: { PATH: process.env['PATH'] ?? '' },
        own: { MODELYARD_TASK: `cell-${at}`, SAME: 'same', OTHER: `it's "${at}"`, SLURM_OWN: `own ${at}` },
      },
      resources: { cpus: 1, gpus: 0 },
      graceMs: 1_000,
      memo: { fingerprint: 'f', outputs: [], strangers: {} },
      onOutput: (_, chunk) => (out += chunk.toString()),
      onState: (one) => states.push(one),
      ...more,
    });
    return { execution, out: () => out, states };
  });
}

/** How they end. */
export const results = (members: readonly Member[]): Promise<ExecutionResult[]> =>
  Promise.all(members.map(({ execution }) => execution.done));
