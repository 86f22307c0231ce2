/** `python: { code: syntax }`: a changed comment runs nothing again. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

// No Python is needed: the commands only copy what they read.
const PIPELINE = `
python: { code: syntax, note-files: false }
tasks:
  train:
    run: cat src/train.py src/lib/*.py > model.txt
    inputs: [src/train.py, { path: src/lib }]
    outputs: { model: model.txt }
  score: { run: wc -l < model.txt > score.txt, inputs: [model.txt], outputs: { score: score.txt } }
`;

const FILES = {
  'main.pipeline.yaml': PIPELINE,
  'src/train.py': 'import lib\n\nrate = 0.1  # how fast\n',
  'src/lib/__init__.py': 'def mean(x):\n    """Of a list."""\n    return sum(x) / len(x)\n',
  'src/lib/notes.txt': 'one\n',
};

test('comments, docstrings and layout count for nothing, and all else does', async () => {
  const project = await TestProject.make(FILES);
  await project.expect(0, ['run']);
  const check = async (write: Record<string, string>, decision: string, reason: RegExp): Promise<void> => {
    project.write(write);
    const { stdout } = await project.expect(0, ['plan', '--json']);
    const plan = JSON.parse(stdout) as { tasks: { id: string; decision: string; reasons: string[] }[] };
    const train = plan.tasks.find(({ id }) => id === 'train');
    assert.equal(train?.decision, decision, stdout);
    assert.match(train.reasons.join('; '), reason);
    await project.expect(0, ['run']);
    assert.equal(project.statuses()['train'], decision === 'run' ? 'succeeded' : 'cached');
  };
  await check(
    { 'src/train.py': '"""Trains."""\nimport lib\nrate = (\n    0.1\n)\n' },
    'up-to-date',
    /^only comments or layout changed in src\/train\.py$/,
  );
  assert.match(
    (await project.expect(0, ['plan'])).stdout,
    /only comments or layout changed in src\/train\.py/,
  );
  await check(
    { 'src/lib/__init__.py': 'def mean(x):\n    # Of a list.\n    return sum(x) / len(x)\n' },
    'up-to-date',
    /^only comments or layout changed in src\/train\.py, src\/lib$/,
  );
  await check({ 'src/train.py': 'import lib\nrate = 0.2\n' }, 'run', /^input src\/train\.py changed$/);
  await check({ 'src/lib/notes.txt': 'two\n' }, 'run', /^input src\/lib changed$/);
  // What can't be parsed counts by its bytes.
  await check({ 'src/train.py': 'import lib\nrate = (\n' }, 'run', /^input src\/train\.py changed$/);
  await check({ 'src/train.py': 'import lib\nrate = ( # c\n' }, 'run', /^input src\/train\.py changed$/);
  // A result that is kept is found again by its code.
  project.write({ 'src/train.py': 'import lib\nrate = 0.2  # as before\n' });
  await project.expect(0, ['run']);
  assert.equal(project.statuses()['train'], 'cached');
  rmSync(project.path('.modelyard/index/python-code'));
  await check({ 'src/train.py': 'import lib\nrate = 0.20\n' }, 'run', /^input src\/train\.py changed$/);
});

test('switching it on or off runs nothing again', async () => {
  const project = await TestProject.make({
    ...FILES,
    'main.pipeline.yaml': PIPELINE.replace('code: syntax', 'code: bytes'),
  });
  await project.expect(0, ['run']);
  const turn = async (code: string): Promise<void> => {
    project.write({ 'main.pipeline.yaml': PIPELINE.replace('code: syntax', `code: ${code}`) });
    await project.expect(0, ['run']);
    assert.deepEqual(project.statuses(), { train: 'cached', score: 'cached' }, code);
  };
  await turn('syntax');
  // From now on it counts by its code.
  project.write({ 'src/train.py': `${FILES['src/train.py']}# more\n` });
  await turn('syntax');
  project.write({ 'src/train.py': FILES['src/train.py'] });
  await turn('bytes');
  project.write({ 'src/train.py': `${FILES['src/train.py']}# more\n` });
  await project.expect(0, ['run']);
  assert.equal(project.statuses()['train'], 'succeeded');
});

test('a task has the last word', async () => {
  const project = await TestProject.make({
    ...FILES,
    'main.pipeline.yaml': `
python: { code: syntax }
tasks:
  lint: { run: cat src/train.py > lint.txt, python: { code: bytes }, inputs: [src/train.py], outputs: { o: lint.txt } }
  train: { run: cat src/train.py > model.txt, inputs: [src/train.py], outputs: { o: model.txt } }
`,
  });
  await project.expect(0, ['run']);
  project.write({ 'src/train.py': 'import lib\n\nrate = 0.1  # noqa\n' });
  assert.deepEqual(await project.plan(), {
    lint: 'run: input src/train.py changed',
    train: 'up-to-date: only comments or layout changed in src/train.py',
  });
});
