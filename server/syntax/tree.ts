/**
 * The syntax tree of a definition file: plain values with exact spans. Nothing above this layer sees the `yaml` library.
 */

import type { Numeral } from '../base/numeral.js';

/** Half-open interval `[start, end)` of a text, in UTF-16 code units from its beginning. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ScalarStyle = 'plain' | 'single-quoted' | 'double-quoted' | 'literal' | 'folded';

export interface ScalarNode {
  readonly kind: 'scalar';
  /** The source text, quotes and block headers included. */
  readonly span: Span;
  /** The value as YAML 1.2's core schema resolves it. */
  readonly value: string | number | boolean | null;
  /** The decoded string before it was resolved to a number, a boolean or null. */
  readonly text: string;
  readonly style: ScalarStyle;
  /** The parts of the text, when it holds at least one `${{ … }}`. */
  readonly template?: Template;
}

export interface MapEntry {
  readonly key: ScalarNode;
  /** `null` where nothing stands after the colon. */
  readonly value: SyntaxNode | null;
  /** From the key to the end of the value. */
  readonly span: Span;
}

export interface MapNode {
  readonly kind: 'map';
  readonly span: Span;
  readonly flow: boolean;
  readonly entries: readonly MapEntry[];
}

export interface SequenceNode {
  readonly kind: 'sequence';
  readonly span: Span;
  readonly flow: boolean;
  readonly items: readonly (SyntaxNode | null)[];
}

/** An alias (`*name`) is replaced by the node it names, whose spans stay where the anchor stands. */
export type SyntaxNode = ScalarNode | MapNode | SequenceNode;

export interface Comment {
  /** From `#` to the end of the line, the line break excluded. */
  readonly span: Span;
  readonly text: string;
}

export type SyntaxProblemCode = 'yaml' | 'duplicate-key' | 'expression';

export interface SyntaxProblem {
  readonly code: SyntaxProblemCode;
  readonly span: Span;
  readonly message: string;
  /** For `duplicate-key`: where the key stood first. */
  readonly related?: Span;
}

export interface SyntaxTree {
  readonly text: string;
  readonly root: SyntaxNode | null;
  readonly comments: readonly Comment[];
  readonly problems: readonly SyntaxProblem[];
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
}

/** A zero-based line and a character counted in UTF-16 code units, as in LSP. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

// ---------------------------------------------------------------------------------------------------------------------
// Expressions

/** A scalar's text cut into literal text and `${{ … }}`. */
export interface Template {
  readonly parts: readonly TemplatePart[];
}

export type TemplatePart = TextPart | ExpressionPart;

export interface TextPart {
  readonly kind: 'text';
  /** Decoded text. */
  readonly text: string;
}

export interface ExpressionPart {
  readonly kind: 'expression';
  /** The whole `${{ … }}` in the file (for a bare expression: the same as `inner`). */
  readonly span: Span;
  /** What stands between the braces. */
  readonly inner: Span;
  /** The decoded source between the braces. */
  readonly source: string;
  /** Always there; holds `missing` nodes where the source is broken. */
  readonly expression: Expression;
}

export type BinaryOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||';

export type Expression =
  | {
      readonly kind: 'literal';
      readonly span: Span;
      readonly value: string | number | Numeral | boolean | null;
    }
  /** A context at the root of a chain: `params`, `tasks`, … */
  | { readonly kind: 'name'; readonly span: Span; readonly name: string }
  /** `object.property`; `property` is `''` with an empty span where the name is still missing. */
  | {
      readonly kind: 'member';
      readonly span: Span;
      readonly object: Expression;
      readonly property: string;
      readonly propertySpan: Span;
    }
  /** `object[index]` */
  | { readonly kind: 'index'; readonly span: Span; readonly object: Expression; readonly index: Expression }
  /** `object.*` or `object[*]` */
  | { readonly kind: 'filter'; readonly span: Span; readonly object: Expression }
  /** `models.rain@production`: a model version by alias or by number. */
  | {
      readonly kind: 'at';
      readonly span: Span;
      readonly object: Expression;
      readonly selector: string;
      readonly selectorSpan: Span;
    }
  | {
      readonly kind: 'call';
      readonly span: Span;
      readonly name: string;
      readonly nameSpan: Span;
      readonly args: readonly Expression[];
    }
  | { readonly kind: 'not'; readonly span: Span; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly span: Span;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** Stands where an operand is missing, so that half-written text still has a tree. */
  | { readonly kind: 'missing'; readonly span: Span };
