/** Pipelines that run pipelines: their results are seen, cancelling goes through, waiting too, and none runs itself. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { TestProject, isAlive, until } from '../../support/cli.js';

const TRAIN = `name: train
params: { epochs: 1 }
tasks:
  fit:
    run: 'echo m-\${{ params.epochs }} > m.txt; echo "{\\"accuracy\\": 0.9}" > m.json; echo x >> fit.count'
    outputs: { model: m.txt }
    metrics: m.json
`;

const NIGHTLY = `name: nightly
params: { epochs: 7 }
tasks:
  retrain:
    pipeline: { name: train, params: { epochs: "\${{ params.epochs }}" } }
  use:
    run: 'echo \${{ tasks.retrain.outputs.model }} \${{ tasks.retrain.outputs.fit.model }} \${{ tasks.retrain.metrics.accuracy }} \${{ tasks.retrain.metrics.fit.accuracy }} > used.txt'
    outputs: { used: used.txt }
`;

async function project(t: TestContext, files: Record<string, string>): Promise<TestProject> {
  const made = await TestProject.make(files);
  t.after(() => made.remove(''));
  return made;
}

test('its run is recorded as a part, and its outputs and metrics are seen', async (t) => {
  const made = await project(t, { 'train.pipeline.yaml': TRAIN, 'nightly.pipeline.yaml': NIGHTLY });
  await made.expect(0, ['run', 'nightly']);
  assert.equal(made.read('m.txt'), 'm-7\n');
  assert.equal(made.read('used.txt'), 'm.txt m.txt 0.9 0.9\n');
  const [parent, child] = made.runs();
  assert.deepEqual([parent?.pipeline, child?.pipeline], ['nightly', 'train']);
  assert.deepEqual(child?.parent, { run: parent?.id, task: 'retrain' });
  assert.match(parent?.tasks[0]?.note ?? '', new RegExp(`run ${child.id} of train`));
  await made.expect(0, ['run', 'nightly']);
  assert.equal(made.read('fit.count'), 'x\n');
});

test('a failure below, a pipeline that is not there, a param that is wrong', async (t) => {
  const made = await project(t, {
    'train.pipeline.yaml': TRAIN.replace("run: 'echo", "run: 'exit 3; echo"),
    'nightly.pipeline.yaml': NIGHTLY,
  });
  const { stdout } = await made.expect(1, ['run', 'nightly']);
  assert.match(stdout, /run .* of train failed: fit failed: exit code 3/);
  made.write({
    'train.pipeline.yaml': TRAIN.replace('epochs: 1', 'epochs: { type: integer, maximum: 5, default: 1 }'),
  });
  assert.match((await made.expect(1, ['run', 'nightly'])).stdout, /epochs/);
});

test('pipelines that run each other are refused', async (t) => {
  const made = await project(t, {
    'a.pipeline.yaml': 'name: a\ntasks: { x: { pipeline: b } }\n',
    'b.pipeline.yaml': 'name: b\ntasks: { y: { pipeline: a } }\n',
  });
  const { stderr } = await made.expect(2, ['run', 'a']);
  assert.match(stderr, /Pipelines call each other in a cycle: a → b → a\./);
  // What lint can't know, the run finds.
  made.write({
    'b.pipeline.yaml': 'name: b\nparams: { next: a }\ntasks: { y: { pipeline: "${{ params.next }}" } }\n',
  });
  const { stdout } = await made.expect(1, ['run', 'a']);
  assert.match(stdout, /pipelines run each other without an end: a → b → a/);
});

test('cancelling goes through', async (t) => {
  const made = await project(t, {
    'slow.pipeline.yaml':
      'name: slow\ntasks: { z: { run: "echo $$ > pid; exec sleep 600", cache: false } }\n',
    'a.pipeline.yaml': 'name: a\ntasks: { x: { pipeline: slow } }\n',
  });
  const running = made.start(['run', 'a']);
  await until('it runs', () => made.exists('pid') && made.read('pid').trim() !== '');
  const pid = Number(made.read('pid'));
  running.child.kill('SIGINT');
  assert.equal((await running.done).code, 130);
  assert.ok(!isAlive(pid));
  assert.deepEqual(
    made.runs().map((run) => run.status),
    ['cancelled', 'cancelled'],
  );
});

test('who calls waits with what is called, and both go on', async (t) => {
  const made = await project(t, {
    'ask.pipeline.yaml':
      'name: ask\ntasks:\n  work: { run: echo x >> work.count, cache: false }\n  ok: { needs: [work], approval: { prompt: go } }\n',
    'a.pipeline.yaml':
      'name: a\ntasks:\n  call: { pipeline: ask }\n  after: { needs: [call], run: echo x >> after.count, cache: false }\n',
  });
  const left = await made.expect(3, ['run', 'a']);
  assert.match(left.stdout, /call: run .* of ask waits for people/);
  const [parent, child] = made.runs();
  assert.deepEqual([parent?.status, child?.status], ['waiting', 'waiting']);
  assert.equal(made.exists('after.count'), false);
  await made.expect(0, ['approve', child?.id ?? '', 'ok']);
  await made.expect(0, ['run', 'a', '--resume', parent?.id ?? '']);
  assert.deepEqual([made.read('work.count'), made.read('after.count')], ['x\n', 'x\n']);
  assert.deepEqual(
    made.runs().map((run) => [run.id, run.status]),
    [
      [parent?.id, 'succeeded'],
      [child?.id, 'succeeded'],
    ],
  );
});

/** Lives until `name.go` is there, and says that it does. */
const HOLD = (name: string): string =>
  `touch ${name}.started; while [ ! -e ${name}.go ]; do sleep 0.02; done; echo x > ${name}.out`;

