import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const unknownMatrixKey: Rule = {
  id: 'reference/unknown-matrix-key',
  severity: 'error',
  summary: 'An expression names a matrix key that the task does not have.',
  docs: `
A task with a \`matrix\` runs once for each combination of its values, and \`matrix.<key>\` is the value of this cell. A key
that is neither an axis nor set by \`include\`, or a \`matrix\` in a task without one, has no value.

It is not reported where the values come from an expression, because then the keys are not known before the run.

**How to fix it:** Take the name that is suggested, or add the axis.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    matrix: { seed: [1, 2] }\n    run: ./train.sh ${{ matrix.seed }}\n    outputs: { model: "models/${{ matrix.seed }}.json" }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    matrix: { seed: [1, 2] }\n    run: ./train.sh ${{ matrix.«sede» }}\n    outputs: { model: "models/${{ matrix.seed }}.json" }\n',
      messages: ['The matrix of "train" has no axis "sede". Did you mean "seed"?'],
      fixed:
        'tasks:\n  train:\n    matrix: { seed: [1, 2] }\n    run: ./train.sh ${{ matrix.seed }}\n    outputs: { model: "models/${{ matrix.seed }}.json" }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh ${{ matrix.«seed» }}\n    outputs: { model: models/rain.json }\n',
      messages: ['Task "train" has no matrix, so there is no `matrix.seed`.'],
    },
  ],
  check: (context) => reportTyped(context, 'unknown-matrix-key'),
};
