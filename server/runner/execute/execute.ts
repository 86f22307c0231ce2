/**
 * The life of one task in a run: may it start → what would it do → is that done already, or in the cache → do it →
 * is what it promised there → keep it.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { defined } from '../../base/defined.js';
import type { Json, Task } from '../../definition/definition.js';
import type { StageSpec } from '../../definition/stage.js';
import { globOf } from '../../definition/text/glob.js';
import { describeFileError } from '../../stores/disk/problem.js';
import {
  type ArtifactRecord,
  type FileRecord,
  type FingerprintRecord,
  type TaskRun,
  outcomeOf,
} from '../../stores/runs/document.js';
import type { RunTrash } from '../../stores/trash.js';
import { planOf } from '../actions/plans.js';
import type { CacheHit } from '../cache/cache.js';
import type { ActionOutcome } from '../actions/action.js';
import type { Ahead } from './ahead.js';
import { Attempt, type AttemptContext } from './attempt.js';
import { mayStart } from './condition.js';
import {
  type DecideOptions,
  declares,
  decide,
  fingerprintTask,
  makesVersion,
  nothingToDo,
} from '../plan/decide.js';
import type { EventBody, TaskEnded } from '../../stores/runs/events.js';
import { sameParts } from '../plan/fingerprint.js';
import type { DvcGuard } from '../dvc/guard.js';
import { maskedIn, maskedRecord } from '../record/masks.js';
import { madeOf } from '../plan/identity.js';
import { FOLDER_MIME, mimeOf } from '../../stores/disk/mime.js';
import type { JobMemo, LeftJob } from '../executors/executor.js';
import type { LeftJobs } from '../executors/left-jobs.js';
import { OutputsBefore, globsIn, placesOf, readBy } from './outputs-before.js';
import { type ResolvedTask, resolveFully } from '../resolve/fully.js';
import type { Seat } from './schedule.js';
import { type Session, type TaskResult, namesOf, resultOf } from '../session.js';
import type { Versions } from './versions.js';
import type { TaskState } from '../plan/state.js';
import { identityOf, upstreamOf } from '../plan/upstream.js';
import { inputsRead } from '../python/inputs-read.js';
import type { ReadInput } from '../resolve/workspace.js';
import type { FileMetrics } from '../record/metrics.js';

export interface ExecuteContext extends AttemptContext {
  readonly session: Session;
  readonly decide: Omit<DecideOptions, 'resumed'>;
  readonly keepGoing: boolean;
  /** Tells what is in the record already to those who look on. */
  show(event: EventBody): void;
  /** Does something when there is nothing more urgent; the run ends when all of it is done. Must not reject. */
  defer(work: () => Promise<void>): void;
  /** Whether entries of the cache that would serve are told so. */
  readonly touch: boolean;
  /** Tasks that failed or were skipped in this run before it was resumed, by id: they have ended. */
  readonly ended: ReadonlyMap<string, { readonly run: string; readonly task: TaskRun }>;
  /** The run was cancelled before it was taken up: only what cleans up behind it runs. */
  readonly endsOnly: boolean;
  /** Whether a task of this run has a run of its own that waits for people. */
  readonly waitsBelow: (id: string) => boolean;
  /** What names of versions stand for; absent: nothing of the pipeline names any. */
  readonly versions?: Versions;
  /** How tasks succeeded in the run that is resumed, by id. */
  readonly resumed: ReadonlyMap<string, { readonly run: string; readonly state: TaskState }>;
  /** `path:line:column` of a place in the definition. */
  place(span: { readonly start: number } | undefined): string;
  /** Tells that a task failed and was not tolerated. */
  failed(id: string): void;
  /** Some task failed and was not tolerated. */
  readonly hasFailed: () => boolean;
  /** Why it can't have what it needs to start. */
  readonly refusal: (id: string) => string | undefined;
  /** Why a task of a matrix must not go on: the first of it failed. */
  readonly matrixStop: (task: string) => AbortSignal | undefined;
  readonly readMetrics: (file: string) => Promise<FileMetrics>;
  /** Jobs that runners that are gone have left. */
  readonly left: LeftJobs;
  /** Submits tasks before their turn has come. */
  readonly ahead: Ahead;
  /** Ends one that nobody goes on with. */
  dropLeft(left: LeftJob): Promise<void>;
  /** Keeps DVC and the run apart, where tasks are stages of DVC. */
  readonly dvc?: DvcGuard;
  /** Where things go that are in the way of outputs. */
  readonly trash: RunTrash;
}

