/** Models and their versions as the views show them, from the registry. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { modelUri } from '../../../definition/names/registry-names.js';
import type {
  Answer,
  ComparisonView,
  MetricView,
  ModelHistoryEntry,
  ModelItem,
  Requests,
  VersionItem,
  VersionUse,
  VersionView,
} from '../../../protocol/index.js';
import { deploymentsOf, servedVersions } from '../../../serving/releases/deployments.js';
import { referenceOf } from '../../../serving/releases/releases.js';
import type { Lineage } from '../../../stores/lineage/lineage.js';
import { describeEntry } from '../../../stores/registry/versions/card.js';
import { betterDirection, compareVersions } from '../../../stores/registry/compare.js';
import { inOrder, mainMetricOf } from '../../../stores/registry/main-metric.js';
import { aliasesOf } from '../../../stores/registry/registry.js';
import type { FoundVersion, Registry } from '../../../stores/registry/registry.js';
import { subjectOf, summarizeVersion } from '../../../stores/registry/journal/state.js';
import type {
  HistoryEntry,
  Outcome,
  RegisteredModel,
  VersionSummary,
} from '../../../stores/registry/types.js';
import type { RunStore } from '../../../stores/runs/runs.js';
import { uriOfPath } from '../../documents.js';
import { sortVersions, versionSortOf } from './version-order.js';

/** Versions and entries of a page, whatever the client asks for. */
const MAX_PAGE = 1_000;

const NEWEST_ENTRIES = 20;
const MAX_USES = 100;

/** A failure of the registry in the protocol's words. */
export function answerOf<T extends object, R extends object>(
  outcome: Outcome<T>,
  give: (value: T) => R,
): Answer<R> {
  return outcome.ok ? { ok: true, ...give(outcome) } : { ok: false, message: outcome.error.message };
}

/** What the items of one model have in common. */
interface ModelContext {
  readonly projectUri: string;
  readonly model: RegisteredModel;
  readonly mainMetric: string | undefined;
  /** By `model@version`: where it is served. */
  readonly served?: ReadonlyMap<string, readonly string[]>;
}

export function contextOf(root: string, model: RegisteredModel): ModelContext {
  return { projectUri: uriOfPath(root), model, mainMetric: mainMetricOf(model) };
}

function metricOf(
  key: string | undefined,
  metrics: Readonly<Record<string, unknown>>,
): MetricView | undefined {
  if (key === undefined || !Object.hasOwn(metrics, key)) return undefined;
  const value = metrics[key];
  if (typeof value !== 'number') return undefined;
  const better = betterDirection(key);
  return { key, value, ...defined({ better }) };
}

export function versionItem(
  { projectUri, model, mainMetric, served }: ModelContext,
  summary: VersionSummary,
): VersionItem {
  const main = metricOf(mainMetric, summary.metrics);
  const { artifact, run } = summary;
  const servedIn = served?.get(referenceOf({ name: model.name, version: summary.version }));
  return {
    projectUri,
    model: model.name,
    version: summary.version,
    status: summary.status,
    createdAt: summary.createdAt,
    createdBy: summary.createdBy,
    aliases: aliasesOf(model, summary.version),
    ...defined({ title: summary.title }),
    ...(run === undefined ? {} : { runId: run.id, pipeline: run.pipeline }),
    ...defined({ mainMetric: main }),
    metrics: inOrder(summary.metrics),
    tags: summary.tags,
    bytes: artifact.bytes,
    ...defined({ framework: artifact.framework, servedIn }),
    ...(summary.deleted === true ? { deleted: true } : {}),
  };
}

export function modelItem(root: string, model: RegisteredModel): ModelItem {
  const context = contextOf(root, model);
  const latest = model.recent.find(({ deleted }) => deleted !== true);
  return {
    projectUri: context.projectUri,
    model: model.name,
    description: model.description,
    tags: model.tags,
    aliases: model.aliases,
    createdAt: model.createdAt,
    updatedAt: model.updatedAt,
    versions: model.counts.versions,
    deletedVersions: model.counts.deleted,
    ...(latest === undefined ? {} : { latest: versionItem(context, latest) }),
    ...defined({ deleted: model.deleted }),
  };
}

export function limitOf(limit: number): number {
  return Math.max(0, Math.min(MAX_PAGE, Math.floor(limit)));
}

/** A page of versions. */
export function versionsPage(
  root: string,
  registry: Registry,
  params: Requests['modelyard/modelVersions']['params'],
): Requests['modelyard/modelVersions']['result'] {
  const { model: name, before, includeDeleted = false } = params;
  const sort = versionSortOf(params.sort);
  const found = registry.model(name, { includeDeleted });
  if (!found.ok) return { ok: false, message: found.error.message };
  const limit = limitOf(params.limit);
  const asListed = sort.by === 'age' && sort.first === 'newest';
  const page = registry.versions(name, {
    limit: asListed ? limit + 1 : MAX_PAGE,
    includeDeleted,
    ...defined({ before }),
  });
  return answerOf(page, ({ versions }) => {
    const context = { ...contextOf(root, found.model), served: servedVersions(root) };
    return {
      versions: asListed
        ? versions.slice(0, limit).map((one) => versionItem(context, one))
        : sortVersions(
            versions.map((one) => versionItem(context, one)),
            sort,
          ).slice(0, limit),
      more: versions.length > limit,
    };
  });
}

