/** Where the tools that make Python environments keep them. Their files are read, they themselves are not started. */
import os from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { foldersIn } from '../stores/disk/folder.js';
import { PLATFORM, isFile, realPath, smallText } from './python.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sought {
  /** Absolute; the first one that is there is meant. */
  readonly folders: readonly string[];
  /** What makes it. */
  readonly make: string;
}

export const MANAGERS: Readonly<Record<string, (root: string, env: Environment) => Sought>> = {
  uv: (root, env) => ({
    folders: [path.resolve(root, env['UV_PROJECT_ENVIRONMENT'] ?? '.venv')],
    make: 'uv sync',
  }),
  pixi: (root) => ({ folders: [path.join(root, '.pixi/envs/default')], make: 'pixi install' }),
  poetry: (root, env) => ({
    folders: [path.join(root, '.venv'), ...poetryFolders(root, env)],
    make: 'poetry install',
  }),
};

function poetryFolders(root: string, env: Environment): string[] {
  const text = smallText(path.join(root, 'pyproject.toml')) ?? '';
  const sections = /^\[(?:tool\.poetry|project)\][^\n]*\n((?:(?!\[)[^\n]*\n?)*)/gm;
  const names = [...text.matchAll(sections)].flatMap(
    ([, body = '']) => /^name\s*=\s*["']([^"'\n]+)["']/m.exec(body)?.[1] ?? [],
  );
  const [name] = names;
  if (name === undefined) return [];
  const own = poetryName(name, realPath(root));
  return foldersIn(poetryFolder(env))
    .filter((one) => path.basename(one).startsWith(`${own}-py`))
    .sort();
}

/** Poetry names an environment after the project and the hash of its folder. @param root its real path */
export function poetryName(name: string, root: string): string {
  const clean = name.toLowerCase().replace(/[ $`!*@"\\\r\n\t]/g, '_');
  const hash = createHash('sha256').update(root).digest('base64url').slice(0, 8);
  return `${clean.slice(0, 42)}-${hash}`;
}

function poetryFolder(env: Environment): string {
  const own = env['POETRY_VIRTUALENVS_PATH'];
  if (own !== undefined) return own;
  const cache = env['POETRY_CACHE_DIR'];
  if (cache !== undefined) return path.join(cache, 'virtualenvs');
  if (PLATFORM === 'windows') {
    return path.join(env['LOCALAPPDATA'] ?? os.homedir(), 'pypoetry/Cache/virtualenvs');
  }
  return process.platform === 'darwin'
    ? path.join(os.homedir(), 'Library/Caches/pypoetry/virtualenvs')
    : path.join(env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'pypoetry/virtualenvs');
}

/** Where conda environments of a name may be, and the names of those that there are. */
export function condaEnvironment(
  name: string,
  env: Environment,
): Sought & { readonly known: readonly string[] } {
  const roots = condaRoots(env);
  const folders = [
    ...(env['CONDA_ENVS_PATH'] ?? env['CONDA_ENVS_DIRS'] ?? '')
      .split(path.delimiter)
      .filter((one) => one !== ''),
    ...roots.map((root) => path.join(root, 'envs')),
    path.join(homeOf(env), '.conda/envs'),
  ];
  const listed = (smallText(path.join(homeOf(env), '.conda/environments.txt')) ?? '')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const inFolders = folders.flatMap((folder) => foldersIn(folder));
  const known = new Set([...inFolders, ...listed].map((folder) => path.basename(folder)));
  return {
    folders:
      name === 'base'
        ? roots
        : [
            ...folders.map((one) => path.join(one, name)),
            ...listed.filter((one) => path.basename(one) === name),
          ],
    make: `conda create -n ${name} python`,
    known: [...known].sort(),
  };
}

function homeOf(env: Environment): string {
  return env['HOME'] ?? env['USERPROFILE'] ?? os.homedir();
}

function condaRoots(env: Environment): string[] {
  const executable = env['CONDA_EXE'] ?? env['MAMBA_EXE'];
  const active = env['CONDA_PREFIX'];
  const home = homeOf(env);
  const given = [
    env['CONDA_ROOT'],
    env['MAMBA_ROOT_PREFIX'],
    executable === undefined ? undefined : path.dirname(path.dirname(executable)),
    active === undefined ? undefined : (/^(.*)[/\\]envs[/\\][^/\\]+$/.exec(active)?.[1] ?? active),
    ...['miniconda3', 'miniforge3', 'anaconda3', 'mambaforge', 'micromamba', '.local/share/mamba'].map(
      (one) => path.join(home, one),
    ),
    '/opt/conda',
  ];
  return [...new Set(given.filter((one) => one !== undefined))];
}

/** What a shim of pyenv starts in a project; a shim says nothing of its version. */
export function behindShim(file: string, root: string, env: Environment): string | undefined {
  const folder = path.dirname(file);
  if (path.basename(folder) !== 'shims') return undefined;
  const home = path.dirname(folder);
  const installed = path.join(home, 'versions');
  const wanted = env['PYENV_VERSION'] ?? localVersion(root) ?? smallText(path.join(home, 'version'));
  const versions = (wanted ?? '').split(/[\s:]+/).filter((one) => one !== '' && one !== 'system');
  for (const version of versions) {
    const own = foldersIn(installed)
      .map((one) => path.basename(one))
      .filter((one) => one === version || one.startsWith(`${version}.`))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .at(-1);
    if (own === undefined) continue;
    for (const name of [path.basename(file), 'python3', 'python']) {
      const program = path.join(installed, own, 'bin', name);
      if (isFile(program)) return program;
    }
  }
  return undefined;
}

/** What `.python-version` says, there or in a folder above. */
function localVersion(root: string): string | undefined {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const text = smallText(path.join(folder, '.python-version'));
    if (text !== undefined) return text.replace(/#[^\n]*/g, '').trim();
    if (path.dirname(folder) === folder) return undefined;
  }
}
