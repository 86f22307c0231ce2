/**
 * The app packages of a project. Of each package a journal is the truth; archives and manifests are objects named by
 * their hashes, as in the model registry. Any number of processes may use it at once. What goes wrong is a value.
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { checkServingName } from '../../definition/names/package-names.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { withLock } from '../disk/file-lock.js';
import { hashOf } from '../content/hash.js';
import { folderIn, ensureMemory, layoutOf } from '../layout.js';
import { describeError, errorCode } from '../disk/problem.js';
import type { ContentHash } from '../runs/document.js';
import { Journal } from '../registry/journal/journal.js';
import { ArtifactObjects } from '../registry/versions/objects.js';
import { failure } from '../registry/outcome.js';
import { type RegistryPlaces, folderOfModel, modelOfFolder } from '../registry/places.js';
import { ArchiveError } from '../registry/transfer/tar.js';
import type { Cause, Outcome } from '../registry/types.js';
import { whoAmI } from '../machine/user.js';
import { type PackageSource, extractPackage, writePackage } from './archive.js';
import {
  type AppPackage,
  MANIFEST_SCHEMA_VERSION,
  type PackageEntry,
  type PackageManifest,
  type PackageSettings,
  type PackageVersion,
  type PackagedFile,
} from './types.js';
import { readPlain } from '../disk/plain-file.js';
import { foreignMemory } from '../trust.js';

const LOCK_TIMEOUT_MS = 60_000;

/** The project's own folders beside those of packages: a package may not be called so. */
function places(root: string): RegistryPlaces {
  const packages = folderIn(layoutOf(root).memory, 'packages');
  return {
    models: packages,
    objects: path.join(packages, 'objects'),
    folders: path.join(packages, 'folders'),
    temp: path.join(packages, 'tmp'),
    root,
    objectsLock: path.join(packages, 'tmp', 'objects.lock'),
  };
}

export interface AddRequest extends Cause {
  readonly settings: PackageSettings;
  readonly sources: readonly PackageSource[];
  readonly signal?: AbortSignal;
}

export interface PackageStoreOptions {
  /** Who needs a version, in words; a version that somebody needs is not deleted. */
  readonly heldBy?: (name: string, version: string) => string | undefined;
}

export class PackageStore {
  readonly root: string;
  readonly places: RegistryPlaces;
  readonly objects: ArtifactObjects;
  readonly #options: PackageStoreOptions;

  /** Reads and writes nothing yet. */
  static open(root: string, options: PackageStoreOptions = {}): PackageStore {
    return new PackageStore(root, options);
  }

  constructor(root: string, options: PackageStoreOptions) {
    this.root = layoutOf(root).root;
    this.places = places(root);
    this.objects = new ArtifactObjects(this.places);
    this.#options = options;
  }

