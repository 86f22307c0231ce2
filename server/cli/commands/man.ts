/** `modelyard help --man`: manual pages, in the macros of man(7), written from the commands themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import packageJson from '../../../package.json' with { type: 'json' };
import { COMMON_FLAGS, type Flags, UsageError, readArguments } from '../args.js';
import type { Command, Commands } from '../command.js';
import { EXIT, stdout } from '../output.js';
import { EXIT_CODES, HELP_FLAGS, PIPELINE_WORD } from './help.js';

/** Prints the page of modelyard, or of a command; with `--into` writes each into a folder. Gives the exit code. */
export async function manual(commands: Commands, words: readonly string[]): Promise<number> {
  const args = readArguments('help', HELP_FLAGS, 2, words);
  const [topic] = args.positionals;
  const into = args.text('into');
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const pages = new Map([
    ['modelyard', overview(loaded)],
    ...loaded.map((command) => [`modelyard-${command.name}`, pageOf(command)] as const),
  ]);
  if (into !== undefined) {
    mkdirSync(into, { recursive: true });
    for (const [name, page] of pages) writeFileSync(path.join(into, `${name}.1`), page);
    stdout.line(`${pages.size} pages in ${into}`);
    return EXIT.ok;
  }
  const page = pages.get(topic === undefined ? 'modelyard' : `modelyard-${topic}`);
  if (page === undefined) throw new UsageError(`there is no command "${topic ?? ''}"`);
  stdout.write(page);
  return EXIT.ok;
}

function overview(commands: readonly Command[]): string {
  return page('modelyard', 'pipelines that build models, and never do the same work twice', [
    '.SH SYNOPSIS',
    '.B modelyard',
    '.I COMMAND',
    '[arguments]',
    '.SH DESCRIPTION',
    ...paragraphs(
      `Checks, plans and runs the pipelines of a project, and keeps its models, features and services. ${PIPELINE_WORD}`,
    ),
    '.SH COMMANDS',
    ...commands.flatMap(({ name, summary }) => [
      '.TP',
      `.BR ${macroWord(`modelyard-${name}`)} (1)`,
      line(summary),
    ]),
    ...exitStatus(),
    '.SH FILES',
    ...entry('modelyard.yaml', 'The project. It may be empty or missing.'),
    ...entry('*.pipeline.yaml', 'Pipelines.'),
    ...entry('*.features.yaml', 'Feature views.'),
    ...entry('.modelyard/', 'What the project remembers: runs, models, packages, releases, the cache.'),
  ]);
}

function pageOf(command: Command): string {
  const { name, summary, usage, details, examples, flags, subcommands = {} } = command;
  const owns = Object.entries(subcommands);
  const forms = owns.length === 0 ? [usage] : owns.map(([, one]) => `${name} ${one.usage}`);
  return page(`modelyard-${name}`, summary.replace(/\.$/, ''), [
    '.SH SYNOPSIS',
    ...forms.flatMap((form, at) => (at === 0 ? [synopsis(form)] : ['.br', synopsis(form)])),
    '.SH DESCRIPTION',
    ...paragraphs(details?.trim() ?? summary),
    ...(owns.length === 0
      ? ['.SH OPTIONS', ...options({ ...flags, ...COMMON_FLAGS })]
      : [
          '.SH SUBCOMMANDS',
          ...owns.flatMap(([word, one]) => [
            `.SS ${macroWord(`${name} ${word}`)}`,
            synopsis(`${name} ${one.usage}`),
            '.PP',
            line(one.summary),
            ...options(one.flags),
          ]),
          '.SH OPTIONS',
          'All subcommands take:',
          ...options(COMMON_FLAGS),
        ]),
    '.SH EXAMPLES',
    '.nf',
    ...examples.map((one) => line(`modelyard ${one}`)),
    '.fi',
    ...exitStatus(),
    '.SH SEE ALSO',
    '.BR modelyard (1)',
  ]);
}

/** A page from its name, its line of the index and its sections. It bears no date: the same code gives the same text. */
function page(name: string, says: string, sections: readonly string[]): string {
  const [first = '', ...rest] = says;
  const short = `${name === 'modelyard' ? first : first.toLowerCase()}${rest.join('')}`;
  return `${[
    `.TH ${macroWord(name.toUpperCase())} 1 "" ${macroWord(`Modelyard ${packageJson.version}`)} "Modelyard"`,
    '.ad l',
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(short)}`,
    ...sections,
  ].join('\n')}\n`;
}

const exitStatus = (): string[] => [
  '.SH EXIT STATUS',
  ...EXIT_CODES.flatMap(({ code, says }) => entry(String(code), says)),
];

const entry = (head: string, says: string): string[] => ['.TP', `.B ${macroWord(head)}`, line(says)];

function options(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, { short, value, help }]) => {
    const forms = [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
    const bold = forms.map((form) => `\\fB${escaped(form)}\\fR`).join(', ');
    return ['.TP', `${bold}${value === undefined ? '' : ` \\fI${escaped(value)}\\fR`}`, line(help)];
  });
}

/** `runs list [flags]`: its words that are typed as they stand are bold. */
function synopsis(form: string): string {
  const words = form.split(' ');
  const end = words.findIndex((word) => !/^[a-z][\w-]*$/.test(word));
  const typed = words.slice(0, end === -1 ? words.length : end);
  const rest = words.slice(typed.length).map((word) => ` ${escaped(word)}`);
  return `\\fB${escaped(['modelyard', ...typed].join(' '))}\\fR${rest.join('')}`;
}

/** Paragraphs, and lines that are indented as they are. */
function paragraphs(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((part, at) => {
    const lines = part
      .split('\n')
      .flatMap((one) => (/^\s/.test(one) ? ['.RS', line(one.trim()), '.RE'] : [line(one)]));
    return at === 0 ? lines : ['.PP', ...lines];
  });
}

/** A line of text, which no macro may begin. */
function line(text: string): string {
  const said = text
    .split(/`([^`]+)`/)
    .map((part, at) => (at % 2 === 0 ? escaped(part) : `\\fB${escaped(part)}\\fR`))
    .join('');
  return /^[.']/.test(said) ? `\\&${said}` : said;
}

/** An argument of a macro. */
const macroWord = (text: string): string => `"${escaped(text).replaceAll('"', '\\(dq')}"`;

/** A backslash is roff's own; a hyphen that is typed is none between words. */
const escaped = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
