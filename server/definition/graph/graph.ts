/**
 * The graph of a pipeline: its task instances and why one has to wait for another. Near-linear in the size of the
 * definition. A pure value: the files on the disk are not looked at.
 */
import type { Span } from '../../syntax/tree.js';
import { factsOf, listed } from '../actions.js';
import type { Output, Pipeline, Task, TemplateText } from '../definition.js';
import { renderTemplate } from '../expressions/evaluate.js';
import type { Scope } from '../expressions/evaluate.js';
import type {
  Edge,
  EdgeReason,
  Graph,
  Instance,
  ResolvedInput,
  ResolvedOutput,
  ResolvedPath,
} from './types.js';
import { orderOf } from './order.js';
import { globOf } from '../text/glob.js';
import { type FoundOutput, OutputIndex } from './output-index.js';
import { instanceIds, namedCells } from './cell-names.js';
import { expandMatrix } from './matrix.js';
import type { Cell, MatrixProblem } from './matrix.js';
import { foldersOf, isGlob, isWrittenGlob, normalizePath, outputPath } from '../text/paths.js';
import { namedEdges } from './named-edges.js';
import { StaticScopes } from '../expressions/static-scope.js';
import type { StaticValues } from '../expressions/static-scope.js';
import { taskReferences } from '../expressions/task-references.js';

export type {
  DuplicateOutput,
  Edge,
  EdgeReason,
  Graph,
  Instance,
  NestedOutput,
  OutputPlace,
  ResolvedInput,
  ResolvedOutput,
  ResolvedPath,
} from './types.js';

export interface GraphOptions extends StaticValues {
  /** Where feature views take their data from, by name: what a `materialize` task reads. */
  readonly viewSources?: ReadonlyMap<string, string>;
  /** Inputs of tasks with `inputs: auto`, by id: `seenInputs`. */
  readonly seenInputs?: ReadonlyMap<string, readonly string[]>;
}

/** More edges than any pipeline needs; what comes after is left out and told as a problem. */
const MAX_EDGES = 500_000;
const MAX_INSTANCES = 50_000;

export function buildGraph(pipeline: Pipeline, options: GraphOptions = {}): Graph {
  const scopes = new StaticScopes(pipeline, options);
  const matrixProblems: MatrixProblem[] = [];
  const found: (readonly [task: string, instances: readonly Instance[]])[] = [];
  let count = 0;
  for (const task of pipeline.tasks) {
    const own = instantiate(task, scopes, matrixProblems, MAX_INSTANCES - count).map((one) =>
      withSeen(withSources(one, scopes, options.viewSources), options.seenInputs),
    );
    count += own.length;
    found.push([task.name, own]);
  }
  const made = new Set(found.flatMap(([, own]) => own.flatMap(madePaths)));
  const byTask = new Map(found.map(([name, own]) => [name, own.map((one) => withMade(one, made))]));
  const instances = [...byTask.values()].flat();
  const byId = new Map(instances.map((instance) => [instance.id, instance]));
  const index = new OutputIndex(instances);
  const edges = new EdgeCollector(pipeline, matrixProblems);
  for (const instance of instances) collect(instance, index, byTask, edges);
  for (const { from, to, reason } of namedEdges(instances, edges.list, scopes)) {
    edges.addLate(from, to, reason);
  }
  // Built by who asks first: most rules ask for none of it.
  let incoming: Map<string, Edge[]> | undefined;
  let outgoing: Map<string, Edge[]> | undefined;
  const { order, cycles } = orderOf(instances, edges.list);
  return {
    instances,
    byId,
    byTask,
    edges: edges.list,
    order,
    cycles,
    duplicateOutputs: index.duplicates(),
    nestedOutputs: index.nested(),
    matrixProblems,
    incoming: (id) => (incoming ??= grouped(edges.list, 'to')).get(id) ?? NO_EDGES,
    outgoing: (id) => (outgoing ??= grouped(edges.list, 'from')).get(id) ?? NO_EDGES,
  };
}

const NO_EDGES: readonly Edge[] = [];

