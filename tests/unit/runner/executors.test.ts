/** Every executor keeps to one contract; and Slurm's, what a cluster that is unwell does. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { Resources, SlurmExecutor } from '../../../server/model/definition.js';
import { shellOf } from '../../../server/model/shells.js';
import type { ExecutionResult, JobState } from '../../../server/runner/executors/executor.js';
import { localExecutor } from '../../../server/runner/executors/local.js';
import { type NodeGroup, nodeGroups, whyImpossible } from '../../../server/runner/executors/slurm/limits.js';
import { slurmExecutor } from '../../../server/runner/executors/slurm/slurm.js';
import { until } from '../../support/cli.js';
import { type UnderTest, executorContract } from '../../support/executor-contract.js';
import { FakeSlurm } from '../../support/fake-slurm.js';

const noPosix = process.platform === 'win32';
const noProc = process.platform !== 'linux';
const GIB = 1024 ** 3;
const RUN = '20261129-120000-000-aaaa';

const SETTINGS: SlurmExecutor = {
  name: 'cluster',
  type: 'slurm',
  memoryForm: 'total',
  gpuForm: 'gres',
  submitOptions: [],
  setup: [],
  pollMs: 200,
};

const folder = (): string => mkdtempSync(path.join(os.tmpdir(), 'modelyard-executor-'));

executorContract(
  'local',
  () => {
    const root = folder();
    return {
      executor: localExecutor(path.join(root, 'pipes')),
      root,
      queues: false,
      end: () => rmSync(root, { recursive: true, force: true }),
    };
  },
  { skip: noPosix },
);

interface OnFake extends UnderTest {
  readonly slurm: FakeSlurm;
}

const PATH = process.env['PATH'];

function onFake(settings: Partial<SlurmExecutor> = {}): OnFake {
  const slurm = new FakeSlurm();
  const root = folder();
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

executorContract('slurm', onFake, { skip: noProc });

/** A job whose task says each time that it runs; with what the executor tells of it. */
class Submitted {
  readonly on: OnFake;
  readonly done: Promise<ExecutionResult>;
  readonly states: JobState[] = [];
  readonly #stop: () => void;

  constructor(on: OnFake, text: string) {
    this.on = on;
    const execution = on.executor.start({
      id: 'train',
      attempt: 1,
      script: { shell: shellOf('sh'), text: `echo . >> ran; ${text}` },
      cwd: on.root,
      env: { inherited: { PATH: process.env['PATH'] ?? '' }, own: {} },
      resources: { cpus: 1.5, gpus: 0, memoryBytes: 64 * 1024 * 1024 },
      timeoutMs: 90_000,
      graceMs: 1_000,
      memo: { fingerprint: 'f', outputs: [], strangers: {} },
      onOutput: () => undefined,
      onState: (state) => this.states.push(state),
    });
    this.done = execution.done;
    this.#stop = () => execution.stop();
  }

  get times(): number {
    const file = path.join(this.on.root, 'ran');
    return existsSync(file) ? readFileSync(file, 'utf8').length / 2 : 0;
  }

  get reasons(): string {
    return this.states.map((state) => (state.state === 'queued' ? state.reason : '')).join('\n');
  }

  running(): Promise<void> {
    return until('it runs', () => this.times > 0 && this.states.some(({ state }) => state === 'running'));
  }

  async end(): Promise<void> {
    this.on.slurm.mend();
    this.#stop();
    await this.done;
    this.on.executor.close();
    await this.on.end();
  }
}

/** @param work is done with the cluster's only job, called 1, while it runs */
function fault(
  about: string,
  text: string,
  work: (job: Submitted) => void | Promise<void>,
  expected: (result: ExecutionResult, job: Submitted) => void,
): void {
  test(`slurm: ${about}`, { skip: noProc }, async () => {
    const job = new Submitted(onFake(), text);
    try {
      await job.running();
      await work(job);
      expected(await job.done, job);
      assert.equal(job.times, 1);
    } finally {
      await job.end();
    }
  });
}

const state = (name: string) => (job: Submitted) => job.on.slurm.setState('1', name);
const ended =
  (by: string, message: RegExp) =>
  (result: ExecutionResult): void => {
    assert.ok(result.ended);
    assert.equal(result.ended.by, by);
    assert.match(result.ended.message, message);
  };

