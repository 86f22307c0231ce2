/** One run of a pipeline, from its plan to its record. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../base/defined.js';
import type { Pipeline } from '../definition/definition.js';
import { LOCAL_EXECUTOR } from '../definition/executors.js';
import type { Instance } from '../definition/graph/graph.js';
import { layoutOf } from '../stores/layout.js';
import { machineFolder } from '../stores/machine/user-folders.js';
import { describeError } from '../stores/disk/problem.js';
import { writeBasis } from '../stores/runs/basis.js';
import type { RunDocument, RunHeader } from '../stores/runs/document.js';
import { RunTrash, hasOldTrash, recoverTrash, removeFromTrash, trashOverBounds } from '../stores/trash.js';
import { RunStore, StoreError, taskLogName } from '../stores/runs/runs.js';
import { staysWithin } from './cache/usage.js';
import { runChild } from './calls/child-run.js';
import { whereabouts, inheritedEnvironment } from './environment.js';
import { Approvals } from './people/approvals.js';
import { basisOf, namesVersions } from './record/basis.js';
import { calledBy, loadOnce } from './calls/called.js';
import { Ahead } from './execute/ahead.js';
import { jobBasis, pythonOf } from './execute/attempt.js';
import { featureFilesFor, usesFeatures } from './actions/training-set/feature-files.js';
import type { EventBody, EventSink, RunCreated, RunEvent } from '../stores/runs/events.js';
import { type ExecuteContext, executeTask } from './execute/execute.js';
import type { Executor, LeftJob } from './executors/executor.js';
import { Executors, type Machines } from './executors/executors.js';
import { LeftJobs, leftJobs } from './executors/left-jobs.js';
import { localExecutor } from './executors/local.js';
import type { DvcGuard } from './dvc/guard.js';
import { type DirtyCheck, checkDirty } from './record/git.js';
import { Idle } from './people/idle.js';
import { acquireLocks, waitingFor } from './locks/locks.js';
import { Masks, maskedEvent } from './record/masks.js';
import { Mutexes } from './locks/mutexes.js';
import { QuestionsBelow } from './people/questions-below.js';
import { newDocument } from '../stores/runs/reducer.js';
import { pythonRecords } from './python/record.js';
import { pipesFolder } from './executors/output-pipes.js';
import { OutputsBefore, placesOf } from './execute/outputs-before.js';
import { Recorder } from './record/recorder.js';
import { cleanUpBehindDead, doneIn, endedIn, takenUp } from './record/resume.js';
import { Ledger } from './machine/ledger.js';
import { Machine } from './machine/machine.js';
import { refusalOf } from './plan/refusal.js';
import { capacityOf, shortagesOf } from './machine/resources.js';
import type { RunOptions, RunOutcome } from './run-options.js';
import { schedule } from './execute/schedule.js';
import type { Selection } from './select.js';
import { Session } from './session.js';
import { stakeAbove } from './people/stake.js';
import { expectedMs } from './plan/state.js';
import type { TaskTracking } from './execute/task-tracking.js';

/** Where the project's settings say nothing else. */
const MAX_CACHE_BYTES = 20 * 1024 ** 3;

/** More attempts at one thing than anybody makes. */
const MOST_BEFORE = 50;

/** How long the end of a run waits for git's word, when tasks ran and when there was nothing to do. */
const DIRTY_MS = { worked: 2_000, idle: 20 } as const;

