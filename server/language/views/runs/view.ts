/** Runs as the views show them, from the store. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type {
  ArtifactView,
  ClientRunView,
  MetricSeries,
  Outcome,
  Requests,
  RunListItem,
  RunView,
  RunsParams,
  RunsResult,
  TaskRunView,
} from '../../../protocol/index.js';
import { changesSince } from '../../../project/texts.js';
import { readBasis } from '../../../stores/runs/basis.js';
import { pythonOf } from '../../../stores/runs/compare.js';
import { shardedPath } from '../../../stores/content/objects.js';
import type { ArtifactRecord, RunDocument, RunSummary, TaskRun } from '../../../stores/runs/document.js';
import { jobScripts } from '../../../runner/executors/slurm/entry.js';
import { marksOfRun } from '../../../stores/runs/index/summary.js';
import type { Lineage } from '../../../stores/lineage/lineage.js';
import { inOrder } from '../../../stores/registry/main-metric.js';
import type { ArtifactObjects } from '../../../stores/registry/versions/objects.js';
import { uriOfPath } from '../../documents.js';
import type { ProjectHistory } from './history.js';
import { paramTexts } from '../params.js';
import { registryOf } from '../models/registry-of.js';
import { trashEntries } from '../trash.js';
import { statOf } from '../../../stores/disk/folder.js';

/** A project whose runs are shown. */
export interface RunsOf {
  readonly root: string;
  readonly history: ProjectHistory;
}

/** Points of one series that a chart can show; more make no better picture. */
const MAX_POINTS = 1_000;

/** A page of runs is never longer than this, whatever the client asks for. */
const MAX_LIMIT = 1_000;

export function listItem(root: string, run: RunSummary): RunListItem {
  return {
    id: run.id,
    projectUri: uriOfPath(root),
    pipeline: run.pipeline,
    path: run.path,
    status: run.status,
    createdAt: run.createdAt,
    ...defined({ endedAt: run.endedAt }),
    trigger: run.trigger,
    counts: run.counts,
    metrics: inOrder(run.metrics),
    ...defined({ debug: run.debug }),
    ...defined({ params: run.params, source: run.source, name: run.name, marks: run.marks }),
  };
}

/** The counts of several projects together; `undefined` where a text is looked for. */
function countsOf(
  projects: readonly RunsOf[],
  { pipeline, statuses, text }: RunsParams,
): RunsResult['counts'] {
  if ((text ?? '').trim() !== '') return undefined;
  const [byPipeline, byDay] = [new Map<string, number>(), new Map<string, number>()];
  let total = 0;
  for (const { history } of projects) {
    const counts = history.census().counts(defined({ pipeline, statuses }));
    total += counts.total;
    for (const [into, from] of [
      [byPipeline, counts.byPipeline],
      [byDay, counts.byDay],
    ] as const)
      for (const [key, count] of Object.entries(from)) into.set(key, (into.get(key) ?? 0) + count);
  }
  return { total, byPipeline: Object.fromEntries(byPipeline), byDay: Object.fromEntries(byDay) };
}

/** A page of the runs of several projects, newest first; ids sort by time across projects. */
export function runsResult(projects: readonly RunsOf[], params: RunsParams): RunsResult {
  const limit = Math.max(0, Math.min(MAX_LIMIT, Math.floor(params.limit)));
  const items: RunListItem[] = [];
  const problems: { path: string; message: string }[] = [];
  let more = false;
  for (const { root, history } of projects) {
    if (params.projectUri !== undefined && params.projectUri !== uriOfPath(root)) continue;
    const page = history.store.page({
      limit,
      withoutArchived: params.archived !== true,
      ...defined({ before: params.before, pipeline: params.pipeline }),
      ...(params.statuses === undefined || params.statuses.length === 0 ? {} : { status: params.statuses }),
      ...(params.text === undefined || params.text.trim() === '' ? {} : { text: params.text }),
    });
    items.push(...page.runs.map((run) => listItem(root, run)));
    more ||= page.more;
    problems.push(
      ...history.store.problems.map((problem) => ({ path: problem.path, message: problem.message })),
    );
  }
  items.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  const asked = projects.filter(
    ({ root }) => params.projectUri === undefined || params.projectUri === uriOfPath(root),
  );
  return {
    runs: items.slice(0, limit),
    more: more || items.length > limit,
    problems,
    ...defined({ counts: countsOf(asked, params) }),
  };
}

