/** Jobs that outlived their runners: who goes on with them, and whom they keep from beginning. */
import { isFolder, namesIn } from '../../stores/disk/folder.js';
import type { Instance } from '../../definition/graph/graph.js';
import type { RunStore } from '../../stores/runs/runs.js';
import type { JobOrder, LeftJob, Steered } from './executor.js';

/** Those of all runs that have no runner. Costs one look into a folder when there is none. */
export async function leftJobs(store: RunStore, run: string): Promise<LeftJobs> {
  const { jobs } = store.layout;
  if (!isFolder(jobs) || namesIn(jobs).length === 0) return new LeftJobs([]);
  const { leftSlurmJobs } = await import('./slurm/left.js');
  return new LeftJobs(leftSlurmJobs(store.layout, run, (id) => id !== run && store.isRunning(id)));
}

/** Ends the jobs that a run whose runner is gone has left, and those that its called pipelines have. Gives how many. */
export async function endJobsOf(store: RunStore, run: string): Promise<number> {
  const isOfRun = (id: string | undefined, left = MOST_ABOVE): boolean => {
    if (id === undefined || left === 0) return false;
    const read = store.read(id);
    return id === run || isOfRun(read.ok ? read.run.parent?.run : undefined, left - 1);
  };
  const own = (await leftJobs(store, run)).all.filter((job) => isOfRun(job.run));
  await Promise.all(own.map((job) => job.reap()));
  return own.length;
}

/** Does what somebody wants with the job of a task. Who runs it sees what comes of that as anybody would. */
export async function steerJob(
  { layout }: RunStore,
  run: string,
  task: string,
  order: JobOrder,
  dry: boolean,
): Promise<Steered> {
  const { steerSlurmJob } = await import('./slurm/steer.js');
  return steerSlurmJob(layout, run, task, order, dry);
}

/** More pipelines that call each other than anybody writes. */
const MOST_ABOVE = 50;

export class LeftJobs {
  #jobs: readonly LeftJob[];
  readonly #all: LeftJob[];

  constructor(jobs: readonly LeftJob[]) {
    this.#jobs = jobs;
    this.#all = [...jobs];
  }

  /** Those too that somebody has gone on with. */
  get all(): readonly LeftJob[] {
    return this.#all;
  }

  /** One that this run has submitted before its task's turn has come. */
  add(job: LeftJob): void {
    this.#jobs = [...this.#jobs, job];
    this.#all.push(job);
  }

  /** The newest one of a task. */
  of(pipeline: string, task: string): LeftJob | undefined {
    return this.#jobs.findLast((job) => job.pipeline === pipeline && job.task === task);
  }

  has(run: string, task: string): boolean {
    return this.#jobs.some((job) => job.run === run && job.task === task);
  }

  remove(job: LeftJob): void {
    this.#jobs = this.#jobs.filter((one) => one !== job);
  }

  /** Removes what is left of those whose end was taken. */
  async close(): Promise<void> {
    for (const job of this.all) await job.close();
  }

  /**
   * Why a run can't begin: a job that it does not itself go on with is writing what it reads or writes. Jobs that have come
   * to nothing are ended on the way.
   */
  async inTheWayOf(
    { reads = [], writes }: { readonly reads?: readonly string[]; readonly writes: readonly string[] },
    instances: readonly Instance[],
    pipeline: string,
  ): Promise<string | undefined> {
    for (const job of this.#jobs) {
      if (job.pipeline === pipeline && instances.some(({ id }) => id === job.task)) continue;
      const file = job.memo.outputs.find((one) => [...reads, ...writes].some((other) => overlap(one, other)));
      if (file === undefined) continue;
      if ((await job.look()) === 'ended') {
        await job.reap();
        this.remove(job);
        continue;
      }
      const { executor, id } = job.handle;
      return `${file} is being made by ${job.task} of ${job.pipeline}: job ${id} on ${executor}, whose runner is gone. Go on with it (\`modelyard run ${job.pipeline} --resume ${job.run}\`) or end it (\`modelyard runs cancel --force ${job.run}\`)`;
    }
    return undefined;
  }
}

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`) || a === '.' || b === '.';
}
