import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const type: Rule = {
  id: 'expression/type',
  severity: 'error',
  summary: "An operator or a function gets a value of a type that it can't use.",
  docs: `
The types of params, metrics files, outputs and functions are known, so a comparison that can never hold, an argument
that a function can't use, or a list in the middle of a path is found before the run. Where a type is not known (a metric, an
environment variable, a value that only exists at run time) nothing is said. An order comparison (\`>=\`) with a metric of a matrix
is a warning: the metric is a number only where all cells have the same value.

**How to fix it:** Compare values of one type, or change the declared type of the param.
`,
  good: [
    {
      files:
        "tasks:\n  make:\n    run: ./make.sh\n    outputs: { tables: 'data/*.csv' }\n  train:\n    run: ./train.sh\n    inputs: ${{ tasks.make.outputs.tables }}\n    outputs: { model: models/rain.json }\n",
    },
    {
      files:
        'params: { epochs: 200 }\ntasks:\n  train:\n    if: params.epochs > 10\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'params: { seeds: [1, 2], name: rain }\ntasks:\n  train:\n    run: ./train.sh\n    matrix: { seed: "${{ params.seeds }}" }\n    outputs: { model: "models/${{ params.name }}-${{ matrix.seed }}.json" }\n',
    },
    {
      files:
        "tasks:\n  train:\n    run: ./train.sh\n    matrix: { seed: [0, 1] }\n    metrics: 'out/${{ matrix.seed }}.json'\n  gate:\n    check: ['max(tasks.train.metrics.accuracy) >= 0.9']\n",
    },
  ],
  bad: [
    {
      files:
        "params: { epochs: 200 }\ntasks:\n  train:\n    if: «params.epochs > 'many'»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n",
      messages: ["The text 'many' is not a number, so this is always false."],
    },
    {
      files:
        "params:\n  mode: { choices: [fast, slow], default: fast }\ntasks:\n  train:\n    if: «params.mode == 'quick'»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n",
      messages: ["'quick' is none of the values possible (fast, slow), so this is always false."],
    },
    {
      files:
        'params: { seeds: [1, 2, 3] }\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: "models/${{ «params.seeds» }}.json" }\n',
      messages: ['A path needs a text, and this is a list.'],
    },
    {
      files:
        'params: { seed: 1 }\ntasks:\n  train:\n    run: ./train.sh\n    matrix: { seed: "${{ «params.seed» }}" }\n    outputs: { model: "models/${{ matrix.seed }}.json" }\n',
      messages: ['An axis of a matrix needs a list, and this is a number.'],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    env: { CODE: "${{ hashFiles(«\'@(src|lib)/*.py\'») }}" }\n    outputs: { model: models/rain.json }\n',
      messages: [
        'The glob "@(src|lib)/*.py" has a group such as "@(a|b)", which is not known here. Write alternatives as "{a,b}".',
      ],
    },
  ],
  check: (context) => reportTyped(context, 'type'),
};