function grouped(edges: readonly Edge[], end: 'from' | 'to'): Map<string, Edge[]> {
  const groups = new Map<string, Edge[]>();
  for (const edge of edges) push(groups, edge[end], edge);
  return groups;
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function instantiate(task: Task, scopes: StaticScopes, problems: MatrixProblem[], room: number): Instance[] {
  if (task.matrix === undefined) {
    if (task.cellName !== undefined) {
      const message = '`cell-name` names the cells of a matrix, and the task has no `matrix`.';
      problems.push({ task: task.name, span: task.cellName.span, message });
    }
    return [instance(task.name, task, undefined, scopes)];
  }
  const expansion = expandMatrix(task, task.matrix, scopes.of(task));
  problems.push(...expansion.problems);
  let cells = expansion.cells;
  if (cells.length > Math.max(1, room)) {
    problems.push({
      task: task.name,
      span: task.matrix.span,
      message: `The matrices of this pipeline have more than ${MAX_INSTANCES} cells in all.`,
    });
    cells = cells.slice(0, 1);
  }
  if (!expansion.known && cells.length === 1 && Object.keys(cells[0] ?? {}).length === 0) {
    return [instance(task.name, task, {}, scopes)];
  }
  const { cellName } = task;
  const scopeOf = (cell: Cell): Scope => scopes.of(task, cell);
  const named =
    cellName === undefined
      ? undefined
      : namedCells(task, cellName, cells, scopeOf, (problem) => problems.push(problem));
  const ids = named ?? instanceIds(task.name, cells);
  return cells.map((cell, at) => instance(ids[at] ?? task.name, task, cell, scopes));
}

function instance(id: string, task: Task, cell: Cell | undefined, scopes: StaticScopes): Instance {
  const scope = scopes.of(task, cell);
  const outputs: ResolvedOutput[] = [];
  for (const output of task.outputs) outputs.push(made(output.path, scope, 'output', output));
  for (const text of task.metrics) outputs.push(made(text, scope, 'metrics'));
  for (const text of task.plots) outputs.push(made(text, scope, 'plot'));
  const own = ownOutput(task);
  if (own !== undefined) outputs.push(made(own.path, scope, 'output', own));
  const inputs = resolveInputs(task, scope);
  for (const { text, input } of listed(task.action, 'paths')) {
    if (input === undefined) continue;
    inputs.push({
      ...resolve(text, scope, input === 'glob' ? 'input' : 'never'),
      exclude: [],
      optional: false,
    });
  }
  return { id, task, matrix: cell ?? {}, inputs, outputs };
}

/** With the sources of the views that it materializes as inputs. */
function withSources(
  instance: Instance,
  scopes: StaticScopes,
  sources: ReadonlyMap<string, string> | undefined,
): Instance {
  const views = listed(instance.task.action, 'views');
  if (views.length === 0 || sources === undefined) return instance;
  const scope = scopes.of(instance.task, instance.matrix);
  const inputs = views.flatMap((view): ResolvedInput[] => {
    const name = renderTemplate(view, scope, 'plain');
    const source = name.kind === 'value' ? sources.get(name.value.trim()) : undefined;
    if (source === undefined) return [];
    const path = normalizePath(source);
    const text = { text: source, span: view.span };
    return [{ path, glob: isGlob(source), text, exclude: [], optional: false }];
  });
  return { ...instance, inputs: [...instance.inputs, ...inputs] };
}

/** With the files that it was seen to read; what has gone since has changed. */
function withSeen(instance: Instance, seen: GraphOptions['seenInputs']): Instance {
  const span = instance.task.autoInputs;
  const files = span === undefined ? [] : (seen?.get(instance.id) ?? []);
  if (span === undefined || files.length === 0) return instance;
  const inputs = files.map((path): ResolvedInput => ({
    path,
    glob: false,
    text: { text: path, span },
    exclude: [],
    optional: true,
  }));
  return { ...instance, inputs: [...instance.inputs, ...inputs] };
}

/** The file that an action makes without being told so, as an output; where it is declared, too, the declaration counts. */
export function ownOutput(task: Task): Output | undefined {
  const { action } = task;
  const file = action === undefined ? undefined : factsOf(action).makes;
  if (action === undefined || file === undefined) return undefined;
  const path = file.path(action);
  if (path.text === '' || task.outputs.some((output) => output.path.text === path.text)) return undefined;
  return {
    name: file.name,
    nameSpan: task.actionSpan ?? task.nameSpan,
    span: path.span,
    path,
    kind: file.kind,
    cache: true,
    persist: false,
    optional: false,
  };
}

/** The inputs as they are written; what begins with `!` is taken away from those before it. */
function resolveInputs(task: Task, scope: Scope): ResolvedInput[] {
  const inputs: ResolvedInput[] = [];
  let negated: ResolvedPath[] = [];
  for (const input of task.inputs.toReversed()) {
    if (input.negated) negated = [resolve(input, scope), ...negated];
    else {
      const own = input.exclude.map((one) => resolve(one, scope));
      const exclude = own.length === 0 ? negated : [...own, ...negated];
      inputs.push({ ...resolve(input, scope), exclude, optional: input.optional });
    }
  }
  return inputs.reverse();
}

function madePaths({ outputs }: Instance): string[] {
  return outputs.flatMap(({ path, glob }) => (path === undefined || glob ? [] : [path]));
}

/** What is written as an output is written is that output, even where it could be read as a glob. */
function withMade(instance: Instance, made: ReadonlySet<string>): Instance {
  if (!instance.inputs.some(({ glob, path }) => glob && path !== undefined && made.has(path)))
    return instance;
  const inputs = instance.inputs.map((input) =>
    input.glob && input.path !== undefined && made.has(input.path) ? { ...input, glob: false } : input,
  );
  return { ...instance, inputs };
}

function made(
  text: TemplateText,
  scope: Scope,
  role: ResolvedOutput['role'],
  output?: Output,
): ResolvedOutput {
  const { path, glob } = resolve(text, scope, role === 'output' ? 'output' : 'never');
  // Thousands of these: literals are made much faster than spreads.
  if (output === undefined) return path === undefined ? { glob, text, role } : { path, glob, text, role };
  return path === undefined ? { glob, text, role, output } : { path, glob, text, role, output };
}

/**
 * A path with its expressions replaced, normalised.
 *
 * @param as which globs there are: those of inputs, those of outputs, or none
 */
export function resolve(
  text: TemplateText,
  scope: Scope,
  as: 'input' | 'output' | 'never' = 'input',
): ResolvedPath {
  const glob = isWrittenGlob(text, as);
  const result = renderTemplate(text, scope, glob ? 'glob' : 'plain');
  if (result.kind !== 'value' || result.value.trim() === '') return { glob, text };
  const path = as === 'output' && !glob ? outputPath(result.value) : result.value;
  return { path: normalizePath(path), glob, text };
}

function collect(
  instance: Instance,
  index: OutputIndex,
  byTask: ReadonlyMap<string, readonly Instance[]>,
  edges: EdgeCollector,
): void {
  for (const input of instance.inputs) {
    if (edges.isFull) return;
    if (input.path === undefined) continue;
    for (const found of input.glob ? index.matching(input.path) : index.touching(input.path)) {
      if (input.exclude.some((one) => leavesOut(one, found))) continue;
      const same = found.instance === instance;
      // Reading a folder that holds its own output, or its kept output, is not waiting for itself.
      if (same && (found.path !== input.path || found.output.output?.persist === true)) continue;
      edges.add(found.instance.id, instance.id, {
        kind: 'path',
        path: input.path,
        input: input.text.span,
        output: found.output.text.span,
      });
    }
  }
  for (const reference of taskReferences(instance.task)) {
    // Its own output paths are known without waiting.
    if (reference.task === instance.task.name && reference.member === 'outputs') continue;
    for (const other of byTask.get(reference.task) ?? []) {
      if (edges.isFull) return;
      edges.add(other.id, instance.id, { kind: 'expression', span: reference.span });
    }
  }
  for (const need of instance.task.needs) {
    for (const other of byTask.get(need.value) ?? []) {
      if (edges.isFull) return;
      edges.add(other.id, instance.id, { kind: 'needs', span: need.span });
    }
  }
}

/** Whether an output is certainly among what is taken away. */
function leavesOut(excluded: ResolvedPath, found: FoundOutput): boolean {
  const { path, glob } = excluded;
  if (path === undefined || found.output.glob) return false;
  const above = [found.path, ...foldersOf(found.path)];
  return glob ? above.some(globOf(path).matches) : above.includes(path);
}

class EdgeCollector {
  readonly list: { from: string; to: string; reasons: EdgeReason[] }[] = [];
  private readonly known = new Map<string, { reasons: EdgeReason[] }>();
  private current = '';
  private full = false;
  private readonly pipeline: Pipeline;
  private readonly problems: MatrixProblem[];

  constructor(pipeline: Pipeline, problems: MatrixProblem[]) {
    this.pipeline = pipeline;
    this.problems = problems;
  }

  /** Nobody needs to look for more. */
  get isFull(): boolean {
    return this.full;
  }

  /** Edges come grouped by `to`. */
  add(from: string, to: string, reason: EdgeReason): void {
    if (this.current !== to) {
      this.known.clear();
      this.current = to;
    }
    const edge = this.known.get(from);
    if (edge !== undefined) {
      edge.reasons.push(reason);
      return;
    }
    if (this.list.length >= MAX_EDGES) {
      this.overflow();
      return;
    }
    const created = { from, to, reasons: [reason] };
    this.list.push(created);
    this.known.set(from, created);
  }

  /** Edges in any order: slower, for the few that come when the others are known. */
  addLate(from: string, to: string, reason: EdgeReason): void {
    const edge = this.list.find((one) => one.from === from && one.to === to);
    if (edge !== undefined) edge.reasons.push(reason);
    else if (this.list.length >= MAX_EDGES) this.overflow();
    else this.list.push({ from, to, reasons: [reason] });
  }

  private overflow(): void {
    const [first] = this.pipeline.tasks;
    if (this.full || first === undefined) return;
    this.full = true;
    this.problems.push({
      task: first.name,
      span: first.nameSpan,
      message: `The tasks of this pipeline depend on each other in more than ${MAX_EDGES} ways; the rest is not looked at.`,
    });
  }
}

/** Names in `needs` that files or expressions make needless, or that stand twice. */
export function redundantNeeds(
  graph: Graph,
): { task: Task; name: string; span: Span; because: EdgeReason | 'twice' }[] {
  const found: { task: Task; name: string; span: Span; because: EdgeReason | 'twice' }[] = [];
  for (const [name, own] of graph.byTask) {
    const [first] = own;
    if (first === undefined || first.task.needs.length === 0) continue;
    const seen = new Set<string>();
    for (const need of first.task.needs) {
      if (seen.has(need.value)) {
        found.push({ task: first.task, name: need.value, span: need.span, because: 'twice' });
        continue;
      }
      seen.add(need.value);
      const others = graph.byTask.get(need.value) ?? [];
      if (name === need.value || others.length === 0) continue;
      const because = impliedBy(graph, own, new Set(others.map((other) => other.id)));
      if (because !== undefined) found.push({ task: first.task, name: need.value, span: need.span, because });
    }
  }
  return found;
}

/** A reason other than `needs` between every pair of instances. */
function impliedBy(
  graph: Graph,
  own: readonly Instance[],
  others: ReadonlySet<string>,
): EdgeReason | undefined {
  let because: EdgeReason | undefined;
  for (const instance of own) {
    let implied = 0;
    for (const edge of graph.incoming(instance.id)) {
      if (!others.has(edge.from)) continue;
      const reason = edge.reasons.find((one) => one.kind !== 'needs');
      if (reason === undefined) return undefined;
      because ??= reason;
      implied++;
    }
    if (implied < others.size) return undefined;
  }
  return because;
}

/** Names of the tasks in the order in which they would run. */
export function taskOrder(graph: Graph): string[] {
  return [...new Set(graph.order.map((id) => graph.byId.get(id)?.task.name ?? id))];
}
