/** Runs that start at the same time: on the same outputs one after the other, on different ones side by side. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { RunStore } from '../../server/stores/runs/runs.js';
import { TestProject, isAlive, until } from '../support/cli.js';
import { damageIn, leftOver, processesOf } from './memory.js';

/** Fails when another one is at work in the same place; leaves a folder with as many files as it was asked for. */
const SHARED = `
kind: model-build
params: { round: 0 }
tasks:
  make:
    run: |
      set -e
      mkdir busy
      for i in 1 2 3 4 5; do mkdir -p out/$i; echo \${{ params.round }} > out/$i/x; done
      echo \${{ params.round }} >> worked
      rmdir busy
    outputs: { o: out }
  read:
    run: cat out/*/x > joined.txt
    inputs: [out]
    outputs: { o: joined.txt }
`;

/** Lives until `name.go` is there, and says that it does. */
const held = (name: string): string => `
kind: model-build
tasks:
  hold:
    run: echo $$ > ${name}.pid; touch ${name}.started; while [ ! -e ${name}.go ]; do sleep 0.02; done; echo done > ${name}.out
    outputs: { o: ${name}.out }
`;

test('two runs at once on the same outputs: both end well, nothing is made twice', async () => {
  const project = await TestProject.make(SHARED);
  for (let round = 1; round <= 6; round++) {
    const args = ['run', '-p', `round=${round}`, '-j', '2'];
    const three = [project.start(args), project.start(args), project.start(args)];
    for (const { code, stdout, stderr } of await Promise.all(three.map(({ done }) => done))) {
      assert.equal(code, 0, `round ${round}\n${stdout}\n${stderr}`);
    }
    assert.equal(project.read('joined.txt'), `${round}\n`.repeat(5));
    assert.equal(project.read('worked').trim().split('\n').length, round, 'each round was worked on once');
    assert.deepEqual(damageIn(project.root), []);
    assert.deepEqual(leftOver(project.root), []);
  }
  assert.equal(project.runs().length, 18);
  assert.ok(project.runs().every(({ status }) => status === 'succeeded'));
});

test('two runs with different params on the same outputs: one after the other, each with its own', async () => {
  const project = await TestProject.make(SHARED);
  for (let round = 1; round <= 3; round++) {
    const two = [round * 10, round * 10 + 1].map((value) => project.start(['run', '-p', `round=${value}`]));
    for (const { code, stdout, stderr } of await Promise.all(two.map(({ done }) => done))) {
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    }
    // Whoever came last has the files; the other one's are in the cache.
    const [value] = project.read('joined.txt').split('\n');
    assert.equal(project.read('joined.txt'), `${value ?? ''}\n`.repeat(5));
    for (const other of [round * 10, round * 10 + 1]) {
      await project.expect(0, ['run', '-p', `round=${other}`]);
      assert.equal(project.read('joined.txt'), `${other}\n`.repeat(5));
    }
    assert.deepEqual(damageIn(project.root), []);
  }
  assert.equal(project.read('worked').trim().split('\n').length, 6);
});

test('--no-wait refuses and says who is in the way; without it the run says so and waits', async () => {
  const project = await TestProject.make(held('a'));
  const first = project.start(['run']);
  await until('the first one works', () => project.exists('a.started'));
  const { id } = project.lastRun();
  const refused = await project.expect(1, ['run', '--no-wait']);
  assert.match(
    refused.stderr,
    new RegExp(`Run ${id} of main \\(process ${first.pid}\\) holds output a\\.out`),
  );
  assert.match(refused.stderr, /--no-wait/);
  assert.equal(project.lastRun().status, 'failed');
  const waiting = project.start(['run']);
  await until('the second one waits', () => waiting.output().includes(`waiting for run ${id}`));
  project.write({ 'a.go': '' });
  assert.equal((await first.done).code, 0);
  assert.equal((await waiting.done).code, 0);
  assert.deepEqual(project.statuses(), { hold: 'cached' }, 'what the first one made was taken as it is');
  assert.deepEqual(leftOver(project.root), []);
});

test('a run that waits can be cancelled', async () => {
  const project = await TestProject.make(held('a'));
  const first = project.start(['run']);
  await until('the first one works', () => project.exists('a.started'));
  const waiting = project.start(['run']);
  await until('the second one waits', () => waiting.output().includes('waiting for run'));
  waiting.child.kill('SIGINT');
  assert.equal((await waiting.done).code, 130);
  assert.equal(project.lastRun().status, 'cancelled');
  project.write({ 'a.go': '' });
  assert.equal((await first.done).code, 0);
});

test('pipelines with nothing in common run side by side', async () => {
  const project = await TestProject.make({ 'a.pipeline.yaml': held('a'), 'b.pipeline.yaml': held('b') });
  const a = project.start(['run', 'a']);
  const b = project.start(['run', 'b']);
  // Neither can go on before this: had one waited for the other, both would never be under way.
  await until('both work', () => project.exists('a.started') && project.exists('b.started'));
  project.write({ 'a.go': '', 'b.go': '' });
  assert.equal((await a.done).code, 0);
  assert.equal((await b.done).code, 0);
});

test('who reads what another run writes waits for it', async () => {
  const project = await TestProject.make({
    'a.pipeline.yaml': held('a'),
    'b.pipeline.yaml': `
kind: model-build
tasks:
  read: { run: cat a.out > b.out, inputs: [a.out], outputs: { o: b.out } }
`,
  });
  const a = project.start(['run', 'a']);
  await until('a works', () => project.exists('a.started'));
  const b = project.start(['run', 'b']);
  await until('b waits', () => /waiting for run .* of a .*a\.out/.test(b.output()));
  project.write({ 'a.go': '' });
  assert.equal((await a.done).code, 0);
  assert.equal((await b.done).code, 0);
  assert.equal(project.read('b.out'), 'done\n');
});

test('who waits goes on when the holder is killed, and ends its tasks before it touches the same files', async () => {
  const project = await TestProject.make(held('a'));
  const first = project.start(['run']);
  await until('the first one works', () => project.exists('a.started'));
  const { id } = project.lastRun();
  const orphan = Number(project.read('a.pid'));
  const waiting = project.start(['run']);
  await until('the second one waits', () => waiting.output().includes('waiting for run'));
  project.remove('a.started');
  first.child.kill('SIGKILL');
  await until('the second one works', () => project.exists('a.started'));
  assert.equal(isAlive(orphan), false, 'the task that the first one left was ended');
  assert.deepEqual(processesOf(id), []);
  project.write({ 'a.go': '' });
  const { code, stdout } = await waiting.done;
  assert.equal(code, 0, stdout);
  const store = RunStore.open(project.root);
  assert.deepEqual(
    store.list({ limit: 9 }).map(({ status }) => status),
    ['succeeded', 'interrupted'],
  );
  assert.deepEqual(damageIn(project.root), []);
  assert.deepEqual(leftOver(project.root), []);
  assert.deepEqual(
    readdirSync(project.path('.modelyard', 'runs', 'live')).filter((name) => !name.endsWith('.tmp')),
    [],
  );
});
