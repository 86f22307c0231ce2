/** Limits belong to the machine: a call multiplies nothing, and a processor is given. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { TestProject, builtCli, until } from '../../support/cli.js';

/** How many were at work at once, from a trace of S and E. */
function most(trace: string): number {
  let now = 0;
  let highest = 0;
  for (const word of trace.trim().split(/\s+/)) {
    now += word === 'S' ? 1 : -1;
    highest = Math.max(highest, now);
  }
  assert.equal(now, 0);
  return highest;
}

const child = (resources: string): string => `params: { x: 1 }
tasks:
  t:
    run: 'echo S >> trace; sleep 0.2; echo E >> trace'
    matrix: { i: [1, 2, 3] }
    resources: ${resources}
`;
const PARENT = `tasks:
  call: { pipeline: { name: child, params: { x: '\${{ matrix.x }}' } }, matrix: { x: [1, 2, 3] } }
`;

for (const { name, resources, args, env, expected } of [
  { name: 'one processor', resources: '{ gpus: 1 }', args: ['-j', '3'], env: '0', expected: 1 },
  { name: 'halves of one', resources: '{ gpus: 0.5 }', args: ['-j', '4'], env: '0', expected: 2 },
  { name: 'jobs', resources: '{ cpus: 1 }', args: ['-j', '2'], env: '', expected: 2 },
  { name: 'cores', resources: '{ cpus: 2 }', args: ['-j', '4'], env: '', expected: 2 },
])
  test(`pipelines that a matrix calls share ${name}`, async () => {
    const project = await TestProject.make({
      'child.pipeline.yaml': child(resources),
      'parent.pipeline.yaml': PARENT,
    });
    await project.expect(0, ['run', 'parent', ...args], { env: { CUDA_VISIBLE_DEVICES: env } });
    assert.equal(most(project.read('trace')), expected);
  });

test('a task sees the processors that it was given, and only those', async () => {
  const project = await TestProject.make(`tasks:
  t:
    run: 'echo "$I:$CUDA_VISIBLE_DEVICES:$ROCR_VISIBLE_DEVICES:$ZE_AFFINITY_MASK" >> seen; sleep 0.3'
    env: { I: '\${{ matrix.i }}' }
    matrix: { i: [1, 2] }
    resources: { gpus: 1 }
  none: { run: 'echo "none:$CUDA_VISIBLE_DEVICES" >> seen', needs: [t] }
`);
  await project.expect(0, ['run', '-j', '2'], { env: { CUDA_VISIBLE_DEVICES: 'GPU-a,GPU-b' } });
  const seen = project.read('seen').trim().split('\n').map((line) => line.split(':').slice(1)); // prettier-ignore
  assert.deepEqual(seen.sort(), [['GPU-a', 'GPU-a', 'GPU-a'], ['GPU-a,GPU-b'], ['GPU-b', 'GPU-b', 'GPU-b']]);
});

for (const { name, args, files } of [
  {
    name: 'of the pipeline that the holder calls',
    args: ['parent'],
    files: {
      'child.pipeline.yaml': 'name: child\ntasks:\n  t: { run: echo IN, mutex: "pr${{ \'od\' }}" }\n',
      'parent.pipeline.yaml': 'tasks:\n  call: { pipeline: child, mutex: prod }\n',
    },
  },
  {
    name: 'two calls below the holder',
    args: ['top'],
    files: {
      'child.pipeline.yaml': 'name: child\ntasks:\n  t: { run: echo IN, mutex: "pr${{ \'od\' }}" }\n',
      'middle.pipeline.yaml': 'tasks:\n  call: { pipeline: child }\n',
      'top.pipeline.yaml': 'tasks:\n  call: { pipeline: middle, mutex: prod }\n',
    },
  },
])
  test(`a mutex of a task ${name} is refused instead of waited for`, async () => {
    const project = await TestProject.make(files);
    const { stdout } = await project.expect(1, ['run', ...args]);
    assert.match(
      stdout,
      /it would wait for ever: the mutex prod is held by the task that called this pipeline/,
    );
  });

