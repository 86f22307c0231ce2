import { ACTIONS } from '../../definition/actions.js';
import type { Task } from '../../definition/definition.js';
import { EXECUTOR_TYPES, LOCAL_EXECUTOR, executorOf } from '../../definition/executors.js';
import { EXECUTOR_KEYS } from '../../definition/schema/project.js';
import { entryOf } from '../../syntax/text.js';
import type { MapEntry, SyntaxTree } from '../../syntax/tree.js';
import type { Rule, RuleContext } from '../rule.js';

const SETTINGS = 'executors:\n  cluster: { type: slurm, partition: gpu, max-jobs: 50 }\n';
const TASK = (rest: string): string => `params: { x: 1 }\ntasks:\n  a:\n${rest}`;

export const executorMismatch: Rule = {
  id: 'task/executor-mismatch',
  severity: 'warning',
  summary: 'Something that an executor can’t do.',
  docs: `
An executor runs the commands of \`run\` tasks; whatever else tasks do (\`check\`, \`register\`, \`deploy\`, …) is done where the
pipeline is run, because the project’s memory is there. A Slurm cluster gives whole graphics processors, and it alone has
several \`nodes\`. The keys of an executor are those of its type.

**How to fix it:** Remove the key that has no effect, or ask for what the executor has.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'train.pipeline.yaml': TASK(
          '    run: ./a.sh ${{ params.x }}\n    outputs: { a: a.txt }\n    executor: cluster\n    resources: { gpus: 2 }\n',
        ),
        'modelyard.yaml': `${SETTINGS}  local: { type: local, jobs: 2 }\n`,
      },
    },
    {
      files: {
        'train.pipeline.yaml': `executor: cluster\n${TASK('    check: [ "${{ params.x > 1 }}" ]\n')}`,
        'modelyard.yaml': SETTINGS,
      },
    },
  ],
  bad: [
    {
      files: {
        'train.pipeline.yaml': TASK('    check: [ "${{ params.x > 1 }}" ]\n    executor: «cluster»\n'),
        'modelyard.yaml': SETTINGS,
      },
      messages: ['A `check` task is done where the pipeline is run, whatever its executor.'],
    },
    {
      files: {
        'train.pipeline.yaml': TASK(
          '    run: ./a.sh ${{ params.x }}\n    outputs: { a: a.txt }\n    executor: «cluster»\n    resources: { gpus: 0.5 }\n',
        ),
        'modelyard.yaml': SETTINGS,
      },
      messages: ['A Slurm cluster gives whole graphics processors: this task gets 1 where it asks for 0.5.'],
    },
    {
      files: TASK(
        '    run: ./a.sh ${{ params.x }}\n    outputs: { a: a.txt }\n    resources: { nodes: 2 }\n',
      ).replace('  a:', '  «a»:'),
      messages: ['`resources.nodes` has no effect on this machine: it is for a Slurm cluster.'],
    },
    {
      files: {
        'modelyard.yaml':
          'executors:\n  cluster: { type: slurm, «jobs»: 4 }\n  local: { type: local, «partition»: gpu }\n',
      },
      messages: [
        '`jobs` has no effect on an executor of type `slurm`. Did you mean `max-jobs`?',
        '`partition` has no effect on an executor of type `local`.',
      ],
    },
    {
      files: { 'modelyard.yaml': 'executors:\n  cluster: { type: slurm, «remote-dir»: ~/rain }\n' },
      messages: ['`remote-dir` has no effect without `login`: the project is used where it lies.'],
    },
    {
      files: { 'modelyard.yaml': 'executors:\n  «local»: { type: slurm, partition: gpu }\n' },
      messages: ['`local` is this machine, whatever its type: give the cluster another name.'],
    },
  ],
  check(context) {
    const { definition, pipeline } = context;
    if (definition.kind === 'project') checkSettings(context, definition.tree);
    const settings = context.project.settings()?.settings;
    const isHere = (name: string): boolean =>
      name === LOCAL_EXECUTOR || settings?.executors.find((one) => one.name === name)?.type === 'local';
    for (const task of pipeline?.tasks ?? []) {
      const { action, executor } = task;
      const { nodes, tasks } = task.resources;
      const onNodes = [...(nodes === undefined ? [] : ['nodes']), ...(tasks === undefined ? [] : ['tasks'])];
      if (
        onNodes.length > 0 &&
        pipeline !== undefined &&
        isHere(executorOf(task, pipeline, settings ?? {}))
      ) {
        const what = onNodes.map((key) => `\`resources.${key}\``).join(' and ');
        const [has, are] = onNodes.length === 1 ? ['has', 'it is'] : ['have', 'they are'];
        const message = `${what} ${has} no effect on this machine: ${are} for a Slurm cluster.`;
        context.report({ span: task.nameSpan, message });
      }
      if (executor !== undefined && action !== undefined && ACTIONS[action.kind].elsewhere !== true) {
        const message = `A \`${action.kind}\` task is done where the pipeline is run, whatever its executor.`;
        if (executor.value !== LOCAL_EXECUTOR) context.report({ span: executor.span, message });
      } else if (pipeline !== undefined && settings !== undefined && asksForPart(task)) {
        const name = executorOf(task, pipeline, settings);
        if (settings.executors.find((one) => one.name === name)?.type !== 'slurm') continue;
        const { gpus } = task.resources;
        const message = `A Slurm cluster gives whole graphics processors: this task gets ${Math.ceil(gpus)} where it asks for ${gpus}.`;
        context.report({ span: executor?.span ?? task.nameSpan, message });
      }
    }
  },
};

function asksForPart({ resources: { gpus } }: Task): boolean {
  return gpus !== Math.ceil(gpus);
}

function checkSettings(context: RuleContext, tree: SyntaxTree): void {
  const executors = entryOf(tree.root, 'executors')?.value;
  for (const executor of executors?.kind === 'map' ? executors.entries : []) {
    const written = entryOf(executor.value, 'type')?.value;
    const type = EXECUTOR_TYPES.find((one) => written?.kind === 'scalar' && written.text === one);
    if (type === undefined) continue;
    if (type !== 'local' && executor.key.text === LOCAL_EXECUTOR) {
      const message = `\`${LOCAL_EXECUTOR}\` is this machine, whatever its type: give the cluster another name.`;
      context.report({ span: executor.key.span, message });
    }
    const far = entryOf(executor.value, 'remote-dir');
    if (far !== undefined && entryOf(executor.value, 'login') === undefined)
      context.report({
        span: far.key.span,
        message: '`remote-dir` has no effect without `login`: the project is used where it lies.',
      });
    for (const entry of entriesIn(executor)) {
      const other = EXECUTOR_TYPES.find((one) => one !== type && EXECUTOR_KEYS[one].includes(entry.key.text));
      if (other === undefined) continue;
      const hint = type === 'slurm' && entry.key.text === 'jobs' ? ' Did you mean `max-jobs`?' : '';
      const message = `\`${entry.key.text}\` has no effect on an executor of type \`${type}\`.${hint}`;
      context.report({ span: entry.key.span, message });
    }
  }
}

function entriesIn({ value }: MapEntry): readonly MapEntry[] {
  return value?.kind === 'map' ? value.entries : [];
}
