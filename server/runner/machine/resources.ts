/** What this machine has to share among tasks. */
import { readdirSync } from 'node:fs';
import os from 'node:os';
import type { LocalExecutor } from '../../definition/definition.js';
import type { Instance } from '../../definition/graph/graph.js';
import { formatBytes } from '../../definition/text/units.js';
import type { Capacity } from './machine.js';

/**
 * @param jobs tasks at once; default: what `modelyard.yaml` says, else one per core
 * @param bounds what `modelyard.yaml` says of this machine
 */
export function capacityOf(
  jobs: number | undefined,
  environment: NodeJS.ProcessEnv,
  bounds: LocalExecutor,
): Capacity {
  const cores = bounds.cpus ?? os.availableParallelism();
  const most = jobs ?? bounds.jobs;
  const found = gpus(environment);
  return {
    jobs: most ?? Math.max(1, Math.floor(cores)),
    // Whoever asks for more jobs than cores wants them to share.
    cpus: bounds.cpus ?? Math.max(cores, most ?? 0),
    memoryBytes: bounds.memoryBytes ?? os.totalmem(),
    gpus:
      bounds.gpus === undefined
        ? found
        : Array.from({ length: bounds.gpus }, (_, at) => found[at] ?? String(at)),
  };
}

/** What tasks ask for that is not there: they run with all there is. */
export function shortagesOf(
  instances: readonly Instance[],
  capacityFor: (instance: Instance) => Capacity,
): readonly string[] {
  const notices = new Set<string>();
  for (const instance of instances) {
    const { task } = instance;
    const capacity = capacityFor(instance);
    const { gpus: wanted, memoryBytes = 0 } = task.resources;
    if (wanted > capacity.gpus.length) {
      notices.add(
        `${task.name} asks for ${wanted} GPU(s), this machine has ${capacity.gpus.length}; it runs all the same`,
      );
    }
    if (memoryBytes > capacity.memoryBytes) {
      const [asked, there] = [formatBytes(memoryBytes), formatBytes(capacity.memoryBytes)];
      notices.add(
        `${task.name} asks for ${asked} of memory, this machine has ${there}; it runs all the same`,
      );
    }
  }
  return [...notices];
}

/** Variables that choose graphics processors for a process: NVIDIA's, AMD's, Intel's. */
const VISIBLE = ['CUDA_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'ZE_AFFINITY_MASK'] as const;

/** What batch systems and container runtimes write where there is none. */
const NO_DEVICE = /^(?:-1|none|void|NoDevFiles)?$/i;

/** Those that this process may see, else NVIDIA's that have a device. */
function gpus(environment: NodeJS.ProcessEnv): readonly string[] {
  const visible = VISIBLE.map((name) => environment[name]).find((value) => value !== undefined);
  if (visible !== undefined) {
    const names = visible.split(',').map((one) => one.trim());
    // As CUDA reads it: what follows a processor that does not exist is not there either.
    const end = names.findIndex((one) => NO_DEVICE.test(one));
    return [...new Set(end === -1 ? names : names.slice(0, end))];
  }
  try {
    const numbers = readdirSync('/dev').flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? []);
    return numbers.sort((a, b) => Number(a) - Number(b));
  } catch {
    return [];
  }
}
