/**
 * What is known of the data behind feature views, for rules and the editor. Someone else found it out, and not on the spot:
 * nothing here is asked for that isn't known already.
 */
import type { FeatureView } from '../features.js';
import type { LabelsFile } from '../training-set.js';

export interface KnownColumn {
  readonly name: string;
  /** DuckDB's name of the type (`BIGINT`, `VARCHAR`); absent where only the name is known. */
  readonly type?: string;
}

export interface SqlProblem {
  /** Which of the view's transforms, from 0. */
  readonly transform: number;
  /** A sentence. */
  readonly message: string;
  /** In the transform's text, in UTF-16 units. */
  readonly offset?: number;
}

/** Of a view as it is written now. */
export interface ViewFacts {
  /** The columns of the files, by the names that they have there. */
  readonly data?: readonly KnownColumn[];
  /** The columns after the field mapping and the transforms: what features and keys are taken from. */
  readonly result?: readonly KnownColumn[];
  /** What the engine says about a transform. */
  readonly problem?: SqlProblem;
  /** Why the first times can't be read, as a sentence with the way out. */
  readonly time?: string;
  /** What is odd about times that can be read, as a sentence. */
  readonly oddTime?: string;
}

export interface ExpectationResult {
  /** Absent: of the view as a whole. */
  readonly feature?: string;
  /** The key that it stands under: `not-null`, `row-count`. */
  readonly check: string;
  readonly severity: 'warning' | 'error';
  /** A sentence that says what does not hold, and where. */
  readonly message: string;
}

/** Statistics of one feature, for a glance. */
export interface FeatureGlance {
  readonly name: string;
  readonly type: string;
  /** Rows. */
  readonly count: number;
  readonly nulls: number;
  readonly distinct?: number;
  readonly numbers?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    /** Of bins of equal width from `min` to `max`. */
    readonly histogram: readonly number[];
  };
  /** Moments, in seconds since 1970, are shown as such. */
  readonly isTime?: boolean;
  readonly top?: readonly { readonly value: string; readonly count: number }[];
}

/** Of a view as it was materialized last. */
export interface ViewState {
  readonly version: string;
  /** ISO 8601: when it was made. */
  readonly at: string;
  readonly rows: number;
  /** ISO 8601: the newest row's timestamp. */
  readonly newest?: string;
  /** Why it would be made again, in words; absent where it is up to date or that isn't known. */
  readonly stale?: string;
  /** Expectations that did not hold. */
  readonly broken: readonly ExpectationResult[];
  readonly features: readonly FeatureGlance[];
}

/** The port through which rules and the editor ask. Answers are cheap and the same object until something changed. */
export interface FeatureFacts {
  /** @param path of the file that defines the view */
  viewFacts(path: string, view: FeatureView): ViewFacts | undefined;
  /**
   * The labels of a training set, as it reads them.
   * @param path of the file that names them
   */
  labelFacts(path: string, labels: LabelsFile): ViewFacts | undefined;
  viewState(view: string): ViewState | undefined;
}

const WHOLE = 'U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?';
const NUMBER = `${WHOLE}|DECIMAL\\(.*\\)|FLOAT|DOUBLE`;

/** What a declared type may be in the data, as DuckDB calls it: what becomes one of it without a loss. */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  string: new RegExp(`^(?:VARCHAR|JSON|UUID|ENUM.*|BOOLEAN|DATE|TIMESTAMP.*|${NUMBER})$`),
  integer: new RegExp(`^(?:VARCHAR|${WHOLE})$`),
  long: new RegExp(`^(?:VARCHAR|${WHOLE})$`),
  float: new RegExp(`^(?:VARCHAR|${NUMBER})$`),
  double: new RegExp(`^(?:VARCHAR|${NUMBER})$`),
  boolean: /^(?:VARCHAR|BOOLEAN)$/,
  date: /^(?:VARCHAR|DATE)$/,
  timestamp: /^(?:VARCHAR|DATE|TIMESTAMP.*)$/,
  list: /\]$/,
};

const BEST: readonly (readonly [RegExp, string])[] = [
  [/\[\d*\]$/, 'list'],
  [/^(?:BIGINT|UINTEGER|U?HUGEINT|UBIGINT)$/, 'long'],
  [/INT(?:EGER)?$/, 'integer'],
  [/^(?:FLOAT|REAL)$/, 'float'],
  [/^(?:DOUBLE|DECIMAL)/, 'double'],
  [/^BOOLEAN$/, 'boolean'],
  [/^DATE$/, 'date'],
  [/^TIMESTAMP/, 'timestamp'],
  [/^(?:VARCHAR|ENUM|UUID)/, 'string'],
];

/** Whether values of a column can be features of a declared type without a loss. True for types of which nothing is known. */
export function fitsType(declared: string, actual: string): boolean {
  const family = FAMILIES[declared];
  return family === undefined || /^"?NULL"?$/.test(actual) || family.test(actual);
}

/** The type that says best what a column holds; undefined where no feature can be made of it. */
export function featureTypeOf(actual: string): string | undefined {
  return BEST.find(([pattern]) => pattern.test(actual))?.[1];
}

/** Columns by the names that the view gives them. */
export function mappedColumns(view: FeatureView, data: readonly KnownColumn[]): KnownColumn[] {
  const names = new Map(view.source?.fieldMapping.map(({ from, to }) => [from.value, to.value]));
  return data.map((column) => ({ ...column, name: names.get(column.name) ?? column.name }));
}
