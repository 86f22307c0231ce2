/** Data of a DVC project, as the sidebar shows it. Bringing it back is the command line's (`modelyard dvc`). */

/** A file or folder that DVC keeps. */
export interface DvcDataItem {
  readonly projectUri: string;
  /** Relative to the project. */
  readonly path: string;
  readonly uri: string;
  /** The stage that makes it, or the `.dvc` file that tracks it, as DVC calls it. */
  readonly owner: string;
  /** As the record has it. */
  readonly bytes?: number;
  /** Of a folder. */
  readonly files?: number;
  /**
   * `same`: as it is recorded. `changed`: another than that. `cached`: not here, and in the cache. `missing`: neither here nor
   * in the cache. `unread`: here, and too large to be read for a view.
   */
  readonly state: 'same' | 'changed' | 'cached' | 'missing' | 'unread';
}

/**
 * | method | does |
 * |---|---|
 * | `modelyard/dvcData` | lists what DVC keeps in a project, by path |
 */
export interface DvcRequests {
  'modelyard/dvcData': {
    params: { readonly projectUri: string };
    /** `problem`: why nothing of it can be told. */
    result: { readonly items: readonly DvcDataItem[]; readonly problem?: string };
  };
}
