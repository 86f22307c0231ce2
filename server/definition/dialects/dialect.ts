/** What a kind of file is to everybody else: how it is known, how its text is cut, and how it is read. */
import type { TSchema } from '@sinclair/typebox';
import type { TemplateReader } from '../../syntax/expressions/template.js';
import type { Span, SyntaxProblem, SyntaxTree } from '../../syntax/tree.js';
import type { FileKind, Pipeline, ProjectSettings, StructuralProblem } from '../definition.js';
import type { Features } from '../features.js';
import type { NameTarget } from '../schema/hint.js';
import type { Names, ReadText } from './names.js';
import type { CheckedTree } from '../structure/structure.js';
import type { Top } from '../detect/top-level.js';

export interface DefinitionBase {
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

/** A `dvc.yaml`. */
export interface DvcDefinition extends DefinitionBase {
  readonly kind: 'dvc';
  /** As they are written: a group is one. */
  readonly stages: readonly { readonly name: string; readonly nameSpan: Span; readonly span: Span }[];
}

/** A file that pipelines take params from. It is ours only as far as they name it, and has no schema. */
export interface ParamsDefinition extends DefinitionBase {
  readonly kind: 'params';
}

export type Definition =
  PipelineDefinition | FeaturesDefinition | ProjectDefinition | DvcDefinition | ParamsDefinition;

/** A file that may be one of ours. */
export interface Candidate {
  /** Its name as it is spelt. */
  readonly name: string;
  /** The name in lower case, without `.yaml` or `.yml`. */
  readonly stem: string;
  readonly text: string;
  /** Read when it is first asked for. */
  readonly top: Top;
}

export interface Dialect<D extends Definition = Definition> {
  readonly kind: D['kind'] & FileKind;
  /** What such a file is called in a sentence. */
  readonly word: string;
  /** What it defines, in a sentence. */
  readonly defines: string;
  readonly detect: {
    /** Whether the name says that a file is one. */
    named(file: Candidate): boolean;
    /** What speaks against a file with such a name, in Markdown; `undefined`: it is one. */
    against?(file: Candidate): string | undefined;
    /** Whether a file with any other name is one by its content. */
    content?(file: Candidate): boolean;
  };
  /** Finds the expressions of a text while it is parsed. */
  readonly template: TemplateReader;
  readonly schema: TSchema;
  /** @param problems those of the schema; what reading finds besides is added */
  read(base: DefinitionBase, checked: CheckedTree, problems: StructuralProblem[]): D;
  /** What it names that only files beside it tell. */
  names?(definition: D, read: ReadText): Names;
  /** What a text at a place names, where its schema can't say so. @param path keys and indexes from the root */
  target?(path: readonly (string | number)[]): NameTarget | undefined;
}
