import type { Rule } from '../rule.js';
import { reportStructural } from '../structural.js';

export const paramDefault: Rule = {
  id: 'param/default',
  severity: 'error',
  summary: "A param's default breaks the param's own type, bounds, choices or pattern.",
  docs: `
A param that nobody sets takes its default. One that the param itself would refuse makes every plain run fail, or lets a
value through that would be refused from a person.

**How to fix it:** Change the default, or widen what the param accepts.
`,
  good: [
    {
      files:
        'params:\n  epochs: { type: integer, default: 200, minimum: 1 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'params:\n  epochs: { type: integer, default: «0», minimum: 1 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
      messages: ['The default of "epochs" is 0, below the minimum 1.'],
    },
    {
      files:
        'params:\n  mode: { choices: [fast, slow], default: «fats» }\ntasks:\n  train:\n    run: ./train.sh ${{ params.mode }}\n    outputs: { model: models/rain.json }\n',
      messages: ['The default of "mode" is "fats", which is none of its choices: "fast", "slow".'],
    },
  ],
  check: (context) => reportStructural(context, 'param-default'),
};
