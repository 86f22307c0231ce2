/** Which tasks run each time, because nothing tells whether they are done. */
import type { Instance } from '../../definition/graph/graph.js';
import { planOf } from '../actions/plans.js';

/** Why a task runs each time; nothing when it need not. */
export function alwaysRuns({ task, outputs }: Pick<Instance, 'task' | 'outputs'>): string | undefined {
  // DVC's memory says it.
  if (task.stage !== undefined) return undefined;
  if (!task.cache) return 'cache: false';
  const done = task.action === undefined ? 'outputs' : planOf(task.action).done;
  if (typeof done === 'object') return done.never;
  return done === 'outputs' && outputs.length === 0
    ? 'it has no outputs, so that nothing tells whether it is done'
    : undefined;
}
