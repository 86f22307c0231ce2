/** What every executor has to do, as cases: an executor that passes them does a task's commands as any other one does. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { shellOf } from '../../server/definition/shell/shells.js';
import type {
  Execution,
  ExecutionResult,
  Executor,
  ExecutorJob,
  JobState,
} from '../../server/runner/executors/executor.js';
import { until } from './cli.js';

export interface UnderTest {
  readonly executor: Executor;
  /** Absolute; where the commands work. */
  readonly root: string;
  /** Whether jobs wait in a queue, and tell of it. */
  readonly queues: boolean;
  /** Ends what the test has made for it. */
  end(): void | Promise<void>;
}

interface Ran {
  readonly execution: Execution;
  readonly out: () => string;
  readonly err: () => string;
  readonly states: readonly JobState[];
}

let attempts = 0;

function start({ executor, root }: UnderTest, text: string, more: Partial<ExecutorJob> = {}): Ran {
  const said = { stdout: '', stderr: '' };
  const states: JobState[] = [];
  const execution = executor.start({
    id: 'train',
    attempt: ++attempts,
    script: { shell: shellOf('sh'), text },
    cwd: root,
    env: { inherited: { PATH: process.env['PATH'] ?? '' }, own: {} },
    resources: { cpus: 1, gpus: 0 },
    graceMs: 1_000,
    memo: { fingerprint: 'f', outputs: [], strangers: {} },
    onOutput: (stream, chunk) => (said[stream] += chunk.toString()),
    onState: (state) => states.push(state),
    ...more,
  });
  return { execution, out: () => said.stdout, err: () => said.stderr, states };
}

function succeeded({ exitCode, error, ended, signal }: ExecutionResult): boolean {
  return exitCode === 0 && error === undefined && ended === undefined && signal === undefined;
}

/** Says each tenth of a second in a file that it lives. */
const ALIVE = 'while :; do echo . >> alive; sleep 0.1; done';

async function beats(on: UnderTest): Promise<void> {
  await until('it works', () => existsSync(path.join(on.root, 'alive')));
}

async function assertSilent(on: UnderTest): Promise<void> {
  const size = (): number => statSync(path.join(on.root, 'alive')).size;
  const before = size();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(size(), before, 'something of it still works');
}

async function becomesSilent(on: UnderTest): Promise<void> {
  let last = { size: -1, at: 0 };
  await until('nothing of it works any more', () => {
    const { size } = statSync(path.join(on.root, 'alive'));
    if (size !== last.size) last = { size, at: Date.now() };
    return Date.now() - last.at > 1_000;
  });
}

