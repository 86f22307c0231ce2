import { type NodeGroup, whyImpossible } from '../../definition/known/cluster.js';
import { executorOf } from '../../definition/executors.js';
import { entryOf } from '../../syntax/text.js';
import type { Rule } from '../rule.js';

const GIB = 1024 ** 3;
const CLUSTER: readonly NodeGroup[] = [
  { partition: 'main', isDefault: true, nodes: 4, cpus: 32, memoryBytes: 64 * GIB, gpus: 0 },
];
const SETTINGS = 'executors:\n  cluster: { type: slurm }\n';
const TASK = (name: string, resources: string): string =>
  `tasks:\n  ${name}:\n    run: ./train.sh\n    outputs: { model: model.bin }\n    executor: cluster\n    resources: { ${resources} }\n`;

export const impossible: Rule = {
  id: 'resource/impossible',
  severity: 'warning',
  summary: 'A task asks for what no node of its cluster has.',
  docs: `
Slurm takes such a request and lets it wait for ever. What the nodes have is asked when a run submits something, and kept in
the project's memory; nothing is said before that, nor where \`submit-options\` may say anything.

**How to fix it:** Ask for less, for more \`nodes\`, or name another partition. Where the cluster has grown since: the next run
asks it again, \`modelyard doctor\` at once.
`,
  needsWholeText: true,
  good: [
    {
      files: { 'train.pipeline.yaml': TASK('train', 'cpus: 32, memory: 64GiB'), 'modelyard.yaml': SETTINGS },
      cluster: CLUSTER,
    },
    {
      files: { 'train.pipeline.yaml': TASK('train', 'cpus: 32, nodes: 4'), 'modelyard.yaml': SETTINGS },
      cluster: CLUSTER,
    },
    {
      files: { 'train.pipeline.yaml': TASK('train', 'cpus: 64'), 'modelyard.yaml': SETTINGS },
    },
  ],
  bad: [
    {
      files: { 'train.pipeline.yaml': TASK('«train»', 'cpus: 64'), 'modelyard.yaml': SETTINGS },
      cluster: CLUSTER,
      messages: [
        'This task can never start on cluster: it asks for 64 cores, which no node of the partition main has (at most 32 cores). That is as of 2026-11-29.',
      ],
    },
    {
      files: { 'modelyard.yaml': 'executors:\n  «cluster»: { type: slurm, partition: gpu }\n' },
      cluster: CLUSTER,
      messages: [
        'Nothing can ever start on cluster: there is no partition "gpu"; the cluster has main. That is as of 2026-11-29.',
      ],
    },
  ],
  check(context) {
    const { definition, pipeline, project } = context;
    const known = project.cluster?.();
    const settings = project.settings()?.settings;
    if (known === undefined || settings === undefined) return;
    const clusters = settings.executors.filter((one) => one.type === 'slurm');
    const since = `That is as of ${known.at.slice(0, 10)}.`;
    const broken = new Map(
      clusters.map((one) => [one, whyImpossible(known.groups, one, LEAST, one.timeMs)] as const),
    );
    if (definition.kind === 'project') {
      const written = entryOf(definition.tree.root, 'executors')?.value;
      for (const [one, why] of broken) {
        const entry = entryOf(written, one.name);
        if (why === undefined || entry === undefined) continue;
        const message = `Nothing can ever start on ${one.name}: ${why}. ${since}`;
        context.report({ span: entry.key.span, message });
      }
    }
    for (const task of pipeline?.tasks ?? []) {
      const name = executorOf(task, pipeline ?? {}, settings);
      const one = clusters.find((cluster) => cluster.name === name);
      if (one === undefined || broken.get(one) !== undefined) continue;
      const why = whyImpossible(known.groups, one, task.resources, task.timeoutMs ?? one.timeMs);
      if (why === undefined) continue;
      const message = `This task can never start on ${name}: ${why}. ${since}`;
      context.report({ span: task.nameSpan, message });
    }
  },
};

const LEAST = { cpus: 1, gpus: 0 };
