/** The Python of tasks, as commands find it: environments laid out by hand, whose `python` says where it lies. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import { fakeConda, fakeProgram, fakeVenv } from '../../support/peers/fake-python.js';

const skip = process.platform === 'win32' ? 'programs are scripts of the shell' : false;
/** No environment of whoever runs the tests. */
const bare = {
  VIRTUAL_ENV: undefined,
  CONDA_PREFIX: undefined,
  MODELYARD_PYTHON: undefined,
  PYENV_VERSION: undefined,
};

test('`python` and `python3`, and what they start, are the chosen one', { skip }, async () => {
  const project = await TestProject.make(
    `tasks:
  train:
    run: |
      python > o
      python3 >> o
      sh -c 'python3; echo "$VIRTUAL_ENV"' >> o
    outputs: { o: o }
  other: { run: 'python3 > p', python: { conda: ./rain }, outputs: { p: p } }
  plain: { run: 'echo "$PATH" > q', env: { PATH: /usr/bin:/bin }, outputs: { q: q } }
  moved: { run: 'python > r; python3 >> r', python: old/bin/python3.11, outputs: { r: r } }
`,
  );
  fakeVenv(project.path('.venv'), { packages: { scikit_learn: '1.6.0' } });
  fakeConda(project.path('rain'));
  fakeProgram(project.path('old/bin/python3.11'));
  fakeProgram(project.path('old/bin/python3'));
  project.write({ 'uv.lock': 'version = 1\n' });
  const env = { ...bare, VIRTUAL_ENV: '/elsewhere' };
  await project.expect(0, ['run'], { env });
  const bin = project.path('.venv/bin');
  assert.equal(
    project.read('o'),
    `${bin}/python\n${bin}/python3\n${bin}/python3\n${project.path('.venv')}\n`,
  );
  assert.equal(project.read('p'), `${project.path('rain/bin/python3')}\n`);
  assert.equal(project.read('q'), '/usr/bin:/bin\n');
  const moved = project.path('old/bin/python3.11');
  assert.equal(project.read('r'), `${moved}\n${moved}\n`);
  const { python = [] } = project.lastRun();
  assert.deepEqual(
    python.map(({ name, version, source, tasks, packages }) => ({ name, version, source, tasks, packages })),
    [
      {
        name: '.venv',
        version: '3.12.4',
        source: 'folder',
        tasks: ['train'],
        packages: { 'scikit-learn': '1.6.0' },
      },
      { name: 'rain', version: '3.11.5', source: 'task', tasks: ['other'], packages: {} },
      { name: 'old/bin/python3.11', version: '3.11', source: 'task', tasks: ['moved'], packages: {} },
    ],
  );
  assert.equal(python[0]?.lock?.path, 'uv.lock');
  const { stdout } = await project.expect(0, ['plan'], { env });
  assert.match(stdout, /^Python 3\.12\.4 \(\.venv, of the project\): train$/m);
  assert.match(stdout, /^Python 3\.11\.5 \(rain, as the task says\): other$/m);
  const doctor = await project.run(['doctor'], { env });
  assert.match(
    doctor.stdout,
    /python: Python 3\.12\.4 \(\.venv, of the project\), 1 package, .*\.venv\/bin\/python$/m,
  );
  assert.match(
    (await project.expect(0, ['runs', 'show'], { env })).stdout,
    /^Python 3\.12\.4 .*, 1 package: train$/m,
  );
});

