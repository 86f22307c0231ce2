/**
 * Tasks on a real cluster: every way in which a job can end, and in which the client and the controller can. They share one
 * cluster and run side by side, because most of them wait for it.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/cli.js';
import { COUNTED, ClusterProject } from '../support/slurm/project.js';
import { Cluster, slurmAvailable } from '../support/slurm/slurm.js';

const available = slurmAvailable();

test('a cluster can be had here, or it is said why not', () => {
  if (!available.ok) console.log(`skipped: the tests on a cluster: ${available.why}`);
});

/** Three tasks, each of which reads what the one before has made. @param first prints what the first one puts out */
const CHAIN = (first: string, more = ''): string => `executor: cluster
tasks:
  first: { run: 'echo first >> count; (${first}) > a', outputs: { a: a }${more} }
  second: { run: echo second >> count; cat a a > b, inputs: [a], outputs: { b: b } }
  third: { run: echo third >> count; cat b b > c, inputs: [b], outputs: { c: c } }
`;

const GROUPED = 'executors:\n  cluster: { type: slurm, poll: 1s, group: 4 }\n';
/** Eight cells. */
const SHORT = (command: string, more = ''): string => `executor: cluster
tasks:
  cell:
    matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8], fail-fast: false }
    run: |
      ${command}
      echo \${{ matrix.n }} > out-\${{ matrix.n }}.txt
    outputs: { out: "out-\${{ matrix.n }}.txt" }
${more}`;

type Case = readonly [string, (cluster: Cluster) => Promise<void>];

