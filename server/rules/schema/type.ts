import type { Rule } from '../rule.js';
import { reportStructural } from '../structural.js';

export const type: Rule = {
  id: 'schema/type',
  severity: 'error',
  summary: 'A value of the wrong type, such as a text where a number belongs.',
  docs: `
The value is of another type than its key takes. The message names the types that it takes.

YAML reads \`no\` and \`1.10\` as they stand: the first is a text (YAML 1.2), the second the number 1.1. Put a value in
quotes to make it a text.

**How to fix it:** Write a value of the type that is named.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    retries: 2\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    retries: «often»\n    outputs: { model: models/rain.json }\n',
      messages: ['Expected a whole number or a map with `max`, found the text "often".'],
    },
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    outputs: «data/train.csv»\n  train:\n    run: ./train.sh\n    inputs: data/train.csv\n    outputs: { model: model.json }\n',
      messages: ['Each output has a name: write `{ train: data/train.csv }`.'],
      fixed:
        'tasks:\n  split:\n    run: ./split.sh\n    outputs: { train: data/train.csv }\n  train:\n    run: ./train.sh\n    inputs: data/train.csv\n    outputs: { model: model.json }\n',
    },
    {
      files: {
        'weather.features.yaml':
          'entities: { station: { keys: [id] } }\nviews:\n  weather:\n    entity: station\n    source: «weather.csv»\n    features: { rain: double }\n',
      },
      messages: ['Expected a map with `path`, found the text "weather.csv". Write `{ path: weather.csv }`.'],
    },
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    cache: «no»\n',
      messages: ['Expected true or false, found the text "no".'],
      also: ['task/no-outputs'],
    },
  ],
  check: (context) => reportStructural(context, 'type'),
};
