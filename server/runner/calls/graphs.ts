/** Graphs of the pipelines that a task calls, as far as they are known before it runs. */
import type { Json, MetadataValue, Pipeline, Task } from '../../definition/definition.js';
import { type Scope, evaluateText } from '../../definition/expressions/evaluate.js';
import { type Graph, type Instance, buildGraph } from '../../definition/graph/graph.js';
import { flatParams } from '../../definition/params/values.js';
import { StaticScopes } from '../../definition/expressions/static-scope.js';

/** Pipelines that may be called, by their names, with the texts that they were read from, by path. */
export type Callable = ReadonlyMap<
  string,
  { readonly pipeline: Pipeline; readonly texts: Readonly<Record<string, string>> }
>;

/** A pipeline with what a task calls it with. */
export interface CalledPipeline {
  /** Of its definition. */
  readonly text: string;
  /** Without the params that are only known later. */
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  /** What expressions of its tasks know before a run. */
  readonly scopeOf: (instance: Instance) => Scope;
  /** The calls that lead to it from the pipeline that the task itself calls. */
  readonly through: readonly { readonly task: Task; readonly scope: Scope }[];
}

/** What a task calls, and what that calls in turn. @param scope what the task's expressions know before a run */
export function calledFrom(
  { task: { action } }: Instance,
  scope: Scope,
  known: Callable,
  above: readonly string[] = [],
  through: CalledPipeline['through'] = [],
): readonly CalledPipeline[] {
  if (action?.kind !== 'pipeline') return [];
  const name = action.name.text.trim();
  const loaded = known.get(name);
  if (loaded === undefined || above.includes(name)) return [];
  const { pipeline: whole, texts } = loaded;
  const given = action.params.map((param) => [param.name, valueBefore(param.value, scope)] as const);
  const params = Object.fromEntries(
    flatParams(whole, Object.fromEntries(given.filter((one): one is [string, Json] => one[1] !== undefined))),
  );
  // What it is called with counts, known or not, and never the default in its place.
  const open = given.flatMap(([param, value]) => (value === undefined ? [param] : []));
  const isOpen = (param: string): boolean => open.some((one) => param === one || param.startsWith(`${one}.`));
  const pipeline = { ...whole, params: whole.params.filter((param) => !isOpen(param.name)) };
  const graph = buildGraph(pipeline, { params });
  const scopes = new StaticScopes(pipeline, { params });
  const scopeOf = ({ task, matrix }: Instance): Scope => scopes.of(task, matrix);
  const nested = graph.instances.flatMap((one) =>
    calledFrom(
      one,
      scopeOf(one),
      known,
      [...above, name],
      [...through, { task: one.task, scope: scopeOf(one) }],
    ),
  );
  return [{ text: texts[whole.path] ?? '', pipeline, graph, scopeOf, through }, ...nested];
}

/** Nothing where it is not known before a run. */
function valueBefore(value: MetadataValue, scope: Scope): Json | undefined {
  switch (value.kind) {
    case 'value':
      return value.value;
    case 'text': {
      const found = evaluateText(value.text, scope);
      return found.kind === 'value' ? found.value : undefined;
    }
    case 'list': {
      const items = value.items.map((item) => valueBefore(item, scope));
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case 'map': {
      const entries = value.entries.map((entry) => [entry.name, valueBefore(entry.value, scope)] as const);
      return entries.every((entry): entry is [string, Json] => entry[1] !== undefined)
        ? Object.fromEntries(entries)
        : undefined;
    }
  }
}