fault('TIMEOUT', 'sleep 2', state('TIMEOUT'), ended('timeout', /job 1 reached its time limit \(TIMEOUT\)/));
fault('DEADLINE', 'sleep 2', state('DEADLINE'), ended('timeout', /DEADLINE/));
fault('OUT_OF_MEMORY', 'sleep 2', state('OUT_OF_MEMORY'), ended('other', /ran out of memory: it had 64MiB/));
fault('CANCELLED', 'sleep 2', state('CANCELLED'), ended('other', /cancelled on the cluster, by nobody here/));
fault('NODE_FAIL', 'sleep 2', state('NODE_FAIL'), ended('infrastructure', /lost by its node/));
fault('PREEMPTED', 'sleep 2', state('PREEMPTED'), ended('infrastructure', /lost by its node/));
fault(
  'FAILED without a mark',
  'sleep 2',
  state('FAILED'),
  ended('other', /failed before its commands had ended \(FAILED\)$/),
);
fault(
  'a job that is gone without a mark is lost',
  'sleep 30',
  (job) => job.on.slurm.forget('1'),
  ended('infrastructure', /is gone without having ended/),
);
fault(
  'a job that is gone is known by its mark',
  'sleep 0.5; exit 4',
  (job) => job.on.slurm.forget('1'),
  ({ exitCode, ended: by }) => assert.deepEqual([exitCode, by], [4, undefined]),
);
fault(
  'an id that means a job of somebody else is not believed',
  'sleep 30',
  (job) => {
    job.on.slurm.reuse('1');
    job.on.slurm.setState('1', 'COMPLETED');
  },
  ended('infrastructure', /is gone without having ended/),
);
fault(
  'one empty answer is no news',
  'sleep 1',
  (job) => job.on.slurm.break('empty'),
  ({ exitCode }) => assert.equal(exitCode, 0),
);
fault(
  'COMPLETED alone is no success: the mark is missing',
  'sleep 30',
  state('COMPLETED'),
  ended('infrastructure', /is gone without having ended/),
);
fault(
  'a controller that does not answer is waited for',
  'sleep 1',
  async (job) => {
    const { slurm } = job.on;
    slurm.break('down');
    const before = slurm.asked;
    await until('it is asked in vain', () => slurm.asked > before + 1);
    slurm.mend();
  },
  ({ exitCode }) => assert.equal(exitCode, 0),
);

/** The job comes to its end although its submission does not go well. */
function submission(
  about: string,
  how: 'lost' | 'unclear' | 'crowded' | 'down',
  expected: (job: Submitted) => void,
  meanwhile: (job: Submitted) => Promise<void> = () => Promise.resolve(),
): void {
  test(`slurm: ${about}`, { skip: noProc }, async () => {
    const on = onFake();
    on.slurm.break(how);
    const job = new Submitted(on, 'true');
    try {
      await meanwhile(job);
      assert.equal((await job.done).exitCode, 0);
      assert.equal(job.times, 1);
      expected(job);
    } finally {
      await job.end();
    }
  });
}

submission('a submission that is said to have failed and has not is found', 'unclear', (job) => {
  assert.deepEqual(job.on.slurm.ids, ['1']);
});
submission('one that has come to nothing is made again', 'lost', (job) => {
  assert.deepEqual(job.on.slurm.ids, ['1']);
  assert.match(job.reasons, /the controller does not answer: Socket timed out/);
});
submission('a limit of the account is waited for', 'crowded', (job) => {
  assert.match(job.reasons, /is not in the queue yet: Job violates accounting/);
});
submission(
  'a controller that is away is waited for',
  'down',
  (job) => assert.deepEqual(job.on.slurm.ids, ['1']),
  async (job) => {
    await until('it is told', () => job.reasons.includes('does not answer'));
    job.on.slurm.mend();
  },
);

test(
  'slurm: a job waits with its reason, and the controller is asked ever more seldom',
  { skip: noProc },
  async () => {
    const on = onFake({ pollMs: 60_000 });
    const job = new Submitted(on, 'sleep 30');
    try {
      await job.running();
      on.slurm.setState('1', 'PENDING', 'PartitionTimeLimit');
      await until('the reason is told', () => job.reasons.includes('longer than the partition allows'));
      const began = Date.now();
      const asked = on.slurm.asked;
      await until('it is asked again', () => on.slurm.asked >= asked + 2);
      // After 1 and 1.5 seconds.
      assert.ok(Date.now() - began > 2_000, `${Date.now() - began} ms`);
    } finally {
      on.slurm.setState('1', 'RUNNING');
      await job.end();
    }
  },
);

