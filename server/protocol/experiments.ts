/** The runs of a project as a table: pages of rows, by column, in an order and narrowed as the *Experiments* tab asks for it. */
import type { RunStatus } from '../base/runs/task-outcome.js';
import type { Answer } from './models.js';

export interface ExperimentSort {
  /** As in a filter: `created`, `params.epochs`, `metrics.train.loss:min`. */
  readonly column: string;
  readonly descending: boolean;
}

/** What the table is narrowed to, and its order. */
export interface ExperimentQuery {
  /** `metrics.accuracy > 0.8 and params.epochs < 300 or tag.keep`: the grammar of `server/base/runs/filter.ts`. */
  readonly filter?: string;
  /** Words that all have to occur. */
  readonly text?: string;
  readonly pipeline?: string;
  readonly statuses?: readonly RunStatus[];
  /** ISO 8601. */
  readonly since?: string;
  /** Also archived runs. */
  readonly archived?: boolean;
  /** The most important first; then the newest first. */
  readonly sort: readonly ExperimentSort[];
}

export interface ExperimentsParams extends ExperimentQuery {
  readonly projectUri: string;
  readonly columns: readonly string[];
  /** From 0. */
  readonly offset: number;
  /** At most 1,000 rows. */
  readonly limit: number;
  /** Also the columns that there are. */
  readonly catalogue?: boolean;
  /**
   * Where reading all runs takes a while and has not been done, answer from the newest ones: the page says so by `partial`, and
   * is to be asked for again. Only for the first rows of a table that is neither narrowed nor sorted.
   */
  readonly partial?: boolean;
}

/** A column that some runs have a value in, beside those that all have. */
export interface ExperimentColumn {
  /** As a filter names it: `params.epochs`, `metrics.train.loss`, `tag.keep`. */
  readonly id: string;
  readonly kind: 'param' | 'metric' | 'tag';
  /** `epochs`; of a metric with its task, `train.loss`. */
  readonly name: string;
  /** So many runs have one. */
  readonly runs: number;
  readonly numeric: boolean;
  /** Not all runs have the same. */
  readonly varies: boolean;
  /** Which way is better, told by its name. */
  readonly better?: 'higher' | 'lower';
}

/** A page of rows. A list for each thing, and in it one entry for each row. */
export interface ExperimentsPage {
  /** Only the newest runs have been read: what is said of all of them, `total` to `catalogue`, is said of these. */
  readonly partial?: true;
  /** Runs that pass. */
  readonly total: number;
  /** All runs, archived ones too. */
  readonly all: number;
  readonly offset: number;
  readonly ids: readonly string[];
  readonly pipelines: readonly string[];
  readonly statuses: readonly RunStatus[];
  /** Places in the page of rows that have a star, and of those that are archived. */
  readonly starred: readonly number[];
  readonly archived: readonly number[];
  readonly tracked: readonly number[];
  /** In the order of the columns that were asked for; null where a run has nothing. */
  readonly columns: readonly (readonly unknown[])[];
  readonly catalogue?: {
    /** At most 2,000, those that most runs have first. */
    readonly columns: readonly ExperimentColumn[];
    readonly pipelines: readonly string[];
    readonly users: readonly string[];
  };
  readonly problems: readonly string[];
}

/** What metrics were while runs went on. */
export interface ExperimentCurve {
  readonly id: string;
  /** With its task. */
  readonly metric: string;
  readonly steps: readonly number[];
  /** One for each step. */
  readonly values: readonly number[];
  /** So many were logged. */
  readonly total: number;
}

export interface ExperimentCurvesParams {
  readonly projectUri: string;
  /** At most 100. */
  readonly ids: readonly string[];
  /** With their tasks; at most 20. Empty: all. */
  readonly metrics: readonly string[];
  /** Of each curve, about; at most 1,000. */
  readonly points: number;
}

/** What people say of runs; what is not named stays. */
export interface MarkChange {
  readonly star?: boolean;
  readonly archived?: boolean;
  /** Empty: none any more. */
  readonly note?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Keys. */
  readonly untag?: readonly string[];
}

/**
 * | method | does |
 * |---|---|
 * | `modelyard/experiments` | a page of the table; refused with a place in `at` where the filter can't be read |
 * | `modelyard/experimentCurves` | logged values of some metrics of some runs, thinned out |
 * | `modelyard/markRuns` | stars, tags, notes and archives runs; refused in an untrusted workspace |
 */
export interface ExperimentRequests {
  'modelyard/experiments': {
    params: ExperimentsParams;
    result:
      | ({ readonly ok: true } & ExperimentsPage)
      /** @property at where in the filter, from 0 */
      | { readonly ok: false; readonly message: string; readonly at?: number };
  };
  'modelyard/experimentCurves': {
    params: ExperimentCurvesParams;
    result: {
      readonly curves: readonly ExperimentCurve[];
      /** Ids of runs whose logs are too long to be read for a picture. */
      readonly tooLong: readonly string[];
    };
  };
  'modelyard/markRuns': {
    params: { readonly projectUri: string; readonly ids: readonly string[]; readonly change: MarkChange };
    result: Answer;
  };
}
