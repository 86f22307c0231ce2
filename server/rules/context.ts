/** What the rules of one check share, built when the first of them asks for it. */
import type { Definition } from '../model/analyze.js';
import type { Pipeline } from '../model/definition.js';
import { buildGraph, type Graph } from '../model/graph.js';
import { checkSite } from '../model/sites.js';
import type { TypedSite } from './rule.js';

// Definitions are values: what follows from one holds as long as it lives, and goes when it goes.
const graphs = new WeakMap<Pipeline, Graph>();

/** The graph of a pipeline with the defaults of its params. */
export function graphOf(pipeline: Pipeline): Graph {
  let graph = graphs.get(pipeline);
  if (graph === undefined) {
    graph = buildGraph(pipeline);
    graphs.set(pipeline, graph);
  }
  return graph;
}

export function pipelineOf(definition: Definition): Pipeline | undefined {
  return definition.kind === 'pipeline' ? definition.pipeline : undefined;
}

/** Types every expression of a pipeline, in the order of the text. */
export function typeSites(pipeline: Pipeline): TypedSite[] {
  const typed: TypedSite[] = pipeline.expressions.map((site) => ({
    site,
    problems: checkSite(pipeline, undefined, site),
  }));
  for (const task of pipeline.tasks) {
    for (const site of task.expressions)
      typed.push({ site, task, problems: checkSite(pipeline, task, site) });
  }
  return typed;
}
