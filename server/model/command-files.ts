/** Files that a shell command most likely reads: its script and what is handed to it. Guesses, to be checked against the disk. */

/** Programs that run the file that they are given. */
const INTERPRETER =
  /^(?:.*\/)?(?:python(?:\d(?:\.\d+)?)?|Rscript|node|deno|ruby|perl|julia|php|bash|sh|zsh|pwsh|make|papermill)$/;

/** Between commands of a line. Pipes hand output on; what follows them is a command of its own. */
const SEPARATOR = /&&|\|\||[;|&]/;

/** What a flag of such a name is followed by is written, not read. */
const WRITES =
  /^-{1,2}(?:o|out|output|out-?file|output-?file|out-?dir|save|save-?to|dest|destination|log|log-?file)$/i;

const PATH = /^(?:\.\/)?[\w.@+-]+(?:\/[\w.@+-]+)*$/;

/**
 * @param script as it is run; expressions of it replaced by something that is no path
 * @returns paths as they are written, without `./` in front, each once
 */
export function filesRead(script: string): readonly string[] {
  const found = new Set<string>();
  for (const line of script.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    if (/<<|^\s*#/.test(line)) {
      // What follows a here-document is no command: nothing is said of such scripts.
      if (line.includes('<<')) return [...found];
      continue;
    }
    for (const command of line.split(SEPARATOR)) for (const file of filesOf(command)) found.add(file);
  }
  return [...found];
}

function filesOf(command: string): readonly string[] {
  const words = command
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^(['"])(.*)\1$/, '$2'))
    .filter((word) => word !== '');
  // `NAME=value` in front of a command, and programs that start another one.
  let at = 0;
  while (/^(?:\w+=.*|env|exec|time|nice|nohup|uv|poetry|run|sudo)$/.test(words[at] ?? '')) at += 1;
  const [program = '', ...rest] = words.slice(at);
  const isScript = program.startsWith('./') || /^[\w.-]+\/.*\.\w+$/.test(program);
  if (!isScript && !INTERPRETER.test(program)) return [];
  const files = isScript ? [program] : [];
  let skip = false;
  for (const word of rest) {
    if (/^\d?>/.test(word)) {
      skip = /^\d?>{1,2}$/.test(word);
      continue;
    }
    if (skip) {
      skip = false;
      continue;
    }
    // Code and modules instead of a file: what follows are their arguments, which nobody knows.
    if (word === '-c' || word === '-m' || word === '-e') break;
    if (word.startsWith('-')) {
      const [flag = '', value] = word.split('=', 2);
      if (WRITES.test(flag)) skip = value === undefined;
      else if (value !== undefined) files.push(value);
      continue;
    }
    files.push(word);
  }
  return files.filter((file) => PATH.test(file)).map((file) => file.replace(/^\.\//, ''));
}
