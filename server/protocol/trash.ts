/** What runs have set aside, as views show it. Putting it back and removing it is the command line's (`modelyard trash`). */

/** Something that a run set aside. */
export interface TrashEntry {
  readonly projectUri: string;
  /** As `modelyard trash` takes it. */
  readonly id: string;
  /** The run that set it aside. */
  readonly run: string;
  /** Absent when that run was deleted. */
  readonly pipeline?: string;
  readonly task: string;
  /** Where it was, relative to the project. */
  readonly path: string;
  /** `found`: no run is known to have made it. `half-made`: its task did not succeed. `before`: an earlier output. */
  readonly reason: 'found' | 'half-made' | 'before';
  /** ISO. */
  readonly at: string;
  /** Where it is now. */
  readonly uri: string;
  readonly mime: string;
  /** Of a file. */
  readonly bytes?: number;
  /** Nothing is where it was. */
  readonly free: boolean;
}

/**
 * | method | does |
 * |---|---|
 * | `modelyard/trash` | lists what all runs have set aside, the newest first |
 */
export interface TrashRequests {
  'modelyard/trash': {
    params: Record<string, never>;
    result: { readonly entries: readonly TrashEntry[] };
  };
}
