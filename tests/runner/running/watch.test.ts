/** `modelyard run --watch`: what is saved is run again, and what is out of date is cancelled. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { type Running, TestProject, until } from '../../support/cli.js';

const PIPELINE = `params: { from: params.yaml }
tasks:
  a: { run: 'cat in > a; echo a >> done.log', inputs: in, outputs: { o: a } }
  b: { run: 'cat a > b; echo \${{ params.x }} >> b; echo b >> done.log', inputs: a, outputs: { o: b } }
  free: { run: 'cat other > free; echo free >> done.log', inputs: other, outputs: { o: free } }
`;

async function watching(project: TestProject, runs: number): Promise<Running> {
  const running = project.start(['run', '--watch']);
  await idle(running, runs);
  return running;
}

async function idle(running: Running, times: number): Promise<void> {
  await until(
    `it waits for the ${times}. time: ${running.output()}`,
    () => running.output().split('watching').length > times,
  );
}

test('what is saved is run again, and nothing else', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': PIPELINE,
    'params.yaml': 'x: 1\n',
    in: '1\n',
    other: '1\n',
  });
  const running = await watching(project, 1);
  const log = (): string => project.read('done.log').split('\n').sort().join(' ').trim();
  assert.equal(log(), 'a b free');
  project.write({ in: '2\n' });
  await idle(running, 2);
  assert.equal(project.read('b'), '2\n1\n');
  assert.equal(log(), 'a a b b free');
  // A storm: one run of it, or two when it goes on for long.
  for (let at = 0; at < 20; at++) project.write({ 'params.yaml': `x: ${at}\n`, other: `${at}\n` });
  await idle(running, 3);
  assert.equal(project.read('b'), '2\n19\n');
  assert.equal(project.read('free'), '19\n');
  // Half-written, it is told and waited for.
  project.write({ 'main.pipeline.yaml': 'tasks: {' });
  await until('it says so', () => running.output().includes('is not valid'));
  project.write({ 'main.pipeline.yaml': PIPELINE.replace('cat other', 'echo new; cat other') });
  await idle(running, 4);
  assert.equal(project.read('free'), '19\n');
  running.child.kill('SIGINT');
  assert.equal((await running.done).code, 0);
});

test('a run is cancelled only where what runs is out of date', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml':
      'tasks:\n' +
      "  slow: { run: 'cat in > seen; while [ ! -e go ]; do sleep 0.05; done; cat in > slow', inputs: in, outputs: { o: slow } }\n" +
      "  after: { run: 'cat slow late > after', inputs: [slow, late], outputs: { o: after } }\n",
    in: '1\n',
    late: '1\n',
  });
  const running = project.start(['run', '--watch']);
  const seen = (): string => (project.exists('seen') ? readFileSync(project.path('seen'), 'utf8') : '');
  await until('it has begun', () => seen() === '1\n');
  // Not yet read by anybody.
  project.write({ late: '2\n' });
  project.write({ in: '2\n' });
  await until('it has begun anew', () => seen() === '2\n');
  assert.match(running.output(), /changed: cancelling what is out of date/);
  assert.ok(!project.exists('after'));
  project.write({ late: '3\n', go: '' });
  await until('it is done', () => project.exists('after'));
  await idle(running, 1);
  assert.equal(project.read('after'), '2\n3\n');
  assert.deepEqual(
    project
      .runs()
      .map(({ status }) => status)
      .sort(),
    ['cancelled', 'succeeded'],
  );
  running.child.kill('SIGINT');
  assert.equal((await running.done).code, 0);
});

test('--watch and what ends at once exclude each other', async () => {
  const project = await TestProject.make('tasks: { t: { run: echo, cache: false } }\n');
  await project.expect(2, ['run', '--watch', '--dry']);
  await project.expect(2, ['run', '--watch', '--resume']);
});
