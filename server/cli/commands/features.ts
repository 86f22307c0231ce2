/** `modelyard features …`: the feature store from a terminal. */
import { FeatureStore } from '../../features/store.js';
import type { Command } from '../command.js';
import { type Subcommands, describeSubcommands, runSubcommand } from '../subcommands.js';
import { materialized, preview } from './features-materialize.js';
import { diff, profile } from './features-profile.js';
import { list, show, versions } from './features-read.js';
import type { FeaturesCall } from './features-shared.js';
import { get, trainingSet } from './features-use.js';

const SUBCOMMANDS: Subcommands<FeaturesCall> = {
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

${describeSubcommands('features', SUBCOMMANDS)}`,
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
  run: (args) =>
    runSubcommand('features', SUBCOMMANDS, args, (call) => ({ ...call, store: new FeatureStore(call.root) })),
};
