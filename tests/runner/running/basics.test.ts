import assert from 'node:assert/strict';
import { existsSync, statSync, utimesSync } from 'node:fs';
import test from 'node:test';
import { TestProject, events } from '../../support/cli.js';

const THREE = `
kind: model-build
params:
  n: 3
tasks:
  make:
    run: seq \${{ params.n }} > data/numbers.txt && echo made
    outputs:
      data: data/numbers.txt
  sum:
    run: |
      echo ran >> sum.ran
      awk '{s+=$1} END {print "{\\"sum\\":" s ", \\"nested\\": {\\"rows\\":" NR "}}"}' data/numbers.txt > m.json
    inputs: [data/numbers.txt]
    metrics: m.json
  gate:
    check: ["\${{ tasks.sum.metrics.sum > 0 }}"]
`;

test('runs in order, records, and does nothing the second time', async () => {
  const project = await TestProject.make(THREE);
  const first = await project.expect(0, ['run', 'main']);
  assert.match(first.stdout, /\[make\] made/);
  assert.match(first.stdout, /3 tasks, 3 ran/);
  assert.deepEqual(project.statuses(), { make: 'succeeded', sum: 'succeeded', gate: 'succeeded' });
  const sum = project.task('sum');
  assert.deepEqual(sum.metrics, { sum: 6, 'nested.rows': 3 });
  assert.equal(sum.exitCode, 0);
  assert.equal(sum.attempts, 1);
  assert.deepEqual(
    sum.inputs.map(({ path }) => path),
    ['data/numbers.txt'],
  );
  assert.deepEqual(
    sum.outputs.map(({ path, cached, mime }) => [path, cached, mime]),
    [['m.json', true, 'application/json']],
  );
  assert.equal(project.log('make').toString(), 'made\n');
  const run = project.lastRun();
  assert.equal(run.status, 'succeeded');
  assert.deepEqual(run.params, { n: 3 });
  assert.equal(run.trigger, 'terminal');
  assert.match(run.definitionHash, /^sha256:[0-9a-f]{64}$/);

  const second = await project.expect(0, ['run']);
  assert.match(second.stdout, /3 tasks, 3 cached/);
  assert.deepEqual(project.statuses(), { make: 'cached', sum: 'cached', gate: 'cached' });
  assert.equal(project.task('sum').metrics['sum'], 6);
  assert.equal(project.task('sum').restoredFrom, run.id);
  assert.equal(project.read('sum.ran'), 'ran\n');
});

test('what was logged is known of results from the cache, too', async () => {
  const log = [3, 1, 2]
    .map((loss) => `echo '{"key": "loss", "value": ${loss}}' >> "$MODELYARD_METRICS"`)
    .join('; ');
  const project = await TestProject.make({
    'main.pipeline.yaml': `tasks:\n  train:\n    run: |\n      ${log}; echo 1 > model\n    outputs: { model: model }\n`,
  });
  const known = async (status: string): Promise<void> => {
    await project.expect(0, ['run']);
    assert.equal(project.task('train').status, status);
    assert.deepEqual(project.task('train').metrics, { loss: 2 });
    assert.deepEqual(project.task('train').ranges, { loss: [1, 3] });
    const columns = 'metrics.loss:min,metrics.loss:max';
    const { stdout } = await project.expect(0, ['runs', 'list', '--csv', '--columns', columns]);
    assert.equal(stdout.split(/\r?\n/)[1], '1,3', status);
    const shown = await project.expect(0, ['runs', 'show', project.lastRun().id]);
    assert.match(shown.stdout, /loss █▁▅ 3 → 2, 3 points/, status);
  };
  await known('succeeded');
  await known('cached');
  // Out of the cache itself: nothing else knows what the task was.
  project.remove('.modelyard/index/tasks');
  project.remove('model');
  await known('cached');
});

