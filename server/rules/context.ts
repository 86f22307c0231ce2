/** What the rules of one check share, built when the first of them asks for it. */
import { memo } from '../base/memo.js';
import type { Definition, FeaturesDefinition } from '../definition/read/analyze.js';
import type { Environment, ExpressionSite, Pipeline } from '../definition/definition.js';
import { buildGraph, type Graph } from '../definition/graph/graph.js';
import { checkSite } from '../definition/expressions/types/sites.js';
import { readsViewSources, viewSources } from '../definition/known/view-sources.js';
import type { ProjectView, TypedSite } from './rule.js';

// Definitions are values: what follows from one holds as long as it lives, and goes when it goes.
const projectGraphs = new WeakMap<Pipeline, { readonly sources: Sources; readonly graph: Graph }>();
const sourcesOf = memo((files: readonly FeaturesDefinition[]): Sources =>
  viewSources(files.map(({ features }) => features)),
);

type Sources = ReadonlyMap<string, string>;

/** The graph of a pipeline with the defaults of its params, from its own text alone. */
export const graphOf = memo<Pipeline, Graph>(buildGraph);

/** The same with what the project says of the views that it materializes: the edges that a run follows. */
export function projectGraph(pipeline: Pipeline, project: Pick<ProjectView, 'features'>): Graph {
  if (!readsViewSources(pipeline)) return graphOf(pipeline);
  const sources = sourcesOf(project.features());
  const known = projectGraphs.get(pipeline);
  // Most of what is typed in a features file moves no source.
  if (known !== undefined && sameSources(known.sources, sources)) return known.graph;
  const graph = buildGraph(pipeline, { viewSources: sources });
  projectGraphs.set(pipeline, { sources, graph });
  return graph;
}

function sameSources(a: Sources, b: Sources): boolean {
  return a === b || (a.size === b.size && [...a].every(([view, source]) => b.get(view) === source));
}

export function pipelineOf(definition: Definition): Pipeline | undefined {
  return definition.kind === 'pipeline' ? definition.pipeline : undefined;
}

/** Types every expression of a pipeline, in the order of the text. */
export function typeSites(pipeline: Pipeline, project: Pick<ProjectView, 'settings'>): TypedSite[] {
  // The settings are asked for by those alone whose findings depend on them.
  let environments: readonly Environment[] | undefined;
  const environmentsFor = ({ part }: ExpressionSite): readonly Environment[] | undefined =>
    part.source.includes('environment')
      ? (environments ??= project.settings()?.settings.environments)
      : undefined;
  const typed: TypedSite[] = pipeline.expressions.map((site) => ({
    site,
    problems: checkSite(pipeline, undefined, site),
  }));
  for (const task of pipeline.tasks) {
    for (const site of task.expressions)
      typed.push({ site, task, problems: checkSite(pipeline, task, site, environmentsFor(site)) });
  }
  return typed;
}
