/** Tasks as processes of this machine. */
import { Process } from '../process.js';
import { UsageSampler } from '../usage.js';
import type { Execution, Executor, ExecutorJob } from './executor.js';

export function localExecutor(): Executor {
  const sampler = new UsageSampler();
  return {
    start(job: ExecutorJob): Execution {
      const process = new Process(job);
      const { pid } = process;
      if (pid !== undefined) sampler.add(pid);
      return {
        pid,
        done: process.done.then((result) => ({
          ...result,
          ...(pid === undefined ? {} : sampler.remove(pid)),
        })),
        stop: () => process.stop(),
        kill: () => process.kill(),
      };
    },
  };
}
