/** `modelyard models …`: the model registry from a terminal. */
import { heldByReleases } from '../../serving/releases.js';
import { Registry } from '../../stores/registry/registry.js';
import type { Command } from '../command.js';
import { type Subcommands, describeSubcommands, runSubcommand } from '../subcommands.js';
import { card, compare } from './models-compare.js';
import { lineage } from './models-lineage.js';
import { history, list, show } from './models-read.js';
import { register } from './models-register.js';
import type { Call } from './models-shared.js';
import { exported, imported } from './models-transfer.js';
import { alias, describe, remove, restore, rollback, tag } from './models-write.js';

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

export const models: Command = {
  name: 'models',
  summary: 'The model registry: versions, aliases, history, lineage.',
  usage: `models ${Object.keys(SUBCOMMANDS).join('|')} [arguments] [flags]`,
  details: `
A version is named by its number or an alias: rain@3, rain@production, rain@latest, models:/rain/3.
Names that lead nowhere end with 2; what the registry refuses (deleting a version that an alias holds) ends with 1.

${describeSubcommands('models', SUBCOMMANDS)}`,
  flags: {
    reason: { type: 'string', value: 'TEXT', help: 'Why; goes into the history.' },
    remove: { type: 'boolean', help: 'alias, tag: remove it.' },
    alias: { type: 'string', multiple: true, value: 'A', help: 'register: set it; history: only its moves.' },
    tag: { type: 'string', multiple: true, value: 'K=V', help: 'register: a tag of the version.' },
    metric: { type: 'string', multiple: true, value: 'K=V', help: 'register: a metric.' },
    param: { type: 'string', multiple: true, value: 'K=V', help: 'register: a param.' },
    description: { type: 'string', value: 'TEXT', help: 'register: what the version is for.' },
    framework: { type: 'string', value: 'NAME', help: 'register: what it was made with.' },
    run: {
      type: 'string',
      value: 'RUN',
      help: 'register: the run that made the file; `latest` is the newest.',
    },
    file: {
      type: 'string',
      value: 'FILE',
      help: 'describe: the text is in there; `-` is the standard input.',
    },
    limit: { type: 'string', value: 'N', help: 'show, history: at most so many, default 20; lineage: 500.' },
    all: { type: 'boolean', help: 'list, show: deleted ones, too; compare: also what is the same.' },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'card: write it there.' },
    up: { type: 'boolean', help: 'lineage: only what it stands on.' },
    down: { type: 'boolean', help: 'lineage: only what became of it.' },
    dry: { type: 'boolean', help: 'rollback: only say where it would lead.' },
    name: { type: 'string', value: 'MODEL', help: 'import: under this name.' },
    purge: { type: 'boolean', help: 'delete: for good.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  most: 21,
  run: (args) =>
    runSubcommand('models', SUBCOMMANDS, args, (call) => ({
      ...call,
      registry: Registry.open(call.root, { heldBy: heldByReleases(call.root, 'model') }),
    })),
};
