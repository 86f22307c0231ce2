/** What a definition names that only the files beside it tell. */
import type { FileText } from '../text/file-text.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';

export type ReadText = (path: string) => FileText;

export interface WrittenName {
  readonly kind: 'task' | 'param' | 'axis' | 'path';
  /** Of a path: relative to the project. */
  readonly name: string;
  /** Of a value the chain above it, of an axis the task. */
  readonly owner?: string;
  /** Whose it is; absent: the project's. */
  readonly file?: string;
  readonly span: Span;
  /** Of a definition: all of it. */
  readonly whole?: Span;
  /** Of a path: the folder that it is written from. */
  readonly base?: string;
  /** Other words than the name stand there, which can't be changed with it. */
  readonly fixed?: true;
}

/** A file with names in it. */
export interface NamedText {
  readonly path: string;
  readonly tree: SyntaxTree;
  readonly names: readonly WrittenName[];
}

export interface Names {
  readonly own: readonly WrittenName[];
  /** In files that are no definitions. Read when it is asked for. */
  beside(): readonly NamedText[];
}
