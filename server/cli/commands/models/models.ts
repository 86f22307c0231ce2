/** `modelyard models …`: the model registry from a terminal. */
import { heldByReleases } from '../../../serving/releases/releases.js';
import { Registry } from '../../../stores/registry/registry.js';
import { type Subcommands, family } from '../../subcommands.js';
import { card, compare } from './compare.js';
import { lineage } from './lineage.js';
import { history, list, show } from './read.js';
import { register } from './register.js';
import type { Call } from './shared.js';
import { exported, imported } from './transfer.js';
import { alias, describe, remove, restore, rollback, tag } from './write.js';

const SUBCOMMANDS: Subcommands<Call> = {
  list,
  show,
  register,
  alias,
  rollback,
  tag,
  describe,
  compare,
  history,
  lineage,
  card,
  export: exported,
  import: imported,
  delete: remove,
  restore,
};

export const models = family<Call>({
  name: 'models',
  summary: 'The model registry: versions, aliases, history, lineage.',
  details: `
A version is named by its number or an alias: rain@3, rain@production, rain@latest, models:/rain/3.
Names that lead nowhere end with 2; what the registry refuses (deleting a version that an alias holds) ends with 1.`,
  examples: [
    'models list',
    'models show rain@production',
    'models alias rain@3 production --reason "better recall"',
    'models rollback rain production',
    'models compare rain@2 rain@3',
    'models lineage rain@production --up',
    'models export rain@3 rain-3.tar',
  ],
  subcommands: SUBCOMMANDS,
  open: (call) => ({
    ...call,
    registry: Registry.open(call.root, { heldBy: heldByReleases(call.root, 'model') }),
  }),
});
