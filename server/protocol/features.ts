/**
 * The part of the protocol that is about the feature store. Types only, as in index.ts, which passes them on.
 *
 * Names and words are Feast's: entities, feature views, feature services, training sets.
 */
import type { Answer } from './models.js';

interface Range {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

/** Where something is defined. */
export interface FeaturePlace {
  readonly projectUri: string;
  /** Of the features file. */
  readonly uri: string;
  /** The name. */
  readonly range: Range;
}

export interface EntityItem extends FeaturePlace {
  readonly name: string;
  readonly keys: readonly string[];
  readonly description?: string;
  readonly owner?: string;
}

export interface FeatureItem extends FeaturePlace {
  readonly name: string;
  readonly view: string;
  readonly type?: string;
  readonly description?: string;
  /** Share of rows without a value, 0 to 1, of the current version. */
  readonly nulls?: number;
  /** Messages of expectations that did not hold. */
  readonly broken: readonly string[];
}

export interface ViewVersion {
  readonly version: number;
  /** ISO 8601. */
  readonly at: string;
  readonly rows: number;
  readonly bytes: number;
  /** ISO 8601: the newest row's timestamp. */
  readonly newest?: string;
}

/**
 * `failed`: the last try to materialize it did not succeed; `stale`: its definition or its sources have changed since;
 * `unknown`: that can't be told without reading big files.
 */
export type ViewFreshness = 'fresh' | 'stale' | 'never' | 'failed' | 'unknown';

export interface FeatureViewItem extends FeaturePlace {
  readonly name: string;
  readonly entities: readonly string[];
  readonly description?: string;
  readonly owner?: string;
  readonly source?: string;
  readonly ttlMs?: number;
  readonly features: readonly FeatureItem[];
  readonly freshness: ViewFreshness;
  /** Why it is stale or has failed, in words. */
  readonly reason?: string;
  readonly current?: ViewVersion;
  /** Numbers of the versions that are kept, the newest first. */
  readonly versions: readonly number[];
  /** Expectations of the view as a whole that did not hold. */
  readonly broken: readonly string[];
  /** Findings of severity error in its lines. */
  readonly errors: number;
}

/** Who takes the features of a service. */
export type ServiceUser =
  | {
      readonly kind: 'pipeline';
      readonly name: string;
      readonly task: string;
      readonly uri: string;
      readonly range: Range;
    }
  | { readonly kind: 'model'; readonly name: string; readonly version: string };

export interface FeatureServiceItem extends FeaturePlace {
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  /** `view:feature`, or a whole view by its name. */
  readonly features: readonly string[];
  readonly usedBy: readonly ServiceUser[];
}

/** `modelyard/features` → what the features files of all projects define. Files are looked at; nothing is spawned. */
export interface FeaturesResult {
  readonly entities: readonly EntityItem[];
  readonly views: readonly FeatureViewItem[];
  readonly services: readonly FeatureServiceItem[];
}

/** A view of a project; of its versions the current one unless said otherwise. */
export interface ViewRef {
  readonly projectUri: string;
  readonly view: string;
  readonly version?: number;
}

export interface WireBins {
  /** Upper ends, increasing. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export interface FeatureProfile {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
  readonly kind: 'number' | 'category' | 'time' | 'other';
  readonly description?: string;
  readonly count: number;
  readonly nulls: number;
  readonly distinct?: number;
  /** `distinct` is an estimate. */
  readonly approximate?: boolean;
  /** Of numbers, and of moments in seconds since 1970. */
  readonly numbers?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly std: number;
    readonly quantiles: readonly { readonly at: number; readonly value: number }[];
    readonly histogram: WireBins;
  };
  readonly top?: readonly { readonly value: string; readonly count: number }[];
  /** Rows with a value that is not among the top ones. */
  readonly others?: number;
  /** Beside `ViewProfile.time`. */
  readonly overTime?: { readonly nulls: readonly number[]; readonly means?: readonly (number | null)[] };
}

export interface ViewProfile {
  readonly projectUri: string;
  readonly view: string;
  readonly description?: string;
  readonly version: ViewVersion;
  readonly versions: readonly number[];
  readonly freshness: ViewFreshness;
  readonly reason?: string;
  readonly time?: {
    readonly from: string;
    readonly to: string;
    readonly stepSeconds: number;
    readonly starts: readonly string[];
    readonly counts: readonly number[];
  };
  readonly features: readonly FeatureProfile[];
  readonly expectations: readonly {
    readonly text: string;
    readonly feature?: string;
    readonly passed: boolean;
    readonly severity: 'warning' | 'error';
    readonly detail?: string;
  }[];
}

/** A bin that drift was measured in, with counts of both sides. */
export interface DriftBinView {
  /** `below` and `above`: beyond all values of the reference. `others`: values that are not listed. */
  readonly part: 'below' | 'range' | 'above' | 'value' | 'others' | 'missing';
  readonly from?: number;
  readonly to?: number;
  readonly value?: string;
  readonly reference: number;
  readonly current: number;
}

/** How far a feature has moved from one version to another. */
export interface FeatureDriftView {
  readonly name: string;
  readonly drifted: boolean;
  readonly reasons: readonly string[];
  readonly psi?: number;
  readonly ks?: number;
  readonly jensenShannon?: number;
  /** Highest probability that it is chance. */
  readonly p?: number;
  readonly nulls: { readonly reference: number; readonly current: number };
  readonly bins: readonly DriftBinView[];
}

export interface VersionsDrift {
  readonly reference: ViewProfile;
  readonly drift: readonly FeatureDriftView[];
  readonly notCompared: readonly { readonly name: string; readonly why: string }[];
}

export interface RowsSort {
  readonly column: string;
  readonly descending: boolean;
}

/** `text` as it is typed: `> 5`, `<= 3`, `= rain`, `!= x`, `null`, `!null`, and else what the value contains. */
export interface RowsFilter {
  readonly column: string;
  readonly text: string;
}

export interface RowsParams extends ViewRef {
  readonly offset: number;
  /** At most 1,000. */
  readonly limit: number;
  readonly sort?: RowsSort;
  readonly filters: readonly RowsFilter[];
}

export interface RowsPage {
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly role: 'key' | 'timestamp' | 'created' | 'feature';
  }[];
  readonly rows: readonly (readonly unknown[])[];
  /** Rows that pass the filters. */
  readonly total: number;
  readonly version: number;
}

/**
 * | method | params | result |
 * |---|---|---|
 * | `modelyard/features` | `{}` | `FeaturesResult` |
 * | `modelyard/viewProfile` | `ViewRef` | `Answer<{ profile }>` |
 * | `modelyard/viewDrift` | `ViewRef`, `against` | `Answer<VersionsDrift>`: `against` is the reference |
 * | `modelyard/viewRows` | `RowsParams` | `Answer<RowsPage>`; cancelled, the query ends |
 * | `modelyard/draftFeatures` | `{ uri }` of a data file | `Answer<{ fileName, text }>` |
 */
export interface FeatureRequests {
  'modelyard/features': { params: Record<string, never>; result: FeaturesResult };
  'modelyard/viewProfile': { params: ViewRef; result: Answer<{ readonly profile: ViewProfile }> };
  'modelyard/viewDrift': { params: ViewRef & { readonly against: number }; result: Answer<VersionsDrift> };
  'modelyard/viewRows': { params: RowsParams; result: Answer<RowsPage> };
  'modelyard/draftFeatures': {
    params: { readonly uri: string };
    result: Answer<{ readonly fileName: string; readonly text: string }>;
  };
}
