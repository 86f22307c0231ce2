import { LOCAL_EXECUTOR, servingMentions } from '../../model/serving-mentions.js';
import { entryOf } from '../../syntax/text.js';
import type { Rule } from '../rule.js';
import { definedNames } from '../serving-names.js';

export const notYet: Rule = {
  id: 'schema/not-yet',
  severity: 'warning',
  summary: 'A setting that is planned and does nothing yet.',
  docs: `
The language has words for what comes next, so that files need not change then. In this version they do nothing: \`tracking\`,
and executors other than \`local\`, on which a task fails.

**How to fix it:** Take it out until it is there, or leave it and turn the rule off.
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
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  train:\n    run: ./train.sh\n    outputs: { m: model.bin }\n    executor: «cluster»\n',
        'modelyard.yaml': 'executors:\n  cluster: { type: slurm }\n',
      },
      messages: [
        'The executor "cluster" is not built yet: the task fails. This version runs tasks on this machine (`local`).',
      ],
    },
  ],
  check(context) {
    const { definition } = context;
    for (const { kind, name, span, task } of servingMentions(definition)) {
      if (kind !== 'executor' || task === undefined || name === LOCAL_EXECUTOR) continue;
      // One that is not defined is another rule's.
      if (definedNames(context.project, kind)?.includes(name) !== true) continue;
      const message = `The executor "${name}" is not built yet: the task fails. This version runs tasks on this machine (\`${LOCAL_EXECUTOR}\`).`;
      context.report({ span, message });
    }
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
