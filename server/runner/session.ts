/** What a plan and a run share: a pipeline with its params, its graph, and what is known of its tasks. */
import { defined } from '../base/defined.js';
import { listed } from '../definition/actions.js';
import type { FeaturesDefinition } from '../definition/read/analyze.js';
import type { Action, Json, Pipeline } from '../definition/definition.js';
import type { Features } from '../definition/features.js';
import {
  type Graph,
  type GraphOptions,
  type Instance,
  type ResolvedOutput,
  buildGraph,
} from '../definition/graph/graph.js';
import { seenInputs } from '../definition/graph/seen-inputs.js';
import type { Scope } from '../definition/expressions/evaluate.js';
import { shellOfTask } from '../definition/shell/shells.js';
import { StaticScopes, type StaticValues } from '../definition/expressions/static-scope.js';
import { viewSources } from '../definition/known/view-sources.js';
import { type Layout, layoutOf } from '../stores/layout.js';
import type { Stake } from '../stores/approvals/approvals.js';
import { PackageStore } from '../stores/packages/store.js';
import type { EndStatus, TaskOutcome } from '../stores/runs/document.js';
import type { Cache } from './cache/cache.js';
import { type Callable, type CalledPipeline, calledFrom } from './calls/graphs.js';
import { DiskCache, LINK_FROM_BYTES } from './cache/disk.js';
import { type GitHead, gitHead } from './record/git.js';
import type { DebugSettings } from '../python/debugger.js';
import { HashIndex } from '../stores/content/hash-index.js';
import { PythonCode } from './python/code.js';
import { usesFeatures } from './actions/training-set/feature-files.js';
import type { FeatureViews } from './actions/training-set/views.js';
import type { Models } from './resolve/models.js';
import { type Identity, madeOf, selfContained } from './plan/identity.js';
import type { StageMemory, StageOptions } from './dvc/memory.js';
import type { RunSettings } from './resolve/places.js';
import { type Facts, type TaskFacts, listsOf, outputPaths } from './resolve/scope.js';
import { type Selection, select } from './select.js';
import { environmentBefore } from './resolve/environment-before.js';
import { systemShell, findShell, missingShell } from './execute/shells.js';
import { TaskStates, statesFile } from './plan/state.js';
import { TaskPythons } from './python/task-python.js';
import type { Versions } from './execute/versions.js';
import { PLAN_BYTES, Workspace, outputPlaces } from './resolve/workspace.js';

