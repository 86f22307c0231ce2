/** What the processes of a service use. */
import { processes } from '../../../stores/machine/proc.js';
import type { RunningRelease } from '../../types.js';

export interface Usage {
  readonly memoryBytes: number;
  /** Of the processes that live; less than before when one has ended. */
  readonly cpuSeconds: number;
}

/** Memory and processor time of the groups of the replicas, by release; nothing where the system does not tell. */
export function usageOf(runs: readonly RunningRelease[]): ReadonlyMap<string, Usage> | undefined {
  if (process.platform !== 'linux') return undefined;
  const groups = new Map(runs.flatMap((run) => run.replicas.map((replica) => [replica.pid, run.id])));
  const usage = new Map<string, Usage>(runs.map(({ id }) => [id, { memoryBytes: 0, cpuSeconds: 0 }]));
  if (groups.size === 0) return usage;
  for (const one of processes()) {
    const id = groups.get(one.group);
    const sum = id === undefined ? undefined : usage.get(id);
    if (id === undefined || sum === undefined) continue;
    usage.set(id, {
      memoryBytes: sum.memoryBytes + one.residentBytes,
      cpuSeconds: sum.cpuSeconds + one.cpuSeconds,
    });
  }
  return usage;
}
