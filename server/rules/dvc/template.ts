import type { Rule } from '../rule.js';
import { reportResolved } from './resolved.js';

export const dvcTemplate: Rule = {
  id: 'dvc/template',
  severity: 'error',
  summary: 'A `${…}` of a `dvc.yaml` that DVC can’t fill.',
  docs: `
DVC fills \`\${…}\` with values of the \`params.yaml\` beside the file and of \`vars\`, and in a group with \`item\` and \`key\`. One
that it can’t fill stops \`dvc repro\` and \`dvc status\` of the whole project, not of this stage alone. Lists can’t be put in, and
maps only into a \`cmd\`, where they become flags.

A variable of the shell looks the same to DVC: \`\${HOME}\` is taken for a value, \`$HOME\` isn’t.

**How to fix it:** Add the value, or write \`\\\${NAME}\` where the shell shall see \`\${NAME}\`.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py --lr ${lr}\n',
        'params.yaml': 'lr: 0.1\n',
      },
    },
    { files: { 'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py $HOME \\${HOME}\n' } },
  ],
  bad: [
    {
      files: {
        'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py --lr «${lr}»\n',
        'params.yaml': 'rate: 0.1\n',
      },
      messages: [
        'There is no value `lr` for DVC to put in. For the text itself, or a variable of the shell, write `\\${lr}`.',
      ],
    },
    {
      files: { 'dvc.yaml': 'vars:\n- files: [a, b]\nstages:\n  train:\n    cmd: cat «${files}»\n' },
      messages: ['`files` is a list, which DVC can’t put in here.'],
    },
  ],
  check: (context) => reportResolved(context, 'template'),
};
