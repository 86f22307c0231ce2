/** What a run would do now, and why, without doing anything: nothing is spawned, written or restored. */
import type { RunEstimate } from '../../base/runs/task-outcome.js';
import { estimateOf, usualMs } from './estimate.js';
import { defined } from '../../base/defined.js';
import { pauses } from '../../base/runs/steps.js';
import { plural } from '../../base/format.js';
import type { Instance } from '../../definition/graph/graph.js';
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import { type KnownCluster, whyImpossible } from '../../definition/known/cluster.js';
import type { ExecutorSettings, Json, Pipeline, Task } from '../../definition/definition.js';
import { executorOf } from '../../definition/executors.js';
import type { StageSpec } from '../../definition/stage.js';
import type { PythonSource } from '../../python/choose.js';
import type { Stake } from '../../stores/approvals/approvals.js';
import { FarIndex } from '../../stores/content/far-index.js';
import { readCluster } from '../../stores/cluster-memory.js';
import type { FingerprintRecord, RunDocument, TaskOutcome } from '../../stores/runs/document.js';
import { leftByKilled } from '../../stores/trash.js';
import { mayStart } from '../execute/condition.js';
import { alwaysRuns } from './always.js';
import type { Callable } from '../calls/graphs.js';
import { decide, fingerprintTask, nothingToDo } from './decide.js';
import { featureFilesFor } from '../actions/training-set/feature-files.js';
import { doneIn } from '../record/resume.js';
import { madeOf } from './identity.js';
import { identityOf } from './upstream.js';
import type { ResolvedTask } from '../resolve/resolve.js';
import { refusalOf } from './refusal.js';
import { resolveFully } from '../resolve/fully.js';
import type { RunSettings } from '../resolve/places.js';
import { secretNames } from '../resolve/secrets.js';
import type { Selection } from '../select.js';
import { foundAt } from '../execute/outputs-before.js';
import { Session, type TaskResult, namesOf, resultOf } from '../session.js';
import type { Versions } from '../execute/versions.js';
import type { ReadInput } from '../resolve/workspace.js';

export interface PlanOptions extends Selection {
  /** Of the params; default: the definition's defaults. */
  readonly params?: Readonly<Record<string, Json>>;
  readonly force?: boolean;
  readonly noCache?: boolean;
  /** Of stages of DVC: its run cache is not asked. */
  readonly noRunCache?: boolean;
  /** Of stages of DVC: data that is missing, of what else has not changed, is no reason to run. */
  readonly allowMissing?: boolean;
  readonly resume?: RunDocument;
  /** Feature files of the project; absent: read from the disk where the pipeline needs them. */
  readonly features?: readonly FeaturesDefinition[];
  /** What names of versions stand for; absent: what they stand for now. */
  readonly versions?: Versions;
  /** What a question in it stands for in the run that calls it. */
  readonly above?: Stake;
  /** Why a path is not what that run makes of it. */
  readonly notMadeAbove?: (path: string) => string | undefined;
  /** The pipelines that it calls, and those that these call, by their names. */
  readonly called?: Callable;
  readonly environment?: NodeJS.ProcessEnv;
  /** What would take long to read is unknown: somebody only looks. */
  readonly glance?: boolean;
  /** Where deployments may go. Absent: nothing is known of it. */
  readonly places?: RunSettings;
  /** `path:line:column` of a place in the definition; absent: messages name none. */
  readonly place?: (span: { readonly start: number } | undefined) => string;
}

export interface PlannedTask {
  readonly id: string;
  readonly task: string;
  readonly action: string;
  readonly decision: 'run' | 'restore' | 'up-to-date' | 'skip' | 'unknown';
  /** Why, in words. */
  readonly reasons: readonly string[];
  /** What it usually took when it ran, in ms; of those that would run. */
  readonly tookMs?: number;
  readonly fingerprint?: FingerprintRecord;
  /** Paths of outputs where something is that no run is known to have made: it would go into the trash. */
  readonly setsAside?: readonly string[];
  /** The interpreter that its commands find, where they use Python. */
  readonly python?: {
    readonly path: string;
    readonly name: string;
    readonly version?: string;
    readonly source: PythonSource;
  };
}

