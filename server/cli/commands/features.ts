/** `modelyard features …`: the feature store from a terminal. */
import { FeatureStore } from '../../features/store.js';
import { type Arguments, UsageError, closest } from '../args.js';
import type { Command } from '../command.js';
import { projectRoot } from '../locate.js';
import { styleFor, wantsColours } from '../terminal/style.js';
import { materialized, preview } from './features-materialize.js';
import { diff, profile } from './features-profile.js';
import { list, show, versions } from './features-read.js';
import type { FeaturesSubcommand } from './features-shared.js';
import { get, trainingSet } from './features-use.js';

const SUBCOMMANDS: Readonly<Record<string, FeaturesSubcommand>> = {
  list,
  show,
  materialize: materialized,
  preview,
  versions,
  profile,
  diff,
  'training-set': trainingSet,
  get,
};

export const features: Command = {
  name: 'features',
  summary: 'The feature store: views and their versions, training sets, latest values, drift.',
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
    against: {
      type: 'string',
      value: 'WHAT',
      help: 'profile: also how far it is from a version or a file.',
    },
    service: { type: 'string', value: 'NAME', help: 'training-set: the features of this service.' },
    feature: {
      type: 'string',
      multiple: true,
      value: 'V:F',
      help: 'training-set: a feature, VIEW:FEATURE, or a whole view.',
    },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'training-set: a .csv or .parquet file.' },
    timestamp: { type: 'string', value: 'COLUMN', help: 'training-set: the time of the labels.' },
    'no-created-cutoff': {
      type: 'boolean',
      help: 'training-set: also values that were loaded after the label.',
    },
    'full-names': { type: 'boolean', help: 'training-set, get: features as view__feature.' },
    at: { type: 'string', value: 'TIME', help: 'get: what is of use at this moment; default: now.' },
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
