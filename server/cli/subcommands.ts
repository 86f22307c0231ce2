/** Commands that are several: `modelyard models list`. */
import { type Arguments, type Flag, type Flags, COMMON_FLAGS, UsageError, noSubcommand } from './args.js';
import type { Command } from './command.js';
import { projectRoot } from './load/locate.js';
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
  /** Only say what would be done. */
  readonly dry: boolean;
}

/** `C`: what the subcommands of one command are called with. */
export interface SubcommandOf<C extends ProjectCall> {
  /** After `modelyard` and the command. */
  readonly usage: string;
  readonly summary: string;
  /** All that it takes; any other is refused, also where a sibling knows it. */
  readonly flags: Flags;
  /** So many words have to follow. */
  readonly least: number;
  readonly most: number;
  /** Gives the exit code. */
  run(call: C): number | Promise<number>;
}

export type Subcommands<C extends ProjectCall> = Readonly<Record<string, SubcommandOf<C>>>;

/**
 * The command whose first argument names a subcommand, `list` where there is none.
 * @param open what this command's subcommands are called with beside what all are
 */
export function family<C extends ProjectCall>(options: {
  readonly name: string;
  readonly summary: string;
  /** Instead of the names of all subcommands. */
  readonly usage?: string;
  readonly details: string;
  readonly examples: Command['examples'];
  readonly subcommands: Subcommands<C>;
  readonly open: (call: ProjectCall) => C;
}): Command {
  const { name, subcommands, open } = options;
  const all = Object.values(subcommands);
  return {
    name,
    summary: options.summary,
    usage: options.usage ?? `${name} ${Object.keys(subcommands).join('|')} [arguments] [flags]`,
    details: options.details,
    examples: options.examples,
    subcommands,
    flags: united(all.map(({ flags }) => flags)),
    most: 1 + Math.max(...all.map(({ most }) => most)),
    run: async (args) => runSubcommand(name, subcommands, args, open),
  };
}

/** What the command line is read by before the subcommand is known: a flag that one of them repeats may be repeated. */
function united(all: readonly Flags[]): Flags {
  const flags: Record<string, Flag> = {};
  for (const [name, flag] of all.flatMap((one) => Object.entries(one)))
    if (flags[name]?.multiple !== true) flags[name] = flag;
  return flags;
}

/** @throws UsageError where there is no such subcommand, or where it takes other words or flags */
async function runSubcommand<C extends ProjectCall>(
  name: string,
  subcommands: Subcommands<C>,
  args: Arguments,
  open: (call: ProjectCall) => C,
): Promise<number> {
  const [word = 'list', ...words] = args.positionals;
  const subcommand = Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
  if (subcommand === undefined) {
    if (args.positionals.length === 0)
      throw new UsageError(`modelyard ${name} takes one of ${Object.keys(subcommands).join(', ')}`);
    throw new UsageError(noSubcommand(name, word, Object.keys(subcommands)));
  }
  const known = { ...subcommand.flags, ...COMMON_FLAGS };
  const unknown = args.given.find((flag) => !Object.hasOwn(known, flag));
  if (unknown !== undefined) {
    const takers = Object.keys(subcommands).filter((one) => subcommands[one]?.flags[unknown] !== undefined);
    throw new UsageError(
      `"--${unknown}" is not a flag of modelyard ${name} ${word}; it belongs to ${takers.join(', ')}`,
    );
  }
  const { least, most, usage } = subcommand;
  if (words.length < least) throw new UsageError(`usage: modelyard ${name} ${usage}`);
  if (words.length > most) throw new UsageError(`one argument too many: "${words[most] ?? ''}"`);
  return subcommand.run(
    open({
      args,
      words,
      root: projectRoot(args),
      style: styleFor(wantsColours(process.stdout.isTTY)),
      json: args.flag('json'),
      dry: args.flag('dry'),
    }),
  );
}
