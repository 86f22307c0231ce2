/** Shells as programs of this machine: where they are, and how they are given a script. */
import path from 'node:path';
import { DEFAULT_SHELL, SCRIPT_FILE, type Shell, shellOf } from '../model/shells.js';
import { isProgram } from '../stores/folder.js';

const windows = process.platform === 'win32';

/** What the system takes for one variable, its name included, and for one argument (Linux; Windows takes less). */
export const LONGEST_VARIABLE = windows ? 32_767 : 128 * 1024 - 1;

/** Longer scripts lie in a file. */
const LONGEST_ARGUMENT = LONGEST_VARIABLE - 1024;

/** Where nobody says anything else. */
export const SYSTEM_SHELL = windows ? 'cmd' : DEFAULT_SHELL;

/** For commands that no task writes: the setup of a release. */
export const setupShell = (): Shell => shellOf(SYSTEM_SHELL);

/** Absolute path of a shell's program, or nothing where it is not installed. */
export function findShell(
  shell: Shell,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  for (const name of shell.programs) {
    if (name === 'sh' && !windows) return '/bin/sh';
    const found = findProgram(name, environment);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why a task's commands can't be run, as the end of a sentence. */
export function missingShell(shell: Shell): string {
  const [name = shell.written] = shell.programs;
  const other = shell.programs.length > 1 ? ` (nor ${shell.programs.slice(1).join(', ')})` : '';
  return `the shell "${name}" is not installed: it is not found in the PATH${other}. Install it, or choose another one with \`shell\``;
}

/** Absolute path of a program in the PATH of an environment, or nothing where it is not installed. */
export function findProgram(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const suffixes = windows ? ['', ...(environment['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')] : [''];
  const folders = /[/\\]/.test(name)
    ? ['']
    : (environment['PATH'] ?? environment['Path'] ?? '').split(path.delimiter).filter((one) => one !== '');
  for (const folder of folders) {
    for (const suffix of suffixes) {
      const file = `${folder === '' ? name : path.join(folder, name)}${suffix}`;
      if (isProgram(file)) return file;
    }
  }
  return undefined;
}

/** The arguments for a script; `file` is asked for one that has to lie in a file of its own. */
export function shellArguments(shell: Shell, script: string, file: (text: string) => string): string[] {
  const { inline } = shell;
  const fits = Buffer.byteLength(script) <= LONGEST_ARGUMENT;
  if (inline !== undefined && fits) return inline.map((word) => (word === SCRIPT_FILE ? script : word));
  const given = file(scriptFileText(shell, script));
  return shell.args.map((word) => word.replaceAll(SCRIPT_FILE, () => given));
}

/** As GitHub Actions writes it: what a shell has no option for stands in the script. */
function scriptFileText(shell: Shell, script: string): string {
  if (shell.written === 'pwsh') {
    const end = 'if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }';
    return `$ErrorActionPreference = 'stop'\n${script}\n${end}\n`;
  }
  if (shell.written === 'cmd') return `@echo off\r\n${script.replace(/\r?\n/g, '\r\n')}`;
  return script.endsWith('\n') ? script : `${script}\n`;
}