  /** The journal of a package, which every change of it appends to. */
  historyPath(name: string): string {
    return path.join(this.#folder(name), 'history.ndjson');
  }

  /** What changes on disk with the packages; for watchers. The folder need not exist yet. */
  get watchPaths(): readonly string[] {
    return [this.places.models];
  }

  names(): readonly string[] {
    let entries;
    try {
      entries = readdirSync(this.places.models, { withFileTypes: true });
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
      throw error;
    }
    return entries
      .flatMap((entry) => (entry.isDirectory() ? (modelOfFolder(entry.name) ?? []) : []))
      .filter((name) => this.#journal(name).size() > 0)
      .sort();
  }

  /** Every package that has a version, by name. */
  list(): readonly AppPackage[] {
    return this.names().flatMap((name) => {
      const versions = this.#versions(name);
      return versions.some((version) => version.deleted === undefined) ? [{ name, versions }] : [];
    });
  }

  package(name: string): Outcome<{ readonly package: AppPackage }> {
    const checked = checkServingName(name, 'package');
    if (!checked.ok) return failure('INVALID_PARAMETER_VALUE', checked.message);
    const versions = this.#versions(name);
    if (versions.length > 0) return { ok: true, package: { name, versions } };
    const hint = didYouMean(similar(name, this.names()));
    return failure(
      'RESOURCE_DOES_NOT_EXIST',
      `There is no package ${name}.${hint === '' ? ' `modelyard packages list` shows them.' : hint}`,
    );
  }

  /** @param version absent: the newest that is not deleted */
  version(name: string, version?: string): Outcome<{ readonly version: PackageVersion }> {
    const found = this.package(name);
    if (!found.ok) return found;
    const { versions } = found.package;
    const chosen =
      version === undefined
        ? versions.find((one) => one.deleted === undefined)
        : versions.find((one) => one.version === version);
    if (chosen === undefined) {
      const has =
        version === undefined
          ? 'all of its versions were deleted'
          : `the newest is ${versions[0]?.version ?? ''}`;
      return failure(
        'RESOURCE_DOES_NOT_EXIST',
        `The package ${name} has no version ${version ?? ''}; ${has}.`,
      );
    }
    if (chosen.deleted === undefined) return { ok: true, version: chosen };
    return failure(
      'RESOURCE_DOES_NOT_EXIST',
      `Version ${chosen.version} of the package ${name} was deleted by ${chosen.deleted.by} on ${chosen.deleted.at.slice(0, 10)}.`,
    );
  }

  /** All that a version is, after its bytes were found to be those that were written. */
  manifest(version: PackageVersion): Outcome<{ readonly manifest: PackageManifest }> {
    const file = this.objects.pathOf(version.manifest);
    try {
      const bytes = readPlain(file);
      if (hashOf(bytes) === version.manifest) {
        const manifest: unknown = JSON.parse(bytes.toString('utf8'));
        if (isManifest(manifest)) return { ok: true, manifest };
        return failure('DAMAGED', `${file} is no manifest of a package.`);
      }
      return failure('DAMAGED', `${file} is not what was packaged: its hash is another one now.`);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') {
        return failure('UNAVAILABLE', `Can't read ${file}: ${describeError(error)}.`);
      }
      return failure('DAMAGED', `The manifest of ${version.name} ${version.version}, ${file}, is missing.`);
    }
  }

  archivePath(version: PackageVersion): string {
    return this.objects.pathOf(version.hash);
  }

  /** Lays the files of a version out in an empty folder; every byte is checked on the way. */
  extract(
    version: PackageVersion,
    folder: string,
    signal?: AbortSignal,
  ): Outcome<{ readonly manifest: PackageManifest }> {
    const read = this.manifest(version);
    if (!read.ok) return read;
    try {
      extractPackage(this.archivePath(version), read.manifest, folder, signal);
      return read;
    } catch (error) {
      signal?.throwIfAborted();
      const what = `The package ${version.name} ${version.version}`;
      if (error instanceof ArchiveError) return failure('DAMAGED', `${what} is damaged: ${error.message}.`);
      if (errorCode(error) === 'ENOENT')
        return failure('DAMAGED', `${what} is damaged: its archive is missing.`);
      return failure('UNAVAILABLE', `${what} can't be laid out: ${describeError(error)}.`);
    }
  }

  /** Makes a version. `created: false`: these files with these settings are a version already, which is given. */
  add(request: AddRequest): Outcome<{ readonly version: PackageVersion; readonly created: boolean }> {
    const { settings, sources, signal } = request;
    const checked = checkServingName(settings.name, 'package');
    if (!checked.ok) return failure('INVALID_PARAMETER_VALUE', checked.message);
    const memory = ensureMemory(layoutOf(this.root));
    if (!memory.ok) return failure('UNAVAILABLE', memory.problem.message);
    let manifest: PackageManifest;
    let hash: ContentHash;
    try {
      manifest = this.#pack(settings, sources, signal);
      hash = this.#keepManifest(manifest);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ArchiveError) return failure('INVALID_PARAMETER_VALUE', `${error.message}.`);
      return failure('UNAVAILABLE', `Can't make the package ${settings.name}: ${describeError(error)}.`);
    }
    return this.#change(settings.name, (versions, at) => {
      const same = versions.find((one) => one.manifest === hash && one.deleted === undefined);
      if (same !== undefined) return { ok: true, version: same, created: false, entries: [] };
      if (!this.objects.has(manifest.archive.hash) || !this.objects.has(hash)) {
        return failure(
          'CONFLICT',
          `The bytes of ${settings.name} were freed while it was packaged. Try again.`,
        );
      }
      const who = request.who ?? whoAmI();
      const run = request.run === undefined ? {} : { run: request.run };
      const version: PackageVersion = {
        name: settings.name,
        version: String(versions.length + 1),
        hash: manifest.archive.hash,
        manifest: hash,
        bytes: manifest.archive.bytes,
        files: manifest.files.length,
        ...defined({ model: settings.model }),
        entrypoint: settings.entrypoint,
        createdAt: at,
        createdBy: who,
        ...run,
      };
      const entry = { action: 'version-created' as const, document: version, at, who, ...run };
      return { ok: true, version, created: true, entries: [entry] };
    });
  }

  #pack(
    settings: PackageSettings,
    sources: readonly PackageSource[],
    signal: AbortSignal | undefined,
  ): PackageManifest {
    mkdirSync(this.places.temp, { recursive: true });
    const temp = this.objects.temp();
    try {
      const fd = openSync(temp, 'wx', 0o644);
      let packed;
      try {
        packed = writePackage(fd, sources, signal);
      } finally {
        closeSync(fd);
      }
      this.objects.adopt(temp, packed.archive.hash);
      return { schema: MANIFEST_SCHEMA_VERSION, ...settings, ...packed };
    } finally {
      rmSync(temp, { force: true });
    }
  }

  #keepManifest(manifest: PackageManifest): ContentHash {
    return this.objects.putBytes(Buffer.from(JSON.stringify(manifest)));
  }

  /** For good: its number is not used again, and gc frees its bytes. Refused while a release needs it. */
  delete(name: string, version: string, cause: Cause = {}): Outcome {
    const found = this.version(name, version);
    if (!found.ok) return found;
    const holder = this.#options.heldBy?.(name, version);
    if (holder !== undefined) {
      return failure('CONFLICT', `Version ${version} of ${name} can't be deleted: ${holder} needs it.`);
    }
    if (cause.dry === true) return { ok: true };
    return this.#change(name, (versions, at) => {
      const now = versions.find((one) => one.version === version);
      if (now?.deleted !== undefined) return { ok: true, entries: [] };
      const reason = cause.reason === undefined ? {} : { reason: cause.reason };
      const who = cause.who ?? whoAmI();
      return { ok: true, entries: [{ action: 'version-deleted', version, at, who, ...reason }] };
    });
  }

  #journal(name: string): Journal<PackageEntry> {
    return new Journal<PackageEntry>(this.historyPath(name));
  }

  #folder(name: string): string {
    return path.join(this.places.models, folderOfModel(name));
  }

  /** The newest first, deleted ones included. */
  #versions(name: string): readonly PackageVersion[] {
    return versionsOf(this.#journal(name).readFrom(0).entries);
  }

  /** Reads, decides and writes under the package's lock. */
  #change<T extends object>(
    name: string,
    decide: (
      versions: readonly PackageVersion[],
      at: string,
    ) => Outcome<T & { readonly entries: readonly NewEntry[] }>,
  ): Outcome<T> {
    const folder = this.#folder(name);
    const foreign = foreignMemory(layoutOf(this.root));
    if (foreign !== undefined) return failure('UNAVAILABLE', foreign.message);
    try {
      mkdirSync(folder, { recursive: true });
      const done = withLock(path.join(folder, 'lock'), LOCK_TIMEOUT_MS, () => {
        const journal = this.#journal(name);
        const { entries, end, problems } = journal.readFrom(0);
        const [problem] = problems;
        if (problem !== undefined) return failure('DAMAGED', problem.message);
        const decision = decide(versionsOf(entries), new Date().toISOString());
        if (!decision.ok || decision.entries.length === 0) return decision;
        const seq = entries.at(-1)?.seq ?? 0;
        journal.append(
          decision.entries.map((entry, index) => ({ seq: seq + 1 + index, ...entry })),
          end,
        );
        return decision;
      });
      if (done.ok) return done.value;
      return failure('UNAVAILABLE', `The package ${name} is locked by another process. Try again.`);
    } catch (error) {
      return failure('UNAVAILABLE', `Can't write to ${folder}: ${describeError(error)}.`);
    }
  }

  /** Hashes that versions own; `undefined` when a journal can't be read, and nothing may be freed. */
  owned(): ReadonlySet<ContentHash> | undefined {
    const owned = new Set<ContentHash>();
    for (const name of this.names()) {
      const { entries, problems } = this.#journal(name).readFrom(0);
      if (problems.length > 0) return undefined;
      for (const { hash, manifest, deleted } of versionsOf(entries)) {
        if (deleted === undefined) owned.add(hash).add(manifest);
      }
    }
    return owned;
  }
}

/** Whether the files of a manifest, which may have come from elsewhere, are such in form. */
function isManifest(value: unknown): value is PackageManifest {
  if (typeof value !== 'object' || value === null || !('files' in value)) return false;
  return Array.isArray(value.files) && value.files.every(isPackagedFile);
}

function isPackagedFile(value: unknown): value is PackagedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path: name, hash, bytes } = value as Partial<Record<keyof PackagedFile, unknown>>;
  return (
    typeof name === 'string' && typeof hash === 'string' && Number.isSafeInteger(bytes) && Number(bytes) >= 0
  );
}

type NewEntry = PackageEntry extends infer E ? (E extends PackageEntry ? Omit<E, 'seq'> : never) : never;

function versionsOf(entries: readonly PackageEntry[]): readonly PackageVersion[] {
  const versions = new Map<string, PackageVersion>();
  for (const entry of entries) {
    if (entry.action === 'version-created') versions.set(entry.document.version, entry.document);
    else {
      const version = versions.get(entry.version);
      if (version !== undefined) {
        versions.set(entry.version, { ...version, deleted: { at: entry.at, by: entry.who } });
      }
    }
  }
  return [...versions.values()].reverse();
}
