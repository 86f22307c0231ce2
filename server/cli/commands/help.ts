/** `modelyard help [COMMAND]`: written from the commands themselves. */
import { COMMON_FLAGS, type Flags, UsageError, closest, noSubcommand } from '../args.js';
import type { Command, Commands } from '../command.js';
import { EXIT, EXIT_MEANINGS, stderr, stdout } from '../output.js';

/** Of arguments that name a pipeline. */
export const PIPELINE_WORD =
  "PIPELINE is a pipeline's name or the path of its file; it may be left out where there is only one.";

/** Of `modelyard help`, which is no command of the table. */
export const HELP_FLAGS: Flags = {
  man: { type: 'boolean', help: 'As a manual page: modelyard help --man run | man -l -' },
  into: { type: 'string', value: 'DIR', help: 'With --man: write all pages into DIR, man1 of a MANPATH.' },
};

/** The lowest first. */
export const EXIT_CODES = Object.entries(EXIT_MEANINGS).map(
  ([name, says]) => ({ code: EXIT[name as keyof typeof EXIT], says }) as const,
);

const EXIT_LINES = `Exit codes:\n${table(EXIT_CODES.map(({ code, says }) => ({ head: String(code), help: says })))}`;

export async function help(commands: Commands, words: readonly string[], unasked: boolean): Promise<number> {
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
    const command = await load();
    if (word !== undefined && command.subcommands !== undefined && !Object.hasOwn(command.subcommands, word))
      throw new UsageError(noSubcommand(topic, word, Object.keys(command.subcommands)));
    stdout.write(helpOn(command, word));
    return EXIT.ok;
  }
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const rows = [
    ...loaded.map(({ name, summary }) => ({ head: name, help: summary })),
    {
      head: 'help',
      help: 'Show this help, or the help of a command: modelyard help run (--man: its manual page)',
    },
  ];
  const text =
    `modelyard: pipelines that build models, and never do the same work twice\n\n` +
    `Usage: modelyard COMMAND [arguments]\n\nCommands:\n${table(rows)}\n` +
    `${PIPELINE_WORD}\n\n` +
    EXIT_LINES;
  if (unasked) {
    stderr.write(text);
    return EXIT.usage;
  }
  stdout.write(text);
  return EXIT.ok;
}

/** @param word the subcommand that is asked about, if any */
export function helpOn(command: Command, word?: string): string {
  return `${pageOn(command, word)}\n${EXIT_LINES}`;
}

/** `docs/reference/cli.md`: the help of every command and subcommand. */
export async function cliReference(commands: Commands): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const section = (title: string, text: string): string => `${title}\n\n\`\`\`\n${text.trimEnd()}\n\`\`\`\n`;
  const pages = loaded.flatMap((command) => [
    section(`## modelyard ${command.name}`, pageOn(command)),
    ...Object.keys(command.subcommands ?? {}).map((word) =>
      section(`### modelyard ${command.name} ${word}`, pageOn(command, word)),
    ),
  ]);
  return `<!-- Made from the code by \`npm run docs\`. -->

# The command line

${PIPELINE_WORD}

As manual pages: \`modelyard help --man run | man -l -\`, and all of them with
\`modelyard help --man --into ~/.local/share/man/man1\`.

What \`--json\` prints is described in [json/](../json/README.md).

## Exit codes

| code | means |
| --- | --- |
${EXIT_CODES.map(({ code, says }) => `| ${code} | ${says} |\n`).join('')}
Words about what went wrong go to the standard error, answers to the standard output.

${pages.join('\n')}`;
}

/** As `helpOn`, without the exit codes. */
function pageOn(command: Command, word?: string): string {
  const { name, subcommands = {}, examples } = command;
  const one = word !== undefined && Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
  if (one !== undefined) {
    const own = examples.filter((line) => line.split(' ')[1] === word);
    return (
      `Usage: modelyard ${name} ${one.usage}\n\n${one.summary}\n\nFlags:\n` +
      `${flagLines({ ...one.flags, ...COMMON_FLAGS })}${exampleLines(own)}`
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
    `${described.join('')}${described.length === 0 ? '' : '\n'}Flags:\n${flags}${exampleLines(examples)}`
  );
}

function exampleLines(examples: readonly string[]): string {
  return examples.length === 0
    ? ''
    : `\nExamples:\n${examples.map((line) => `  modelyard ${line}\n`).join('')}`;
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
