/**
 * Submits tasks before those they depend on have ended, where an executor lets jobs wait for each other: so that a graph goes
 * on when its runner is gone. A job that was submitted ahead is one that was left: the task takes it up when its turn has
 * come, and ends it where something else is to be done.
 */
import { globOf } from '../../definition/text/glob.js';
import type { Instance } from '../../definition/graph/graph.js';
import { isWithin } from '../../definition/text/paths.js';
import { describeError } from '../../stores/disk/problem.js';
import type { FileRecord } from '../../stores/runs/document.js';
import type { EventBody } from '../../stores/runs/events.js';
import type { RunStore } from '../../stores/runs/runs.js';
import type { RunTrash } from '../../stores/trash.js';
import type { Script } from '../actions/plans.js';
import type { AheadMemo, ExecutorJob, JobMemo, LeftJob } from '../executors/executor.js';
import type { Executors } from '../executors/executors.js';
import type { LeftJobs } from '../executors/left-jobs.js';
import { fingerprint } from '../plan/fingerprint.js';
import { OutputsBefore, globsIn, placesOf, readBy } from './outputs-before.js';
import { type ResolvedTask, resolveFully } from '../resolve/fully.js';
import type { Session } from '../session.js';

export interface AheadContext {
  readonly session: Session;
  /** Tasks of the run, by id. */
  readonly selected: ReadonlySet<string>;
  readonly executors: Executors;
  readonly executorOf: (instance: Instance) => string;
  readonly left: LeftJobs;
  dropLeft(left: LeftJob): Promise<void>;
  readonly trash: RunTrash;
  readonly store: RunStore;
  readonly cancelled: AbortSignal;
  readonly job: (task: ResolvedTask, script: Script, memo: JobMemo) => ExecutorJob;
  emit(event: EventBody): void;
}

