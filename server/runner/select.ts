/** Which tasks of a pipeline a run is about. */
import { globOf } from '../definition/text/glob.js';
import type { Graph, Instance } from '../definition/graph/graph.js';

export interface Selection {
  /** These and nothing else, whatever they depend on. */
  readonly only?: readonly string[];
  /** This one and everything that depends on it. */
  readonly from?: string;
  /** This one and everything that it depends on. */
  readonly to?: string;
  /** This one and everything that is connected with it, in either direction. */
  readonly whole?: string;
  /** Of a `dvc.yaml`: stages of all files are there to be chosen, and all are where none is named. */
  readonly all?: boolean;
  /** Of a `dvc.yaml`: names are patterns. */
  readonly glob?: boolean;
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
    ...(selection.whole === undefined
      ? []
      : [
          {
            names: [selection.whole],
            spread: reach((id) => [
              ...graph.incoming(id).map((edge) => edge.from),
              ...graph.outgoing(id).map((edge) => edge.to),
            ]),
          },
        ]),
  ];
  for (const { names, spread } of wanted) {
    const chosen = new Set<string>();
    for (const name of names) {
      const own =
        selection.glob === true
          ? stagesLike(graph, name).map(({ id }) => id)
          : graph.byId.has(name)
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

/** Stages whose name matches a pattern, `train@u*`, of one file or of any: `sub/dvc.yaml:train@u*`. */
function stagesLike({ instances }: Graph, pattern: string): readonly Instance[] {
  const colon = pattern.lastIndexOf(':');
  const [file, glob] = [pattern.slice(0, Math.max(0, colon)), globOf(pattern.slice(colon + 1))];
  return instances.filter(
    ({ task: { stage } }) =>
      stage !== undefined && (file === '' || stage.definition === file) && glob.matches(stage.name),
  );
}

/** Everything that can be reached from a node, the node included. */
function reach(next: (id: string) => readonly string[]): (id: string) => Iterable<string> {
  return (id) => {
    const seen = new Set([id]);
    for (const one of seen) for (const other of next(one)) seen.add(other);
    return seen;
  };
}
