/** Which interpreter is chosen, and what is said when it can't be: environments of all kinds, laid out by hand. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { poetryName } from '../../../server/python/managers.js';
import { Pythons } from '../../../server/python/choose.js';
import { packagesOf } from '../../../server/python/packages.js';
import { binFolders, recognise } from '../../../server/python/python.js';
import { fakeConda, fakeProgram, fakeVenv } from '../../support/peers/fake-python.js';

const posix = process.platform === 'win32' ? 'not on Windows' : false;

function folder(t: TestContext): string {
  const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard python-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** `source path`, relative to the folder, or the message. */
function chosen(
  root: string,
  env: Readonly<Record<string, string>>,
  what?: string,
  conda = false,
  project = path.join(root, 'p'),
): string {
  mkdirSync(project, { recursive: true });
  const span = { start: 0, end: 0 };
  const asked =
    what === undefined ? {} : { asked: { level: 'task', what: { value: what, span }, conda } as const };
  const found = new Pythons(project, { HOME: root, ...env }).choose(asked);
  if (!found.ok) return `! ${found.message}`;
  if (found.choice === undefined) return 'none';
  const { python, source } = found.choice;
  return `${source} ${path.relative(root, python.path)} ${python.version ?? '?'}`;
}

test('in the order in which people say it', { skip: posix }, (t) => {
  const root = folder(t);
  const PATH = path.join(root, 'bin');
  assert.equal(chosen(root, { PATH }), 'none');
  symlinkSync('python3.9', path.join(path.dirname(fakeProgram(path.join(root, 'bin/python3.9'))), 'python3'));
  assert.equal(chosen(root, { PATH }), 'path bin/python3 3.9');
  // As a shell does, what can't be run is passed over.
  const closed = path.dirname(fakeProgram(path.join(root, 'closed/python3')));
  chmodSync(path.join(closed, 'python3'), 0o644);
  assert.equal(chosen(root, { PATH: `${closed}${path.delimiter}${PATH}` }), 'path bin/python3 3.9');
  const CONDA_PREFIX = fakeConda(path.join(root, 'conda/envs/rain'));
  assert.equal(chosen(root, { PATH, CONDA_PREFIX }), 'activated conda/envs/rain/bin/python 3.11.5');
  const VIRTUAL_ENV = fakeVenv(path.join(root, 'active'), { version: '3.8.1' });
  assert.equal(chosen(root, { PATH, CONDA_PREFIX, VIRTUAL_ENV }), 'activated active/bin/python 3.8.1');
  fakeVenv(path.join(root, 'p/venv'), { version: '3.10.2' });
  assert.equal(chosen(root, { PATH, VIRTUAL_ENV }), 'folder p/venv/bin/python 3.10.2');
  fakeVenv(path.join(root, 'p/.venv'));
  assert.equal(chosen(root, { PATH, VIRTUAL_ENV }), 'folder p/.venv/bin/python 3.12.4');
  const selected = path.join(fakeVenv(path.join(root, 'a selected one')), 'bin/python');
  assert.equal(chosen(root, { PATH, MODELYARD_PYTHON: selected }), 'editor a selected one/bin/python 3.12.4');
  assert.equal(chosen(root, { PATH, MODELYARD_PYTHON: selected }, 'venv'), 'task p/venv/bin/python 3.10.2');
  assert.equal(chosen(root, { PATH }, 'python3.9'), 'task bin/python3.9 3.9');
  assert.equal(chosen(root, { PATH }, '~/active'), 'task active/bin/python 3.8.1');
  assert.equal(chosen(root, { PATH }, '../active/bin/python3'), 'task active/bin/python3 3.8.1');
});