/** Where a content is kept: in the cache, or in the registry with a model version. */
export function keptObject(
  history: ProjectHistory,
  objects: ArtifactObjects,
  hash: string,
  cached: boolean,
): string | undefined {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(hash)?.[1];
  if (hex === undefined) return undefined;
  const places = [...(cached ? [shardedPath(history.store.layout.objects, hex)] : []), objects.pathOf(hash)];
  return places.find((file) => statOf(file)?.isFile() === true);
}

/** What the view of a run is made of. */
export interface Sources extends RunsOf {
  /** Of the registry. */
  readonly objects: ArtifactObjects;
  /** By the hash of their artifact. */
  readonly versions: ReturnType<Lineage['versionsOf']>;
}

interface TaskSources extends Sources {
  /** Of jobs that have not ended, by task. */
  readonly scripts: ReadonlyMap<string, string>;
}

/** @param endedAt when it was put out: what was written since is something else */
export function artifactView(
  sources: Sources,
  artifact: ArtifactRecord,
  endedAt: string | undefined,
): ArtifactView {
  const { root } = sources;
  const here = path.join(root, ...artifact.path.split('/'));
  const stat = statOf(here);
  // The workspace's file is that of the run when it has its size and wasn't written since.
  const same =
    stat !== undefined &&
    (stat.isDirectory() || stat.size === artifact.bytes) &&
    (endedAt === undefined || stat.mtimeMs <= Date.parse(endedAt));
  const kept = same
    ? undefined
    : keptObject(sources.history, sources.objects, artifact.hash, artifact.cached);
  // Of a folder the listing is kept: its files are asked for when it is opened.
  const folder = artifact.files !== undefined || artifact.mime === 'inode/directory';
  const versions = sources.versions.get(artifact.hash) ?? [];
  return {
    name: artifact.name,
    kind: artifact.kind,
    path: artifact.path,
    mime: artifact.mime,
    bytes: artifact.bytes,
    hash: artifact.hash,
    uri: uriOfPath(folder ? here : (kept ?? here)),
    available: same || kept !== undefined,
    ...(versions.length === 0 ? {} : { versions }),
  };
}

function registeredBy({ action, values }: TaskRun): Pick<TaskRunView, 'registered'> {
  const { model, version } = values ?? {};
  return action === 'register' && typeof model === 'string' && typeof version === 'string'
    ? { registered: { model, version } }
    : {};
}

/** More of them, and more values of each, than a page shows. */
const MOST_CLIENTS = 50;
const MOST_VALUES = 100;

/** What MLflow clients of a task have told, as it is now, and the files that they have logged. */
function clientsOf(
  sources: Sources,
  { clientRuns = [] }: TaskRun,
): { readonly clients: readonly ClientRunView[]; readonly artifacts: readonly ArtifactView[] } {
  const runs = clientRuns.slice(0, MOST_CLIENTS).flatMap((id) => {
    const read = sources.history.store.read(id);
    return read.ok && read.run.tracking?.deleted === undefined ? [read.run] : [];
  });
  return {
    clients: runs.map((run) => ({
      id: run.id,
      name: run.tracking?.name ?? run.id,
      status: run.status,
      params: firstOf(paramTexts(run.params)),
      tags: firstOf(
        Object.fromEntries(
          Object.entries(run.tracking?.tags ?? {}).filter(([key]) => !key.startsWith('mlflow.')),
        ),
      ),
    })),
    artifacts: runs.flatMap(({ tasks }) =>
      tasks.flatMap(({ outputs, endedAt }) => outputs.map((one) => artifactView(sources, one, endedAt))),
    ),
  };
}

function firstOf(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).slice(0, MOST_VALUES));
}

