import { entryOf } from '../../syntax/text.js';
import type { Rule } from '../rule.js';

export const notYet: Rule = {
  id: 'schema/not-yet',
  severity: 'warning',
  summary: 'A setting that is planned and does nothing yet.',
  docs: `
The language has words for what comes next, so that files need not change then. In this version they do nothing: \`tracking\`,
and executors of the type \`slurm\`, on which a task fails.

**To mend it**, take it out until it is there, or leave it and turn the rule off.
`,
  good: [{ files: { 'modelyard.yaml': 'executors:\n  local: { type: local, jobs: 4 }\n' } }],
  bad: [
    {
      files: {
        'modelyard.yaml':
          '«tracking»: { port: 5000 }\nexecutors:\n  cluster: { type: «slurm», partition: gpu }\n',
      },
      messages: [
        '`tracking` does nothing yet: MLflow clients find no tracking server.',
        'Executors of the type `slurm` are not built yet: tasks run on this machine only.',
      ],
    },
  ],
  check(context) {
    const { definition } = context;
    if (definition.kind !== 'project') return;
    const tracking = entryOf(definition.tree.root, 'tracking');
    if (tracking !== undefined && !(tracking.value?.kind === 'scalar' && tracking.value.value === false)) {
      const message = '`tracking` does nothing yet: MLflow clients find no tracking server.';
      context.report({ span: tracking.key.span, message });
    }
    const executors = entryOf(definition.tree.root, 'executors')?.value;
    for (const { value } of executors?.kind === 'map' ? executors.entries : []) {
      const type = entryOf(value, 'type')?.value;
      if (type?.kind !== 'scalar' || type.text !== 'slurm') continue;
      const message = 'Executors of the type `slurm` are not built yet: tasks run on this machine only.';
      context.report({ span: type.span, message });
    }
  },
};
