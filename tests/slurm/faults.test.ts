/** What befalls a cluster and its clients: the next client, or the same one, makes good what can be made good, and says the rest. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/cli.js';
import { SEED, cases, fc } from '../support/generated/cases.js';
import { COUNTED, ClusterProject } from '../support/slurm/project.js';
import { Cluster, slurmAvailable } from '../support/slurm/slurm.js';

const available = slurmAvailable();

type Case = readonly [string, (cluster: Cluster) => Promise<void>];

/** Each says that it runs, and reads what the ones before have made. */
const GRAPH = `executor: cluster
tasks:
  first: { run: echo first >> count; sleep 0.5; echo a > a, outputs: { a: a } }
  cell:
    matrix: { n: [1, 2, 3] }
    run: echo cell-\${{ matrix.n }} >> count; cat a > c-\${{ matrix.n }}
    inputs: [a]
    outputs: { c: "c-\${{ matrix.n }}" }
  last: { run: echo last >> count; cat c-1 c-2 c-3 > b, inputs: [c-1, c-2, c-3], outputs: { b: b } }
`;
const DONE = ['cell-1', 'cell-2', 'cell-3', 'first', 'last'];

const countOf = (on: ClusterProject): readonly string[] =>
  on.project.exists('count') ? on.project.read('count').trim().split('\n').sort() : [];

const CASES: readonly Case[] = [
  [
    `a client that is killed at any moment loses nothing and does nothing twice (seed ${SEED})`,
    async (cluster) => {
      const whole = await ClusterProject.make(cluster, GRAPH);
      const began = Date.now();
      await whole.expect(0, ['run']);
      const took = Date.now() - began;
      const tried = async (share: number): Promise<void> => {
        const on = await ClusterProject.make(cluster, GRAPH);
        const run = on.start(['run']);
        await Promise.race([pause(took * share), run.done]);
        run.child.kill('SIGKILL');
        await run.done;
        // Nothing to go on with where it was killed before it had begun.
        await on.expect(0, ['run']);
        assert.deepEqual(countOf(on), DONE, `killed after ${share} of ${took} ms`);
        assert.equal(on.project.read('b'), 'a\na\na\n');
        on.assertClean();
      };
      await fc.assert(fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), tried), {
        numRuns: cases(3, 50),
        endOnFailure: true,
      });
    },
  ],
  [
    'a job whose folder is gone when it starts is submitted again',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('true'));
      await cluster.command('scontrol', 'update', 'partitionname=main', 'state=down');
      const run = on.start(['run']);
      try {
        await until('it waits', () => run.output().includes('waits: the partition is down'));
        rmSync(on.project.path('.modelyard/jobs'), { recursive: true });
      } finally {
        // The others wait for it.
        await cluster.command('scontrol', 'update', 'partitionname=main', 'state=up');
      }
      const { code, stdout } = await run.done;
      assert.equal(code, 0, stdout);
      assert.match(stdout, /failed before its commands began \(FAILED\).* Does its node see \//);
      assert.equal(on.times(), 1);
      on.assertClean();
    },
  ],
  [
    'clocks of nodes that are ahead or behind change nothing',
    async (cluster) => {
      const on = await ClusterProject.make(
        cluster,
        `executor: cluster
tasks:
  ahead: { run: 'echo ahead >> count; echo a > a; touch -d "+2 hours" a', outputs: { a: a } }
  behind: { run: 'echo behind >> count; cat a > b; touch -d "-3 days" b', inputs: [a], outputs: { b: b } }
  last: { run: 'echo last >> count; cat b > c', inputs: [b], outputs: { c: c } }
`,
      );
      await on.expect(0, ['run']);
      await on.expect(0, ['run']);
      assert.deepEqual(Object.values(on.project.statuses()), ['cached', 'cached', 'cached']);
      assert.deepEqual(countOf(on), ['ahead', 'behind', 'last']);
    },
  ],
  [
    'a quota that is full fails the task in words, and the next run is well',
    async (cluster) => {
      const small = mkdtempSync(path.join(tmpdir(), 'modelyard-small-'));
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=755', 'none', small], {
          stdio: 'ignore',
        });
      } catch {
        // A container may not let it.
        console.log('skipped: a quota that is full: nothing can be mounted here');
        return;
      }
      try {
        const settings = `executors:\n  cluster: { type: slurm, poll: 1s, work-dir: ${small}/jobs }\n`;
        const on = await ClusterProject.make(
          cluster,
          COUNTED('[ -e enough ] || head -c 400000 /dev/zero | tr "\\\\0" x'),
          settings,
        );
        const said = await on.expect(1, ['run']);
        assert.match(said, /there is no room left at .* \(disk or quota\)/);
        assert.match(said, /train failed/);
        on.project.write({ enough: '' });
        await on.expect(0, ['run']);
        assert.deepEqual(existsSync(`${small}/jobs`) ? readdirSync(`${small}/jobs`) : [], []);
        on.assertClean();
      } finally {
        execFileSync('umount', ['-l', small]);
        rmSync(small, { recursive: true, force: true });
      }
    },
  ],
];

/** They take a cluster of their own down, whose ids begin with 1. */
const ALONE: readonly Case[] = [
  [
    'a controller that has lost its state gives ids anew: another job is not believed',
    async (cluster) => {
      const on = await ClusterProject.make(cluster, COUNTED('sleep 3'));
      const run = on.start(['run']);
      const { id } = await on.running();
      await cluster.stopController('SIGKILL');
      for (const name of readdirSync(path.join(cluster.folder, 'state')))
        rmSync(path.join(cluster.folder, 'state', name), { recursive: true });
      mkdirSync(path.join(cluster.folder, 'state'), { recursive: true });
      cluster.startController();
      const decoy = (): Promise<string> =>
        cluster.command('sbatch', '--parsable', '-o', '/dev/null', '--wrap', 'exit 7');
      let last = 0;
      await cluster.waitFor(async () => {
        last = Number(await decoy());
        return last >= Number(id);
      });
      const { code, stdout } = await run.done;
      assert.equal(code, 0, stdout);
      assert.doesNotMatch(stdout, /exit code 7/);
      assert.equal(readFileSync(on.project.path('model.bin'), 'utf8'), 'made\n');
      on.assertClean();
    },
  ],
];

void test('faults of a cluster', { skip: !available.ok, concurrency: 3 }, async (t) => {
  const cluster = await Cluster.start().catch((error: unknown) => String(error));
  if (typeof cluster === 'string') {
    console.log(`skipped: faults of a cluster: it does not start here: ${cluster}`);
    return;
  }
  try {
    // The one that closes the partition keeps the others waiting, no more.
    await Promise.all(CASES.map(([name, run]) => t.test(name, () => run(cluster))));
  } finally {
    await cluster.stop();
  }
  const own = await Cluster.start();
  try {
    for (const [name, run] of ALONE) await t.test(name, () => run(own));
  } finally {
    await own.stop();
  }
});
