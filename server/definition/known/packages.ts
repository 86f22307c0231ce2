/** What the language service may know of the project's app packages: a port, as `KnownModels` is. */

/** What a list shows of a version. */
export interface KnownPackageVersion {
  readonly version: string;
  /** Of its archive. */
  readonly hash: string;
  readonly files: number;
  readonly bytes: number;
  /** The registered model that it serves. */
  readonly model?: string;
  readonly entrypoint: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly createdBy: string;
  readonly deleted?: unknown;
}

export interface KnownPackage {
  readonly name: string;
  /** The newest first, deleted ones too. */
  readonly versions: readonly KnownPackageVersion[];
}

/** The packages of a project. Equal answers are the same object for as long as nothing has changed. */
export interface KnownPackages {
  /** Names of all that have a version that was not deleted, sorted. */
  names(): readonly string[];
  package(name: string): KnownPackage | undefined;
}

/** Versions that can be used, the newest first. */
export function usableVersions(
  packages: KnownPackages | undefined,
  name: string,
): readonly KnownPackageVersion[] {
  return packages?.package(name)?.versions.filter(({ deleted }) => deleted === undefined) ?? [];
}
