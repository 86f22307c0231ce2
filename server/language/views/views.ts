/**
 * The requests of protocol/index.ts, filled from the index and the stores. Nothing is spawned to fill a view, and no big file
 * is read: what can't be told cheaply is `unknown`.
 */
import type { CancellationToken, Connection } from 'vscode-languageserver/node';
import type { Json } from '../../definition/definition.js';
import { usableModel } from '../../definition/known/models.js';
import type { KnownModels } from '../../definition/known/models.js';
import type { PipelineDefinition, Project } from '../../project/project.js';
import { runnableOf } from '../../rules/dvc/runnable.js';
import type {
  ChangedParams,
  GraphResult,
  Outcome,
  PipelineKind,
  PipelineSummary,
  PipelinesResult,
  PlanResult,
  Requests,
  RunListItem,
  RunRef,
  RunsResult,
} from '../../protocol/index.js';
import { deploymentsOf } from '../../serving/releases/deployments.js';
import { answerView, approvalViews } from './runs/approvals.js';
import { artifactFiles } from './runs/artifact-files.js';
import { uriOfPath } from '../documents.js';
import type { FeatureStores } from './features/stores.js';
import { ExperimentViews } from './runs/experiments.js';
import { FeatureViews } from './features/requests.js';
import { fileStatus } from '../editor/file-status.js';
import type { FeaturesOf } from './features/view.js';
import { dvcData } from './pipelines/dvc-data.js';
import { graphView } from './pipelines/graph.js';
import { InvalidParams, guarded, ofObject, throwIfCancelled } from '../guard.js';
import type { Log } from '../guard.js';
import type { Histories } from './runs/history.js';
import { Lineages } from './lineages.js';
import { registerMemories } from '../memories.js';
import { ModelViews } from './models/requests.js';
import { finite, optionalText, optionalTexts, text } from '../params.js';
import { paramProblems } from './params.js';
import { planOnce, viewPlanner } from './pipelines/planner.js';
import { SelectedPythons } from '../selected-pythons.js';
import { pipelineSummary, projectSummary, runnablesOf } from './pipelines/view.js';
import type { Registries } from './models/registries.js';
import { cancelRun, steerJob } from './runs/cancel.js';
import { deleteRun, listItem, runChanges, runView, runsResult } from './runs/view.js';
import type { RunsOf } from './runs/view.js';
import type { RunsWatch } from './runs/watch.js';
import { ServiceMetricsViews } from './services/metrics-requests.js';
import { ServiceViews } from './services/requests.js';
import type { Settings } from '../settings.js';
import { breathe } from '../../base/runs/steps.js';
import { coalesce } from '../slices.js';
import { StalenessBoard } from './pipelines/staleness.js';
import { newPipeline } from '../templates/templates.js';
import { trashEntries } from './trash.js';
import type { DefinitionPlace, Workspace } from '../workspace.js';

/** At most so many notifications a second go to the client. */
const NOTIFY_MS = 200;

/** How long a view waits for plans before it shows `unknown` and is told to ask again. */
const PLAN_PATIENCE_MS = 250;

/** How soon it is seen that the process of a run is gone. */
const LIVENESS_MS = 2_000;

const UNTRUSTED: Outcome & { readonly ok: false } = {
  ok: false,
  message:
    'In Restricted Mode runs are neither cancelled, deleted nor answered. Trust the workspace if you trust its authors.',
};

export interface ViewsHost {
  readonly connection: Connection;
  readonly log: Log;
  readonly workspace: Workspace;
  readonly histories: Histories;
  readonly runsWatch: RunsWatch;
  /** The client hears of changes of the views. */
  readonly told: boolean;
  readonly features: FeatureStores;
  readonly registries: Registries;
  /** An order to a service was carried out. */
  readonly servicesChanged: (root: string) => void;
  readonly settingsFor: (uri: string) => Promise<Settings>;
}

const KINDS: readonly string[] = ['model-build', 'app-build', 'deployment'] satisfies PipelineKind[];

function isKind(value: unknown): value is PipelineKind {
  return typeof value === 'string' && KINDS.includes(value);
}

