/**
 * Tasks that don't want to end, that leave others behind, and a runner whose terminal goes away.
 *
 * What can be done about processes that outlive their task: those that stay in its process group are ended with it. One
 * that leaves the group (`setsid`, a daemon) was meant to live on, and does when its task ends well; when the task is
 * cancelled or times out, or its runner was killed, it is found by the environment that it inherited, and ended, too.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { TestProject, builtCli, isAlive, until } from '../support/cli.js';
import { damageIn, leftOver } from './memory.js';

const linux = existsSync('/proc/self/environ');

function killAfter(t: TestContext, pid: number): void {
  t.after(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // As it should be.
    }
  });
}

/** A process in a session of its own that ignores polite requests, with its pid in `daemon.pid`. */
const DAEMON = `
const { spawn } = require('node:child_process');
const stdio = process.argv[2] === 'hold' ? ['ignore', 'inherit', 'inherit'] : 'ignore';
const child = spawn('sh', ['-c', 'trap "" TERM HUP; while :; do sleep 0.1; done'], { detached: true, stdio });
require('node:fs').writeFileSync('daemon.pid', String(child.pid));
child.unref();
`;

test('a daemon that holds the output open does not hold up the run, and lives on', async (t) => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  start: { run: "node daemon.js hold; echo started; echo 1 > out.txt", inputs: [daemon.js], outputs: { o: out.txt } }
  after: { run: cat out.txt > after.txt, inputs: [out.txt], outputs: { o: after.txt } }
`,
    'daemon.js': DAEMON,
  });
  const { stdout } = await project.expect(0, ['run']);
  const daemon = Number(project.read('daemon.pid'));
  killAfter(t, daemon);
  assert.match(stdout, /start left a process behind that holds its output open/);
  assert.equal(project.log('start').toString(), 'started\n');
  assert.equal(isAlive(daemon), true);
  assert.deepEqual(project.statuses(), { start: 'succeeded', after: 'succeeded' });
});

test('cancelling a task ends what has left its group, too', { skip: !linux }, async (t) => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  start: { run: "node daemon.js quiet; touch started; while :; do sleep 0.1; done" }
`,
    'daemon.js': DAEMON,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    project.remove('started');
    const running = project.start(['run', '--grace', '0.5']);
    await until('it has started', () => project.exists('started'));
    const daemon = Number(project.read('daemon.pid'));
    killAfter(t, daemon);
    running.child.kill(signal);
    assert.equal((await running.done).code, 130, signal);
    assert.equal(isAlive(daemon), false, signal);
    assert.equal(project.lastRun().status, 'cancelled');
    assert.deepEqual(leftOver(project.root), []);
  }
});

test('a timeout ends what has left the group, too', { skip: !linux }, async (t) => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  start: { run: "node daemon.js quiet; while :; do sleep 0.1; done", timeout: 2s }
`,
    'daemon.js': DAEMON,
  });
  await project.expect(1, ['run', '--grace', '0.5']);
  const daemon = Number(project.read('daemon.pid'));
  killAfter(t, daemon);
  assert.equal(isAlive(daemon), false);
  assert.match(project.task('start').error ?? '', /timed out after 2s/);
});

test(
  'a killed runner: the next run ends its daemons, and those of its tasks that hide their environment',
  { skip: !linux },
  async (t) => {
    const project = await TestProject.make({
      'main.pipeline.yaml': `
kind: model-build
tasks:
  start: { run: "if [ ! -e go ]; then node daemon.js quiet; env -i sh -c 'echo $$ > bare.pid; touch started; while :; do sleep 0.1; done'; fi" }
`,
      'daemon.js': DAEMON,
    });
    const running = project.start(['run']);
    await until('it has started', () => project.exists('started'));
    const left = [Number(project.read('daemon.pid')), Number(project.read('bare.pid'))];
    for (const pid of left) killAfter(t, pid);
    running.child.kill('SIGKILL');
    await new Promise((resolve) => running.child.once('exit', resolve));
    project.write({ go: '' });
    await project.expect(0, ['run']);
    for (const pid of left) assert.equal(isAlive(pid), false);
  },
);

test('a task that closes its output early goes on, and its end is its end', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  quiet: { run: "echo first; exec >&- 2>&-; sleep 0.3; echo 1 > out.txt", outputs: { o: out.txt } }
  failing: { run: "exec >&- 2>&-; sleep 0.1; exit 7", needs: [quiet] }
`);
  await project.expect(1, ['run']);
  assert.equal(project.log('quiet').toString(), 'first\n');
  assert.equal(project.read('out.txt'), '1\n');
  assert.equal(project.task('failing').exitCode, 7);
});

test('a closed terminal and a reader that goes away', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  talk: { run: "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo 1 > out.txt", outputs: { o: out.txt } }
`);
  const cli = await builtCli();
  const shell = (command: string): Promise<number | null> =>
    new Promise((resolve) => {
      const child = spawn('sh', ['-c', command], {
        cwd: project.root,
        env: { ...process.env, NODE: process.execPath, CLI: cli },
        stdio: 'ignore',
      });
      child.once('close', resolve);
    });
  for (const command of [
    '"$NODE" "$CLI" run --force | head -1',
    '"$NODE" "$CLI" run --force --json | head -1',
    '"$NODE" "$CLI" run --force >&- 2>&-',
    '"$NODE" "$CLI" run --force > /dev/full 2>&1',
  ]) {
    project.remove('out.txt');
    await shell(command);
    await until(`${command} ends`, () => !['queued', 'running'].includes(project.lastRun().status));
    assert.equal(project.lastRun().status, 'succeeded', command);
    assert.equal(project.log('talk').toString().split('\n').length, 3_001, command);
    assert.equal(project.read('out.txt'), '1\n', command);
  }
});

test('many tasks at once are all ended by one signal', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  many:
    matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }
    run: "echo $$ > \${{ matrix.n }}.pid; trap '' TERM; sleep 600 & sleep 600 & while :; do sleep 0.1; done"
`);
  const running = project.start(['run', '-j', '12', '--grace', '0.3']);
  const files = Array.from({ length: 12 }, (_, index) => `${index + 1}.pid`);
  const started = (file: string): boolean => project.exists(file) && project.read(file).endsWith('\n');
  await until('all have started', () => files.every(started));
  running.child.kill('SIGTERM');
  assert.equal((await running.done).code, 130);
  for (const file of files) assert.equal(isAlive(Number(project.read(file))), false, file);
  assert.ok(project.lastRun().tasks.every(({ status }) => status === 'cancelled'));
  assert.deepEqual(damageIn(project.root), []);
});
