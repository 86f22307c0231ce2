/**
 * What a task put out, kept by the fingerprint of everything that went into it. A port: the runner knows nothing of
 * disks, and every implementation passes one contract suite.
 */
import type { ContentHash, TaskOutcome } from '../../stores/runs/document.js';

/** One output in an entry. */
export interface CachedOutput {
  /** Relative to the project, `/` between names. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly hash: ContentHash;
  readonly bytes: number;
  /** In a folder. */
  readonly files?: number;
  /** A file that may be executed. */
  readonly executable?: boolean;
  /** The files of a folder that may be executed, relative to it. */
  readonly executables?: readonly string[];
  /** Permissions as it had them, of a file or of the folder itself. Absent in entries of earlier versions. */
  readonly mode?: number;
  /** Permissions of what is in a folder: of most files, of most folders, and of those that differ, by path. */
  readonly modes?: {
    readonly files: number;
    readonly folders: number;
    readonly others: Readonly<Record<string, number>>;
  };
}

export interface CacheEntry {
  readonly schema: number;
  /** `sha256:<hex>` */
  readonly fingerprint: ContentHash;
  readonly createdAt: string;
  /** The run and task that made it. */
  readonly runId: string;
  readonly taskId: string;
  readonly outputs: readonly CachedOutput[];
  readonly data: KeptOutcome;
}

/** What is known again of a task that is restored, beside the bytes. Its values and its note are its run's alone. */
export interface KeptOutcome extends Pick<TaskOutcome, 'metrics' | 'ranges' | 'checks'> {
  /** Those without bytes in the cache, too. */
  readonly artifacts: TaskOutcome['outputs'];
}

/** Something went wrong that costs nothing but time; in words. */
export interface CacheProblem {
  readonly ok: false;
  /** `damaged`: the cache's copy was not what it should be and is gone now. `changed`: the output, while it was stored. */
  readonly reason: 'damaged' | 'changed' | 'missing' | 'failed' | 'cancelled';
  readonly message: string;
}

export interface ApplyOptions {
  /** Only these paths; default all. */
  readonly only?: readonly string[];
  /**
   * Takes away what is in the place of an output and is not that output: the cache removes nothing that it has not made.
   * Default: then it is not restored.
   */
  readonly makeWay?: (path: string) => Promise<void> | void;
  /** Read large files fully again, even when nothing says that they changed. */
  readonly verify?: boolean;
  readonly signal?: AbortSignal;
}

export interface CacheHit {
  readonly entry: CacheEntry;
  /**
   * Puts the outputs into the project, each by one rename; what is already there and unchanged is left alone. When it
   * fails the task has to run: the hit was none.
   */
  apply(
    options?: ApplyOptions,
  ): Promise<{ readonly ok: true; readonly restored: readonly string[] } | CacheProblem>;
}

export interface StoreRequest {
  readonly fingerprint: ContentHash;
  readonly runId: string;
  readonly taskId: string;
  /** Each with the hash that was recorded: other content is not stored under this fingerprint. */
  readonly outputs: readonly { readonly path: string; readonly hash: ContentHash }[];
  readonly data: KeptOutcome;
  readonly signal?: AbortSignal;
}

export interface Cache {
  /** Cheap and without side effects, for plans. */
  lookup(fingerprint: ContentHash): CacheHit | undefined;
  /** All or nothing: an entry becomes visible by one rename when everything it names is there. Never throws. */
  store(request: StoreRequest): Promise<{ readonly ok: true; readonly entry: CacheEntry } | CacheProblem>;
  /** Tells that an entry was of use without being applied, so that it is among the last to be evicted. Never throws. */
  touch(fingerprint: ContentHash): void;
  /**
   * Call for outputs that stay when their task runs again: one that shares its bytes with the cache would be changed
   * there, or could not be written. It is made a private, writable copy.
   */
  release(paths: readonly string[]): Promise<void>;
  /** Whether it has all bytes of a file or folder. Looks at sizes and names only. */
  keeps(hash: ContentHash, folder: boolean): boolean;
  /** Where the bytes of an output are, to be shown when the project's copy has changed; `undefined` for folders and misses. */
  locate(hash: ContentHash): string | undefined;
}
