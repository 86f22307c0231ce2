import type { Rule } from '../rule.js';
import { reportResolved } from './resolved.js';

export const dvcStage: Rule = {
  id: 'dvc/stage',
  severity: 'error',
  summary: 'A stage of a `dvc.yaml` that DVC refuses once its templates are filled.',
  docs: `
Some of what DVC wants can only be told of the values: \`foreach\` needs a list or a map, an axis of a \`matrix\` a list, a path a
text. Besides, a file of DVC’s own (\`dvc.yaml\`, \`*.dvc\`) is neither a dependency nor an output, and a name with an \`@\` is taken
for a part of a group.

**How to fix it:** As the message says.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'dvc.yaml':
          'stages:\n  train:\n    foreach: ${regions}\n    do:\n      cmd: python train.py ${item}\n',
        'params.yaml': 'regions: [us, uk]\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'dvc.yaml':
          'stages:\n  train:\n    foreach: «${regions}»\n    do:\n      cmd: python train.py ${item}\n',
        'params.yaml': 'regions: us\n',
      },
      messages: ['`foreach` needs a list or a map; this is a str.'],
    },
    {
      files: { 'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py\n    deps: [«data.csv.dvc»]\n' },
      messages: ['The path data.csv.dvc is a file of DVC’s own and can’t be a dependency.'],
    },
  ],
  check: (context) => reportResolved(context, 'stage'),
};
