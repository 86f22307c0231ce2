/** Every place where a definition names something that can be gone to: the one source of navigation and rename. */
import { memo } from '../../base/memo.js';
import { defined } from '../../base/defined.js';
import { anchorMarks, type AnchorMark } from '../../syntax/anchors.js';
import type { Definition, ParamsDefinition } from '../../definition/read/analyze.js';
import type { Dialect } from '../../definition/dialects/dialect.js';
import { DIALECTS } from '../../definition/dialects/index.js';
import type { Names, WrittenName } from '../../definition/dialects/names.js';
import { featureUsesOf } from '../../definition/mentions/features.js';
import type { FeatureUse } from '../../definition/mentions/features.js';
import { modelMentions } from '../../definition/mentions/models.js';
import type { ModelMention } from '../../definition/mentions/models.js';
import type { FeatureReference, Features } from '../../definition/features.js';
import type { ExpressionSite, Located, Pipeline, Task } from '../../definition/definition.js';
import { isVersionNumber } from '../../definition/names/registry-names.js';
import { servingMentions } from '../../definition/mentions/serving.js';
import type { ServingKind, ServingMention } from '../../definition/mentions/serving.js';
import type { ProjectView } from '../../rules/rule.js';
import { valueAt } from '../../definition/keys.js';
import { entryOf } from '../../syntax/text.js';
import type { MapEntry, Span, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import { type ChainStep, chainsIn } from '../../definition/expressions/chains.js';
import { FROM } from '../../definition/params/files.js';
import { paramForm } from '../../definition/params/form.js';
import { MATRIX_KEYS } from '../../definition/read/read-task.js';

export type ThingKind =
  | 'anchor'
  | 'pipeline'
  | 'task'
  | 'param'
  | 'output'
  | 'axis'
  | 'path'
  | 'variable'
  | 'entity'
  | 'view'
  | 'feature'
  | 'feature-service'
  | 'owner'
  | 'model'
  | 'alias'
  | 'version'
  | ServingKind;

export interface Thing {
  readonly kind: ThingKind;
  readonly name: string;
  /** The task of an output or an axis, the view of a feature, the model of an alias or a version. */
  readonly owner?: string;
  /** Path of the file that it belongs to; absent for what the whole project shares. */
  readonly file?: string;
}

export interface Occurrence {
  readonly thing: Thing;
  /** The bare name, without quotes. */
  readonly span: Span;
  /** Of a definition: all of it. */
  readonly whole?: Span;
  /** Of a path: the folder that it is written from. */
  readonly base?: string;
  /** Other words than the name stand there, which can't be changed with it. */
  readonly fixed?: true;
}

/** A text with what it names: a definition, or a file beside one. */
export interface NamedFile {
  readonly path: string;
  readonly tree: SyntaxTree;
  readonly occurrences: readonly Occurrence[];
}

/** A param that a `pipeline:` task sets; which file it belongs to only the project knows. */
interface Argument {
  readonly pipeline: string;
  readonly name: string;
  readonly group: string | undefined;
  readonly span: Span;
}

interface Named {
  readonly occurrences: readonly Occurrence[];
  readonly args: readonly Argument[];
}

const namedIn = memo((definition: Definition): Named => {
  const collector = new Collector(definition.tree, definition.path);
  if (definition.kind === 'pipeline') {
    collector.pipeline(definition.pipeline);
    for (const use of featureUsesOf(definition)) collector.use(use);
    for (const mention of modelMentions(definition)) collector.model(mention);
  } else if (definition.kind === 'features') collector.features(definition.features);
  for (const mention of servingMentions(definition)) collector.serving(mention);
  collector.anchors();
  const occurrences = onceEach(collector.occurrences);
  return { occurrences, args: collector.args };
});

/** All occurrences of a file, arguments of other pipelines included when the project is there to find their file. */
export function occurrencesOf(definition: Definition, project: ProjectView): Occurrence[] {
  if (definition.kind === 'params') return onceEach(fileParams(definition, project));
  const { occurrences, args } = namedIn(definition);
  return [
    ...occurrences,
    ...(foreignNames(definition, project)?.own ?? []).map(occurrenceOf),
    ...args.flatMap(({ pipeline, name, group, span }) => {
      const called = project.pipelinesByName.get(pipeline)?.[0];
      // What lies in an argument is a param only where the pipeline has such a group.
      const params = called?.kind === 'pipeline' ? called.pipeline.params : [];
      if (group !== undefined && !params.some((param) => param.name.startsWith(`${group}.`))) return [];
      return [{ thing: paramThing(name, group, called?.path), span }];
    }),
  ];
}

/** The same of files that are no definitions, and that a definition takes its names from. */
export function occurrencesBeside(definition: Definition, project: ProjectView): NamedFile[] {
  const beside = foreignNames(definition, project)?.beside() ?? [];
  return beside.map(({ path, tree, names }) => ({ path, tree, occurrences: names.map(occurrenceOf) }));
}

function foreignNames(definition: Definition, project: ProjectView): Names | undefined {
  if (definition.kind === 'params') return undefined;
  const dialect: Dialect = DIALECTS[definition.kind];
  return dialect.names?.(definition, (path) => project.text?.(path) ?? { kind: 'unknown' });
}

function occurrenceOf({ kind, name, owner, file, ...rest }: WrittenName): Occurrence {
  return { thing: { kind, name, ...defined({ owner, file }) }, ...rest };
}

/** Names in a file of params are those of the params of each pipeline that takes it. */
function fileParams(definition: ParamsDefinition, project: ProjectView): Occurrence[] {
  const found: Occurrence[] = [];
  for (const other of project.definitions()) {
    if (other.kind !== 'pipeline') continue;
    const { paramFiles = [], params } = other.pipeline;
    const names = new Set(params.flatMap(({ name }) => [name, ...groupsOf(name)]));
    const add = (node: SyntaxNode | null, group: string | undefined): void => {
      for (const { key, value, span } of entriesOf(node)) {
        const name = inGroup(group, key.text);
        const place = nameWithin(definition.tree.text, key.span, key.text);
        if (!names.has(name) || place === undefined) continue;
        found.push({ thing: paramThing(key.text, group, other.path), span: place, whole: span });
        if (value?.kind === 'map') add(value, name);
      }
    };
    for (const { path, prefix } of paramFiles)
      if (path === definition.path) add(definition.tree.root, prefix);
  }
  return found;
}

/** In the order of the text, each thing once at each place: aliases and merges let several tasks share one text. */
function onceEach(all: readonly Occurrence[]): Occurrence[] {
  const byPlace = new Map<string, Occurrence>();
  for (const occurrence of all) {
    const { thing, span } = occurrence;
    const place = `${span.start} ${span.end} ${keyOf(thing)}`;
    const before = byPlace.get(place);
    if (before?.whole === undefined)
      byPlace.set(place, before === undefined ? occurrence : { ...before, ...occurrence });
  }
  return [...byPlace.values()].sort((left, right) => left.span.start - right.span.start);
}

/** Different for different things. */
export function keyOf({ kind, name, owner, file }: Thing): string {
  return JSON.stringify([kind, name, owner, file]);
}

/** The owner of a param is the group that it lies in. */
function paramThing(name: string, group: string | undefined, file: string | undefined): Thing {
  return {
    kind: 'param',
    name,
    ...defined({ owner: group, file }),
  };
}

function inGroup(group: string | undefined, name: string): string {
  return group === undefined ? name : `${group}.${name}`;
}

/** `a.b.c` lies in `a` and `a.b`. */
function groupsOf(name: string): readonly string[] {
  const steps = name.split('.');
  return steps.slice(1).map((_, at) => steps.slice(0, at + 1).join('.'));
}

/** The occurrence that touches an offset. */
export function occurrenceAt(
  definition: Definition,
  project: ProjectView,
  offset: number,
): Occurrence | undefined {
  const all = occurrencesOf(definition, project);
  const at = (place: number) => all.find(({ span }) => span.start <= place && place <= span.end);
  const found = at(offset);
  if (found !== undefined) return found;
  // On the `&` or `*` itself.
  const next = /[&*]/.test(definition.tree.text.charAt(offset)) ? at(offset + 1) : undefined;
  return next?.thing.kind === 'anchor' ? next : undefined;
}

/** The bare name inside of a span that may hold quotes; undefined when escapes hide it. */
export function nameWithin(text: string, span: Span, name: string): Span | undefined {
  if (name === '') return undefined;
  const at = text.slice(span.start, span.end).indexOf(name);
  return at === -1 ? undefined : { start: span.start + at, end: span.start + at + name.length };
}

class Collector {
  readonly occurrences: Occurrence[] = [];
  readonly args: Argument[] = [];
  readonly #tree: SyntaxTree;
  readonly #file: string;
  /** Of params: `model`, `model.net`. */
  readonly #groups = new Set<string>();

  constructor(tree: SyntaxTree, file: string) {
    this.#tree = tree;
    this.#file = file;
  }

  pipeline(pipeline: Pipeline): void {
    const named = valueAt(pipeline, 'name');
    if (named?.kind === 'scalar') {
      this.#add({ kind: 'pipeline', name: pipeline.name }, named.span, named.span);
    }
    this.#params(
      valueAt(pipeline, 'params'),
      undefined,
      pipeline.paramFiles === undefined ? undefined : FROM,
    );
    for (const { name } of pipeline.params) {
      for (const group of groupsOf(name)) this.#groups.add(group);
    }
    for (const variable of pipeline.env)
      this.#variable(variable.name, variable.nameSpan, variable.value.span);
    this.#sites(pipeline.expressions, undefined);
    for (const task of pipeline.tasks) this.#task(task);
  }

  /** Of a group the group, too. @param other a key that is no param */
  #params(node: SyntaxNode | null | undefined, group: string | undefined, other?: string): void {
    for (const { key, value, span } of entriesOf(node)) {
      if (key.text === other) continue;
      this.#add(paramThing(key.text, group, this.#file), key.span, span);
      if (paramForm(value) === 'group') this.#params(value, inGroup(group, key.text));
    }
  }

  #task(task: Task): void {
    const file = this.#file;
    this.#add({ kind: 'task', name: task.name, file }, task.nameSpan, task.span);
    for (const need of task.needs) this.#add({ kind: 'task', name: need.value, file }, need.span);
    for (const output of task.outputs) {
      this.#add({ kind: 'output', name: output.name, owner: task.name, file }, output.nameSpan, output.span);
    }
    for (const variable of task.env) this.#variable(variable.name, variable.nameSpan, variable.value.span);
    if (task.matrix !== undefined) this.#matrix(task);
    if (task.action?.kind === 'pipeline') this.#call(task);
    this.#sites(task.expressions, task);
  }

  #matrix(task: Task): void {
    const axis = (name: string) => ({ kind: 'axis' as const, name, owner: task.name, file: this.#file });
    const axes = new Set<string>();
    for (const { name, nameSpan } of task.matrix?.axes ?? []) {
      axes.add(name);
      this.#add(axis(name), nameSpan, nameSpan);
    }
    for (const list of ['include', 'exclude']) {
      for (const cell of itemsOf(valueAt(task, 'matrix', list))) {
        for (const { key } of entriesOf(cell)) {
          // The first cell that adds an axis is what defines it.
          const whole = axes.has(key.text) || MATRIX_KEYS.has(key.text) ? undefined : key.span;
          axes.add(key.text);
          this.#add(axis(key.text), key.span, whole);
        }
      }
    }
  }

  #call(task: Task): void {
    const call = valueAt(task, 'pipeline');
    const name = call?.kind === 'map' ? entryOf(call, 'name')?.value : call;
    if (name?.kind !== 'scalar' || name.template !== undefined) return;
    this.#add({ kind: 'pipeline', name: name.text }, name.span);
    this.#arguments(name.text, entryOf(call, 'params')?.value, undefined);
  }

  #arguments(pipeline: string, node: SyntaxNode | null | undefined, group: string | undefined): void {
    for (const { key, value } of entriesOf(node)) {
      const span = nameWithin(this.#tree.text, key.span, key.text);
      if (span !== undefined) this.args.push({ pipeline, name: key.text, group, span });
      this.#arguments(pipeline, value, inGroup(group, key.text));
    }
  }

  #sites(sites: readonly ExpressionSite[], task: Task | undefined): void {
    const file = this.#file;
    for (const site of sites) {
      for (const { context, steps } of chainsIn(site.part.expression)) {
        const [first, second, third] = steps;
        if (first?.name === undefined) continue;
        if (context === 'params') this.#paramChain(steps);
        else if (context === 'env') this.#variable(first.name, first.span);
        else if (context === 'matrix' && task !== undefined) {
          this.#add({ kind: 'axis', name: first.name, owner: task.name, file }, first.span);
        } else if (context === 'tasks') {
          this.#add({ kind: 'task', name: first.name, file }, first.span);
          if (second?.name === 'outputs' && third?.name !== undefined) {
            this.#add({ kind: 'output', name: third.name, owner: first.name, file }, third.span);
          }
        }
      }
    }
  }

  anchors(): void {
    const { anchors, aliases } = anchorMarks(this.#tree);
    const add = (mark: AnchorMark, span: Span, whole?: Span): void =>
      this.#add(
        { kind: 'anchor', name: mark.name, owner: String(mark.span.start), file: this.#file },
        span,
        whole,
      );
    for (const mark of anchors) add(mark, mark.span, mark.span);
    for (const { span, anchor } of aliases) if (anchor !== undefined) add(anchor, span);
  }

  #paramChain(steps: readonly ChainStep[]): void {
    let group: string | undefined;
    for (const { name, span } of steps) {
      if (name === undefined) return;
      this.#add(paramThing(name, group, this.#file), span);
      group = inGroup(group, name);
      if (!this.#groups.has(group)) return;
    }
  }

  use(use: FeatureUse): void {
    for (const view of use.views) this.#located('view', view);
    for (const reference of use.features) this.#reference(reference);
    if (use.service !== undefined) this.#located('feature-service', use.service);
  }

  serving({ kind, name, span, whole }: ServingMention): void {
    this.#add({ kind, name }, span, whole);
  }

  /** A model is defined where it is registered, an alias where it is set. */
  model({ role, task, model, modelSpan, selector }: ModelMention): void {
    if (model === undefined) return;
    if (modelSpan !== undefined) {
      this.#add({ kind: 'model', name: model }, modelSpan, role === 'makes' ? task.span : undefined);
    }
    if (selector === undefined) return;
    const { text, span } = selector;
    const kind = isVersionNumber(text) ? 'version' : 'alias';
    this.#add({ kind, name: text, owner: model }, span, role === 'sets' ? span : undefined);
  }

  features(features: Features): void {
    for (const entity of features.entities) {
      this.#add({ kind: 'entity', name: entity.name }, entity.nameSpan, entity.span);
      this.#owner(entity);
    }
    for (const view of features.views) {
      this.#add({ kind: 'view', name: view.name }, view.nameSpan, view.span);
      for (const entity of view.entities) this.#located('entity', entity);
      for (const feature of view.features) {
        this.#add({ kind: 'feature', name: feature.name, owner: view.name }, feature.nameSpan, feature.span);
      }
      this.#owner(view);
    }
    for (const service of features.services) {
      this.#add({ kind: 'feature-service', name: service.name }, service.nameSpan, service.span);
      for (const reference of service.features) this.#reference(reference);
      this.#owner(service);
    }
    for (const { value, span } of features.owners) this.#add({ kind: 'owner', name: value }, span, span);
  }

  #reference({ view, feature }: FeatureReference): void {
    this.#located('view', view);
    if (feature !== undefined) {
      this.#add({ kind: 'feature', name: feature.value, owner: view.value }, feature.span);
    }
  }

  #owner({ owner }: { readonly owner?: Located<string> }): void {
    if (owner !== undefined) this.#located('owner', owner);
  }

  #located(kind: ThingKind, name: Located<string>): void {
    this.#add({ kind, name: name.value }, name.span);
  }

  #variable(name: string, span: Span, value?: Span): void {
    const whole = value === undefined ? undefined : { start: span.start, end: Math.max(span.end, value.end) };
    this.#add({ kind: 'variable', name, file: this.#file }, span, whole);
  }

  #add(thing: Thing, written: Span, whole?: Span): void {
    const span = nameWithin(this.#tree.text, written, thing.name);
    if (span === undefined) return;
    this.occurrences.push(whole === undefined ? { thing, span } : { thing, span, whole });
  }
}

function itemsOf(node: SyntaxNode | null | undefined): readonly (SyntaxNode | null)[] {
  return node?.kind === 'sequence' ? node.items : [];
}

function entriesOf(node: SyntaxNode | null | undefined): readonly MapEntry[] {
  return node?.kind === 'map' ? node.entries : [];
}
