/** Files that a shell command most likely reads: its script and what is handed to it. Guesses, to be checked against the disk. */

import { isOutside, normalizePath } from '../text/paths.js';
import { type Program, programOf, shellCommands } from '../shell/commands.js';

/** Programs that run the file that they are given. */
const INTERPRETER =
  /^(?:.*\/)?(?:python(?:\d(?:\.\d+)?)?|Rscript|node|deno|ruby|perl|julia|php|bash|sh|zsh|pwsh|papermill)$/;

/** Programs that find the file among options that take values. */
const LAUNCHER = /^(?:.*\/)?(?:torchrun|accelerate|deepspeed|pytest|streamlit|source|\.)$/;

/** Commands that make no file that a later one could run. */
const HARMLESS = /^(?:set|export|echo|printf|umask|ulimit|true|:)$/;

/** What a flag of such a name is followed by is written, not read. */
const WRITES =
  /^-{1,2}(?:o|out|output|out-?file|output-?file|out-?dir|save|save-?to|dest|destination|log|log-?file)$/i;

const PATH = /^(?!-)(?:\.\/)?[\w.@+-]+(?:\/[\w.@+-]+)*$/;

export interface CommandFiles {
  /** Normalized, relative to the folder that the script begins in, each once. */
  readonly files: readonly string[];
  /** The script that runs before anything could have made it: it has to be there. */
  readonly script?: string;
  /** Modules that Python runs by their names (`-m`). */
  readonly modules: readonly string[];
}

/** @param script as it is run; expressions of it replaced by something that is no path */
export function filesRead(script: string): CommandFiles {
  const files: string[] = [];
  const modules: string[] = [];
  let first: string | undefined;
  let untouched = true;
  let folder = '.';
  const here = (written: readonly string[]): string[] =>
    written.filter((file) => PATH.test(file)).map((file) => normalizePath(`${folder}/${file}`));
  for (const command of shellCommands(script)) {
    files.push(...here(command.read));
    const found = programOf(command);
    if (found?.program === 'cd' || found?.program === 'pushd') {
      const [to] = found.program === 'cd' && !script.includes('(') ? here(found.args) : [];
      // What follows runs nobody knows where.
      if (to === undefined || isOutside(to)) break;
      folder = to;
      continue;
    }
    if (found !== undefined && !HARMLESS.test(found.program)) {
      const reads = filesOf(found);
      files.push(...here(reads.files));
      if (folder === '.') modules.push(...reads.modules);
      if (untouched && !found.wrapped) [first] = here(reads.script === undefined ? [] : [reads.script]);
      untouched = false;
    }
    if (command.opensDocument) break;
  }
  return {
    files: [...new Set(files)],
    ...(first === undefined ? {} : { script: first }),
    modules: [...new Set(modules)],
  };
}

function filesOf({ program, args, wrapped }: Program): {
  readonly files: readonly string[];
  readonly modules: readonly string[];
  readonly script?: string;
} {
  const isScript =
    program.startsWith('./') || /^[\w.-]+\/.*\.\w+$/.test(program) || (wrapped && program.endsWith('.py'));
  const runs = INTERPRETER.test(program);
  if (!isScript && !runs && !LAUNCHER.test(program)) return { files: [], modules: [] };
  const isShell = /(?:^|\/)(?:ba|z)?sh$/.test(program);
  const files = isScript ? [program] : [];
  let script = isScript && /\.\w+$/.test(program) ? program : undefined;
  let options = runs;
  let skip = false;
  for (const [at, word] of args.entries()) {
    if (skip) {
      skip = false;
      continue;
    }
    // Code and modules instead of a file: what follows are their arguments, which nobody knows.
    if (word === '-m')
      return { files, modules: program.includes('python') ? args.slice(at + 1, at + 2) : [] };
    if (word === '-c' || (word === '-e' && !isShell)) break;
    if (word.startsWith('-')) {
      const [flag = '', value] = word.split('=', 2);
      if (WRITES.test(flag)) skip = value === undefined;
      else if (value !== undefined) files.push(value);
      continue;
    }
    if (options && /[\w-]\.[A-Za-z]\w*$/.test(word)) script = word;
    options = false;
    files.push(word);
  }
  return { files, modules: [], ...(script === undefined ? {} : { script }) };
}
