/** Which interpreter is a task's Python, in the order that `docs/how-to/train/python.md` says, and why none can be. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { isWithin } from '../definition/text/paths.js';
import { didYouMean, similar } from '../definition/names/names.js';
import { PYTHON_MANAGERS } from '../definition/python/counts.js';
import type { PythonLevel, PythonWish } from '../definition/python/python.js';
import { type Environment, type Sought, MANAGERS, behindShim, condaEnvironment } from './managers.js';
import { PLATFORM, type Python, recognise } from './python.js';
import { isProgram } from '../stores/disk/folder.js';

/** Set by the editor to the interpreter that is selected there; may be set by anybody. */
export const EDITOR_VARIABLE = 'MODELYARD_PYTHON';

/** Who says that it is this one. */
export type PythonSource = PythonLevel | 'editor' | 'folder' | 'activated' | 'path';

export interface Choice {
  readonly python: Python;
  readonly source: PythonSource;
  /** What people call it: `.venv`, `conda rain`, `/usr/bin/python3`. */
  readonly name: string;
}

export type Chosen =
  /** Without a choice there is no Python at all. */
  | { readonly ok: true; readonly choice?: Choice }
  /** It was asked for, or is the project's own, and can't be used. */
  | { readonly ok: false; readonly source: PythonSource; readonly message: string };

/** The interpreters of a project, each looked at once. Nothing is started. */
export class Pythons {
  readonly #root: string;
  readonly #env: Environment;
  readonly #known = new Map<string, Chosen>();

  /** @param root absolute, of the project */
  constructor(root: string, env: Environment) {
    this.#root = root;
    this.#env = env;
  }

  choose({ asked }: Pick<PythonWish, 'asked'>): Chosen {
    const key = asked === undefined ? '' : `${asked.level} ${String(asked.conda)} ${asked.what.value}`;
    let found = this.#known.get(key);
    if (found === undefined)
      this.#known.set(key, (found = asked === undefined ? this.#byItself() : this.#asked(asked)));
    return found;
  }