/** How a task ended, as far as others care. */
export interface TaskResult extends Identity, Pick<TaskOutcome, 'inputs' | 'metrics'> {
  readonly status: EndStatus;
  readonly tolerated: boolean;
  /** It, or something that it depends on, failed. */
  readonly tainted: boolean;
  /** Path by name, and what else its action gives. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Of outputs that are globs: the files, by name. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly fingerprint: string;
}

/**
 * What others get of an outcome: of one that is known from before, unless told otherwise.
 * @param names paths of outputs by name
 */
export function resultOf(
  instance: Instance,
  { inputs, outputs, metrics, values }: TaskOutcome,
  names: Readonly<Record<string, string>>,
  fingerprint: string,
): Omit<TaskResult, keyof Identity> {
  const known = { status: 'cached', tolerated: false, tainted: false } as const;
  const lists = listsOf(instance, outputs);
  return { ...known, metrics, inputs, outputs: { ...names, ...values }, lists, fingerprint };
}

/** Paths by name. */
export function namesOf(
  outputs: readonly { readonly name: string; readonly path: string; readonly glob?: boolean }[],
): Record<string, string> {
  return Object.fromEntries(outputs.flatMap(({ name, path, glob }) => (glob === true ? [] : [[name, path]])));
}

export interface SessionOptions {
  /** Absolute. */
  readonly root: string;
  readonly pipeline: Pipeline;
  readonly params: Readonly<Record<string, Json>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Where deployments may go. Absent: nothing is known of it. */
  readonly places?: RunSettings;
  /** `id`, `started-at` and so on; what expressions see as `run`. */
  readonly run: Readonly<Record<string, Json>>;
  /** Tasks that are not selected are known by how they ended the last time. Absent: all. */
  readonly selection?: Selection;
  /** Large outputs and their copies in the cache may be hard links of each other. Default: no. */
  readonly linkOutputs?: boolean;
  /** Feature files of the project, where the pipeline needs them: `featureFilesFor`. */
  readonly features?: readonly FeaturesDefinition[];
  /** What names of versions stand for; absent: what they stand for now. */
  readonly versions?: Versions;
  /** The pipelines that it calls, and those that these call, by their names. */
  readonly called?: Callable;
  /** What a question in it stands for in the run that this one is part of. */
  readonly above?: Stake;
  /** Why a path is not what that run makes of it. */
  readonly notMadeAbove?: (path: string) => string | undefined;
  /** What would take long to read is unknown. Default: all is read. */
  readonly glance?: boolean;
  /** Of stages of DVC: its run cache is not asked. */
  readonly noRunCache?: boolean;
  /** Of stages of DVC: outputs don't go into its cache. */
  readonly noCommit?: boolean;
  /** Of stages of DVC: data that is missing, of what else has not changed, is no reason to run. */
  readonly allowMissing?: boolean;
  /** Tasks run under a debugger: how they end counts for nothing. */
  readonly debug?: DebugSettings;
}

const MADE: ReadonlySet<TaskResult['status']> = new Set(['succeeded', 'cached'] as const);

export class Session {
  readonly root: string;
  readonly layout: Layout;
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  readonly hashes: HashIndex;
  readonly workspace: Workspace;
  readonly pythonCode: PythonCode;
  readonly cache: Cache;
  readonly disk: DiskCache;
  readonly states: TaskStates;
  readonly debug: DebugSettings | undefined;
  readonly facts: Facts;
  readonly featureFiles: readonly Features[];
  readonly head: GitHead | undefined;
  /** Of tasks that have ended, by id. */
  readonly results = new Map<string, TaskResult>();
  /** Tasks that have ended and made nothing. */
  readonly #unmade: string[] = [];
  /** Why there is nothing to run: a selection that names no task, a matrix or a cycle that can't be. */
  readonly problem: string | undefined;
  readonly places: RunSettings;
  readonly pythons: TaskPythons;
  readonly #selected: ReadonlySet<string>;
  readonly #scopes: StaticScopes;
  readonly above: Stake | undefined;
  readonly #notMadeAbove: SessionOptions['notMadeAbove'];
  readonly #known: Callable;
  readonly #called = new Map<Instance, readonly CalledPipeline[]>();
  #dirty = true;
  #models: Models | undefined;
  readonly #featureDefinitions: readonly FeaturesDefinition[];
  #features: FeatureViews | undefined;
  #packages: PackageStore | undefined;
  #stages: StageMemory | undefined;
  readonly #stageOptions: StageOptions;

