/**
 * How a schema is written. Each key of the language is a TypeBox schema with a description and examples; what JSON Schema
 * has no word for (where expressions are legal, which names a string refers to) stands beside it in one vendor key.
 */
import { Type } from '@sinclair/typebox';
import type { TSchema, TUnsafe } from '@sinclair/typebox';
import type { PathPatterns } from '../text/paths.js';
import type { ExpressionPlace, StructuralCode } from '../definition.js';

export const HINT = 'x-modelyard';

/** What a string names, for completion, definition and references. */
export type NameTarget =
  | 'path'
  | 'glob'
  | 'task'
  | 'pipeline'
  | 'executor'
  | 'environment'
  | 'target'
  | 'model'
  | 'alias'
  | 'package'
  | 'service'
  | 'secret'
  | 'entity'
  | 'view'
  | 'feature'
  | 'feature-service'
  | 'owner'
  | 'column'
  | 'value'
  | 'rule';

export interface Hint {
  /** Expressions are evaluated here, with what is legal at this place. */
  readonly place?: ExpressionPlace;
  /** The string is an expression even without `${{ }}`. */
  readonly bare?: boolean;
  /** Of a text: what YAML reads as something else is none. Of a map: its keys are texts, and none of them is `x-…`. */
  readonly exact?: boolean;
  /** Text for people: `${{` in it means nothing and is no mistake. */
  readonly prose?: boolean;
  readonly format?: 'duration' | 'bytes' | 'regex';
  /** The code of the problem when a pattern or format doesn't match; `value` otherwise. */
  readonly code?: StructuralCode;
  /** For messages: "a duration such as 30m". */
  readonly expects?: string;
  readonly names?: NameTarget;
  /** What a path may be beside a plain one. Default: `globs` for a glob, `none` for a path. */
  readonly patterns?: PathPatterns;
  /** A path may have been given for this map of them, without a name: what each of them is. */
  readonly unnamed?: string;
  /** One of the forms of a param: which one is meant is told by `paramForm`. */
  readonly param?: 'long' | 'group';
  /** Results of this map are kept per node, and its expressions are collected on their own. */
  readonly unit?: boolean;
  /** What completion inserts after the key (a snippet in VS Code's syntax). */
  readonly snippet?: string;
}

type Extras = Readonly<Record<string, unknown>>;

/** A schema with a hint merged into the one it has. */
export function hinted<T extends TSchema>(schema: T, hint: Hint): T {
  return { ...schema, [HINT]: { ...hintOf(schema), ...hint } };
}

export function hintOf(schema: TSchema): Hint {
  return (schema[HINT] as Hint | undefined) ?? {};
}

/** A required key: schema, what it is for, and at least one example. */
export function key<T extends TSchema>(
  schema: T,
  description: string,
  examples: readonly unknown[],
  extras: Extras = {},
): T {
  return { ...schema, description, examples, ...extras };
}

/** An optional key. */
export function opt<T extends TSchema>(
  schema: T,
  description: string,
  examples: readonly unknown[],
  extras: Extras = {},
) {
  return Type.Optional(key(schema, description, examples, extras));
}

/** One of these words. */
export function oneOf<const T extends readonly string[]>(words: T): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', enum: words });
}
