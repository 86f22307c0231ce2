import { callOf, nextPipeline } from './calls.js';
import type { Pipeline, Task } from '../../definition/definition.js';
import type { ProjectView, Related, Rule } from '../rule.js';

export const mutexCycle: Rule = {
  id: 'graph/mutex-cycle',
  severity: 'error',
  summary: 'A task whose mutex is held by the task that calls its pipeline.',
  docs: `
A \`pipeline\` task holds its mutex until the pipeline that it calls has ended. A task in there that asks for the same mutex would
wait for the call, and the call for it: neither ever ends. The run refuses such a task; this finding says so before.

Only mutexes whose names are plain text are looked at.

**How to fix it:** Leave the mutex at one of the two. At the call it covers the whole pipeline.
`,
  good: [
    {
      files: {
        'all.pipeline.yaml': 'tasks:\n  ship: { pipeline: ship, mutex: production }\n',
        'ship.pipeline.yaml':
          'name: ship\ntasks:\n  copy: { run: ./copy.sh, mutex: staging, cache: false }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'all.pipeline.yaml': 'tasks:\n  ship: { pipeline: ship, mutex: «production» }\n',
        'ship.pipeline.yaml':
          'name: ship\ntasks:\n  copy: { run: ./copy.sh, mutex: production, cache: false }\n',
      },
      messages: [
        'The mutex "production" is held while ship › copy, which the call runs, waits for it: neither ever ends.',
      ],
    },
  ],
  check(context) {
    for (const task of context.pipeline?.tasks ?? []) {
      const { mutex } = task;
      if (mutex === undefined || mutex.template !== undefined) continue;
      const found = firstBelow(context.project, task, mutex.text.trim(), new Set());
      if (found === undefined) continue;
      context.report({
        span: mutex.span,
        message: `The mutex "${mutex.text.trim()}" is held while ${found.pipeline.name} › ${found.task.name}, which the call runs, waits for it: neither ever ends.`,
        related: [found.related],
      });
    }
  },
};

interface Found {
  readonly pipeline: Pipeline;
  readonly task: Task;
  readonly related: Related;
}

/** The first task below a call that asks for the mutex. */
function firstBelow(project: ProjectView, call: Task, mutex: string, seen: Set<string>): Found | undefined {
  const name = callOf(call)?.name;
  const target = name === undefined ? undefined : nextPipeline(project, name, seen);
  if (target === undefined) return undefined;
  for (const task of target.pipeline.tasks) {
    const own = task.mutex;
    if (own !== undefined && own.template === undefined && own.text.trim() === mutex) {
      const related = { path: target.path, span: own.span, message: 'It waits here.' };
      return { pipeline: target.pipeline, task, related };
    }
    const below = firstBelow(project, task, mutex, seen);
    if (below !== undefined) return below;
  }
  return undefined;
}
