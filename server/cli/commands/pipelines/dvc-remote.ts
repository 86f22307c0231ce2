/** `modelyard dvc pull | push | fetch`: what needs a remote is done by the DVC that is installed, in this terminal. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Pythons, candidates } from '../../../python/choose.js';
import { binFolders } from '../../../python/python.js';
import { type Arguments, type Flags, wholeNumber } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT } from '../../output.js';
import type { ProjectCall, SubcommandOf, Subcommands } from '../../subcommands.js';

/** As DVC has them: each is handed on as it is. */
const FLAGS: Flags = {
  remote: { type: 'string', short: 'r', value: 'NAME', help: 'Which remote. Default: that of core.remote.' },
  jobs: { type: 'string', short: 'j', value: 'N', help: 'So many files at the same time.' },
  'with-deps': { type: 'boolean', short: 'd', help: 'Also what a target depends on.' },
  recursive: { type: 'boolean', short: 'R', help: 'A target may be a folder: all that lies below it.' },
  glob: { type: 'boolean', help: 'Targets are patterns.' },
  'run-cache': { type: 'boolean', help: 'Also what stages came to earlier.' },
  'all-branches': { type: 'boolean', short: 'a', help: 'Of all branches.' },
  'all-tags': { type: 'boolean', short: 'T', help: 'Of all tags.' },
  'all-commits': { type: 'boolean', short: 'A', help: 'Of all commits.' },
};

const PULL: Flags = {
  ...FLAGS,
  force: {
    type: 'boolean',
    short: 'f',
    help: 'Do it although something would be replaced or taken as it is.',
  },
  'allow-missing': { type: 'boolean', help: 'Go on where the remote lacks something.' },
};

export const REMOTE_SUBCOMMANDS: Subcommands<ProjectCall> = {
  pull: handedOn('pull', 'Brings data from a remote into the cache and the workspace. DVC does it.', PULL),
  fetch: handedOn('fetch', 'Brings data from a remote into the cache. DVC does it.', FLAGS),
  push: handedOn('push', 'Takes data from the cache to a remote. DVC does it.', FLAGS),
};

function handedOn(name: string, summary: string, flags: Flags): SubcommandOf<ProjectCall> {
  return {
    usage: `${name} [TARGET …] [--remote NAME]`,
    summary,
    flags,
    least: 0,
    most: 100,
    run: (call) => runDvc(call, [name, ...given(call.args, flags), ...targets(call.words)]),
  };
}

function given(args: Arguments, flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, { value: kind }]) => [
    ...(args.flag(name) ? [`--${name}`] : []),
    ...args.texts(name).map((text) => `--${name}=${kind === 'N' ? wholeNumber(name, text, 1) : text}`),
  ]);
}

function targets(words: readonly string[]): readonly string[] {
  return words.length === 0 ? [] : ['--', ...words];
}

/** @returns 0, or 1 where DVC says that it did not work @throws CommandError where there is no DVC, or nothing of its own */
async function runDvc({ root }: ProjectCall, args: readonly string[]): Promise<number> {
  if (!existsSync(path.join(root, '.dvc')))
    throw new CommandError(
      `${root} is no DVC project, it has no folder .dvc: run \`dvc init\` there, or name the project with --project`,
      EXIT.usage,
    );
  const program = programOf(root);
  if (program === undefined)
    throw new CommandError(
      `\`dvc ${args.filter((one) => one !== '--').join(' ')}\` needs DVC, which is neither in the Python of the project nor in the PATH: \`pip install dvc\`, with the extra for its remote, as in \`pip install 'dvc[s3]'\``,
      EXIT.usage,
    );
  const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
  // Ctrl+C is for both, and DVC says how it ended.
  const stay = (): void => undefined;
  process.on('SIGINT', stay);
  try {
    const [code, signal] = await new Promise<readonly [number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.on('error', reject);
        child.on('close', (...ended) => {
          resolve(ended);
        });
      },
    );
    if (signal !== null || code === 128 + os.constants.signals.SIGINT) return EXIT.cancelled;
    return code === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    throw new CommandError(
      `${program} can't be started: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.failed,
    );
  } finally {
    process.off('SIGINT', stay);
  }
}

/** The one of the project's Python before that of the `PATH`. */
function programOf(root: string): string | undefined {
  const chosen = new Pythons(root, process.env).choose({});
  const python = chosen.ok ? chosen.choice?.python : undefined;
  const own = python === undefined ? [] : binFolders(python);
  const [program] = candidates('dvc', {
    ...process.env,
    PATH: [...own, process.env['PATH'] ?? ''].join(path.delimiter),
  });
  return program;
}
