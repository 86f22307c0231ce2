/** Commands without a process of their own: for what is wrong with arguments and files, which is told before anything starts. */
import { runCommand } from '../../server/cli/perform.js';
import { type Output, stderr, stdout } from '../../server/cli/output.js';
import { COMMANDS } from '../../server/cli/program.js';
import type { Result } from './cli.js';

/** One word a name: `runs list`. */
export interface Leaf {
  /** What is typed after `modelyard`. */
  readonly words: readonly string[];
  readonly usage: string;
  readonly summary: string;
  readonly flags: Awaited<ReturnType<(typeof COMMANDS)[string]>>['flags'];
  /** How many arguments it takes. */
  readonly least: number;
  readonly most: number;
}

/** Every command, and instead of those that have subcommands these. */
export async function allCommands(): Promise<Leaf[]> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return commands.flatMap(({ name, usage, summary, flags, subcommands, least = 0, most }) =>
    subcommands === undefined
      ? [{ words: [name], usage, summary, flags, least, most }]
      : Object.entries(subcommands).map(([word, one]) => ({
          ...one,
          words: [name, word],
          usage: `${name} ${one.usage}`,
        })),
  );
}

/** Runs `modelyard …` in this process, and gives what it printed. One at a time. */
export async function inProcess(argv: readonly string[]): Promise<Result> {
  const taken = [stdout, stderr].map(takeOver);
  try {
    const code = await runCommand(COMMANDS, argv);
    const [out = '', err = ''] = taken.map(({ text }) => text());
    return { code, signal: null, stdout: out, stderr: err };
  } finally {
    for (const one of taken) one.giveBack();
  }
}

function takeOver(output: Output): { text: () => string; giveBack: () => void } {
  const parts: Buffer[] = [];
  Object.defineProperty(output, 'write', {
    configurable: true,
    value: (text: string | Uint8Array) => parts.push(Buffer.from(text as string)),
  });
  return {
    text: () => Buffer.concat(parts).toString('utf8'),
    giveBack: () => Reflect.deleteProperty(output, 'write'),
  };
}