test('another version, and other packages where they count, make it run again', { skip }, async () => {
  const pipeline = (python: string) =>
    `${python}tasks:\n  t: { run: python3 > o, outputs: { o: o } }\n  no: { run: echo 1 > p, outputs: { p: p } }\n`;
  // As a version of Modelyard left it for which the interpreter did not count.
  const project = await TestProject.make(pipeline('python: { counts: nothing }\n'));
  const venv = project.path('.venv');
  fakeVenv(venv, { packages: { scikit_learn: '1.6.0' } });
  const env = bare;
  await project.expect(0, ['run'], { env });
  const { hash } = project.task('t').fingerprint ?? {};
  project.write({ 'main.pipeline.yaml': pipeline('') });
  const planned = async (): Promise<Record<string, string>> => {
    const { stdout } = await project.expect(0, ['plan', '--json'], { env });
    const { tasks } = JSON.parse(stdout) as { tasks: { id: string; decision: string; reasons: string[] }[] };
    return Object.fromEntries(
      tasks.map(({ id, decision, reasons }) => [id, [decision, ...reasons].join(': ')]),
    );
  };
  assert.deepEqual(await planned(), { t: 'up-to-date', no: 'up-to-date' });
  rmSync(project.path('o'));
  await project.expect(0, ['run'], { env });
  assert.equal(project.task('t').status, 'cached');
  assert.equal(project.exists('o'), true);
  assert.equal(project.task('t').fingerprint?.hash, hash);
  const config = project.path('.venv/pyvenv.cfg');
  writeFileSync(config, readFileSync(config, 'utf8').replace('3.12.4', '3.13.0'));
  assert.deepEqual(await planned(), { t: 'run: Python 3.12 → 3.13', no: 'up-to-date' });
  writeFileSync(config, readFileSync(config, 'utf8').replace('3.13.0', '3.12.9'));
  assert.deepEqual(await planned(), { t: 'up-to-date', no: 'up-to-date' });
  project.write({ 'main.pipeline.yaml': pipeline('python: { counts: packages }\n') });
  assert.equal((await planned())['t'], 'run: the packages of Python count now');
  await project.expect(0, ['run'], { env });
  const site = project.path('.venv/lib/python3.12/site-packages');
  renameSync(`${site}/scikit_learn-1.6.0.dist-info`, `${site}/scikit_learn-1.7.0.dist-info`);
  assert.equal((await planned())['t'], 'run: scikit-learn 1.6.0 → 1.7.0');
  await project.expect(0, ['run'], { env });
  const [, , before = '', after = ''] = project.runs().map(({ id }) => id);
  const { stdout } = await project.expect(0, ['runs', 'compare', before, after], { env });
  assert.match(stdout, /Python\n +scikit-learn +1\.6\.0 +1\.7\.0\n/);
});

test('what can’t be used is told before anything runs, with its place', { skip }, async () => {
  const project = await TestProject.make({
    'modelyard.yaml': 'name: test\npython: .venv\n',
    'main.pipeline.yaml':
      'tasks:\n  first: { run: echo 1 > p, outputs: { p: p } }\n  t: { run: python3 x.py, cache: false }\n',
  });
  const env = bare;
  const said =
    /main\.pipeline\.yaml:3:\d+: t: modelyard\.yaml:2: python: \.venv is not there\. Make it: python3 -m venv \.venv/;
  assert.match((await project.expect(2, ['run'], { env })).stderr, said);
  assert.match((await project.expect(2, ['plan'], { env })).stderr, said);
  assert.match(
    (await project.run(['doctor'], { env })).stdout,
    /✗ python: main\.pipeline\.yaml:3: t: .*\.venv is not there/,
  );
  assert.equal(project.exists('p'), false);
  await project.expect(0, ['run', '--only', 'first'], { env });
  project.write({ 'modelyard.yaml': 'name: test\n' });
  fakeVenv(project.path('.venv'));
  rmSync(project.path('.venv/bin/python'));
  symlinkSync('/gone/python3', project.path('.venv/bin/python'));
  const { stderr } = await project.expect(2, ['run'], { env });
  assert.match(
    stderr,
    /main\.pipeline\.yaml:3:\d+: t: the project's Python environment \.venv can't be used/,
  );
});

test('a module that is missing, and no Python at all, lead to a way out', { skip }, async () => {
  const project = await TestProject.make(
    `tasks:
  t: { run: python3 train.py, cache: false }
  own: { run: python3 own.py, cache: false }
  none: { run: python3 x.py, cache: false }
`,
  );
  const venv = fakeVenv(project.path('.venv'));
  const failing = '#!/bin/sh\necho "ModuleNotFoundError: No module named \'$WHICH\'" >&2\nexit 1\n';
  for (const name of ['python', 'python3']) writeFileSync(project.path('.venv/bin', name), failing);
  project.write({ 'src/rain/__init__.py': '' });
  await project.expect(1, ['run', '--only', 't'], { env: { ...bare, WHICH: 'sklearn.svm' } });
  const { error, missingModule } = project.task('t');
  assert.equal(
    error,
    'exit code 1: scikit-learn is not in .venv. Install it: .venv/bin/python -m pip install scikit-learn; or choose another interpreter with `python:`',
  );
  assert.deepEqual(missingModule, {
    module: 'sklearn.svm',
    package: 'scikit-learn',
    python: '.venv',
    install: '.venv/bin/python -m pip install scikit-learn',
  });
  await project.expect(1, ['run', '--only', 'own'], { env: { ...bare, WHICH: 'rain' } });
  assert.match(project.task('own').error ?? '', /rain is a module of src\/, .*`env: \{ PYTHONPATH: src \}`/);
  rmSync(venv, { recursive: true });
  await project.expect(1, ['run', '--only', 'none'], { env: { ...bare, PATH: '/nowhere' } });
  assert.match(
    project.task('none').error ?? '',
    /^exit code 127: .*: there is no Python in the PATH: install it, or name/,
  );
});
