/** What the panels of the feature store and their webviews say to each other. Types only. */
import type {
  RowsFilter,
  RowsPage,
  RowsSort,
  VersionsDrift,
  ViewProfile,
  ViewVersion,
} from '../../../../server/protocol/index.js';

/** Panel → preview webview. */
export type ToPreview =
  | { readonly type: 'start'; readonly view: string; readonly version: ViewVersion }
  | { readonly type: 'rows'; readonly id: number; readonly offset: number; readonly page: RowsPage }
  | { readonly type: 'problem'; readonly id: number; readonly message: string }
  /** Another version has become the current one. */
  | { readonly type: 'newer'; readonly version: ViewVersion }
  | { readonly type: 'missing'; readonly message: string };

/** Preview webview → panel. */
export type FromPreview =
  | { readonly type: 'ready' }
  | {
      readonly type: 'rows';
      /** Comes back with the answer. */
      readonly id: number;
      readonly offset: number;
      readonly limit: number;
      readonly sort?: RowsSort;
      readonly filters: readonly RowsFilter[];
    }
  | { readonly type: 'cancel' }
  | { readonly type: 'reload' }
  | { readonly type: 'profile' };

/** Panel → profile webview. */
export type ToProfile =
  | { readonly type: 'profile'; readonly profile: ViewProfile; readonly canRun: boolean }
  | { readonly type: 'comparing'; readonly version: number }
  | { readonly type: 'drift'; readonly drift: VersionsDrift }
  | { readonly type: 'problem'; readonly message: string }
  | { readonly type: 'missing'; readonly message: string };

/** Profile webview → panel. */
export type FromProfile =
  | { readonly type: 'ready' }
  | { readonly type: 'compare'; readonly version: number | undefined }
  | { readonly type: 'preview' }
  | { readonly type: 'materialize' };
