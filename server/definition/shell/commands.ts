/** A shell script as its simple commands, as far as that can be told by looking: for hints and no more. */

export interface ShellCommand {
  /** Without quotes. Assignments and programs that start another one included. */
  readonly words: readonly string[];
  /** What `<` gives it. */
  readonly read: readonly string[];
  /** A here-document follows: the next lines may be no commands. */
  readonly opensDocument: boolean;
}

/** What may stand in front of a program. */
const BEFORE =
  /^(?:\w+=.*|if|then|elif|else|do|while|until|time|exec|env|nice|nohup|command|xargs|srun|mpirun|sudo|timeout|run|call|start|!|\{|uv|poetry|pixi|conda)$/;

const TOKEN = /#[^\n]*|\d*[<>]{1,2}[&|]?|\|\||&&|[;&|()`\n]|"[^"\n]*"|'[^'\n]*'|[^\s;&|()`"'<>]+/g;

/** In the order of the text, without comments and what is written. */
export function shellCommands(script: string): readonly ShellCommand[] {
  interface Growing {
    readonly words: string[];
    readonly read: string[];
    opensDocument: boolean;
  }
  let command: Growing = { words: [], read: [], opensDocument: false };
  const commands = [command];
  let end = -1;
  let redirect: string | undefined;
  let words: string[] | undefined;
  for (const { 0: token, index } of script.replaceAll(/\\\r?\n/g, ' ').matchAll(TOKEN)) {
    const isGlued = index === end;
    end = index + token.length;
    if (token.startsWith('#') && !isGlued) continue;
    if (/^(?:[;&|()`\n]|&&|\|\|)$/.test(token)) {
      words = redirect = undefined;
      command = { words: [], read: [], opensDocument: false };
      commands.push(command);
    } else if (/^\d*[<>]/.test(token)) {
      command.opensDocument ||= token.includes('<<');
      words = undefined;
      redirect = token;
    } else {
      const word = /^(["']).*\1$/.test(token) ? token.slice(1, -1) : token;
      if (isGlued && words !== undefined) words.push(`${words.pop() ?? ''}${word}`);
      else {
        words = redirect === undefined ? command.words : redirect === '<' ? command.read : [];
        redirect = undefined;
        words.push(word);
      }
    }
  }
  return commands;
}

export interface Program {
  /** As it is written. */
  readonly program: string;
  readonly args: readonly string[];
  /** A condition, or a program that starts others, stands in front of it. */
  readonly wrapped: boolean;
}

/** What a command starts; nothing where it only sets variables. */
export function programOf({ words }: ShellCommand): Program | undefined {
  let wrapped = false;
  for (const [at, word] of words.entries()) {
    if (BEFORE.test(word)) wrapped ||= !/^\w+=/.test(word);
    // Options of what stands in front, and their numbers.
    else if (!wrapped || !/^(?:-|\d)/.test(word))
      return { program: word, args: words.slice(at + 1), wrapped };
  }
  return undefined;
}

const SHELL = /^(?:ba|da|k|z)?sh$/;

/** Quotes in quotes deeper than anybody writes them. */
const DEEPEST = 4;

/** The names of the programs that a script starts, without their folders; those in `bash -c "…"` and `"$(…)"` included. */
export function programNames(script: string): ReadonlySet<string> {
  const names = new Set<string>();
  let texts = [script];
  for (let depth = 0; depth < DEEPEST && texts.length > 0; depth++) {
    const inner: string[] = [];
    for (const command of texts.flatMap(shellCommands)) {
      inner.push(
        ...command.words
          .filter((word) => word.includes('$('))
          .map((word) => word.slice(word.indexOf('$(') + 2)),
      );
      const found = programOf(command);
      if (found === undefined) continue;
      const name = found.program.slice(
        Math.max(found.program.lastIndexOf('/'), found.program.lastIndexOf('\\')) + 1,
      );
      names.add(name);
      const option = SHELL.test(name) ? found.args.indexOf('-c') : -1;
      if (option !== -1) inner.push(...found.args.slice(option + 1, option + 2));
    }
    texts = inner;
  }
  return names;
}
