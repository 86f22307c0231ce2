/** Commands that are several: `modelyard models list`. */
import { type Arguments, UsageError, closest } from './args.js';
import { projectRoot } from './locate.js';
import { type Style, styleFor, wantsColours } from './terminal/style.js';

/** One call of a subcommand in a project. */
export interface ProjectCall {
  readonly args: Arguments;
  /** Arguments after the subcommand. */
  readonly words: readonly string[];
  /** Absolute, of the project. */
  readonly root: string;
  readonly style: Style;
  readonly json: boolean;
}

/** `C`: what the subcommands of one command are called with. */
export interface SubcommandOf<C extends ProjectCall> {
  /** After `modelyard` and the command. */
  readonly usage: string;
  readonly summary: string;
  /** So many words have to follow. */
  readonly least: number;
  readonly most: number;
  /** Gives the exit code. */
  run(call: C): number | Promise<number>;
}

export type Subcommands<C extends ProjectCall> = Readonly<Record<string, SubcommandOf<C>>>;

/** What the help of the command says of each: two lines. */
export function describeSubcommands<C extends ProjectCall>(
  name: string,
  subcommands: Subcommands<C>,
): string {
  return Object.values(subcommands)
    .map(({ usage, summary }) => `  ${name} ${usage}\n      ${summary}`)
    .join('\n');
}

/** What is wrong where no subcommand is called so, with the one that may have been meant. */
export function noSubcommand(name: string, word: string, names: readonly string[]): UsageError {
  const like = closest(word, names);
  return new UsageError(
    `there is no "${name} ${word}"${like === undefined ? '' : `; did you mean "${like}"?`} (${names.join(', ')})`,
  );
}

/**
 * Runs the subcommand that the first argument names, `list` where there is none.
 * @param more what this command's subcommands are called with beside what all are
 * @throws UsageError where there is no such subcommand, or too few or too many words follow it
 */
export async function runSubcommand<C extends ProjectCall>(
  name: string,
  subcommands: Subcommands<C>,
  args: Arguments,
  more: (call: ProjectCall) => C,
): Promise<number> {
  const [word = 'list', ...words] = args.positionals;
  const subcommand = Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
  if (subcommand === undefined) {
    throw noSubcommand(name, word, Object.keys(subcommands));
  }
  if (words.length < subcommand.least || words.length > subcommand.most) {
    throw new UsageError(`usage: modelyard ${name} ${subcommand.usage}`);
  }
  return subcommand.run(
    more({
      args,
      words,
      root: projectRoot(args),
      style: styleFor(wantsColours(process.stdout.isTTY)),
      json: args.flag('json'),
    }),
  );
}
