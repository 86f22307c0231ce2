/** How long a run would take, by how long its tasks took before. */
import { availableParallelism } from 'node:os';
import type { RunEstimate } from '../../base/runs/task-outcome.js';
import type { Graph } from '../../definition/graph/types.js';

/** What a task usually takes, in ms: the middle one of the last times. */
export function usualMs(took: readonly number[]): number | undefined {
  return took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)];
}

/**
 * At least so long: the longest way through the tasks that would run, or all of them one beside the other on the machine's cores,
 * whichever is longer.
 *
 * @param tasks in an order in which they could run; `tookMs` is what each usually takes
 * @param graph what waits for what
 * @returns `undefined`: nothing would run, or nothing of it was ever timed
 */
export function estimateOf(
  tasks: readonly { readonly id: string; readonly decision: string; readonly tookMs?: number }[],
  graph: Pick<Graph, 'incoming'>,
): RunEstimate | undefined {
  const ends = new Map<string, number>();
  let [sum, timed, untimed] = [0, 0, 0];
  for (const { id, decision, tookMs } of tasks) {
    const would = decision === 'run' || decision === 'unknown';
    if (would && tookMs !== undefined) [sum, timed] = [sum + tookMs, timed + 1];
    else if (would) untimed += 1;
    const begin = Math.max(0, ...graph.incoming(id).map(({ from }) => ends.get(from) ?? 0));
    ends.set(id, begin + (would ? (tookMs ?? 0) : 0));
  }
  if (timed === 0) return undefined;
  return { ms: Math.max(...ends.values(), sum / availableParallelism()), untimed };
}
