/** The values that definitions are made of, whatever they define. */
import type { Json } from '../base/json.js';
import type { Span, Template } from '../syntax/tree.js';

export type { Json } from '../base/json.js';

export interface Located<T> {
  readonly value: T;
  readonly span: Span;
}

/** A string of a definition that may hold expressions. */
export interface TemplateText {
  /** Decoded text as written, `${{ … }}` included. */
  readonly text: string;
  readonly span: Span;
  /** Present when the text holds at least one expression. */
  readonly template?: Template;
}

export interface EnvEntry {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: TemplateText;
  /** It is taken from whoever starts the run; `value` is the default, and empty where there is none. */
  readonly external?: { readonly default: boolean };
}

export interface SignatureColumn {
  readonly name: string;
  readonly type: string;
}

export interface Signature {
  readonly inputs: readonly SignatureColumn[];
  readonly outputs: readonly SignatureColumn[];
}

/** A value of free metadata, with the texts in it that hold expressions. */
export type MetadataValue =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'text'; readonly text: TemplateText }
  | { readonly kind: 'list'; readonly items: readonly MetadataValue[] }
  | { readonly kind: 'map'; readonly entries: readonly MetadataEntry[] };

export interface MetadataEntry {
  readonly name: string;
  readonly value: MetadataValue;
}