const CASES: Readonly<Record<string, (on: UnderTest) => Promise<void>>> = {
  'commands are run where they are told to, and print on both streams': async (on) => {
    const ran = start(on, 'pwd; echo problem >&2; echo made > file');
    assert.ok(succeeded(await ran.execution.done));
    assert.equal(ran.out(), `${on.root}\n`);
    assert.equal(ran.err(), 'problem\n');
    assert.equal(readFileSync(path.join(on.root, 'file'), 'utf8'), 'made\n');
  },
  'variables of the task are over those that are inherited': async (on) => {
    const env = {
      inherited: { PATH: process.env['PATH'] ?? '', KEPT: 'kept', OTHER: 'inherited' },
      own: { OTHER: `own 'q' "d" $HOME\nline`, SLURM_OWN: 'of the task' },
    };
    const ran = start(on, 'echo "$KEPT:$OTHER:$SLURM_OWN"', { env });
    assert.ok(succeeded(await ran.execution.done));
    assert.equal(ran.out(), `kept:own 'q' "d" $HOME\nline:of the task\n`);
  },
  'a variable that nobody sets is not set': async (on) => {
    const inherited = { PATH: process.env['PATH'] ?? '' };
    const text = 'echo "${LC_ALL-none} ${SLURM_TIME_FORMAT-none}"';
    const bare = start(on, text, { env: { inherited, own: {} } });
    const own = { LC_ALL: 'POSIX', SLURM_TIME_FORMAT: 'relative' };
    const set = start(on, text, { env: { inherited, own } });
    assert.ok(succeeded(await bare.execution.done));
    assert.ok(succeeded(await set.execution.done));
    assert.deepEqual([bare.out(), set.out()], ['none none\n', 'POSIX relative\n']);
  },
  'a command that fails is told by its exit code': async (on) => {
    const { exitCode, error, ended } = await start(on, 'exit 7').execution.done;
    assert.deepEqual([exitCode, error, ended], [7, undefined, undefined]);
  },
  'a shell that is not there is an answer and no throw': async (on) => {
    const script = { shell: shellOf('no-such-shell {0}'), text: 'true' };
    const ran = start(on, '', { script });
    const result = await ran.execution.done;
    assert.ok(!succeeded(result));
    assert.match(`${result.error ?? ''}${ran.err()}`, /no-such-shell/);
  },
  'a folder that is not there is an answer and no throw': async (on) => {
    const result = await start(on, 'true', { cwd: path.join(on.root, 'nowhere') }).execution.done;
    assert.ok(!succeeded(result));
  },
  'what the system does not take is an answer and no throw': async (on) => {
    const inherited = { PATH: process.env['PATH'] ?? '' };
    for (const value of ['x'.repeat(3 * 1024 * 1024), 'a\0b']) {
      const result = await start(on, 'true', { env: { inherited, own: { VALUE: value } } }).execution.done;
      assert.ok(!succeeded(result));
      assert.notEqual(result.error, undefined);
    }
  },
  'whoever is asked to end ends, with all that it has begun': async (on) => {
    const ran = start(on, `(${ALIVE}) & wait`);
    await beats(on);
    ran.execution.stop();
    assert.ok(!succeeded(await ran.execution.done));
    await assertSilent(on);
  },
  'who does not listen is ended all the same': async (on) => {
    const ran = start(on, `trap '' TERM; ${ALIVE}`);
    await beats(on);
    ran.execution.kill();
    assert.ok(!succeeded(await ran.execution.done));
    // A cluster that is slow to answer is not waited for: it ends the job in its own time.
    if (on.queues) await becomesSilent(on);
    else await assertSilent(on);
  },
  'one that is stopped before it has begun does nothing': async (on) => {
    const ran = start(on, 'sleep 1; echo . > begun');
    ran.execution.stop();
    assert.ok(!succeeded(await ran.execution.done));
    assert.ok(!existsSync(path.join(on.root, 'begun')));
  },
  'jobs at the same time are kept apart': async (on) => {
    const numbers = [1, 2, 3, 4];
    const all = numbers.map((n) => start(on, `echo ${n}; exit ${n}`));
    const codes = await Promise.all(all.map(async ({ execution }) => (await execution.done).exitCode));
    assert.deepEqual(codes, numbers);
    assert.deepEqual(
      all.map(({ out }) => out()),
      numbers.map((n) => `${n}\n`),
    );
  },
  'all of a long output is there, in order': async (on) => {
    const ran = start(on, 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i"; done');
    assert.ok(succeeded(await ran.execution.done));
    assert.equal(ran.out(), Array.from({ length: 20_000 }, (_, i) => `line ${i + 1}\n`).join(''));
  },
  'who has a queue tells of it, in order': async (on) => {
    const ran = start(on, 'sleep 1');
    assert.ok(succeeded(await ran.execution.done));
    const states = ran.states.map(({ state }) => state).filter((state) => state !== 'queued');
    assert.deepEqual(states, on.queues ? ['submitted', 'running'] : []);
    assert.equal(ran.execution.pid !== undefined, !on.queues);
  },
};

/** Declares a test for each case. @param make is called for each one */
export function executorContract(
  name: string,
  make: () => Promise<UnderTest> | UnderTest,
  options: { readonly skip?: boolean } = {},
): void {
  for (const [about, check] of Object.entries(CASES)) {
    test(`${name}: ${about}`, options, async () => {
      const on = await make();
      try {
        await check(on);
      } finally {
        await on.executor.close();
        await on.end();
      }
    });
  }
}