  constructor(options: SessionOptions) {
    this.#stageOptions = {
      ...(options.glance === true ? { mostBytes: PLAN_BYTES } : {}),
      runCache: options.noRunCache !== true,
      commit: options.noCommit !== true,
      allowMissing: options.allowMissing === true,
    };
    this.root = options.root;
    this.pipeline = options.pipeline;
    this.places = options.places ?? {
      environments: [],
      targets: [],
      secrets: [],
      local: {},
      executors: [],
    };
    this.pythons = new TaskPythons(options.root, options.pipeline, this.places, options.environment);
    this.layout = layoutOf(options.root);
    this.hashes = new HashIndex(this.layout);
    this.workspace = new Workspace(options.root, this.hashes);
    this.pythonCode = new PythonCode(this.layout, this.workspace);
    this.disk = new DiskCache(
      this.layout,
      this.hashes,
      options.linkOutputs === true ? { linkFrom: LINK_FROM_BYTES } : {},
    );
    this.cache = this.disk;
    this.states = new TaskStates(statesFile(this.layout, options.pipeline.path), options.debug === undefined);
    this.debug = options.debug;
    this.#known = options.called ?? new Map();
    this.above = options.above;
    this.#notMadeAbove = options.notMadeAbove;
    this.head = gitHead(options.root);
    this.#featureDefinitions = options.features ?? [];
    this.featureFiles = this.#featureDefinitions.map(({ features }) => features);
    const git = this.#git();
    const known: StaticValues = {
      params: options.params,
      env: options.environment,
      run: options.run,
      ...defined({ git }),
    };
    this.#scopes = new StaticScopes(options.pipeline, known);
    this.graph = this.#graphOf({ ...known, viewSources: viewSources(this.featureFiles) });
    this.workspace.outputs = this.graph.instances.flatMap(outputPlaces);
    const selected = select(this.graph, options.selection ?? {});
    this.#selected = selected.ok ? selected.ids : new Set();
    this.problem = selected.ok
      ? (problemOf(this.graph) ?? this.#missingShell(options.environment) ?? this.#sameFile())
      : `there is no task "${selected.unknown}" in ${options.pipeline.name}; there are: ${selected.known.join(', ')}`;
    const dirty = (): boolean => this.#dirty;
    this.facts = {
      params: options.params,
      run: options.run,
      get git() {
        return git === undefined ? undefined : { ...git, dirty: dirty() };
      },
      secrets: options.secrets,
      environment: options.environment,
      task: (name) => this.#task(name),
      models: (members) =>
        this.#models?.lookup(members) ?? {
          found: {
            kind: 'error',
            message: 'models: this expression is evaluated before the registry is there.',
          },
        },
      version: (reference) =>
        this.#models?.find(reference) ?? { ok: false, message: 'the registry is not there yet' },
      places: this.places,
      packages: () => this.packages,
      versions: options.versions,
      environmentBefore: (instance) => environmentBefore(this, instance),
      python: (task) => this.pythons.of(task),
      hashFiles: (globs) => this.workspace.hashFiles(globs),
      features: this.featureFiles,
    };
  }