test('what is called waits for outputs that another run holds, and says so', async (t) => {
  const made = await project(t, {
    'hold.pipeline.yaml': `name: hold\ntasks: { make: { run: "${HOLD('h')}", outputs: { o: h.out } } }\n`,
    'a.pipeline.yaml': 'name: a\ntasks: { x: { pipeline: hold } }\n',
  });
  const first = made.start(['run', 'hold']);
  await until('it works', () => made.exists('h.started'));
  const refused = await made.expect(1, ['run', 'a', '--no-wait']);
  assert.match(refused.stdout, /holds output h\.out/);
  const second = made.start(['run', 'a']);
  await until('it waits', () => /waiting for run .* of hold .*h\.out/.test(second.output()));
  made.write({ 'h.go': '' });
  assert.equal((await first.done).code, 0);
  assert.equal((await second.done).code, 0);
  assert.deepEqual(
    made.runs().map((run) => run.status),
    ['succeeded', 'failed', 'failed', 'succeeded', 'succeeded'],
  );
});

test('what is called does not wait for whoever waits for it', async (t) => {
  const both = (own: string, other: string): string => `name: ${own}
tasks:
  mine: { run: "${HOLD(own)}", outputs: { o: ${own}.out } }
  call: { needs: [mine], pipeline: write-${other} }
`;
  const write = (name: string): string =>
    `name: write-${name}\ntasks: { make: { run: "echo y > ${name}.out", outputs: { o: ${name}.out } } }\n`;
  const made = await project(t, {
    'a.pipeline.yaml': both('a', 'b'),
    'b.pipeline.yaml': both('b', 'a'),
    'write-a.pipeline.yaml': write('a'),
    'write-b.pipeline.yaml': write('b'),
    'self.pipeline.yaml':
      'name: self\ntasks:\n  mine: { run: echo z > a.out, outputs: { o: a.out } }\n  call: { needs: [mine], pipeline: write-a }\n',
  });
  const inside = await made.expect(1, ['run', 'self']);
  assert.match(inside.stdout, /holds output a\.out\. This run is a part of that one/);
  const runs = [made.start(['run', 'a']), made.start(['run', 'b'])];
  await until('both work', () => made.exists('a.started') && made.exists('b.started'));
  made.write({ 'a.go': '' });
  await until('a waits for b', () => /waiting for run .* of b /.test(runs[0]?.output() ?? ''));
  made.write({ 'b.go': '' });
  const [a, b] = await Promise.all(runs.map((run) => run.done));
  assert.match(b?.stdout ?? '', /waits in turn for what this one keeps/);
  assert.deepEqual([a?.code, b?.code], [0, 1], `${a?.stdout}\n${b?.stdout}`);
});

test('an answer below is taken up while the rest of the run goes on, and with --wait', async (t) => {
  const made = await project(t, {
    'ask.pipeline.yaml':
      'name: ask\ntasks:\n  work: { run: echo x >> work.count, cache: false }\n  ok: { needs: [work], approval: { prompt: go } }\n',
    'a.pipeline.yaml': `name: a
tasks:
  call: { pipeline: ask }
  after: { needs: [call], run: echo x >> after.count, cache: false }
  other: { run: "${HOLD('o')}", outputs: { o: o.out } }
`,
  });
  const child = () => made.runs().find((run) => run.pipeline === 'ask' && run.status === 'waiting');
  const running = made.start(['run', 'a', '--wait']);
  await until('both wait', () => child() !== undefined && made.exists('o.started'));
  await made.expect(0, ['approve', child()?.id ?? '', 'ok']);
  await until('what follows', () => made.exists('after.count'));
  made.write({ 'o.go': '' });
  assert.equal((await running.done).code, 0);
  // Nothing else goes on: it waits for the answer all the same, and a cancelled one takes its parts along.
  const second = made.start(['run', 'a', '--wait', '--force']);
  await until('it waits', () => child() !== undefined && made.lastRun().pipeline === 'ask');
  await made.expect(0, ['approve', child()?.id ?? '', 'ok']);
  assert.equal((await second.done).code, 0);
  assert.deepEqual([made.read('work.count'), made.read('after.count')], ['x\nx\n', 'x\nx\n']);
  const third = made.start(['run', 'a', '--wait', '--force']);
  await until('it waits', () => child() !== undefined);
  await until('all of it waits', () => made.runs().filter((run) => run.status === 'waiting').length === 2);
  third.child.kill('SIGINT');
  assert.equal((await third.done).code, 130);
  assert.deepEqual(
    made
      .runs()
      .slice(-2)
      .map((run) => run.status),
    ['cancelled', 'cancelled'],
  );
});