test('says why each task is stale, in words', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': THREE,
    'src/tool.sh': 'echo 1',
  });
  assert.deepEqual(await project.plan(), {
    make: 'run: never run',
    sum: 'run: upstream make will run',
    gate: 'run: upstream sum will run',
  });
  await project.expect(0, ['run']);
  assert.deepEqual(await project.plan(), { make: 'up-to-date', sum: 'up-to-date', gate: 'up-to-date' });
  assert.equal((await project.plan('-p', 'n=4'))['make'], 'run: param n: 3 → 4');
  // How long they took before is known now.
  const { stdout } = await project.expect(0, ['plan', '-p', 'n=4']);
  assert.match(stdout, /3 tasks of 3 would run: (?:less than 1 s|about \d+)/);
  project.remove('m.json');
  assert.equal((await project.plan())['sum'], 'restore: output m.json is missing');
  await project.expect(0, ['run']);
  assert.equal(project.read('sum.ran'), 'ran\n', 'restored, not run');
  project.write({ 'm.json': '{}' });
  assert.equal((await project.plan())['sum'], 'restore: output m.json was changed');
  assert.equal((await project.plan('--no-cache'))['sum'], 'run: output m.json was changed');
  project.write({ 'data/numbers.txt': '1\n' });
  assert.equal((await project.plan())['make'], 'restore: output data/numbers.txt was changed');
  project.write({ 'main.pipeline.yaml': THREE.replace('&& echo made', '&& echo done') });
  assert.equal((await project.plan())['make'], 'run: command changed');
  assert.equal((await project.plan('--force'))['make'], 'run: forced');
});

