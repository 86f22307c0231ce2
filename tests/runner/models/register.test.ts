import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import { DATA, model, registering, version } from '../../support/registering.js';

function make(register: string, more = ''): Promise<TestProject> {
  return TestProject.make({ 'main.pipeline.yaml': registering(register, more), ...DATA });
}

test('makes a version that knows where it comes from', async () => {
  const project = await make(
    [
      'aliases: [candidate, newest]',
      'tags: { team: weather, size: "${{ params.size }}" }',
      'description: "Size ${{ params.size }}, **${{ tasks.evaluate.metrics.accuracy }}**"',
      'framework: sklearn',
      'signature: { inputs: { rain_7d: double }, outputs: { rain: boolean } }',
      'metadata: { ticket: ML-12, nested: { list: [1, "${{ params.size }}"] } }',
    ].join('\n'),
  );
  const { stdout } = await project.expect(0, ['run']);
  assert.match(stdout, /\[register\] ✓ done .*made version 1 of rain \(now candidate, now newest\)/);
  const run = project.lastRun();
  const made = await version(project, 'rain@candidate');
  const train = run.tasks.find(({ id }) => id === 'train');
  assert.equal(made.version, '1');
  assert.equal(made.uri, 'models:/rain/1');
  assert.equal(made.status, 'READY');
  assert.deepEqual([...made.aliases].sort(), ['candidate', 'newest']);
  assert.deepEqual(made.run, { id: run.id, pipeline: 'main', task: 'register' });
  assert.deepEqual(made.params, { size: 3, accuracy: 0.7 });
  assert.deepEqual(made.metrics, { accuracy: 0.7, loss: 3 });
  assert.equal(made.artifact.hash, train?.outputs[0]?.hash);
  assert.equal(made.artifact.path, 'models/m.txt');
  assert.equal(made.artifact.kind, 'model');
  assert.equal(made.artifact.framework, 'sklearn');
  assert.equal(made.fingerprint, train?.fingerprint?.hash);
  assert.deepEqual(
    made.inputs.map(({ path }) => path),
    ['data.txt'],
  );
  assert.deepEqual(made.tags, { team: 'weather', size: '3' });
  assert.equal(made.description, 'Size 3, **0.7**');
  assert.deepEqual(made.signature, {
    inputs: [{ name: 'rain_7d', type: 'double', required: true }],
    outputs: [{ name: 'rain', type: 'boolean', required: true }],
    source: 'declared',
  });
  assert.deepEqual(made.metadata, { ticket: 'ML-12', nested: { list: [1, 3] } });
  assert.deepEqual(project.task('register').values, { version: '1', uri: 'models:/rain/1', model: 'rain' });
  const shown = await project.expect(0, ['runs', 'show']);
  assert.match(shown.stdout, /made version 1 of rain/);
});

test('the same bytes from the same fingerprint are one version, and aliases are set all the same', async () => {
  const project = await make('aliases: [candidate]');
  await project.expect(0, ['run']);
  await project.expect(0, ['run']);
  assert.equal(project.task('register').status, 'cached', 'nothing has changed, so nothing is done');
  const forced = await project.expect(0, ['run', '--force']);
  assert.match(forced.stdout, /rain: is already version 1 \(still candidate\)/);
  await project.expect(0, ['run', '-p', 'size=4']);
  assert.equal((await version(project, 'rain@candidate')).version, '2');
  assert.match((await project.plan())['register'] ?? '', /^run: task train changed/);
  const back = await project.expect(0, ['run']);
  assert.match(back.stdout, /rain: is already version 1 \(candidate: 2 → 1\)/);
  assert.equal((await model(project)).counts.versions, 2);
});

test('an alias that someone has moved, or a version that is gone, is made good', async () => {
  const project = await make('aliases: [candidate]');
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'size=4']);
  await project.expect(0, ['models', 'alias', 'rain@1', 'candidate']);
  assert.deepEqual(
    (await project.plan('-p', 'size=4'))['register'],
    'run: rain@candidate is version 1, not 2: would make a version of rain',
  );
  await project.expect(0, ['run', '-p', 'size=4']);
  assert.equal((await version(project, 'rain@candidate')).version, '2');
});

test('plan says what would be made, and a dry run makes nothing', async () => {
  const project = await make('aliases: [candidate]');
  const plan = await project.plan();
  assert.equal(plan['register'], 'run: upstream train will run: would make a version of rain');
  await project.expect(0, ['run', '--dry']);
  await project.expect(2, ['models', 'show', 'rain']);
  await project.expect(0, ['run']);
  assert.equal((await project.plan())['register'], 'up-to-date');
});