  #asked({ level, what, conda }: NonNullable<PythonWish['asked']>): Chosen {
    const value = what.value.trim();
    const refused = (message: string): Chosen => ({
      ok: false,
      source: level,
      message: `python: ${message}`,
    });
    if (conda && !/[/\\]/.test(value)) {
      const sought = condaEnvironment(value, this.#env);
      const found = this.#first(sought, level, `conda ${value}`);
      if (found !== undefined) return found;
      const names = sought.known.length === 0 ? '' : `; there are: ${sought.known.slice(0, 20).join(', ')}`;
      const hint = didYouMean(similar(value, sought.known));
      return refused(`there is no conda environment "${value}"${names}.${hint} Make it: ${sought.make}`);
    }
    const manager = PYTHON_MANAGERS.find((one) => one === value);
    const sought = manager === undefined ? undefined : MANAGERS[manager]?.(this.#root, this.#env);
    if (manager !== undefined && sought !== undefined) {
      const found = this.#first(sought, level, manager);
      return (
        found ?? refused(`${manager} has made no environment for this project yet. Make it: ${sought.make}`)
      );
    }
    const file = path.resolve(this.#root, value.replace(/^~(?=[/\\]|$)/, this.#env['HOME'] ?? '~'));
    if (!/[/\\]/.test(value) && !exists(file)) {
      const program = this.#onPath([value]);
      if (program !== undefined) return { ...program, choice: { ...program.choice, source: level } };
      if (value.startsWith('python')) {
        return refused(
          `there is no ${value} in the PATH. Install it, or give the path of an interpreter or environment`,
        );
      }
    }
    const found = recognise(file);
    if (found.ok)
      return { ok: true, choice: { python: found.python, source: level, name: this.#named(file) } };
    const make = /[/\\](?:bin|Scripts)[/\\][^/\\]+$/.test(file) ? path.dirname(path.dirname(file)) : file;
    return refused(
      found.missing
        ? `${value} is not there. Make it: ${this.#makes(make)}; or name another interpreter`
        : `${value} can't be used: ${found.message}. Make it anew: ${this.#makes(make, true)}`,
    );
  }

  #makes(folder: string, again = false): string {
    const name = this.#named(folder);
    if (path.dirname(folder) === this.#root) {
      for (const [lock, command] of MADE_BY) if (exists(path.join(this.#root, lock))) return command;
    }
    return `${PLATFORM === 'windows' ? 'py -3' : 'python3'} -m venv ${again ? '--clear ' : ''}${name}`;
  }

  #first({ folders, make }: Sought, source: PythonSource, name: string): Chosen | undefined {
    for (const folder of folders) {
      const found = recognise(folder);
      if (found.ok) return { ok: true, choice: { python: found.python, source, name } };
      if (found.missing) continue;
      const message = `python: the environment of ${name}, ${this.#named(folder)}, can't be used: ${found.message}. Make it anew: ${make}`;
      return { ok: false, source, message };
    }
    return undefined;
  }

  /** Nobody has written it down. */
  #byItself(): Chosen {
    const editor = this.#env[EDITOR_VARIABLE] ?? '';
    if (editor !== '') {
      const file = path.resolve(this.#root, editor);
      const found = recognise(file);
      if (found.ok)
        return { ok: true, choice: { python: found.python, source: 'editor', name: this.#named(file) } };
      const message = `the Python interpreter that is selected (${EDITOR_VARIABLE}), ${editor}, can't be used: ${found.message}. Select another one, or name one with \`python:\``;
      return { ok: false, source: 'editor', message };
    }
    for (const name of ['.venv', 'venv']) {
      const folder = path.join(this.#root, name);
      if (!exists(path.join(folder, 'pyvenv.cfg'))) continue;
      const found = recognise(folder);
      if (found.ok) return { ok: true, choice: { python: found.python, source: 'folder', name } };
      const message = `the project's Python environment ${name} can't be used: ${found.message}. Make it anew: ${this.#makes(folder, true)}; or name another interpreter with \`python:\``;
      return { ok: false, source: 'folder', message };
    }
    for (const variable of ['VIRTUAL_ENV', 'CONDA_PREFIX']) {
      const folder = this.#env[variable] ?? '';
      const found = folder === '' ? undefined : recognise(folder);
      // One that a shell has left behind is no reason to refuse anything.
      if (found?.ok === true) {
        return { ok: true, choice: { python: found.python, source: 'activated', name: this.#named(folder) } };
      }
    }
    return (
      this.#onPath(PLATFORM === 'windows' ? ['python', 'python3'] : ['python3', 'python']) ?? { ok: true }
    );
  }

  #onPath(names: readonly string[]): { readonly ok: true; readonly choice: Choice } | undefined {
    for (const name of names) {
      for (const file of candidates(name, this.#env)) {
        const shim = path.basename(path.dirname(file)) === 'shims';
        const real = shim ? behindShim(file, this.#root, this.#env) : file;
        const found = real === undefined ? undefined : recognise(real);
        if (found?.ok === true) {
          return {
            ok: true,
            choice: { python: found.python, source: 'path', name: this.#named(found.python.path) },
          };
        }
      }
    }
    return undefined;
  }

  /** Relative to the project where it lies in it. */
  #named(file: string): string {
    const relative = path.relative(this.#root, file).split(path.sep).join('/');
    return relative !== '' &&
      !relative.startsWith('..') &&
      !path.isAbsolute(relative) &&
      isWithin(relative, '.')
      ? relative
      : file;
  }
}

/** What makes the environment of a project that has this file. */
const MADE_BY = [
  ['uv.lock', 'uv sync'],
  ['poetry.lock', 'poetry install'],
] as const;

/** Programs of a name in the `PATH`, absolute, in its order. */
export function candidates(name: string, env: Environment): string[] {
  const suffixes = PLATFORM === 'windows' && !/\.exe$/i.test(name) ? ['.exe'] : [''];
  return (env['PATH'] ?? env['Path'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => suffixes.map((suffix) => path.join(folder, `${name}${suffix}`)))
    .filter(isProgram);
}

function exists(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
