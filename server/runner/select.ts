/** Which tasks of a pipeline a run is about. */
import type { Graph, Instance } from '../model/graph.js';

export interface Selection {
  /** These and nothing else, whatever they depend on. */
  readonly only?: readonly string[];
  /** This one and everything that depends on it. */
  readonly from?: string;
  /** This one and everything that it depends on. */
  readonly to?: string;
}

export type Selected =
  | { readonly ok: true; readonly ids: ReadonlySet<string> }
  | { readonly ok: false; readonly unknown: string; readonly known: readonly string[] };

/** Names are those of tasks, meaning all instances of their matrix, or ids of instances. */
export function select(graph: Graph, selection: Selection): Selected {
  let ids = new Set(graph.order);
  const wanted = [
    ...(selection.only === undefined || selection.only.length === 0
      ? []
      : [{ names: selection.only, spread: (id: string) => [id] }]),
    ...(selection.from === undefined
      ? []
      : [{ names: [selection.from], spread: reach((id) => graph.outgoing(id).map((edge) => edge.to)) }]),
    ...(selection.to === undefined
      ? []
      : [{ names: [selection.to], spread: reach((id) => graph.incoming(id).map((edge) => edge.from)) }]),
  ];
  for (const { names, spread } of wanted) {
    const chosen = new Set<string>();
    for (const name of names) {
      const own = graph.byId.has(name)
        ? [name]
        : (graph.byTask.get(name) ?? stagesOfGroup(graph, name)).map(({ id }) => id);
      if (own.length === 0) return { ok: false, unknown: name, known: [...graph.byTask.keys()] };
      for (const id of own) for (const one of spread(id)) chosen.add(one);
    }
    ids = new Set([...ids].filter((id) => chosen.has(id)));
  }
  return { ok: true, ids };
}

/** Those that a group of DVC stands for, by its name. */
function stagesOfGroup({ instances }: Graph, name: string): readonly Instance[] {
  return instances.filter(({ id, task }) => task.stage !== undefined && id.startsWith(`${name}@`));
}

/** Everything that can be reached from a node, the node included. */
function reach(next: (id: string) => readonly string[]): (id: string) => Iterable<string> {
  return (id) => {
    const seen = new Set([id]);
    for (const one of seen) for (const other of next(one)) seen.add(other);
    return seen;
  };
}
