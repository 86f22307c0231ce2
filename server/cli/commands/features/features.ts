/** `modelyard features …`: the feature store from a terminal. */
import { FeatureStore } from '../../../features/store.js';
import { type Subcommands, family } from '../../subcommands.js';
import { materialized, preview } from './materialize.js';
import { diff, profile } from './profile.js';
import { list, show, versions } from './read.js';
import type { FeaturesCall } from './shared.js';
import { get, trainingSet } from './use.js';

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

export const features = family<FeaturesCall>({
  name: 'features',
  summary: 'The feature store: views and their versions, training sets, latest values, drift.',
  details: `
Names that lead nowhere end with 2; a view that can't be computed, or whose expectations do not hold, ends with 1.`,
  examples: [
    'features list',
    'features materialize weather',
    'features preview weather --limit 5',
    'features diff weather@3 4',
    'features training-set labels.csv --service rain-v1 --output data/training.parquet',
    'features get rain-v1 station=seattle --json',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => ({ ...call, store: new FeatureStore(call.root) }),
});
