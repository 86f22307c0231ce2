/** `modelyard features …`: the feature store from a terminal. */
import { FeatureStore } from '../../features/store.js';
import { type Arguments, UsageError, closest } from '../args.js';
import type { Command } from '../command.js';
import { projectRoot } from '../locate.js';
import { styleFor, wantsColours } from '../terminal/style.js';
import { materialized, preview } from './features-materialize.js';
import { list, show, versions } from './features-read.js';
import type { FeaturesSubcommand } from './features-shared.js';

const SUBCOMMANDS: Readonly<Record<string, FeaturesSubcommand>> = {
  list,
  show,
  materialize: materialized,
  preview,
  versions,
};

export const features: Command = {
  name: 'features',
  summary: 'The feature store: views, their versions, computing them.',
  usage: `features ${Object.keys(SUBCOMMANDS).join('|')} [arguments] [flags]`,
  details: `
Names that lead nowhere end with 2; a view that can't be computed, or whose expectations do not hold, ends with 1.

${Object.values(SUBCOMMANDS)
  .map(({ usage, summary }) => `  features ${usage}\n      ${summary}`)
  .join('\n')}`,
  flags: {
    from: { type: 'string', value: 'TIME', help: 'materialize: only rows at or after this moment (UTC).' },
    to: { type: 'string', value: 'TIME', help: 'materialize: only rows before this moment (UTC).' },
    full: { type: 'boolean', help: 'materialize: everything from scratch.' },
    limit: { type: 'string', value: 'N', help: 'preview: so many rows, default 20.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  most: 101,
  run,
};

async function run(args: Arguments): Promise<number> {
  const [word = 'list', ...words] = args.positionals;
  const subcommand = Object.hasOwn(SUBCOMMANDS, word) ? SUBCOMMANDS[word] : undefined;
  if (subcommand === undefined) {
    const names = Object.keys(SUBCOMMANDS);
    const like = closest(word, names);
    throw new UsageError(
      `there is no "features ${word}"${like === undefined ? '' : `; did you mean "${like}"?`} (${names.join(', ')})`,
    );
  }
  if (words.length < subcommand.least || words.length > subcommand.most) {
    throw new UsageError(`usage: modelyard features ${subcommand.usage}`);
  }
  const root = projectRoot(args);
  return subcommand.run({
    args,
    words,
    root,
    store: new FeatureStore(root),
    style: styleFor(wantsColours(process.stdout.isTTY)),
    json: args.flag('json'),
  });
}
