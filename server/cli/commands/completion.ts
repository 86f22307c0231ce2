/** `modelyard completion SHELL`: a script that completes commands, subcommands and flags, made from the commands themselves. */
import { shellWord } from '../../base/shell-word.js';
import { COMMON_FLAGS, type Flags, UsageError } from '../args.js';
import type { Command, Commands } from '../command.js';
import { EXIT, stdout } from '../output.js';
import { HELP_FLAGS } from './help.js';

/** What may follow some words: subcommands, or flags. */
interface Place {
  /** After `modelyard`: none, a command, or a command and its subcommand. */
  readonly words: readonly string[];
  readonly next: readonly { readonly name: string; readonly says: string }[];
  readonly flags: readonly { readonly name: string; readonly says: string; readonly takes: boolean }[];
}

const SHELLS: Readonly<Record<string, (places: readonly Place[]) => string>> = { bash, zsh, fish, pwsh };

/** @param commands all that there are */
export function completionOf(commands: () => Commands): Command {
  const names = Object.keys(SHELLS).join('|');
  return {
    name: 'completion',
    summary: 'Print a script that lets a shell complete commands and flags.',
    usage: `completion ${names}`,
    details: `
bash: \`source <(modelyard completion bash)\` in ~/.bashrc. zsh: \`source <(modelyard completion zsh)\` in ~/.zshrc, after compinit.
fish: \`modelyard completion fish | source\` in config.fish. PowerShell: \`modelyard completion pwsh | Out-String | Invoke-Expression\`
in $PROFILE.`,
    examples: ['completion bash', 'completion zsh'],
    flags: {},
    most: 1,
    async run(args) {
      const [word = ''] = args.positionals;
      const shell = Object.hasOwn(SHELLS, word) ? SHELLS[word] : undefined;
      if (shell === undefined) {
        const found = word === '' ? '' : `, not "${word}"`;
        throw new UsageError(`say which shell: ${Object.keys(SHELLS).join(', ')}${found}`);
      }
      stdout.write(shell(await placesOf(commands())));
      return EXIT.ok;
    },
  };
}

async function placesOf(commands: Commands): Promise<Place[]> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()));
  const top = [
    ...loaded.map(({ name, summary }) => ({ name, says: summary })),
    { name: 'help', says: 'Show the help, or that of a command.' },
  ];
  return [
    { words: [], next: top, flags: [] },
    { words: ['help'], next: top, flags: flagsOf(HELP_FLAGS) },
    ...loaded.flatMap(({ name, subcommands = {}, flags }) => [
      {
        words: [name],
        next: Object.entries(subcommands).map(([own, { summary }]) => ({ name: own, says: summary })),
        flags: flagsOf(flags),
      },
      ...Object.entries(subcommands).map(([own, one]) => ({
        words: [name, own],
        next: [],
        flags: flagsOf(one.flags),
      })),
    ]),
  ];
}

function flagsOf(flags: Flags): Place['flags'] {
  return Object.entries({ ...flags, ...COMMON_FLAGS }).map(([name, { help, type }]) => ({
    name: `--${name}`,
    says: help,
    takes: type === 'string',
  }));
}

/** The longest first: the first that fits is the one. */
const byLength = (places: readonly Place[]): Place[] =>
  [...places].sort((a, b) => b.words.length - a.words.length);
/** A pattern of `case` for what was typed, a space before each word. */
const typed = ({ words }: Place): string =>
  words.length === 0
    ? "''"
    : `${shellWord(words.map((word) => ` ${word}`).join(''))}${words.length === 2 ? '*' : ''}`;

function bash(places: readonly Place[]): string {
  const cases = byLength(places).map((place) => {
    const names = (list: readonly { readonly name: string }[]): string =>
      shellWord(list.map(({ name }) => name).join(' '));
    return `    ${typed(place)}) next=${names(place.next)} flags=${names(place.flags)} ;;`;
  });
  return `# bash completion of modelyard
_modelyard() {
  local word typed='' next='' flags='' at current="\${COMP_WORDS[COMP_CWORD]}"
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* ]] || typed+=" $word"
  done
  case "$typed" in
${cases.join('\n')}
    *) case "$typed" in
${places
  .filter(({ words, next }) => words.length === 1 && next.length === 0)
  .map(
    (place) => `      ${typed(place)}*) flags=${shellWord(place.flags.map(({ name }) => name).join(' '))} ;;`,
  )
  .join('\n')}
    esac ;;
  esac
  [[ $current == -* ]] && next="$flags"
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _modelyard modelyard
`;
}

function zsh(places: readonly Place[]): string {
  const described = (list: readonly { readonly name: string; readonly says: string }[]): string =>
    list.map(({ name, says }) => shellWord(`${name.replaceAll(':', '\\:')}:${says}`)).join(' ');
  const cases = byLength(places).map((place) => {
    const end = place.words.length === 1 && place.next.length === 0 ? '*' : '';
    return `    ${typed(place)}${end}) next=(${described(place.next)}) flags=(${described(place.flags)}) ;;`;
  });
  return `#compdef modelyard
_modelyard() {
  local -a next flags
  local typed=''
  local word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] || typed+=" $word"
  done
  case "$typed" in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then _describe flag flags
  elif (( $#next )); then _describe command next
  else _files
  fi
}
compdef _modelyard modelyard
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, next, flags }) => {
    const [name, own] = words;
    const siblings = places.find((place) => place.words.length === 1 && place.words[0] === name)?.next ?? [];
    const others = siblings.map((one) => one.name).join(' ');
    const when =
      name === undefined
        ? '__fish_use_subcommand'
        : own !== undefined
          ? `__fish_seen_subcommand_from ${name}; and __fish_seen_subcommand_from ${own}`
          : others === '' || name === 'help'
            ? `__fish_seen_subcommand_from ${name}`
            : `__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${others}`;
    const line = (rest: string, says: string): string =>
      `complete -c modelyard -n ${fishQuoted(when)} ${rest} -d ${fishQuoted(says)}`;
    return [
      ...next.map((one) => line(`-f -a ${one.name}`, one.says)),
      ...flags.map((flag) => line(`-l ${flag.name.slice(2)}${flag.takes ? ' -r' : ''}`, flag.says)),
    ];
  });
  return `# fish completion of modelyard\n${lines.join('\n')}\n`;
}

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function pwsh(places: readonly Place[]): string {
  const list = (names: readonly { readonly name: string }[]): string =>
    `@(${names.map(({ name }) => `'${name}'`).join(', ')})`;
  const rows = places.map(
    ({ words, next, flags }) =>
      `    '${words.join(' ')}' = @{ next = ${list(next)}; flags = ${list(flags)} }`,
  );
  return `# PowerShell completion of modelyard
Register-ArgumentCompleter -Native -CommandName modelyard -ScriptBlock {
  param($word, $line, $cursor)
  $places = @{
${rows.join('\n')}
  }
  $typed = @($line.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursor -and "$_" -notlike '-*' } | ForEach-Object { "$_" })
  $place = $places[($typed | Select-Object -First 2) -join ' ']
  if ($null -eq $place) { $place = $places[[string]($typed | Select-Object -First 1)] }
  if ($null -eq $place) { return }
  $found = if ($word -like '-*') { $place.flags } else { $place.next }
  $found | Where-Object { $_ -like "$word*" } |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`;
}
