import type { Rule } from '../rule.js';
import { reportResolved } from './resolved.js';

export const dvcVars: Rule = {
  id: 'dvc/vars',
  severity: 'error',
  summary: 'Values for the `${…}` of a `dvc.yaml` that DVC can’t load.',
  docs: `
The \`params.yaml\` beside a \`dvc.yaml\` is loaded first, then \`vars\`, item by item: a file, some keys of a file
(\`more.yaml:a,b\`), or a map. Maps are merged; a value that is set twice stops DVC, as does a file that is missing, can’t be
read, or holds a date.

Values of Python and TOML files are not known here, so that nothing is said of names once one of them is loaded.

**How to fix it:** Give one of the two another name, or load only the keys that you need.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'dvc.yaml': 'vars:\n- model: { name: tree }\nstages: {}\n',
        'params.yaml': 'model: { depth: 3 }\n',
      },
    },
  ],
  bad: [
    {
      files: { 'dvc.yaml': 'vars:\n- «lr: 0.1»\nstages: {}\n', 'params.yaml': 'lr: 0.2\n' },
      messages: ['`lr` is set in params.yaml already, and DVC lets nothing set a value twice.'],
    },
    {
      files: { 'dvc.yaml': 'vars:\n- «more.yaml»\nstages: {}\n' },
      messages: ['There is no file more.yaml.'],
    },
  ],
  check: (context) => reportResolved(context, 'vars'),
};
