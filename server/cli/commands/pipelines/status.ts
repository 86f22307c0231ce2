/** `modelyard status`: every pipeline, how it ended the last time, and what of it is stale. */
import { defined } from '../../../base/defined.js';
import { Project } from '../../../project/project.js';
import { planRun } from '../../../runner/plan/plan.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { expiredTasks } from '../../../stores/approvals/waiting.js';
import { type PipelineStatus, answer } from '../../answers.js';
import { JSON_FLAG } from '../../args.js';
import type { Command } from '../../command.js';
import { diagnosticsOf } from '../../load/compile.js';
import { projectRoot } from '../../load/locate.js';
import { EXIT, stdout } from '../../output.js';
import { styleFor, wantsColours } from '../../terminal/style.js';
import { plural } from '../../../base/format.js';
import { timeIsUp } from '../runs/list.js';
import { statusWord } from '../runs/shared.js';

/** Among so many the last one is looked for that is no debug run. */
const NEWEST_RUNS = 50;

export const status: Command = {
  name: 'status',
  summary: 'Show every pipeline with its last run and what is stale.',
  usage: 'status [--json]',
  examples: ['status', 'status --json'],
  flags: JSON_FLAG,
  most: 0,
  async run(args) {
    const root = projectRoot(args);
    const project = Project.open(root);
    const store = RunStore.open(root);
    const pipelines: PipelineStatus[] = [];
    for (const definition of project.definitions()) {
      if (definition.kind !== 'pipeline') continue;
      const { pipeline, path } = definition;
      const errors = diagnosticsOf(project, path).filter((one) => one.severity === 'error').length;
      const last = store
        .list({ limit: NEWEST_RUNS, pipeline: pipeline.name, source: 'pipeline' })
        .find(({ debug }) => debug !== true);
      const plan = errors > 0 ? { tasks: [] } : await planRun(root, pipeline, { places: project.settings });
      pipelines.push({
        name: pipeline.name,
        path,
        errors,
        ...(last === undefined
          ? {}
          : {
              lastRun: {
                id: last.id,
                status: last.status,
                createdAt: last.createdAt,
                expired: expiredTasks(store, last),
              },
            }),
        ...defined({ problem: plan.problem }),
        tasks: plan.tasks.map(({ id, decision, reasons }) => ({ id, decision, reasons })),
      });
    }
    if (args.flag('json')) {
      answer('status', { root, pipelines });
      return EXIT.ok;
    }
    const style = styleFor(wantsColours(process.stdout.isTTY));
    if (pipelines.length === 0) stdout.line(`There is no pipeline in ${root}.`);
    for (const one of pipelines) {
      const last =
        one.lastRun === undefined
          ? 'never run'
          : `${statusWord(one.lastRun.status, style)} ${one.lastRun.createdAt}${timeIsUp(one.lastRun.expired, style)}`;
      stdout.line(`${style.bold(one.name)}  ${style.dim(one.path)}  ${last}`);
      if (one.errors > 0)
        stdout.line(`  ${style.red(`${plural(one.errors, 'error')}; see \`modelyard lint\``)}`);
      if (one.problem !== undefined) stdout.line(`  ${style.red(one.problem)}`);
      for (const task of one.tasks) {
        if (task.decision === 'up-to-date') continue;
        stdout.line(`  ${task.id}: ${style.yellow(task.decision)}  ${style.dim(task.reasons.join('; '))}`);
      }
    }
    return EXIT.ok;
  },
};
