/** `inputs: auto`: the inputs of a task are what its last execution was seen to read. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const version = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 8))'], {
  encoding: 'utf8',
});
const skip =
  process.platform === 'win32' || version.stdout.trim() !== 'True'
    ? 'needs python3, 3.8 or later, and a shell'
    : false;

const FILES = {
  'main.pipeline.yaml': `
params: { rate: 1 }
tasks:
  prepare: { run: cp raw.csv data.csv, inputs: [raw.csv], outputs: { data: data.csv } }
  train:
    run: python3 train.py --rate \${{ params.rate }}
    needs: [prepare]
    inputs: auto
    outputs: { model: model.txt }
  report: { run: cat model.txt data.csv > report.txt, inputs: [model.txt, data.csv], outputs: { r: report.txt } }
`,
  'raw.csv': '1\n2\n',
  'names.txt': 'data.csv\n',
  'unread.txt': 'x\n',
  'model.py': 'def fit(rows):\n    return len(rows)\n',
  'train.py': `
import sys
import model
with open("names.txt") as file:
    names = file.read().split()
rows = [row for name in names for row in open(name)]
open("cache.tmp", "w").write("mine")
open("cache.tmp").close()
open("model.txt", "w").write(f"{model.fit(rows)} {sys.argv[-1]}\\n")
`,
};

interface PlannedJson {
  readonly tasks: readonly { id: string; decision: string; reasons: string[] }[];
}

async function plan(project: TestProject, ...args: string[]): Promise<Record<string, string>> {
  const { stdout } = await project.expect(0, ['plan', '--json', ...args]);
  const { tasks } = JSON.parse(stdout) as PlannedJson;
  return Object.fromEntries(
    tasks.map(({ id, decision, reasons }) => [id, [decision, ...reasons].join(' | ')]),
  );
}

test('what was read counts, and what was not does not', { skip }, async () => {
  const project = await TestProject.make(FILES);
  assert.equal((await plan(project))['train'], 'run | never run | inputs: auto, to be seen when it runs');
  await project.expect(0, ['run']);
  assert.deepEqual(
    project.task('train').inputs.map(({ path }) => path),
    ['data.csv', 'model.py', 'names.txt', 'train.py'],
  );
  const print = project.task('train').fingerprint;
  assert.deepEqual(
    print?.parts.filter(({ kind }) => kind === 'input').map(({ name }) => name),
    ['data.csv', 'model.py', 'names.txt', 'train.py'],
  );
  const same = 'up-to-date | inputs: auto, 4 files as it last read';
  assert.equal((await plan(project))['train'], same);
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { prepare: 'cached', train: 'cached', report: 'cached' });

  project.write({ 'unread.txt': 'y\n', 'cache.tmp': 'other' });
  assert.equal((await plan(project))['train'], same);

  project.write({ 'model.py': 'def fit(rows):\n    return -len(rows)\n' });
  assert.equal(
    (await plan(project))['train'],
    'run | input model.py changed | inputs: auto, 4 files as it last read',
  );
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { prepare: 'cached', train: 'succeeded', report: 'succeeded' });

  // What it reads now is another file: from now on that one counts.
  project.write({ 'names.txt': 'other.csv\n', 'other.csv': '1\n' });
  await project.expect(0, ['run']);
  project.write({ 'other.csv': '1\n2\n3\n' });
  assert.match((await plan(project))['train'] ?? '', /^run \| input other\.csv changed \|/);
  await project.expect(0, ['run']);
  assert.equal(project.read('model.txt'), '-3 1\n');
  project.remove('other.csv');
  assert.match((await plan(project))['train'] ?? '', /^run \| input other\.csv is gone \|/);
  assert.match((await project.expect(0, ['inputs', 'train'])).stdout, /read +names\.txt +auto/);
});

test('a changed command executes, and a result of before is found again', { skip }, async () => {
  const project = await TestProject.make(FILES);
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'rate=2']);
  assert.equal(project.statuses()['train'], 'succeeded');
  assert.equal(project.read('model.txt'), '2 2\n');
  await project.expect(0, ['run']);
  assert.equal(project.statuses()['train'], 'cached');
  assert.equal(project.read('model.txt'), '2 1\n');
  // What is made before it is waited for because it was read; and what is there no more is made again.
  project.write({ 'main.pipeline.yaml': FILES['main.pipeline.yaml'].replace('    needs: [prepare]\n', '') });
  project.write({ 'raw.csv': '1\n2\n3\n' });
  assert.match((await plan(project))['train'] ?? '', /^run \| upstream prepare will run/);
  await project.expect(0, ['run']);
  assert.equal(project.read('model.txt'), '3 1\n');
  // The first run of all has nothing to go by, whatever the cache holds.
  project.remove('.modelyard/index');
  const { stderr, stdout } = await project.expect(0, ['run']);
  assert.equal(project.statuses()['train'], 'succeeded');
  assert.match(
    stderr + stdout,
    /it read data\.csv, which prepare makes, without waiting for it: write `needs: \[prepare\]`/,
  );
});

test('where nothing is seen it runs each time, and says so', { skip }, async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
tasks:
  copy: { run: cp a.txt b.txt, inputs: auto, outputs: { b: b.txt } }
`,
    'a.txt': 'x',
  });
  for (const turn of [1, 2]) {
    const { stderr, stdout } = await project.expect(0, ['run']);
    assert.equal(project.statuses()['copy'], 'succeeded', String(turn));
    assert.match(stderr + stdout, /no Python was seen that tells what it reads/);
  }
  project.write({
    'main.pipeline.yaml': 'tasks:\n  ok: { check: ["${{ 1 == 1 }}"], inputs: auto }\n',
  });
  const { stderr, stdout } = await project.expect(2, ['run']);
  assert.match(stderr + stdout, /`inputs: auto` is for tasks that run commands/);
});