  #graphOf(options: GraphOptions): Graph {
    const graph = buildGraph(this.pipeline, options);
    const seen = seenInputs(graph, ({ id }) => (this.states.get(id)?.inputs ?? []).map(({ path }) => path));
    return seen.size === 0 ? graph : buildGraph(this.pipeline, { ...options, seenInputs: seen });
  }

  /** What DVC remembers, where the tasks are stages of DVC: once it is known that they may run. */
  get stages(): StageMemory | undefined {
    return this.#stages;
  }

  /** @returns why stages of DVC can't run */
  async openStages(environment: SessionOptions['environment']): Promise<string | undefined> {
    const stages = this.selectedInstances().flatMap(({ task }) => task.stage ?? []);
    if (stages.length === 0) return undefined;
    const { openStages } = await import('./dvc/open.js');
    const opened = openStages(this.root, stages, environment, this.#stageOptions);
    if (!opened.ok) return opened.problem;
    this.#stages = opened.memory;
    return undefined;
  }

  /** Opens the registry and the feature store where the pipeline uses them; nobody else pays for it. To be awaited before tasks are resolved. */
  async prepare(): Promise<void> {
    if (this.#models === undefined && usesModels(this.pipeline)) {
      const { Models } = await import('./resolve/models.js');
      this.#models = new Models(this.root, this.facts.versions);
    }
    if (this.#features === undefined && usesFeatures(this.pipeline)) {
      const { FeatureViews } = await import('./actions/training-set/views.js');
      this.#features = new FeatureViews(this.root, this.#featureDefinitions);
    }
  }

  /** The pipeline that a task calls, and those below it, where they are known. */
  calledBy(instance: Instance): readonly CalledPipeline[] {
    // Most tasks call nothing, and a run asks it of all of them.
    if (instance.task.action?.kind !== 'pipeline') return [];
    const called =
      this.#called.get(instance) ?? calledFrom(instance, this.scopeBefore(instance), this.#known);
    this.#called.set(instance, called);
    return called;
  }

  /** Takes down how a task ended. */
  end(id: string, result: TaskResult): void {
    this.results.set(id, result);
    if (result.status !== 'succeeded' && result.status !== 'cached') this.#unmade.push(id);
  }

  /** Why a path is not what this run makes of it, in words: the task whose output it is was skipped, or failed. */
  notMade(path: string): string | undefined {
    const nearest = (ids: Iterable<string>): { readonly id: string; readonly length: number } | undefined => {
      let found: { readonly id: string; readonly length: number } | undefined;
      for (const id of ids) {
        for (const { path: made } of this.#writes(id)) {
          if (made === undefined || (made !== path && !path.startsWith(`${made}/`))) continue;
          if (found === undefined || made.length > found.length) found = { id, length: made.length };
        }
      }
      return found;
    };
    const unmade = nearest(this.#unmade);
    const above = unmade === undefined ? this.#notMadeAbove?.(path) : undefined;
    // Asked for every path that is read: mostly nothing was skipped, and there is no more to look at.
    if (unmade === undefined && above === undefined) return undefined;
    const made = nearest([...this.results].flatMap(([id, { status }]) => (MADE.has(status) ? [id] : [])));
    if (unmade === undefined) return made === undefined ? above : undefined;
    if (made !== undefined && made.length >= unmade.length) return undefined;
    const status = this.results.get(unmade.id)?.status;
    return `${unmade.id} ${status === 'failed' ? 'failed' : `was ${status ?? 'skipped'}`}`;
  }

  /** What an instance makes, by itself or by the pipeline that it calls. Of a call that failed, that may be there or not. */
  #writes(id: string): readonly ResolvedOutput[] {
    const instance = this.graph.byId.get(id);
    if (instance === undefined) return [];
    if (this.results.get(id)?.status === 'failed') return instance.outputs;
    const below = this.calledBy(instance).flatMap(({ graph }) => graph.instances);
    return [...instance.outputs, ...below.flatMap(({ outputs }) => outputs)];
  }

  /** The registry, once `prepare` has found that it is used. */
  get models(): Models | undefined {
    return this.#models;
  }

  /** The feature store, once `prepare` has found that it is used. */
  get features(): FeatureViews | undefined {
    return this.#features;
  }

  /** The app packages; opening them reads nothing. */
  get packages(): PackageStore {
    return (this.#packages ??= PackageStore.open(this.root));
  }

  /** What expressions of a task know before anything has run. */
  scopeBefore({ task, matrix }: Instance): Scope {
    return this.#scopes.of(task, matrix);
  }

  /** How a task ended in this run or, when it is not part of it, the last time it succeeded. */
  result(instance: Instance): TaskResult | undefined {
    return this.results.get(instance.id) ?? this.#earlier(instance);
  }

  /** Told when git has answered. Until then the work tree counts as dirty: it isn't known to be clean. */
  setDirty(dirty: boolean): void {
    this.#dirty = dirty;
  }

  /** In the order of the definition. */
  selectedInstances(): readonly Instance[] {
    return this.graph.instances.filter((instance) => this.#selected.has(instance.id));
  }

  /** A shell that isn't there is told before anything runs. Where the definition sets PATH, nobody knows yet. */
  #missingShell(environment: SessionOptions['environment']): string | undefined {
    if (this.pipeline.env.some(({ name }) => name === 'PATH')) return undefined;
    for (const { task, id } of this.selectedInstances()) {
      if (task.action?.kind !== 'run' || task.env.some(({ name }) => name === 'PATH')) continue;
      const shell = shellOfTask(task, this.pipeline, this.places.shell ?? systemShell());
      if (findShell(shell, environment) === undefined) return `${id}: ${missingShell(shell)}`;
    }
    return undefined;
  }

  /** Two outputs that are one file, because a folder on the way is a link. */
  #sameFile(): string | undefined {
    const made = new Map<string, { readonly id: string; readonly path: string }>();
    for (const { id, outputs } of this.selectedInstances()) {
      for (const { path: output, glob } of outputs) {
        if (output === undefined || glob) continue;
        const real = this.workspace.realPath(output);
        const other = made.get(real);
        if (other !== undefined && other.path !== output) {
          return `${other.id} and ${id} write the same file: ${other.path} and ${output} are one, through a link`;
        }
        made.set(real, { id, path: output });
      }
    }
    return undefined;
  }

  #git(): Record<string, Json> | undefined {
    if (this.head === undefined) return undefined;
    const { commit, branch } = this.head;
    return { commit, 'short-commit': commit.slice(0, 7), branch: branch ?? '' };
  }

  #task(name: string): TaskFacts | undefined {
    const instances = this.graph.byTask.get(name);
    if (instances === undefined) return undefined;
    const results = instances.map((instance) => this.result(instance));
    const outputs = gather(
      instances.map((instance, index) => ({
        ...outputPaths(instance),
        ...results[index]?.outputs,
        ...results[index]?.lists,
      })),
    );
    const known = results.filter((result) => result !== undefined);
    if (known.length < instances.length) {
      return { outputs, ended: `how ${instances[results.indexOf(undefined)]?.id ?? name} ends` };
    }
    return {
      outputs,
      flat: instances[0]?.task.action?.kind === 'pipeline',
      ended: {
        metrics: gather(known.map((result) => result.metrics)),
        status: worst(known),
        cached: known.every((result) => result.status === 'cached'),
        fingerprint: known.map((result) => result.fingerprint).join(' '),
      },
    };
  }

  /** A task that is not part of this run is known by its last success. */
  #earlier(instance: Instance): TaskResult | undefined {
    if (this.#selected.has(instance.id)) return undefined;
    const state = this.states.get(instance.id);
    if (state === undefined) return undefined;
    const { hash } = state.fingerprint;
    return {
      ...resultOf(instance, state, namesOf(state.outputs), hash),
      ...selfContained(madeOf('cached', hash, state.outputs)),
    };
  }
}