const CASES: readonly Case[] = [
  [
    'a chain of tasks runs there, as it would here',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        `executor: cluster
env: { GREETING: "it's a 'word'" }
tasks:
  first:
    run: |
      echo "$GREETING $MODULE $SLURM_JOB_ID $SLURM_CPUS_PER_TASK"
      echo problem >&2
      echo '{"key": "loss", "value": 0.5}' >> "$MODELYARD_METRICS"
      echo first > first.txt
    outputs: { first: first.txt }
    resources: { cpus: 2, memory: 200MiB, gpus: 1 }
  second:
    run: print(open('first.txt').read() * 2, file=open('second.txt', 'w'))
    shell: python
    inputs: [first.txt]
    outputs: { second: second.txt }
  gate: { check: [ "\${{ tasks.first.metrics.loss < 1 }}" ], needs: [second] }
`,
        'executors:\n  cluster: { type: slurm, poll: 1s, partition: gpu, time: 2m, setup: [ export MODULE=loaded ] }\n',
      );
      await on.expect(0, ['run']);
      const [first, second, gate] = on.project.lastRun().tasks;
      assert.match(on.log('first'), /it's a 'word' loaded \d+ 2\n/);
      assert.match(on.log('first'), /^problem$/m);
      assert.deepEqual(first?.metrics, { loss: 0.5 });
      assert.equal(first.job?.executor, 'cluster');
      assert.match(`${first.job.id} ${first.job.node}`, /^\d+ p\d+n[34]$/);
      assert.notEqual(second?.job?.id, first.job.id);
      assert.equal(gate?.job, undefined, 'a check is looked at here');
      assert.equal(on.project.read('second.txt'), 'first\nfirst\n\n');
      on.assertClean();
      await on.expect(0, ['run']);
      assert.deepEqual(Object.values(on.project.statuses()), ['cached', 'cached', 'cached']);
    },
  ],
  [
    'a task that fails is told by its exit code and its output',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('echo why >&2; exit 3'));
      const said = await on.expect(1, ['run']);
      assert.match(said, /train failed: exit code 3/);
      assert.match(on.log(), /^why$/m);
      assert.equal(on.times(), 1);
      on.assertClean();
    },
  ],
  [
    'TIMEOUT: Slurm ends what is too slow',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 300'));
      const run = on.start(['run']);
      const { id } = await on.running();
      let code: number | null | undefined;
      void run.done.then((ended) => (code = ended.code));
      // Again and again: a job that has only just begun is given its whole time once more.
      while (code === undefined) {
        await cluster
          .command('scontrol', 'update', `jobid=${id}`, 'EndTime=now+2seconds')
          .catch(() => undefined);
        await pause(5_000);
      }
      assert.equal(code, 1);
      assert.match(on.project.lastRun().tasks[0]?.error ?? '', /timed out|reached its time limit/);
      assert.equal(on.times(), 1);
      on.assertClean();
    },
  ],
  [
    'a `timeout` shorter than a minute is kept to the second',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 300', '    timeout: 2s\n'));
      await on.expect(1, ['run']);
      assert.equal(on.project.lastRun().tasks[0]?.error, 'timed out after 2s');
      on.assertClean();
    },
  ],
  [
    'OUT_OF_MEMORY: it is said how much it had',
    async (cluster) => {
      if (!cluster.confinesMemory) return;
      const on = await ClusterProject.make(
        cluster,
        COUNTED('head -c 400M /dev/zero | tail > /dev/null', '    resources: { memory: 60MiB }\n'),
      );
      await on.expect(1, ['run']);
      assert.match(
        on.project.lastRun().tasks[0]?.error ?? '',
        /ran out of memory: it had 60MiB\. Give it more with `resources\.memory`/,
      );
    },
  ],
  [
    'CANCELLED: by somebody on the cluster',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 300'));
      const run = on.start(['run']);
      const { id } = await on.running();
      await cluster.command('scancel', id);
      const { code } = await run.done;
      assert.equal(code, 1);
      assert.match(
        on.project.lastRun().tasks[0]?.error ?? '',
        /was cancelled on the cluster, not by Modelyard/,
      );
      assert.equal(on.times(), 1);
    },
  ],
  [
    'a run that is cancelled leaves no job behind, and the output that was there',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('echo half > model.bin; sleep 300'));
      on.project.write({ 'model.bin': 'before\n' });
      const run = on.start(['run']);
      const job = await on.running();
      run.child.kill('SIGINT');
      const { stdout } = await run.done;
      assert.equal(on.project.lastRun().status, 'cancelled', stdout);
      const now = (await cluster.jobs(job.name)).map(({ state }) => state);
      assert.deepEqual(now, ['CANCELLED']);
      assert.equal(on.project.read('model.bin'), 'before\n');
      on.assertClean();
    },
  ],
  [
    'a client that is killed loses nothing: the next one goes on with the job',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        COUNTED('echo begun; echo half > model.bin; while [ ! -e go ]; do sleep 0.2; done; echo ended'),
      );
      on.project.write({ 'model.bin': 'before\n' });
      const first = on.start(['run']);
      const job = await on.running();
      first.child.kill('SIGKILL');
      await first.done;
      const second = on.start(['run', '--resume']);
      await until('it is taken up', () => second.output().includes('started on'));
      on.project.write({ go: '' });
      const { code, stdout } = await second.done;
      assert.equal(code, 0, stdout);
      assert.equal(on.times(), 1);
      assert.equal(on.project.read('model.bin'), 'made\n');
      assert.equal(on.project.lastRun().tasks[0]?.job?.id, job.id);
      assert.match(on.log(), /begun\nended\n/);
      assert.equal((await cluster.jobs(job.name)).length, 1);
      on.assertClean();
      await on.expect(0, ['run']);
      assert.equal(on.times(), 1);
      // What was in its place before is kept: no run had made it.
      assert.match(await on.expect(0, ['trash']), /model\.bin/);
    },
  ],
  [
    'a terminal that is closed takes no job with it',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('while [ ! -e go ]; do sleep 0.2; done'));
      const first = on.start(['run']);
      const job = await on.running();
      first.child.kill('SIGHUP');
      assert.equal((await first.done).signal, 'SIGHUP');
      on.project.write({ go: '' });
      await on.expect(0, ['run', '--resume']);
      assert.equal(on.times(), 1);
      assert.equal(on.project.lastRun().tasks[0]?.job?.id, job.id);
      on.assertClean();
    },
  ],
  [
    'a graph is submitted as a whole: it ends without its client, and the next one takes its results',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, CHAIN('while [ ! -e go ]; do sleep 0.2; done; echo 1'));
      on.project.write({ b: 'before\n' });
      const first = on.start(['run']);
      await until('the last one is submitted', () => first.output().includes('waits for second'));
      const names = readdirSync(on.project.path('.modelyard/jobs'));
      first.child.kill('SIGKILL');
      await first.done;
      on.project.write({ go: '' });
      await cluster.waitFor(() => Promise.resolve(on.project.exists('c')));
      await on.expect(0, ['run', '--resume']);
      assert.equal(on.project.read('count'), 'first\nsecond\nthird\n');
      assert.equal(on.project.read('c'), '1\n1\n1\n1\n');
      const ids = on.project.lastRun().tasks.map(({ job }) => job?.id);
      const jobs = (await cluster.jobs()).filter(({ name }) => names.includes(name));
      assert.deepEqual(jobs.map(({ id }) => id).sort(), [...ids].sort());
      on.assertClean();
      await on.expect(0, ['run']);
      assert.deepEqual(Object.values(on.project.statuses()), ['cached', 'cached', 'cached']);
    },
  ],
  [
    'what was submitted ahead of a task that fails never runs, and its outputs are as before',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, CHAIN('while [ ! -e go ]; do sleep 0.2; done; exit 4'));
      on.project.write({ b: 'before\n' });
      const run = on.start(['run']);
      await until('the last one is submitted', () => run.output().includes('waits for second'));
      on.project.write({ go: '' });
      const { code, stdout } = await run.done;
      assert.equal(code, 1, stdout);
      assert.deepEqual(on.project.statuses(), { first: 'failed', second: 'skipped', third: 'skipped' });
      assert.equal(on.project.read('count'), 'first\n');
      assert.equal(on.project.read('b'), 'before\n');
      on.assertClean();
    },
  ],
  [
    'what was submitted ahead is not done where the task before has made the same again',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, CHAIN('echo 1'));
      await on.expect(0, ['run']);
      on.project.write({
        'main.pipeline.yaml': CHAIN('while [ ! -e go ]; do sleep 0.2; done; echo 1'),
      });
      const run = on.start(['run']);
      await until('the last one is submitted', () => run.output().includes('waits for second'));
      on.project.write({ go: '' });
      const { code, stdout } = await run.done;
      assert.equal(code, 0, stdout);
      assert.deepEqual(on.project.statuses(), { first: 'succeeded', second: 'cached', third: 'cached' });
      assert.equal(on.project.read('c'), '1\n1\n1\n1\n');
      on.assertClean();
    },
  ],
  [
    'a task that is tried again has what follows it submitted again',
    async (cluster) => {
      const again = 'test $(wc -l < count) -gt 1 || exit 5; sleep 1; echo 1';
      const on = await ClusterProject.make(cluster, CHAIN(again, ', retries: 1'));
      await on.expect(0, ['run']);
      assert.equal(on.project.read('count'), 'first\nfirst\nsecond\nthird\n');
      on.assertClean();
    },
  ],
  [
    'a job of a killed client that is another one now is ended first',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 300'));
      const first = on.start(['run']);
      const job = await on.running();
      first.child.kill('SIGKILL');
      await first.done;
      on.project.write({ 'main.pipeline.yaml': COUNTED('echo other') });
      await on.expect(0, ['run']);
      assert.deepEqual(
        (await cluster.jobs(job.name)).map(({ state }) => state),
        ['CANCELLED'],
      );
      assert.equal(on.times(), 2);
      on.assertClean();
    },
  ],
  [
    'a pipeline that reads what a job of a killed client makes is told so',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 300'));
      on.project.write({
        'read.pipeline.yaml':
          'tasks:\n  read: { run: cp model.bin copy, inputs: [model.bin], outputs: { c: copy } }\n',
        'model.bin': 'before\n',
      });
      const first = on.start(['run', 'main']);
      const job = await on.running();
      first.child.kill('SIGKILL');
      await first.done;
      const said = await on.expect(1, ['run', 'read']);
      assert.match(
        said,
        /model\.bin is being made by train of main: job \d+ on cluster, whose runner is gone/,
      );
      await on.expect(0, ['runs', 'cancel', '--force', on.project.runs()[0]?.id ?? '']);
      assert.deepEqual(
        (await cluster.jobs(job.name)).map(({ state }) => state),
        ['CANCELLED'],
      );
      await on.expect(0, ['run', 'read']);
      assert.equal(on.project.read('copy'), 'before\n');
    },
  ],
  [
    'a job that the controller has forgotten is known by its mark',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 1'));
      const first = on.start(['run']);
      const job = await on.running();
      first.child.kill('SIGKILL');
      await first.done;
      await cluster.waitFor(async () => (await cluster.jobs(job.name)).length === 0, 120_000);
      await on.expect(0, ['run', '--resume']);
      assert.equal(on.times(), 1);
      assert.deepEqual(on.project.statuses(), { train: 'succeeded' });
      on.assertClean();
    },
  ],
  [
    'two clients do the work once',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 2'));
      const [one, other] = [on.start(['run']), on.start(['run'])];
      const codes = [(await one.done).code, (await other.done).code];
      assert.deepEqual(codes, [0, 0]);
      assert.equal(on.times(), 1);
    },
  ],
  [
    'what is set for the commands of Slurm changes nothing',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        COUNTED(
          'echo "$SBATCH_TIMELIMIT [$SBATCH_PARTITION]"',
          '    env: { SBATCH_TIMELIMIT: of the task }\n',
        ),
      );
      await on.expect(0, ['run'], {
        SBATCH_PARTITION: 'none',
        SBATCH_ACCOUNT: 'none',
        SBATCH_EXPORT: 'NONE',
        SQUEUE_FORMAT: '%i',
        SQUEUE_STATES: 'PENDING',
        SQUEUE_USERS: 'nobody',
        SLURM_JOB_ID: '1',
        SLURM_TIME_FORMAT: 'relative',
      });
      assert.match(on.log(), /^of the task \[\]$/m);
    },
  ],
  [
    'what Slurm refuses fails at once, in its words',
    async (cluster) => {
      const settings =
        'executors:\n  cluster: { type: slurm, poll: 1s, submit-options: [--partition=nowhere] }\n';
      const on = await ClusterProject.make(cluster, COUNTED('true'), settings);
      const said = await on.expect(1, ['run']);
      assert.match(said, /it could not be started: invalid partition specified/);
      assert.equal(on.times(), 0);
      on.assertClean();
    },
  ],
  [
    'what can never start is not waited for',
    async (cluster) => {
      const settings = 'executors:\n  cluster: { type: slurm, poll: 1s, partition: gpu }\n';
      const on = await ClusterProject.make(
        cluster,
        COUNTED('true', '    resources: { cpus: 64 }\n'),
        settings,
      );
      assert.match(
        await on.expect(1, ['run']),
        /it asks for 64 cores, which no node of the partition gpu has \(at most 4 cores\)/,
      );
      assert.match(
        await on.expect(0, ['doctor']),
        /executor cluster: slurm\S* [\d.]+, partition gpu, 2 nodes of up to 4 cores, 3\.9GiB, 2 GPUs/,
      );
      assert.deepEqual(await cluster.jobs(on.project.lastRun().id), []);
    },
  ],
  [
    'a matrix is wide, as far as it is let',
    async (cluster) => {
      const settings = 'executors:\n  cluster: { type: slurm, poll: 1s, max-jobs: 4 }\n';
      const on = await ClusterProject.make(
        cluster,
        `executor: cluster
tasks:
  cell:
    matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8] }
    run: echo \${{ matrix.n }} > out-\${{ matrix.n }}.txt
    outputs: { out: "out-\${{ matrix.n }}.txt" }
`,
        settings,
      );
      await on.expect(0, ['run']);
      assert.equal(on.project.read('out-8.txt'), '8\n');
      assert.equal(new Set(on.project.lastRun().tasks.map(({ job }) => job?.id)).size, 8);
      on.assertClean();
    },
  ],
  [
    'a matrix with max-parallel is one array with its throttle',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        `executor: cluster
tasks:
  cell:
    matrix: { n: [1, 2, 3, 4, 5, 6], max-parallel: 2 }
    run: |
      echo begin >> log
      while [ ! -e go ]; do sleep 0.2; done
      sleep 1
      echo end >> log
      echo \${{ matrix.n }} > out-\${{ matrix.n }}.txt
    outputs: { out: "out-\${{ matrix.n }}.txt" }
`,
      );
      const run = on.start(['run']);
      await until('the last one waits', () => /job \d+_5 on cluster waits/.test(run.output()));
      const { id, tasks } = on.project.lastRun();
      // One element of an array is a job like any other.
      const last = tasks.at(-1)?.id ?? '';
      assert.match(await on.expect(0, ['runs', 'job', id, last, 'hold']), /held job \d+_5 on cluster/);
      await until('it is told', () => /job \d+_5 on cluster is held/.test(run.output()));
      on.project.write({ go: '' });
      await on.expect(0, ['runs', 'job', id, last, 'release']);
      assert.equal((await run.done).code, 0, run.output());
      assert.equal(new Set(on.arrays()).size, 1);
      let [now, most] = [0, 0];
      for (const word of on.project.read('log').trim().split('\n')) {
        now += word === 'begin' ? 1 : -1;
        most = Math.max(most, now);
      }
      assert.equal(most, 2);
      on.assertClean();
    },
  ],
  [
    'a matrix that reads what another one makes waits for it cell by cell',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        `executor: cluster
tasks:
  a:
    matrix: { n: [1, 2, 3, 4] }
    run: while [ ! -e go-\${{ matrix.n }} ]; do sleep 0.2; done; echo \${{ matrix.n }} > a-\${{ matrix.n }}
    outputs: { a: "a-\${{ matrix.n }}" }
  b:
    matrix: { n: [2, 4] }
    run: cat a-\${{ matrix.n }} a-\${{ matrix.n }} > b-\${{ matrix.n }}
    inputs: [ "a-\${{ matrix.n }}" ]
    outputs: { b: "b-\${{ matrix.n }}" }
`,
      );
      const run = on.start(['run']);
      await until('all is submitted', () => (run.output().match(/waits for a@/g) ?? []).length >= 2);
      run.child.kill('SIGKILL');
      await run.done;
      on.project.write({ 'go-2': '' });
      // Nobody but the cluster is there.
      await cluster.waitFor(() => Promise.resolve(on.project.exists('b-2')));
      assert.equal(on.project.exists('a-1'), false);
      on.project.write({ 'go-1': '', 'go-3': '', 'go-4': '' });
      await on.expect(0, ['run', '--resume']);
      for (const n of [2, 4]) assert.equal(on.project.read(`b-${n}`), `${n}\n${n}\n`);
      assert.equal(new Set(on.arrays()).size, 2);
      on.assertClean();
    },
  ],
  [
    'short tasks share a job, and one that fails fails alone',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, SHORT('test ${{ matrix.n }} != 3'), GROUPED);
      await on.expect(1, ['run', '--keep-going']);
      const statuses = Object.values(on.project.statuses());
      assert.equal(statuses.filter((status) => status === 'succeeded').length, 7);
      assert.equal(statuses.filter((status) => status === 'failed').length, 1);
      assert.equal(new Set(on.project.lastRun().tasks.map(({ job }) => job?.id)).size, 2);
      on.assertClean();
    },
  ],
  [
    'a client that is killed goes on with tasks that share a job',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        SHORT('echo begun >> begun; while [ ! -e go ]; do sleep 0.2; done'),
        GROUPED,
      );
      const first = on.start(['run']);
      await until(
        'both jobs work',
        () => on.project.exists('begun') && on.project.read('begun').length >= 12,
      );
      first.child.kill('SIGKILL');
      await first.done;
      on.project.write({ go: '' });
      await on.expect(0, ['run', '--resume']);
      assert.equal(on.project.read('begun').length, 6 * 8);
      on.assertClean();
    },
  ],
  [
    'a run that is cancelled leaves none of those that share a job behind',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, SHORT('echo begun >> begun; sleep 300'), GROUPED);
      const run = on.start(['run']);
      await until(
        'both jobs work',
        () => on.project.exists('begun') && on.project.read('begun').length >= 12,
      );
      run.child.kill('SIGINT');
      await run.done;
      const left = (await cluster.jobs(on.project.lastRun().id)).filter(({ state }) => state !== 'CANCELLED');
      assert.deepEqual(left, []);
      assert.equal(on.project.read('begun').length, 12);
      on.assertClean();
    },
  ],
  [
    'a task that runs out of memory in a shared job says so, and the others go on',
    async (cluster) => {
      if (!cluster.confinesMemory) return;
      const grows = 'test ${{ matrix.n }} != 2 || python3 -c "x = bytearray(300 << 20); print(len(x))"';
      const on = await ClusterProject.make(
        cluster,
        SHORT(grows, '    resources: { memory: 100MiB }\n'),
        GROUPED,
      );
      await on.expect(1, ['run', '--keep-going']);
      const failed = on.project.lastRun().tasks.filter(({ status }) => status === 'failed');
      assert.deepEqual(failed.length, 1);
      assert.match(failed[0]?.error ?? '', /ran out of memory: it had 100MiB/);
      on.assertClean();
    },
  ],
  [
    'one job is held, and let go on, and cancelled by people',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        `executor: cluster
tasks:
  first: { run: 'while [ ! -e go ]; do sleep 0.2; done; echo 1 > a', outputs: { a: a } }
  second: { run: cat a > b, inputs: [a], outputs: { b: b } }
  third: { run: sleep 300, outputs: { c: c } }
`,
      );
      const run = on.start(['run']);
      await until('the second one waits', () => run.output().includes('waits for first'));
      const { id } = on.project.lastRun();
      assert.match(
        await on.expect(0, ['runs', 'job', id, 'second', 'hold']),
        /held job \d+ on cluster \(task second\)/,
      );
      on.project.write({ go: '' });
      await until('it is told', () => /second.*is held/.test(run.output()));
      await on.expect(0, ['runs', 'job', id, 'second', 'release']);
      await on.expect(0, ['runs', 'job', id, 'third', 'cancel']);
      await run.done;
      assert.deepEqual(on.project.statuses(), { first: 'succeeded', second: 'succeeded', third: 'failed' });
    },
  ],
];

