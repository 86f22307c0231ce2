/** Every executor keeps to one contract; and Slurm's, what a cluster that is unwell does. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { type NodeGroup, whyImpossible } from '../../../server/definition/known/cluster.js';
import type { Resources, SlurmExecutor } from '../../../server/definition/definition.js';
import { shellOf } from '../../../server/definition/shell/shells.js';
import type { ExecutionResult, JobState } from '../../../server/runner/executors/executor.js';
import { localExecutor } from '../../../server/runner/executors/local.js';
import { describeRefusal, isCrowded, slurmHere } from '../../../server/runner/executors/slurm/client.js';
import { judge } from '../../../server/runner/executors/slurm/jobs/judge.js';
import { nodeGroups } from '../../../server/runner/executors/slurm/limits.js';
import { until } from '../../support/cli.js';
import { executorContract } from '../../support/executor-contract.js';
import { type OnFake, RUN, SETTINGS, many, onFake, results } from '../../support/slurm/on-fake-slurm.js';

const noPosix = process.platform === 'win32';
const noProc = process.platform !== 'linux';
const GIB = 1024 ** 3;
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
    await this.on.executor.close();
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
fault(
  'CANCELLED',
  'sleep 2',
  state('CANCELLED'),
  ended('other', /cancelled on the cluster, not by Modelyard/),
);
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

/** @param settings of the executor @param work has the cluster to itself */
function together(
  about: string,
  settings: Partial<SlurmExecutor>,
  work: (on: OnFake) => Promise<void>,
): void {
  test(`slurm: ${about}`, { skip: noProc }, async () => {
    const on = onFake(settings);
    try {
      await work(on);
      await on.executor.close();
      assert.deepEqual(readdirSync(path.join(on.root, '.modelyard/jobs')), []);
    } finally {
      await on.end();
    }
  });
}

const optionOf = (on: OnFake, id: string, name: string): string | undefined =>
  on.slurm.options(id).find((option) => option.startsWith(`--${name}=`));

together('jobs that ask for the same become one array, each with its own variables', {}, async (on) => {
  const text = 'echo "$MODELYARD_TASK $SAME $OTHER $SLURM_OWN $(env | grep -c MODELYARD_CARRIED)"; exit ';
  const members = many(
    on,
    [0, 1, 2].map((n) => `${text}${n}`),
  );
  assert.deepEqual(
    (await results(members)).map(({ exitCode }) => exitCode),
    [0, 1, 2],
  );
  assert.deepEqual(
    members.map(({ out }) => out()),
    [0, 1, 2].map((n) => `cell-${n} same it's "${n}" own ${n} 0\n`),
  );
  assert.deepEqual(on.slurm.ids, ['1_0', '1_1', '1_2']);
  assert.equal(optionOf(on, '1_0', 'array'), '--array=0-2');
});

together(
  'with `group` several share a job, one after the other; each is judged by itself',
  { group: 2 },
  async (on) => {
    const log = (n: number): string => `echo begin ${n} >> log; sleep 0.1; echo end ${n} >> log`;
    const members = many(on, [log(0), `${log(1)}; exit 3`, log(2), log(3)]);
    assert.deepEqual(
      (await results(members)).map(({ exitCode, ended: by }) => exitCode ?? by),
      [0, 3, 0, 0],
    );
    assert.deepEqual(on.slurm.ids, ['1_0', '1_1']);
    const lines = readFileSync(path.join(on.root, 'log'), 'utf8').trim().split('\n');
    for (const [one, next] of [
      [0, 1],
      [2, 3],
    ] as const)
      assert.ok(lines.indexOf(`end ${one}`) < lines.indexOf(`begin ${next}`), lines.join());
  },
);

together('a job that tasks share is given the time of them all', { group: 3 }, async (on) => {
  await results(many(on, ['true', 'true', 'true'], { timeoutMs: 120_000 }));
  // And a minute in which one follows the other.
  assert.equal(optionOf(on, '1', 'time'), '--time=7');
});

together(
  'no more share a job than its partition has time for',
  { group: 9, partition: 'short' },
  async (on) => {
    await results(many(on, ['true', 'true', 'true', 'true', 'true'], { timeoutMs: 600_000 }));
    assert.deepEqual(on.slurm.ids, ['1', '2', '3']);
    assert.equal(optionOf(on, '1', 'time'), '--time=21');
  },
);

