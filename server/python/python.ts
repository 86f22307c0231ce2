/** An interpreter as it is found on the disk: its environment, its version. Nothing is started, reads are bounded. */
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../base/defined.js';
import { foldersIn, filesIn, namesIn } from '../stores/disk/folder.js';
import { readPlainText } from '../stores/disk/plain-file.js';

export type Platform = 'posix' | 'windows';

export const PLATFORM: Platform = process.platform === 'win32' ? 'windows' : 'posix';

export interface Python {
  /** Absolute, as it is started: of an environment its own `python`. */
  readonly path: string;
  readonly kind: 'venv' | 'conda' | 'plain';
  /** The folder of its environment; absent for one that is just installed. */
  readonly prefix?: string;
  /** `3.12.4`, or `3.12` where no more can be told without starting it. */
  readonly version?: string;
}

export type Recognised =
  | { readonly ok: true; readonly python: Python }
  /** `missing`: nothing is there; else it is no Python, or can't be used, and `message` says why. */
  | { readonly ok: false; readonly missing: boolean; readonly message: string };

/** More than any of the files that are read here has. */
const MOST_BYTES = 1024 * 1024;

/** Text of a small file, links followed; nothing where it is none. */
export function smallText(file: string): string | undefined {
  try {
    const stat = statSync(file);
    return stat.isFile() && stat.size <= MOST_BYTES ? readPlainText(file, true) : undefined;
  } catch {
    return undefined;
  }
}

/** Keys of `pyvenv.cfg`; nothing where the folder is no virtual environment. */
export function venvConfig(prefix: string): ReadonlyMap<string, string> | undefined {
  const text = smallText(path.join(prefix, 'pyvenv.cfg'));
  if (text === undefined) return undefined;
  const keys = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0) keys.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
  return keys;
}

/** The interpreter that a path leads to: an executable, or the folder of an environment or of an installation. */
export function recognise(target: string, platform: Platform = PLATFORM): Recognised {
  let stat;
  try {
    stat = statSync(target, { throwIfNoEntry: false });
  } catch {
    stat = undefined;
  }
  if (stat === undefined) {
    const link = danglingLink(target);
    return link === undefined
      ? { ok: false, missing: true, message: `${target} is not there` }
      : { ok: false, missing: false, message: `${target} leads to ${link}, which is not there` };
  }
  return stat.isDirectory() ? inFolder(target, platform) : ofExecutable(target, platform);
}

function inFolder(prefix: string, platform: Platform): Recognised {
  const venv = venvConfig(prefix) !== undefined;
  const kind = venv ? 'venv' : isConda(prefix) ? 'conda' : 'plain';
  for (const name of executablesIn(kind, platform)) {
    const file = path.join(prefix, name);
    if (isFile(file)) return whole(file, kind, prefix, platform);
    const link = danglingLink(file);
    if (link !== undefined) {
      return { ok: false, missing: false, message: `its ${name} leads to ${link}, which is not there` };
    }
  }
  const message =
    kind === 'plain'
      ? 'there is no Python environment in it'
      : `it has no ${executablesIn(kind, platform)[0] ?? ''}`;
  return { ok: false, missing: false, message };
}

function ofExecutable(file: string, platform: Platform): Recognised {
  const folder = path.dirname(file);
  for (const prefix of [path.dirname(folder), folder]) {
    if (venvConfig(prefix) !== undefined) return whole(file, 'venv', prefix, platform);
    if (isConda(prefix)) return whole(file, 'conda', prefix, platform);
  }
  return whole(file, 'plain', undefined, platform);
}

function whole(
  file: string,
  kind: Python['kind'],
  prefix: string | undefined,
  platform: Platform,
): Recognised {
  const own = kind === 'plain' ? undefined : prefix;
  const version = versionOf(file, kind, prefix, platform);
  if (kind === 'venv' && own !== undefined) {
    const real = versionInName(realPath(file));
    if (real !== undefined && version !== undefined && minorOf(version) !== minorOf(real)) {
      const message = `it was made for Python ${minorOf(version)}, and its python is ${minorOf(real)} now`;
      return { ok: false, missing: false, message };
    }
  }
  return { ok: true, python: { path: file, kind, ...defined({ prefix: own, version }) } };
}

