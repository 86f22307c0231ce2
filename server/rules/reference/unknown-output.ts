import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const unknownOutput: Rule = {
  id: 'reference/unknown-output',
  severity: 'error',
  summary: 'An expression names an output that the task does not have.',
  docs: `
What a task makes is declared under its \`outputs\`, each with a name, and expressions reach it by that name
(\`tasks.train.outputs.model\`). A name that is not declared has no path.

**How to fix it:** Take the name that is suggested, or declare the output on its task.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  report:\n    run: ./report.sh ${{ tasks.train.outputs.model }} report.html\n    outputs: { report: report.html }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  report:\n    run: ./report.sh ${{ tasks.train.outputs.«modle» }} r.html\n    outputs: { report: r.html }\n',
      messages: ['Task "train" has no output "modle". Did you mean "model"?'],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  report:\n    run: ./report.sh ${{ tasks.train.outputs.model }} r.html\n    outputs: { report: r.html }\n',
    },
  ],
  check: (context) => reportTyped(context, 'unknown-output'),
};