test('a `when` that does not hold: skipped, with the reason; so is what needs the version', async () => {
  const project = await make(
    'when: tasks.evaluate.metrics.accuracy >= 0.8',
    '  after:\n    run: echo ${{ tasks.register.outputs.version }}\n',
  );
  const { stdout } = await project.expect(0, ['run']);
  const reason =
    'no version: when: tasks.evaluate.metrics.accuracy >= 0.8 does not hold (tasks.evaluate.metrics.accuracy is 0.7)';
  assert.ok(stdout.includes(reason), stdout);
  assert.deepEqual(project.task('register').reasons, [reason]);
  assert.deepEqual(project.statuses(), {
    train: 'succeeded',
    evaluate: 'succeeded',
    register: 'skipped',
    after: 'skipped',
  });
  assert.equal((await project.plan())['register'], `skip: ${reason}`);
  await project.expect(2, ['models', 'show', 'rain']);
  await project.expect(0, ['run', '-p', 'accuracy=0.8']);
  assert.equal(project.task('register').status, 'succeeded');
});

test('compare-to: refused when it lost too much, told how it compares', async () => {
  const project = await make(
    [
      'compare-to: production',
      'thresholds: { accuracy: { min: 0.5, max-loss: 0.01 }, loss: { max-gain: 2 } }',
    ].join('\n'),
  );
  await project.expect(0, ['run']);
  assert.deepEqual(
    project.task('register').checks?.map(({ text, passed }) => [text, passed]),
    [
      ['compare to production', true],
      ['accuracy at least 0.5', true],
    ],
    'while nothing is production, only the absolute bounds count',
  );
  await project.expect(0, ['models', 'alias', 'rain@1', 'production']);
  await project.expect(0, ['run', '-p', 'size=4', '-p', 'accuracy=0.69']);
  assert.equal(project.task('register').checks?.length, 3);

  const refused = await project.expect(1, ['run', '-p', 'size=5', '-p', 'accuracy=0.689']);
  const why = 'accuracy 0.689 is more than 0.01 below production (rain 1): 0.7';
  assert.ok(refused.stdout.includes(`no version of rain was made: ${why}`), refused.stdout);
  const task = project.task('register');
  assert.equal(task.status, 'failed');
  assert.equal(task.checks?.find(({ passed }) => !passed)?.detail, why);
  assert.equal((await model(project)).counts.versions, 2);
  const shown = await project.expect(0, ['runs', 'show']);
  assert.match(shown.stdout, /✗ accuracy at most 0\.01 below production \(rain 1\) — accuracy 0\.689/);

  const both = await project.expect(1, ['run', '-p', 'size=6', '-p', 'accuracy=0.1']);
  assert.match(both.stdout, /3 of 3 bounds do not hold/);
});

test('compare-to without bounds only tells how it compares', async () => {
  const project = await make('aliases: [best]\ncompare-to: 1', '');
  const missing = await project.expect(1, ['run']);
  assert.match(missing.stdout, /compare-to: .*rain/);
  project.write({ 'main.pipeline.yaml': registering('compare-to: best\naliases: [best]') });
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'size=4', '-p', 'accuracy=0.75']);
  assert.deepEqual(project.task('register').checks, [
    { text: 'accuracy beside best (rain 1)', passed: true, detail: '0.75 and 0.7: +0.05' },
    { text: 'loss beside best (rain 1)', passed: true, detail: '4 and 3: +1' },
  ]);
});

test('what can not be right is told with its place and the way out', async () => {
  const cases: readonly (readonly [string, RegExp, string?])[] = [
    ['aliases: [latest]', /main\.pipeline\.yaml:\d+:\d+: .*"latest" always means the newest/, 'invalid'],
    ['aliases: ["3"]', /reads like the number of a version/, 'invalid'],
    ['tags: { "a b?": x }', /can't be the key of a tag/],
    ['thresholds: { accuracy: { max-loss: 0.1 } }', /`max-loss` of accuracy.*compare-to: production/],
    ['thresholds: { acuracy: { min: 0.1 } }', /no task before this one gave it; there are: accuracy, loss/],
    ['aliases: ["${{ params.nothing || \'..\' }}"]', /There is no param "nothing"/, 'invalid'],
  ];
  for (const [settings, message, invalid] of cases) {
    const project = await make(settings);
    const result = await project.expect(invalid === undefined ? 1 : 2, ['run']);
    assert.match(result.stdout + result.stderr, message);
    await project.expect(2, ['models', 'show', 'rain']);
  }
});

test('an artifact that is missing, or outside, or one of several', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['nothing/there.bin', /its input nothing\/there\.bin does not exist/],
    ['../up.bin', /"\.\.\/up\.bin" leaves the project/],
    ['${{ tasks.many.outputs.model }}', /there are several artifacts \(m-1\.txt, m-2\.txt\)/],
  ];
  for (const [from, message] of cases) {
    const project = await TestProject.make(`
kind: model-build
tasks:
  many:
    matrix: { n: [1, 2] }
    run: echo \${{ matrix.n }} > m-\${{ matrix.n }}.txt
    outputs: { model: "m-\${{ matrix.n }}.txt" }
  register:
    needs: [many]
    register: { model: rain, from: "${from}" }
`);
    const result = await project.run(['run']);
    assert.notEqual(result.code, 0);
    assert.match(result.stdout + result.stderr, message);
  }
});

