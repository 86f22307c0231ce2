/**
 * What the model registry keeps and says, in MLflow's words: registered models, versions, aliases, tags. Plain values
 * that can be written as JSON.
 */
import type { ArtifactKind, Json } from '../../definition/definition.js';
import type { StoreProblem } from '../disk/problem.js';
import type { ContentHash, FileRecord } from '../runs/document.js';

/** Raised when the shape of a model's or version's document changes. */
export const REGISTRY_SCHEMA_VERSION = 1;

/** As in MLflow. */
export type VersionStatus = 'PENDING_REGISTRATION' | 'READY' | 'FAILED_REGISTRATION';

/** MLflow's error codes where it has one. `DAMAGED`: what is on the disk is not what was written there. */
export type RegistryErrorCode =
  | 'RESOURCE_DOES_NOT_EXIST'
  | 'RESOURCE_ALREADY_EXISTS'
  | 'INVALID_PARAMETER_VALUE'
  | 'CONFLICT'
  | 'DAMAGED'
  | 'UNAVAILABLE';

export interface RegistryError {
  readonly code: RegistryErrorCode;
  /** For a person: what is wrong with what, and the way out. */
  readonly message: string;
}

export interface RegistryFailure {
  readonly ok: false;
  readonly error: RegistryError;
}

/** What an operation gives: its value, or why not. */
export type Outcome<T extends object = object> = ({ readonly ok: true } & T) | RegistryFailure;

/** The run and the task that something was made or changed by. */
export interface RunReference {
  readonly id: string;
  readonly pipeline: string;
  /** Id of the task in the run. */
  readonly task?: string;
}

/** Where the code stood. */
export interface GitState {
  readonly commit: string;
  readonly branch?: string;
  readonly dirty?: boolean;
}

/** The bytes of a version. Immutable: other bytes are another version. */
export interface VersionArtifact {
  readonly hash: ContentHash;
  readonly bytes: number;
  /** For a folder: how many files are in it. */
  readonly files?: number;
  /** Files of a folder that may be executed. */
  readonly executables?: readonly string[];
  /** Where it lay in the project, relative to it. */
  readonly path: string;
  readonly kind: ArtifactKind;
  readonly mime: string;
  /** `sklearn`, `onnx`, …: declared, or told by the file's name and first bytes. */
  readonly framework?: string;
}

export interface SignatureField {
  readonly name: string;
  /** `double`, `long`, `string`, …, as in MLflow's schemas. */
  readonly type: string;
  readonly required: boolean;
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly SignatureField[];
  readonly outputs: readonly SignatureField[];
  /** `mlflow`: the model’s own `MLmodel`. */
  readonly source: 'training-set' | 'declared' | 'mlflow';
}

/** The features that a version was trained on. */
export interface FeatureReference {
  /** Absent where they were named one by one. */
  readonly service?: string;
  /** Of the training set. */
  readonly trainingSet?: { readonly path: string; readonly hash: ContentHash };
}

/** One version of a model: one document. */
export interface VersionDocument {
  readonly schema: number;
  readonly name: string;
  /** An integer as text, from "1"; never used again. */
  readonly version: string;
  readonly status: VersionStatus;
  /** Why it is not ready. */
  readonly statusMessage?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** `user@host` */
  readonly createdBy: string;
  readonly run?: RunReference;
  readonly artifact: VersionArtifact;
  readonly params: Readonly<Record<string, Json>>;
  /** Of the run, by name; nested ones with dots. */
  readonly metrics: Readonly<Record<string, Json>>;
  /** What the run read: kept here, so that it is known after the run was deleted. */
  readonly inputs: readonly Pick<FileRecord, 'path' | 'hash'>[];
  readonly features?: FeatureReference;
  readonly git?: GitState;
  readonly signature?: Signature;
  /** Of the task that made the artifact. */
  readonly fingerprint?: string;
  /** Markdown. Never trusted. */
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Free. */
  readonly metadata: Readonly<Record<string, Json>>;
  readonly deleted?: { readonly at: string; readonly by: string };
  /** Its artifact was given up after it was deleted: it can't be restored. */
  readonly purged?: true;
  /** It came from another registry, where it had this name and number. */
  readonly importedFrom?: { readonly name: string; readonly version: string };
}

/** What lists show of a version. */
export interface VersionSummary {
  readonly name: string;
  readonly version: string;
  readonly status: VersionStatus;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly run?: RunReference;
  readonly artifact: Pick<VersionArtifact, 'hash' | 'bytes' | 'path' | 'kind' | 'framework'>;
  /** The first 20, long texts cut. */
  readonly metrics: Readonly<Record<string, Json>>;
  readonly tags: Readonly<Record<string, string>>;
  /** First line of the description. */
  readonly title?: string;
  readonly deleted?: true;
}

/** One registered model. */
export interface RegisteredModel {
  readonly name: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Alias → version. An alias may be called like a member of every object: look up with `Object.hasOwn`. */
  readonly aliases: Readonly<Record<string, string>>;
  /** The number that the next version gets. */
  readonly nextVersion: number;
  readonly counts: { readonly versions: number; readonly deleted: number };
  /** The newest 50, newest first, deleted ones too. All others by `Registry.versions`. */
  readonly recent: readonly VersionSummary[];
  readonly deleted?: { readonly at: string; readonly by: string };
}