together(
  'who asks for no time has the usual one in a shared job, too',
  { group: 2, partition: 'short' },
  async (on) => {
    await results(many(on, ['true', 'true']));
    assert.equal(optionOf(on, '1', 'time'), '--time=21');
  },
);

together('one of those that share a job is ended, and the others go on', { group: 4 }, async (on) => {
  const members = many(on, ['echo begun; sleep 300', 'echo >> ran', 'echo >> never', 'echo >> ran']);
  const [first, , third] = members;
  assert.ok(first && third);
  await until('the first one runs', () => first.out() === 'begun\n');
  third.execution.stop();
  assert.equal((await third.execution.done).signal, 'SIGTERM');
  first.execution.stop();
  const [, second, , fourth] = await results(members);
  assert.deepEqual([second?.exitCode, fourth?.exitCode], [0, 0]);
  assert.equal((await first.execution.done).signal, 'SIGTERM');
  assert.equal(existsSync(path.join(on.root, 'never')), false);
  assert.equal(readFileSync(path.join(on.root, 'ran'), 'utf8').length, 2);
});

together('when nobody wants any of those that share a job it is cancelled', { group: 3 }, async (on) => {
  const members = many(on, ['echo begun; sleep 300', 'echo >> never', 'echo >> never']);
  await until('the first one runs', () => members[0]?.out() === 'begun\n');
  for (const { execution } of members) execution.stop();
  assert.ok((await results(members)).every(({ signal }) => signal === 'SIGTERM'));
  assert.equal(on.slurm.state('1'), 'CANCELLED');
  assert.equal(existsSync(path.join(on.root, 'never')), false);
});

together('who shares a job that ends before its turn is submitted again', { group: 3 }, async (on) => {
  const members = many(on, ['echo begun; sleep 5', 'echo >> ran', 'echo >> ran']);
  await until('the first one runs', () => members[0]?.out() === 'begun\n');
  on.slurm.endAs('1', 'TIMEOUT');
  const [first, second, third] = await results(members);
  assert.equal(first?.ended?.by, 'timeout');
  assert.deepEqual([second?.exitCode, third?.exitCode], [0, 0]);
  assert.deepEqual(on.slurm.ids, ['1', '2']);
  assert.equal(readFileSync(path.join(on.root, 'ran'), 'utf8').length, 2);
});

together('who takes longer than it may is ended, and who shares its job is not', { group: 2 }, async (on) => {
  const members = many(on, ['sleep 300', 'true'], { timeoutMs: 1_000 });
  const [first, second] = await results(members);
  assert.equal(first?.ended?.by, 'timeout');
  assert.equal(second?.exitCode, 0);
});

together('what a task leaves behind does not live beside those that follow', { group: 2 }, async (on) => {
  const members = many(on, [
    'setsid sleep 300 & echo $! > left; sleep 0.2',
    'grep -q sleep /proc/$(cat left)/cmdline',
  ]);
  const [first, second] = await results(members);
  assert.equal(first?.exitCode, 0);
  assert.notEqual(second?.exitCode, 0);
});

together('a lane is an array with its throttle; what comes beside it is counted', {}, async (on) => {
  const lane = { key: 'cells', width: 2 };
  const members = many(on, ['sleep 1', 'sleep 1', 'sleep 1'], { lane });
  await until('it is submitted', () => on.slurm.ids.length === 3);
  assert.equal(optionOf(on, '1_0', 'array'), '--array=0-2%2');
  const late = many(on, ['true'], { lane, attempt: 2 });
  await results([...members, ...late]);
  assert.deepEqual(on.slurm.ids.length, 4);
});

together('an array that an account’s limit does not let in goes in parts', {}, async (on) => {
  on.slurm.break('crowded');
  const members = many(on, ['true', 'true', 'true', 'true']);
  assert.ok((await results(members)).every(({ exitCode }) => exitCode === 0));
  assert.deepEqual(on.slurm.ids.map((id) => id.split('_')[1]).sort(), ['0', '0', '1', '1']);
});

