/** What is known of the values of a feature: made once per version, kept in its manifest, shown and compared. Plain JSON. */

/** Raised when the shape changes. */
export const STATISTICS_SCHEMA = 1;

/** The quantiles that are kept, of `NumberStatistics.quantiles`. */
export const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;

/** How many values are in each bin; bin `i` is (edge i-1, edge i], the first one begins at minus infinity. */
export interface Bins {
  /** Upper ends, increasing; no value of the data that they were made for is above the last. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Of numbers, and of moments in seconds since 1970. NaN and infinite values are only counted. */
export interface NumberStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the sample; 0 where there is one value. */
  readonly std: number;
  /**
   * At `QUANTILES`: the lowest value that so many are not above. Of more than 40,000 rows those of a sample: some tenths of a
   * percent of the rows off.
   */
  readonly quantiles: readonly number[];
  /** Bins of equal width, to be looked at. `min` is where the first one begins. */
  readonly histogram: Bins;
  /** Bins of about equal count, at most 101, to be compared with others. */
  readonly distribution: Bins;
}

export interface CategoryStatistics {
  /** The commonest, at most 100, the commonest first; texts are cut after 256 characters. */
  readonly top: readonly { readonly value: string; readonly count: number }[];
  /** Rows with a value that is not among them. */
  readonly others: number;
}

export type FeatureKind = 'number' | 'category' | 'time' | 'other';

export interface FeatureStatistics {
  readonly name: string;
  /** DuckDB's name: `DOUBLE`, `VARCHAR`. */
  readonly type: string;
  readonly kind: FeatureKind;
  readonly count: number;
  readonly nulls: number;
  /** NaN and infinite ones among the others. */
  readonly notFinite?: number;
  /** Different values; nothing where they can't be compared (lists). */
  readonly distinct?: number;
  /** `distinct` is an estimate, which may be a fifth off. */
  readonly approximate?: true;
  /** Of kinds `number` and `time`, where there is a value. */
  readonly numbers?: NumberStatistics;
  /** Of kind `category`. */
  readonly categories?: CategoryStatistics;
  /** Beside `Statistics.time`: nulls, and the mean of numbers, of each step. */
  readonly overTime?: { readonly nulls: readonly number[]; readonly means?: readonly (number | null)[] };
}

/** Rows without a value: nulls, NaN and infinite ones. */
export function missingOf({ nulls, notFinite = 0 }: FeatureStatistics): number {
  return nulls + notFinite;
}

export interface OverTime {
  /** ISO 8601, UTC. */
  readonly from: string;
  readonly to: string;
  /** Of a step, in seconds. Steps are aligned to 1970. */
  readonly stepSeconds: number;
  /** Where each step begins, ISO 8601; without those that have no row. */
  readonly starts: readonly string[];
  readonly counts: readonly number[];
}

/** Whether rows of one key, in the order of the version, come one after the other. */
export interface RowOrder {
  /** By their timestamps: no two have the same. */
  readonly events: boolean;
  /** By the moment from which each can be seen, the later one of timestamp and created. */
  readonly seen: boolean;
}

export interface Statistics {
  readonly schema: number;
  readonly rows: number;
  /** Where there is a timestamp. */
  readonly time?: OverTime;
  /** Of a version. */
  readonly order?: RowOrder;
  readonly features: readonly FeatureStatistics[];
}