test('lint finds a mutex that a call holds while its pipeline waits for it', async () => {
  const project = await TestProject.make({
    'child.pipeline.yaml': 'name: child\ntasks:\n  t: { run: echo IN, mutex: prod, cache: false }\n',
    'parent.pipeline.yaml': 'tasks:\n  call: { pipeline: child, mutex: prod }\n',
  });
  const { stdout } = await project.expect(1, ['lint']);
  assert.match(stdout, /parent\.pipeline\.yaml:2:35: error: .*graph\/mutex-cycle/);
  await project.expect(2, ['run', 'parent']);
});

for (const { what, second, runs } of [
  { what: 'of two runs', second: 'q', runs: ['p', 'q'] },
  { what: 'of one run', second: 'p', runs: ['p'] },
])
  test(`calls ${what} that would wait for each other’s mutex are told, and one of them works`, async () => {
    const call = (name: string, mutex: string): string =>
      `  ${name}: { mutex: ${mutex}, pipeline: ${name} }\n`;
    const called = (name: string, mutex: string, other: string): string => `name: ${name}
tasks:
  first: { run: 'echo > ${name}; while ! test -e ${other}; do sleep 0.05; done', cache: false }
  then: { needs: [first], mutex: ${mutex}, run: echo, cache: false }
`;
    const project = await TestProject.make({
      'p.pipeline.yaml': `name: p\ntasks:\n${call('one', 'a')}${second === 'p' ? call('two', 'b') : ''}`,
      'q.pipeline.yaml': `name: q\ntasks:\n${call('two', 'b')}`,
      'one.pipeline.yaml': called('one', 'b', 'two'),
      'two.pipeline.yaml': called('two', 'a', 'one'),
    });
    const done = await Promise.all(runs.map((name) => project.run(['run', name, '-k', '-j', '4'])));
    const texts = done.map(({ stdout }) => stdout).join('');
    assert.match(texts, /\[then\] succeeded/, texts);
    const told = texts.match(/it would wait for ever: the mutex [ab] is held by a task that waits in turn/g);
    assert.ok(told !== null, texts);
    assert.deepEqual(
      readdirSync(project.path('.modelyard/locks')).filter((name) => name.endsWith('.wait')),
      [],
    );
  });

test('--no-wait waits for no mutex of another run either', async () => {
  const project = await TestProject.make({
    'one.pipeline.yaml':
      'tasks:\n  t: { run: "touch began; while ! test -e go; do sleep 0.05; done", mutex: m }\n',
    'two.pipeline.yaml': 'tasks:\n  t: { run: echo two, mutex: m }\n',
  });
  const one = project.start(['run', 'one']);
  await until('one to hold the mutex', () => project.exists('began'));
  const { stdout } = await project.expect(1, ['run', 'two', '--no-wait']);
  assert.match(stdout, /another run holds the mutex m/);
  project.write({ go: '' });
  assert.equal((await one.done).code, 0);
  await project.expect(0, ['run', 'two', '--no-wait']);
});

test('a question holds no mutex while it waits for its answer', async () => {
  const project = await TestProject.make({
    'ask.pipeline.yaml': 'tasks:\n  ask: { approval: { prompt: go? }, mutex: m }\n',
    'two.pipeline.yaml': 'tasks:\n  t: { run: echo two, mutex: m }\n',
  });
  const ask = project.start(['run', 'ask', '--wait']);
  const id = (): string | undefined => project.runs().find((run) => run.pipeline === 'ask')?.id;
  await until('the question', () => ask.output().includes('go?'));
  await project.expect(0, ['run', 'two', '--no-wait']);
  await project.expect(0, ['approve', id() ?? '', 'ask']);
  assert.equal((await ask.done).code, 0);
});

test('two runs of one machine share its processor, and what another has is said', async () => {
  const project = await TestProject.make({
    'one.pipeline.yaml':
      'tasks:\n  t: { run: "echo S >> trace; touch began; while ! test -e go; do sleep 0.05; done; echo E >> trace", resources: { gpus: 1 } }\n',
    'two.pipeline.yaml': 'tasks:\n  t: { run: "echo S >> trace; echo E >> trace", resources: { gpus: 1 } }\n',
  });
  const env = { CUDA_VISIBLE_DEVICES: '0', MODELYARD_MACHINE: project.path('machine') };
  const one = project.start(['run', 'one'], { env });
  await until('one to begin', () => project.exists('began'));
  const two = project.start(['run', 'two'], { env });
  await until('two to wait', () => /this machine is busy with \S+ in /.test(two.output()));
  project.write({ go: '' });
  assert.deepEqual([(await one.done).code, (await two.done).code], [0, 0]);
  assert.equal(most(project.read('trace')), 1);
});

