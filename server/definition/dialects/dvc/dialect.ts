/** `dvc.yaml`, as DVC 3 has it. */
import { entriesOf, field } from '../../read/read.js';
import type { NameTarget } from '../../schema/hint.js';
import type { Dialect, DvcDefinition } from '../dialect.js';
import { namesBesideOf, ownNames } from './resolve/resolved.js';
import { dvcSchema } from './schema.js';

export const dvcDialect: Dialect<DvcDefinition> = {
  kind: 'dvc',
  word: 'file of DVC',
  defines: 'stages of DVC, which `dvc repro` runs',
  // DVC reads no other name, and nothing else has it.
  detect: { named: ({ name }) => name === 'dvc.yaml' },
  // Its `${…}` are filled where it is known what they may name: see `resolve`.
  template: () => undefined,
  schema: dvcSchema,
  read: (base, _checked, problems) => {
    const { root } = base.tree;
    // To DVC an empty list is an empty file.
    if (root?.kind === 'sequence' && root.items.length === 0) problems.length = 0;
    const stages = entriesOf(field(root, 'stages'));
    return {
      ...base,
      kind: 'dvc',
      stages: stages.map(({ key, span }) => ({ name: key.text, nameSpan: key.span, span })),
    };
  },
  names: (definition, read) => ({
    own: ownNames(definition, read),
    beside: () => namesBesideOf(definition, read),
  }),
  target: ([section, , ...keys]) => {
    if (section === 'vars') return keys.length === 0 ? 'path' : undefined;
    if (section === 'metrics' || section === 'plots' || section === 'params')
      return keys.length === 0 ? 'path' : undefined;
    if (section !== 'stages') return undefined;
    const [key, ...rest] = keys[0] === 'do' ? keys.slice(1) : keys;
    return STAGE_TARGETS[String(key)]?.[rest.length];
  },
};

/** What texts of a stage name: of the key itself, of an item of its list, of an item of a list in a map in it. */
const STAGE_TARGETS: Readonly<Record<string, readonly (NameTarget | undefined)[]>> = {
  wdir: ['path'],
  deps: [undefined, 'path'],
  outs: [undefined, 'path'],
  metrics: [undefined, 'path'],
  plots: [undefined, 'path'],
  vars: [undefined, 'path'],
  params: [undefined, 'value', undefined, 'value'],
};
