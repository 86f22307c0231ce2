import { executorOf } from '../../definition/executors.js';
import { formatBytes } from '../../definition/text/units.js';
import { entryOf } from '../../syntax/text.js';
import type { SyntaxNode } from '../../syntax/tree.js';
import { replacement } from '../shared/edits.js';
import type { Rule } from '../rule.js';

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
/** Less than that nobody waits for. */
const LEAST_ASKED = GIB;
/** As part of what it asked for: what is used in this measure is no waste. */
const MUCH = 0.5;
/** Runs differ: so much more than the most that was used is left. */
const SPARE = 1.25;

const SETTINGS = 'executors:\n  cluster: { type: slurm }\n';
const TASK = (memory: string): string =>
  `tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: model.bin }\n    executor: cluster\n    resources: { memory: ${memory} }\n`;

export const oversized: Rule = {
  id: 'resource/oversized',
  severity: 'hint',
  summary: 'A task on a cluster asks for much more memory than it used.',
  docs: `
What a job asks for nobody else gets, and the more it asks for the longer it waits. What it used at most is known of the last run
in which it was done on the cluster, of all cells of a matrix the one that used most.

**How to fix it:** Take the suggested amount, which leaves a quarter to spare. Where other inputs need more, leave it as it is.
`,
  needsWholeText: true,
  good: [
    {
      files: { 'train.pipeline.yaml': TASK('16GiB'), 'modelyard.yaml': SETTINGS },
      peaks: { 'train.train': 12 * GIB },
    },
    { files: { 'train.pipeline.yaml': TASK('16GiB'), 'modelyard.yaml': SETTINGS } },
  ],
  bad: [
    {
      files: { 'train.pipeline.yaml': TASK('«16GiB»'), 'modelyard.yaml': SETTINGS },
      peaks: { 'train.train': 2.125 * GIB },
      messages: ['This task asks for 16GiB of memory, and used 2.1GiB at most in its last run.'],
      fixed: TASK('3GiB'),
    },
  ],
  check(context) {
    const { definition, pipeline, project } = context;
    const settings = project.settings()?.settings;
    if (pipeline === undefined || settings === undefined) return;
    for (const task of pipeline.tasks) {
      const asked = task.resources.memoryBytes;
      const name = executorOf(task, pipeline, settings);
      const isSlurm = settings.executors.some((one) => one.name === name && one.type === 'slurm');
      if (asked === undefined || asked < LEAST_ASKED || !isSlurm) continue;
      const used = project.peak?.(pipeline.name, task.name);
      const value = memoryOf(definition.tree.root, task.name);
      if (used === undefined || used > asked * MUCH || value === undefined) continue;
      const enough = rounded(used * SPARE);
      if (enough >= asked) continue;
      context.report({
        span: value.span,
        message: `This task asks for ${formatBytes(asked)} of memory, and used ${formatBytes(used)} at most in its last run.`,
        fixes: [
          replacement(context, `Ask for ${formatBytes(enough)}`, value.span, formatBytes(enough), false),
        ],
      });
    }
  },
};

/** Up to what people write. */
function rounded(bytes: number): number {
  const step = bytes <= GIB ? 256 * MIB : GIB;
  return Math.ceil(bytes / step) * step;
}

function memoryOf(root: SyntaxNode | null, task: string): SyntaxNode | undefined {
  const written = entryOf(entryOf(root, 'tasks')?.value, task)?.value;
  const value = entryOf(entryOf(written, 'resources')?.value, 'memory')?.value;
  return value?.kind === 'scalar' ? value : undefined;
}
