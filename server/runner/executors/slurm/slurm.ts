/** Tasks as jobs of a Slurm cluster. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { SlurmExecutor } from '../../../definition/definition.js';
import { layoutOf } from '../../../stores/layout.js';
import { taskLogName } from '../../../stores/runs/runs.js';
import type { After, Executor, ExecutorContext, ExecutorJob } from '../executor.js';
import { remoteOf } from './clusters.js';
import type { JobEntry } from './entry.js';
import { Gatherer } from './jobs/gather.js';
import { SlurmJob } from './jobs/job.js';
import { LeftSlurmJob } from './left.js';

export function slurmExecutor(settings: SlurmExecutor, { root, runId, pipeline }: ExecutorContext): Executor {
  const layout = layoutOf(root);
  const { login } = settings;
  // Behind a login node it is none of this machine's.
  const isElsewhere = settings.workDir !== undefined && login === undefined;
  const folders = isElsewhere ? path.resolve(root, settings.workDir) : layout.jobs;
  const jobs: SlurmJob[] = [];
  const names = new Set<string>();
  const newName = (wanted: string): string => freeName(names, folders, wanted);
  const gatherer = new Gatherer(layout, settings, () => newName(`${runId}.array.1`));
  const { pollMs } = settings;
  const entryOf = (job: ExecutorJob): JobEntry => {
    const name = newName(`${runId}.${path.basename(taskLogName(job.id), '.log')}.${job.attempt}`);
    return {
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
    };
  };
  return {
    start(job: ExecutorJob) {
      const again = (one: SlurmJob): void => gatherer.add({ job: one, after: NOTHING });
      const one = new SlurmJob(layout, entryOf(job), job, { pollMs, again, ...defined({ login }) });
      jobs.push(one);
      again(one);
      return one;
    },
    async ahead(job: ExecutorJob, after: After, cancelled: AbortSignal) {
      const entry = entryOf(job);
      const one = new SlurmJob(
        layout,
        entry,
        { ...job, ...UNHEARD },
        {
          pollMs,
          isAhead: true,
          ...defined({ login }),
        },
      );
      const stop = (): void => one.stop();
      cancelled.addEventListener('abort', stop, { once: true });
      gatherer.add({ job: one, after });
      await one.submitted;
      cancelled.removeEventListener('abort', stop);
      const { id } = one;
      if (id !== undefined) return new LeftSlurmJob(layout, runId, one.entry);
      one.forget();
      return undefined;
    },
    async close() {
      const gone = jobs.filter((job) => job.forget()).map(({ entry }) => entry);
      const [first] = gone.filter(({ remote }) => remote !== undefined);
      if (first !== undefined) await remoteOf(layout, first)?.remove(gone);
    },
  };
}

const NOTHING: After = { jobs: {}, files: [] };

/** Nobody listens yet: whoever takes the job up reads from the beginning. */
const UNHEARD: Pick<ExecutorJob, 'onOutput' | 'onState'> = {
  onOutput: () => undefined,
  onState: () => undefined,
};

/**
 * A run that goes on as itself may do a task anew; what the marks of another job lie in is not for this one, and the queue
 * may still have one that was ended.
 */
function freeName(used: Set<string>, folder: string, name: string): string {
  for (let again = 1; ; again++) {
    const free = again === 1 ? name : `${name}.${again}`;
    if (used.has(free) || existsSync(path.join(folder, free))) continue;
    used.add(free);
    return free;
  }
}
