/** Runs of other machines, of containers and of machines that were renamed, killed there and met here. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { TestProject, builtCli, isAlive, until } from '../support/cli.js';

const HOLDS = `
kind: model-build
tasks:
  a:
    run: echo there > started; sleep 300
    outputs: { o: started }
    mutex: mm
`;
const QUICK = HOLDS.replace('; sleep 300', '');

/** A run of another machine that was killed: its processes and its runner are gone. */
async function killedElsewhere(): Promise<{ project: TestProject; id: string }> {
  const project = await TestProject.make(HOLDS);
  const run = project.start(['run'], { env: { MODELYARD_TEST_MACHINE: 'b' } });
  await until('the task runs', () => project.exists('started'));
  run.child.kill('SIGKILL');
  await run.done;
  project.write({ 'main.pipeline.yaml': QUICK });
  return { project, id: project.lastRun().id };
}

/** Everything that beats, as it would be after so long a silence. */
function silence(project: TestProject, minutes: number): void {
  const past = new Date(Date.now() - minutes * 60_000);
  for (const name of readdirSync(project.path('.modelyard'), { recursive: true })) {
    utimesSync(project.path('.modelyard', String(name)), past, past);
  }
}

test('a run of another machine holds what it holds, and lapses when it is silent', async () => {
  const { project, id } = await killedElsewhere();
  const busy = await project.expect(1, ['run', '--no-wait']);
  assert.match(busy.stderr + busy.stdout, /lapses after 3 minutes/);
  const refused = await project.expect(1, ['runs', 'cancel', id]);
  assert.match(refused.stderr, /another machine or container/);
  await project.expect(1, ['runs', 'delete', id]);
  silence(project, 4);
  await project.expect(0, ['run', '--no-wait']);
  const { stdout } = await project.expect(0, ['runs', 'list']);
  assert.match(stdout, new RegExp(`${id}.*interrupted`));
});

test('runs cancel --force ends a run of a machine that is gone, without a signal', async () => {
  const { project, id } = await killedElsewhere();
  await project.expect(0, ['runs', 'cancel', '--force', id]);
  await project.expect(0, ['run', '--no-wait']);
  assert.deepEqual(
    readdirSync(project.path('.modelyard', 'locks')).filter((name) => !name.startsWith('project')),
    [],
  );
});

test('doctor only says what doctor --fix clears up', async () => {
  const { project } = await killedElsewhere();
  silence(project, 10);
  const before = readdirSync(project.path('.modelyard'), { recursive: true }).map(String).sort();
  const looked = await project.expect(0, ['doctor']);
  assert.match(looked.stdout, /doctor --fix/);
  assert.deepEqual(readdirSync(project.path('.modelyard'), { recursive: true }).map(String).sort(), before);
  await project.expect(0, ['doctor', '--fix']);
  assert.deepEqual(readdirSync(project.path('.modelyard', 'locks')), []);
  assert.match((await project.expect(0, ['doctor'])).stdout, /✓ runs/);
});

test('cancel signals nobody but the process of the run', { skip: process.platform !== 'linux' }, async () => {
  const { project, id } = await killedElsewhere();
  const stranger = spawn('sleep', ['60']);
  const document = project.path('.modelyard', 'runs', id.slice(0, 6), id, 'run.json');
  const run = JSON.parse(readFileSync(document, 'utf8')) as Record<string, unknown>;
  const start = readFileSync(`/proc/${stranger.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
  for (const change of [
    { pid: stranger.pid },
    { pid: stranger.pid, place: undefined, host: undefined, processStart: undefined },
    { pid: stranger.pid, processStart: `${start}@00000000` },
    { pid: 1, processStart: undefined },
    { pid: -1 },
  ]) {
    writeFileSync(document, JSON.stringify({ ...run, ...change }));
    for (const args of [['runs', 'cancel', id], ['runs', 'cancel', '--force', id], ['doctor']]) {
      const { stderr } = await project.run(args);
      assert.doesNotMatch(stderr, /Please report/);
    }
    assert.ok(isAlive(stranger.pid ?? 0));
  }
  stranger.kill('SIGKILL');
});

test('a machine that renames itself knows its own runs', async (t) => {
  if (spawnSync('unshare', ['--uts', 'true']).status !== 0) {
    t.skip('unshare --uts is not allowed here');
    return;
  }
  const project = await TestProject.make(HOLDS);
  const cli = await builtCli();
  const child = spawn(
    'unshare',
    ['--uts', 'sh', '-c', `hostname other; exec "$0" "$1" run`, process.execPath, cli],
    {
      cwd: project.root,
      env: { ...process.env, MODELYARD_MACHINE: 'none' },
      stdio: 'ignore',
    },
  );
  t.after(() => child.kill('SIGKILL'));
  await until('the task runs', () => project.exists('started'));
  const run = project.lastRun();
  assert.equal(run.host, 'other');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { stdout } = await project.expect(0, ['runs', 'cancel']);
  assert.match(stdout, /asked/);
  await ended;
  assert.equal(project.lastRun().status, 'cancelled');
});

test('a container with pids of its own: nothing of it is signalled or taken for dead', async (t) => {
  const pids = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  if (spawnSync('unshare', [...pids, 'true']).status !== 0) {
    t.skip('unshare --pid is not allowed here');
    return;
  }
  const project = await TestProject.make(HOLDS);
  const cli = await builtCli();
  const child = spawn('unshare', [...pids, process.execPath, cli, 'run'], {
    cwd: project.root,
    env: { ...process.env, MODELYARD_MACHINE: 'none' },
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  await until('the task runs', () => project.exists('started'));
  // Its status is written down soon after its first task has started.
  const listed = (): string =>
    spawnSync(process.execPath, [cli, 'runs', 'list'], { cwd: project.root, encoding: 'utf8' }).stdout;
  await until('it is known to run', () => listed().includes('running'));
  await project.expect(1, ['run', '--no-wait']);
  assert.match((await project.expect(1, ['runs', 'cancel'])).stderr, /another machine or container/);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  silence(project, 4);
  project.write({ 'main.pipeline.yaml': QUICK });
  await project.expect(0, ['run', '--no-wait']);
});
