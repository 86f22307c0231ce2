/** Which tasks come after one: naming them there would make a cycle, so that completion doesn't offer them. */
import { projectGraph } from '../../rules/context.js';
import { pipelineOf } from '../hover/describe.js';
import type { IdeContext } from '../types.js';

/** Names of the tasks that depend on a task, whatever is between them. */
export function dependents(context: IdeContext, task: string | number | undefined): ReadonlySet<string> {
  const found = new Set<string>();
  const pipeline = pipelineOf(context);
  if (pipeline === undefined || typeof task !== 'string') return found;
  const graph = projectGraph(pipeline, context.project);
  const waiting = [...(graph.byTask.get(task) ?? [])];
  const seen = new Set(waiting);
  for (let instance = waiting.pop(); instance !== undefined; instance = waiting.pop()) {
    for (const { to } of graph.outgoing(instance.id)) {
      const next = graph.byId.get(to);
      if (next === undefined || seen.has(next)) continue;
      seen.add(next);
      found.add(next.task.name);
      waiting.push(next);
    }
  }
  return found;
}