export class Views {
  readonly #host: ViewsHost;
  readonly #pythons = new SelectedPythons();
  readonly #board: StalenessBoard;
  readonly #what = new Set<ChangedParams['what'][number]>();
  readonly #notify: ReturnType<typeof coalesce>;
  readonly #lineages: Lineages;
  readonly #models: ModelViews;
  readonly #experiments: ExperimentViews;
  readonly #features: FeatureViews;
  readonly #services: ServiceViews;
  readonly #serviceMetrics: ServiceMetricsViews;
  /** By root: what is deployed and served, as models show it. */
  readonly #deployed = new Map<string, string>();
  #liveness: NodeJS.Timeout | undefined;

  constructor(host: ViewsHost) {
    this.#host = host;
    this.#notify = coalesce(() => this.#send(), NOTIFY_MS, NOTIFY_MS);
    this.#board = new StalenessBoard(
      (project, definition) =>
        viewPlanner(project, definition, undefined, this.#pythons.environment(project.root)),
      () => this.#changed('pipelines'),
    );
    this.#lineages = new Lineages(host.histories);
    this.#models = new ModelViews({
      projects: () => host.workspace.projects(),
      projectByUri: (uri) => host.workspace.projectByUri(uri),
      histories: host.histories,
      lineages: this.#lineages,
      trusted: host.features.trusted,
      changed: () => this.modelsChanged(),
    });
    this.#experiments = new ExperimentViews({
      projectByUri: (uri) => host.workspace.projectByUri(uri),
      histories: host.histories,
      trusted: host.features.trusted,
      changed: (root) => this.runsChanged(root),
    });
    this.#features = new FeatureViews({
      projects: () => {
        host.workspace.sync();
        return host.workspace.projects();
      },
      projectByUri: (uri) => host.workspace.projectByUri(uri),
      board: host.features.board,
      trusted: host.features.trusted,
      featuresOf: (project) => this.#featuresOf(project),
    });
    this.#services = new ServiceViews({
      projects: () => host.workspace.projects(),
      projectByUri: (uri) => host.workspace.projectByUri(uri),
      modelsOf: (root) => host.registries.of(root),
      trusted: host.features.trusted,
      changed: host.servicesChanged,
    });
    this.#serviceMetrics = new ServiceMetricsViews({
      projectByUri: (uri) => host.workspace.projectByUri(uri),
      trusted: host.features.trusted,
    });
  }

  /** Views were materialized, or more is known of their data. */
  featuresChanged(): void {
    this.#changed('features');
  }

  /** Definitions or the disk below them changed. */
  pipelinesChanged(): void {
    this.#board.invalidate();
    this.#changed('pipelines');
    this.#changed('features');
  }

  /** The runs of a project changed. */
  runsChanged(root: string): void {
    this.#host.histories.of(root).invalidate();
    this.#board.invalidate();
    this.#changed('runs');
    this.#changed('pipelines');
  }

  /** The registry of a project changed. */
  modelsChanged(): void {
    this.#board.invalidate();
    this.#changed('models');
    this.#changed('pipelines');
    // Releases are shown with the aliases of their models.
    this.#changed('services');
  }

  /** The memory of a project is trusted now: whatever is shown of it may be another. */
  memoryChanged(root: string): void {
    this.runsChanged(root);
    this.modelsChanged();
    this.servicesChanged(root);
    this.featuresChanged();
  }

  /** Services of a project were started, stopped or measured, or releases made. */
  servicesChanged(root: string): void {
    this.#changed('services');
    // Measurements come every few seconds; models are looked at again only when others serve, or are deployed.
    const deployed = JSON.stringify(deploymentsOf(root));
    if (this.#deployed.get(root) === deployed) return;
    this.#deployed.set(root, deployed);
    this.#changed('models');
  }

  close(): void {
    this.#notify.cancel();
    clearTimeout(this.#liveness);
    this.#board.close();
    this.#features.close();
  }

  register(): void {
    const { connection, log } = this.#host;
    const on = <M extends keyof Requests>(
      method: M,
      handle: (
        params: Requests[M]['params'],
        token: CancellationToken,
      ) => Requests[M]['result'] | Promise<Requests[M]['result']>,
    ) => connection.onRequest(method, guarded(log, method, ofObject(handle)));
    this.#models.register(on);
    this.#experiments.register(on);
    this.#features.register(on);
    this.#services.register(on);
    this.#serviceMetrics.register(on);
    registerMemories(on, {
      projects: () => this.#host.workspace.projects(),
      projectByUri: (uri) => this.#host.workspace.projectByUri(uri),
      trusted: this.#host.features.trusted,
      changed: (root) => this.memoryChanged(root),
    });
    on('modelyard/pipelines', (_params, token) => this.#pipelines(token));
    on('modelyard/runs', (params) => this.#runs(params));
    on('modelyard/run', (params) =>
      this.#withRun(params, (project, id) => runView(project, this.#lineages.of(project.root), id), null),
    );
    on('modelyard/artifactFiles', (params) =>
      this.#withRun<Requests['modelyard/artifactFiles']['result']>(
        params,
        (project, id) => artifactFiles(project, id, text(params, 'path')),
        { ok: false, message: `There is no open project at ${params.projectUri}.` },
      ),
    );
    on('modelyard/runChanges', (params) =>
      this.#withRun<Requests['modelyard/runChanges']['result']>(params, runChanges, {
        ok: false,
        message: `There is no open project at ${params.projectUri}.`,
      }),
    );
    on('modelyard/deleteRun', (params) => this.#delete(params));
    on('modelyard/cancelRun', (params) => this.#change(params, (project, id) => cancelRun(project, id)));
    on('modelyard/steerJob', (params) =>
      this.#change(params, (project, id) =>
        steerJob(project, id, text(params, 'task'), text(params, 'order')),
      ),
    );
    on('modelyard/approvals', () => ({ approvals: this.#projects().flatMap(approvalViews) }));
    on('modelyard/dvcData', async (params) => {
      await this.#host.workspace.settled();
      const project = this.#host.workspace.projectByUri(text(params, 'projectUri'));
      return project === undefined ? { items: [] } : dvcData(project);
    });
    on('modelyard/trash', () => ({
      entries: this.#projects()
        .flatMap(({ history }) => trashEntries(history.store))
        .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)),
    }));
    on('modelyard/answer', (params) => this.#answer(params));
    on('modelyard/graph', (params) => this.#graph(text(params, 'uri')));
    on('modelyard/plan', (params, token) => this.#planned(text(params, 'uri'), params.params ?? {}, token));
    on('modelyard/fileStatus', async (params) => {
      await this.#host.workspace.settled();
      await this.#host.workspace.ready(text(params, 'uri'));
      return fileStatus(this.#host.workspace, this.#pythons, text(params, 'uri'));
    });
    on('modelyard/selectPython', (params) =>
      this.#selectPython(text(params, 'projectUri'), text(params, 'path')),
    );
    on('modelyard/checkParams', async (params) => {
      const place = await this.#pipeline(text(params, 'uri'));
      if (place === undefined) return { problems: {} };
      return { problems: paramProblems(place.definition.pipeline, params.params) };
    });
    on('modelyard/template', (params) => {
      if (!isKind(params.kind)) throw new InvalidParams(`kind must be one of ${KINDS.join(', ')}`);
      const project = this.#host.workspace.projectByUri(optionalText(params, 'projectUri') ?? '');
      return newPipeline(params.kind, text(params, 'name'), project, optionalText(params, 'folder') ?? '');
    });
  }

  /** The plan of what a definition runs, as it is known now. A missing one is being made: `planned` waits for it. */
  plan(project: Project, definition: PipelineDefinition): PlanResult | undefined {
    return this.#board.of(project, definition);
  }

  /** Waits for plans that are being made, but not for long. */
  planned(): Promise<void> {
    return this.#board.settle(PLAN_PATIENCE_MS);
  }

  /** Runs that are under way in any project. */
  active(): RunListItem[] {
    const { workspace, histories, log } = this.#host;
    return workspace.projects().flatMap(({ root }) => {
      try {
        return histories
          .of(root)
          .active()
          .filter((run) => run.status !== 'waiting')
          .map((run) => listItem(root, run));
      } catch (error) {
        log.error(
          `The runs of ${root} can't be read: ${error instanceof Error ? error.message : String(error)}`,
        );
        return [];
      }
    });
  }

  async #pipelines(token: CancellationToken): Promise<PipelinesResult> {
    const { workspace, histories, settingsFor } = this.#host;
    await workspace.settled();
    await workspace.syncSliced();
    const projects = workspace.projects();
    for (const project of projects) for (const one of runnablesOf(project)) this.#board.of(project, one);
    await this.#board.settle(PLAN_PATIENCE_MS);
    const pipelines: PipelineSummary[] = [];
    for (const project of projects) {
      const settings = await settingsFor(uriOfPath(project.root));
      for (const definition of runnablesOf(project)) {
        await breathe();
        throwIfCancelled(token);
        pipelines.push(
          pipelineSummary(project, definition, {
            uri: workspace.uriOf(project, definition.path),
            findings: project.findings(definition.path, settings.rules),
            history: histories.of(project.root),
            plan: this.#board.of(project, definition),
          }),
        );
      }
    }
    return { projects: projects.map(projectSummary), pipelines };
  }

  async #featuresOf(project: Project): Promise<FeaturesOf> {
    const { workspace, features, registries, settingsFor } = this.#host;
    const settings = await settingsFor(uriOfPath(project.root));
    return {
      project,
      board: features.board(project.root),
      uriOf: (path) => workspace.uriOf(project, path),
      findings: (path) => project.findings(path, settings.rules),
      models: modelsWithFeatures(registries.of(project.root)),
    };
  }

  #runs(params: Requests['modelyard/runs']['params']): RunsResult {
    finite(params, 'limit');
    for (const key of ['before', 'projectUri', 'pipeline', 'text']) optionalText(params, key);
    optionalTexts(params, 'statuses');
    return runsResult(this.#projects(), params);
  }

  #projects(): RunsOf[] {
    const { workspace, histories } = this.#host;
    return workspace.projects().map(({ root }) => ({ root, history: histories.of(root) }));
  }

  #project(params: RunRef): RunsOf | undefined {
    const project = this.#host.workspace.projectByUri(text(params, 'projectUri'));
    return project && { root: project.root, history: this.#host.histories.of(project.root) };
  }

  #withRun<R>(params: RunRef, act: (project: RunsOf, id: string) => R, otherwise: R): R {
    const project = this.#project(params);
    return project === undefined ? otherwise : act(project, text(params, 'id'));
  }

  #outcome(params: RunRef, act: (project: RunsOf, id: string) => Outcome): Outcome {
    if (!this.#host.features.trusted()) return UNTRUSTED;
    return this.#withRun<Outcome>(params, act, {
      ok: false,
      message: `There is no open project at ${params.projectUri}.`,
    });
  }

  #delete(params: RunRef): Outcome {
    return this.#outcome(params, (project, id) => {
      const outcome = deleteRun(project, id);
      if (outcome.ok) this.runsChanged(project.root);
      return outcome;
    });
  }

  /** What changes a run by what its project's code may do. */
  async #change(params: RunRef, change: (project: RunsOf, id: string) => Promise<Outcome>): Promise<Outcome> {
    if (!this.#host.features.trusted()) return UNTRUSTED;
    const project = this.#project(params);
    if (project === undefined) {
      return { ok: false, message: `There is no open project at ${params.projectUri}.` };
    }
    const outcome = await change(project, text(params, 'id'));
    this.runsChanged(project.root);
    return outcome;
  }

  async #answer(
    params: Requests['modelyard/answer']['params'],
  ): Promise<Requests['modelyard/answer']['result']> {
    if (!this.#host.features.trusted()) return UNTRUSTED;
    const project = this.#host.workspace.projectByUri(text(params, 'projectUri'));
    if (project === undefined) {
      return { ok: false, message: `There is no open project at ${params.projectUri}.` };
    }
    const { root } = project;
    const result = await answerView({ root, history: this.#host.histories.of(root) }, params);
    this.runsChanged(root);
    return result;
  }

  async #graph(uri: string): Promise<GraphResult | null> {
    const place = await this.#pipeline(uri);
    if (place === undefined) return null;
    this.#board.of(place.project, place.definition);
    await this.#board.settle(PLAN_PATIENCE_MS);
    const history = this.#host.histories.of(place.project.root);
    return graphView(place, {
      plan: this.#board.of(place.project, place.definition),
      lastTasks: history.lastTasks(place.definition.pipeline.name),
    });
  }

  async #planned(
    uri: string,
    params: Readonly<Record<string, unknown>>,
    token: CancellationToken,
  ): Promise<PlanResult | null> {
    const place = await this.#pipeline(uri);
    if (place === undefined) return null;
    const environment = this.#pythons.environment(place.project.root);
    const given = params as Readonly<Record<string, Json>>;
    return planOnce(place.project, place.definition, given, environment, token);
  }

  #selectPython(projectUri: string, path: string): Outcome {
    const project = this.#host.workspace.projectByUri(projectUri);
    if (project === undefined) return { ok: false, message: `There is no open project at ${projectUri}.` };
    if (this.#pythons.select(project.root, path)) {
      this.#board.invalidate();
      this.#changed('pipelines');
    }
    return { ok: true };
  }

  /** Files that are not open are known when all folders were looked at. */
  async #pipeline(
    uri: string,
  ): Promise<(DefinitionPlace & { readonly definition: PipelineDefinition }) | undefined> {
    await this.#host.workspace.settled();
    await this.#host.workspace.ready(uri);
    const place = this.#host.workspace.definition(uri);
    const definition = place && runnableOf(place.definition, place.project.view());
    return place && definition && { ...place, definition };
  }

  #changed(what: ChangedParams['what'][number]): void {
    this.#what.add(what);
    this.#notify();
  }

  /** A runner that is killed says nothing: as long as runs go on, it is asked again and again whether they do. */
  #expectEnd(active: readonly RunListItem[]): void {
    clearTimeout(this.#liveness);
    if (active.length === 0) return;
    this.#liveness = setTimeout(() => {
      for (const { root } of this.#host.workspace.projects()) {
        if (active.some((run) => run.projectUri === uriOfPath(root)))
          this.#host.histories.of(root).invalidate();
      }
      const now = this.active();
      const gone = active.filter((run) => !now.some((other) => other.id === run.id));
      if (gone.length > 0) this.#changed('runs');
      else this.#expectEnd(now);
    }, LIVENESS_MS);
    this.#liveness.unref();
  }

  #send(): void {
    const { connection, runsWatch, histories, workspace } = this.#host;
    const active = this.active();
    for (const { root } of workspace.projects()) {
      const { store } = histories.of(root);
      const mine = active.filter((run) => run.projectUri === uriOfPath(root));
      runsWatch.followRuns(
        root,
        mine.map((run) => store.folder(run.id)),
      );
    }
    this.#expectEnd(active);
    const params: ChangedParams = { what: [...this.#what], active };
    this.#what.clear();
    if (this.#host.told) void connection.sendNotification('modelyard/changed', params);
  }
}

/** More models than this are not looked through for the services that they were trained on. */
const MANY_MODELS = 200;

/** Of each model the versions that someone may be using: the newest, and those with an alias. */
function modelsWithFeatures(known: KnownModels): FeaturesOf['models'] {
  return known
    .names()
    .slice(0, MANY_MODELS)
    .flatMap((name) => {
      const model = usableModel(known, name);
      if (model === undefined) return [];
      const newest = model.recent.find((version) => version.deleted === undefined)?.version;
      const versions = new Set([newest, ...Object.values(model.aliases)]);
      return [...versions].flatMap((version) => {
        const service = version === undefined ? undefined : known.version(name, version)?.features?.service;
        return version === undefined || service === undefined ? [] : [{ service, model: name, version }];
      });
    });
}
