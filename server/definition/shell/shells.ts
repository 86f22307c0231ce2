/**
 * Which program runs the commands of a task, as GitHub Actions has it: by name, by a command with `{0}` in the place of the
 * script's file, or by the script's own first line (`#!…`).
 */

import type { Pipeline, Task } from '../definition.js';

/** What a value has to be quoted for. `other`: nothing is known of it. */
export type ScriptLanguage = 'shell' | 'python' | 'javascript' | 'powershell' | 'cmd' | 'other';

export interface Shell {
  /** As it is written, or the name of the default. */
  readonly written: string;
  readonly language: ScriptLanguage;
  /** The first one that is installed. */
  readonly programs: readonly string[];
  /** `{0}` stands for the script's file. */
  readonly args: readonly string[];
  /** For a script that fits into an argument: `{0}` stands for its text, and no file is needed. */
  readonly inline?: readonly string[];
  /** Of the script's file, with its dot. */
  readonly extension: string;
  /** A command that fails ends the script. */
  readonly stops: boolean;
  /** A pipe fails where any of its commands does. */
  readonly pipefail: boolean;
}

export const SHELL_NAMES = ['sh', 'bash', 'zsh', 'python', 'node', 'pwsh', 'cmd'] as const;
export type ShellName = (typeof SHELL_NAMES)[number];

export const DEFAULT_SHELL: ShellName = 'sh';

/** What stands for the script's file in a shell's command. */
export const SCRIPT_FILE = '{0}';

const POSIX = { language: 'shell', extension: '.sh', stops: true } as const;
const BASH_OPTIONS = ['--noprofile', '--norc', '-eo', 'pipefail'];
const ZSH_OPTIONS = ['-f', '-e', '-o', 'pipefail'];
/** Reads the script from its file as if it were the argument: modules are found from the working directory. */
const NODE_FILE = 'eval(require("node:fs").readFileSync(process.argv[1],"utf8"))';

const SHELLS: Readonly<Record<ShellName, Omit<Shell, 'written'>>> = {
  sh: {
    ...POSIX,
    programs: ['sh'],
    args: ['-e', SCRIPT_FILE],
    inline: ['-e', '-c', SCRIPT_FILE],
    pipefail: false,
  },
  bash: {
    ...POSIX,
    programs: ['bash'],
    args: [...BASH_OPTIONS, SCRIPT_FILE],
    inline: [...BASH_OPTIONS, '-c', SCRIPT_FILE],
    pipefail: true,
  },
  zsh: {
    ...POSIX,
    programs: ['zsh'],
    args: [...ZSH_OPTIONS, SCRIPT_FILE],
    inline: [...ZSH_OPTIONS, '-c', SCRIPT_FILE],
    pipefail: true,
  },
  python: {
    language: 'python',
    programs: ['python', 'python3'],
    args: [SCRIPT_FILE],
    extension: '.py',
    stops: true,
    pipefail: true,
  },
  node: {
    language: 'javascript',
    programs: ['node'],
    args: ['-e', NODE_FILE, SCRIPT_FILE],
    inline: ['-e', SCRIPT_FILE],
    extension: '.cjs',
    stops: true,
    pipefail: true,
  },
  pwsh: {
    language: 'powershell',
    programs: ['pwsh'],
    args: ['-command', `. '${SCRIPT_FILE}'`],
    extension: '.ps1',
    stops: true,
    pipefail: true,
  },
  cmd: {
    language: 'cmd',
    programs: ['cmd.exe', 'cmd'],
    args: ['/D', '/E:ON', '/V:OFF', '/S', '/C', `CALL "${SCRIPT_FILE}"`],
    extension: '.cmd',
    stops: false,
    pipefail: false,
  },
};

/** The shell of these words; a name that is not known is a program that takes the script's file. */
export function shellOf(written: string): Shell {
  const name = SHELL_NAMES.find((one) => one === written.trim());
  if (name !== undefined) return { written: name, ...SHELLS[name] };
  const words = splitWords(written);
  const [program = '', ...args] = words;
  return program === '' ? shellOf(DEFAULT_SHELL) : custom(written.trim(), program, args);
}

