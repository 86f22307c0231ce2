/** What commands find in their environment so that `python` and `python3`, and what they start, are the chosen one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { quoteWord } from '../definition/shell/shell.js';
import { type Choice, candidates } from './choose.js';
import { PLATFORM, binFolders, realPath } from './python.js';

export interface Surroundings {
  /** What the commands inherit. */
  readonly inherited: Readonly<Record<string, string>>;
  /** What the definition sets, over that. */
  readonly set: Readonly<Record<string, string>>;
  /** A folder for what has to be made; made when it is needed. Absolute. */
  readonly folder: string;
}

/** Variables over all others. None where the interpreter is the one that would be found anyway. */
export function pythonVariables(
  choice: Choice,
  { inherited, set, folder }: Surroundings,
): Record<string, string> {
  const { python, source } = choice;
  const asked = source === 'task' || source === 'pipeline' || source === 'project';
  const key = pathKey({ ...inherited, ...set });
  // Who sets a PATH and names no interpreter means that path.
  if (!asked && Object.keys(set).some((name) => name.toUpperCase() === 'PATH')) return {};
  const before = set[key] ?? inherited[key] ?? '';
  const folders = source === 'path' ? [] : binFolders(python);
  const shims = makeShims(choice, [...folders, before].join(path.delimiter), folder);
  const all = [...shims, ...folders];
  const variables: Record<string, string> =
    all.length === 0 ? {} : { [key]: [...all, ...(before === '' ? [] : [before])].join(path.delimiter) };
  if (source === 'path') return variables;
  const environment = { VIRTUAL_ENV: 'venv', CONDA_PREFIX: 'conda' } as const;
  for (const [name, kind] of Object.entries(environment)) {
    if (python.kind === kind && python.prefix !== undefined) variables[name] = python.prefix;
    // Set by another environment, it would lead tools there. Empty is the same as not set.
    else if (name === 'VIRTUAL_ENV' && inherited[name] !== undefined) variables[name] = '';
  }
  if (inherited['PYTHONHOME'] !== undefined && set['PYTHONHOME'] === undefined) variables['PYTHONHOME'] = '';
  return variables;
}

/** Windows writes it `Path`, and takes either. */
function pathKey(env: Readonly<Record<string, string>>): string {
  if (PLATFORM !== 'windows') return 'PATH';
  return Object.keys(env).findLast((name) => name.toUpperCase() === 'PATH') ?? 'Path';
}

/**
 * Scripts for those of the two names that lead nowhere, or elsewhere: beside `/opt/python3.11` lies a `python3` that is
 * another one. Not on Windows: a script of its shell that calls one ends there.
 */
function makeShims(choice: Choice, searched: string, folder: string): readonly string[] {
  if (PLATFORM === 'windows') return [];
  const { python, source } = choice;
  const key = JSON.stringify([python.path, source, searched, folder]);
  if (key === last.key && Date.now() - last.at < RECENT_MS) return last.shims;
  last = { key, at: Date.now(), shims: shimsFor(choice, searched, folder) };
  return last.shims;
}

/** Of the last task: those of a matrix begin one right after the other, and ask the same of the disk. */
let last: { readonly key: string; readonly at: number; readonly shims: readonly string[] } = {
  key: '',
  at: 0,
  shims: [],
};
const RECENT_MS = 1_000;

function shimsFor({ python, source }: Choice, searched: string, folder: string): readonly string[] {
  const real = realPath(python.path);
  const needed = ['python', 'python3'].filter((name) => {
    const [found] = candidates(name, { PATH: searched });
    if (found === undefined) return true;
    // What an environment has in it is its own, also where it is a copy.
    const own = python.kind !== 'plain' && path.dirname(found) === path.dirname(python.path);
    return source !== 'path' && !own && realPath(found) !== real;
  });
  if (needed.length === 0) return [];
  mkdirSync(folder, { recursive: true });
  for (const name of needed) {
    const script = `#!/bin/sh\nexec ${quoteWord(python.path)} "$@"\n`;
    writeFileSync(path.join(folder, name), script, { mode: 0o755 });
  }
  return [folder];
}
