/** `run --debug`: the Python of a task under the real debugpy, over the Debug Adapter Protocol. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DapClient } from '../../support/dap.js';
import { type Running, TestProject, until } from '../../support/cli.js';
import { fakeVenv } from '../../support/peers/fake-python.js';
import { peerPython, withoutDebugpy } from '../../support/peers/peers.js';

const skip = process.platform === 'win32' ? 'needs a shell' : withoutDebugpy();

const TRAIN = `import os
import sys


def double(value):
    result = value * 2
    return result


if __name__ == "__main__":
    print(double(int(sys.argv[1])), os.environ["SEED"])
    if len(sys.argv) > 2:
        raise ValueError("bad rate")
    open("model.txt", "w").close()
`;

/** Stands in for torchrun and accelerate launch, which need gigabytes: programs of the environment that start the script in children. */
const LAUNCHER = `import subprocess, sys
sys.exit(subprocess.call([sys.executable, "-u"] + sys.argv[1:]))
`;

async function project(): Promise<TestProject> {
  const python = peerPython('debugpy');
  const made = await TestProject.make({
    'main.pipeline.yaml': `name: main
params: { rate: 3 }
python: ${python}
tasks:
  train:
    run: |
      cd sub
      python -u ../src/train.py \${{ params.rate }} | cat && mv model.txt ..
    env: { SEED: '7', PYTHONPATH: own }
    inputs: [src/train.py]
    outputs: { model: model.txt }
    timeout: 1s
    retries: 3
  broken: { run: python3 -m src.train 1 fail, env: { SEED: '1' }, timeout: 1s, retries: 3 }
  tests: { run: pytest -q src/test_train.py }
  launch: { run: ./launch src/train.py 5, env: { SEED: '1' } }
  hidden: { run: python3 -I -c pass }
  gate: { check: ['\${{ 1 < 2 }}'] }
`,
    'src/__init__.py': '',
    'src/train.py': TRAIN,
    'src/test_train.py':
      'from src.train import double\n\ndef test_double():\n    got = double(4)\n    assert got == 8\n',
    'sub/own/sitecustomize.py': 'import os\nos.environ["OWN"] = "1"\n',
    'sub/readme.txt': '',
  });
  writeFileSync(made.path('launch'), `#!${python}\n${LAUNCHER}`);
  chmodSync(made.path('launch'), 0o755);
  return made;
}

/** Started under a debugger; a test that fails leaves none behind. */
function debugged(context: TestContext, own: TestProject, task: string, ...more: string[]): Running {
  const run = own.start(['run', '--only', task, '--debug', ...more]);
  context.after(() => run.child.kill('SIGKILL'));
  return run;
}

/** The port at which the run says that a process waits. */
async function portOf(run: Running): Promise<number> {
  const said = /waits for a debugger at 127\.0\.0\.1:(\d+)/;
  await until('a Python waits', () => said.test(run.output()));
  return Number(said.exec(run.output())?.[1]);
}

test(
  'a breakpoint is hit, variables are there, and the run counts for nothing',
  { skip },
  async (context) => {
    const own = await project();
    const run = debugged(context, own, 'train', '-p', 'rate=21');
    const client = new DapClient(await portOf(run));
    await client.begin(own.path('src/train.py'), [7]);
    const { thread, at, locals } = await client.stopped();
    assert.equal(at, 'double:7');
    assert.deepEqual([locals['value'], locals['result']], ['21', '42']);
    // Longer than its time, which is not that of who debugs.
    await pause(1_200);
    await client.goOn(thread);
    await client.event('terminated');
    client.close();
    const { code, stdout, stderr } = await run.done;
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.match(own.log('train').toString(), /^42 7$/m);
    const { debug, status, pipeline } = own.lastRun();
    assert.deepEqual([debug, status, pipeline], [true, 'succeeded', 'main']);
    const { stdout: listed } = await own.expect(0, ['runs', 'list']);
    assert.match(listed, /\(debug\)/);
    // Neither as it was done last, nor out of the cache.
    assert.match((await own.plan('--only', 'train', '-p', 'rate=21'))['train'] ?? '', /^run: never run/);
    own.remove('model.txt');
    await own.expect(0, ['run', '--only', 'train', '-p', 'rate=21']);
    assert.deepEqual(own.statuses(), { train: 'succeeded' });
    const [first] = own.runs();
    const refused = await own.expect(2, ['run', `--resume=${first?.id ?? ''}`]);
    assert.match(refused.stderr, /ran under a debugger, which is not resumed/);
  },
);

