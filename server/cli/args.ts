/** Reading a command's arguments, and a clear word about what is wrong with them. */
import { parseArgs } from 'node:util';
import { defined } from '../base/defined.js';

export interface Flag {
  readonly type: 'boolean' | 'string';
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly short?: string;
  /** The value may be left out; what follows is only taken for one when it looks like this. */
  readonly optional?: RegExp;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** Flags that every command takes. */
export const COMMON_FLAGS: Flags = {
  project: {
    type: 'string',
    value: 'DIR',
    help: 'The project, or a folder in it; without a modelyard.yaml that very folder. Default: the current folder.',
  },
  help: { type: 'boolean', short: 'h', help: 'Show this help.' },
};

export const JSON_FLAG: Flags = { json: { type: 'boolean', help: 'As JSON.' } };

export const DRY_FLAG: Flags = {
  dry: { type: 'boolean', help: 'Only say what it would do; change nothing.' },
};

/** Of what changes something that has a history. */
export const CHANGE_FLAGS: Flags = {
  ...JSON_FLAG,
  ...DRY_FLAG,
  reason: { type: 'string', value: 'TEXT', help: 'Why; goes into the history.' },
};

export class Arguments {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(positionals: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.positionals = positionals;
    this.#values = values;
  }

  /** Names of the flags that were given. */
  get given(): readonly string[] {
    return Object.keys(this.#values);
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of a flag; given several times, the last one. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === 'string' ? last : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.filter((item): item is string => typeof item === 'string');
  }

  /** Lists given as `a,b` or by repeating the flag. */
  list(name: string): readonly string[] {
    return this.texts(name)
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => text !== '');
  }
}

/** A wrong use of the command line: printed with the command's usage, exit code 2. */
export class UsageError extends Error {}

/**
 * @param options.own of the subcommand that is called: what a flag that nobody knows may have meant. Default: `flags`
 * @throws UsageError
 */
export function readArguments(
  command: string,
  flags: Flags,
  most: number,
  argv: readonly string[],
  { own = flags }: { readonly own?: Flags | undefined } = {},
): Arguments {
  const options = { ...flags, ...COMMON_FLAGS };
  const config = Object.fromEntries(
    Object.entries(options).map(([name, flag]) => [
      name,
      {
        type: flag.type,
        ...defined({ short: flag.short }),
        ...(flag.multiple === true ? { multiple: true } : {}),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: withOptionalValues(options, argv),
      options: config,
      allowPositionals: true,
      strict: true,
    });
    if (positionals.length > most) {
      throw new UsageError(`one argument too many: "${positionals[most] ?? ''}"`);
    }
    return new Arguments(positionals, values);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(explain(command, Object.keys({ ...own, ...COMMON_FLAGS }), error));
  }
}

/** `--resume` alone becomes `--resume=`: parseArgs knows no values that may be left out. */
function withOptionalValues(flags: Flags, argv: readonly string[]): string[] {
  const result: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') return [...result, ...argv.slice(index)];
    const optional = word.startsWith('--') ? flags[word.slice(2)]?.optional : undefined;
    const next = argv[index + 1];
    if (optional === undefined) result.push(word);
    else if (next !== undefined && optional.test(next)) {
      result.push(`${word}=${next}`);
      index++;
    } else result.push(`${word}=`);
  }
  return result;
}

function explain(command: string, known: readonly string[], error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, flag, problem] =
    /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' (argument missing|argument is ambiguous|does not take an argument)/.exec(
      message,
    ) ?? [];
  if (flag !== undefined)
    return problem === 'does not take an argument' ? `${flag} takes no value` : `${flag} takes a value`;
  const unknown = /^Unknown option '(-{1,2}[^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return message.split('. ')[0] ?? message;
  const like = closest(unknown.replace(/^-+/, ''), known);
  const hint = like === undefined ? '' : ` Did you mean --${like}?`;
  return `"${unknown}" is not a flag of modelyard ${command}.${hint}`;
}

/** The word among the candidates that is likely meant, if any is near. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = candidate.startsWith(word) && word.length > 1 ? 1 : editDistance(word, candidate);
    if (
      distance <= Math.max(1, Math.floor(candidate.length / 3)) &&
      distance < (best?.distance ?? Infinity)
    ) {
      best = { word: candidate, distance };
    }
  }
  return best?.word;
}

/** What to say of a word that is none of the subcommands of a command. */
export function noSubcommand(command: string, word: string, known: readonly string[]): string {
  const like = closest(word, known);
  return `there is no "${command} ${word}"${like === undefined ? '' : `; did you mean "${like}"?`} (${known.join(', ')})`;
}

/** Insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** @throws UsageError when it isn't a whole number of at least `least` */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} takes a whole number of at least ${least}, not "${text}"`);
  }
  return value;
}
