/** Tasks as processes of this machine. */
import { OutputPipes } from '../output-pipes.js';
import { Process } from '../process.js';
import { UsageSampler } from '../usage.js';
import type { Execution, Executor, ExecutorJob } from './executor.js';

/** @param pipes a folder for the pipes that tasks print into; made when the first one starts */
export function localExecutor(pipes: string): Executor {
  const sampler = new UsageSampler();
  const output = new OutputPipes(pipes);
  return {
    start(job: ExecutorJob): Execution {
      const process = new Process({ ...job, pipes: output });
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
    close: () => output.close(),
  };
}
