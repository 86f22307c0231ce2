import { LOCAL_EXECUTOR } from '../../definition/executors.js';
import { servingMentions } from '../../definition/mentions/serving.js';
import type { Rule } from '../rule.js';
import { definedNames } from '../shared/serving-names.js';
import { reportUnknown } from '../shared/unknown.js';

const TASK = (executor: string) =>
  `tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: model.bin }\n    executor: ${executor}\n`;
const SETTINGS = 'executors:\n  small: { type: slurm, max-jobs: 2 }\n  cluster: { type: slurm }\n';

export const unknownExecutor: Rule = {
  id: 'reference/unknown-executor',
  severity: 'error',
  summary: 'An executor that `modelyard.yaml` does not define.',
  docs: `
Where a task runs is one of the \`executors\` of \`modelyard.yaml\`; \`local\`, this machine, is always there. A task that
names any other one, or whose pipeline or project does, fails.

Nothing is said while \`modelyard.yaml\` can't be read.

**How to fix it:** Take the name that is suggested, or define the executor in \`modelyard.yaml\`.
`,
  needsWholeText: true,
  good: [
    { files: { 'train.pipeline.yaml': TASK('local') } },
    { files: { 'train.pipeline.yaml': TASK("'local'"), 'modelyard.yaml': SETTINGS } },
  ],
  bad: [
    {
      files: { 'train.pipeline.yaml': TASK('«clutser»'), 'modelyard.yaml': SETTINGS },
      messages: ['There is no executor "clutser" in modelyard.yaml. Did you mean "cluster"?'],
      fixed: TASK('cluster'),
    },
    {
      files: {
        'train.pipeline.yaml': `executor: «claster»\n${TASK('cluster')}`,
        'modelyard.yaml': SETTINGS,
      },
      messages: ['There is no executor "claster" in modelyard.yaml. Did you mean "cluster"?'],
      fixed: `executor: cluster\n${TASK('cluster')}`,
    },
    {
      files: { 'modelyard.yaml': `executor: «small2»\n${SETTINGS}` },
      messages: ['There is no executor "small2" in modelyard.yaml. Did you mean "small"?'],
    },
    {
      files: TASK('«gpu»'),
      messages: ['There is no executor "gpu" in modelyard.yaml. Expected one of local.'],
    },
  ],
  check(context) {
    for (const { kind, name, span, whole } of servingMentions(context.definition)) {
      if (kind !== 'executor' || whole !== undefined) continue;
      const defined = definedNames(context.project, kind);
      if (defined === undefined) continue;
      const names = [...new Set([LOCAL_EXECUTOR, ...defined])];
      if (names.includes(name)) continue;
      reportUnknown(context, { value: name, span }, names, {
        message: `There is no executor "${name}" in modelyard.yaml.`,
      });
    }
  },
};
