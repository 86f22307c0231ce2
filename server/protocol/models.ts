/**
 * The part of the protocol that is about the model registry. Types only, as in index.ts, which passes them on.
 *
 * Names and words are MLflow's: registered models, versions, aliases, tags.
 */

/** What a request gives: its value, or why not, in words for a person. */
export type Answer<T extends object = object> =
  ({ readonly ok: true } & T) | { readonly ok: false; readonly message: string };

/** A model of a project. */
export interface ModelRef {
  readonly projectUri: string;
  readonly model: string;
}

/** One version of it. */
export interface VersionRef extends ModelRef {
  /** Its number; where a request only reads, an alias or `latest` will do. */
  readonly version: string;
}

export interface MetricView {
  readonly key: string;
  readonly value: number;
  /** Which way is better, where the metric's name tells. */
  readonly better?: 'higher' | 'lower';
}

/** What lists show of a version. */
export interface VersionItem extends VersionRef {
  readonly status: 'PENDING_REGISTRATION' | 'READY' | 'FAILED_REGISTRATION';
  readonly createdAt: string;
  readonly createdBy: string;
  /** That point to it now. */
  readonly aliases: readonly string[];
  /** First line of its description. */
  readonly title?: string;
  readonly runId?: string;
  readonly pipeline?: string;
  /** The one that stands for all others: the same of every version of a model. */
  readonly mainMetric?: MetricView;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly framework?: string;
  /** Environments in which a service serves it or tries it now. Only in lists of versions. */
  readonly servedIn?: readonly string[];
  readonly deleted?: true;
}

/** In which order versions are listed. Versions without a number for the metric come last. */
export type VersionSort =
  | { readonly by: 'age'; readonly first: 'newest' | 'oldest' }
  | {
      readonly by: 'metric';
      /** Absent: the main metric of the model, the only one of which it is known what is best. */
      readonly metric?: string;
      readonly first: 'best' | 'highest' | 'lowest';
    };

/** What lists show of a model. */
export interface ModelItem extends ModelRef {
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Alias → version. May have a key that is called like a member of every object. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Without deleted ones. */
  readonly versions: number;
  readonly deletedVersions: number;
  /** The newest version that is not deleted. */
  readonly latest?: VersionItem;
  readonly deleted?: { readonly at: string; readonly by: string };
}

/** `modelyard/models` → the models of all projects, by project and name. */
export interface ModelsResult {
  readonly models: readonly ModelItem[];
  /** Documents that could not be read and were set aside. */
  readonly problems: readonly {
    readonly projectUri: string;
    readonly path: string;
    readonly message: string;
  }[];
}

/** Something that was made from a version or holds it. */
export type VersionUse =
  | { readonly kind: 'task'; readonly runId: string; readonly pipeline: string; readonly task: string }
  | { readonly kind: 'version'; readonly model: string; readonly version: string }
  /** As long as it is deployed it can't be deleted. */
  | {
      readonly kind: 'release';
      readonly environment: string;
      /** Its id. */
      readonly release: string;
      /** `rain-app@2` */
      readonly package: string;
      /** Names of the services that serve it or try it now. */
      readonly services: readonly string[];
    };

export interface ModelHistoryEntry {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `user@host` */
  readonly who: string;
  readonly action: string;
  /** What happened, in words without who, when and why. */
  readonly text: string;
  readonly reason?: string;
  readonly runId?: string;
  /** The version that it is about. */
  readonly version?: string;
  readonly alias?: string;
}

