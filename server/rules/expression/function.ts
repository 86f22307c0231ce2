import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const functionRule: Rule = {
  id: 'expression/function',
  severity: 'error',
  summary: "A function that does not exist, or that can't be used here.",
  docs: `
Expressions know these functions: \`contains\`, \`startsWith\`, \`endsWith\`, \`format\`, \`join\`, \`toJSON\`, \`fromJSON\`,
\`hashFiles\` and \`raw\`, and in an \`if\` also \`success\`, \`failure\`, \`cancelled\` and \`always\`, which ask how the tasks before
this one ended. Anywhere else those four have nothing to ask about.

**How to fix it:** Take the name that is suggested, or move the question to an \`if\`.
`,
  good: [
    {
      files:
        'tasks:\n  train:\n    if: always()\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        "tasks:\n  train:\n    if: «startWith»(git.branch, 'release')\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n",
      messages: ['There is no function "startWith". Did you mean "startsWith"?'],
      fixed:
        "tasks:\n  train:\n    if: startsWith(git.branch, 'release')\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n",
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh ${{ «success»() }}\n    outputs: { model: models/rain.json }\n',
      messages: ['`success()` says how other tasks ended and is known in `if` only.'],
    },
  ],
  check: (context) => reportTyped(context, 'function'),
};
