/** What a features file says. */
import type { Span } from '../syntax/tree.js';
import type { Json, Located } from './definition.js';
import type { TableOptions } from './table-options.js';

/** What a definition says of itself to people. */
interface About {
  readonly description?: string;
  readonly owner?: Located<string>;
  readonly tags: Json;
}

export interface Entity extends About {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
  readonly keys: readonly Located<string>[];
  /** Of the keys. */
  readonly type?: 'string' | 'integer' | 'long';
}

export interface FeatureSource {
  /** A path or a glob, relative to the project. */
  readonly path?: Located<string>;
  readonly format?: 'csv' | 'parquet' | 'jsonl';
  readonly timestamp?: Located<string>;
  readonly created?: Located<string>;
  /** Name in the data → name in the view. */
  readonly fieldMapping: readonly { readonly from: Located<string>; readonly to: Located<string> }[];
  /** How its files are written. */
  readonly options: TableOptions;
}

export interface Feature {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
  readonly type?: Located<string>;
  readonly description?: string;
  readonly tags: Json;
  /** As written. */
  readonly expect?: Located<Json>;
}

export interface FeatureView extends About {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
  readonly entities: readonly Located<string>[];
  readonly source?: FeatureSource;
  /** SQL queries, each over the result of the one before. */
  readonly transforms: readonly Located<string>[];
  readonly ttlMs?: number;
  readonly mode: 'full' | 'append';
  /** Whether the latest values are kept for look-ups. */
  readonly online: boolean;
  readonly features: readonly Feature[];
  /** As written. */
  readonly expect?: Located<Json>;
}

/** `view:feature`, or a whole view. */
export interface FeatureReference {
  readonly span: Span;
  readonly view: Located<string>;
  readonly feature?: Located<string>;
}

export interface FeatureService extends About {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
  readonly features: readonly FeatureReference[];
}

/** A person or a team; the value is the name that `owner` gives. */
export interface FeatureOwner extends Located<string> {
  readonly fullName?: string;
  readonly email?: string;
  readonly description?: string;
}

export interface Features {
  readonly path: string;
  readonly description?: string;
  readonly entities: readonly Entity[];
  readonly views: readonly FeatureView[];
  readonly services: readonly FeatureService[];
  readonly owners: readonly FeatureOwner[];
}