test('inputs: a touched file is the same, a changed one is not; globs and folders', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  glob:
    run: cat src/*.txt > glob.out
    inputs: ["src/*.txt"]
    outputs: { o: glob.out }
  folder:
    run: cat src/*.txt > folder.out
    inputs: [src]
    outputs: { o: folder.out }
`,
    'src/a.txt': 'a',
  });
  await project.expect(0, ['run']);
  utimesSync(project.path('src/a.txt'), 1, 1);
  assert.deepEqual(await project.plan(), { glob: 'up-to-date', folder: 'up-to-date' });
  project.write({ 'src/b.txt': 'b' });
  assert.deepEqual(await project.plan(), {
    glob: 'run: input src/b.txt is new',
    folder: 'run: input src changed',
  });
  await project.expect(0, ['run']);
  assert.equal(project.read('glob.out'), 'ab');
  project.remove('src/b.txt');
  assert.deepEqual(await project.plan(), {
    glob: 'restore: input src/b.txt is gone',
    folder: 'restore: input src changed',
  });
  await project.expect(0, ['run']);
  assert.equal(project.read('glob.out'), 'a');
});

test('env, working directory, a list of commands, MODELYARD variables, and no leftovers of the caller', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
env: { SHARED: from-pipeline, BOTH: pipeline }
tasks:
  show:
    working-directory: sub
    env: { BOTH: task, JOINED: "\${{ env.SHARED }}-\${{ params.word }}" }
    run:
      - pwd > ../pwd.out
      - printf '%s\\n' "$SHARED" "$BOTH" "$JOINED" "$MODELYARD_TASK" "$MODELYARD_PROJECT" "\${NODE_OPTIONS-none}" > ../env.out
      - test -n "$MODELYARD_RUN_ID" && test -n "$MODELYARD_METRICS"
    outputs: { p: pwd.out, e: env.out }
params: { word: hello }
`,
    'sub/keep': '',
  });
  await project.expect(0, ['run'], { env: { NODE_OPTIONS: '--no-warnings' } });
  assert.equal(project.read('pwd.out').trim(), project.path('sub'));
  assert.deepEqual(project.read('env.out').trim().split('\n'), [
    'from-pipeline',
    'task',
    'from-pipeline-hello',
    'show',
    project.root,
    'none',
  ]);
  project.write({
    'main.pipeline.yaml': project.read('main.pipeline.yaml').replace('from-pipeline', 'other'),
  });
  assert.equal(
    (await project.plan())['show'],
    'run: env SHARED: from-pipeline → other: env JOINED: from-pipeline-hello → other-hello',
  );
});

test('names with spaces, quotes, unicode and leading dashes', async () => {
  const names = [
    'with space.txt',
    "it's.txt",
    'say "hi".txt',
    'größe 数据 🚀.txt',
    '-n',
    '$HOME;ls.txt',
    'a&b.txt',
  ];
  const tasks = names.map(
    (name, index) => `
  t${index}:
    run: cat -- \${{ params.p${index} }} > \${{ tasks.t${index}.outputs.o }}
    inputs: ["\${{ params.p${index} }}"]
    outputs: { o: ${JSON.stringify(`out/${name}`)} }`,
  );
  const params = names.map((name, index) => `  p${index}: ${JSON.stringify(name)}`);
  const project = await TestProject.make({
    'main.pipeline.yaml': `kind: model-build\nparams:\n${params.join('\n')}\ntasks:${tasks.join('')}\n`,
    ...Object.fromEntries(names.map((name) => [name, `content of ${name}`])),
  });
  await project.expect(0, ['run']);
  for (const name of names) assert.equal(project.read(`out/${name}`), `content of ${name}`);
  project.remove('out');
  const again = await project.expect(0, ['run']);
  assert.match(again.stdout, /7 tasks, 7 cached/);
  for (const name of names) assert.equal(project.read(`out/${name}`), `content of ${name}`);
});

test('folder outputs are verified, cached and restored; executables stay so', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  build:
    run: mkdir -p model/sub && echo x > model/sub/w.bin && printf '#!/bin/sh\\necho hi\\n' > model/go && chmod +x model/go
    outputs: { model: model }
`);
  await project.expect(0, ['run']);
  const [output] = project.task('build').outputs;
  assert.ok(output);
  assert.equal(output.mime, 'inode/directory');
  assert.equal(output.files, 2);
  assert.equal(output.kind, 'model');
  project.remove('model');
  await project.expect(0, ['run']);
  assert.equal(project.task('build').status, 'cached');
  assert.equal(project.read('model/sub/w.bin'), 'x\n');
  assert.ok((statSync(project.path('model/go')).mode & 0o100) !== 0);
});

test('old outputs are deleted before a task runs, unless they persist', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  fresh:
    run: test ! -e fresh.txt && cat in.txt > fresh.txt
    inputs: [in.txt]
    outputs: { o: fresh.txt }
  kept:
    run: cat in.txt >> kept.txt
    inputs: [in.txt]
    outputs: { o: { path: kept.txt, persist: true } }
`,
    'in.txt': '1',
    'fresh.txt': 'stale',
  });
  await project.expect(0, ['run']);
  project.write({ 'in.txt': '2' });
  await project.expect(0, ['run']);
  assert.equal(project.read('fresh.txt'), '2');
  assert.equal(project.read('kept.txt'), '12');
});

test('a task that does not make what it promised fails; a broken metrics file too', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  liar: { run: "true", outputs: { o: nothing.txt } }
  numbers: { run: "echo '{' > m.json", metrics: m.json }
`);
  await project.expect(1, ['run', '--keep-going']);
  assert.match(project.task('liar').error ?? '', /did not make its output nothing\.txt/);
  assert.match(project.task('numbers').error ?? '', /metrics m\.json can't be read: it is not JSON/);
});

test('YAML metrics, and numbers that are none', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  yaml: { run: "printf 'loss: .nan\\nacc: 0.5\\nper:\\n  a: 1\\n' > m.yaml", metrics: m.yaml }
  python: { run: "echo '{\\"loss\\": NaN, \\"best\\": -Infinity, \\"text\\": \\"NaN\\"}' > m.json", metrics: m.json }
  gate: { check: ["tasks.yaml.metrics.per.a == 1", "tasks.python.metrics.best < 0"] }
`);
  await project.expect(0, ['run']);
  assert.equal(project.task('yaml').metrics['acc'], 0.5);
  assert.equal(project.task('yaml').metrics['per.a'], 1);
  assert.deepEqual(project.task('python').metrics, { loss: 'NaN', best: '-Infinity', text: 'NaN' });
});

test('inputs that change while the task runs: not cached, and said', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  edit:
    run: cat in.txt > out.txt; echo changed > in.txt
    inputs: [in.txt]
    outputs: { o: out.txt }
`,
    'in.txt': 'first',
  });
  const { stdout } = await project.expect(0, ['run']);
  assert.match(stdout, /edit: input in\.txt changed while it ran; its result is not cached/);
  assert.equal(project.task('edit').outputs[0]?.cached, false);
  assert.match((await project.plan())['edit'] ?? '', /^run/);
});

test('cache: false runs each time; outputs with cache: false are known but not kept', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  always: { run: "echo x >> always.log; echo 1 > a.txt", outputs: { o: a.txt }, cache: false }
  big:
    run: echo x >> big.log; echo 1 > b.txt
    outputs: { o: { path: b.txt, cache: false } }
  nothing: { run: echo x >> nothing.log }
`,
  });
  await project.expect(0, ['run']);
  await project.expect(0, ['run']);
  assert.equal(project.read('always.log'), 'x\nx\n');
  assert.equal(project.read('nothing.log'), 'x\nx\n');
  assert.equal(project.read('big.log'), 'x\n');
  assert.equal(project.task('big').status, 'cached');
  project.remove('b.txt');
  await project.expect(0, ['run']);
  assert.equal(project.read('big.log'), 'x\nx\n');
});

test('--json prints every event as a line', async () => {
  const project = await TestProject.make(THREE);
  const { stdout } = await project.expect(0, ['run', '--json']);
  const all = events(stdout);
  assert.equal(all[0]?.type, 'run-created');
  assert.equal(all.at(-1)?.type, 'run-ended');
  assert.deepEqual(
    all.filter(({ type }) => type === 'task-ended').map((event) => 'id' in event && event.id),
    ['make', 'sum', 'gate'],
  );
  assert.ok(stdout.includes('"chunk":"made\\n"'));
});

test('a missing input, an output in a bad place, a path that leaves by a link: clear words, nothing deleted', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
params: { where: elsewhere }
tasks:
  eater:
    run: echo
    inputs: [data/raw.csv]
    outputs: { all: "\${{ params.where }}" }
`,
    'data/raw.csv': 'precious',
  });
  // Only known when the value is: what the definition itself says is an error of lint.
  for (const where of ['data', '.']) {
    const refused = await project.expect(2, ['run', '-p', `where=${where}`]);
    assert.match(refused.stderr, /eater: its output (data holds "data\/raw.csv"|\. is the whole project)/);
    assert.equal(project.read('data/raw.csv'), 'precious');
  }
  for (const where of ['.git', '.modelyard/x', '../out', '/tmp/x']) {
    const refused = await project.expect(2, ['run', '-p', `where=${where}`]);
    assert.match(refused.stderr, /eater: output "/);
    assert.ok(!existsSync(project.path('.modelyard')));
    assert.equal(project.read('data/raw.csv'), 'precious');
  }
});

test('a condition that reads a metric which is not there says so, and versions are compared', async (t) => {
  const made = await TestProject.make(`params: { python: 3.10 }
tasks:
  train: { run: 'echo ''{"acc": 0.9}'' > m.json', metrics: m.json }
  none: { if: failure(), needs: [train], run: exit 0, metrics: n.json }
  below: { if: tasks.train.metrics.loss < 0.5, run: echo, cache: false }
  above: { if: tasks.train.metrics.loss > 0.5, run: echo, cache: false }
  deep: { if: tasks.train.metrics.val.loss, run: echo, cache: false }
  known: { if: tasks.train.metrics.acc > 0.5, run: echo, cache: false }
  meant: { if: tasks.train.metrics.loss == null, run: echo, cache: false }
  skipped: { if: always() && tasks.none.metrics.x > 1, run: echo, cache: false }
  newer: { if: "semver(params.python, '3.9') > 0", run: echo, cache: false }
  older: { if: "semver(params.python, '3.11') >= 0", run: echo, cache: false }
  gate: { needs: [meant, newer], check: [tasks.train.metrics.loss < 0.5] }
`);
  t.after(() => made.remove(''));
  const { stdout, stderr } = await made.expect(1, ['run', '--keep-going']);
  const said = (stdout + stderr).split('\n').filter((line) => line.includes('has no metric'));
  const notice = (task: string, name: string) =>
    `${task}: if: tasks.train has no metric "${name}" (there are: acc). It counts as null, which is 0 beside numbers.`;
  for (const expected of [notice('below', 'loss'), notice('above', 'loss'), notice('deep', 'val.loss')])
    assert.equal(said.filter((line) => line.endsWith(expected)).length, 1, expected);
  assert.equal(
    said.some((line) => /\b(?:meant|skipped|known): if:/.test(line)),
    false,
  );
  assert.deepEqual(made.statuses(), {
    train: 'succeeded',
    none: 'skipped',
    below: 'succeeded',
    above: 'skipped',
    deep: 'skipped',
    known: 'succeeded',
    meant: 'succeeded',
    skipped: 'skipped',
    newer: 'succeeded',
    older: 'skipped',
    gate: 'failed',
  });
});