/**
 * The shell that a script's own first line asks for, as the kernel reads it: a program and at most one argument. A plain
 * `#!/bin/bash` is that program with the options of `shell: bash`, so that a failure there is a failure as well.
 */
export function shebangOf(script: string): Shell | undefined {
  const match = /^#![ \t]*([^ \t\r\n]+)[ \t]*([^\r\n]*)/.exec(script);
  if (match?.[1] === undefined) return undefined;
  const program = match[1];
  const argument = (match[2] ?? '').trim();
  const written = `${program}${argument === '' ? '' : ` ${argument}`}`;
  const plain = argument === '' ? baseName(program) : /^\S*\/env$/.test(program) ? argument : '';
  const known = SHELL_NAMES.find((name) => name === plain && SHELLS[name].language === 'shell');
  if (known !== undefined) {
    const programs = argument === '' ? [program] : [argument];
    return { written, ...SHELLS[known], programs };
  }
  return custom(written, program, [...(argument === '' ? [] : [argument]), SCRIPT_FILE]);
}

function custom(written: string, program: string, args: readonly string[]): Shell {
  const words = [program, ...args].flatMap((word) => word.split(/\s+/));
  const before = words.slice(0, Math.max(1, words.indexOf(SCRIPT_FILE)));
  const language = before.map(languageOf).findLast((one) => one !== undefined) ?? 'other';
  const extension = {
    shell: '.sh',
    python: '.py',
    javascript: '.cjs',
    powershell: '.ps1',
    cmd: '.cmd',
    other: '',
  };
  return {
    written,
    language,
    programs: [program],
    args,
    extension: extension[language],
    ...(language === 'shell' ? optionsOf(before) : { stops: true, pipefail: true }),
  };
}

function optionsOf(words: readonly string[]): Pick<Shell, 'stops' | 'pipefail'> {
  const short = words.filter((word) => /^-[A-Za-z]+$/.test(word));
  return {
    stops: short.some((word) => word.includes('e')) || words.includes('errexit'),
    pipefail: words.includes('pipefail'),
  };
}

function languageOf(word: string): ScriptLanguage | undefined {
  const name = baseName(word).replace(/\.exe$/i, '');
  if (/^(sh|ash|dash|bash|ksh|mksh|zsh)$/.test(name)) return 'shell';
  if (/^(python|pypy)[0-9.]*$/.test(name)) return 'python';
  if (/^(node|nodejs|bun|deno)$/.test(name)) return 'javascript';
  if (/^(pwsh|powershell)$/i.test(name)) return 'powershell';
  return undefined;
}

function baseName(program: string): string {
  return program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1);
}

/** Words of a command line; quotes keep blanks together. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''));
}

/**
 * The shell that DVC takes, whose own configuration has no say.
 * @param wanted `$SHELL`
 */
export function stageShell(wanted: string | undefined): Shell {
  const program = wanted === undefined || wanted === '' ? '/bin/sh' : wanted;
  const options =
    { bash: ['--noprofile', '--norc'], zsh: ['--no-rcs'] }[baseName(program).toLowerCase()] ?? [];
  return {
    written: program,
    language: 'shell',
    extension: '.sh',
    stops: false,
    pipefail: false,
    programs: [program],
    args: [...options, SCRIPT_FILE],
    inline: [...options, '-c', SCRIPT_FILE],
  };
}

/** Who says what runs a task: the task, its commands' first line, its pipeline, the project; else `sh`. */
export function shellOfTask(
  task: Pick<Task, 'action' | 'shell'>,
  pipeline: Pick<Pipeline, 'shell'>,
  project: string = DEFAULT_SHELL,
): Shell {
  if (task.shell !== undefined) return shellOf(task.shell.value);
  const script = task.action?.kind === 'run' ? (task.action.commands[0]?.text ?? '') : '';
  return shebangOf(script) ?? shellOf(pipeline.shell?.value ?? project);
}
