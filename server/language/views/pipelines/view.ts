/** Pipelines and their tasks, for the tree in the sidebar. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { Definition } from '../../../definition/read/analyze.js';
import type { Instance } from '../../../definition/graph/graph.js';
import type { PipelineDefinition, Project } from '../../../project/project.js';
import type {
  PipelineSummary,
  PipelineTaskSummary,
  PlanResult,
  ProjectSummary,
} from '../../../protocol/index.js';
import { projectGraph } from '../../../rules/context.js';
import { runnableOf, unrunnable, type WrittenTask, writtenTasks } from '../../../rules/dvc/runnable.js';
import type { Finding } from '../../../rules/rule.js';
import { planOf } from '../../../runner/actions/plans.js';
import { rangeOf } from '../../editor/convert.js';
import { uriOfPath } from '../../documents.js';
import type { ProjectHistory } from '../runs/history.js';
import { gatherStaleness, gatherStatus, instancesByTask, neededTasks } from './instances.js';
import { paramSummary } from '../params.js';
import { stalenessOf } from './staleness.js';

export function projectSummary(project: Project): ProjectSummary {
  return {
    uri: uriOfPath(project.root),
    name: project.settings.name ?? path.basename(project.root),
    ...defined({ description: project.settings.description }),
    memoryUri: uriOfPath(path.join(project.root, '.modelyard')),
    ...defined({ tracking: clientsOf(project) }),
  };
}

function clientsOf({ settings: { tracking } }: Project): ProjectSummary['tracking'] {
  if (tracking?.enabled === false) return false;
  return tracking?.uri === undefined ? undefined : { uri: tracking.uri };
}

/** What a project can run: its pipelines, and each `dvc.yaml` as one. */
export function runnablesOf(project: Project): PipelineDefinition[] {
  const view = project.view();
  return project.definitions().flatMap((definition) => runnableOf(definition, view) ?? []);
}

/** What is known of a pipeline besides its text. */
export interface PipelineState {
  readonly uri: string;
  readonly findings: readonly Finding[];
  readonly history: ProjectHistory;
  readonly plan: PlanResult | undefined;
}

export function pipelineSummary(
  project: Project,
  { path: file, pipeline, tree }: PipelineDefinition,
  { uri, findings, history, plan }: PipelineState,
): PipelineSummary {
  const source = project.definition(file);
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const last = history.last(pipeline.name);
  return {
    name: pipeline.name,
    kind: source?.kind === 'dvc' ? 'dvc' : pipeline.kind,
    ...defined({ description: pipeline.description }),
    uri,
    path: file,
    projectUri: uriOfPath(project.root),
    range: rangeOf(tree.lineStarts, pipeline.nameSpan),
    params: pipeline.params.map(paramSummary),
    errors: count('error'),
    warnings: count('warning'),
    ...(last === undefined
      ? {}
      : {
          lastRun: {
            id: last.id,
            status: last.status,
            createdAt: last.createdAt,
            ...defined({ endedAt: last.endedAt }),
          },
        }),
    tasks: source === undefined ? [] : taskSummaries(project, { source, pipeline, tree }, history, plan),
  };
}

function taskSummaries(
  project: Project,
  { source, pipeline, tree }: Pick<PipelineDefinition, 'pipeline' | 'tree'> & { readonly source: Definition },
  history: ProjectHistory,
  plan: PlanResult | undefined,
): PipelineTaskSummary[] {
  const view = project.view();
  const graph = projectGraph(pipeline, view);
  const lastTasks = history.lastTasks(pipeline.name);
  const planned = new Map(plan?.tasks.map((task) => [task.id, task]));
  const written = writtenTasks(source, view);
  const names = new Map(
    written.flatMap(({ name, tasks }) => tasks.map((task) => [task.name, name] as const)),
  );
  const refused = unrunnable(source, view);
  return [...byWritten(written, instancesByTask(graph))].flatMap(([{ name, nameSpan }, instances]) => {
    const [task] = instances.map((one) => one.task);
    if (task === undefined) return [];
    const needs = neededTasks(graph, instances).map((need) => names.get(need) ?? need);
    const why = instances.flatMap((one) => refused.get(one.task.name) ?? []);
    const stale = instances.map((one) => stalenessOf(planned.get(one.id), one, lastTasks.has(one.id)));
    const lastStatus = gatherStatus(instances.flatMap((one) => lastTasks.get(one.id)?.status ?? []));
    return {
      name,
      action: task.action?.kind ?? '',
      ...defined({ description: task.description }),
      range: rangeOf(tree.lineStarts, nameSpan),
      needs: [...new Set(needs)].filter((need) => need !== name),
      instances: instances.length,
      manual: task.action !== undefined && planOf(task.action).worker === 'people',
      ...defined({ lastStatus }),
      staleness: gatherStaleness(stale.map((one) => one.staleness)),
      reasons: [...new Set([...why, ...stale.flatMap((one) => one.reasons)])],
    };
  });
}

/** Tasks of the file itself in the order in which they would run, a group where its first part would. */
function byWritten(
  written: readonly WrittenTask[],
  instances: ReturnType<typeof instancesByTask>,
): ReadonlyMap<WrittenTask, readonly Instance[]> {
  const owners = new Map(written.flatMap((one) => one.tasks.map((task) => [task, one] as const)));
  const found = new Map<WrittenTask, Instance[]>();
  for (const [task, own] of instances) {
    const owner = owners.get(task);
    if (owner !== undefined) found.set(owner, [...(found.get(owner) ?? []), ...own]);
  }
  return found;
}