/** Runs a pipeline; tells everything that happens to `sinks`, which must not throw. */
export async function runPipeline(options: RunOptions, sinks: readonly EventSink[]): Promise<RunOutcome> {
  const where = whereabouts(options.environment);
  const { resume } = options;
  const again = resume?.status === 'waiting' ? resume : undefined;
  const id = again?.id ?? new RunStore(layoutOf(options.root)).nextId();
  const startedAt = again?.createdAt ?? new Date().toISOString();
  const selection = selectionOf(options, again);
  const called = await calledBy(options.pipeline, options.load);
  const pipelines = [options.pipeline, ...[...called.values()].map(({ pipeline }) => pipeline)];
  const given = options.features ?? [];
  const features = given.length > 0 ? given : await featureFilesFor(options.root, pipelines);
  const trigger = again?.trigger ?? where.trigger;
  const writeDown: WriteDown = { needed: again === undefined, write: () => undefined };
  const versions =
    options.versions ?? (await versionsFor(options, pipelines.some(namesVersions), () => writeDown.write()));
  writeDown.write = (): void =>
    writeBasis(
      new RunStore(layoutOf(options.root)).folder(id),
      again === undefined || options.basis === undefined
        ? basisOf(options, features, called, versions?.all, trigger)
        : { ...options.basis, ...(versions === undefined ? {} : { versions: versions.all }) },
    );
  const pinned: RunOptions = {
    ...options,
    features,
    load: loadOnce(called, options.load),
    ...defined({ versions }),
  };
  const session = new Session({
    root: options.root,
    pipeline: options.pipeline,
    params: options.params,
    environment: options.environment,
    secrets: options.secrets,
    places: options.places,
    run: {
      id,
      pipeline: options.pipeline.name,
      'started-at': startedAt,
      trigger,
      user: again?.user ?? where.user,
    },
    selection,
    ...defined({
      noRunCache: options.noRunCache,
      noCommit: options.noCommit,
      allowMissing: options.allowMissing,
    }),
    ...defined({ debug: options.debug }),
    linkOutputs: options.cache.link ?? false,
    features: usesFeatures(options.pipeline) ? features : [],
    ...defined({ versions }),
    called,
    ...defined({ above: options.above, notMadeAbove: options.notMadeAbove }),
  });
  const refusal = await refusalOf(session, (file) => session.workspace.read(file), options.place);
  if (refusal !== undefined) return { kind: 'refused', reason: 'usage', message: refusal };
  const masks = new Masks(Object.values(options.secrets));
  const header: RunHeader = {
    id,
    pipeline: options.pipeline.name,
    kind: options.pipeline.kind,
    path: options.pipeline.path,
    definitionHash: options.definitionHash,
    params: options.params,
    ...pythonRecords(session),
    ...(session.head === undefined ? {} : { git: { ...session.head, dirty: true } }),
    ...where,
    ...(again === undefined ? {} : { user: again.user, trigger: again.trigger }),
    argv: again?.argv ?? options.argv.map((argument) => masks.text(argument)),
    ...resumedFrom(resume, again),
    ...parentOf(options, again),
    ...(options.debug === undefined ? {} : { debug: true as const }),
    createdAt: startedAt,
  };
  return new Run(pinned, session, header, masks, sinks, writeDown).go();
}

function resumedFrom(
  resume: RunDocument | undefined,
  again: RunDocument | undefined,
): Pick<RunHeader, 'resumed'> {
  const resumed = again === undefined ? resume?.id : again.resumed;
  return resumed === undefined ? {} : { resumed };
}

/** Reading them costs the most of what a run that needs none of it would do. */
async function versionsFor(
  { root, basis }: RunOptions,
  needed: boolean,
  changed: () => void,
): Promise<RunOptions['versions']> {
  if (!needed) return undefined;
  const { Versions } = await import('./execute/versions.js');
  return new Versions(root, basis?.versions, changed);
}

function parentOf(options: RunOptions, again: RunDocument | undefined): Pick<RunHeader, 'parent'> {
  const { parent } = options;
  if (parent !== undefined) return { parent: { run: parent.run, task: parent.task } };
  return again?.parent === undefined ? {} : { parent: again.parent };
}

