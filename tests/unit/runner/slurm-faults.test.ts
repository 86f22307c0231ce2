/** Whatever a cluster does at the same time: no job is lost, done twice, or said to have failed where it has not. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { type Member, type OnFake, many, onFake, results } from '../../support/slurm/on-fake-slurm.js';

/** Done to the cluster, one after the other, while the jobs are submitted and run. */
const FAULTS = ['lost', 'unclear', 'crowded', 'empty', 'down', 'NODE_FAIL', 'TIMEOUT', 'pause'] as const;
type Fault = (typeof FAULTS)[number];

interface Case {
  /** How each task ends. */
  readonly exits: readonly number[];
  readonly group: number;
  readonly maxJobs: number | undefined;
  /** Of the lane in which they are; absent: they are in none. */
  readonly width: number | undefined;
  /** The controller forgets jobs as soon as they have ended. */
  readonly forgets: boolean;
  readonly faults: readonly Fault[];
  /** Numbers of those that are ended while the others go on. */
  readonly stopped: readonly number[];
}

const CASE: fc.Arbitrary<Case> = fc.record({
  exits: fc.array(fc.constantFrom(0, 0, 0, 3), { minLength: 1, maxLength: 6 }),
  group: fc.integer({ min: 1, max: 3 }),
  maxJobs: fc.constantFrom(undefined, undefined, 1, 2),
  width: fc.constantFrom(undefined, undefined, 1, 2),
  forgets: fc.boolean(),
  faults: fc.array(fc.constantFrom(...FAULTS), { maxLength: 4 }),
  stopped: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 1 }),
});

/** Does it to the cluster. @returns whether a job has come to an end by it that was not its own */
async function happen(fault: Fault, { slurm }: OnFake): Promise<boolean> {
  switch (fault) {
    case 'pause':
      await pause(150);
      return false;
    case 'down':
      slurm.break('down');
      await pause(700);
      slurm.mend();
      return false;
    case 'NODE_FAIL':
    case 'TIMEOUT': {
      await pause(200);
      const id = slurm.running;
      if (id !== undefined) slurm.endAs(id, fault);
      return id !== undefined;
    }
    default:
      slurm.break(fault);
      return false;
  }
}

async function tried(given: Case): Promise<void> {
  const { exits, group, maxJobs, width, forgets, faults, stopped } = given;
  const on = onFake({ group, ...(maxJobs === undefined ? {} : { maxJobs }) });
  const { slurm } = on;
  try {
    const texts = exits.map(
      (code, at) => `echo >> ran-${at}; sleep 0.2; echo >> through-${at}; exit ${code}`,
    );
    // Before anything is submitted: these happen to the first submission.
    const [first = 'pause', ...later] = faults;
    let ended = await happen(first, on);
    const members: readonly Member[] = many(
      on,
      texts,
      width === undefined ? {} : { lane: { key: 'cells', width } },
    );
    const over = new AbortController();
    const all = results(members).finally(() => over.abort());
    const forgetting = (async () => {
      while (forgets && !over.signal.aborted) {
        for (const id of slurm.ids) if (/COMPLETED|FAILED/.test(slurm.state(id))) slurm.forget(id);
        await pause(50);
      }
    })();
    for (const fault of later) ended = (await happen(fault, on)) || ended;
    for (const at of stopped) members[at]?.execution.stop();
    const found = await all;
    await forgetting;
    const timesOf = (what: string): number => {
      const file = path.join(on.root, what);
      return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
    };
    for (const [at, result] of found.entries()) {
      const told = `${at} of ${JSON.stringify(given)}: ${JSON.stringify(result)}`;
      const times = timesOf(`ran-${at}`);
      assert.ok(times <= 1, `done ${times} times, ${told}`);
      if (stopped.includes(at) && result.signal === 'SIGTERM') continue;
      if (result.exitCode !== undefined && result.ended === undefined) {
        assert.equal(result.exitCode, exits[at], told);
        assert.equal(timesOf(`through-${at}`), 1, told);
      } else {
        assert.ok(ended, `said to have failed, ${told}`);
        assert.ok(['timeout', 'infrastructure'].includes(result.ended?.by ?? ''), told);
      }
    }
    await on.executor.close();
    const jobs = path.join(on.root, '.modelyard/jobs');
    // All may have been ended before anything was submitted.
    assert.deepEqual(existsSync(jobs) ? readdirSync(jobs) : [], [], JSON.stringify(given));
  } finally {
    slurm.mend();
    await on.end();
  }
}

const title = `whatever a cluster does, no job is lost, doubled or falsely failed (seed ${SEED})`;
test(title, { skip: process.platform !== 'linux' }, async () => {
  await fc.assert(fc.asyncProperty(CASE, tried), { numRuns: cases(3, 300), endOnFailure: true });
});
