/** One job: it is watched, and judged when it has ended. Who submits it: `submission.ts`. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../../base/defined.js';
import type { Layout } from '../../../../stores/layout.js';
import { describeError } from '../../../../stores/disk/problem.js';
import type { Execution, ExecutionResult, ExecutorJob } from '../../executor.js';
import type { Listed } from '../client.js';
import { type Cluster, clusterAt, remoteOf } from '../clusters.js';
import {
  type JobEntry,
  idIn,
  isShared,
  leaveBatch,
  logOf,
  queueName,
  removeEntry,
  writeEntry,
} from '../entry.js';
import { describeWaiting, isFinal, judge } from './judge.js';
import { lookUp } from './look-up.js';
import { JobOutput } from './output.js';
import { type DoneMarker, claim, endedBefore, hasOthers, lastWords, readDone, readStarted } from './marks.js';
import type { Pull, Watched } from '../queue.js';
import type { RemoteProject } from '../ssh/remote-project.js';
import { FILES } from './script.js';
import { type Preparation, rememberFolder, writeJob } from './write.js';

/** Answers without the job until it counts as gone. An answer may be empty although nothing is wrong. */
const ABSENCES = 3;
/** Answers that say it has ended until its mark is missed: file systems that are shared take their time. */
const MARKLESS = 5;
/** Until somebody is asked again to end a job. */
const CANCEL_AGAIN_MS = 15_000;
/** How long a job that is to end at once is waited for. */
const KILL_MS = 10_000;

export class SlurmJob implements Execution, Watched {
  readonly pid = undefined;
  readonly done: Promise<ExecutionResult>;
  readonly pollMs: number;
  readonly #layout: Layout;
  readonly #cluster: Cluster;
  readonly #job: ExecutorJob;
  readonly #output: JobOutput;
  /** As it was before it was submitted, or found. */
  readonly #first: JobEntry;
  #entry: JobEntry;
  #resolve: (result: ExecutionResult) => void = () => undefined;
  #ended = false;
  #confirmed = false;
  /** When its id became known; answers to earlier questions are no news. */
  #knownAt = 0;
  #state = '';
  #reason = '';
  /** How many jobs come before it. */
  #before: number | undefined;
  #running = false;
  #started = false;
  #mark: DoneMarker | undefined;
  #absences = 0;
  #markless = 0;
  #stopped = false;
  #askedToEnd = 0;
  #judging = false;
  /** Somebody is submitting it, or has. */
  #handed = false;
  readonly #isAhead: boolean;
  readonly #again: ((job: SlurmJob) => void) | undefined;
  #isSubmitted: () => void = () => undefined;
  /** Its id is known, or it has ended without one. */
  readonly submitted: Promise<void>;