function usesModels(pipeline: Pipeline): boolean {
  return (
    pipeline.tasks.some(({ action }) => action !== undefined && wantsModels(action)) ||
    [...pipeline.expressions, ...pipeline.tasks.flatMap((task) => task.expressions)].some((site) =>
      site.part.source.includes('models'),
    )
  );
}

function wantsModels(action: Action): boolean {
  return (
    listed(action, 'gives').some(({ what }) => what === 'model') ||
    listed(action, 'waits').some((wait) => wait.for === 'model')
  );
}

function problemOf(graph: Graph): string | undefined {
  const [cycle] = graph.cycles;
  if (cycle !== undefined) return `tasks depend on each other: ${[...cycle, cycle[0]].join(' → ')}`;
  const [problem] = graph.matrixProblems;
  return problem === undefined ? undefined : `${problem.task}: ${problem.message}`;
}

/** Values by name, over all instances of a task. */
function gather(records: readonly Readonly<Record<string, Json>>[]): Record<string, Json> {
  const [only] = records;
  if (only !== undefined && records.length === 1) return only;
  const names = new Set(records.flatMap((record) => Object.keys(record)));
  return Object.fromEntries(
    [...names].map((name) => [name, merge(records.map((record) => record[name] ?? null))]),
  );
}

/** One value where all instances agree, else one for each. */
function merge(values: readonly Json[]): Json {
  const [first = null] = values;
  if (values.every((value) => JSON.stringify(value) === JSON.stringify(first))) return first;
  // What the globs of cells matched are files of one task.
  return values.every((value) => Array.isArray(value)) ? values.flat() : values;
}

function worst(results: readonly TaskResult[]): string {
  const order = ['failed', 'cancelled', 'skipped'];
  return order.find((status) => results.some((result) => result.status === status)) ?? 'succeeded';
}