test('who has nothing to do waits for nobody, and who waits can be stopped', async () => {
  const project = await TestProject.make({
    'one.pipeline.yaml':
      'tasks:\n  t: { run: "touch began; while ! test -e go; do sleep 0.05; done", resources: { cpus: 999 } }\n',
    'two.pipeline.yaml': 'tasks:\n  t: { run: cp in out, inputs: [in], outputs: { o: out } }\n',
    in: '1',
  });
  const env = { MODELYARD_MACHINE: project.path('machine') };
  await project.expect(0, ['run', 'two'], { env });
  const one = project.start(['run', 'one'], { env });
  await until('one to begin', () => project.exists('began'));
  assert.match((await project.expect(0, ['run', 'two'], { env })).stdout, /up to date/);
  project.write({ in: '2' });
  const two = project.start(['run', 'two'], { env });
  await until('two to wait', () => two.output().includes('this machine is busy with'));
  two.child.kill('SIGINT');
  assert.equal((await two.done).code, 130);
  assert.equal(project.read('out'), '1');
  const three = project.start(['run', 'two'], { env });
  await until('three to wait', () => three.output().includes('this machine is busy with'));
  project.write({ in: '3', go: '' });
  assert.equal((await three.done).code, 0);
  assert.equal(project.read('out'), '3', 'it looks again after it has waited');
  assert.equal((await one.done).code, 0);
});

test('a run that a task starts works with what the task has', async () => {
  const project = await TestProject.make({
    'inner.pipeline.yaml': 'tasks:\n  t: { run: echo inner, resources: { cpus: 99 } }\n',
    'outer.pipeline.yaml': 'tasks:\n  t: { run: "$NODE $CLI run inner", resources: { cpus: 99 } }\n',
  });
  const env = { MODELYARD_MACHINE: project.path('machine'), NODE: process.execPath, CLI: await builtCli() };
  await project.expect(0, ['run', 'outer', '-j', '1'], { env });
});

test('a task that was always quick passes one that waits for the whole machine, a new one does not', async () => {
  const settings = (cpus: number): string => `name: test\nexecutors: { local: { cpus: ${cpus} } }\n`;
  const project = await TestProject.make({
    'modelyard.yaml': settings(9),
    'main.pipeline.yaml': `tasks:
  hold: { run: 'for i in $(seq 600); do test -e quick && break; sleep 0.1; done; echo hold >> trace; sleep 0.5' }
  big: { run: 'echo big >> trace', resources: { cpus: 2 } }
  quick: { run: 'echo quick >> trace; touch quick' }
`,
  });
  const args = ['run', '-j', '9'];
  await project.expect(0, args);
  project.remove('quick', 'trace');
  project.write({ 'modelyard.yaml': settings(2) });
  await project.expect(0, args);
  assert.deepEqual(project.read('trace').trim().split('\n'), ['quick', 'hold', 'big']);
  // Nobody knows how long this one takes.
  project.write({
    quick: '',
    'main.pipeline.yaml': project.read('main.pipeline.yaml').replace('  quick:', '  new:'),
  });
  project.remove('trace');
  await project.expect(0, args);
  assert.deepEqual(project.read('trace').trim().split('\n'), ['hold', 'big', 'quick']);
});

test('an executor of this machine by another name has bounds of its own, within those of the machine', async () => {
  const alone = 'mkdir busy || exit 1; sleep 0.2; rmdir busy';
  const project = await TestProject.make({
    'modelyard.yaml': 'executors: { small: { type: local, jobs: 1 } }\nexecutor: small\n',
    'main.pipeline.yaml': `tasks:
  one: { run: '${alone}' }
  two: { run: '${alone}' }
  three: { run: '${alone}' }
  beside: { run: 'true', executor: local }
  slow: { run: sleep 600, timeout: 1s, continue-on-error: true }
`,
  });
  await project.expect(0, ['run', '-j', '4', '--force']);
  assert.deepEqual(project.statuses(), {
    one: 'succeeded',
    two: 'succeeded',
    three: 'succeeded',
    beside: 'succeeded',
    slow: 'failed',
  });
  assert.equal(project.lastRun().tasks.find(({ id }) => id === 'slow')?.error, 'timed out after 1s');
});
