/** Tasks as jobs of a Slurm cluster. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { SlurmExecutor } from '../../../model/definition.js';
import { layoutOf } from '../../../stores/layout.js';
import { taskLogName } from '../../../stores/runs.js';
import type { Executor, ExecutorContext, ExecutorJob } from '../executor.js';
import { SlurmJob } from './job.js';

export function slurmExecutor(settings: SlurmExecutor, { root, runId, pipeline }: ExecutorContext): Executor {
  const layout = layoutOf(root);
  const folders = settings.workDir === undefined ? layout.jobs : path.resolve(root, settings.workDir);
  const jobs: SlurmJob[] = [];
  return {
    start(job: ExecutorJob) {
      const name = freeName(folders, `${runId}.${path.basename(taskLogName(job.id), '.log')}.${job.attempt}`);
      const entry = {
        version: 1,
        name,
        executor: settings.name,
        run: runId,
        pipeline,
        task: job.id,
        attempt: job.attempt,
        folder: path.join(folders, name),
        memo: job.memo,
        submittedAt: new Date().toISOString(),
      } as const;
      const one = new SlurmJob(layout, entry, job, settings.pollMs);
      jobs.push(one);
      void one.submit(settings);
      return one;
    },
    close: () => {
      for (const job of jobs) job.forget();
    },
  };
}

/** A run that goes on as itself may do a task anew; what the marks of another job lie in is not for this one. */
function freeName(folder: string, name: string): string {
  for (let again = 1; ; again++) {
    const free = again === 1 ? name : `${name}.${again}`;
    if (!existsSync(path.join(folder, free))) return free;
  }
}
