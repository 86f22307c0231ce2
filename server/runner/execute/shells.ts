/** Shells as programs of this machine: where they are, and how they are given a script. */
import path from 'node:path';
import {
  DEFAULT_SHELL,
  SCRIPT_FILE,
  type Shell,
  type ShellName,
  shellOf,
} from '../../definition/shell/shells.js';
import { isProgram } from '../../stores/disk/folder.js';

const windows = process.platform === 'win32';

/** What the system takes for one variable, its name included, and for one argument (Linux; Windows takes less). */
export const LONGEST_VARIABLE = windows ? 32_767 : 128 * 1024 - 1;

/** Longer scripts lie in a file. */
const LONGEST_ARGUMENT = LONGEST_VARIABLE - 1024;

let chosen: ShellName | undefined;

/** Where nobody says anything else: on Windows Git's, so that commands mean there what they mean elsewhere, or else `cmd`. */
export function systemShell(): ShellName {
  chosen ??= !windows || findShell(shellOf(DEFAULT_SHELL), process.env) !== undefined ? DEFAULT_SHELL : 'cmd';
  return chosen;
}

/** For commands that no task writes: the setup of a release. */
export const setupShell = (): Shell => shellOf(systemShell());

/**
 * Where Git for Windows has its shells: beside the `git` of the PATH (`cmd/git.exe`, `bin/git.exe`), or where its installer
 * puts it. It has no shell in the PATH of Windows, unless someone asked for that.
 */
export function gitShellFolders(
  git: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const { ProgramFiles: programs, LOCALAPPDATA: local } = environment;
  const homes = [
    git === undefined ? undefined : path.win32.dirname(path.win32.dirname(git)),
    programs === undefined ? undefined : path.win32.join(programs, 'Git'),
    local === undefined ? undefined : path.win32.join(local, 'Programs', 'Git'),
  ].filter((home) => home !== undefined);
  return homes.flatMap((home) => [path.win32.join(home, 'bin'), path.win32.join(home, 'usr', 'bin')]);
}

/** Absolute path of a shell's program, or nothing where it is not installed. */
export function findShell(
  shell: Shell,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  for (const name of shell.programs) {
    if (name === 'sh' && !windows) return '/bin/sh';
    const found =
      windows && (name === 'sh' || name === 'bash')
        ? posixShell(name, environment)
        : findProgram(name, environment);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The `bash.exe` of Windows itself is that of a Linux, which has other files and other programs. */
const OF_LINUX = /[\\/](?:system32|windowsapps)[\\/][^\\/]+$/i;

function posixShell(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const found = findProgram(name, environment);
  if (found !== undefined && !OF_LINUX.test(found)) return found;
  return gitShellFolders(findProgram('git', environment), environment)
    .map((folder) => path.win32.join(folder, `${name}.exe`))
    .find(isProgram);
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
  // Without a suffix lie scripts for other systems beside those for Windows: `npm` beside `npm.cmd`.
  const bare = windows && path.win32.extname(name) === '';
  const suffixes = bare ? (environment['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';') : [''];
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

/**
 * What a `cmd` script says beyond ASCII. A batch file is read in the code page of the machine, or of nobody knows which
 * console; variables are read as they are, and no character of these means anything to `cmd`.
 */
const NOT_ASCII = /\P{ASCII}+/gu;

/** The arguments for a script, and the variables that it needs; `file` is asked for one that has to lie in a file of its own. */
export function shellArguments(
  shell: Shell,
  script: string,
  file: (text: string) => string,
): { readonly args: string[]; readonly env: Readonly<Record<string, string>> } {
  const { inline } = shell;
  const env: Record<string, string> = {};
  const fits = Buffer.byteLength(script) <= LONGEST_ARGUMENT;
  if (inline !== undefined && fits) {
    return { args: inline.map((word) => (word === SCRIPT_FILE ? script : word)), env };
  }
  const given = file(
    scriptFileText(shell, script, (index, text) => {
      const name = `MODELYARD_TEXT_${index}`;
      env[name] = text;
      return name;
    }),
  );
  return { args: shell.args.map((word) => word.replaceAll(SCRIPT_FILE, () => given)), env };
}

/** As GitHub Actions writes it: what a shell has no option for stands in the script. */
function scriptFileText(
  shell: Shell,
  script: string,
  variable: (index: number, text: string) => string,
): string {
  if (shell.written === 'pwsh') {
    const end = 'if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }';
    return `$ErrorActionPreference = 'stop'\n${script}\n${end}\n`;
  }
  if (shell.language === 'cmd') {
    let names = 0;
    const named = script.replace(NOT_ASCII, (text) => `%${variable(names++, text)}%`);
    return `@echo off\r\n${named.replace(/\r?\n/g, '\r\n')}`;
  }
  return script.endsWith('\n') ? script : `${script}\n`;
}
