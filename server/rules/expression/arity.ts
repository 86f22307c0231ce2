import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const arity: Rule = {
  id: 'expression/arity',
  severity: 'error',
  summary: 'A function gets too many or too few arguments.',
  docs: `
Each function takes a certain number of arguments: \`contains(where, what)\`, \`startsWith(text, start)\`,
\`join(list, separator)\`, \`format(pattern, value, …)\`. With fewer there is nothing to work on; what is too much would be
ignored without a word.

**How to fix it:** Add or remove arguments as the message says.
`,
  good: [
    {
      files:
        "params: { mode: fast }\ntasks:\n  train:\n    if: startsWith(params.mode, 'fa')\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n",
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    if: «startsWith(git.branch)»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: ['`startsWith(text, start)` takes 2 value(s), and 1 were given.'],
    },
  ],
  check: (context) => reportTyped(context, 'arity'),
};