  constructor(layout: Layout, entry: JobEntry, job: ExecutorJob, watching: Watching) {
    const { pollMs, login, isAhead, again } = watching;
    this.#layout = layout;
    this.#cluster = clusterAt(login);
    this.#again = again;
    this.#isAhead = isAhead === true;
    this.submitted = new Promise((resolve) => (this.#isSubmitted = resolve));
    this.#first = entry;
    this.#entry = entry;
    this.#job = job;
    this.pollMs = pollMs;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#output = new JobOutput(entry.folder, job);
  }

  get name(): string {
    return queueName(this.#entry);
  }

  get id(): string | undefined {
    return this.#entry.id;
  }

  get entry(): JobEntry {
    return this.#entry;
  }

  /** What it is to do. */
  get spec(): ExecutorJob {
    return this.#job;
  }

  /** Nobody wants it any more, or it has ended. */
  get isOver(): boolean {
    return this.#stopped || this.#ended;
  }

  get #remote(): RemoteProject | undefined {
    return remoteOf(this.#layout, this.#entry);
  }

  get pull(): Pull | undefined {
    const remote = this.#remote;
    return remote?.place.mirrored === true ? remote.pull : undefined;
  }

  get #file(): (name: string) => string {
    return (name) => path.join(this.#entry.folder, name);
  }

  /** Writes the job down, so that it can be handed to Slurm. @returns its script; nothing where it has failed with that */
  prepare(preparation: Preparation): string | undefined {
    this.#handed = true;
    try {
      const before = this.#entry;
      this.#entry = {
        ...this.#first,
        ...defined({ batch: preparation.batch, remote: preparation.project?.place }),
      };
      const script = writeJob(this.#layout, this.#entry, this.#job, preparation);
      leaveBatch(this.#layout, before);
      return script;
    } catch (error) {
      this.refuse(describeError(error));
      return undefined;
    }
  }

  /** It was not submitted after all, and waits until it is. */
  takeBack(): void {
    this.#handed = false;
    if (this.#stopped) this.withdraw();
  }

  /** It was not submitted, and will not be. */
  refuse(error: string): void {
    this.#finish({ error, leftBehind: false, outputHeld: false });
  }

  /** Nobody wants it any more, and Slurm does not have it. */
  withdraw(): void {
    this.#finish(this.#judge(undefined));
  }

  /** Goes on with a job that another process has submitted. */
  async takeUp(): Promise<void> {
    this.#handed = true;
    const id = this.#entry.id ?? (await lookUp(this.#cluster.client, this.name, [this], this.pollMs));
    if (id === undefined) this.withdraw();
    else this.known(this.#entry.id ?? idIn(id, this.#entry));
  }

  /** Slurm has it. */
  known(id: string): void {
    if (this.#ended) {
      if (!hasOthers(this.#entry)) this.#cluster.queue.cancel(id);
      return;
    }
    this.#called(id);
    const { executor } = this.#entry;
    this.#job.onState?.({ state: 'submitted', handle: { executor, id } });
    if (this.#stopped) this.#cancel();
    if (!this.#isAhead) this.#cluster.queue.watch(this);
    this.#isSubmitted();
  }

  #called(id: string): void {
    this.#entry = { ...this.#entry, id };
    rememberFolder(this.#entry);
    this.#knownAt = Date.now();
    try {
      writeEntry(this.#layout, this.#entry);
    } catch {
      // A full disk: whoever comes next finds the job by its name.
    }
  }

  /** The job that has claimed the attempt, and its node. */
  startedAs(): { readonly id: string; readonly node: string } | undefined {
    return readStarted(this.#entry.folder);
  }

  look(): boolean {
    if (!this.#started) {
      const started = this.startedAs();
      if (started === undefined) return false;
      this.#started = true;
      // Submitted twice, because nobody could say whether it was: this one works, the other one has left.
      if (started.id !== this.id) this.#called(started.id);
      this.#runs(started.node);
    }
    this.#output.look();
    this.#mark ??= readDone(this.#file(FILES.done));
    if (this.#mark === undefined) return false;
    // The job goes on with others: only the mark says how this one has ended, unless the whole job was told to end.
    if (isShared(this.#entry) && this.#mark.ended !== true) {
      this.#confirmed = true;
      this.#settle(this.#judge(undefined));
    }
    return true;
  }

  told(listed: Listed | undefined, asked: number): boolean {
    if (asked < this.#knownAt || this.#judging || this.#ended) return false;
    if (listed === undefined) {
      this.#absences++;
      this.look();
      if (this.#mark !== undefined || this.#absences >= ABSENCES) void this.#gone();
      return true;
    }
    this.#absences = 0;
    const { state, reason, node } = listed;
    const news = state !== this.#state || reason !== this.#reason;
    this.#state = state;
    this.#reason = reason;
    if (isFinal(state)) {
      this.look();
      // Of one that failed, too: it would be done again although it has begun.
      const isDoubtful = state === 'COMPLETED' || (state === 'FAILED' && !this.#started);
      const waits = isDoubtful && this.#mark === undefined && !this.#stopped;
      if (waits && this.#markless++ < MARKLESS) return true;
      this.#end(state);
      return true;
    }
    if (state === 'PENDING') {
      if (news) this.queued(describeWaiting(reason));
    } else if (state === 'RUNNING' && isShared(this.#entry)) {
      if (news && !this.#started) this.queued('waits for its turn in it');
    } else if (state === 'RUNNING') this.#runs(node);
    if (this.#stopped && Date.now() - this.#askedToEnd > CANCEL_AGAIN_MS) this.#cancel();
    return news;
  }

  /** What it waits for is that others make room. */
  get isInLine(): boolean {
    return this.#state === 'PENDING' && /^(?:Priority|Resources)$/.test(this.#reason);
  }

  placed(before: number): void {
    if (before === this.#before) return;
    this.#before = before;
    this.queued(describeWaiting(this.#reason, before));
  }

  untold(why: string): void {
    if (this.#running || this.#reason === SILENT) return;
    this.#reason = SILENT;
    this.queued(`the controller does not answer; what is in the queue stays there (${why})`);
  }

  /** The controller knows nothing of it any more. */
  async #gone(): Promise<void> {
    this.#judging = true;
    const { id = '', submittedAt } = this.#entry;
    const { client } = this.#cluster;
    const since = new Date(submittedAt);
    const isKnown = this.#mark !== undefined;
    const state = isKnown ? undefined : await client.accountedState(id, this.name, since);
    this.#judging = false;
    this.#end(state);
  }

  /** Slurm does not have it any more. */
  #end(state: string | undefined): void {
    const hasCome = this.isOver || this.#started || this.#mark !== undefined;
    const isSpared = !hasCome && endedBefore(this.#entry, state);
    if (isSpared && this.#again !== undefined) {
      this.#cluster.queue.unwatch(this);
      this.#handed = false;
      this.#absences = 0;
      this.#markless = 0;
      this.queued('has ended before its turn; it is submitted again');
      this.#again(this);
      return;
    }
    this.#confirmed = true;
    // Whose time was up, or who had too little memory, was another one.
    this.#settle(this.#judge(isSpared ? undefined : state));
  }

  /** @param reason the end of a sentence about the job, for people */
  queued(reason: string): void {
    const { id, executor } = this.#entry;
    const what = id === undefined ? executor : `job ${id} on ${executor}`;
    this.#job.onState?.({ state: 'queued', reason: `${what} ${reason}` });
  }

  #runs(node: string): void {
    if (this.#running) return;
    this.#running = true;
    this.#job.onState?.({ state: 'running', node });
  }

  #judge(state: string | undefined): ExecutionResult {
    return judge({
      id: this.id ?? this.name,
      stopped: this.#stopped,
      cancelled: existsSync(this.#file(FILES.cancel)),
      words: this.#mark === undefined ? lastWords(this.#entry.folder, logOf(this.#entry)) : '',
      ...(this.#started ? {} : { unseen: this.#entry.folder }),
      ...defined({ state, done: this.#mark, memoryBytes: this.#job.resources.memoryBytes }),
    });
  }

  stop(): void {
    if (this.isOver) return;
    this.#stopped = true;
    if (!this.#handed) {
      this.withdraw();
      return;
    }
    let isClaimed = false;
    try {
      // It may be about to start.
      writeFileSync(this.#file(FILES.cancel), '');
      if (isShared(this.#entry) && this.pull === undefined) {
        claim(this.#entry.folder);
        isClaimed = true;
      }
    } catch {
      // It has begun, or is not submitted yet.
    }
    void this.#remote?.cancel([this.#entry]);
    if (this.#cancel() || !isClaimed) return;
    // Others go on, and when its turn comes nobody begins it.
    this.#confirmed = true;
    this.withdraw();
  }

  kill(): void {
    this.stop();
    // Who waits for a controller that does not answer waits for long: the job is known, and ended by whoever comes next.
    setTimeout(
      () => this.#finish({ signal: 'SIGKILL', leftBehind: false, outputHeld: false }),
      KILL_MS,
    ).unref();
  }

  /** @returns whether the job is ended for it; not where others go on in it: then its own script sees to that */
  #cancel(): boolean {
    this.#askedToEnd = Date.now();
    if (hasOthers(this.#entry)) return false;
    if (this.id !== undefined) this.#cluster.queue.cancel(this.id);
    return true;
  }

  /** It has ended: what it has made is brought here. */
  #settle(result: ExecutionResult): void {
    const remote = this.#remote;
    if (this.#judging) return;
    this.#judging = true;
    this.#cluster.queue.unwatch(this);
    if (remote === undefined || !this.#started) this.#finish(result);
    else
      void remote
        .take(this, result)
        .then((taken) => this.#finish(this.#stopped ? this.#judge(undefined) : taken));
  }

  #finish(result: ExecutionResult): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#output.finish();
    this.#cluster.queue.unwatch(this);
    this.#resolve(result);
    this.#isSubmitted();
  }

  /** Leaves nothing behind once its end was taken; a job that may still be there stays known. @returns whether it is gone */
  forget(): boolean {
    const isGone = this.#ended && (this.#confirmed || this.id === undefined);
    if (isGone) removeEntry(this.#layout, this.#entry);
    return isGone;
  }
}

const SILENT = 'silent';

interface Watching {
  /** To the cluster; absent: it is here. */
  readonly login?: string;
  /** The longest pause between two questions. */
  readonly pollMs: number;
  /** Nobody watches it: it waits for others, and is taken up when its turn has come. */
  readonly isAhead?: boolean;
  /** Submits it anew, where the job that it shared with others has ended before its turn. */
  readonly again?: (job: SlurmJob) => void;
}
