/** What the graph of a pipeline consists of. */
import type { Span } from '../../syntax/tree.js';
import type { Json, Output, Task, TemplateText } from '../definition.js';
import type { MatrixProblem } from './matrix.js';

export interface ResolvedPath {
  /** Normalised; absent when it can't be known here. */
  readonly path?: string;
  /** Decided on what the author wrote: the value of an expression is a path, whatever characters it has. */
  readonly glob: boolean;
  readonly text: TemplateText;
}

export interface ResolvedInput extends ResolvedPath {
  /** What is taken away from it. */
  readonly exclude: readonly ResolvedPath[];
  readonly optional: boolean;
}

export interface ResolvedOutput extends ResolvedPath {
  readonly role: 'output' | 'metrics' | 'plot';
  /** The declaration, for role `output`. */
  readonly output?: Output;
}

export interface Instance {
  /** The task's name, with `@` and the values of its cell when it has a matrix. */
  readonly id: string;
  readonly task: Task;
  readonly matrix: Readonly<Record<string, Json>>;
  readonly inputs: readonly ResolvedInput[];
  /** Metrics and plots included. */
  readonly outputs: readonly ResolvedOutput[];
}

export type EdgeReason =
  | {
      readonly kind: 'path';
      /** The input's path. */
      readonly path: string;
      readonly input: Span;
      readonly output: Span;
    }
  | { readonly kind: 'expression'; readonly span: Span }
  | { readonly kind: 'needs'; readonly span: Span }
  | NameReason;

/** A task uses by name what another one makes. */
export interface NameReason {
  readonly kind: 'name';
  /** What is used: `environment` stands for the release that is deployed there. */
  readonly what: 'package' | 'model' | 'environment' | 'service' | 'metrics' | 'view';
  readonly name: string;
  /** Where it is named. */
  readonly span: Span;
}

export interface Edge {
  /** Has to end first. */
  readonly from: string;
  readonly to: string;
  readonly reasons: readonly EdgeReason[];
}

/** One end of a clash of outputs. */
export interface OutputPlace {
  readonly instance: string;
  readonly task: string;
  readonly path: string;
  readonly span: Span;
}

export interface DuplicateOutput {
  readonly path: string;
  /** At least two; the same declaration twice when a matrix doesn't vary it. */
  readonly places: readonly OutputPlace[];
}

export interface NestedOutput {
  readonly outer: OutputPlace;
  readonly inner: OutputPlace;
}

export interface Graph {
  /** In the order of the definition. */
  readonly instances: readonly Instance[];
  readonly byId: ReadonlyMap<string, Instance>;
  /** Instances of a task, by the task's name. */
  readonly byTask: ReadonlyMap<string, readonly Instance[]>;
  readonly edges: readonly Edge[];
  /** Ids, each after what it waits for, else in the order of the definition; what is in or behind a cycle comes last. */
  readonly order: readonly string[];
  /** Ids; each begins at its member that is defined first. One per knot. */
  readonly cycles: readonly (readonly string[])[];
  readonly duplicateOutputs: readonly DuplicateOutput[];
  readonly nestedOutputs: readonly NestedOutput[];
  readonly matrixProblems: readonly MatrixProblem[];
  /** Edges that end at an instance. */
  incoming(id: string): readonly Edge[];
  /** Edges that begin at an instance. */
  outgoing(id: string): readonly Edge[];
}