/** A run that continues as itself has the tasks that it had, cell by cell. */
function selectionOf(options: RunOptions, again: RunDocument | undefined): Selection {
  if (again !== undefined) return { only: again.tasks.map(({ id }) => id) };
  const { only, from, to, whole, all, glob } = options;
  return defined({ only, from, to, whole, all, glob });
}

/** What this run, and those that it calls, may take beside the other runs on this machine. */
function machinesFor({ jobs, environment, places, root }: RunOptions, id: string): Machines {
  const folder = machineFolder(environment);
  const machine = new Machine(
    capacityOf(jobs, environment, places.local),
    folder === undefined ? undefined : new Ledger(folder, id, root),
  );
  return new Map([[LOCAL_EXECUTOR, machine]]);
}

/** Writes down what the run is, in its folder. */
interface WriteDown {
  /** Nobody has done it before. */
  readonly needed: boolean;
  write: () => void;
}

class Run {
  readonly #options: RunOptions & { readonly machines: Machines };
  readonly #session: Session;
  readonly #header: RunHeader;
  readonly #masks: Masks;
  readonly #sinks: EventSink[];
  readonly #writeDown: WriteDown;
  readonly #store: RunStore;
  readonly #instances: readonly Instance[];
  readonly #executors: Executors;
  #left = new LeftJobs([]);
  #ahead: Ahead | undefined;
  readonly #mutexes: Mutexes;
  readonly #matrixStops = new Map<string, AbortController>();
  readonly #cacheWasEmpty: boolean;
  #recorder: Recorder | undefined;
  #basisProblem: string | undefined;
  #dirty: DirtyCheck | undefined;
  /** It was cancelled before it was taken up. */
  readonly #endsOnly: boolean;
  #failed = false;
  #worked = false;
  #idle: Idle | undefined;
  #dvc: DvcGuard | undefined;
  #tracking: Promise<TaskTracking> | undefined;
  #deferred: Promise<void> = Promise.resolve();
  readonly #trash: RunTrash;

