/** `notebook:` as a step, executed by the real nbclient of a virtual environment. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

/** Made once and kept: what the Python Package Index has takes a while. */
const VENV = path.join(os.tmpdir(), 'modelyard-notebook-venv');

function venv(): string | undefined {
  if (process.platform === 'win32') return undefined;
  const python = path.join(VENV, 'bin/python3');
  const works = (): boolean =>
    existsSync(python) && spawnSync(python, ['-c', 'import nbclient, ipykernel']).status === 0;
  if (works()) return VENV;
  mkdirSync(path.dirname(VENV), { recursive: true });
  spawnSync('python3', ['-m', 'venv', VENV]);
  spawnSync(python, ['-m', 'pip', 'install', '-q', 'nbclient', 'ipykernel']);
  return works() ? VENV : undefined;
}

const environment = venv();
const skip =
  environment === undefined ? 'needs python3 with venv, and nbclient and ipykernel from PyPI' : false;

interface Cell {
  readonly cell_type: string;
  readonly source: string | string[];
  readonly metadata: { readonly tags?: string[] };
  readonly outputs?: readonly { readonly text?: string | string[]; readonly ename?: string }[];
  readonly execution_count?: number | null;
}

function code(source: string, tags?: string[]): Record<string, unknown> {
  return {
    cell_type: 'code',
    source: source.split(/(?<=\n)/),
    metadata: tags === undefined ? {} : { tags },
    outputs: [],
    execution_count: null,
  };
}

function notebook(...cells: Record<string, unknown>[]): string {
  return JSON.stringify({
    cells,
    metadata: { kernelspec: { name: 'somebody-elses', display_name: 'x', language: 'python' } },
    nbformat: 4,
    nbformat_minor: 4,
  });
}

const CELLS = [
  { cell_type: 'markdown', source: '# Trains', metadata: {} },
  code('epochs = 1\nname = "none"\nflags = {}', ['parameters']),
  code('import helper\nrows = open("data.csv").read().split()\nprint("epochs", epochs, name, flags)'),
  code('open("model.txt", "w").write(helper.say(len(rows) * epochs))'),
];

const FILES = {
  'main.pipeline.yaml': `
params: { epochs: 3 }
python: ${environment ?? ''}
tasks:
  train:
    notebook:
      path: notebooks/train.ipynb
      params: { epochs: "\${{ params.epochs }}", name: "it's \\"mine\\"", flags: { fast: true, none: null, list: [1, 2.5] } }
    inputs: [data.csv]
    outputs: { model: model.txt }
  look: { run: 'test -s "$F" && cp "$F" seen.ipynb', env: { F: "\${{ tasks.train.outputs.notebook }}" }, outputs: { o: seen.ipynb } }
`,
  'notebooks/train.ipynb': notebook(...CELLS),
  'data.csv': '1\n2\n',
  'helper.py': 'def say(what):\n    return f"says {what}"\n',
};

function cellsOf(project: TestProject, file: string): Cell[] {
  return (JSON.parse(project.read(file)) as { cells: Cell[] }).cells;
}

const textOf = (source: string | string[] = ''): string => (Array.isArray(source) ? source.join('') : source);

test('it is executed with its params, and the executed copy is a report', { skip }, async () => {
  const project = await TestProject.make(FILES);
  const { stdout } = await project.expect(0, ['run']);
  assert.equal(project.read('model.txt'), 'says 6');
  assert.match(stdout, /epochs 3 it's "mine" \{'fast': True, 'none': None, 'list': \[1, 2\.5\]\}/);
  const cells = cellsOf(project, 'reports/train.ipynb');
  assert.deepEqual(
    cells.map(({ metadata }) => metadata.tags?.join() ?? ''),
    ['', 'parameters', 'injected-parameters', '', ''],
  );
  assert.match(textOf(cells[2]?.source), /^# Parameters\nepochs = 3\n/);
  assert.match(textOf(cells[3]?.outputs?.[0]?.text), /^epochs 3 it's/);
  assert.equal(project.read('notebooks/train.ipynb'), FILES['notebooks/train.ipynb']);
  const [report] = project.task('train').outputs.filter(({ name }) => name === 'notebook');
  assert.equal(report?.kind, 'report');
  assert.equal(report.path, 'reports/train.ipynb');
  assert.equal(project.read('seen.ipynb'), project.read('reports/train.ipynb'));
  // What the kernel opens is noted, as it is of any Python.
  assert.match((await project.expect(0, ['inputs', 'train'])).stdout, /read +helper\.py +not declared/);

  // Only the sources of its code cells count.
  const ran = CELLS.map((cell, index) =>
    cell['cell_type'] === 'code'
      ? { ...cell, execution_count: index, outputs: [] }
      : { ...cell, source: '# Other words' },
  );
  project.write({
    'notebooks/train.ipynb': JSON.stringify({ ...JSON.parse(notebook(...ran)), nbformat_minor: 5 }),
  });
  assert.match(
    (await project.plan())['train'] ?? '',
    /^up-to-date: only outputs or text around the code changed in notebooks\/train\.ipynb/,
  );
  project.write({ 'notebooks/train.ipynb': notebook(...CELLS, code('print("more")')) });
  assert.match((await project.plan())['train'] ?? '', /^run: input notebooks\/train\.ipynb changed/);
  project.write({ 'notebooks/train.ipynb': notebook(...CELLS) });
  assert.match((await project.plan('-p', 'epochs=4'))['train'] ?? '', /^run: .*epochs: 3 → 4/);
});

test('a cell that fails fails the task, with its traceback', { skip }, async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
python: ${environment ?? ''}
tasks:
  t: { notebook: n.ipynb, inputs: auto }
`,
    'n.ipynb': notebook(code('a = 1'), code('open("gone.csv")'), code('never = 1')),
  });
  const { stdout, stderr } = await project.expect(1, ['run']);
  assert.match(stdout + stderr, /FileNotFoundError.*gone\.csv/);
  project.write({
    'gone.csv': 'x',
    'n.ipynb': notebook(code('a = 1', ['injected-parameters']), code('open("gone.csv").read()')),
  });
  await project.expect(0, ['run']);
  assert.deepEqual(
    project.task('t').inputs.map(({ path: file }) => file),
    ['gone.csv', 'n.ipynb'],
  );
  await project.expect(0, ['run']);
  assert.equal(project.statuses()['t'], 'cached');
  project.write({ 'gone.csv': 'y' });
  assert.match((await project.plan())['t'] ?? '', /^run: input gone\.csv changed/);
});

test(
  'where nbclient is not installed it says so',
  { skip: process.platform === 'win32' },
  async (context) => {
    const project = await TestProject.make({
      'main.pipeline.yaml': 'python: .venv\ntasks:\n  t: { notebook: n.ipynb }\n',
      'n.ipynb': notebook(code('a = 1')),
    });
    if (spawnSync('python3', ['-m', 'venv', '--without-pip', project.path('.venv')]).status !== 0) {
      context.skip('needs python3 with venv');
      return;
    }
    const { stdout, stderr } = await project.expect(1, ['run']);
    assert.match(
      stdout + stderr,
      /A notebook is executed by nbclient, which papermill brings along, and ipykernel/,
    );
    assert.match(stdout + stderr, /nbclient.*\.venv/);
  },
);
