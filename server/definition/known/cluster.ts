/** What a cluster has, and what can never start on it. */
import { plural } from '../../base/format.js';
import type { Resources, SlurmExecutor } from '../definition.js';
import { formatBytes, formatDuration } from '../text/units.js';

/** Nodes that are alike, in one partition. */
export interface NodeGroup {
  readonly partition: string;
  readonly isDefault: boolean;
  readonly nodes: number;
  /** Of one node. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: number;
  /** Absent: as long as one likes. */
  readonly timeMs?: number;
  /** Of a job that does not say how long it takes. Absent: as long as a job may. */
  readonly defaultMs?: number;
}

/** What it had when somebody asked it. */
export interface KnownCluster {
  /** ISO. */
  readonly at: string;
  readonly groups: readonly NodeGroup[];
}

/** Nodes of the partition in which an executor's jobs run, as far as that is certain. */
export function partitionOf(
  groups: readonly NodeGroup[],
  { partition, submitOptions }: SlurmExecutor,
): NodeGroup | undefined {
  if (submitOptions.length > 0) return undefined;
  return groups.find((one) => (partition === undefined ? one.isDefault : one.partition === partition));
}

/** Why a request can never start, as far as that is certain. @param timeMs what the task asks for */
export function whyImpossible(
  groups: readonly NodeGroup[],
  settings: SlurmExecutor,
  resources: Resources,
  timeMs: number | undefined,
): string | undefined {
  const { partition, submitOptions } = settings;
  // Options that are passed on may say anything, and a list of partitions is Slurm's to choose from.
  if (groups.length === 0 || submitOptions.length > 0 || partition?.includes(',') === true) return undefined;
  const own = groups.filter((group) =>
    partition === undefined ? group.isDefault : group.partition === partition,
  );
  const [first] = own;
  if (first === undefined) {
    const names = [...new Set(groups.map((group) => group.partition))].join(', ');
    return partition === undefined
      ? undefined
      : `there is no partition "${partition}"; the cluster has ${names}`;
  }
  const where = `the partition ${first.partition}`;
  const limit = first.timeMs;
  if (timeMs !== undefined && limit !== undefined && timeMs > limit) {
    return `it asks for ${formatDuration(timeMs)}, and ${where} gives ${formatDuration(limit)} at most`;
  }
  const nodes = resources.nodes ?? 1;
  const count = (groups: readonly NodeGroup[]): number => groups.reduce((sum, group) => sum + group.nodes, 0);
  if (nodes > count(own)) return `it asks for ${nodes} nodes, and ${where} has ${count(own)}`;
  // Processes need not be spread evenly: the node that has the most of them has at least so many.
  const processes = Math.ceil((resources.tasks ?? nodes) / nodes);
  const each = Math.max(1, Math.ceil(resources.cpus));
  const cpus = each * processes;
  const gpus = Math.ceil(resources.gpus);
  const bytes = settings.memoryForm === 'none' ? 0 : (resources.memoryBytes ?? 0);
  const fitting = own.filter((one) => one.cpus >= each && one.gpus >= gpus && one.memoryBytes >= bytes);
  if (fitting.some((one) => one.cpus >= cpus)) {
    const has = count(fitting);
    return nodes <= has ? undefined : `it asks for ${nodes} such nodes, and ${where} has ${has}`;
  }
  const most = (of: (group: NodeGroup) => number): number => Math.max(...own.map(of));
  const mostGpus = most((one) => one.gpus);
  const asked = [
    plural(cpus, 'core'),
    ...(bytes === 0 ? [] : [formatBytes(bytes)]),
    ...(gpus === 0 ? [] : [plural(gpus, 'GPU')]),
  ];
  const has = [
    plural(
      most((one) => one.cpus),
      'core',
    ),
    ...(bytes === 0 ? [] : [formatBytes(most((one) => one.memoryBytes))]),
    ...(gpus === 0 ? [] : [mostGpus === 0 ? 'no GPU' : plural(mostGpus, 'GPU')]),
  ];
  const place = nodes > 1 ? ' on one node' : '';
  return `it asks for ${asked.join(', ')}${place}, which no node of ${where} has (at most ${has.join(', ')})`;
}
