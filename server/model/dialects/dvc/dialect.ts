/** `dvc.yaml`, as DVC 3 has it. */
import { entriesOf, field } from '../../read.js';
import type { Dialect, DvcDefinition } from '../dialect.js';
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
};