test('each cell of a matrix registers its own, with its own values as params', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  train:
    matrix: { n: [1, 2] }
    run: echo \${{ matrix.n }} > m-\${{ matrix.n }}.txt && echo '{"n":' \${{ matrix.n }} '}' > n-\${{ matrix.n }}.json
    outputs: { model: "m-\${{ matrix.n }}.txt" }
    metrics: n-\${{ matrix.n }}.json
  register:
    matrix: { n: [1, 2] }
    register: { model: "rain-\${{ matrix.n }}", from: "m-\${{ matrix.n }}.txt" }
`);
  await project.expect(0, ['run']);
  for (const n of [1, 2]) {
    const made = await version(project, `rain-${n}@1`);
    assert.deepEqual([made.params, made.metrics], [{ n }, { n }]);
  }
});

test('a folder is an artifact, too, and outlives the workspace', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { text: one }
tasks:
  train:
    run: mkdir -p out/sub && echo \${{ params.text }} > out/sub/a.txt && echo b > out/b.txt
    outputs: { model: out }
  register:
    register: { model: folder, from: out }
`);
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'text=two']);
  project.remove('out');
  const made = await version(project, 'folder@1');
  assert.equal(made.artifact.files, 2);
  project.write({
    'use.pipeline.yaml':
      'kind: model-build\ntasks:\n  use:\n    run: cat ${{ models.folder@1.path }}/sub/a.txt ${{ models.folder@2.path }}/sub/a.txt\n',
  });
  await project.expect(0, ['run', 'use']);
  assert.equal(project.log('use').toString(), 'one\ntwo\n');
});

test('gc says what it would free, and versions outlive their runs, the cache and the workspace', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering('aliases: [production]'),
    ...DATA,
  });
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['run', 'main', '-p', 'size=4']);
  const gc = ['gc', '--all', '--keep-runs', '0'];
  const dry = await project.expect(0, [...gc, '--dry']);
  assert.match(dry.stdout, /to free: 2 runs, .* 0 files of the model registry/);
  assert.equal(project.runs().length, 2);
  await project.expect(0, [...gc, '--yes']);
  project.remove('models', 'metrics.json');
  assert.deepEqual([project.runs().length, project.exists('models/m.txt')], [0, false]);
  for (const [number, size] of [
    [1, 3],
    [2, 4],
  ] as const) {
    await project.expect(0, ['models', 'export', `rain@${number}`, `kept-${number}`]);
    const { artifact } = await version(project, `rain@${number}`);
    const bytes = Array.from({ length: size }, (_, index) => `${index + 1}\n`).join('') + DATA['data.txt'];
    assert.equal(artifact.hash, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  }
  // What was deleted still is its artifact's owner until it is purged; only then is there something of it to free.
  await project.expect(0, ['models', 'delete', 'rain@1']);
  assert.match((await project.expect(0, [...gc, '--dry'])).stdout, /Nothing to free/);
});

test('a resumed run takes the version over that it had made', async () => {
  const project = await make(
    'aliases: [candidate]',
    [
      '  after:',
      '    run: test -e go && echo ${{ tasks.register.outputs.uri }}',
      '    inputs: [data.txt]',
      '    cache: false',
      '',
    ].join('\n'),
  );
  await project.expect(1, ['run']);
  project.write({ go: '' });
  await project.expect(0, ['run', '--resume']);
  assert.equal(project.task('register').status, 'cached');
  assert.equal(project.task('register').values?.['version'], '1');
  assert.equal(project.log('after').toString(), 'models:/rain/1\n');
  assert.equal((await model(project)).counts.versions, 1);
});

test('two runs at once make two versions', async () => {
  const project = await TestProject.make({
    ...Object.fromEntries(
      [1, 2].map((n) => [
        `p${n}.pipeline.yaml`,
        `kind: model-build\ntasks:\n  make:\n    run: echo ${n} > m${n}.txt\n    outputs: { model: m${n}.txt }\n  register:\n    register: { model: rain, from: m${n}.txt, aliases: [newest] }\n`,
      ]),
    ),
  });
  const results = await Promise.all([project.run(['run', 'p1']), project.run(['run', 'p2'])]);
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
  );
  assert.equal((await model(project)).counts.versions, 2);
});