export interface Plan {
  /** In the order in which they would run. */
  readonly tasks: readonly PlannedTask[];
  /** Absent where nothing would run, or nothing of it ever ran. */
  readonly estimate?: RunEstimate;
  /** Why there is no plan. */
  readonly problem?: string;
}

/** @param root absolute, of the project */
export async function planRun(root: string, pipeline: Pipeline, options: PlanOptions = {}): Promise<Plan> {
  const { only, from, to, whole, all, glob } = options;
  const session = new Session({
    root,
    pipeline,
    params: options.params ?? defaults(pipeline),
    environment: options.environment ?? process.env,
    secrets: Object.fromEntries(secretNames(pipeline).map((name) => [name, '***'])),
    run: { pipeline: pipeline.name },
    ...defined({
      places: options.places,
      versions: options.versions,
      above: options.above,
      notMadeAbove: options.notMadeAbove,
      called: options.called,
      glance: options.glance,
      noRunCache: options.noRunCache,
      allowMissing: options.allowMissing,
    }),
    features: options.features ?? (await featureFilesFor(root, [pipeline])),
    selection: defined({ only, from, to, whole, all, glob }),
  });
  const problem = await refusalOf(session, (file) => session.workspace.peek(file), options.place);
  if (problem !== undefined) return { tasks: [], problem };
  return new Planner(session, options).plan();
}

/** Params that have none are left out; what needs them is unknown then. */
function defaults(pipeline: Pipeline): Record<string, Json> {
  return Object.fromEntries(
    pipeline.params.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value.value]])),
  );
}

/** A task may read what thousands of cells make. */
const MOST_UPSTREAM = 5;

class Planner {
  readonly #session: Session;
  readonly #options: PlanOptions;
  readonly #resumed: ReturnType<typeof doneIn>;
  /** Tasks whose outputs may be others than those that are there now. */
  readonly #stale = new Map<string, string>();
  /** Content of paths after what would be restored is restored. */
  readonly #content = new Map<string, ReadInput>();

  /** Outputs that the next run puts back first, because a runner was killed. */
  readonly #left: ReadonlyMap<string, string | undefined>;

  /** What the cluster had when a run last asked it. */
  readonly #cluster: KnownCluster | undefined;

  constructor(session: Session, options: PlanOptions) {
    this.#cluster = readCluster(session.layout);
    this.#left = leftByKilled(session.layout);
    this.#session = session;
    this.#options = options;
    this.#resumed = options.resume === undefined ? new Map<string, never>() : doneIn(options.resume);
  }

