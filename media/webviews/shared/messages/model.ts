/** What the panels about models and their webviews say to each other. Types only. */
import type { ComparisonView, LineageView, ModelHistoryEntry } from '../../../../server/protocol/index.js';

/** An alias that would move from the first version of a comparison to the second. */
export interface Proposal {
  readonly action: 'set-alias' | 'roll-back';
  readonly alias: string;
  readonly from: string;
  readonly to: string;
}

/** Panel → comparison of versions. */
export type ToVersions =
  | {
      readonly type: 'comparison';
      readonly comparison: ComparisonView;
      readonly proposal?: Proposal;
      readonly canChange: boolean;
    }
  | { readonly type: 'missing'; readonly message: string }
  /** It was not done, and the person has been told why. */
  | { readonly type: 'refused' };

/** Comparison of versions → panel. */
export type FromVersions =
  | { readonly type: 'ready' }
  | { readonly type: 'openVersion'; readonly model: string; readonly version: string }
  | { readonly type: 'openRun'; readonly id: string }
  | { readonly type: 'confirm'; readonly reason: string }
  | { readonly type: 'cancel' };

/** Panel → history. */
export type ToHistory =
  | {
      readonly type: 'history';
      readonly model: string;
      readonly version?: string;
      readonly entries: readonly ModelHistoryEntry[];
      readonly more: boolean;
    }
  | { readonly type: 'missing'; readonly model: string; readonly version?: string; readonly message: string };

/** History → panel. */
export type FromHistory =
  | { readonly type: 'ready' }
  | { readonly type: 'more' }
  | { readonly type: 'openRun'; readonly id: string }
  | { readonly type: 'openVersion'; readonly version: string };

/** Panel → lineage. */
export type ToLineage =
  | { readonly type: 'lineage'; readonly title: string; readonly lineage: LineageView }
  | { readonly type: 'missing'; readonly title: string; readonly message: string };

/** Lineage → panel. */
export type FromLineage =
  | { readonly type: 'ready' }
  | { readonly type: 'openRun'; readonly id: string }
  | { readonly type: 'openVersion'; readonly model: string; readonly version: string }
  | { readonly type: 'openView'; readonly view: string }
  | { readonly type: 'openService'; readonly environment: string; readonly name: string }
  | { readonly type: 'openFile'; readonly uri: string };
