/** A pipeline's graph with the state of its tasks, for the panel that draws it. */
import { defined } from '../../../base/defined.js';
import type { Task } from '../../../definition/definition.js';
import type { Edge, Graph, Instance } from '../../../definition/graph/graph.js';
import { projectGraph } from '../../../rules/context.js';
import { writtenTasks } from '../../../rules/dvc/runnable.js';
import type { GraphEdge, GraphNode, GraphResult, PlanResult } from '../../../protocol/index.js';
import type { TaskRun } from '../../../stores/runs/document.js';
import type { SyntaxTree } from '../../../syntax/tree.js';
import { rangeIn, rangeOf } from '../../editor/convert.js';
import { uriOfPath } from '../../documents.js';
import { gatherStaleness, gatherStatus } from './instances.js';
import { stalenessOf } from './staleness.js';
import type { DefinitionPlace } from '../../workspace.js';
import type { PipelineDefinition } from '../../../project/project.js';

/** A matrix with more cells than this is drawn as one node. */
const MAX_CELLS = 50;

/** Longer labels are cut: they stand on an edge. */
const MAX_LABEL = 80;

export interface GraphState {
  readonly plan: PlanResult | undefined;
  /** By instance id. */
  readonly lastTasks: ReadonlyMap<string, TaskRun>;
}

function labelsOf(edge: Edge, text: string): string[] {
  return edge.reasons.map((reason) => {
    const label =
      reason.kind === 'path'
        ? reason.path
        : reason.kind === 'needs'
          ? 'needs'
          : reason.kind === 'name'
            ? `${reason.what} ${reason.name}`
            : text.slice(reason.span.start, reason.span.end).trim();
    return label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label;
  });
}

function pathsOf(
  paths: readonly { readonly path?: string; readonly text: { readonly text: string } }[],
): string[] {
  return paths.map((found) => found.path ?? found.text.text);
}

/** Which node each instance is shown as. */
function nodeIds(graph: Graph, nameOf: (task: Task) => string): Map<string, string> {
  const counts = new Map<string, number>();
  for (const { task } of graph.instances) counts.set(nameOf(task), (counts.get(nameOf(task)) ?? 0) + 1);
  const isMany = (task: Task): boolean => (counts.get(nameOf(task)) ?? 0) > MAX_CELLS;
  return new Map(graph.instances.map(({ id, task }) => [id, isMany(task) ? nameOf(task) : id]));
}

/** A stage of DVC may stand in another file, whose place is said then. */
function whereOf(
  { project, path }: DefinitionPlace,
  { nameSpan, stage }: Task,
  tree: SyntaxTree,
): Pick<GraphNode, 'range' | 'uri'> {
  if (stage === undefined || stage.definition === path) return { range: rangeOf(tree.lineStarts, nameSpan) };
  const uri = uriOfPath(project.absolute(stage.definition));
  return { range: rangeIn(project, stage.definition, nameSpan), uri };
}

export function graphView(
  place: DefinitionPlace & { readonly definition: PipelineDefinition },
  { plan, lastTasks }: GraphState,
): GraphResult {
  const { pipeline, tree } = place.definition;
  const view = place.project.view();
  const source = place.project.definition(place.path);
  const graph = projectGraph(pipeline, view);
  const written = new Map(
    (source === undefined ? [] : writtenTasks(source, view)).flatMap(({ name, tasks }) =>
      tasks.map((task) => [task, name] as const),
    ),
  );
  const nameOf = (task: Task): string => written.get(task) ?? task.name;
  const ids = nodeIds(graph, nameOf);
  const planned = new Map(plan?.tasks.map((task) => [task.id, task]));
  const members = new Map<string, Instance[]>();
  for (const instanceId of graph.order) {
    const instance = graph.byId.get(instanceId);
    const id = ids.get(instanceId);
    if (instance === undefined || id === undefined) continue;
    const list = members.get(id);
    if (list) list.push(instance);
    else members.set(id, [instance]);
  }
  const nodes = [...members].flatMap(([id, instances]): GraphNode | readonly never[] => {
    const task = instances[0]?.task;
    if (task === undefined) return [];
    const stale = instances.map((one) => stalenessOf(planned.get(one.id), one, lastTasks.has(one.id)));
    const status = gatherStatus(instances.flatMap((one) => lastTasks.get(one.id)?.status ?? []));
    return {
      id,
      task: nameOf(task),
      action: task.action?.kind ?? '',
      ...defined({ description: task.description }),
      ...whereOf(place, task, tree),
      ...defined({ status }),
      staleness: gatherStaleness(stale.map((one) => one.staleness)),
      reasons: [...new Set(stale.flatMap((one) => one.reasons))],
      inputs: [...new Set(instances.flatMap((one) => pathsOf(one.inputs)))],
      outputs: [...new Set(instances.flatMap((one) => pathsOf(one.outputs)))],
    };
  });
  const edges = new Map<string, { from: string; to: string; labels: Set<string> }>();
  for (const edge of graph.edges) {
    const from = ids.get(edge.from);
    const to = ids.get(edge.to);
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}\n${to}`;
    const known = edges.get(key) ?? { from, to, labels: new Set<string>() };
    for (const label of labelsOf(edge, tree.text)) known.labels.add(label);
    edges.set(key, known);
  }
  const cycle = graph.cycles[0];
  const problem =
    cycle === undefined ? plan?.problem : `Tasks depend on each other: ${[...cycle, cycle[0]].join(' → ')}.`;
  return {
    pipeline: pipeline.name,
    uri: place.uri,
    nodes,
    edges: [...edges.values()].map(({ from, to, labels }): GraphEdge => ({ from, to, labels: [...labels] })),
    ...defined({ problem, estimate: plan?.estimate }),
  };
}
