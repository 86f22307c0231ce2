/** One job: submitted, or taken up; watched; ended. */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { SlurmExecutor } from '../../../model/definition.js';
import type { Layout } from '../../../stores/layout.js';
import { describeError } from '../../../stores/problem.js';
import { writeFully } from '../../../stores/atomic.js';
import { shellArguments } from '../../shells.js';
import type { After, Execution, ExecutionResult, ExecutorJob } from '../executor.js';
import {
  type Listed,
  accountedState,
  ask,
  cancelNamed,
  isCrowded,
  listJobs,
  onlyForSlurm,
} from './client.js';
import { type DoneMarker, type JobEntry, readDone, removeEntry, writeEntry } from './entry.js';
import { GrowingFile } from './growing-file.js';
import { describeWaiting, isFinal, judge } from './judge.js';
import { nodeGroups, whyImpossible } from './limits.js';
import { type Watched, slurmQueue } from './queue.js';
import { submitArguments } from './request.js';
import { FILES, jobScript, submitEnvironment } from './script.js';

/** Answers without the job until it counts as gone. An answer may be empty although nothing is wrong. */
const ABSENCES = 3;
/** Answers that say it has completed until its mark is missed: file systems that are shared take their time. */
const MARKLESS = 5;
/** Until somebody is asked again to end a job. */
const CANCEL_AGAIN_MS = 15_000;
/** How long a job that is to end at once is waited for. */
const KILL_MS = 10_000;
const LOOK_UP_MS = 2_000;
/** Of each of a job's files in one look: other jobs, and who wants to cancel, have their turn. */
const LOOK_BYTES = 16 * 1024 * 1024;
const CROWDED_MS = 10_000;

/** Commands to the controller at the same time. */
const AT_ONCE = 4;
let submitting = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (submitting >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  submitting++;
  try {
    return await work();
  } finally {
    submitting--;
    waiting.shift()?.();
  }
}

