import type { Rule } from '../rule.js';
import { reportStructural } from '../structural.js';

export const paramFile: Rule = {
  id: 'param/file',
  severity: 'error',
  summary: 'A file of params that is missing or wrong, or that sets what is set elsewhere.',
  docs: `
With \`params: { from: params.yaml }\` the values of the file are params of the pipeline. The file has to be there, in the project, and be a map of values
in YAML, JSON or TOML, as its extension says. A param has one place: what two files set, or a file and a default of the pipeline,
would depend on their order.

A param that the pipeline declares without a default (\`lr: { minimum: 0 }\`) takes the value of the file, which then has to fit.

**How to fix it:** The message names the file and the line. Correct the file or its path; or leave one of two values out.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'example.pipeline.yaml':
          'params:\n  from: [params.yaml, { path: net.toml, prefix: net }]\n  lr: { minimum: 0 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.lr }} ${{ params.net.depth }}\n    outputs: { model: models/rain.json }\n',
        'params.yaml': 'lr: 0.1\n',
        'net.toml': 'depth = 4\n',
      },
    },
  ],
  bad: [
    {
      files:
        'params: { from: «param.yaml» }\ntasks:\n  train:\n    run: ./train.sh ${{ params.lr }}\n    inputs: train.sh\n    outputs: { model: models/rain.json }\n',
      disk: ['train.sh'],
      messages: ['"param.yaml" does not exist.'],
    },
    {
      files: {
        'example.pipeline.yaml':
          'params:\n  from: params.yaml\n  «lr»: 0.5\n  «depth»: { minimum: 1 }\ntasks:\n  train:\n    run: ./train.sh ${{ params.lr }} ${{ params.depth }}\n    outputs: { model: models/rain.json }\n',
        'params.yaml': 'lr: 0.1\ndepth: 0\n',
      },
      messages: [
        '"lr" is set in the pipeline and at params.yaml:1: keep one of them.',
        '"depth" at params.yaml:2 is 0, below the minimum 1.',
      ],
    },
    {
      files: {
        'example.pipeline.yaml':
          'params: { from: «params.json» }\ntasks:\n  train:\n    run: ./train.sh ${{ params.lr }}\n    outputs: { model: models/rain.json }\n',
        'params.json': '[0.1]\n',
      },
      messages: ['"params.json" has to be a map of params: `lr: 0.1`.'],
    },
  ],
  check: (context) => reportStructural(context, 'param-file'),
};