together(
  'a limit that none of one’s jobs can free is not waited for without an end',
  { pollMs: 20 },
  async (on) => {
    on.slurm.break('policy');
    const members = many(on, ['true', 'true', 'true', 'true', 'true']);
    const why =
      /Job violates accounting\/QOS policy .*: ask for less \(`timeout`, `resources`\), or name another `account`/;
    for (const { error } of await results(members)) assert.match(error ?? '', why);
    assert.deepEqual(on.slurm.ids, []);
    assert.ok(members.some(({ states }) => states.some((one) => one.state === 'queued')));
  },
);

together(
  'who is ended while a limit keeps others of its array out ends at once',
  { pollMs: 20 },
  async (on) => {
    const first = many(on, ['sleep 300'], { id: 'first' });
    await until('one of them is there', () => on.slurm.ids.length === 1);
    on.slurm.break('policy');
    const members = many(on, ['true', 'true', 'true', 'true']);
    await until('it is told', () =>
      members.some(({ states }) => states.some((one) => one.state === 'queued')),
    );
    for (const { execution } of members) execution.stop();
    assert.ok((await results(members)).every(({ signal }) => signal === 'SIGTERM'));
    for (const { execution } of first) execution.stop();
    await results(first);
  },
);

test('slurm: a job that fails before its commands begin is no fault of the task', () => {
  const failed = { id: '1', state: 'FAILED', stopped: false, cancelled: false, words: '' };
  const unseen = judge({ ...failed, unseen: '/jobs/a' });
  assert.equal(unseen.ended?.by, 'infrastructure');
  assert.match(unseen.ended.message, /failed before its commands began .* Does its node see \/jobs\/a\?/);
  assert.equal(judge(failed).ended?.by, 'other');
  assert.equal(judge({ ...failed, done: { exit: 3 } }).exitCode, 3);
});

for (const [message, expected] of [
  ["Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)", 'maybe'],
  ['QOSMaxSubmitJobPerUserLimit\nJob violates accounting/QOS policy (job submit limit, …)', true],
  ['AssocGrpSubmitJobsLimit\nJob violates accounting/QOS policy (job submit limit, …)', true],
  ['QOSMaxWallDurationPerJobLimit\nJob violates accounting/QOS policy (job submit limit, …)', false],
  ['AssocMaxCpuPerJobLimit\nJob violates accounting/QOS policy (job submit limit, …)', false],
  ['Invalid account or account/partition combination specified', false],
] as const) {
  test(`slurm: a refusal ends by itself or not: ${message.split('\n')[0]}`, () => {
    assert.equal(isCrowded(message), expected);
    const isPolicy = message.includes('QOS policy');
    assert.equal(describeRefusal(message).includes('name another `account`'), isPolicy);
  });
}

together(
  'with `max-jobs` those that find no room wait, and then share a job',
  { group: 2, maxJobs: 1 },
  async (on) => {
    const members = many(on, ['true', 'true', 'true', 'true']);
    assert.ok((await results(members)).every(({ exitCode }) => exitCode === 0));
    assert.deepEqual(on.slurm.ids, ['1', '2']);
  },
);

for (const how of ['unclear', 'lost'] as const) {
  together(`an array whose submission is ${how} works once`, { group: 2 }, async (on) => {
    on.slurm.break(how);
    const members = many(
      on,
      [0, 1, 2, 3].map((n) => `echo >> ran-${n}`),
    );
    assert.ok((await results(members)).every(({ exitCode }) => exitCode === 0));
    assert.deepEqual(on.slurm.ids, ['1_0', '1_1']);
    for (const n of [0, 1, 2, 3]) assert.equal(readFileSync(path.join(on.root, `ran-${n}`), 'utf8'), '\n');
  });
}

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
  ['nodes', {}, { cpus: 1, gpus: 0, nodes: 4 }, undefined, /asks for 4 nodes, and the partition main has 3/],
  ['processes on many nodes', {}, { cpus: 2, gpus: 0, nodes: 2, tasks: 8 }, undefined, undefined],
  [
    'processes on one node',
    {},
    { cpus: 2, gpus: 0, tasks: 8 },
    undefined,
    /asks for 16 cores, which no node of the partition main has/,
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
    /no partition "shrot"; the cluster has main, short/,
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
    const [first, second, third] = await nodeGroups(slurmHere);
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
