/** What the *Experiments* panel and its webview say to each other. Types only. */
import type { ExperimentCurve, ExperimentQuery, ExperimentsPage } from '../../../../server/protocol/index.js';
import type { TableLayout } from '../experiments/table-layout.js';

/** Panel → webview. */
export type ToExperiments =
  | {
      readonly type: 'start';
      readonly project: string;
      /** As it was kept for the workspace; anybody could have written it. */
      readonly layout: unknown;
      readonly canRun: boolean;
    }
  | { readonly type: 'page'; readonly id: number; readonly page: ExperimentsPage }
  /** @property at where in the filter */
  | { readonly type: 'problem'; readonly id: number; readonly message: string; readonly at?: number }
  | {
      readonly type: 'curves';
      readonly id: number;
      readonly curves: readonly ExperimentCurve[];
      readonly tooLong: readonly string[];
    }
  /** Runs have changed: what is shown is to be asked for again. */
  | { readonly type: 'changed' }
  | { readonly type: 'trust'; readonly canRun: boolean };

/** What is done with runs. */
export type ExperimentAction =
  | 'showRun'
  | 'compareRuns'
  | 'starRun'
  | 'tagRun'
  | 'noteRun'
  | 'archiveRun'
  | 'rerun'
  | 'rerunWithParams'
  | 'registerRun'
  | 'copyRunId'
  | 'deleteRun';

/** Webview → panel. */
export type FromExperiments =
  | { readonly type: 'ready' }
  | {
      readonly type: 'rows';
      /** Comes back with the answer. */
      readonly id: number;
      readonly query: ExperimentQuery;
      readonly columns: readonly string[];
      readonly offset: number;
      readonly limit: number;
      readonly catalogue: boolean;
      /** The newest runs will do, where all of them are still to be read. */
      readonly partial?: boolean;
    }
  | {
      readonly type: 'curves';
      readonly id: number;
      readonly ids: readonly string[];
      readonly metrics: readonly string[];
      readonly points: number;
    }
  | { readonly type: 'layout'; readonly layout: TableLayout }
  | { readonly type: 'act'; readonly action: ExperimentAction; readonly ids: readonly string[] }
  | {
      readonly type: 'export';
      readonly query: ExperimentQuery;
      readonly columns: readonly string[];
    }
  /** A chart into a file. */
  | {
      readonly type: 'save';
      readonly name: string;
      readonly kind: 'svg' | 'png';
      /** Of an SVG its text, of a PNG its bytes in base64. */
      readonly content: string;
    };