type Ending = Omit<TaskEnded, 'type' | 'at' | 'id'> & Pick<ActionOutcome, 'made'>;

/** Never rejects: what goes wrong becomes how the task ended. A task that the runner leaves waiting has not ended. */
export async function executeTask(
  context: ExecuteContext,
  id: string,
  seat: Seat,
): Promise<'ended' | 'parked'> {
  const execution = new Execution(context, id, seat);
  let ending: Ending | 'parked';
  try {
    ending = await execution.run();
    await execution.dropLeft();
  } catch (error) {
    const why = describeFileError(error, context.root);
    ending = { status: 'failed', error: why, inputs: [], outputs: [], metrics: {} };
  }
  if (ending === 'parked') return ending;
  execution.end(ending);
  return 'ended';
}

/** Whether it does something itself: people are asked, and the tasks of a pipeline work for themselves. */
function needsMachine({ action }: Task): boolean {
  const worker = action === undefined ? 'runner' : planOf(action).worker;
  return worker === 'process' || worker === 'runner';
}

/** How often a node may fail under a task, or its job be lost, before the task counts as failed. */
const MOST_BROKEN = 3;

const NOTHING = { inputs: [], outputs: [], metrics: {} } as const;

class Execution {
  readonly #context: ExecuteContext;
  readonly #id: string;
  readonly #session: Session;
  readonly #seat: Seat;
  #fingerprint = '';
  /** It had ended before this process took up the run; its record is left as it is. */
  #kept = false;
  #names: Record<string, string> = {};
  #ending: Ending | undefined;
  /** When it began to work, by the clock of this process. */
  #begunMs = 0;

  constructor(context: ExecuteContext, id: string, seat: Seat) {
    this.#context = context;
    this.#id = id;
    this.#seat = seat;
    this.#session = context.session;
  }

