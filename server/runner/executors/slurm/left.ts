/** Jobs of a cluster whose runner is gone. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { delay } from '../../../base/delay.js';
import { defined } from '../../../base/defined.js';
import { SLURM_POLL_MS } from '../../../definition/executors.js';
import { withLock } from '../../../stores/disk/file-lock.js';
import type { Layout } from '../../../stores/layout.js';
import type { LeftJob } from '../executor.js';
import type { Listed } from './client.js';
import { type Cluster, clusterAt, remoteOf } from './clusters.js';
import {
  type JobEntry,
  idIn,
  isShared,
  queueName,
  readEntries,
  readEntry,
  removeEntry,
  writeEntry,
} from './entry.js';
import { SlurmJob } from './jobs/job.js';
import { isFinal } from './jobs/judge.js';
import { claim, hasOthers, isWithdrawn, readDone } from './jobs/marks.js';
import type { RemoteProject } from './ssh/remote-project.js';
import { FILES } from './jobs/script.js';

const CLAIM_MS = 5_000;
/** How long a job that has to end is waited for. */
const REAP_MS = 120_000;
const REAP_POLL_MS = 1_000;
/** Many look at the same time. */
const LOOK_AGE_MS = 1_000;

/** @param run who looks, and goes on with them @param isRunning whether a run has a runner */
export function leftSlurmJobs(layout: Layout, run: string, isRunning: (run: string) => boolean): LeftJob[] {
  return readEntries(layout).flatMap((entry) =>
    isRunning(entry.run) ? [] : [new LeftSlurmJob(layout, run, entry)],
  );
}

export class LeftSlurmJob implements LeftJob {
  readonly #layout: Layout;
  readonly #by: string;
  #entry: JobEntry;
  #attached: SlurmJob | undefined;

  constructor(layout: Layout, by: string, entry: JobEntry) {
    this.#layout = layout;
    this.#by = by;
    this.#entry = entry;
  }

  get handle(): LeftJob['handle'] {
    const { executor, id = 'unknown' } = this.#entry;
    return { executor, id };
  }

  get run(): string {
    return this.#entry.run;
  }

  get task(): string {
    return this.#entry.task;
  }

  get pipeline(): string {
    return this.#entry.pipeline;
  }

  get attempt(): number {
    return this.#entry.attempt;
  }

  get memo(): LeftJob['memo'] {
    return this.#entry.memo;
  }

  get #cluster(): Cluster {
    return clusterAt(this.#entry.remote?.login);
  }

  get #remote(): RemoteProject | undefined {
    return remoteOf(this.#layout, this.#entry);
  }

  async look(): Promise<'live' | 'succeeded' | 'ended'> {
    // What is not known of it is news for whoever watches it.
    if (this.#remote?.place.mirrored === true) await this.#remote.pull([this.#entry]);
    if (isWithdrawn(this.#entry.folder)) return 'ended';
    const list = await this.#cluster.client.listJobs(LOOK_AGE_MS);
    // A name may have been another job's before, and so may an id.
    const listed = list?.find((one) => this.#is(one));
    const done = readDone(path.join(this.#entry.folder, FILES.done));
    // The job may go on with others, or may have come to nothing with one of them.
    if (isShared(this.#entry) && done !== undefined && done.ended !== true)
      return done.exit === 0 ? 'succeeded' : 'ended';
    if (listed !== undefined && !isFinal(listed.state)) return 'live';
    if (listed !== undefined && listed.state !== 'COMPLETED') return 'ended';
    // What nobody knows anything of is watched until it is known to be gone.
    if (done === undefined) return 'live';
    return done.exit === 0 ? 'succeeded' : 'ended';
  }

  #is({ id, name }: Listed): boolean {
    const { id: own } = this.#entry;
    return name === queueName(this.#entry) && id === idIn(own ?? id, this.#entry);
  }

  claim(): boolean {
    const { name, run } = this.#entry;
    const claimed = withLock(path.join(this.#layout.jobs, name, 'claim.lock'), CLAIM_MS, () => {
      const now = readEntry(this.#layout, name);
      if (now?.run !== run) return false;
      writeEntry(this.#layout, { ...now, run: this.#by });
      return true;
    });
    return claimed.ok && claimed.value;
  }

  attach(job: Parameters<LeftJob['attach']>[0]): SlurmJob {
    const entry = { ...this.#entry, run: this.#by, memo: job.memo };
    this.#attached = new SlurmJob(this.#layout, entry, job, {
      pollMs: SLURM_POLL_MS,
      ...defined({ login: entry.remote?.login }),
    });
    void this.#attached.takeUp();
    return this.#attached;
  }

  async reap(): Promise<void> {
    const { name, folder, id } = this.#entry;
    let isOver = false;
    try {
      writeFileSync(path.join(folder, FILES.cancel), '');
      // The others of its job go on, and when its turn comes nobody begins it.
      if (isShared(this.#entry) && this.#remote?.place.mirrored !== true) {
        claim(folder);
        isOver = hasOthers(this.#entry);
      }
    } catch {
      // Killed before it was made; or it has begun.
    }
    await this.#remote?.cancel([this.#entry]);
    for (const giveUp = Date.now() + REAP_MS; !isOver;) {
      await this.#remote?.pull([this.#entry]);
      const others = hasOthers(this.#entry);
      if (others && readDone(path.join(folder, FILES.done)) !== undefined) break;
      const list = await this.#cluster.client.listJobs(0);
      const live = list?.filter((one) => this.#is(one) && !isFinal(one.state));
      if (live?.length === 0) break;
      if (Date.now() > giveUp) {
        throw new Error(
          `job ${id ?? name} on ${this.#entry.executor} can't be ended: the cluster does not answer`,
        );
      }
      // Where others go on in the job its own script ends it.
      if (!others && live !== undefined) for (const one of live) this.#cluster.queue.cancel(one.id);
      else if (this.#entry.batch === undefined) await this.#cluster.client.cancelNamed(name);
      await delay(REAP_POLL_MS);
    }
    removeEntry(this.#layout, this.#entry);
    await this.#remote?.remove([this.#entry]);
  }

  async close(): Promise<void> {
    const { entry } = this.#attached ?? {};
    if (entry !== undefined && this.#attached?.forget() === true)
      await remoteOf(this.#layout, entry)?.remove([entry]);
  }
}
