/** From a syntax tree to what the file defines. */
import type { MapEntry, SyntaxNode, SyntaxProblem, SyntaxTree } from '../syntax/tree.js';
import type { FileKind, Pipeline, ProjectSettings, StructuralProblem } from './definition.js';
import type { Features } from './features.js';
import { written } from './keys.js';
import { defaultName } from './names.js';
import { detectKind } from './ours.js';
import { readFeatures } from './read-features.js';
import { readParams } from './read-params.js';
import { readSettings } from './read-project.js';
import { readTask } from './read-task.js';
import {
  entriesOf,
  envOf,
  field,
  given,
  locatedText,
  mapOf,
  scalarOf,
  START,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import { schemaOf } from './schema/index.js';
import { PIPELINE_KINDS } from './schema/pipeline.js';
import { shapeOf } from './schema/shape.js';
import { checkTree } from './structure.js';
import type { CheckedTree } from './structure.js';

interface DefinitionBase {
  /** Relative to the project, `/` between names. */
  readonly path: string;
  readonly tree: SyntaxTree;
  /** What is wrong by the schema, in the order of the text. */
  readonly problems: readonly StructuralProblem[];
  /** The tree's own problems, and those of expressions that stand without `${{ }}`. */
  readonly syntaxProblems: readonly SyntaxProblem[];
}

export interface PipelineDefinition extends DefinitionBase {
  readonly kind: 'pipeline';
  readonly pipeline: Pipeline;
}

export interface FeaturesDefinition extends DefinitionBase {
  readonly kind: 'features';
  readonly features: Features;
}

export interface ProjectDefinition extends DefinitionBase {
  readonly kind: 'project';
  readonly settings: ProjectSettings;
}

export type Definition = PipelineDefinition | FeaturesDefinition | ProjectDefinition;

/**
 * Never throws: what is wrong is in `problems`, and everything else is read all the same.
 *
 * @param kind what the file is; found out from path and text when it isn't given.
 */
export function analyze(
  tree: SyntaxTree,
  path: string,
  kind: FileKind = detectKind(path, tree.text) ?? 'pipeline',
): Definition {
  const checked = checkTree(tree, shapeOf(schemaOf(kind)));
  const problems = [...checked.problems];
  const definition = read(kind, tree, path, checked, problems);
  problems.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  return definition;
}

function read(
  kind: FileKind,
  tree: SyntaxTree,
  path: string,
  checked: CheckedTree,
  problems: StructuralProblem[],
): Definition {
  const syntaxProblems = checked.syntax.length === 0 ? tree.problems : [...tree.problems, ...checked.syntax];
  const base = { path, tree, problems, syntaxProblems };
  switch (kind) {
    case 'pipeline':
      return { ...base, kind, pipeline: readPipeline(tree, path, checked, problems) };
    case 'features':
      return { ...base, kind, features: readFeatures(tree, path) };
    case 'project':
      return { ...base, kind, settings: readSettings(tree) };
  }
}

/** Of all defaults of a pipeline. More than a person writes takes; patterns come from files of anybody. */
const PATTERN_BUDGET = 500_000;

function readPipeline(
  tree: SyntaxTree,
  path: string,
  checked: CheckedTree,
  problems: StructuralProblem[],
): Pipeline {
  const root: SyntaxNode | undefined = mapOf(tree.root);
  const name = scalarOf(field(root, 'name'));
  const patterns = { left: PATTERN_BUDGET };
  const unitOf = (entry: MapEntry) => (entry.value === null ? undefined : checked.units.get(entry.value));
  const pipeline: Pipeline = {
    path,
    name: name === undefined || name.text === '' ? defaultName(path) : name.text,
    nameSpan: name?.span ?? START,
    kind: wordOf(field(root, 'kind'), PIPELINE_KINDS) ?? 'model-build',
    ...given('description', textOf(field(root, 'description'))),
    params: entriesOf(field(root, 'params')).flatMap((entry) => readParams(entry, problems, patterns)),
    env: envOf(field(root, 'env')),
    secrets: textsOf(field(root, 'secrets')),
    ...given('shell', locatedText(field(root, 'shell'))),
    tasks: entriesOf(field(root, 'tasks')).map((entry) => readTask(entry, unitOf(entry))),
    expressions: checked.sites,
  };
  return written(pipeline, root);
}
