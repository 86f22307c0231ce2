import type { Rule } from '../rule.js';
import { reportStructural } from '../structural.js';

export const unit: Rule = {
  id: 'resource/unit',
  severity: 'error',
  summary: "An amount of memory or disk whose unit can't be read.",
  docs: `
Sizes are a number and a unit: \`512MiB\`, \`2GiB\` (1024 each step) or \`500MB\`, \`10GB\` (1000 each step). What can't be read
would either not be reserved at all, so that too many tasks start at once, or be refused by a cluster's scheduler much
later.

**How to fix it:** Take the suggested spelling.
`,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    resources: { cpus: 2, memory: 2GiB }\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    resources: { memory: «2gib» }\n    outputs: { model: models/rain.json }\n',
      messages: ['"2gib" is not a size. Write a number and a unit: 512MiB, 2GiB, 10GB.'],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    resources: { memory: 2GiB }\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check: (context) => reportStructural(context, 'unit'),
};
