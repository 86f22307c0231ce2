import type { Rule } from '../rule.js';
import { reportSyntax } from '../structural.js';

export const expression: Rule = {
  id: 'syntax/expression',
  severity: 'error',
  summary: "An expression can't be read.",
  docs: `
What stands between \`\${{\` and \`}}\` (or in an \`if\` or a check, where the braces may be left out) is not an expression:
an operand or a bracket is missing, a string is not closed, or a sign is none of ours.

Expressions know \`== != < <= > >= && || !\`, parentheses, \`context.name\`, \`context['name']\`, function calls, numbers,
\`true\`, \`false\`, \`null\` and strings in single quotes (\`'it''s'\` holds a quote). There is no arithmetic.

**How to fix it:** Complete the expression at the marked place.
`,
  good: [
    {
      files:
        "params: { mode: fast }\ntasks:\n  train:\n    if: params.mode == 'fast' && success()\n    run: ./train.sh\n    cache: false\n",
    },
  ],
  bad: [
    {
      files:
        'params: { seed: 1 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.seed «+» 1 }}\n    outputs: { model: models/rain.json }\n',
      messages: [
        "Expressions don't calculate, so `+` is not an operator here: pass the values to the command and calculate there.",
      ],
    },
    {
      files:
        'params: { mode: fast }\ntasks:\n  train:\n    if: params.mode «==»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  quality:\n    check: [«==» 1]\n',
      messages: [
        "Expected a value: a name such as `params.x`, a number, 'text', true, false, null, a function call, `!` or `(` after `==`, found the end of the expression.",
        "Expected a value: a name such as `params.x`, a number, 'text', true, false, null, a function call, `!` or `(`, found `==`.",
      ],
    },
    {
      files:
        'tasks:\n  train:\n    if: success() «&&»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: [
        "Expected a value: a name such as `params.x`, a number, 'text', true, false, null, a function call, `!` or `(` after `&&`, found the end of the expression.",
      ],
    },
  ],
  check: (context) => reportSyntax(context, 'expression'),
};