function jobView({ scripts }: TaskSources, { id, job }: TaskRun): Pick<TaskRunView, 'job'> {
  const script = scripts.get(id);
  const scriptUri = script === undefined ? undefined : uriOfPath(script);
  return job === undefined ? {} : { job: { ...job, ...defined({ scriptUri }) } };
}

function taskView(sources: TaskSources, run: RunDocument, task: TaskRun): TaskRunView {
  const { history } = sources;
  const log =
    task.log === undefined ? undefined : path.join(history.store.folder(run.id), ...task.log.split('/'));
  const { id, action, needs, status, reasons, attempts, metrics, checks = [], startedAt, endedAt } = task;
  const { exitCode, signal, error, peakMemoryBytes, cpuSeconds, restoredFrom, note, missingModule } = task;
  const { clients, artifacts } = clientsOf(sources, task);
  return {
    ...{ id, task: task.task, action, needs, status, reasons, attempts, metrics, checks },
    ...defined({ startedAt, endedAt, exitCode, signal, error }),
    ...defined({ peakMemoryBytes, cpuSeconds, restoredFrom, note, missingModule }),
    artifacts: [...task.outputs.map((artifact) => artifactView(sources, artifact, endedAt)), ...artifacts],
    ...(clients.length === 0 ? {} : { clients }),
    // A task that said nothing has no log to open.
    ...(log === undefined || !existsSync(log) ? {} : { logUri: uriOfPath(log) }),
    ...jobView(sources, task),
    ...registeredBy(task),
  };
}

/** One run with its tasks, artifacts and metric histories; `null` when there is no such run or it can't be read. */
export function runView(project: RunsOf, lineage: Lineage, id: string): RunView | null {
  const { root, history } = project;
  const read = history.store.read(id);
  if (!read.ok) return null;
  const { run } = read;
  const logged = history.store.series(run, { maxPoints: MAX_POINTS }) ?? [];
  const series: MetricSeries[] = logged.map(({ task, key, points }) => ({ task, key, points }));
  const versions = lineage.versionsOf(run.tasks.flatMap((task) => task.outputs.map(({ hash }) => hash)));
  const hasJobs = run.tasks.some(({ job }) => job !== undefined);
  const scripts = hasJobs ? jobScripts(history.store.layout, id) : new Map<string, string>();
  const sources = { ...project, objects: registryOf(root).objects, versions, scripts };
  return {
    ...listItem(root, history.store.summaryOf(run)),
    // In full: what is shown here is edited.
    marks: marksOfRun(run, history.store.marks(id)),
    params: paramTexts(run.params),
    ...defined({ git: run.git }),
    ...(run.python === undefined ? {} : { python: Object.fromEntries(pythonOf(run)) }),
    user: run.user,
    host: run.host,
    ...defined({ error: run.error, resumed: run.resumed }),
    definitionUri: uriOfPath(path.join(root, ...run.path.split('/'))),
    tasks: run.tasks.map((task) => taskView(sources, run, task)),
    trash: trashEntries(history.store, id),
    series,
  };
}

export function deleteRun({ history }: RunsOf, id: string): Outcome {
  const removed = history.store.remove(id);
  return removed.ok ? { ok: true } : { ok: false, message: removed.problem.message };
}

/** What the files that a run kept say now and did not say when it began. Reads the disk, as the runner does. */
export function runChanges(
  { root, history }: RunsOf,
  id: string,
): Requests['modelyard/runChanges']['result'] {
  const read = history.store.read(id);
  if (!read.ok) return { ok: false, message: read.problem.message };
  const basis = readBasis(history.store.folder(id));
  if (basis === undefined) {
    return { ok: false, message: `Run ${id} kept no definition: it was begun by an older version.` };
  }
  const files = changesSince(root, basis.files).map(({ path: relative, words, before, now }) => ({
    path: relative,
    uri: uriOfPath(path.join(root, ...relative.split('/'))),
    words,
    before,
    deleted: now === undefined,
  }));
  return { ok: true, files };
}
