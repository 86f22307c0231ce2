import { callOf, nextPipeline } from './calls.js';
import type { ProjectView, Rule } from '../rule.js';

export const callCycle: Rule = {
  id: 'graph/call-cycle',
  severity: 'error',
  summary: 'A pipeline that calls itself, by itself or by others.',
  docs: `
A \`pipeline\` task runs another pipeline to its end. Where that calls the first one again, the two would start each other without
end. The run refuses such a call; this finding says so before.

Only names that are plain text are looked at.

**How to fix it:** Take one of the calls out, or move the tasks that both need to a pipeline of their own.
`,
  good: [
    {
      files: {
        'all.pipeline.yaml': 'tasks:\n  ship: { pipeline: ship }\n',
        'ship.pipeline.yaml': 'name: ship\ntasks:\n  copy: { run: ./copy.sh, cache: false }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'all.pipeline.yaml': 'name: all\ntasks:\n  ship: { pipeline: «ship» }\n',
        'ship.pipeline.yaml': 'name: ship\ntasks:\n  again: { pipeline: all }\n',
      },
      messages: ['Pipelines call each other in a cycle: all → ship → all.'],
    },
    {
      files: { 'all.pipeline.yaml': 'name: all\ntasks:\n  again: { pipeline: «all» }\n' },
      messages: ['Pipelines call each other in a cycle: all → all.'],
    },
  ],
  check(context) {
    const { pipeline, project } = context;
    if (pipeline === undefined) return;
    for (const task of pipeline.tasks) {
      const call = callOf(task);
      const back = call && wayBack(project, call.name, pipeline.name, new Set());
      if (call === undefined || back === undefined) continue;
      context.report({
        span: call.span,
        message: `Pipelines call each other in a cycle: ${[pipeline.name, ...back].join(' → ')}.`,
      });
    }
  },
};

/** The names from a pipeline on to the one that is looked for. */
function wayBack(
  project: ProjectView,
  name: string,
  wanted: string,
  seen: Set<string>,
): readonly string[] | undefined {
  if (name === wanted) return [name];
  for (const task of nextPipeline(project, name, seen)?.pipeline.tasks ?? []) {
    const call = callOf(task);
    const back = call && wayBack(project, call.name, wanted, seen);
    if (back !== undefined) return [name, ...back];
  }
  return undefined;
}
