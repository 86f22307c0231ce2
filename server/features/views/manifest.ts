/** What is known of one version of a feature view. Written once, with the data, and never changed. */
import type { Json } from '../../definition/definition.js';
import type { ContentHash } from '../../stores/runs/document.js';
import type { DocumentKind } from '../../stores/disk/document.js';
import type { Statistics } from '../statistics/types.js';

export type ColumnRole = 'key' | 'timestamp' | 'created' | 'feature';

export interface ManifestColumn {
  readonly name: string;
  /** DuckDB's name of it: `DOUBLE`. */
  readonly type: string;
  readonly role: ColumnRole;
}

export interface SourceRecord {
  /** Relative to the project. */
  readonly path: string;
  readonly hash: ContentHash;
  readonly bytes: number;
}

export interface ExpectationOutcome {
  /** The feature it is about; absent: the view as a whole. */
  readonly feature?: string;
  /** Its key in the definition: `not-null`, `row-count`, … */
  readonly expectation: string;
  /** In words: `rain_7d is at least 0`. */
  readonly text: string;
  readonly severity: 'warning' | 'error';
  readonly passed: boolean;
  /** Rows that break it. */
  readonly failures?: number;
  readonly detail?: string;
  /** The first rows that break it: keys, timestamp and the value in question. */
  readonly sample?: readonly Readonly<Record<string, Json>>[];
}

export interface Manifest {
  readonly schema: 1;
  readonly view: string;
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Hash of what decides the data in the definition, and of the way in which this version of Modelyard computes it. */
  readonly definition: ContentHash;
  readonly columns: readonly ManifestColumn[];
  readonly rows: number;
  /** Of the Parquet file. */
  readonly bytes: number;
  /** Of the Parquet file, which is the same for the same rows. */
  readonly hash: ContentHash;
  /** Of the timestamps, ISO 8601 in UTC; absent when there are no rows. */
  readonly range?: { readonly from: string; readonly to: string };
  readonly sources: readonly SourceRecord[];
  /** Only rows of this range were computed; the others are those of the version before. */
  readonly partial?: { readonly from?: string; readonly to?: string };
  /** What the next append needs to know; absent where it can't append. */
  readonly append?: AppendState;
  readonly expectations: readonly ExpectationOutcome[];
  /** Of the features. */
  readonly statistics: Statistics;
  readonly durationMs: number;
  readonly notes: readonly string[];
}

export interface AppendState {
  /** Types that the source's columns had. */
  readonly types: readonly { readonly name: string; readonly type: string }[];
  /** Columns of the source that held no value. */
  readonly empty: readonly string[];
}

/** How the last try to compute a view ended. */
export interface Attempt {
  readonly schema: 1;
  readonly at: string;
  readonly ok: boolean;
  /** What went wrong. */
  readonly message?: string;
  readonly expectations: readonly ExpectationOutcome[];
}

/** Which version of a view is current. */
export interface Pointer {
  readonly schema: 1;
  readonly view: string;
  readonly version: number;
}

/** Somebody who needs versions of views: a training set, a model version. */
export interface Pin {
  readonly schema: 1;
  /** `training-set:data/training.csv`, `model:rain@3`. */
  readonly owner: string;
  readonly at: string;
  readonly uses: readonly { readonly view: string; readonly version: number }[];
}

type Raw = Readonly<Record<string, unknown>>;

function needs(...names: readonly string[]): (value: Raw) => string | undefined {
  return (value) => {
    const missing = names.find((name) => value[name] === undefined);
    return missing === undefined ? undefined : `it has no "${missing}"`;
  };
}

export const MANIFEST: DocumentKind<Manifest> = {
  name: 'feature version',
  schema: 1,
  migrations: {},
  check: needs(
    'view',
    'version',
    'definition',
    'columns',
    'rows',
    'bytes',
    'hash',
    'sources',
    'expectations',
  ),
};

export const POINTER: DocumentKind<Pointer> = {
  name: 'current feature version',
  schema: 1,
  migrations: {},
  check: ({ version, view }) =>
    typeof view === 'string' && typeof version === 'number' && Number.isInteger(version) && version > 0
      ? undefined
      : 'it names no version',
};

export const ATTEMPT: DocumentKind<Attempt> = {
  name: 'last try of a feature view',
  schema: 1,
  migrations: {},
  check: needs('at', 'ok', 'expectations'),
};

export const PIN: DocumentKind<Pin> = {
  name: 'use of feature versions',
  schema: 1,
  migrations: {},
  check: needs('owner', 'uses'),
};