test('what a skipped call, or a skipped task above, has left from another run is not made', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
params: { go: true }
tasks:
  make: { if: params.go, run: 'echo > made', outputs: { m: made } }
  build: { if: params.go, pipeline: build }
  read: { needs: [build], if: always(), run: 'cat built > read', inputs: [built], outputs: { r: read } }
  call: { needs: [make, build], if: always(), pipeline: c }
`,
    'build.pipeline.yaml': "name: build\ntasks: { b: { run: 'echo > built', outputs: { b: built } } }\n",
    'c.pipeline.yaml': `name: c
tasks:
  one: { run: 'cat made > one', inputs: [made], outputs: { o: one } }
  two: { run: 'cat built > two', inputs: [built], outputs: { o: two } }
`,
  });
  await made.expect(0, ['run', 'p']);
  const { stdout } = await made.expect(1, ['run', 'p', '-k', '-p', 'go=false']);
  assert.match(stdout, /read failed: built was not made: build was skipped in this run/);
  const below = made.lastRun();
  assert.deepEqual(
    below.tasks.map(({ id, error }) => [id, error]),
    [
      ['one', 'made was not made: make was skipped in this run'],
      ['two', 'built was not made: build was skipped in this run'],
    ],
  );
});

test('a called pipeline reads what the calling one makes, and makes what that reads then', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
tasks:
  make: { run: 'echo $$ > made', outputs: { m: made } }
  call: { needs: [make], pipeline: c }
  last: { needs: [call], run: 'cat copy > last', inputs: [copy], outputs: { l: last } }
`,
    'c.pipeline.yaml': `name: c
tasks:
  copy: { run: 'cat made > copy', inputs: [made], outputs: { c: copy } }
`,
  });
  await made.expect(0, ['run', 'p']);
  assert.equal(made.read('last'), made.read('made'));
  made.write({
    'c.pipeline.yaml': "name: c\ntasks: { copy: { run: 'echo > made', outputs: { c: made } } }\n",
  });
  const { stdout } = await made.expect(1, ['run', 'p']);
  assert.match(stdout, /holds output made\. This run is a part of that one/);
});

test('a path of a called pipeline that its params lead astray is refused before anything runs', async (t) => {
  const write = (name: string, out: string): string =>
    `name: ${name}\nparams: { out: x, dir: ., keep: 1 }\ntasks:\n  write:\n    run: 'echo > \${{ params.out }}'\n    working-directory: \${{ params.dir }}\n    outputs: { o: '${out}' }\n`;
  const made = await project(t, {
    'deep.pipeline.yaml': write('deep', '${{ params.out }}'),
    'middle.pipeline.yaml': `name: middle
params: { out: y, dir: . }
tasks:
  pass: { pipeline: { name: deep, params: { out: '\${{ params.out }}', dir: '\${{ params.dir }}' } } }
`,
    'top.pipeline.yaml': `name: top
params: { out: z, dir: ., call: true, also: z.txt }
tasks:
  first: { run: 'echo >> first.count; echo ''{"n": 1}'' > m.json', metrics: m.json, cache: false }
  call:
    if: params.call
    needs: [first]
    matrix: { n: [1, 2] }
    pipeline: { name: middle, params: { out: '\${{ params.out }}\${{ matrix.n }}', dir: '\${{ params.dir }}' } }
  later:
    if: params.also != 'z.txt'
    pipeline: { name: deep, params: { out: '\${{ params.also }}/\${{ tasks.first.metrics.n }}' } }
`,
  });
  const cases: readonly (readonly [param: string, refused: RegExp])[] = [
    ['out=../z', /call@1: pipeline deep: write: output "\.\.\/z1" leaves the project/],
    ['out=.git/z', /write: output "\.git\/z1" would replace what is kept in \.git/],
    ['out=.modelyard/z', /write: output "\.modelyard\/z1" would replace what is kept in \.modelyard/],
    ['out=/z', /output "\/z1" is absolute/],
    ['dir=..', /working directory "\.\." leaves the project/],
  ];
  for (const [param, refused] of cases) {
    for (const command of ['run', 'plan']) {
      const { stderr } = await made.expect(2, [command, 'top', '-p', param]);
      assert.match(stderr, refused, `${command} ${param}`);
    }
  }
  assert.equal(made.exists('first.count'), false);
  // What a condition leaves out is no harm, and what only a task will know is checked when that is known.
  await made.expect(0, ['run', 'top', '-p', 'out=../z', '-p', 'call=false']);
  const { stdout } = await made.expect(1, ['run', 'top', '-p', 'call=false', '-p', 'also=..']);
  assert.match(stdout, /output "\.\.\/1" leaves the project/);
});
