/** What a task sees of how the tasks before it ended. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

test('the status of a task is the same whether it ran or was cached', async () => {
  const project = await TestProject.make(
    "tasks:\n  train: {run: 'echo m > m', outputs: {m: m}}\n" +
      '  sweep: {run: "echo ${{ matrix.x }} > s${{ matrix.x }}", matrix: {x: [1, 2]}, outputs: {s: "s${{ matrix.x }}"}}\n' +
      '  publish: {if: "tasks.train.status == \'succeeded\'", run: echo p, cache: false}\n' +
      '  gate: {check: ["tasks.sweep.status == \'succeeded\'", "tasks.train.status != \'cached\'"]}\n' +
      "  fresh: {if: '!tasks.train.cached', run: echo fresh, cache: false}\n" +
      '  print: {run: "echo ${{ tasks.train.status }} > o", outputs: {o: o}}\n',
  );
  await project.expect(0, ['run']);
  const first = project.statuses();
  assert.deepEqual(
    [first['publish'], first['gate'], first['fresh']],
    ['succeeded', 'succeeded', 'succeeded'],
  );
  assert.equal((await project.plan())['print'], 'up-to-date');
  await project.expect(0, ['run']);
  const second = project.statuses();
  assert.deepEqual(
    [second['train'], second['publish'], second['fresh'], second['print']],
    ['cached', 'succeeded', 'skipped', 'cached'],
  );
  assert.notEqual(second['gate'], 'failed');
  project.remove('m', 's1', 's2', 'o');
  await project.expect(0, ['run']);
  assert.equal(project.statuses()['publish'], 'succeeded');
  assert.equal(project.read('o'), 'succeeded\n');
  // A task outside of the selection is known by its last success.
  await project.expect(0, ['run', '--only', 'publish']);
  assert.equal(project.statuses()['publish'], 'succeeded');
});

test('a comparison with a status that there is not is told', async () => {
  const project = await TestProject.make(
    'tasks:\n  a: {run: echo a}\n  b: {if: "tasks.a.status == \'cached\'", run: echo b}\n',
  );
  const { stdout } = await project.run(['lint']);
  assert.match(stdout, /has the status `succeeded`, so this is always false/);
});

test('success() is what holds where there is no condition', async () => {
  const project = await TestProject.make(
    'params: {go: false}\ntasks:\n' +
      "  opt: {if: params.go, run: 'echo opt'}\n" +
      "  plain: {needs: [opt], run: 'echo plain'}\n" +
      "  explicit: {needs: [opt], if: success(), run: 'echo explicit'}\n" +
      "  both: {needs: [opt], if: 'success() && params.go == false', run: 'echo both'}\n" +
      "  either: {needs: [opt], if: 'success() || failure()', run: 'echo either'}\n" +
      "  not: {needs: [opt], if: '!success()', run: 'echo not'}\n" +
      "  any: {needs: [opt], if: always(), run: 'echo any'}\n" +
      "  after: {needs: [any], if: success(), run: 'echo after'}\n",
  );
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), {
    opt: 'skipped',
    plain: 'skipped',
    explicit: 'skipped',
    both: 'skipped',
    either: 'skipped',
    not: 'succeeded',
    any: 'succeeded',
    after: 'succeeded',
  });
});

test('success() is false where a failure elsewhere stops the run, and true with --keep-going', async () => {
  const project = await TestProject.make(
    'tasks:\n  bad: {run: exit 1}\n' +
      "  slow: {run: 'while ! test -e go; do sleep 0.02; done', cache: false}\n" +
      '  wait: {needs: [bad], if: always(), run: touch go, cache: false}\n' +
      "  plain: {needs: [slow], run: 'echo plain'}\n" +
      "  explicit: {needs: [slow], if: success(), run: 'echo explicit'}\n" +
      "  failed: {needs: [slow], if: failure(), run: 'echo failed'}\n",
  );
  await project.expect(1, ['run', '-j', '4']);
  const { plain, explicit, failed } = project.statuses();
  assert.deepEqual([plain, explicit, failed], ['skipped', 'skipped', 'skipped']);
  await project.expect(1, ['run', '-j', '4', '--keep-going']);
  assert.deepEqual([project.statuses()['plain'], project.statuses()['explicit']], ['succeeded', 'succeeded']);
});

test('which secrets a command sees counts; their values do not', async () => {
  const text = (more: string): string =>
    `tasks:\n  a: {run: 'printenv OTHER > out.txt; true', ${more}outputs: {x: out.txt}}\n`;
  const project = await TestProject.make(text('secrets: [OTHER], '));
  await project.expect(0, ['run'], { env: { OTHER: '1' } });
  await project.expect(0, ['run'], { env: { OTHER: '2' } });
  assert.equal(project.statuses()['a'], 'cached');
  project.write({ 'main.pipeline.yaml': text('') });
  assert.deepEqual(await project.plan(), { a: 'run: secret OTHER is no longer declared' });
  project.write({ 'main.pipeline.yaml': `secrets: [OTHER]\n${text('')}` });
  await project.expect(0, ['run'], { env: { OTHER: '1' } });
  assert.equal(project.statuses()['a'], 'cached');
});

test('a variable that is longer than the system takes is told by task and name', async () => {
  const project = await TestProject.make(
    `params: {x: ${'y'.repeat(200_000)}}\ntasks:\n  t: {run: echo, env: {BIG: "\${{ params.x }}"}}\n`,
  );
  const { stdout, stderr } = await project.expect(1, ['run']);
  assert.match(
    stdout + stderr,
    /t .*main\.pipeline\.yaml:3:29: env BIG is 195KiB long, and the system takes 128KiB/,
  );
});
