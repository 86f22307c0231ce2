/** From the arguments of the process to a command and its exit code. */
import { UsageError, closest, readArguments } from './args.js';
import { CommandError, type Command } from './command.js';
import { EXIT, stderr, stdout } from './output.js';
import { describeFileError, errorCode } from '../stores/problem.js';

/** By name, in the order of the help. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

async function command(commands: Commands, argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const { help } = await import('./commands/help.js');
    return help(commands, name === 'help' ? rest : [], name === undefined);
  }
  const load = commands[name === '--version' || name === '-v' ? 'version' : name];
  if (load === undefined) {
    const like = closest(name, Object.keys(commands));
    stderr.line(
      `modelyard: there is no command "${name}"${like === undefined ? '' : `; did you mean "${like}"?`}`,
    );
    stderr.line(`Commands: ${[...Object.keys(commands), 'help'].join(', ')}`);
    return EXIT.usage;
  }
  const found = await load();
  const args = readArguments(found.name, found.flags, found.most, rest);
  if (args.flag('help')) {
    const { helpOn } = await import('./commands/help.js');
    stdout.write(helpOn(found, args.positionals[0]));
    return EXIT.ok;
  }
  return found.run(args);
}

/** What the system refuses is no fault of the program. */
const DENIED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

/** Runs the one of the commands that the arguments name and sets the exit code. Never rejects. */
export async function perform(commands: Commands): Promise<void> {
  try {
    process.exitCode = await command(commands, process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.line(`modelyard: ${error.message}`);
      stderr.line(`See \`modelyard help${helpTopic(commands, process.argv[2])}\`.`);
      process.exitCode = EXIT.usage;
    } else if (error instanceof CommandError) {
      stderr.line(`modelyard: ${error.message}`);
      process.exitCode = error.exitCode;
    } else if (DENIED.has(errorCode(error) ?? '')) {
      stderr.line(`modelyard: ${describeFileError(error)}`);
      process.exitCode = EXIT.failed;
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      stderr.line(`modelyard: something went wrong that should not have. Please report this:\n${text}`);
      process.exitCode = EXIT.failed;
    }
  }
}

function helpTopic(commands: Commands, name: string | undefined): string {
  return name !== undefined && Object.hasOwn(commands, name) ? ` ${name}` : '';
}
