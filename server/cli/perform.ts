/** From the arguments of the process to a command and its exit code. */
import { defined } from '../base/defined.js';
import { UsageError, closest, readArguments } from './args.js';
import { CommandError, type Commands } from './command.js';
import { EXIT, stderr } from './output.js';
import { describeFileError, errorCode } from '../stores/disk/problem.js';

async function command(commands: Commands, argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === 'help' && rest.includes('--man'))
    return (await import('./commands/man.js')).manual(commands, rest);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const { help } = await import('./commands/help.js');
    return help(commands, name === 'help' ? rest : [], name === undefined);
  }
  const called = name === '--version' || name === '-v' ? 'version' : name;
  const load = Object.hasOwn(commands, called) ? commands[called] : undefined;
  if (load === undefined) {
    const like = closest(name, Object.keys(commands));
    stderr.line(
      `modelyard: there is no command "${name}"${like === undefined ? '' : `; did you mean "${like}"?`}`,
    );
    stderr.line(`Commands: ${[...Object.keys(commands), 'help'].join(', ')}`);
    return EXIT.usage;
  }
  const found = await load();
  const [word = ''] = rest;
  const own = found.subcommands !== undefined && Object.hasOwn(found.subcommands, word) ? word : undefined;
  const args = readArguments(
    own === undefined ? found.name : `${found.name} ${own}`,
    found.flags,
    found.most,
    rest,
    {
      own: own === undefined ? undefined : found.subcommands?.[own]?.flags,
    },
  );
  if (args.flag('help')) {
    const { help } = await import('./commands/help.js');
    return help(commands, [found.name, ...args.positionals.slice(0, 1)], false);
  }
  if (args.positionals.length < (found.least ?? 0)) throw new UsageError(`usage: modelyard ${found.usage}`);
  return found.run(args);
}

/** What the system refuses is no fault of the program. */
const DENIED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

/** Runs the one of the commands that the arguments name, and sets the exit code. Never rejects. */
export async function perform(commands: Commands): Promise<void> {
  process.exitCode = await runCommand(commands, process.argv.slice(2));
}

/** Runs the one of the commands that the arguments name; what goes wrong is told. Gives the exit code, and never rejects. */
export async function runCommand(commands: Commands, argv: readonly string[]): Promise<number> {
  try {
    return await command(commands, argv);
  } catch (error) {
    const failure = failureOf(error);
    stderr.line(`modelyard: ${failure.told ?? failure.message}`);
    if (error instanceof UsageError) stderr.line(`See \`modelyard help${await helpTopic(commands, argv)}\`.`);
    if (argv.includes('--json')) {
      const { answerFailure } = await import('./answers.js');
      const { exitCode, message, findings } = failure;
      answerFailure({ error: { exitCode, message, ...defined({ findings }) } });
    }
    return failure.exitCode;
  }
}

interface Told {
  readonly exitCode: number;
  readonly message: string;
  /** What a person reads, where that is more. */
  readonly told?: string;
  readonly findings?: CommandError['findings'];
}

function failureOf(error: unknown): Told {
  if (error instanceof UsageError) return { exitCode: EXIT.usage, message: error.message };
  if (error instanceof CommandError) return error;
  if (DENIED.has(errorCode(error) ?? '')) return { exitCode: EXIT.failed, message: describeFileError(error) };
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: EXIT.failed,
    message: error instanceof Error ? error.message : String(error),
    told: `something went wrong that should not have. Please report this:\n${told}`,
  };
}

/** The command, and its subcommand where there is one, that the arguments name. */
async function helpTopic(commands: Commands, [name = '', word = '']: readonly string[]): Promise<string> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) return '';
  return Object.hasOwn((await load()).subcommands ?? {}, word) ? ` ${name} ${word}` : ` ${name}`;
}