  async plan(): Promise<Plan> {
    await this.#session.prepare();
    // What the next run puts back before it looks at anything.
    for (const [file, place] of this.#left) {
      const found = place === undefined ? undefined : this.#session.hashes.hash(place);
      this.#content.set(
        file,
        found?.ok === true
          ? { ok: true, records: [{ path: file, hash: found.hash, bytes: found.bytes }] }
          : { ok: false, reason: 'missing', message: `${file} does not exist` },
      );
    }
    const selected = new Set(this.#session.selectedInstances().map(({ id }) => id));
    const tasks: PlannedTask[] = [];
    const pause = pauses();
    for (const id of this.#session.graph.order) {
      await pause();
      if (selected.has(id)) tasks.push(this.#timed(await this.#planned(id)));
    }
    return { tasks, ...defined({ estimate: estimateOf(tasks, this.#session.graph) }) };
  }

  #timed(planned: PlannedTask): PlannedTask {
    if (planned.decision !== 'run' && planned.decision !== 'unknown') return planned;
    return { ...planned, ...defined({ tookMs: usualMs(this.#session.states.took(planned.id)) }) };
  }

  /** Says what a run would find in the place of the task's outputs that no run has made. */
  async #withSetAside(planned: PlannedTask): Promise<PlannedTask> {
    if (planned.decision === 'up-to-date' || planned.decision === 'skip') return planned;
    const { graph, workspace } = this.#session;
    const found: string[] = [];
    for (const { path: file, glob, output } of graph.byId.get(planned.id)?.outputs ?? []) {
      if (file === undefined || glob || output?.persist === true || !workspace.check(file, 'output').ok)
        continue;
      if (this.#left.has(file)) continue;
      const here = await foundAt(this.#session, file, (one) => workspace.peek(one));
      if (here === 'found') found.push(file);
    }
    return found.length === 0 ? planned : { ...planned, setsAside: found };
  }

  /** Tasks whose outputs it reads and that may make others, as reasons: the first few by name. */
  #upstream(id: string): string[] {
    const stale = this.#session.graph
      .incoming(id)
      .filter(({ from, reasons }) => this.#stale.has(from) && reasons.some(({ kind }) => kind !== 'needs'));
    const told = stale
      .slice(0, MOST_UPSTREAM)
      .map(({ from }) => `upstream ${from} ${this.#stale.get(from) ?? ''}`);
    const more = stale.length - told.length;
    return more === 0
      ? told
      : [...told, `${more} more upstream ${more === 1 ? 'task' : 'tasks'} will or may run`];
  }

  #read(file: string): ReadInput {
    return this.#content.get(file) ?? this.#session.workspace.peek(file);
  }

  #instance(id: string): Instance {
    const instance = this.#session.graph.byId.get(id);
    if (instance === undefined) throw new Error(`there is no task ${id}`);
    return instance;
  }

  /** With a word on inputs that nobody has written down. */
  async #planned(id: string): Promise<PlannedTask> {
    const planned = await this.#withSetAside(await this.#planTask(id));
    const { task, inputs } = this.#instance(id);
    if (task.autoInputs === undefined || planned.decision === 'skip') return planned;
    const isNew = this.#session.states.get(id) === undefined;
    const count = plural(inputs.length, 'file');
    const told = isNew ? 'inputs: auto, to be seen when it runs' : `inputs: auto, ${count} as it last read`;
    return { ...planned, reasons: [...planned.reasons, told] };
  }

  async #planTask(id: string): Promise<PlannedTask> {
    const session = this.#session;
    const instance = this.#instance(id);
    const head = {
      id,
      task: instance.task.name,
      action: instance.task.action?.kind ?? 'run',
      ...this.#python(instance.task),
    };
    const stale = (
      decision: PlannedTask['decision'],
      reasons: readonly string[],
      word = 'will run',
    ): PlannedTask => {
      this.#stale.set(id, word);
      const more = [...this.#impossible(instance.task), ...registering(decision, instance.task)];
      return { ...head, decision, reasons: [...reasons, ...more] };
    };
    const upstream = this.#upstream(id);
    if (instance.task.if !== undefined && upstream.length === 0) {
      const before = new Map<string, TaskResult>();
      const start = mayStart(instance, session.facts, {
        cancelled: false,
        stopping: false,
        before,
      });
      if (!start.start && start.error !== true) return { ...head, decision: 'skip', reasons: [start.reason] };
    }
    if (upstream.length > 0) return stale('run', upstream);
    if (instance.task.stage !== undefined) return this.#planStage(instance.task.stage, head, stale);
    const resolution = await resolveFully(session, instance);
    if (!resolution.ok) return stale('unknown', [resolution.message], 'may run');
    const { task } = resolution;
    const refused = nothingToDo(task);
    if (refused !== undefined) return { ...head, decision: 'skip', reasons: [refused] };
    const always = this.#resumed.has(id) ? undefined : alwaysRuns(instance);
    if (always !== undefined) return stale('run', [always]);
    const read = (path: string): ReadInput => this.#read(path);
    const printed = await fingerprintTask(session, task, this.#farReader(instance.task) ?? read);
    if (!printed.ok) {
      return printed.reason === 'unknown'
        ? stale('unknown', [printed.message], 'may run')
        : stale('run', [printed.reason === 'features' ? printed.message : `input ${printed.message}`]);
    }
    const resumed = this.#resumed.get(id);
    const decision = await decide(session, task, printed, read, {
      force: this.#options.force ?? false,
      noCache: this.#options.noCache ?? false,
      ...defined({ resumed }),
    });
    if (decision.kind === 'up-to-date') this.#known(task, decision.state, decision.print);
    else if (decision.kind === 'restore') {
      const { artifacts, metrics } = decision.hit.entry.data;
      for (const artifact of artifacts) this.#content.set(artifact.path, { ok: true, records: [artifact] });
      this.#known(task, { metrics, outputs: artifacts }, decision.print);
    } else {
      return {
        ...stale(decision.kind, decision.reasons, decision.kind === 'run' ? 'will run' : 'may run'),
        fingerprint: printed.fingerprint,
      };
    }
    return {
      ...head,
      decision: decision.kind,
      reasons: decision.reasons,
      fingerprint: decision.print,
    };
  }

  #executorOf(task: Task): ExecutorSettings | undefined {
    const { places } = this.#options;
    const name = executorOf(task, this.#session.pipeline, places ?? {});
    return places?.executors.find((one) => one.name === name);
  }

  /** Reads what is not here as a run has last found it where the task's jobs see it; nothing where they see no more than this. */
  #farReader(task: Task): ((path: string) => ReadInput) | undefined {
    const executor = this.#executorOf(task);
    if (executor?.type !== 'slurm' || executor.login === undefined || executor.remoteDir === undefined)
      return undefined;
    const { login, remoteDir } = executor;
    const index = new FarIndex(this.#session.layout, login, remoteDir);
    return (path) => {
      const here = this.#read(path);
      if (here.ok || here.reason !== 'missing') return here;
      const known = index.of(path);
      if (known !== undefined) return { ok: true, records: [known.record] };
      return { ok: false, reason: 'unknown', message: `${path} is not here; a run looks for it on ${login}` };
    };
  }

  /** Why its executor can never start it, by what is known of that. */
  #impossible(task: Task): string[] {
    const executor = this.#executorOf(task);
    if (executor?.type !== 'slurm') return [];
    const { name } = executor;
    const { at, groups } = this.#cluster ?? { at: '', groups: [] };
    const why = whyImpossible(groups, executor, task.resources, task.timeoutMs ?? executor.timeMs);
    return why === undefined ? [] : [`can never start on ${name}: ${why} (as of ${at.slice(0, 10)})`];
  }

  #python(task: Task): Pick<PlannedTask, 'python'> {
    const { choice, uses } = this.#session.pythons.of(task);
    if (choice === undefined || !uses) return {};
    const { python, name, source } = choice;
    return { python: { path: python.path, name, ...defined({ version: python.version }), source } };
  }

  /** DVC's memory says what is to be done. */
  #planStage(
    stage: StageSpec,
    head: Pick<PlannedTask, 'id' | 'task' | 'action'>,
    stale: (decision: PlannedTask['decision'], reasons: readonly string[], word?: string) => PlannedTask,
  ): PlannedTask {
    const { stages } = this.#session;
    try {
      const look = stages?.look(stage, { force: this.#options.force ?? false });
      if (look === undefined || look.kind === 'stuck')
        return stale('unknown', look === undefined ? [] : [look.message], 'may run');
      if (look.kind === 'run') return stale('run', look.reasons);
      if (look.kind === 'up-to-date') return { ...head, decision: 'up-to-date', reasons: [] };
      if (look.kind === 'restore') stages?.facts.pretend(stage, look.from);
      return { ...head, decision: 'restore', reasons: look.reasons };
    } catch (error) {
      return stale('unknown', [error instanceof Error ? error.message : String(error)], 'may run');
    }
  }

  /** Its values are those of its last success; what depends on it can be told. */
  #known(task: ResolvedTask, outcome: Omit<TaskOutcome, 'inputs'>, print: FingerprintRecord): void {
    const { id, instance } = task;
    const made = madeOf('cached', print.hash, outcome.outputs);
    this.#session.results.set(id, {
      ...resultOf(instance, { ...outcome, inputs: [] }, namesOf(task.outputs), print.hash),
      ...identityOf(this.#session, instance, made),
    });
  }
}

/** What a task would leave in the registry. */
function registering(decision: PlannedTask['decision'], task: Task): string[] {
  if (task.action?.kind !== 'register' || (decision !== 'run' && decision !== 'unknown')) return [];
  const { model } = task.action;
  return [`would make a version of ${model.template === undefined ? model.text : 'a model'}`];
}
