import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const unknownParam: Rule = {
  id: 'reference/unknown-param',
  severity: 'error',
  summary: 'An expression names a param that the pipeline does not declare.',
  docs: `
Everything that a run may change is declared under \`params\`, so that its type and its default are known. A param that is
not declared has no value, and the command would get an empty word.

**How to fix it:** Take the name that is suggested, or declare the param.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'params: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'params: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.«epoch» }}\n    outputs: { model: models/rain.json }\n',
      messages: ['There is no param "epoch". Did you mean "epochs"?'],
      also: ['param/unused'],
      fixed:
        'params: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        "params: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params[«'epoch'»] }}\n    outputs: { model: models/rain.json }\n",
      messages: ['There is no param "epoch". Did you mean "epochs"?'],
      also: ['param/unused'],
      fixed:
        "params: { epochs: 200 }\ntasks:\n  train:\n    run: ./train.sh ${{ params['epochs'] }}\n    outputs: { model: models/rain.json }\n",
    },
  ],
  check: (context) => reportTyped(context, 'unknown-param'),
};
