/** Pipelines and their tasks, for the tree in the sidebar. */
import path from 'node:path';
import { defined } from '../base/defined.js';
import type { PipelineDefinition, Project } from '../project/project.js';
import type { PipelineSummary, PipelineTaskSummary, PlanResult, ProjectSummary } from '../protocol.js';
import { projectGraph } from '../rules/context.js';
import type { Finding } from '../rules/rule.js';
import { planOf } from '../runner/action-plans.js';
import { rangeOf } from './convert.js';
import { uriOfPath } from './documents.js';
import type { ProjectHistory } from './history.js';
import { gatherStaleness, gatherStatus, instancesByTask, neededTasks } from './instances.js';
import { paramSummary } from './params-view.js';
import { stalenessOf } from './staleness.js';

export function projectSummary(project: Project): ProjectSummary {
  return {
    uri: uriOfPath(project.root),
    name: project.settings.name ?? path.basename(project.root),
    ...defined({ description: project.settings.description }),
    memoryUri: uriOfPath(path.join(project.root, '.modelyard')),
  };
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
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const last = history.last(pipeline.name);
  return {
    name: pipeline.name,
    kind: pipeline.kind,
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
    tasks: taskSummaries(project, { pipeline, tree }, history, plan),
  };
}

function taskSummaries(
  project: Project,
  { pipeline, tree }: Pick<PipelineDefinition, 'pipeline' | 'tree'>,
  history: ProjectHistory,
  plan: PlanResult | undefined,
): PipelineTaskSummary[] {
  const graph = projectGraph(pipeline, project.view());
  const lastTasks = history.lastTasks(pipeline.name);
  const planned = new Map(plan?.tasks.map((task) => [task.id, task]));
  return [...instancesByTask(graph)].map(([task, instances]) => {
    const stale = instances.map((one) => stalenessOf(planned.get(one.id), one, lastTasks.has(one.id)));
    const lastStatus = gatherStatus(instances.flatMap((one) => lastTasks.get(one.id)?.status ?? []));
    return {
      name: task.name,
      action: task.action?.kind ?? '',
      ...defined({ description: task.description }),
      range: rangeOf(tree.lineStarts, task.nameSpan),
      needs: neededTasks(graph, instances),
      instances: instances.length,
      manual: task.action !== undefined && planOf(task.action).worker === 'people',
      ...defined({ lastStatus }),
      staleness: gatherStaleness(stale.map((one) => one.staleness)),
      reasons: [...new Set(stale.flatMap((one) => one.reasons))],
    };
  });
}
