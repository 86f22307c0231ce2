/** What the processes of a service use. */
import { processes } from '../../stores/proc.js';
import type { RunningRelease } from '../types.js';

export interface Usage {
  readonly memoryBytes: number;
  /** Of the processes that live; less than before when one has ended. */
  readonly cpuSeconds: number;
}

/** Memory and processor time of the groups of all replicas; nothing where the system does not tell. */
export function usageOf(runs: readonly RunningRelease[]): Usage | undefined {
  if (process.platform !== 'linux') return undefined;
  const groups = new Set(runs.flatMap((run) => run.replicas.map((replica) => replica.pid)));
  if (groups.size === 0) return { memoryBytes: 0, cpuSeconds: 0 };
  let memoryBytes = 0;
  let cpuSeconds = 0;
  for (const one of processes()) {
    if (!groups.has(one.group)) continue;
    memoryBytes += one.residentBytes;
    cpuSeconds += one.cpuSeconds;
  }
  return { memoryBytes, cpuSeconds };
}
