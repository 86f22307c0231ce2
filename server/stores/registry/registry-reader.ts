/** The model registry as it is read: models, versions, aliases and the history. What goes wrong is a value, not a throw. */
import { readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import path from 'node:path';
import {
  checkAlias,
  checkModelName,
  parseModelReference,
  parseSelector,
} from '../../definition/names/registry-names.js';
import { layoutOf } from '../layout.js';
import { describeError, errorCode } from '../disk/problem.js';
import type { StoreProblem } from '../disk/problem.js';
import { previousOf } from './journal/aliases.js';
import { refusal } from './versions/checks.js';
import { matchesHistory } from './journal/history.js';
import { ModelStore } from './journal/model-store.js';
import type { LoadedModel } from './journal/model-store.js';
import { ArtifactObjects } from './versions/objects.js';
import { failure } from './outcome.js';
import { folderOfModel, modelOfFolder, registryPlaces } from './places.js';
import type { RegistryPlaces } from './places.js';
import { deletedModel, noAlias, noModel, noVersion } from './refusals.js';
import { summarizeVersion, valueOf } from './journal/state.js';
import type {
  HistoryEntry,
  HistoryQuery,
  ModelDocument,
  ModelList,
  Outcome,
  RegisteredModel,
  VersionDocument,
  VersionQuery,
  VersionSummary,
} from './types.js';

/** A version, and the aliases that point to it now. */
export interface FoundVersion {
  readonly version: VersionDocument;
  readonly aliases: readonly string[];
}

/** Where an alias was and where it is now. */
export interface AliasMove {
  readonly from: string | null;
  readonly to: string;
}

export class RegistryReader {
  readonly root: string;
  readonly places: RegistryPlaces;
  readonly objects: ArtifactObjects;
  readonly #problems = new Map<string, StoreProblem>();

  constructor(root: string) {
    this.root = layoutOf(root).root;
    this.places = registryPlaces(root);
    this.objects = new ArtifactObjects(this.places);
  }

  /** What changes on disk with the registry; for watchers. The folder need not exist yet. */
  get watchPaths(): readonly string[] {
    return [this.places.models];
  }

  /** Documents that this instance met and could not use as they were, each once. */
  get problems(): readonly StoreProblem[] {
    return [...this.#problems.values()];
  }

  /** Every model that is not deleted, by name. Synchronous: reads one small document a model. */
  models(options: { readonly includeDeleted?: boolean } = {}): ModelList {
    const models: RegisteredModel[] = [];
    for (const name of this.modelNames()) {
      const loaded = this.#load(name);
      // A model whose history is lost is a problem, not a model.
      if (loaded === undefined || loaded.model.seq === 0) continue;
      if (options.includeDeleted === true || loaded.model.deleted === undefined) models.push(loaded.model);
    }
    models.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { models, problems: this.problems };
  }

  /** Names of all models that have a folder, deleted and damaged ones too. */
  modelNames(): readonly string[] {
    return foldersIn(this.places.models).flatMap((folder) => modelOfFolder(folder) ?? []);
  }

  /** The model's files. The name is checked. */
  store(name: string): ModelStore {
    return new ModelStore(name, path.join(this.places.models, folderOfModel(name)), this.root);
  }

  #load(name: string): LoadedModel | undefined {
    const store = this.store(name);
    try {
      const loaded = store.load();
      for (const problem of loaded?.problems ?? []) this.#problems.set(problem.path, problem);
      return loaded;
    } catch (error) {
      const message = `Can't read the model ${name} in ${store.places.folder}: ${describeError(error)}.`;
      this.#problems.set(store.places.folder, { path: store.places.folder, message });
      return undefined;
    }
  }

  /** A model that can be used. */
  protected existing(name: string, includeDeleted = false): Outcome<{ readonly loaded: LoadedModel }> {
    const bad = refusal(checkModelName(name));
    if (bad !== undefined) return bad;
    const loaded = this.#load(name);
    if (loaded === undefined) return noModel(name);
    if (loaded.model.seq === 0)
      return failure('DAMAGED', loaded.problems.map(({ message }) => message).join(' '));
    if (loaded.model.deleted !== undefined && !includeDeleted) return deletedModel(name);
    return { ok: true, loaded };
  }

  model(
    name: string,
    options: { readonly includeDeleted?: boolean } = {},
  ): Outcome<{ readonly model: RegisteredModel }> {
    const found = this.existing(name, options.includeDeleted);
    return found.ok ? { ok: true, model: found.loaded.model } : found;
  }

  /** Newest first. Deleted ones only when asked for. */
  versions(
    name: string,
    query: VersionQuery = {},
  ): Outcome<{ readonly versions: readonly VersionSummary[] }> {
    const found = this.existing(name, query.includeDeleted);
    if (!found.ok) return found;
    const { loaded } = found;
    const limit = query.limit ?? 100;
    const versions: VersionSummary[] = [];
    for (const summary of this.summaries(loaded, query.before)) {
      if (versions.length >= limit) break;
      if (summary.deleted !== true || query.includeDeleted === true) versions.push(summary);
    }
    return { ok: true, versions };
  }

  /** All versions below a number, deleted ones too, the newest first. */
  protected *summaries(
    { model, ...rest }: LoadedModel,
    before: string | undefined,
  ): Generator<VersionSummary> {
    const below = before === undefined ? model.nextVersion : Number(before);
    let next = model.nextVersion;
    for (const summary of model.recent) {
      next = Number(summary.version);
      if (next < below) yield summary;
    }
    const store = this.store(model.name);
    // Older ones: not in the model's document. Numbers may be missing after an import.
    for (let number = Math.min(next, below) - 1; number >= 1; number--) {
      const { document, problem } = store.version({ model, ...rest }, String(number));
      if (problem !== undefined) this.#problems.set(problem.path, problem);
      if (document !== undefined) yield summarizeVersion(document);
    }
  }

  /** @param selector `3`, an alias, or `latest` for the highest number that is not deleted */
  version(
    name: string,
    selector: string,
    options: { readonly includeDeleted?: boolean } = {},
  ): Outcome<FoundVersion> {
    const found = this.existing(name, options.includeDeleted);
    if (!found.ok) return found;
    const number = this.#select(found.loaded, selector);
    return number.ok ? this.versionOf(found.loaded, number.version, options.includeDeleted) : number;
  }

  #select(loaded: LoadedModel, selector: string): Outcome<{ readonly version: string }> {
    const parsed = parseSelector(selector);
    if (!parsed.ok) return failure('INVALID_PARAMETER_VALUE', parsed.message);
    const { model } = loaded;
    switch (parsed.selector.kind) {
      case 'version':
        return { ok: true, version: parsed.selector.version };
      case 'alias': {
        const version = valueOf(model.aliases, parsed.selector.alias);
        return version === undefined ? noAlias(model, parsed.selector.alias) : { ok: true, version };
      }
      case 'latest':
        for (const summary of this.summaries(loaded, undefined)) {
          if (summary.deleted !== true) return { ok: true, version: summary.version };
        }
        return failure('RESOURCE_DOES_NOT_EXIST', `The model ${model.name} has no versions yet.`);
    }
  }

  protected versionOf(loaded: LoadedModel, number: string, includeDeleted = false): Outcome<FoundVersion> {
    const { model } = loaded;
    if (Number(number) >= model.nextVersion) return noVersion(model, number);
    const { document, problem } = this.store(model.name).version(loaded, number);
    if (problem !== undefined) this.#problems.set(problem.path, problem);
    if (document === undefined) {
      return problem === undefined ? noVersion(model, number) : failure('DAMAGED', problem.message);
    }
    if (document.deleted !== undefined && !includeDeleted) {
      const way = document.purged === true ? 'and its artifact given up' : 'restore it to use it again';
      return failure(
        'RESOURCE_DOES_NOT_EXIST',
        `Version ${number} of ${model.name} was deleted by ${document.deleted.by} on ${document.deleted.at.slice(0, 10)}; ${way}.`,
      );
    }
    return { ok: true, version: document, aliases: aliasesOf(model, number) };
  }

  /** `models:/rain/3`, `models:/rain@production`, `rain@production`. */
  resolveUri(uri: string): Outcome<FoundVersion> {
    const parsed = parseModelReference(uri);
    if (!parsed.ok) return failure('INVALID_PARAMETER_VALUE', parsed.message);
    const { name, selector } = parsed.reference;
    switch (selector.kind) {
      case 'version':
        return this.version(name, selector.version);
      case 'alias':
        return this.version(name, selector.alias);
      case 'latest':
        return this.version(name, 'latest');
    }
  }

  /** Where a rollback would lead. */
  previous(name: string, alias: string): Outcome<AliasMove> {
    const found = this.existing(name);
    return found.ok ? this.previousMove(found.loaded, alias) : found;
  }

  protected previousMove(loaded: LoadedModel, alias: string): Outcome<AliasMove> {
    const bad = refusal(checkAlias(alias));
    if (bad !== undefined) return bad;
    const { model } = loaded;
    const from = valueOf(model.aliases, alias) ?? null;
    const to = previousOf(alias, this.store(model.name).journal.backward([`"${alias}"`]));
    if (to === undefined) return noAlias(model, alias);
    if (to === null) {
      return failure(
        'CONFLICT',
        `${alias} of ${model.name} pointed nowhere before: there is nothing to roll back to.`,
      );
    }
    const target = this.versionOf(loaded, to);
    if (target.ok) return { ok: true, from, to };
    return failure(
      'CONFLICT',
      `${alias} of ${model.name} pointed to version ${to} before, which can't be used: ${target.error.message} Or set the alias to another version.`,
    );
  }

  /** Who changed what, when and why; the newest first. Of deleted models too. */
  history(name: string, query: HistoryQuery = {}): Outcome<{ readonly entries: readonly HistoryEntry[] }> {
    const found = this.existing(name, true);
    if (!found.ok) return found;
    const texts = query.version === undefined ? [] : [`"${query.version}"`];
    if (query.alias !== undefined) texts.splice(0, texts.length, `"${query.alias}"`);
    const entries: HistoryEntry[] = [];
    const limit = query.limit ?? 100;
    for (const entry of this.store(name).journal.backward(texts)) {
      if (entries.length >= limit) break;
      if (matchesHistory(entry, query)) entries.push(entry);
    }
    return { ok: true, entries };
  }

  /**
   * Where the bytes of a version lie, after all of them were read and found to be those that were registered. Read-only;
   * a folder is laid out when it is first asked for.
   */
  async readArtifact(
    name: string,
    selector: string,
  ): Promise<Outcome<{ readonly path: string; readonly kind: 'file' | 'folder' }>> {
    const found = this.version(name, selector);
    return found.ok ? this.objects.read(found.version.artifact) : found;
  }
}

function foldersIn(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** Aliases that point to a version, sorted. */
export function aliasesOf(model: Pick<ModelDocument, 'aliases'>, version: string): readonly string[] {
  return Object.entries(model.aliases)
    .flatMap(([alias, to]) => (to === version ? [alias] : []))
    .sort();
}