test('tools that keep environments', { skip: posix }, (t) => {
  const root = folder(t);
  const p = path.join(root, 'p');
  assert.match(
    chosen(root, {}, 'uv'),
    /^! python: uv has made no environment for this project yet. Make it: uv sync$/,
  );
  assert.match(chosen(root, {}, 'pixi'), /Make it: pixi install/);
  fakeConda(path.join(p, '.pixi/envs/default'), { version: '3.13.1' });
  assert.equal(chosen(root, {}, 'pixi'), 'task p/.pixi/envs/default/bin/python 3.13.1');
  writeFileSync(path.join(p, 'pyproject.toml'), '[tool.poetry]\nname = "My Rain"\n');
  assert.match(chosen(root, {}, 'poetry'), /Make it: poetry install/);
  fakeVenv(path.join(root, 'envs'));
  assert.equal(
    chosen(root, { UV_PROJECT_ENVIRONMENT: path.join(root, 'envs') }, 'uv'),
    'task envs/bin/python 3.12.4',
  );
  fakeConda(path.join(root, 'miniforge3/envs/rain'));
  fakeConda(path.join(root, 'miniforge3'), { version: '3.10.1' });
  assert.equal(chosen(root, {}, 'rain', true), 'task miniforge3/envs/rain/bin/python 3.11.5');
  assert.equal(chosen(root, {}, 'base', true), 'task miniforge3/bin/python 3.10.1');
  assert.match(
    chosen(root, {}, 'rian', true),
    /there is no conda environment "rian"; there are: rain\. Did you mean "rain"\? Make it: conda create -n rian python/,
  );
  const elsewhere = fakeConda(path.join(root, 'far/sun'));
  mkdirSync(path.join(root, '.conda'));
  writeFileSync(path.join(root, '.conda/environments.txt'), `${elsewhere}\n`);
  assert.equal(chosen(root, {}, 'sun', true), 'task far/sun/bin/python 3.11.5');
  const pyenv = path.join(root, 'pyenv');
  fakeProgram(path.join(pyenv, 'shims/python3'));
  for (const version of ['3.10.9', '3.10.13', '3.12.1'])
    fakeProgram(path.join(pyenv, 'versions', version, 'bin/python3'));
  const shims = { PATH: path.join(pyenv, 'shims') };
  assert.equal(chosen(root, shims), 'none');
  writeFileSync(path.join(pyenv, 'version'), 'system\n3.12.1\n');
  assert.equal(chosen(root, shims), 'path pyenv/versions/3.12.1/bin/python3 3.12.1');
  writeFileSync(path.join(root, '.python-version'), '3.10 # the newest\n');
  assert.equal(chosen(root, shims), 'path pyenv/versions/3.10.13/bin/python3 3.10.13');
  assert.equal(
    chosen(root, { ...shims, PYENV_VERSION: '3.10.9' }),
    'path pyenv/versions/3.10.9/bin/python3 3.10.9',
  );
});

test('poetry names an environment after the project and the hash of its folder', { skip: posix }, (t) => {
  const root = folder(t);
  // As poetry itself says: EnvManager.generate_env_name('My Rain', '/tmp/weather').
  assert.equal(poetryName('My Rain', '/tmp/weather'), 'my_rain-I8fZhhu2');
  assert.equal(
    poetryName('my-project_with.a-very-long-name-that-goes-beyond-the-limit', '/srv/data'),
    'my-project_with.a-very-long-name-that-goes-lrU-R-P8',
  );
  const p = path.join(root, 'p');
  mkdirSync(p);
  writeFileSync(path.join(p, 'pyproject.toml'), '[project]\nname = "rain"\n');
  fakeVenv(path.join(root, `cache/${poetryName('rain', p)}-py3.12`));
  const env = { POETRY_VIRTUALENVS_PATH: path.join(root, 'cache') };
  assert.match(chosen(root, env, 'poetry'), /^task cache\/rain-[\w-]{8}-py3\.12\/bin\/python 3\.12\.4$/);
});