  constructor(
    options: RunOptions,
    session: Session,
    header: RunHeader,
    masks: Masks,
    sinks: readonly EventSink[],
    writeDown: WriteDown,
  ) {
    this.#writeDown = writeDown;
    this.#endsOnly = options.control.cancelled.aborted && options.resume?.status === 'waiting';
    const { machines = machinesFor(options, header.id) } = options;
    // Pipelines that are called share it.
    this.#options = { ...options, machines };
    this.#session = session;
    this.#header = header;
    this.#masks = masks;
    this.#sinks = [...sinks];
    this.#store = new RunStore(session.layout);
    this.#trash = new RunTrash(session.layout, header.id);
    this.#cacheWasEmpty = !existsSync(session.layout.entries);
    this.#executors = new Executors(
      options.places,
      { root: options.root, runId: header.id, pipeline: options.pipeline.name },
      (options.executor ?? onThisMachine)(header.id),
      machines,
    );
    this.#instances = session.selectedInstances();
    this.#mutexes = new Mutexes(session, {
      runs: [header.id, ...(options.parent?.runs ?? [])],
      above: options.parent?.mutexes ?? new Set(),
      cancelled: options.control.cancelled,
      wait: options.wait,
      onWait: (id, reason) => this.#emit({ type: 'task-waiting', id, reason }),
    });
    for (const { task } of this.#instances) {
      if (task.matrix !== undefined && !this.#matrixStops.has(task.name)) {
        this.#matrixStops.set(task.name, new AbortController());
      }
    }
  }

  async go(): Promise<RunOutcome> {
    const { control } = this.#options;
    const created = this.#created();
    const again = this.#options.resume?.status === 'waiting' ? this.#options.resume : undefined;
    const document = again === undefined ? newDocument(created) : takenUp(newDocument(created), again);
    let writer;
    try {
      writer =
        again === undefined
          ? this.#store.create(this.#header, created.tasks, () => this.#writeBasis())
          : this.#store.reopen(document, again);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { kind: 'refused', reason: again === undefined ? 'store' : 'taken', message: error.message };
    }
    const recorder = new Recorder(writer, document, (message) => {
      this.#failed = true;
      control.cancel();
      this.#emit({ type: 'notice', level: 'error', message });
    });
    this.#recorder = recorder;
    this.#begin(created);
    await this.#session.prepare();
    const dirty = this.#session.head === undefined ? undefined : checkDirty(this.#options.root);
    this.#dirty = dirty;
    if (dirty !== undefined && mentionsDirty(this.#options.pipeline)) {
      this.#session.setDirty(await dirty.answer(60_000));
    }
    const locks = await acquireLocks(this.#session.layout, this.#request(), {
      wait: this.#options.wait,
      // One that was cancelled before it was taken up is there to clean up.
      signal: control.cancelled.aborted ? control.killed : control.cancelled,
      onWait: (holder) =>
        this.#emit({
          type: 'notice',
          level: 'info',
          message: waitingFor(holder),
        }),
    });
    if (!locks.ok) {
      const status = locks.reason === 'cancelled' ? 'cancelled' : 'failed';
      const hint = locks.reason === 'held' ? ' Wait for it, or run without --no-wait.' : '';
      this.#emit({ type: 'run-ended', status, error: `${locks.message}${hint}` });
      await this.#finish(recorder, dirty);
      return status === 'cancelled'
        ? { kind: 'ended', runId: this.#header.id, status }
        : { kind: 'refused', reason: 'busy', message: `${locks.message}${hint}` };
    }
    const approvals = new Approvals(
      writer.folder,
      { run: this.#header.id, pipeline: this.#header.pipeline },
      (event) => this.#emit(event),
      this.#runsBefore().map((id) => this.#store.folder(id)),
      this.#options.clock,
    );
    const below = new QuestionsBelow(this.#store, this.#header.id, this.#options.clock);
    const idle = new Idle(
      approvals,
      this.#options.approvals,
      (event) => this.#emit(event),
      below,
      control.cancelled,
    );
    this.#idle = idle;
    const metricsFolder = path.join(writer.folder, 'live');
    try {
      // Not before: whoever held what this run has waited for may have been killed meanwhile, and its tasks live on.
      cleanUpBehindDead(this.#store);
      this.#left = await leftJobs(this.#store, this.#header.id);
      const busy = await this.#left.inTheWayOf(this.#request(), this.#instances, this.#options.pipeline.name);
      if (busy !== undefined) throw new Error(busy);
      this.#recoverOutputs();
      mkdirSync(metricsFolder, { recursive: true });
      this.#emit({ type: 'run-started' });
      await this.#openStages();
      await this.#work(metricsFolder, approvals, idle);
    } catch (error) {
      this.#failed = true;
      this.#emit({ type: 'notice', level: 'error', message: describeError(error) });
    } finally {
      await this.#dvc?.close();
      await this.#executors.close();
      await this.#closeTracking();
      await this.#left.close();
      this.#mutexes.close();
      rmSync(metricsFolder, { recursive: true, force: true });
    }
    const status = this.#status();
    const parked = idle.left.aborted && status !== 'cancelled' && recorder.problem === undefined;
    if (!parked) {
      // Where there was no time left to let them clean up.
      if (status === 'cancelled') below.abandon();
      this.#emit({
        type: 'run-ended',
        status,
        ...defined({ error: recorder.problem }),
      });
    }
    // After the end was told, so that whoever waits for the outputs finds a run that has ended.
    locks.lock.release();
    this.#session.hashes.save();
    this.#session.pythonCode.save();
    await this.#finish(recorder, dirty);
    // By now its record says all that it has made, so that nothing else has to be spared for it.
    await this.#trimCache();
    this.#trimTrash();
    // Only the last write may have shown that nothing can be recorded: a run that nobody will know of has not succeeded.
    const recorded = recorder.problem === undefined;
    if (parked && recorded) return { kind: 'waiting', runId: this.#header.id };
    return { kind: 'ended', runId: this.#header.id, status: recorded ? status : 'failed' };
  }

  /** What answers MLflow clients of this run's tasks: there when the first task wants it. */
  #openTracking(open: NonNullable<RunOptions['tracking']>): Promise<TaskTracking> {
    return (this.#tracking ??= open((message) => this.#emit({ type: 'notice', level: 'warning', message })));
  }

  async #closeTracking(): Promise<void> {
    try {
      await (await this.#tracking)?.close();
    } catch (error) {
      this.#emit({ type: 'notice', level: 'warning', message: describeError(error) });
    }
  }

  async #openStages(): Promise<void> {
    if (this.#session.stages === undefined) return;
    const { DvcGuard } = await import('./dvc/guard.js');
    const { root, wait, control } = this.#options;
    this.#dvc = new DvcGuard({
      root,
      wait,
      signal: control.cancelled,
      say: (message) => this.#emit({ type: 'notice', level: 'warning', message }),
    });
  }

  /** What a runner that was killed had taken away is put back before anything is looked at. */
  #recoverOutputs(): void {
    const writes = new Set(this.#request().writes);
    const recovered = recoverTrash(this.#session.layout, this.#trash, {
      mine: (file) => writes.has(file),
      inProject: (file) => this.#session.workspace.check(file, 'output').ok,
      goesOn: (run, task) => this.#left.has(run, task),
    });
    for (const { run, task, path: file, aside, putBack } of recovered) {
      const told = [
        ...(aside === undefined ? [] : [`what ${task} half made of ${file} is set aside in ${aside}`]),
        ...(putBack ? [`${file} is as it was before`] : []),
      ];
      if (told.length === 0) continue;
      this.#emit({ type: 'notice', level: 'info', message: `run ${run} was killed: ${told.join('; ')}` });
    }
  }

  /** Ends a job that nobody goes on with; what it was making is treated as that of a runner that was killed. */
  async #dropLeft(left: LeftJob): Promise<void> {
    await left.reap();
    this.#left.remove(left);
    if (left.run !== this.#header.id) {
      this.#recoverOutputs();
      return;
    }
    const before = new OutputsBefore(this.#session, this.#trash, left.task, (message) =>
      this.#emit({ type: 'notice', level: 'info', message }),
    );
    before.adopt([], left);
    before.undo();
  }

  /** The trash is bounded, too. */
  #trimTrash(): void {
    this.#trash.close();
    const bounds = this.#options.trash;
    if (!this.#trash.keptSomething && !hasOldTrash(this.#store.layout, bounds)) return;
    for (const item of trashOverBounds(this.#store.layout, bounds)) removeFromTrash(this.#store.layout, item);
  }

  /** The runs that this one resumes, the last one first: none for one that continues as itself. */
  #runsBefore(): readonly string[] {
    const before: string[] = [];
    let next = this.#header.resumed;
    while (next !== undefined && before.length < MOST_BEFORE && !before.includes(next)) {
      before.push(next);
      const read = this.#store.read(next);
      next = read.ok ? read.run.resumed : undefined;
    }
    return before;
  }

  /** Before the run is known: killed at any moment, it can be resumed as it began. */
  #writeBasis(): void {
    try {
      if (this.#writeDown.needed) this.#writeDown.write();
    } catch (error) {
      this.#basisProblem = `what the run is can't be written down: ${describeError(error)}; it can't be resumed as it began`;
    }
  }

  #begin(created: RunCreated): void {
    if (this.#writeDown.needed) this.#tell(created);
    else this.#show(created);
    if (this.#basisProblem !== undefined)
      this.#emit({ type: 'notice', level: 'warning', message: this.#basisProblem });
    const { refused } = this.#session.states;
    for (const message of [
      ...(this.#options.notices ?? []),
      ...(refused === undefined ? [] : [refused.message]),
    ])
      this.#emit({ type: 'notice', level: 'warning', message });
  }

  /** The cache is bounded; what was stored last and what runs own stays. */
  async #trimCache(): Promise<void> {
    const { storedBytes } = this.#session.disk;
    if (storedBytes === 0) return;
    const bounds = { maxBytes: MAX_CACHE_BYTES, ...this.#options.cache };
    if (staysWithin(this.#store.layout, bounds, storedBytes, this.#cacheWasEmpty)) return;
    const { trimCache } = await import('./cache/gc.js');
    const { notice } = trimCache(this.#store, bounds, storedBytes);
    if (notice !== undefined)
      this.#show({ type: 'notice', at: new Date().toISOString(), level: 'warning', message: notice });
  }

  #status(): 'succeeded' | 'failed' | 'cancelled' {
    if (this.#recorder?.problem !== undefined) return 'failed';
    const statuses = [...this.#session.results.values()].map((result) => result.status);
    const unfinished = statuses.some((status) => status === 'cancelled' || status === 'skipped');
    if (this.#options.control.cancelled.aborted && (unfinished || this.#failed)) return 'cancelled';
    return this.#failed ? 'failed' : 'succeeded';
  }

  async #work(metricsFolder: string, approvals: Approvals, idle: Idle): Promise<void> {
    const options = this.#options;
    const context = this.#context(metricsFolder, approvals, idle);
    let workingHere = 0;
    const onHangUp = (): void => {
      if (idle.leave()) return;
      // Jobs need no terminal. Before that what happened until now is written.
      if (workingHere === 0 && options.leave !== undefined) setImmediate(options.leave);
      else options.control.cancel();
    };
    options.control.hungUp.addEventListener('abort', onHangUp);
    const mutexes = this.#mutexes;
    const executors = this.#executors;
    const nameOf = ({ task }: Instance): string => executors.nameOf(task, options.pipeline);
    const local = this.#instances.filter((instance) => executors.isHere(nameOf(instance)));
    const here = new Set(local.map(({ id }) => id));
    const machine = executors.machine(LOCAL_EXECUTOR);
    const short = Masks.warning(this.#options.secrets);
    const notices = shortagesOf(local, (instance) => executors.machine(nameOf(instance)).capacity);
    for (const message of [...notices, ...(short === undefined ? [] : [short])]) {
      this.#emit({ type: 'notice', level: 'warning', message });
    }
    // An executor that bounds a matrix has all of it at once; not where it has some of it already.
    const leftTasks = context.left.all.map((job) => this.#session.graph.byId.get(job.task)?.task);
    const boundsItself = (instance: Instance): boolean =>
      executors.boundsLanes(nameOf(instance)) && !leftTasks.includes(instance.task);
    await schedule({
      jobs: this.#instances.map((instance) => {
        const width = boundsItself(instance) ? undefined : instance.task.matrix?.maxParallel;
        return {
          id: instance.id,
          after: this.#session.graph.incoming(instance.id).map((edge) => edge.from),
          resources: {
            ...instance.task.resources,
            ...defined({ expectedMs: expectedMs(this.#session.states.took(instance.id)) }),
          },
          machine: executors.machine(nameOf(instance)),
          ...(width === undefined ? {} : { lane: { key: instance.task.name, width } }),
        };
      }),
      machine,
      onOthers: (id) =>
        this.#emit({
          type: 'task-waiting',
          id,
          reason: `this machine is busy with ${machine.holders.length === 0 ? 'other tasks of the run' : machine.holders.join(', ')}`,
        }),
      cancelled: options.control.cancelled,
      admit: (id) => options.control.cancelled.aborted || mutexes.take(id),
      start: async (id, seat) => {
        let goesOn = true;
        const own = mutexes.around(id, seat);
        const isHere = here.has(id);
        if (isHere) workingHere++;
        while (goesOn && (await executeTask(context, id, own)) === 'parked')
          goesOn = await idle.waitsBelow(id, own);
        if (isHere) workingHere--;
        mutexes.release(id);
      },
      onIdle: () => idle.begin(this.#failed && !options.keepGoing),
      stop: idle.left,
    });
    options.control.hungUp.removeEventListener('abort', onHangUp);
    await this.#deferred;
  }

  /** One after the other, each when the loop has come round: what can start has then started. */
  #defer(work: () => Promise<void>): void {
    this.#deferred = this.#deferred
      .then(() => new Promise((resolve) => setImmediate(resolve)))
      .then(work)
      .catch((error: unknown) =>
        this.#emit({ type: 'notice', level: 'warning', message: describeError(error) }),
      );
  }

  /** Failures and skips that are final, because they are of this very run. */
  #ended(): ExecuteContext['ended'] {
    const { resume, settled } = this.#options;
    const own = resume !== undefined && (resume.status === 'waiting' || settled === true);
    return own ? endedIn(resume) : new Map();
  }

  #context(metricsFolder: string, approvals: Approvals, idle: Idle): ExecuteContext {
    const options = this.#options;
    const { root, control, graceMs, secrets, tracking } = options;
    const context: Omit<ExecuteContext, 'ahead'> = {
      session: this.#session,
      runId: this.#header.id,
      topRun: options.parent?.runs.at(-1) ?? this.#header.id,
      root,
      metricsFolder,
      control,
      executors: this.#executors,
      executorOf: ({ task }) => this.#executors.nameOf(task, options.pipeline),
      left: this.#left,
      dropLeft: (left) => this.#dropLeft(left),
      graceMs,
      masks: this.#masks,
      environment: inheritedEnvironment(options.environment, hiddenVariables(options)),
      secrets,
      sharedSecrets: options.pipeline.secrets.map(({ value }) => value),
      fileName: (id) => path.basename(taskLogName(id), '.log'),
      emit: (event) => this.#emit(event),
      show: (event) => this.#show(this.#masked(event)),
      approvals,
      child: async (task, call, signal, say) =>
        runChild(
          {
            options: {
              ...options,
              above: await stakeAbove(this.#session, task),
              notMadeAbove: (file) => this.#session.notMade(file),
            },
            runId: this.#header.id,
            store: this.#store,
            before: this.#runsBefore(),
            mutexes: this.#mutexes.heldAbove(task),
            emit: (event) => this.#emit(event),
          },
          { task, call, signal, say },
          runPipeline,
        ),
      force: options.force,
      wait: options.wait,
      decide: { force: options.force, noCache: options.noCache },
      keepGoing: options.keepGoing,
      defer: (work) => this.#defer(work),
      touch: this.#session.states.timeToTouch(),
      resumed: options.resume === undefined ? new Map() : doneIn(options.resume),
      ended: this.#ended(),
      waitsBelow: (id) => idle.hasWaiting(id),
      endsOnly: this.#endsOnly,
      ...defined({ versions: options.versions, dvc: this.#dvc, debug: options.debug }),
      place: options.place,
      refusal: (id) => this.#mutexes.refusal(id),
      failed: (id) => this.#taskFailed(id),
      hasFailed: () => this.#failed,
      matrixStop: (task) => this.#matrixStops.get(task)?.signal,
      readMetrics: options.readMetrics,
      trash: this.#trash,
      ...(tracking === undefined ? {} : { tracking: () => this.#openTracking(tracking) }),
      git: async () => {
        const { head } = this.#session;
        if (head === undefined || this.#dirty === undefined) return undefined;
        return { ...head, dirty: await this.#dirty.answer(DIRTY_MS.worked) };
      },
    };
    const { session, executors, executorOf, left, dropLeft, trash, emit } = context;
    const ahead = new Ahead({
      session,
      selected: new Set(this.#instances.map(({ id }) => id)),
      executors,
      executorOf,
      left,
      dropLeft,
      trash,
      store: this.#store,
      cancelled: control.cancelled,
      job: (task, script, memo) => {
        const basis = jobBasis(context, task, 1);
        const own = { ...basis.env.own, ...pythonOf(context, task) };
        const env = { ...basis.env, own };
        return { ...basis, env, script, memo, onOutput: () => undefined };
      },
      emit,
    });
    this.#ahead = ahead;
    return { ...context, ahead };
  }

  #taskFailed(id: string): void {
    this.#failed = true;
    const task = this.#session.graph.byId.get(id)?.task;
    if (task?.matrix?.failFast === true && !this.#options.keepGoing)
      this.#matrixStops.get(task.name)?.abort();
  }

  #created(): RunCreated {
    return {
      type: 'run-created',
      at: this.#header.createdAt,
      run: this.#header,
      tasks: this.#instances.map((instance) => ({
        id: instance.id,
        task: instance.task.name,
        action: instance.task.action?.kind ?? 'run',
        ...(instance.task.matrix === undefined ? {} : { matrix: instance.matrix }),
        needs: this.#session.graph.incoming(instance.id).map((edge) => edge.from),
      })),
    };
  }

  /** What this run writes, and what it reads of what it doesn't make itself. */
  #request(): Parameters<typeof acquireLocks>[1] {
    const paths = (list: readonly { readonly path?: string; readonly glob: boolean }[]): string[] =>
      list.flatMap(({ path: one, glob }) => (one === undefined || glob ? [] : [one]));
    // What a glob will match is not known yet: nobody else writes where it looks.
    const writes = new Set(this.#instances.flatMap(({ outputs }) => placesOf(outputs)));
    const reads = new Set(this.#instances.flatMap((instance) => paths(instance.inputs)));
    const { parent } = this.#options;
    return {
      runId: this.#header.id,
      pipeline: this.#options.pipeline.name,
      ...(parent === undefined ? {} : { above: parent.runs, mutexesAbove: [...parent.mutexes] }),
      writes: [...writes],
      reads: [...reads].filter((one) => !writes.has(one)),
    };
  }

  #emit(event: EventBody): void {
    this.#tell(this.#masked(event));
  }

  #masked(event: EventBody): RunEvent {
    if (event.type === 'task-started') this.#worked = true;
    return maskedEvent(this.#masks, { at: new Date().toISOString(), ...event });
  }

  #tell(event: RunEvent): void {
    this.#idle?.take(event);
    this.#ahead?.take(event);
    this.#recorder?.take(event);
    this.#show(event);
  }

  #show(event: RunEvent): void {
    for (const sink of this.#sinks) sink(event);
  }

  async #finish(recorder: Recorder, dirty: DirtyCheck | undefined): Promise<void> {
    if (dirty !== undefined && this.#session.head !== undefined) {
      const answer = await dirty.answer(this.#worked ? DIRTY_MS.worked : DIRTY_MS.idle);
      recorder.setGit({ ...this.#session.head, dirty: answer });
    }
    recorder.close(this.#worked);
  }
}

function onThisMachine(runId: string): Executor {
  return localExecutor(pipesFolder(runId));
}

/** Variables that hold secrets: who gets one is told by `secrets`. */
function hiddenVariables({ secrets, places }: RunOptions): ReadonlySet<string> {
  const names = Object.keys(secrets);
  const other = places.secrets.flatMap(({ name, env }) =>
    env !== undefined && names.includes(name) ? [env] : [],
  );
  return new Set([...names, ...other]);
}

/** Only then has a run to wait for git before it starts. */
function mentionsDirty(pipeline: Pipeline): boolean {
  const sites = [...pipeline.expressions, ...pipeline.tasks.flatMap((task) => task.expressions)];
  return sites.some((site) => site.part.source.includes('dirty'));
}
