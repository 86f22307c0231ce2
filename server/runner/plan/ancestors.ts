/** What comes before an instance in the graph, over any number of steps. */
import type { Graph, Instance } from '../../definition/graph/graph.js';

/** Every instance that one depends on, in the order in which they run. */
export function ancestors(graph: Graph, id: string): readonly Instance[] {
  const found = new Set<string>();
  const left = [id];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const { from } of graph.incoming(at)) {
      if (found.has(from)) continue;
      found.add(from);
      left.push(from);
    }
  }
  return graph.order.flatMap((one) => {
    const instance = found.has(one) ? graph.byId.get(one) : undefined;
    return instance === undefined ? [] : [instance];
  });
}