test('what is broken says so, and how it is mended', { skip: posix }, (t) => {
  const root = folder(t);
  const p = path.join(root, 'p');
  assert.match(
    chosen(root, {}, '.venv'),
    /^! python: \.venv is not there\. Make it: python3 -m venv \.venv; or name another interpreter$/,
  );
  const venv = fakeVenv(path.join(p, '.venv'));
  rmSync(path.join(venv, 'bin/python'));
  symlinkSync('/opt/gone/python3.12', path.join(venv, 'bin/python'));
  const broken =
    /its bin\/python leads to \/opt\/gone\/python3\.12, which is not there\. Make it anew: python3 -m venv --clear \.venv/;
  assert.match(chosen(root, {}), broken);
  assert.match(chosen(root, {}, '.venv'), broken);
  writeFileSync(path.join(p, 'uv.lock'), '');
  assert.match(chosen(root, {}), /Make it anew: uv sync;/);
  rmSync(path.join(venv, 'bin/python'));
  symlinkSync(fakeProgram(path.join(root, 'opt/python3.13')), path.join(venv, 'bin/python'));
  assert.match(chosen(root, {}), /it was made for Python 3\.12, and its python is 3\.13 now/);
  assert.match(chosen(root, {}, 'python3.99'), /there is no python3\.99 in the PATH/);
  assert.match(chosen(root, {}, 'p.txt'), /p\.txt is not there/);
  mkdirSync(path.join(p, 'data'));
  assert.match(chosen(root, {}, 'data'), /data can't be used: there is no Python environment in it/);
  assert.match(
    chosen(root, { MODELYARD_PYTHON: '/gone/python' }),
    /that is selected \(MODELYARD_PYTHON\), \/gone\/python/,
  );
  // A folder of that name that is no environment is nobody's choice, and a variable that was left behind neither.
  rmSync(venv, { recursive: true });
  mkdirSync(path.join(venv, 'peers'), { recursive: true });
  assert.equal(chosen(root, { VIRTUAL_ENV: '/gone' }), 'none');
});

test('packages by the names of their folders', { skip: posix }, (t) => {
  const root = folder(t);
  const venv = fakeVenv(path.join(root, 'v'), {
    packages: { scikit_learn: '1.7.0', 'Jaraco.Text': '4.0', numpy: '2.1.0+cpu', 'odd-name': '1' },
  });
  const site = path.join(venv, 'lib/python3.12/site-packages');
  mkdirSync(path.join(site, 'old_style-0.3-py3.12.egg-info'));
  mkdirSync(path.join(site, 'numpy'));
  writeFileSync(path.join(site, 'README-1.0.txt'), '');
  const found = recognise(venv);
  assert.ok(found.ok);
  assert.deepEqual(packagesOf(found.python), {
    'jaraco-text': '4.0',
    numpy: '2.1.0+cpu',
    'old-style': '0.3',
    'scikit-learn': '1.7.0',
  });
});

test('Windows keeps it in other places', (t) => {
  const root = folder(t);
  const venv = path.join(root, '.venv');
  fakeProgram(path.join(venv, 'Scripts/python.exe'));
  writeFileSync(path.join(venv, 'pyvenv.cfg'), 'home = C:\\Python312\r\nversion_info = 3.12.4.final.0\r\n');
  const found = recognise(venv, 'windows');
  assert.ok(found.ok);
  assert.equal(found.python.version, '3.12.4');
  assert.deepEqual(binFolders(found.python, 'windows'), [path.join(venv, 'Scripts')]);
  const conda = path.join(root, 'rain');
  fakeProgram(path.join(conda, 'python.exe'));
  mkdirSync(path.join(conda, 'conda-meta'));
  writeFileSync(path.join(conda, 'python312.dll'), '');
  const own = recognise(conda, 'windows');
  assert.ok(own.ok);
  assert.equal(own.python.version, '3.12');
  assert.deepEqual(binFolders(own.python, 'windows'), [
    conda,
    path.join(conda, 'Library', 'bin'),
    path.join(conda, 'Scripts'),
  ]);
});