export function historyEntry(entry: HistoryEntry): ModelHistoryEntry {
  const version = subjectOf(entry);
  return {
    seq: entry.seq,
    at: entry.at,
    who: entry.who,
    action: entry.action,
    text: describeEntry(entry),
    ...defined({ reason: entry.reason }),
    ...(entry.run === undefined ? {} : { runId: entry.run.id }),
    ...defined({ version }),
    ...('alias' in entry ? { alias: entry.alias } : {}),
  };
}

/** What reads the artifact, what was made of it in the end, and what else needs the version. */
function usesOf(root: string, lineage: Lineage, { version }: FoundVersion): VersionUse[] {
  const reference = referenceOf(version);
  const held = deploymentsOf(root)
    .filter(({ model }) => model === reference)
    .map(({ environment, release, package: app, services }): VersionUse => ({
      kind: 'release',
      environment,
      release,
      package: app,
      services,
    }));
  const { hash } = version.artifact;
  const down = lineage.downstream({ kind: 'file', hash }, { limit: MAX_USES });
  if (!down.ok) return held;
  const { nodes, edges } = down.graph;
  const start = `content:${hash}`;
  const next = new Set(edges.flatMap(({ from, to }) => (from === start ? [to] : [])));
  return [
    ...held,
    ...nodes.flatMap((node): VersionUse[] => {
      // A task that registers it, and other names of the same bytes, don't use it.
      if (node.kind === 'task' && next.has(node.id) && node.action !== 'register')
        return [{ kind: 'task', runId: node.run, pipeline: node.pipeline, task: node.task }];
      return node.kind === 'version' && !next.has(node.id)
        ? [{ kind: 'version', model: node.model, version: node.version }]
        : [];
    }),
  ];
}

/** Everything of one version. */
export function versionView(
  root: string,
  registry: Registry,
  lineage: Lineage,
  runs: RunStore,
  found: FoundVersion,
): Answer<{ readonly version: VersionView }> {
  const { version, aliases } = found;
  const named = registry.model(version.name, { includeDeleted: true });
  if (!named.ok) return { ok: false, message: named.error.message };
  const history = registry.history(version.name, { version: version.version, limit: NEWEST_ENTRIES });
  const { features, signature, run, artifact } = version;
  const item = versionItem(contextOf(root, named.model), summarizeVersion(version));
  return {
    ok: true,
    version: {
      ...item,
      aliases,
      metrics: inOrder(version.metrics),
      updatedAt: version.updatedAt,
      ...defined({ statusMessage: version.statusMessage }),
      description: version.description,
      params: version.params,
      metadata: version.metadata,
      inputs: version.inputs,
      ...(features === undefined
        ? {}
        : {
            features: {
              ...defined({ service: features.service }),
              ...(features.trainingSet === undefined ? {} : { trainingSet: features.trainingSet.path }),
            },
          }),
      ...(signature === undefined
        ? {}
        : { signature: { inputs: signature.inputs, outputs: signature.outputs } }),
      ...defined({ git: version.git }),
      ...(run?.task === undefined ? {} : { task: run.task }),
      runKept: run !== undefined && runs.read(run.id).ok,
      artifact: {
        hash: artifact.hash,
        path: artifact.path,
        kind: artifact.kind,
        mime: artifact.mime,
        bytes: artifact.bytes,
        ...defined({ files: artifact.files, framework: artifact.framework }),
      },
      purged: version.purged === true,
      ...defined({ deletedBy: version.deleted, importedFrom: version.importedFrom }),
      uri: modelUri(version.name, { kind: 'version', version: version.version }),
      usedBy: usesOf(root, lineage, found),
      history: history.ok ? history.entries.map(historyEntry) : [],
    },
  };
}

/** Two versions side by side, of one model or of two. */
export function comparisonView(
  root: string,
  registry: Registry,
  [a, b]: readonly [FoundVersion, FoundVersion],
): Answer<{ readonly comparison: ComparisonView }> {
  const item = ({ version }: FoundVersion): VersionItem | undefined => {
    const named = registry.model(version.name, { includeDeleted: true });
    return named.ok ? versionItem(contextOf(root, named.model), summarizeVersion(version)) : undefined;
  };
  const [first, second] = [item(a), item(b)];
  if (first === undefined || second === undefined) return { ok: false, message: 'A model is gone.' };
  return {
    ok: true,
    comparison: { a: first, b: second, rows: compareVersions(a.version, b.version).rows },
  };
}

/** Absolute path of a file of the project. */
export function placeOf(root: string, relative: string): string {
  return path.join(root, ...relative.split('/'));
}
