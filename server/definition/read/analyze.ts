/** From a text, or from its tree, to what the file defines. */
import { runThrough } from '../../base/runs/steps.js';
import { parsing } from '../../syntax/parse.js';
import type { SyntaxTree } from '../../syntax/tree.js';
import type { FileKind } from '../definition.js';
import type { Definition } from '../dialects/dialect.js';
import { DIALECTS } from '../dialects/index.js';
import { detectKind } from '../detect/ours.js';
import { shapeOf } from '../schema/shape.js';
import { checkTree } from '../structure/structure.js';

export type {
  Definition,
  DvcDefinition,
  FeaturesDefinition,
  ParamsDefinition,
  PipelineDefinition,
  ProjectDefinition,
} from '../dialects/dialect.js';

/**
 * Reads a text as what it is known to be: what its expressions look like depends on that.
 *
 * @param previous the tree of an earlier version of the same file
 */
export function define(text: string, path: string, kind: FileKind, previous?: SyntaxTree): Definition {
  return runThrough(defining(text, path, kind, previous));
}

/** The same in steps, for who has others to answer in between. */
export function* defining(
  text: string,
  path: string,
  kind: FileKind,
  previous?: SyntaxTree,
): Generator<void, Definition> {
  const tree = yield* parsing(text, previous, DIALECTS[kind].template);
  yield;
  return yield* analyzing(tree, path, kind);
}

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
  return runThrough(analyzing(tree, path, kind));
}

function* analyzing(tree: SyntaxTree, path: string, kind: FileKind): Generator<void, Definition> {
  const dialect = DIALECTS[kind];
  const checked = checkTree(tree, shapeOf(dialect.schema));
  yield;
  const problems = [...checked.problems];
  const syntaxProblems = checked.syntax.length === 0 ? tree.problems : [...tree.problems, ...checked.syntax];
  const definition = dialect.read({ path, tree, problems, syntaxProblems }, checked, problems);
  problems.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  return definition;
}
