import type { ProjectView, Rule } from '../rule.js';
import type { Task } from '../../model/definition.js';
import type { Span } from '../../syntax/tree.js';

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

/** The pipeline that a task calls by a name that is plain text. */
function callOf({ action }: Task): { readonly name: string; readonly span: Span } | undefined {
  return action?.kind === 'pipeline' && action.name.template === undefined
    ? { name: action.name.text.trim(), span: action.name.span }
    : undefined;
}

/** The names from a pipeline on to the one that is looked for. */
function wayBack(
  project: ProjectView,
  name: string,
  wanted: string,
  seen: Set<string>,
): readonly string[] | undefined {
  if (name === wanted) return [name];
  if (seen.has(name)) return undefined;
  seen.add(name);
  const [target, ...others] = project.pipelinesByName.get(name) ?? [];
  if (target?.kind !== 'pipeline' || others.length > 0) return undefined;
  for (const task of target.pipeline.tasks) {
    const call = callOf(task);
    const back = call && wayBack(project, call.name, wanted, seen);
    if (back !== undefined) return [name, ...back];
  }
  return undefined;
}