export class Ahead {
  readonly #context: AheadContext;
  /** The job in which a task of this run is, or was, done. */
  readonly #jobs = new Map<string, string>();
  /** What their outputs are no job has just made. */
  readonly #restored = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(context: AheadContext) {
    this.#context = context;
  }

  /** Is told all that happens in the run. */
  take(event: EventBody): void {
    if (event.type === 'task-submitted') {
      this.#jobs.set(event.id, event.job.id);
      for (const { to } of this.#context.session.graph.outgoing(event.id)) this.#consider(to);
    } else if (event.type === 'task-retrying') this.#withdraw(event.id);
    else if (event.type === 'task-planned' && event.decision === 'restore') this.#restored.add(event.id);
  }

  /** A task's turn has come: from now on nothing is submitted for it here. */
  async begin(id: string): Promise<void> {
    this.#begun.add(id);
    await this.#pending.get(id);
  }

  /** Whether a job that was submitted ahead does just what the task is to do, now that all that it depends on is known. */
  matches({ memo }: LeftJob, ahead: AheadMemo, task: ResolvedTask, inputs: readonly FileRecord[]): boolean {
    const after = Object.entries(ahead.after);
    if (memo.fingerprint !== fingerprint(task.parts).hash) return false;
    if (after.some(([from, id]) => this.#jobOf(from) !== id)) return false;
    const isMade = this.#madeBy(after.map(([from]) => from));
    const paths = new Set(inputs.map((input) => input.path));
    return (
      Object.keys(ahead.inputs).every((path) => paths.has(path)) &&
      inputs.every(({ path, hash }) => isMade(path) || ahead.inputs[path] === hash)
    );
  }

  #jobOf(id: string): string | undefined {
    const known = this.#jobs.get(id);
    if (known !== undefined || this.#restored.has(id)) return known;
    const run = this.#context.session.states.get(id)?.run;
    const read = run === undefined ? undefined : this.#context.store.read(run);
    return read?.ok === true ? read.run.tasks.find((task) => task.id === id)?.job?.id : undefined;
  }

  #consider(id: string): void {
    const instance = this.#context.session.graph.byId.get(id);
    if (instance === undefined || this.#begun.has(id) || this.#pending.has(id) || this.#leftOf(id)) return;
    const after = this.#mayGoAhead(instance) ? this.#afterOf(instance) : undefined;
    if (after === undefined) return;
    this.#during(id, this.#submit(instance, after));
  }

  #during(id: string, work: Promise<void>): void {
    const told = work
      .catch((error: unknown) =>
        this.#context.emit({ type: 'notice', level: 'warning', message: `${id}: ${describeError(error)}` }),
      )
      .finally(() => this.#pending.delete(id));
    this.#pending.set(id, told);
  }

  #leftOf(id: string): LeftJob | undefined {
    return this.#context.left.of(this.#context.session.pipeline.name, id);
  }

  /** Whatever asks how others ended, or waits for more than their success, waits for the runner. */
  #mayGoAhead(instance: Instance): boolean {
    const { selected, executors, executorOf, cancelled } = this.#context;
    const { task, outputs, id } = instance;
    return (
      selected.has(id) &&
      !cancelled.aborted &&
      task.action?.kind === 'run' &&
      task.if === undefined &&
      task.mutex === undefined &&
      task.matrix?.maxParallel === undefined &&
      outputs.every(({ glob }) => !glob) &&
      executors.letsAllWait(executorOf(instance), selected.size)
    );
  }

  /** The jobs that have to succeed before, by task; nothing where it is more than that, or not known yet. */
  #afterOf(instance: Instance): Readonly<Record<string, string>> | undefined {
    const { session, executorOf } = this.#context;
    const after: Record<string, string> = {};
    for (const { from } of session.graph.incoming(instance.id)) {
      const before = session.graph.byId.get(from);
      if (before === undefined) return undefined;
      const status = session.result(before)?.status;
      if (status === 'succeeded' || status === 'cached') continue;
      const job = this.#jobs.get(from);
      const isSame = executorOf(before) === executorOf(instance);
      if (status !== undefined || job === undefined || !isSame || before.task.continueOnError)
        return undefined;
      after[from] = job;
    }
    return Object.keys(after).length === 0 ? undefined : after;
  }

  /** Whether a path lies in what tasks put out. */
  #madeBy(ids: readonly string[]): (path: string) => boolean {
    const { byId } = this.#context.session.graph;
    const tests = ids.flatMap((id) =>
      (byId.get(id)?.outputs ?? []).map(({ path: made, glob }) => {
        if (made === undefined) return () => false;
        return glob ? globOf(made).matches : (path: string) => isWithin(path, made);
      }),
    );
    return (path) => tests.some((test) => test(path));
  }

  async #submit(instance: Instance, after: Readonly<Record<string, string>>): Promise<void> {
    const { session, executors, executorOf, left, trash, cancelled, job } = this.#context;
    const emit = (event: EventBody): void => this.#context.emit(event);
    const { id } = instance;
    const executor = await executors.open(executorOf(instance));
    const resolution = await resolveFully(session, instance);
    if (executor.ahead === undefined || !resolution.ok) return;
    const { task } = resolution;
    const known = await this.#inputsOf(task, Object.keys(after));
    if (known === undefined || task.work?.kind !== 'run' || this.#begun.has(id)) return;
    const before = new OutputsBefore(session, trash, id, (message) =>
      emit({ type: 'notice', level: 'info', message }),
    );
    const memo: JobMemo = {
      fingerprint: fingerprint(task.parts).hash,
      outputs: placesOf(task.outputs),
      globs: globsIn(task.outputs),
      strangers: {},
      ahead: { after, inputs: known.hashes },
    };
    let submitted: LeftJob | undefined;
    try {
      await before.clear(task.outputs, cancelled);
      const what = {
        jobs: after,
        files: known.made.map((file) => session.workspace.absolute(file)),
      };
      const reads = readBy(task.outputs, Object.keys(known.hashes));
      submitted = await executor.ahead({ ...job(task, task.work.settings, memo), reads }, what, cancelled);
    } finally {
      if (submitted === undefined) before.undo();
      else left.add(submitted);
    }
    if (submitted === undefined) return;
    const { handle } = submitted;
    emit({ type: 'task-submitted', id, attempt: 1, job: handle });
    const reason = `job ${handle.id} on ${handle.executor} waits for ${Object.keys(after).join(', ')}`;
    emit({ type: 'task-waiting', id, reason });
  }

  /** Hashes of what nobody makes before it runs, and the files that are made; nothing where it can't be told apart. */
  async #inputsOf(
    task: ResolvedTask,
    after: readonly string[],
  ): Promise<{ readonly hashes: Record<string, string>; readonly made: readonly string[] } | undefined> {
    const { workspace, graph } = this.#context.session;
    const isMade = this.#madeBy(after);
    const places = after.flatMap((id) => placesOf(graph.byId.get(id)?.outputs ?? []));
    const hashes: Record<string, string> = {};
    const made: string[] = [];
    for (const input of task.inputs) {
      if (!input.glob && isMade(input.path)) {
        if (!input.optional) made.push(input.path);
        continue;
      }
      // A folder that others write into is hashed as a whole.
      if (!input.glob && places.some((place) => isWithin(place, input.path))) return undefined;
      for (const path of workspace.pathsOf(input).filter((one) => !isMade(one))) {
        const found = await workspace.read(path);
        if (!found.ok && found.reason === 'missing' && input.optional) continue;
        if (!found.ok) return undefined;
        for (const record of found.records) hashes[record.path] = record.hash;
      }
    }
    return { hashes, made };
  }

  /** The job of a task has come to nothing, and there will be another one: what waits for it waits in vain. */
  #withdraw(id: string): void {
    if (!this.#jobs.delete(id)) return;
    for (const { to } of this.#context.session.graph.outgoing(id)) {
      const left = this.#leftOf(to);
      if (left?.memo.ahead === undefined || this.#begun.has(to) || this.#pending.has(to)) continue;
      this.#withdraw(to);
      const again = this.#context.dropLeft(left).then(() => undefined);
      this.#during(to, again);
      void this.#pending.get(to)?.then(() => this.#consider(to));
    }
  }
}
