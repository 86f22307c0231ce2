/** App packages: what is kept of them. Plain values that can be written as JSON. */
import type { ExpectedSignature } from '../../definition/known/signature-differences.js';
import type { ContentHash } from '../runs/document.js';
import type { RunReference } from '../registry/types.js';

export const MANIFEST_SCHEMA_VERSION = 1;

/** How an app is run, whatever its files. */
export interface PackageSettings {
  readonly name: string;
  /** Markdown. */
  readonly description?: string;
  /** A shell command, run in the package's folder. */
  readonly entrypoint: string;
  /** Shell commands that make a release ready, run in the package's folder. */
  readonly setup: readonly string[];
  readonly port?: number;
  readonly health: { readonly live?: string; readonly ready?: string };
  readonly env: Readonly<Record<string, string>>;
  /** Names. */
  readonly secrets: readonly string[];
  /** The registered model that it serves. */
  readonly model?: string;
  /** What it expects of the model. */
  readonly signature?: ExpectedSignature;
  readonly featureService?: string;
  readonly python?: string;
  /** Relative to the package's folder. */
  readonly requirements?: string;
}

export interface PackagedFile {
  /** Relative to the package's folder, `/` between names. */
  readonly path: string;
  readonly hash: ContentHash;
  readonly bytes: number;
  readonly executable?: boolean;
}

/** All that a version is. Two versions with the same manifest are one. */
export interface PackageManifest extends PackageSettings {
  readonly schema: number;
  /** By path. */
  readonly files: readonly PackagedFile[];
  readonly archive: { readonly hash: ContentHash; readonly bytes: number };
}

/** A version as lists show it. */
export interface PackageVersion {
  readonly name: string;
  /** "1", "2", … never used again. */
  readonly version: string;
  /** Of the archive. */
  readonly hash: ContentHash;
  /** Of the manifest, which is an object like the archive. */
  readonly manifest: ContentHash;
  readonly bytes: number;
  readonly files: number;
  readonly model?: string;
  readonly entrypoint: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** `user@host` */
  readonly createdBy: string;
  readonly run?: RunReference;
  readonly deleted?: { readonly at: string; readonly by: string };
}

/** One line of a package's `history.ndjson`, which is the truth. */
export type PackageEntry = {
  readonly seq: number;
  readonly at: string;
  readonly who: string;
  readonly reason?: string;
  readonly run?: RunReference;
} & (
  | { readonly action: 'version-created'; readonly document: PackageVersion }
  | { readonly action: 'version-deleted'; readonly version: string }
);

export interface AppPackage {
  readonly name: string;
  /** The newest first, deleted ones included. */
  readonly versions: readonly PackageVersion[];
}
