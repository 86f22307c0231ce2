/** `modelyard help [COMMAND]`: written from the commands themselves. */
import { COMMON_FLAGS, closest, type Flags } from '../args.js';
import type { Command } from '../command.js';
import { EXIT, stderr, stdout } from '../output.js';

const EXIT_CODES = `Exit codes:
  0    everything went well
  1    something failed: a task, a check; for lint: errors were found
  2    wrong use, or a definition that is not valid
  3    the run waits for people; it goes on with --resume when they have answered
  130  cancelled (Ctrl-C, SIGTERM)
`;

export async function help(
  commands: Readonly<Record<string, () => Promise<Command>>>,
  words: readonly string[],
  unasked: boolean,
): Promise<number> {
  const [topic, word] = words;
  if (topic !== undefined && topic !== 'help') {
    const load = Object.hasOwn(commands, topic) ? commands[topic] : undefined;
    if (load === undefined) {
      const like = closest(topic, Object.keys(commands));
      stderr.line(
        `modelyard: there is no command "${topic}"${like === undefined ? '' : `; did you mean "${like}"?`}`,
      );
      return EXIT.usage;
    }
    stdout.write(helpOn(await load(), word));
    return EXIT.ok;
  }
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const rows = [
    ...loaded.map(({ name, summary }) => ({ head: name, help: summary })),
    { head: 'help', help: 'Show this help, or the help of a command: modelyard help run' },
  ];
  const text =
    `modelyard: pipelines that build models, and never do the same work twice\n\n` +
    `Usage: modelyard COMMAND [arguments]\n\nCommands:\n${table(rows)}\n` +
    `PIPELINE is a pipeline's name or the path of its file; it may be left out where there is only one.\n\n` +
    EXIT_CODES;
  if (unasked) {
    stderr.write(text);
    return EXIT.usage;
  }
  stdout.write(text);
  return EXIT.ok;
}

/** @param word the subcommand that is asked about, if any */
export function helpOn(command: Command, word?: string): string {
  const { name, subcommands = {} } = command;
  const one = word !== undefined && Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
  if (one !== undefined) {
    return (
      `Usage: modelyard ${name} ${one.usage}\n\n${one.summary}\n\nFlags:\n` +
      `${flagLines({ ...one.flags, ...COMMON_FLAGS })}\n${EXIT_CODES}`
    );
  }
  const details = command.details === undefined ? '' : `\n${command.details.trim()}\n`;
  const described = Object.values(subcommands).map(
    ({ usage, summary }) => `  ${name} ${usage}\n      ${summary}\n`,
  );
  const flags =
    command.subcommands === undefined
      ? flagLines({ ...command.flags, ...COMMON_FLAGS })
      : `${flagLines(COMMON_FLAGS)}\nFlags of a subcommand: modelyard help ${name} SUBCOMMAND\n`;
  return (
    `Usage: modelyard ${command.usage}\n\n${command.summary}\n${details}\n` +
    `${described.join('')}${described.length === 0 ? '' : '\n'}Flags:\n${flags}\n${EXIT_CODES}`
  );
}

function flagLines(flags: Flags): string {
  const heads = Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    return { head: `${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, help: flag.help };
  });
  return table(heads);
}

/** Two columns, the first as wide as its longest text. */
function table(rows: readonly { readonly head: string; readonly help: string }[]): string {
  const columns = Math.max(...rows.map(({ head }) => head.length)) + 2;
  return rows.map(({ head, help: text }) => `  ${head.padEnd(columns)}${text}\n`).join('');
}
