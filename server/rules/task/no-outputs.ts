import { firstKeyOf } from '../../definition/keys.js';
import { insertBefore } from '../shared/edits.js';
import type { Rule } from '../rule.js';

export const noOutputs: Rule = {
  id: 'task/no-outputs',
  severity: 'info',
  summary: 'A task that names no outputs is never cached.',
  docs: `
A task is skipped when its outputs can be had from the cache. One that names none has nothing to keep, so it runs each
time, and no other task can follow from its files.

It is only said of \`run\` tasks: checks, approvals, deployments and the like are there for their effect.

**How to fix it:** Name what the task writes under \`outputs\`, \`metrics\` or \`plots\`. If it is there for its effect, say so
with \`cache: false\`.
`,
  needsWholeText: true,
  good: [
    { files: 'tasks:\n  train:\n    run: ./train.sh\n    metrics: metrics.json\n' },
    { files: 'tasks:\n  notify:\n    run: ./notify.sh\n    cache: false\n' },
  ],
  bad: [
    {
      files: 'tasks:\n  «train»:\n    run: ./train.sh\n',
      messages: [
        'The task "train" names no outputs, so it is never cached and runs each time. Say `cache: false` if it should.',
      ],
      fixed: 'tasks:\n  train:\n    cache: false\n    run: ./train.sh\n',
    },
  ],
  check(context) {
    for (const task of context.pipeline?.tasks ?? []) {
      if (task.action?.kind !== 'run' || !task.cache) continue;
      if (task.outputs.length + task.metrics.length + task.plots.length > 0) continue;
      const first = firstKeyOf(task);
      context.report({
        span: task.nameSpan,
        lacks: { keys: ['outputs', 'metrics', 'plots', 'cache'], within: task.span },
        message: `The task "${task.name}" names no outputs, so it is never cached and runs each time. Say \`cache: false\` if it should.`,
        fixes:
          first === undefined
            ? []
            : [
                {
                  title: 'Add "cache: false"',
                  edits: [insertBefore(context, first.entry, first.flow, 'cache', 'false')],
                  preferred: false,
                },
              ],
      });
    }
  },
};
