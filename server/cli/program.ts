/**
 * What the `modelyard` command does. Each command is a module that is evaluated only when it is asked for: starting a run must
 * not cost what checking a definition costs.
 */
import { UsageError, closest, readArguments } from './args.js';
import { CommandError, type Command } from './command.js';
import { EXIT, stderr, stdout } from './output.js';

/** By name, in the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  lint: async () => (await import('./commands/lint.js')).lint,
  plan: async () => (await import('./commands/plan.js')).plan,
  run: async () => (await import('./commands/run.js')).run,
  status: async () => (await import('./commands/status.js')).status,
  runs: async () => (await import('./commands/runs.js')).runs,
  approve: async () => (await import('./commands/approve.js')).approve,
  reject: async () => (await import('./commands/approve.js')).reject,
  approvals: async () => (await import('./commands/approvals.js')).approvals,
  features: async () => (await import('./commands/features.js')).features,
  models: async () => (await import('./commands/models.js')).models,
  service: async () => (await import('./commands/service.js')).service,
  packages: async () => (await import('./commands/packages.js')).packages,
  deploy: async () => (await import('./commands/deploy.js')).deploy,
  releases: async () => (await import('./commands/releases.js')).releases,
  graph: async () => (await import('./commands/graph.js')).graph,
  gc: async () => (await import('./commands/gc.js')).gc,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  schema: async () => (await import('./commands/schema.js')).schema,
  version: async () => (await import('./commands/version.js')).version,
};

async function command(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const { help } = await import('./commands/help.js');
    return help(COMMANDS, name === 'help' ? rest : [], name === undefined);
  }
  const load = COMMANDS[name === '--version' || name === '-v' ? 'version' : name];
  if (load === undefined) {
    const like = closest(name, Object.keys(COMMANDS));
    stderr.line(
      `modelyard: there is no command "${name}"${like === undefined ? '' : `; did you mean "${like}"?`}`,
    );
    stderr.line(`Commands: ${[...Object.keys(COMMANDS), 'help'].join(', ')}`);
    return EXIT.usage;
  }
  const found = await load();
  const args = readArguments(found.name, found.flags, found.most, rest);
  if (args.flag('help')) {
    const { helpOn } = await import('./commands/help.js');
    stdout.write(helpOn(found));
    return EXIT.ok;
  }
  return found.run(args);
}

/** Runs the command that the arguments name and sets the exit code. Never rejects. */
export async function main(): Promise<void> {
  try {
    process.exitCode = await command(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.line(`modelyard: ${error.message}`);
      stderr.line(`See \`modelyard help${helpTopic(process.argv[2])}\`.`);
      process.exitCode = EXIT.usage;
    } else if (error instanceof CommandError) {
      stderr.line(`modelyard: ${error.message}`);
      process.exitCode = error.exitCode;
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      stderr.line(`modelyard: something went wrong that should not have. Please report this:\n${text}`);
      process.exitCode = EXIT.failed;
    }
  }
}

function helpTopic(name: string | undefined): string {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? ` ${name}` : '';
}