/** `model.json`: the state that the journal comes to. */
export interface ModelDocument extends RegisteredModel {
  readonly schema: number;
  /** Of the last entry that is in here. */
  readonly seq: number;
  /** So many bytes of the journal are in here. */
  readonly applied: number;
}

interface EntryBase {
  /** 1, 2, … without gaps. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `user@host` */
  readonly who: string;
  readonly run?: RunReference;
  readonly reason?: string;
}

/** What a change is about: the model itself, or one version. */
interface Subject {
  readonly version?: string;
}

/** What happened. */
export type Change =
  | {
      readonly action: 'model-created';
      readonly name: string;
      readonly description: string;
      readonly tags: Readonly<Record<string, string>>;
    }
  | {
      readonly action: 'version-created';
      readonly version: string;
      /** All of it, so that its document can be made again. */
      readonly document: VersionDocument;
      /** Aliases that were set with it, and where each pointed before. */
      readonly aliases: Readonly<Record<string, string | null>>;
    }
  | {
      readonly action: 'version-status';
      readonly version: string;
      readonly from: VersionStatus;
      readonly to: VersionStatus;
      readonly message?: string;
    }
  | {
      readonly action: 'alias-set';
      readonly alias: string;
      readonly from: string | null;
      readonly to: string;
    }
  | { readonly action: 'alias-removed'; readonly alias: string; readonly from: string; readonly to: null }
  | {
      readonly action: 'alias-rolled-back';
      readonly alias: string;
      readonly from: string | null;
      readonly to: string;
    }
  | ({
      readonly action: 'tag-set';
      readonly key: string;
      readonly from: string | null;
      readonly to: string;
    } & Subject)
  | ({
      readonly action: 'tag-removed';
      readonly key: string;
      readonly from: string;
      readonly to: null;
    } & Subject)
  /** The same bytes were registered again with other metrics. Those that are not named stay. */
  | {
      readonly action: 'metrics-set';
      readonly version: string;
      readonly from: Readonly<Record<string, Json | null>>;
      readonly to: Readonly<Record<string, Json>>;
    }
  | ({ readonly action: 'described'; readonly from: string; readonly to: string } & Subject)
  | { readonly action: 'version-deleted'; readonly version: string }
  | { readonly action: 'version-restored'; readonly version: string }
  | { readonly action: 'version-purged'; readonly version: string }
  | { readonly action: 'model-deleted' }
  | { readonly action: 'model-restored' }
  | {
      readonly action: 'imported';
      /** The name it had where it came from. */
      readonly name: string;
      /** Number there → number here. */
      readonly versions: Readonly<Record<string, string>>;
      /** The history from there, beside the journal, when it could not become this model's own. */
      readonly history?: string;
    };

/** One line of a model's journal. */
export type HistoryEntry = EntryBase & Change;

export type HistoryAction = HistoryEntry['action'];

/** Who changes something and why; all of it goes into the history. */
export interface Cause {
  /** Default: this process's user at this machine. */
  readonly who?: string;
  readonly reason?: string;
  readonly run?: RunReference;
  /** Decide and answer as always, but write nothing. */
  readonly dry?: boolean;
}

export interface RegisterRequest extends Cause {
  /** The model. Made when it is new. */
  readonly name: string;
  readonly artifact: {
    /** Absolute: the file or folder whose bytes are taken. */
    readonly file: string;
    /** Where it lies in the project, relative to it, `/` between names. */
    readonly path: string;
    /** When it is known. Other bytes are refused then. */
    readonly hash?: ContentHash;
    /** Default `model`. */
    readonly kind?: ArtifactKind;
    readonly mime?: string;
    /** Default: told by name and content, where it can be. */
    readonly framework?: string;
  };
  /** Of the task that made the artifact. The same bytes from the same fingerprint are the same version. */
  readonly fingerprint?: string;
  readonly params?: Readonly<Record<string, Json>>;
  readonly metrics?: Readonly<Record<string, Json>>;
  /** Files that the run read and didn't make itself. */
  readonly inputs?: readonly Pick<FileRecord, 'path' | 'hash'>[];
  readonly features?: FeatureReference;
  readonly git?: GitState;
  readonly signature?: Signature;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, Json>>;
  /** Move to the version, also when it was there already. */
  readonly aliases?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A request to register bytes that the registry holds already. */
export interface StoredRequest extends Omit<RegisterRequest, 'artifact' | 'signal'> {
  readonly artifact: Omit<RegisterRequest['artifact'], 'file' | 'hash'> & { readonly file?: string };
}

export interface VersionQuery {
  /** Default 100. */
  readonly limit?: number;
  /** Only versions with a lower number: paging. */
  readonly before?: string;
  readonly includeDeleted?: boolean;
}

export interface HistoryQuery {
  /** Default 100. */
  readonly limit?: number;
  /** Only entries with a lower `seq`: paging. */
  readonly before?: number;
  /** Only what concerns this version; alias moves from and to it included. */
  readonly version?: string;
  /** Only moves of this alias. */
  readonly alias?: string;
}

/** Something else that needs a version, so that it can't be deleted: `release web-3 on production`. */
export type Holder = (name: string, version: string) => string | undefined;

export interface RegistryOptions {
  readonly heldBy?: Holder;
}

/** All models that can be read, and what is wrong with those that can't. */
export interface ModelList {
  readonly models: readonly RegisteredModel[];
  readonly problems: readonly StoreProblem[];
}
