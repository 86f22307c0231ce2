/** What this machine has to share among tasks. */
import { readdirSync } from 'node:fs';
import os from 'node:os';
import type { Instance } from '../model/graph.js';
import { formatBytes } from '../model/units.js';
import type { Capacity } from './schedule.js';

/**
 * @param jobs tasks at once; default: one per core
 * @returns and what tasks ask for that is not there: they then run with all there is
 */
export function capacityOf(
  instances: readonly Instance[],
  jobs: number | undefined,
  environment: NodeJS.ProcessEnv,
): { readonly capacity: Capacity; readonly notices: readonly string[] } {
  const cores = os.availableParallelism();
  const wantsGpus = instances.some(({ task }) => task.resources.gpus > 0);
  const capacity: Capacity = {
    jobs: jobs ?? cores,
    // Whoever asks for more jobs than cores wants them to share.
    cpus: Math.max(cores, jobs ?? 0),
    memoryBytes: os.totalmem(),
    gpus: wantsGpus ? gpus(environment) : 0,
  };
  const notices = new Set<string>();
  for (const { task } of instances) {
    const { gpus: wanted, memoryBytes = 0 } = task.resources;
    if (wanted > capacity.gpus) {
      notices.add(
        `${task.name} asks for ${wanted} GPU(s), this machine has ${capacity.gpus}; it runs all the same`,
      );
    }
    if (memoryBytes > capacity.memoryBytes) {
      const [asked, there] = [formatBytes(memoryBytes), formatBytes(capacity.memoryBytes)];
      notices.add(
        `${task.name} asks for ${asked} of memory, this machine has ${there}; it runs all the same`,
      );
    }
  }
  return { capacity, notices: [...notices] };
}

/** NVIDIA's: those that CUDA may see, else those that have a device. */
function gpus(environment: NodeJS.ProcessEnv): number {
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  if (visible !== undefined)
    return visible.split(',').filter((one) => one.trim() !== '' && one !== '-1').length;
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}