test('slurm: what is wished for becomes options of sbatch', { skip: noProc }, async () => {
  const on = onFake({
    partition: 'gpu',
    account: 'weather',
    memoryForm: 'per-cpu',
    gpuForm: 'gpus',
    submitOptions: ['--exclusive'],
  });
  const job = new Submitted(on, 'true');
  try {
    await job.done;
    const options = on.slurm.options('1').map((one) => one.replaceAll(on.root, ''));
    const name = `${RUN}.train.1`;
    const jobFolder = `/.modelyard/jobs/${name}`;
    assert.deepEqual(options, [
      '--parsable',
      '--no-requeue',
      `--job-name=${name}`,
      `--chdir=${jobFolder}`,
      `--output=${jobFolder}/slurm.log`,
      '--open-mode=truncate',
      '--export=ALL',
      '--nodes=1',
      '--ntasks=1',
      '--cpus-per-task=2',
      '--partition=gpu',
      '--account=weather',
      '--time=2',
      '--mem-per-cpu=32M',
      '--exclusive',
    ]);
  } finally {
    await job.end();
  }
});

test('slurm: only the folder of a job is closed to others', { skip: noProc }, async () => {
  const on = onFake();
  const job = new Submitted(on, 'sleep 30');
  try {
    await job.running();
    const modeOf = (...names: readonly string[]): number =>
      statSync(path.join(on.root, ...names)).mode & 0o777;
    mkdirSync(path.join(on.root, 'usual'));
    assert.equal(modeOf('.modelyard', 'jobs', `${RUN}.train.1`), 0o700);
    assert.equal(modeOf('.modelyard', 'jobs'), modeOf('usual'));
  } finally {
    await job.end();
  }
});

const GROUPS: readonly NodeGroup[] = [
  { partition: 'main', isDefault: true, nodes: 2, cpus: 4, memoryBytes: 4 * GIB, gpus: 0 },
  { partition: 'main', isDefault: true, nodes: 1, cpus: 8, memoryBytes: 2 * GIB, gpus: 2 },
  {
    partition: 'short',
    isDefault: false,
    nodes: 1,
    cpus: 4,
    memoryBytes: 4 * GIB,
    gpus: 0,
    timeMs: 1_800_000,
  },
];

for (const [about, settings, resources, timeMs, expected] of [
  ['fits', {}, { cpus: 8, gpus: 2 }, undefined, undefined],
  [
    'cores',
    {},
    { cpus: 9, gpus: 0 },
    undefined,
    /asks for 9 cores, which no node of the partition main has \(at most 8 cores\)/,
  ],
  [
    'no node has both',
    {},
    { cpus: 8, gpus: 0, memoryBytes: 3 * GIB },
    undefined,
    /asks for 8 cores, 3GiB, which no node/,
  ],
  [
    'memory is not asked for',
    { memoryForm: 'none' },
    { cpus: 8, gpus: 0, memoryBytes: 99 * GIB },
    undefined,
    undefined,
  ],
  [
    'processors',
    {},
    { cpus: 1, gpus: 3 },
    undefined,
    /asks for 1 core, 3 GPUs, .* \(at most 8 cores, 2 GPUs\)/,
  ],
  [
    'a processor where there is none',
    { partition: 'short' },
    { cpus: 1, gpus: 1 },
    undefined,
    /asks for 1 core, 1 GPU, .* \(at most 4 cores, no GPU\)/,
  ],
  [
    'time',
    { partition: 'short' },
    { cpus: 1, gpus: 0 },
    3_600_000,
    /asks for 1h, and the partition short gives 30m at most/,
  ],
  [
    'partition',
    { partition: 'shrot' },
    { cpus: 1, gpus: 0 },
    undefined,
    /no partition "shrot"; there are main, short/,
  ],
  [
    'options that say anything',
    { submitOptions: ['-p', 'big'] },
    { cpus: 99, gpus: 0 },
    undefined,
    undefined,
  ],
] satisfies readonly (readonly [
  string,
  Partial<SlurmExecutor>,
  Resources,
  number | undefined,
  RegExp | undefined,
])[]) {
  test(`slurm: what can never start: ${about}`, () => {
    const why = whyImpossible(GROUPS, { ...SETTINGS, ...settings }, resources, timeMs);
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? '', expected);
  });
}

test('slurm: what has no answer from the controller is not said to be impossible', () => {
  assert.equal(whyImpossible([], SETTINGS, { cpus: 999, gpus: 0 }, undefined), undefined);
});

test('slurm: what `sinfo` lists is read', { skip: noProc }, async () => {
  const on = onFake();
  try {
    const [first, second, third] = await nodeGroups();
    assert.deepEqual(
      [first?.partition, first?.isDefault, first?.nodes, first?.cpus, first?.timeMs],
      ['main', true, 2, 4, undefined],
    );
    assert.deepEqual([second?.gpus, second?.memoryBytes], [2, 8_000 * 1024 * 1024]);
    assert.deepEqual([third?.isDefault, third?.timeMs], [false, 1_800_000]);
  } finally {
    await on.end();
  }
});
