import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { TestProject, isAlive, until } from '../../support/cli.js';

const waitFor = (file: string): string => `while [ ! -e ${file} ]; do sleep 0.02; done`;

function pidIn(project: TestProject, file: string): number {
  return Number(readFileSync(project.path(file), 'utf8'));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal}: the tasks end, cleaning up runs, the run says cancelled`, async () => {
    const project = await TestProject.make(`
kind: model-build
tasks:
  long: { run: "sleep 300 & echo $! > child.pid; echo $$ > shell.pid; wait", outputs: { o: never.txt } }
  next: { run: echo, needs: [long] }
  cleanup: { run: touch cleaned.txt, needs: [long], if: always() }
  told: { run: touch told.txt, needs: [long], if: cancelled() }
`);
    const running = project.start(['run']);
    await until(
      'the task runs',
      () => existsSync(project.path('shell.pid')) && pidIn(project, 'shell.pid') > 0,
    );
    process.kill(running.pid, signal);
    const result = await running.done;
    assert.equal(result.code, 130, result.stdout + result.stderr);
    assert.equal(project.lastRun().status, 'cancelled');
    assert.deepEqual(project.statuses(), {
      long: 'cancelled',
      next: 'skipped',
      cleanup: 'succeeded',
      told: 'succeeded',
    });
    assert.ok(!isAlive(pidIn(project, 'child.pid')));
    assert.ok(!isAlive(pidIn(project, 'shell.pid')));
  });
}

test('a task that ignores SIGTERM is killed when the grace is over, with all of its group', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  stubborn: { run: "trap '' TERM; (trap '' TERM; echo $$ > sub.flag; sleep 300) & echo $! > sub.pid; echo $$ > main.pid; while :; do sleep 1; done" }
`);
  const running = project.start(['run', '--grace', '0.3']);
  await until(
    'it runs',
    () => project.exists('main.pid') && project.exists('sub.flag') && pidIn(project, 'main.pid') > 0,
  );
  process.kill(running.pid, 'SIGINT');
  assert.equal((await running.done).code, 130);
  assert.ok(!isAlive(pidIn(project, 'main.pid')));
  assert.ok(!isAlive(pidIn(project, 'sub.pid')));
});

test('a second Ctrl-C ends everything at once', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  stubborn: { run: "trap '' TERM; echo $$ > main.pid; while :; do sleep 1; done" }
  cleanup: { run: touch cleaned.txt, needs: [stubborn], if: always() }
`);
  const running = project.start(['run', '--grace', '600']);
  await until('it runs', () => project.exists('main.pid') && pidIn(project, 'main.pid') > 0);
  process.kill(running.pid, 'SIGINT');
  await until('the first one was heard', () => running.output().includes('cancelling'));
  process.kill(running.pid, 'SIGINT');
  assert.equal((await running.done).code, 130);
  assert.ok(!isAlive(pidIn(project, 'main.pid')));
  assert.ok(!project.exists('cleaned.txt'));
  assert.equal(project.lastRun().status, 'cancelled');
});

test('a grandchild that outlives its parent is ended with the group, and this is said', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  parent: { run: "(trap '' HUP; echo $$ > x; exec sleep 300) & echo $! > grandchild.pid" }
`);
  const { stdout } = await project.expect(0, ['run', '--grace', '1']);
  assert.ok(!isAlive(pidIn(project, 'grandchild.pid')));
  assert.match(stdout, /parent left processes behind/);
});

