import type { Rule } from '../rule.js';
import { reportStructural } from '../structural.js';

export const oneAction: Rule = {
  id: 'schema/one-action',
  severity: 'error',
  summary: 'A task with no action, or with more than one.',
  docs: `
A task does exactly one thing, and the key that says what is its *action*: \`run\`, \`notebook\`, \`materialize\`, \`training-set\`,
\`check\`, \`register\`, \`package\`, \`approval\`, \`deploy\`, \`service\`, \`monitor\` or \`pipeline\`. With two of them nobody could
say which one made the outputs, and a cached result would stand for both.

**How to fix it:** Add the action that is missing, or make two tasks of the one: the order follows from their files, or from
\`needs\`.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    metrics: metrics.json\n  quality:\n    check: [tasks.train.metrics.accuracy > 0.7]\n',
    },
  ],
  bad: [
    {
      files: 'tasks:\n  «train»:\n    outputs: { model: models/rain.json }\n',
      messages: [
        '`train` does nothing: it needs exactly one action: run, notebook, materialize, training-set, check, register, package, approval, deploy, service, monitor or pipeline.',
      ],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    «check»: [params.fast]\n    cache: false\nparams: { fast: true }\n',
      messages: [
        'A task has exactly one action, and `train` has `run` already. Make `check` a task of its own.',
      ],
    },
  ],
  check: (context) => reportStructural(context, 'one-action'),
};
