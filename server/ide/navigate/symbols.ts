/** The outline of a file, and the names of the whole project. */
import type { Definition } from '../../definition/read/analyze.js';
import type { Param, Pipeline, Task } from '../../definition/definition.js';
import type { Features } from '../../definition/features.js';
import type { ProjectView } from '../../rules/rule.js';
import type { MapEntry, Span, SyntaxTree } from '../../syntax/tree.js';
import { shortValue } from '../hover/markdown.js';
import type { IdeContext, OutlineSymbol, SymbolKind, WorkspaceSymbol } from '../types.js';

/** Params, env and tasks of a pipeline; entities, views and services of features; the sections of settings. */
export function documentSymbols(context: Pick<IdeContext, 'definition'>): OutlineSymbol[] {
  const { definition } = context;
  switch (definition.kind) {
    case 'pipeline':
      return pipelineOutline(definition.tree, definition.pipeline);
    case 'features':
      return featuresOutline(definition.tree, definition.features);
    case 'params':
    case 'project':
      return rootEntries(definition.tree).map((entry) => sectionSymbol(entry, childKeys(entry)));
    case 'dvc':
      return definition.stages.map(({ name, nameSpan, span }) => leaf(name, 'task', span, nameSpan));
  }
}

/** What stands in a file of params alone is a symbol of that file. */
function isWritten({ span, nameSpan, file }: Param): boolean {
  return file === undefined || span !== nameSpan;
}

function rootEntries(tree: SyntaxTree): readonly MapEntry[] {
  return tree.root?.kind === 'map' ? tree.root.entries : [];
}

function leaf(
  name: string,
  kind: SymbolKind,
  span: Span,
  selection: Span,
  detail?: string,
  children: readonly OutlineSymbol[] = [],
): OutlineSymbol {
  // Editors refuse a selection outside of its symbol, and an empty name.
  const whole = { start: Math.min(span.start, selection.start), end: Math.max(span.end, selection.end) };
  return {
    name: name === '' ? '(empty)' : name,
    kind,
    span: whole,
    selection,
    children,
    ...(detail === undefined || detail === '' ? {} : { detail }),
  };
}

function sectionSymbol(entry: MapEntry, children: readonly OutlineSymbol[]): OutlineSymbol {
  const detail = entry.value?.kind === 'scalar' ? shortValue(entry.value.text) : undefined;
  return leaf(entry.key.text, 'section', entry.span, entry.key.span, detail, children);
}

function childKeys(entry: MapEntry): OutlineSymbol[] {
  if (entry.value?.kind !== 'map') return [];
  return entry.value.entries.map(({ key, span, value }) =>
    leaf(key.text, 'key', span, key.span, value?.kind === 'scalar' ? shortValue(value.text) : undefined),
  );
}

function pipelineOutline(tree: SyntaxTree, pipeline: Pipeline): OutlineSymbol[] {
  const children: Readonly<Record<string, () => OutlineSymbol[]>> = {
    params: () =>
      pipeline.params
        .filter(isWritten)
        .map((param) =>
          leaf(
            param.name,
            'param',
            param.span,
            param.nameSpan,
            param.default === undefined ? param.type : shortValue(param.default.value),
          ),
        ),
    env: () =>
      pipeline.env.map(({ name, nameSpan, value }) =>
        leaf(
          name,
          'variable',
          { start: nameSpan.start, end: value.span.end },
          nameSpan,
          shortValue(value.text),
        ),
      ),
    tasks: () => pipeline.tasks.map(taskSymbol),
  };
  return rootEntries(tree).map((entry) => sectionSymbol(entry, children[entry.key.text]?.() ?? []));
}

function taskSymbol(task: Task): OutlineSymbol {
  const outputs = task.outputs.map((output) =>
    leaf(output.name, 'output', output.span, output.nameSpan, output.path.text),
  );
  return leaf(task.name, 'task', task.span, task.nameSpan, task.action?.kind, outputs);
}

function featuresOutline(tree: SyntaxTree, features: Features): OutlineSymbol[] {
  const children: Readonly<Record<string, () => OutlineSymbol[]>> = {
    entities: () =>
      features.entities.map(({ name, span, nameSpan, keys }) =>
        leaf(name, 'entity', span, nameSpan, keys.map(({ value }) => value).join(', ')),
      ),
    views: () =>
      features.views.map((view) =>
        leaf(
          view.name,
          'view',
          view.span,
          view.nameSpan,
          view.entities.map(({ value }) => value).join(', '),
          view.features.map((feature) =>
            leaf(feature.name, 'feature', feature.span, feature.nameSpan, feature.type?.value),
          ),
        ),
      ),
    services: () =>
      features.services.map((service) =>
        leaf(
          service.name,
          'feature-service',
          service.span,
          service.nameSpan,
          service.features
            .map(({ view, feature }) =>
              feature === undefined ? view.value : `${view.value}:${feature.value}`,
            )
            .join(', '),
        ),
      ),
    owners: () => features.owners.map(({ value, span }) => leaf(value, 'owner', span, span)),
  };
  return rootEntries(tree).map((entry) => sectionSymbol(entry, children[entry.key.text]?.() ?? []));
}

/** Far more than anyone scrolls through. */
const LIMIT = 1_000;

/** Pipelines, tasks, params, outputs, entities, views, features and services whose name holds the letters of the query in their order. */
export function workspaceSymbols(project: ProjectView, query: string): WorkspaceSymbol[] {
  const found: WorkspaceSymbol[] = [];
  for (const definition of project.definitions()) {
    for (const symbol of namesOf(definition)) {
      if (matches(symbol.name, query)) found.push(symbol);
      if (found.length >= LIMIT) return found;
    }
  }
  return found;
}

function matches(name: string, query: string): boolean {
  const letters = query.toLowerCase().replace(/\s/g, '');
  let at = 0;
  for (const letter of name.toLowerCase()) if (letter === letters.charAt(at)) at++;
  return at >= letters.length;
}

function* namesOf(definition: Definition): Generator<WorkspaceSymbol> {
  const { path } = definition;
  if (definition.kind === 'pipeline') {
    const { pipeline } = definition;
    yield { name: pipeline.name, kind: 'pipeline', path, span: pipeline.nameSpan };
    const container = pipeline.name;
    for (const task of pipeline.tasks) {
      yield { name: task.name, kind: 'task', path, span: task.nameSpan, container };
      for (const output of task.outputs) {
        yield {
          name: output.name,
          kind: 'output',
          path,
          span: output.nameSpan,
          container: `${container} › ${task.name}`,
        };
      }
    }
    for (const param of pipeline.params.filter(isWritten))
      yield { name: param.name, kind: 'param', path, span: param.nameSpan, container };
  } else if (definition.kind === 'dvc') {
    for (const { name, nameSpan } of definition.stages)
      yield { name, kind: 'task', path, span: nameSpan, container: path };
  } else if (definition.kind === 'features') {
    const { entities, views, services } = definition.features;
    for (const entity of entities) yield { name: entity.name, kind: 'entity', path, span: entity.nameSpan };
    for (const view of views) {
      yield { name: view.name, kind: 'view', path, span: view.nameSpan };
      for (const feature of view.features) {
        yield { name: feature.name, kind: 'feature', path, span: feature.nameSpan, container: view.name };
      }
    }
    for (const service of services)
      yield { name: service.name, kind: 'feature-service', path, span: service.nameSpan };
  }
}