  get #instance(): NonNullable<ReturnType<Session['graph']['byId']['get']>> {
    const instance = this.#session.graph.byId.get(this.#id);
    if (instance === undefined) throw new Error(`there is no task ${this.#id}`);
    return instance;
  }

  /** A job that a runner that is gone has left of it, unless this one has gone on with it. */
  get #left(): LeftJob | undefined {
    return this.#context.left.of(this.#session.pipeline.name, this.#id);
  }

  async dropLeft(): Promise<void> {
    for (let left = this.#left; left !== undefined; left = this.#left) await this.#context.dropLeft(left);
  }

  /** The job in which this very work is under way, or done, already; any other one is ended. */
  async #takeUp(
    task: ResolvedTask,
    print: FingerprintRecord,
    inputs: readonly FileRecord[],
  ): Promise<LeftJob | undefined> {
    const left = this.#left;
    if (left === undefined) return undefined;
    const { ahead, fingerprint } = left.memo;
    const same =
      ahead === undefined
        ? fingerprint === print.hash
        : this.#context.ahead.matches(left, ahead, task, inputs) &&
          !(await this.#isDone(task, print, inputs));
    const isOwn = left.run === this.#context.runId;
    if (same && (isOwn || !this.#context.force) && (await left.look()) !== 'ended' && left.claim()) {
      this.#context.left.remove(left);
      await this.dropLeft();
      return left;
    }
    await this.dropLeft();
    return undefined;
  }

  /** Whether there is nothing to do after all, once it is known what the tasks before have made. */
  async #isDone(
    task: ResolvedTask,
    print: FingerprintRecord,
    inputs: readonly FileRecord[],
  ): Promise<boolean> {
    const { decide: options, control } = this.#context;
    if (options.force) return false;
    if (this.#session.states.get(this.#id)?.fingerprint.hash === print.hash) return true;
    const read = (file: string): Promise<ReadInput> => this.#session.workspace.read(file, control.killed);
    return (
      (await decide(this.#session, task, { fingerprint: print, inputs }, read, options)).kind === 'restore'
    );
  }

  async run(): Promise<Ending | 'parked'> {
    const session = this.#session;
    const instance = this.#instance;
    const before = this.#before();
    if (before !== undefined) return before;
    await this.#context.ahead.begin(this.#id);
    const stopped = this.#whyNot();
    if (stopped !== undefined) return this.#context.endsOnly ? this.#endOnly(stopped) : stopped;
    const resolution = await resolveFully(session, instance);
    if (!resolution.ok) {
      return this.#refused(`${this.#context.place(resolution.span)}: ${resolution.message}`);
    }
    const { task } = resolution;
    this.#names = namesOf(task.outputs);
    if (instance.task.stage !== undefined) return this.#stage(task, instance.task.stage);
    const refusal = this.#notBuilt();
    if (refusal !== undefined) return this.#refused(refusal);
    const refused = nothingToDo(task);
    if (refused !== undefined) return this.#skipped(refused);
    const signal = this.#context.control.killed;
    const read = (file: string): Promise<ReadInput> => session.workspace.read(file, signal);
    const printed = await fingerprintTask(session, task, (file) => this.#read(file, signal));
    if (!printed.ok && printed.reason === 'unknown') return this.#skipped(printed.message);
    if (!printed.ok) return this.#refused(missingInput(printed.message, this.#id));
    this.#fingerprint = printed.fingerprint.hash;
    const left = await this.#takeUp(task, printed.fingerprint, printed.inputs);
    if (left !== undefined) {
      const { executor, id } = left.handle;
      this.#emit({
        type: 'task-planned',
        id: this.#id,
        decision: 'run',
        reasons: [`job ${id} on ${executor}, which run ${left.run} began`],
        fingerprint: printed.fingerprint,
      });
      return this.#perform(task, printed.fingerprint, printed.inputs, left);
    }
    const resumed = this.#context.resumed.get(this.#id);
    const decision = await decide(session, task, printed, read, {
      ...this.#context.decide,
      ...defined({ resumed }),
    });
    this.#kept =
      decision.kind === 'up-to-date' &&
      decision.state === resumed?.state &&
      resumed.run === this.#context.runId;
    this.#emit({
      type: 'task-planned',
      id: this.#id,
      decision: decision.kind === 'unknown' ? 'run' : decision.kind,
      reasons: decision.reasons,
      fingerprint: 'print' in decision ? decision.print : printed.fingerprint,
    });
    if (decision.kind === 'up-to-date') {
      const { state, print } = decision;
      this.#fingerprint = print.hash;
      if (!sameParts(state.fingerprint.parts, print.parts))
        session.states.put({ ...state, fingerprint: print });
      if (this.#context.touch) session.cache.touch(print.hash);
      return fromState(state, printed.inputs);
    }
    if (decision.kind === 'restore') {
      this.#fingerprint = decision.print.hash;
      const restored = await this.#restore(task, decision.hit, decision.print, printed.inputs);
      if (restored !== undefined) return restored;
      this.#fingerprint = printed.fingerprint.hash;
    }
    // What waited for other runs looks again at what there is to do.
    if (needsMachine(instance.task) && (await this.#seat.claim())) return this.run();
    return this.#perform(task, printed.fingerprint, printed.inputs);
  }

  /** A stage of DVC: its memory says what is to be done, and gets what came of it. */
  async #stage(task: ResolvedTask, stage: StageSpec): Promise<Ending | 'parked'> {
    const { stages } = this.#session;
    const { dvc, control } = this.#context;
    if (stages === undefined || dvc === undefined) throw new Error('the memory of DVC is not open');
    const read = (file: string): Promise<ReadInput> => this.#session.workspace.read(file, control.killed);
    const params = stage.frozen ? undefined : stages.facts.params(stage);
    if (params?.ok === false) return this.#refused(params.message);
    await stages.facts.readAll(stage);
    if (stages.isDoneWithout(stage, this.#context.force)) {
      this.#emit({ type: 'task-planned', id: this.#id, decision: 'up-to-date', reasons: [] });
      return { status: 'cached', ...NOTHING };
    }
    const printed = await fingerprintTask(this.#session, task, read);
    if (!printed.ok) return this.#refused(missingInput(printed.message, this.#id));
    const { fingerprint: print, inputs } = printed;
    this.#fingerprint = print.hash;
    const look = await dvc.locked(() => stages.look(stage, { force: this.#context.force }));
    if (look.kind === 'stuck') return this.#refused(look.message);
    const reasons = look.kind === 'up-to-date' ? [] : look.reasons;
    const decision = look.kind === 'take' ? 'restore' : look.kind;
    this.#emit({ type: 'task-planned', id: this.#id, decision, reasons, fingerprint: print });
    const before = this.#outputsBefore();
    if (look.kind === 'up-to-date') {
      const state = this.#session.states.get(this.#id);
      return state?.fingerprint.hash === print.hash
        ? fromState(state, inputs)
        : this.#settle(task, print, { ...NOTHING, inputs }, before, 'cached', false);
    }
    if (look.kind === 'restore' || look.kind === 'take') {
      return dvc.running(stage, async () => {
        let done: Ending;
        try {
          if (look.kind === 'restore') {
            await before.clear(task.outputs, control.killed);
            await dvc.locked(() => stages.checkout(stage, look.from));
          }
          done = await this.#settle(task, print, { ...NOTHING, inputs }, before, 'cached');
        } catch (error) {
          done = { status: 'failed', error: describeFileError(error, this.#context.root), ...NOTHING };
        }
        if (done.status !== 'cached') before.undo();
        return done;
      });
    }
    if (await this.#seat.claim()) return this.run();
    return dvc.running(stage, () => this.#perform(task, print, inputs));
  }

  /** Tells everybody, and those that depend on it, how it ended. */
  end(ending: Ending): void {
    const instance = this.#instance;
    const { made, ...told } = ending;
    const tolerated = ending.status === 'failed' && instance.task.continueOnError;
    const before = this.#session.graph.incoming(this.#id).map((edge) => this.#session.results.get(edge.from));
    const failed = ending.status === 'failed' && !tolerated;
    const skipped = ending.status === 'skipped' || ending.status === 'cancelled';
    const print = this.#fingerprint;
    const result: TaskResult = {
      ...resultOf(instance, ending, this.#names, made === undefined ? print : `${print} ${made}`),
      status: ending.status,
      tolerated,
      tainted: failed || (skipped && before.some((one) => one?.tainted === true)),
      ...identityOf(this.#session, instance, madeOf(ending.status, `${print} ${made ?? ''}`, ending.outputs)),
    };
    this.#session.end(this.#id, result);
    this.#ending = { ...told, upstream: result.upstream };
    if (failed) this.#context.failed(this.#id);
    this.#emit({
      type: 'task-ended',
      id: this.#id,
      ...told,
      upstream: result.upstream,
      ...(tolerated ? { tolerated } : {}),
    });
  }

  #emit(event: EventBody): void {
    if (this.#kept) this.#context.show(event);
    else this.#context.emit(event);
  }

  /** How it ended in this run, before somebody resumed that, unless what it depends on has come to something else since. */
  #before(): Ending | undefined {
    const before = this.#context.ended.get(this.#id);
    if (before?.task.upstream !== upstreamOf(this.#session, this.#id)) return undefined;
    this.#kept = before.run === this.#context.runId;
    return endingOf(before.task);
  }

  /** The run was taken up only to be cancelled: what had succeeded in it has, and the rest is cancelled with it. */
  #endOnly(stopped: Ending): Ending {
    const done = this.#context.resumed.get(this.#id);
    if (done?.run !== this.#context.runId) return { ...stopped, status: 'cancelled' };
    const { state } = done;
    this.#kept = true;
    this.#fingerprint = state.fingerprint.hash;
    this.#names = namesOf(state.outputs);
    return fromState(state, state.inputs);
  }

  /** What speaks against starting it, as its end. */
  #whyNot(): Ending | undefined {
    const { control, keepGoing, hasFailed, matrixStop } = this.#context;
    const { task } = this.#instance;
    const skip = (reason: string): Ending => this.#skipped(reason);
    // Its own run waits for people: it ends with this one, and cleans up behind itself.
    if (control.cancelled.aborted && !control.killed.aborted && this.#context.waitsBelow(this.#id)) {
      return undefined;
    }
    if (control.killed.aborted) return skip('the run was cancelled');
    if (matrixStop(task.name)?.aborted === true) {
      return skip(`another ${task.name} failed, and its matrix stops at the first failure`);
    }
    const before = new Map<string, TaskResult>();
    for (const { from } of this.#session.graph.incoming(this.#id)) {
      const result = this.#session.results.get(from);
      if (result !== undefined) before.set(from, result);
    }
    const refusal = this.#context.refusal(this.#id);
    if (refusal !== undefined) return this.#refused(refusal);
    const start = mayStart(this.#instance, this.#session.facts, {
      cancelled: control.cancelled.aborted,
      stopping: hasFailed() && !keepGoing,
      before,
    });
    for (const message of start.notices ?? []) this.#emit({ type: 'notice', level: 'warning', message });
    if (start.start) return undefined;
    return start.error === true ? this.#refused(start.reason) : skip(start.reason);
  }

  #skipped(reason: string): Ending {
    this.#emit({ type: 'task-planned', id: this.#id, decision: 'skip', reasons: [reason] });
    return { status: 'skipped', ...NOTHING };
  }

  #refused(error: string): Ending {
    return { status: 'failed', error, ...NOTHING };
  }

  #notBuilt(): string | undefined {
    const { task } = this.#instance;
    if (task.action === undefined) return `${this.#context.place(task.nameSpan)}: the task has no action`;
    const { executors, debug } = this.#context;
    const executor = this.#context.executorOf(this.#instance);
    const elsewhere = debug !== undefined && !executors.isHere(executor);
    const refusal = elsewhere
      ? `its executor ${executor} is elsewhere, and tasks are debugged on this machine: say \`executor: local\``
      : executors.refusal(executor);
    return refusal === undefined
      ? undefined
      : `${this.#context.place(task.executor?.span ?? task.nameSpan)}: ${refusal}`;
  }

  #outputsBefore(): OutputsBefore {
    return new OutputsBefore(this.#session, this.#context.trash, this.#id, (message) =>
      this.#emit({ type: 'notice', level: 'info', message }),
    );
  }

  async #restore(
    task: ResolvedTask,
    hit: CacheHit,
    print: FingerprintRecord,
    inputs: readonly FileRecord[],
  ): Promise<Ending | undefined> {
    const signal = this.#context.control.killed;
    const before = this.#outputsBefore();
    await before.clear(
      task.outputs.filter(({ glob }) => glob),
      signal,
    );
    const applied = await hit.apply({
      signal,
      only: [
        ...task.outputs.map((output) => output.path),
        ...hit.entry.outputs.flatMap(({ path: file }) => (declares(task, file) ? [file] : [])),
      ],
      makeWay: (file) => before.makeWay(file, signal),
    });
    if (!applied.ok) {
      before.undo();
      if (applied.reason === 'cancelled') return { status: 'cancelled', ...NOTHING };
      this.#emit({ type: 'notice', level: 'warning', message: applied.message });
      return undefined;
    }
    const { artifacts: outputs, metrics, ranges, checks } = hit.entry.data;
    const outcome = { inputs, outputs, metrics, ...defined({ ranges, checks }) };
    const tookMs = this.#session.states.took(this.#id);
    const state: TaskState = {
      id: this.#id,
      fingerprint: print,
      ...outcome,
      run: hit.entry.runId,
      tookMs,
    };
    before.settle();
    this.#session.states.put(state);
    before.sweep();
    return fromState(state, inputs);
  }

  async #perform(
    task: ResolvedTask,
    print: FingerprintRecord,
    inputs: readonly FileRecord[],
    left?: LeftJob,
  ): Promise<Ending | 'parked'> {
    this.#begunMs = performance.now();
    const before = this.#outputsBefore();
    let end: Ending | 'parked' | undefined;
    try {
      if (left === undefined) await before.clear(task.outputs, this.#context.control.killed);
      else before.adopt(task.outputs, left);
      end = await this.#attempts(task, print, inputs, before, left);
      return end;
    } finally {
      if (typeof end !== 'object' || end.status !== 'succeeded') before.undo();
    }
  }

  async #attempts(
    task: ResolvedTask,
    print: FingerprintRecord,
    inputs: readonly FileRecord[],
    before: OutputsBefore,
    left: LeftJob | undefined,
  ): Promise<Ending | 'parked'> {
    const memo: JobMemo = {
      fingerprint: print.hash,
      outputs: placesOf(task.outputs),
      globs: globsIn(task.outputs),
      strangers: before.strangers,
    };
    const reads = readBy(
      task.outputs,
      inputs.map((input) => input.path),
    );
    let broken = 0;
    const { delayMs, maxDelayMs, ...retries } = this.#instance.task.retries;
    const max = this.#context.debug === undefined ? retries.max : 0;
    const stop = this.#context.matrixStop(this.#instance.task.name);
    const first = left?.attempt ?? 1;
    for (let number = first; ; number++) {
      if (number > first) before.discard();
      const job = { memo, reads, ...defined({ left: number === first ? left : undefined }) };
      const attempt = new Attempt(this.#context, task, number, stop, this.#seat, job);
      const settle = this.#context.versions?.watch();
      const outcome = await attempt.run();
      settle?.();
      if (outcome.parked === true) return 'parked';
      if (outcome.skipped !== undefined) return this.#skipped(outcome.skipped);
      let end = await this.#judge(task, print, inputs, attempt, outcome, before);
      if (outcome.infrastructure === true) broken++;
      const more = outcome.infrastructure === true ? broken <= MOST_BROKEN : number - broken <= max;
      if (end.status === 'failed' && outcome.final !== true && more && !attempt.stopped) {
        const wait = Math.min(delayMs * 2 ** (number - 1), maxDelayMs);
        this.#emit({
          type: 'task-retrying',
          id: this.#id,
          attempt: number,
          error: end.error ?? 'it failed',
          delayMs: wait,
        });
        if (await attempt.pause(wait)) continue;
        end = { ...end, status: 'cancelled' };
      }
      return end;
    }
  }

  async #judge(
    task: ResolvedTask,
    print: FingerprintRecord,
    inputs: readonly FileRecord[],
    attempt: Attempt,
    outcome: ActionOutcome,
    before: OutputsBefore,
  ): Promise<Ending> {
    const { error, exitCode, signal, checks, values, note, made } = outcome;
    const { masks } = this.#context;
    // What is remembered and cached is read by later runs: they see what this one does.
    const told = defined({
      ...maskedIn(masks, { checks, note }),
      values: values && maskedRecord(masks, values),
    });
    const logged = maskedRecord(masks, { ...attempt.metrics, ...outcome.metrics });
    const base = {
      ...NOTHING,
      inputs,
      metrics: logged,
      ...(attempt.ranges.size === 0
        ? {}
        : { ranges: maskedRecord(masks, Object.fromEntries(attempt.ranges)) }),
      ...told,
      ...defined({ exitCode, signal, made, opened: attempt.opened }),
      ...attempt.usage,
    };
    if (attempt.timedOut) return { status: 'failed', error: attempt.timeoutMessage, ...base };
    if (attempt.stopped || outcome.cancelled === true) return { status: 'cancelled', ...base };
    if (!outcome.ok) {
      const why = attempt.why(exitCode);
      const told = [error ?? 'it failed', ...(why === undefined ? [] : [why.message])].join(': ');
      return { status: 'failed', error: told, ...base, ...defined({ missingModule: why?.missing }) };
    }
    if (this.#instance.task.autoInputs === undefined)
      return this.#settle(task, print, base, before, 'succeeded');
    const begun = performance.timeOrigin + this.#begunMs;
    const { killed } = this.#context.control;
    const seen = await inputsRead(this.#session, task, print, attempt.opened, begun, killed);
    for (const message of seen.notices) this.#emit({ type: 'notice', level: 'warning', message });
    const { fingerprint, doubt } = seen;
    this.#fingerprint = fingerprint.hash;
    const read = { ...base, fingerprint, inputs: seen.inputs };
    return this.#settle(task, fingerprint, read, before, 'succeeded', true, doubt);
  }

  /** What it was to make is there: it is read, and remembered. */
  async #settle(
    task: ResolvedTask,
    print: FingerprintRecord,
    base: Omit<Ending, 'status'>,
    before: OutputsBefore,
    status: 'succeeded' | 'cached',
    changed = true,
    doubt?: string,
  ): Promise<Ending> {
    const { inputs, metrics: logged } = base;
    const { masks } = this.#context;
    const { stage } = this.#instance.task;
    const found = await this.#outputs(task, before);
    if (!found.ok) return { status: 'failed', error: found.error, ...base };
    let metrics: Readonly<Record<string, Json>> = logged;
    let inFiles: Readonly<Record<string, Json>> = {};
    for (const output of task.outputs) {
      if (output.role !== 'metrics') continue;
      try {
        const file = this.#session.workspace.absolute(output.path);
        const written = await this.#context.readMetrics(file);
        const read = { ...written, metrics: maskedRecord(masks, written.metrics) };
        const again = Object.keys(read.metrics).filter((key) => Object.hasOwn(inFiles, key));
        const lost = again.map((key) => `"${key}" is in another metrics file too; this one counts`);
        for (const what of [...read.lost, ...lost]) {
          const message = `${this.#id}: metrics ${output.path}: ${what}`;
          this.#emit({ type: 'notice', level: 'warning', message });
        }
        inFiles = { ...inFiles, ...read.metrics };
        metrics = { ...metrics, ...read.metrics };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (stage !== undefined) {
          const message = `${this.#id}: its metrics ${output.path} can't be read: ${why}`;
          this.#emit({ type: 'notice', level: 'warning', message });
          continue;
        }
        return { status: 'failed', error: `its metrics ${output.path} can't be read: ${why}`, ...base };
      }
    }
    const links = this.#links(task);
    const workedMs = Math.round(performance.now() - this.#begunMs);
    const state: TaskState = {
      id: this.#id,
      fingerprint: print,
      inputs,
      outputs: found.outputs,
      metrics,
      ...defined({ ranges: base.ranges, checks: base.checks, note: base.note, values: base.values, links }),
      run: this.#context.runId,
      tookMs: this.#session.states.took(this.#id, status === 'succeeded' ? workedMs : undefined),
    };
    if (stage !== undefined) {
      if (changed) await this.#session.stages?.facts.readAll(stage);
      const problem = changed
        ? await this.#context.dvc?.locked(() => this.#session.stages?.keep(stage))
        : undefined;
      if (problem !== undefined) this.#emit({ type: 'notice', level: 'warning', message: problem });
      before.settle();
      this.#session.states.put(state);
      before.sweep();
      return { status, ...base, outputs: found.outputs, metrics };
    }
    const other = doubt ?? (await this.#changedInputs(task, inputs));
    before.settle();
    if (other !== undefined) {
      const message = `${this.#id}: ${other}; its result is not cached and it will run again`;
      this.#emit({ type: 'notice', level: 'warning', message });
      this.#session.states.put({ ...state, stale: other });
      before.sweep();
      return { status: 'succeeded', ...base, outputs: found.outputs, metrics };
    }
    const outputs = this.#keep(task, state);
    before.sweep();
    return { status: 'succeeded', ...base, outputs, metrics };
  }

  async #outputs(
    task: ResolvedTask,
    before: OutputsBefore,
  ): Promise<{ ok: true; outputs: ArtifactRecord[] } | { ok: false; error: string }> {
    const outputs: ArtifactRecord[] = [];
    for (const output of task.outputs) {
      const made = before.made(output);
      if (made.length === 0 && !output.optional) {
        const folders = output.glob && this.#session.workspace.matchesFolder(output.path);
        const hint = folders ? `: that matches folders, and ${output.path}/** the files in them` : '';
        return { ok: false, error: `${notMade(output.path)}${hint}` };
      }
      for (const file of made) {
        const read = await this.#session.workspace.read(file, this.#context.control.killed);
        const record = read.ok ? read.records[0] : undefined;
        if (!read.ok || record === undefined) {
          const missing = read.ok || read.reason === 'missing';
          return { ok: false, error: missing ? notMade(file) : `its output can't be read: ${read.message}` };
        }
        if (output.glob && this.#context.masks.reveals(file)) {
          const error = `the name of a file that it made holds a secret, and names are shown and kept: ${this.#context.masks.text(file)}`;
          return { ok: false, error };
        }
        const mime = record.files === undefined ? mimeOf(file) : FOLDER_MIME;
        outputs.push({ ...record, name: output.name, kind: output.kind, mime, cached: false });
      }
    }
    return { ok: true, outputs };
  }

  /** What its outputs say that are links, by their paths: the next run knows that it made them. */
  #links(task: ResolvedTask): Record<string, string> | undefined {
    const links = task.outputs.flatMap((output): [string, string][] => {
      const target = this.#session.workspace.absolute(output.path);
      const isLink = lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() === true;
      return isLink ? [[output.path, readlinkSync(target)]] : [];
    });
    return links.length === 0 ? undefined : Object.fromEntries(links);
  }

  /** What it reads as whoever does its work sees it: what is not here may be there. */
  async #read(file: string, killed: AbortSignal): Promise<ReadInput> {
    const here = await this.#session.workspace.read(file, killed);
    if (here.ok || here.reason !== 'missing') return here;
    const { executors, executorOf, control } = this.#context;
    const executor = await executors.open(executorOf(this.#instance));
    const reading = {
      signal: control.cancelled,
      say: (reason: string) => this.#emit({ type: 'task-waiting', id: this.#id, reason }),
    };
    return (await executor.far?.(file, reading)) ?? here;
  }

  /** Which input is not what it was when the task began. */
  async #changedInputs(task: ResolvedTask, inputs: readonly FileRecord[]): Promise<string | undefined> {
    // What it keeps and adds to changes by its own doing.
    const own = task.outputs.filter((output) => output.persist);
    for (const input of inputs) {
      if (own.some(({ path: out, glob }) => (glob ? globOf(out).matches(input.path) : out === input.path)))
        continue;
      const now = await this.#read(input.path, this.#context.control.killed);
      if (!now.ok) return `input ${input.path} went away while it ran`;
      if (now.records[0]?.hash !== input.hash) return `input ${input.path} changed while it ran`;
    }
    return undefined;
  }

  /**
   * Remembers a success and puts its outputs into the cache, while others go on: nothing waits for that. Gives the
   * outputs, marked where they will be in the cache; should that fail, the task's end is told once more as it is.
   */
  #keep(task: ResolvedTask, state: TaskState): readonly ArtifactRecord[] {
    // The registry, and no cache, knows which versions there are.
    const useful = !makesVersion(task) && (state.outputs.length > 0 || state.checks !== undefined);
    if (this.#context.decide.noCache || !this.#instance.task.cache || !useful) {
      this.#session.states.put(state);
      return state.outputs;
    }
    const cacheable = new Set(task.outputs.filter((output) => output.cache).map((output) => output.name));
    const outputs = state.outputs.map((output) => ({ ...output, cached: cacheable.has(output.name) }));
    // At once: a runner that is killed while it stores must not have its hours of work done again.
    this.#session.states.put(state);
    this.#context.defer(async () => {
      const stored = await this.#store({ ...state, outputs });
      if (stored) this.#session.states.put({ ...state, outputs });
      const ending = this.#ending;
      if (stored || ending === undefined) return;
      this.#emit({ type: 'task-ended', id: this.#id, ...ending, outputs: state.outputs });
    });
    return outputs;
  }

  async #store(state: TaskState): Promise<boolean> {
    const { outputs: artifacts, metrics, ranges, checks } = state;
    const stored = await this.#session.cache.store({
      fingerprint: state.fingerprint.hash,
      runId: this.#context.runId,
      taskId: this.#id,
      outputs: artifacts
        .filter((output) => output.cached)
        .map(({ path: file, hash }) => ({ path: file, hash })),
      data: { artifacts, metrics, ...defined({ ranges, checks }) },
    });
    if (!stored.ok) this.#emit({ type: 'notice', level: 'warning', message: stored.message });
    return stored.ok;
  }
}

function notMade(file: string): string {
  return `it ended well but did not make its output ${file}`;
}

function fromState(state: TaskState, inputs: readonly FileRecord[]): Ending {
  return { status: 'cached', ...outcomeOf(state), inputs, restoredFrom: state.run };
}

/** How a task of a record ended, as far as that is told. */
function endingOf(task: TaskRun): Ending {
  const { error, exitCode, signal } = task;
  const status = task.status === 'failed' ? 'failed' : 'skipped';
  return { status, ...outcomeOf(task), ...defined({ error, exitCode, signal }) };
}

function missingInput(message: string, id: string): string {
  if (message.includes(' matches no file')) return `its input ${message}`;
  return message.endsWith('does not exist')
    ? `its input ${message}; no task that ran before ${id} made it`
    : message;
}