test('--resume goes on where a cancelled run stopped, with its params; what succeeded is not run again', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { word: none }
tasks:
  first: { run: echo x >> first.log }
  second: { run: "echo \${{ params.word }} > second.txt", outputs: { o: second.txt }, needs: [first] }
  third:
    run: touch third.flag; ${waitFor('go.flag')}; cat second.txt > third.txt
    inputs: [second.txt]
    outputs: { o: third.txt }
`);
  const nothing = await project.expect(2, ['run', '--resume']);
  assert.match(nothing.stderr, /has no run to resume/);
  const running = project.start(['run', '-p', 'word=hello']);
  await until('the third task runs', () => project.exists('third.flag'));
  process.kill(running.pid, 'SIGTERM');
  assert.equal((await running.done).code, 130);
  const id = project.lastRun().id;
  project.write({ 'go.flag': '' });
  const both = await project.expect(2, ['run', '--resume', '-p', 'word=x']);
  assert.match(both.stderr, /leave out --param/);
  await project.expect(0, ['run', '--resume']);
  assert.deepEqual(project.statuses(), { first: 'cached', second: 'cached', third: 'succeeded' });
  assert.equal(project.lastRun().resumed, id);
  assert.deepEqual(project.lastRun().params, { word: 'hello' });
  assert.equal(project.read('third.txt'), 'hello\n');
  assert.equal(project.read('first.log'), 'x\n');
  const done = await project.expect(2, ['run', '--resume']);
  assert.match(done.stderr, /succeeded: nothing to resume/);
  await project.expect(0, ['run', 'main', '--resume', id]);
  assert.equal(project.read('first.log'), 'x\n');
});

test('two runs at once: the second waits and says for whom, or refuses', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  slow: { run: "echo s >> order.log; touch started.flag; ${waitFor('go.flag')}; echo e >> order.log; echo 1 > out.txt", outputs: { o: out.txt } }
`);
  const first = project.start(['run']);
  await until('the first one runs', () => project.exists('started.flag'));
  const id = project.lastRun().id;
  const refused = await project.expect(1, ['run', '--no-wait', '--force']);
  assert.match(
    refused.stdout + refused.stderr,
    new RegExp(`Run ${id} of main \\(process ${first.pid}\\) holds output out\\.txt`),
  );
  // What was refused is no run that still has something to do.
  assert.deepEqual(project.statuses(), { slow: 'skipped' });
  const second = project.start(['run', '--force']);
  await until('the second one waits', () => second.output().includes(`waiting for run ${id}`));
  project.write({ 'go.flag': '' });
  assert.equal((await first.done).code, 0);
  assert.equal((await second.done).code, 0);
  assert.equal(project.read('order.log'), 's\ne\ns\ne\n');
});

test('a mutex holds across runs of different pipelines', async () => {
  const task = (name: string): string => `
kind: model-build
tasks:
  ${name}: { run: "echo ${name}-s >> order.log; touch ${name}.flag; ${waitFor('go.flag')}; echo ${name}-e >> order.log", mutex: gpu }
`;
  const project = await TestProject.make({ 'a.pipeline.yaml': task('a'), 'b.pipeline.yaml': task('b') });
  const first = project.start(['run', 'a']);
  await until('a runs', () => project.exists('a.flag'));
  const second = project.start(['run', 'b']);
  await until('b waits', () => second.output().includes('another run holds the mutex gpu'));
  project.write({ 'go.flag': '' });
  assert.equal((await first.done).code, 0);
  assert.equal((await second.done).code, 0);
  assert.equal(project.read('order.log'), 'a-s\na-e\nb-s\nb-e\n');
});

test('runs cancel ends a run of another process', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  long: { run: "touch started.flag; sleep 300" }
`);
  const running = project.start(['run']);
  await until('it runs', () => project.exists('started.flag'));
  project.write({ 'other.pipeline.yaml': 'kind: model-build\ntasks: { quick: { run: "true" } }\n' });
  await project.expect(0, ['run', 'other']);
  // The newest run is another one, and has ended.
  await project.expect(0, ['runs', 'cancel']);
  assert.equal((await running.done).code, 130);
  assert.match((await project.expect(1, ['runs', 'cancel'])).stderr, /has ended already: succeeded/);
});

test('a reader that goes away does not end the run', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  talk: { run: "touch started.flag; ${waitFor('go.flag')}; seq 1 20000; echo 1 > out.txt", outputs: { o: out.txt } }
`);
  const running = project.start(['run']);
  await until('it runs', () => project.exists('started.flag'));
  running.child.stdout?.destroy();
  project.write({ 'go.flag': '' });
  assert.equal((await running.done).code, 0);
  assert.equal(project.lastRun().status, 'succeeded');
});