function executablesIn(kind: Python['kind'], platform: Platform): readonly string[] {
  if (platform === 'posix') return ['bin/python', 'bin/python3'];
  return kind === 'venv' ? ['Scripts\\python.exe', 'Scripts/python.exe'] : ['python.exe'];
}

function isConda(prefix: string): boolean {
  try {
    return statSync(path.join(prefix, 'conda-meta'), { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

function versionOf(
  file: string,
  kind: Python['kind'],
  prefix: string | undefined,
  platform: Platform,
): string | undefined {
  if (kind === 'venv' && prefix !== undefined) {
    const config = venvConfig(prefix);
    const written = config?.get('version') ?? config?.get('version_info');
    const version = /^\d+\.\d+(?:\.\d+)?/.exec(written ?? '')?.[0];
    if (version !== undefined) return version;
  }
  if (kind === 'conda' && prefix !== undefined) {
    for (const name of quietly(() => namesIn(path.join(prefix, 'conda-meta')))) {
      const version = /^python-(\d+\.\d+\.\d+)-.*\.json$/.exec(name)?.[1];
      if (version !== undefined) return version;
    }
  }
  const real = realPath(file);
  const named = versionInName(real);
  if (platform === 'windows') {
    const dll = quietly(() => namesIn(path.dirname(real))).find((name) => /^python3\d+\.dll$/i.test(name));
    const minor = /^python3(\d+)/i.exec(dll ?? '')?.[1];
    return named ?? (minor === undefined ? undefined : `3.${minor}`);
  }
  // pyenv and python-build keep the whole version in the name of the folder.
  const installed = /[/\\](?:versions[/\\]|c?python-)(\d+\.\d+\.\d+)[^/\\]*[/\\]bin[/\\][^/\\]+$/.exec(
    real,
  )?.[1];
  if (installed !== undefined) return installed;
  const libraries = libraryFolders(prefix ?? path.dirname(path.dirname(real)));
  return named ?? (libraries.length === 1 ? versionInName(libraries[0] ?? '') : undefined);
}

/** `lib/python3.12` and its like, absolute. */
export function libraryFolders(prefix: string): readonly string[] {
  return foldersIn(path.join(prefix, 'lib'))
    .filter((one) => /^(?:python|pypy)\d+\.\d+t?$/.test(path.basename(one)))
    .sort();
}

function versionInName(file: string): string | undefined {
  return /(?:python|pypy)(\d+\.\d+)t?(?:\.exe)?$/i.exec(path.basename(file))?.[1];
}

/** `3.12` of `3.12.4`. */
export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Whether it is a file, links followed, that may be looked at; what the `PATH` of somebody else names need not be. */
export function isFile(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

/** Where a link says that it leads, when nothing is there. */
function danglingLink(file: string): string | undefined {
  try {
    if (!lstatSync(file).isSymbolicLink() || statSync(file, { throwIfNoEntry: false }) !== undefined)
      return undefined;
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}

function quietly(list: () => string[]): string[] {
  try {
    return list();
  } catch {
    return [];
  }
}

/** Folders that come first in the `PATH` of what uses it. */
export function binFolders(
  { path: file, kind, prefix }: Python,
  platform: Platform = PLATFORM,
): readonly string[] {
  const own = path.dirname(file);
  if (platform === 'posix' || kind !== 'conda' || prefix === undefined) return [own];
  return [prefix, path.join(prefix, 'Library', 'bin'), path.join(prefix, 'Scripts')];
}

/** Names of the programs that a virtual environment brings along; of an installation everything would be one. */
export function programsOf(python: Python): ReadonlySet<string> {
  if (python.kind !== 'venv') return NONE;
  return new Set(
    filesIn(path.dirname(python.path))
      .map((file) => path.basename(file).replace(/\.exe$/i, ''))
      .filter((name) => !/^activate|^deactivate/i.test(name)),
  );
}

const NONE: ReadonlySet<string> = new Set();