export interface SignatureFieldView {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** Everything that is known of one version. */
export interface VersionView extends VersionItem {
  readonly updatedAt: string;
  readonly statusMessage?: string;
  /** Markdown. Never trusted. */
  readonly description: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly inputs: readonly { readonly path: string; readonly hash: string }[];
  readonly features?: { readonly service?: string; readonly trainingSet?: string };
  readonly signature?: {
    readonly inputs: readonly SignatureFieldView[];
    readonly outputs: readonly SignatureFieldView[];
  };
  readonly git?: { readonly commit: string; readonly branch?: string; readonly dirty?: boolean };
  readonly task?: string;
  /** Whether the record of its run is still there. */
  readonly runKept: boolean;
  readonly artifact: {
    readonly hash: string;
    readonly path: string;
    readonly kind: string;
    readonly mime: string;
    readonly bytes: number;
    /** For a folder: how many files are in it. */
    readonly files?: number;
    readonly framework?: string;
  };
  /** Its bytes were given up after it was deleted. */
  readonly purged: boolean;
  readonly deletedBy?: { readonly at: string; readonly by: string };
  readonly importedFrom?: { readonly name: string; readonly version: string };
  /** `models:/rain/3` */
  readonly uri: string;
  readonly usedBy: readonly VersionUse[];
  /** The newest entries that concern it. */
  readonly history: readonly ModelHistoryEntry[];
}

/** Where something comes from and what became of it. */
export type LineageNodeView =
  | {
      readonly kind: 'data' | 'artifact' | 'training-set';
      readonly id: string;
      readonly path: string;
      readonly hash: string;
      /** The workspace's file, whether or not it has that content now. */
      readonly uri: string;
    }
  | {
      readonly kind: 'task';
      readonly id: string;
      readonly runId: string;
      readonly pipeline: string;
      readonly task: string;
      readonly action: string;
    }
  | {
      readonly kind: 'version';
      readonly id: string;
      readonly model: string;
      readonly version: string;
      readonly aliases: readonly string[];
    }
  | {
      readonly kind: 'package';
      readonly id: string;
      readonly package: string;
      readonly version: string;
      /** The run that made it. */
      readonly runId?: string;
    }
  | {
      readonly kind: 'release';
      readonly id: string;
      readonly environment: string;
      readonly release: string;
      /** `rain-app@3 · rain@5` */
      readonly name: string;
      /** The run that deployed it. */
      readonly runId?: string;
    }
  /** A service that a release serves. */
  | {
      readonly kind: 'service';
      readonly id: string;
      readonly environment: string;
      readonly service: string;
    }
  /** A version of a feature view. */
  | { readonly kind: 'view'; readonly id: string; readonly view: string; readonly version: number };

/** One graph for both ways: what the target stands on leads to it, what became of it follows from it. */
export interface LineageView {
  /** Ids of the nodes that were asked for. */
  readonly targets: readonly string[];
  readonly nodes: readonly LineageNodeView[];
  /** `to` was made from, or with, `from`. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** So many nodes are left out, because there are too many. */
  readonly leftOut: number;
}

export type LineageTargetParams =
  | { readonly projectUri: string; readonly model: string; readonly version: string }
  | { readonly projectUri: string; readonly runId: string; readonly task?: string }
  /** Every content that was ever recorded at this path, relative to the project. */
  | { readonly projectUri: string; readonly path: string };

export interface ComparisonRowView {
  readonly section: 'metrics' | 'params' | 'signature' | 'lineage' | 'artifact';
  readonly key: string;
  /** Absent: this version has none. */
  readonly a?: unknown;
  readonly b?: unknown;
  readonly differs: boolean;
  /** Numbers only: b − a. */
  readonly delta?: number;
  /** Whether b is better, where the metric's name tells which way is up. */
  readonly verdict?: 'better' | 'worse';
}

export interface ComparisonView {
  readonly a: VersionItem;
  readonly b: VersionItem;
  readonly rows: readonly ComparisonRowView[];
}

/** A change that a person asks for. Numbers of versions, not aliases: what is changed must not depend on the moment. */
export type ModelChange =
  | {
      readonly kind: 'set-alias';
      readonly alias: string;
      readonly version: string;
      /** Where it was when the person decided (`null`: nowhere). When it has moved since, nothing is changed. */
      readonly expected?: string | null;
    }
  | { readonly kind: 'remove-alias'; readonly alias: string }
  | { readonly kind: 'roll-back'; readonly alias: string; readonly expected?: string | null }
  | { readonly kind: 'set-tag'; readonly key: string; readonly value: string; readonly version?: string }
  | { readonly kind: 'remove-tag'; readonly key: string; readonly version?: string }
  | { readonly kind: 'describe'; readonly text: string; readonly version?: string }
  | { readonly kind: 'delete' | 'restore'; readonly version?: string }
  | { readonly kind: 'purge'; readonly version: string };

/** What something is called, to be checked while it is typed. */
export interface NameParams {
  readonly what: 'model' | 'alias' | 'tag-key' | 'tag-value';
  readonly text: string;
}

/**
 * | method | does |
 * |---|---|
 * | `modelyard/models` | lists the models of all projects |
 * | `modelyard/modelVersions` | a page of a model's versions, newest first unless another order is asked for |
 * | `modelyard/modelVersion` | one version in full |
 * | `modelyard/modelHistory` | who changed what, when and why; newest first |
 * | `modelyard/modelLineage` | what something stands on and what became of it |
 * | `modelyard/compareModels` | two versions side by side |
 * | `modelyard/modelCard` | a version as a page of Markdown |
 * | `modelyard/modelArtifact` | where a version's bytes are, after all of them were checked |
 * | `modelyard/previousAlias` | where a rollback would lead |
 * | `modelyard/changeModel` | changes something, with a reason for the history |
 * | `modelyard/exportModel`, `modelyard/importModel` | as `modelyard models export`, `import` |
 * | `modelyard/checkName` | why a name can't be used; no message when it can |
 */
export interface ModelRequests {
  'modelyard/models': {
    params: { readonly projectUri?: string; readonly includeDeleted?: boolean };
    result: ModelsResult;
  };
  'modelyard/modelVersions': {
    params: ModelRef & {
      readonly limit: number;
      /** Only versions with a lower number: paging. */
      readonly before?: string;
      readonly includeDeleted?: boolean;
      /** Default: newest first. Any other order is one of the newest thousand. */
      readonly sort?: VersionSort;
    };
    result: Answer<{ readonly versions: readonly VersionItem[]; readonly more: boolean }>;
  };
  'modelyard/modelVersion': { params: VersionRef; result: Answer<{ readonly version: VersionView }> };
  'modelyard/modelHistory': {
    params: ModelRef & {
      readonly limit: number;
      /** Only entries with a lower `seq`: paging. */
      readonly before?: number;
      readonly version?: string;
      readonly alias?: string;
    };
    result: Answer<{ readonly entries: readonly ModelHistoryEntry[]; readonly more: boolean }>;
  };
  'modelyard/modelLineage': {
    params: LineageTargetParams & { readonly limit?: number };
    result: Answer<{ readonly lineage: LineageView }>;
  };
  'modelyard/compareModels': {
    params: {
      readonly projectUri: string;
      readonly a: { readonly model: string; readonly version: string };
      readonly b: { readonly model: string; readonly version: string };
    };
    result: Answer<{ readonly comparison: ComparisonView }>;
  };
  'modelyard/modelCard': { params: VersionRef; result: Answer<{ readonly markdown: string }> };
  'modelyard/modelArtifact': {
    params: VersionRef;
    result: Answer<{ readonly uri: string; readonly kind: 'file' | 'folder' }>;
  };
  'modelyard/previousAlias': {
    params: ModelRef & { readonly alias: string };
    result: Answer<{ readonly from: string | null; readonly to: string }>;
  };
  'modelyard/changeModel': {
    params: ModelRef & { readonly change: ModelChange; readonly reason?: string };
    /** For aliases: where it was and where it is now. */
    result: Answer<{ readonly from?: string | null; readonly to?: string | null }>;
  };
  'modelyard/exportModel': {
    params: ModelRef & {
      /** Absent: all that are not deleted. */
      readonly versions?: readonly string[];
      /** URI of what is made. Ends in `.tar`: an archive; anything else: a folder. Must not exist. */
      readonly to: string;
    };
    result: Answer<{ readonly versions: readonly string[]; readonly bytes: number }>;
  };
  'modelyard/importModel': {
    params: {
      readonly projectUri: string;
      readonly from: string;
      readonly as?: string;
      readonly reason?: string;
    };
    result: Answer<{
      readonly model: string;
      readonly versions: readonly {
        readonly from: string;
        readonly to: string;
        readonly as: 'new' | 'renumbered' | 'same';
      }[];
      readonly keptAliases: readonly string[];
    }>;
  };
  'modelyard/checkName': { params: NameParams; result: { readonly message?: string } };
}
