/** Instances of a pipeline's tasks gathered for views: one node per task, or per instance where they are few. */
import type { Graph, Instance } from '../../../definition/graph/graph.js';
import type { Task } from '../../../definition/definition.js';
import type { Staleness, TaskStatus } from '../../../protocol/index.js';

/** The worst and most urgent first: what a task with several instances is said to be. */
const STATUS_ORDER: readonly TaskStatus[] = [
  'running',
  'failed',
  'interrupted',
  'waiting',
  'queued',
  'cancelled',
  'succeeded',
  'skipped',
  'cached',
];

const STALENESS_ORDER: readonly Staleness[] = ['stale', 'never-run', 'always-runs', 'unknown', 'fresh'];

function first<T>(order: readonly T[], present: readonly T[]): T | undefined {
  return order.find((one) => present.includes(one));
}

export function gatherStatus(statuses: readonly TaskStatus[]): TaskStatus | undefined {
  return first(STATUS_ORDER, statuses);
}

export function gatherStaleness(all: readonly Staleness[]): Staleness {
  return first(STALENESS_ORDER, all) ?? 'unknown';
}

/** Each task's instances, the tasks in the order in which they would run. */
export function instancesByTask(graph: Graph): ReadonlyMap<Task, readonly Instance[]> {
  const byTask = new Map<Task, Instance[]>();
  for (const id of graph.order) {
    const instance = graph.byId.get(id);
    if (instance === undefined) continue;
    const list = byTask.get(instance.task);
    if (list) list.push(instance);
    else byTask.set(instance.task, [instance]);
  }
  return byTask;
}

/** The tasks that a task's instances come after, by name, without itself. */
export function neededTasks(graph: Graph, instances: readonly Instance[]): string[] {
  const names = new Set<string>();
  for (const instance of instances) {
    for (const edge of graph.incoming(instance.id)) {
      const name = graph.byId.get(edge.from)?.task.name;
      if (name !== undefined && name !== instance.task.name) names.add(name);
    }
  }
  return [...names];
}