test(
  'a task that fails under the debugger stops at its exception, and is not tried again',
  { skip },
  async (context) => {
    const own = await project();
    const run = debugged(context, own, 'broken');
    const client = new DapClient(await portOf(run));
    await client.ask('initialize', { adapterID: 'debugpy', pathFormat: 'path', linesStartAt1: true });
    const attached = client.ask('attach', { justMyCode: true });
    await client.event('initialized');
    await client.ask('setExceptionBreakpoints', { filters: ['uncaught'] });
    await client.ask('configurationDone');
    await attached;
    const { thread, at } = await client.stopped();
    assert.equal(at, '<module>:13');
    await client.goOn(thread);
    await client.event('terminated');
    client.close();
    const { code } = await run.done;
    assert.equal(code, 1);
    assert.equal(own.task('broken').attempts, 1);
    assert.match(own.log('broken').toString(), /ValueError: bad rate/);
    // What is to be resumed is not that one.
    assert.match((await own.expect(2, ['run', '--resume'])).stderr, /no run to resume/);
  },
);

test('pytest, and programs that start the script in a child', { skip }, async (context) => {
  const own = await project();
  const tests = debugged(context, own, 'tests');
  const client = new DapClient(await portOf(tests));
  await client.begin(own.path('src/test_train.py'), [5]);
  const { thread, at, locals } = await client.stopped();
  assert.deepEqual([at, locals['got']], ['test_double:5', '8']);
  await client.goOn(thread);
  await client.event('terminated');
  client.close();
  assert.equal((await tests.done).code, 0);

  const launch = debugged(context, own, 'launch');
  const parent = new DapClient(await portOf(launch));
  await parent.begin(own.path('src/train.py'), [7]);
  const child = (await parent.event('debugpyAttach')) as { connect: { port: number }; subProcessId: number };
  const second = new DapClient(child.connect.port);
  await second.begin(own.path('src/train.py'), [7], child);
  const stop = await second.stopped();
  assert.deepEqual([stop.at, stop.locals['result']], ['double:7', '10']);
  await second.goOn(stop.thread);
  await parent.event('terminated');
  for (const one of [parent, second]) one.close();
  assert.equal((await launch.done).code, 0, launch.output());
});

test('what can not be debugged says so before it starts', { skip }, async () => {
  const own = await project();
  const check = async (code: number, args: readonly string[], said: RegExp): Promise<void> => {
    const { stdout, stderr } = await own.expect(code, ['run', '--debug', ...args]);
    assert.match(stdout + stderr, said);
  };
  await check(2, [], /--debug takes one task: name it with --only/);
  await check(2, ['--only', 'train', '--watch'], /--debug and --watch exclude each other/);
  await check(2, ['--only', 'gate'], /gate: only tasks that `run` commands are debugged/);
  await check(0, ['--only', 'hidden'], /no Python of it has waited for a debugger/);
  assert.equal(own.runs().length, 1);
  const venv = fakeVenv(path.join(own.root, '.venv'));
  own.write({
    'main.pipeline.yaml': own.read('main.pipeline.yaml').replace(/^python: .*$/m, 'python: .venv'),
  });
  await check(
    2,
    ['--only', 'train'],
    /debugpy is not in \.venv\. Install it: \.venv\/bin\/python3? -m pip install debugpy/,
  );
  assert.ok(venv);
});