/** Afterwards, because they keep the others from working. */
const ALONE: readonly Case[] = [
  [
    'NODE_FAIL: a node that goes down is no fault of the task',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        COUNTED('test $(wc -l < count) -gt 1 || sleep 300', '    resources: { gpus: 1 }\n'),
      );
      const run = on.start(['run']);
      const { node } = await on.running();
      await cluster.command('scontrol', 'update', `nodename=${node}`, 'state=down', 'reason=test');
      const { code, stdout } = await run.done;
      // It may be back by itself.
      await cluster.command('scontrol', 'update', `nodename=${node}`, 'state=resume').catch(() => '');
      assert.equal(code, 0, stdout);
      assert.match(stdout, /lost by its node \(NODE_FAIL\)/);
      assert.equal(on.times(), 2);
      assert.equal(on.project.lastRun().tasks[0]?.attempts, 2);
      on.assertClean();
    },
  ],
  [
    'a controller that is away is waited for, while the job runs and before it is submitted',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 2'));
      const late = await ClusterProject.make(cluster, COUNTED('true'));
      const run = on.start(['run']);
      await on.running();
      await cluster.stopController();
      const other = late.start(['run']);
      await until('it says that it waits', () => other.output().includes('controller does not answer'));
      await until('the job has ended', () => on.project.exists('model.bin'));
      cluster.startController();
      const [one, two] = [await run.done, await other.done];
      assert.equal(one.code, 0, one.stdout);
      assert.equal(two.code, 0, two.stdout);
      assert.deepEqual([on.times(), late.times()], [1, 1]);
    },
  ],
];

void test('tasks on a cluster', { skip: !available.ok, concurrency: 6 }, async (t) => {
  const cluster = await Cluster.start().catch((error: unknown) => String(error));
  if (typeof cluster === 'string') {
    // A container may not let it: that says nothing of ours.
    console.log(`skipped: the tests on a cluster: it does not start here: ${cluster}`);
    return;
  }
  try {
    await Promise.all(CASES.map(([name, run]) => t.test(name, () => run(cluster))));
    for (const [name, run] of ALONE) await t.test(name, () => run(cluster));
  } finally {
    await cluster.stop();
  }
});