/** The folders of jobs that this process knows, by executor and id: there they leave their marks. */
const folders = new Map<string, string>();

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class SlurmJob implements Execution, Watched {
  readonly pid = undefined;
  readonly done: Promise<ExecutionResult>;
  readonly pollMs: number;
  readonly #layout: Layout;
  readonly #job: ExecutorJob;
  readonly #tails: readonly ((most?: number) => void)[];
  #entry: JobEntry;
  #resolve: (result: ExecutionResult) => void = () => undefined;
  #ended = false;
  #confirmed = false;
  /** When its id became known; answers to earlier questions are no news. */
  #knownAt = 0;
  #state = '';
  #reason = '';
  #running = false;
  #started = false;
  #mark: DoneMarker | undefined;
  #absences = 0;
  #markless = 0;
  #stopped = false;
  #askedToEnd = 0;
  #judging = false;
  #isWatched = true;

  constructor(layout: Layout, entry: JobEntry, job: ExecutorJob, pollMs: number) {
    this.#layout = layout;
    this.#entry = entry;
    this.#job = job;
    this.pollMs = pollMs;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    const tail = (file: string, take: (chunk: Buffer) => void): ((most?: number) => void) => {
      const growing = new GrowingFile(path.join(entry.folder, file));
      return (most) => growing.read(take, most);
    };
    const metrics = job.env.own['MODELYARD_METRICS'];
    this.#tails = [
      tail(FILES.out, (chunk) => job.onOutput('stdout', chunk)),
      tail(FILES.err, (chunk) => job.onOutput('stderr', chunk)),
      // Whoever reads the task's metrics reads them where local tasks write theirs.
      ...(metrics === undefined ? [] : [tail(FILES.metrics, (chunk) => append(metrics, chunk))]),
    ];
  }

  get name(): string {
    return this.#entry.name;
  }

  get id(): string | undefined {
    return this.#entry.id;
  }

  get #file(): (name: string) => string {
    return (name) => path.join(this.#entry.folder, name);
  }

  /** Writes the job down and hands it to Slurm. @param after it waits for others; then it is not watched */
  async submit(settings: SlurmExecutor, after?: After): Promise<void> {
    this.#isWatched = after === undefined;
    const { script, cwd, env, resources, timeoutMs } = this.#job;
    const { name, folder } = this.#entry;
    const submitted = submitEnvironment(name, env);
    let text: string;
    try {
      mkdirSync(path.dirname(folder), { recursive: true });
      // Only this one: others of the project have jobs of their own beside it.
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const { args } = shellArguments(script.shell, script.text, (content) => {
        const file = this.#file(`commands${script.shell.extension}`);
        writeFileSync(file, content, { mode: 0o600 });
        return file;
      });
      const { setup } = settings;
      const variables = Object.keys(env.own);
      const marks = (after?.ids ?? []).map((id) => this.#markOf(id));
      text = jobScript({
        folder,
        cwd,
        setup,
        shell: script.shell,
        args,
        variables,
        unset: onlyForSlurm(submitted),
        after: { marks, files: after?.files ?? [] },
      });
      writeFileSync(this.#file(FILES.script), text);
      writeEntry(this.#layout, this.#entry);
    } catch (error) {
      this.#finish({ error: describeError(error), leftBehind: false, outputHeld: false });
      return;
    }
    const wishes = { resources, name, folder, after: after?.ids ?? [], ...defined({ timeoutMs }) };
    const options = submitArguments(settings, wishes);
    const given = { env: submitted, input: text };
    const why = whyImpossible(await nodeGroups(), settings, resources, timeoutMs ?? settings.timeMs);
    if (why !== undefined) {
      this.#finish({ error: why, leftBehind: false, outputHeld: false });
      return;
    }
    while (!this.#ended) {
      if (this.#stopped) {
        await cancelNamed(name);
        this.#finish(this.#judge(undefined));
        return;
      }
      const answer = await inTurn(() => ask('sbatch', options, given));
      if (answer.ok) {
        this.#known(answer.text.trim().split(';')[0] ?? '');
        return;
      }
      if (answer.why === 'refused' && isCrowded(answer.message)) {
        this.#queued(`is not in the queue yet: ${answer.message}`);
        await delay(Math.min(CROWDED_MS, this.pollMs));
      } else if (answer.why === 'unclear') {
        this.#queued(`the controller does not answer: ${answer.message}`);
        if (await this.#lookUp()) return;
      } else {
        this.#finish({ error: answer.message, leftBehind: false, outputHeld: false });
        return;
      }
    }
  }

  /** Goes on with a job that another process has submitted. */
  async takeUp(): Promise<void> {
    if (this.#entry.id !== undefined) this.#known(this.#entry.id);
    else if (!(await this.#lookUp())) this.#finish(this.#judge(undefined));
  }

  /** Whether a job of its name is there after all. It need not be seen at once. */
  async #lookUp(): Promise<boolean> {
    for (let clean = 0; clean < ABSENCES && !this.#stopped;) {
      await delay(Math.min(LOOK_UP_MS, this.pollMs));
      const list = await listJobs();
      const id = list?.find((listed) => listed.name === this.name)?.id ?? this.#startedAs()?.id;
      if (id !== undefined) {
        this.#known(id);
        return true;
      }
      if (list !== undefined) clean++;
    }
    return false;
  }

  #known(id: string): void {
    this.#called(id);
    const { executor } = this.#entry;
    this.#job.onState?.({ state: 'submitted', handle: { executor, id } });
    if (this.#stopped) this.#cancel();
    if (this.#isWatched) slurmQueue.watch(this);
  }

  #called(id: string): void {
    this.#entry = { ...this.#entry, id };
    folders.set(`${this.#entry.executor} ${id}`, this.#entry.folder);
    this.#knownAt = Date.now();
    try {
      writeEntry(this.#layout, this.#entry);
    } catch {
      // A full disk: whoever comes next finds the job by its name.
    }
  }

  /** Where another job of the same executor says how it has ended. */
  #markOf(id: string): string {
    const folder = folders.get(`${this.#entry.executor} ${id}`);
    if (folder === undefined) throw new Error(`job ${id} is not known here`);
    return path.join(folder, FILES.done);
  }

  /** The job that has claimed the attempt, and its node. */
  #startedAs(): { readonly id: string; readonly node: string } | undefined {
    try {
      const [id = '', node = ''] = readFileSync(this.#file(FILES.started), 'utf8').trim().split(' ');
      return id === '' ? undefined : { id, node };
    } catch {
      return undefined;
    }
  }

  look(): boolean {
    if (!this.#started) {
      const started = this.#startedAs();
      if (started === undefined) return false;
      this.#started = true;
      // Submitted twice, because nobody could say whether it was: this one works, the other one has left.
      if (started.id !== this.id) this.#called(started.id);
      this.#runs(started.node);
    }
    for (const read of this.#tails) read(LOOK_BYTES);
    this.#mark ??= readDone(this.#file(FILES.done));
    return this.#mark !== undefined;
  }

  told(listed: Listed | undefined, asked: number): boolean {
    if (asked < this.#knownAt || this.#judging) return false;
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
      const waits = state === 'COMPLETED' && this.#mark === undefined && !this.#stopped;
      if (waits && this.#markless++ < MARKLESS) return true;
      this.#confirmed = true;
      this.#finish(this.#judge(state));
      return true;
    }
    if (state === 'PENDING') {
      if (news) this.#queued(describeWaiting(reason));
    } else if (state === 'RUNNING') this.#runs(node);
    if (this.#stopped && Date.now() - this.#askedToEnd > CANCEL_AGAIN_MS) this.#cancel();
    return news;
  }

  untold(): void {
    if (this.#running || this.#reason === SILENT) return;
    this.#reason = SILENT;
    this.#queued('the controller does not answer; what is in the queue stays there');
  }

  /** The controller knows nothing of it any more. */
  async #gone(): Promise<void> {
    this.#judging = true;
    const { id = '', submittedAt } = this.#entry;
    const state =
      this.#mark === undefined ? await accountedState(id, this.name, new Date(submittedAt)) : undefined;
    this.#confirmed = true;
    this.#finish(this.#judge(state));
  }

  #queued(reason: string): void {
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
      words: lastWords(this.#file('slurm.log')),
      ...(this.#started ? {} : { unseen: this.#entry.folder }),
      ...defined({ state, done: this.#mark, memoryBytes: this.#job.resources.memoryBytes }),
    });
  }

  stop(): void {
    if (this.#stopped || this.#ended) return;
    this.#stopped = true;
    try {
      // It may be about to start.
      writeFileSync(this.#file(FILES.cancel), '');
    } catch {
      // Not submitted yet.
    }
    this.#cancel();
  }

  kill(): void {
    this.stop();
    // Who waits for a controller that does not answer waits for long: the job is known, and ended by whoever comes next.
    setTimeout(
      () => this.#finish({ signal: 'SIGKILL', leftBehind: false, outputHeld: false }),
      KILL_MS,
    ).unref();
  }

  #cancel(): void {
    if (this.id === undefined) return;
    this.#askedToEnd = Date.now();
    slurmQueue.cancel(this.id);
  }

  #finish(result: ExecutionResult): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const read of this.#tails) read();
    slurmQueue.unwatch(this);
    this.#resolve(result);
  }

  /** Leaves nothing behind once its end was taken; a job that may still be there stays known. */
  forget(): void {
    if (this.#ended && (this.#confirmed || this.id === undefined)) removeEntry(this.#layout, this.#entry);
  }
}

const SILENT = 'silent';

function append(file: string, chunk: Buffer): void {
  const descriptor = openSync(file, 'a');
  try {
    writeFully(descriptor, chunk);
  } finally {
    closeSync(descriptor);
  }
}

/** What Slurm itself wrote at the end of a job's log. */
function lastWords(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').slice(-2_000).trim().split('\n');
    return lines
      .filter((line) => line.startsWith('slurmstepd') || line.startsWith('srun'))
      .slice(-2)
      .join('; ');
  } catch {
    return '';
  }
}
