/**
 * The model registry of a project: registered models, their versions, aliases and tags, and a history of every change.
 * Any number of processes may use it at once. What goes wrong is a value, not a throw.
 */
import { readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import path from 'node:path';
import {
  checkAlias,
  checkModelName,
  checkTagKey,
  checkTagValue,
  parseModelReference,
  parseSelector,
} from '../../model/registry-names.js';
import { ensureMemory, layoutOf } from '../layout.js';
import { describeError, errorCode } from '../problem.js';
import type { StoreProblem } from '../problem.js';
import { previousOf } from './aliases.js';
import { checkDescription, checkRequest, checkTags, checkVersionNumber, refusal } from './checks.js';
import { matchesHistory } from './history.js';
import { ModelStore } from './model-store.js';
import type { Author, Decision, LoadedModel } from './model-store.js';
import { ArtifactObjects } from './objects.js';
import { whoAmI } from '../user.js';
import { failure } from './outcome.js';
import { folderOfModel, modelOfFolder, registryPlaces } from './places.js';
import type { RegistryPlaces } from './places.js';
import { newVersion } from './new-version.js';
import { summarizeVersion, valueOf } from './state.js';
import type {
  Cause,
  Change,
  HistoryEntry,
  HistoryQuery,
  ModelDocument,
  ModelList,
  Outcome,
  RegisterRequest,
  RegisteredModel,
  RegistryFailure,
  RegistryOptions,
  VersionDocument,
  VersionQuery,
  VersionStatus,
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

/** Why an alias moves. */
export interface MoveCause extends Cause {
  /** Where it was when this was decided (`null`: nowhere). When another process has moved it since, it stays. */
  readonly expected?: string | null;
}

export class Registry {
  readonly root: string;
  readonly places: RegistryPlaces;
  readonly objects: ArtifactObjects;
  readonly #options: RegistryOptions;
  readonly #problems = new Map<string, StoreProblem>();

  /** Reads and writes nothing yet. */
  static open(root: string, options: RegistryOptions = {}): Registry {
    return new Registry(root, options);
  }

  constructor(root: string, options: RegistryOptions) {
    this.root = layoutOf(root).root;
    this.places = registryPlaces(root);
    this.objects = new ArtifactObjects(this.places);
    this.#options = options;
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
    return new ModelStore(name, path.join(this.places.models, folderOfModel(name)));
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

  #existing(name: string, includeDeleted = false): Outcome<{ readonly loaded: LoadedModel }> {
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
    const found = this.#existing(name, options.includeDeleted);
    return found.ok ? { ok: true, model: found.loaded.model } : found;
  }

  /** Newest first. Deleted ones only when asked for. */
  versions(
    name: string,
    query: VersionQuery = {},
  ): Outcome<{ readonly versions: readonly VersionSummary[] }> {
    const found = this.#existing(name, query.includeDeleted);
    if (!found.ok) return found;
    const { loaded } = found;
    const limit = query.limit ?? 100;
    const versions: VersionSummary[] = [];
    for (const summary of this.#summaries(loaded, query.before)) {
      if (versions.length >= limit) break;
      if (summary.deleted !== true || query.includeDeleted === true) versions.push(summary);
    }
    return { ok: true, versions };
  }

  *#summaries({ model, ...rest }: LoadedModel, before: string | undefined): Generator<VersionSummary> {
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
    const found = this.#existing(name, options.includeDeleted);
    if (!found.ok) return found;
    const number = this.#select(found.loaded, selector);
    return number.ok ? this.#versionOf(found.loaded, number.version, options.includeDeleted) : number;
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
        for (const summary of this.#summaries(loaded, undefined)) {
          if (summary.deleted !== true) return { ok: true, version: summary.version };
        }
        return failure('RESOURCE_DOES_NOT_EXIST', `The model ${model.name} has no versions yet.`);
    }
  }

  #versionOf(loaded: LoadedModel, number: string, includeDeleted = false): Outcome<FoundVersion> {
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

  /**
   * Makes a version, and the model when it is new. `created: false`: these bytes from this fingerprint are a version
   * already, which is given, with the aliases moved to it. The bytes are taken in before the model is locked, so that
   * others don't wait for large ones.
   */
  async register(
    request: RegisterRequest,
  ): Promise<Outcome<{ readonly version: VersionDocument; readonly created: boolean }>> {
    const bad = checkRequest(request) ?? this.#prepare();
    if (bad !== undefined) return bad;
    const { hash } = request.artifact;
    const { signal } = request;
    const taken = await this.objects.put(request.artifact.file, {
      ...(hash === undefined ? {} : { expected: hash }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!taken.ok) return taken;
    const { stored } = taken;
    const store = this.store(request.name);
    const author = authorOf(request);
    return store.change(
      author,
      (loaded): Decision<{ readonly version: VersionDocument; readonly created: boolean }> => {
        if (loaded?.model.deleted !== undefined) return deletedModel(request.name);
        if (!this.objects.has(stored.hash, stored.kind === 'folder')) {
          return failure(
            'CONFLICT',
            `The bytes of ${request.artifact.path} were freed while they were registered. Try again.`,
          );
        }
        const wanted = [...new Set(request.aliases ?? [])];
        const same = loaded === undefined ? undefined : store.find(loaded, stored.hash, request.fingerprint);
        if (loaded !== undefined && same !== undefined) {
          const { aliases } = loaded.model;
          const changes = wanted.flatMap((alias): Change[] => {
            const from = valueOf(aliases, alias) ?? null;
            return from === same.version ? [] : [{ action: 'alias-set', alias, from, to: same.version }];
          });
          return { ok: true, version: same, created: false, changes };
        }
        const version = newVersion(request, stored, {
          number: String(loaded?.model.nextVersion ?? 1),
          at: new Date().toISOString(),
          who: author.who,
        });
        const aliases = Object.fromEntries(
          wanted.map((alias) => [alias, valueOf(loaded?.model.aliases ?? {}, alias) ?? null]),
        );
        const changes: Change[] = [
          ...(loaded === undefined
            ? [{ action: 'model-created', name: request.name, description: '', tags: {} } as const]
            : []),
          { action: 'version-created', version: version.version, document: version, aliases },
        ];
        return { ok: true, version, created: true, changes };
      },
    );
  }

  #prepare(): RegistryFailure | undefined {
    const memory = ensureMemory(layoutOf(this.root));
    return memory.ok ? undefined : failure('UNAVAILABLE', memory.problem.message);
  }

  createModel(
    name: string,
    details: { readonly description?: string; readonly tags?: Readonly<Record<string, string>> } & Cause = {},
  ): Outcome<{ readonly model: RegisteredModel }> {
    const { description = '', tags = {} } = details;
    const bad =
      refusal(checkModelName(name), checkDescription(description), ...checkTags(tags)) ?? this.#prepare();
    if (bad !== undefined) return bad;
    const made = this.store(name).change(authorOf(details), (loaded): Decision<object> => {
      if (loaded?.model.deleted !== undefined) return deletedModel(name);
      if (loaded !== undefined)
        return failure('RESOURCE_ALREADY_EXISTS', `There is a model ${name} already.`);
      return { ok: true, changes: [{ action: 'model-created', name, description, tags }] };
    });
    return made.ok ? this.model(name) : made;
  }

  /** A change to a model that exists. */
  #change<T extends object>(
    name: string,
    cause: Cause,
    decide: (loaded: LoadedModel) => Decision<T>,
    includeDeleted = false,
  ): Outcome<T> {
    const found = this.#existing(name, includeDeleted);
    if (!found.ok) return found;
    return this.store(name).change(authorOf(cause), (loaded) => {
      if (loaded === undefined) return noModel(name);
      if (loaded.model.deleted !== undefined && !includeDeleted) return deletedModel(name);
      return decide(loaded);
    });
  }

  /** `from`: where it pointed before. Setting it to where it points already changes nothing. */
  setAlias(name: string, alias: string, version: string, cause: MoveCause = {}): Outcome<AliasMove> {
    const bad = refusal(checkAlias(alias), checkVersionNumber(version));
    if (bad !== undefined) return bad;
    return this.#change(name, cause, (loaded): Decision<AliasMove> => {
      const target = this.#versionOf(loaded, version);
      if (!target.ok) return target;
      const from = valueOf(loaded.model.aliases, alias) ?? null;
      const overtaken = movedSince(name, alias, from, cause);
      if (overtaken !== undefined) return overtaken;
      const changes: Change[] = from === version ? [] : [{ action: 'alias-set', alias, from, to: version }];
      return { ok: true, from, to: version, changes };
    });
  }

  removeAlias(name: string, alias: string, cause: Cause = {}): Outcome<{ readonly from: string }> {
    return this.#change(name, cause, (loaded): Decision<{ readonly from: string }> => {
      const from = valueOf(loaded.model.aliases, alias);
      if (from === undefined) return noAlias(loaded.model, alias);
      return { ok: true, from, changes: [{ action: 'alias-removed', alias, from, to: null }] };
    });
  }

  /** The alias goes back to the version that it had before its last move; asked again, one further. */
  rollback(name: string, alias: string, cause: MoveCause = {}): Outcome<AliasMove> {
    return this.#change(name, cause, (loaded): Decision<AliasMove> => {
      const move = this.#previous(loaded, alias);
      if (!move.ok) return move;
      const { from, to } = move;
      const overtaken = movedSince(name, alias, from, cause);
      if (overtaken !== undefined) return overtaken;
      return { ok: true, from, to, changes: [{ action: 'alias-rolled-back', alias, from, to }] };
    });
  }

  /** Where a rollback would lead. */
  previous(name: string, alias: string): Outcome<AliasMove> {
    const found = this.#existing(name);
    return found.ok ? this.#previous(found.loaded, alias) : found;
  }

  #previous(loaded: LoadedModel, alias: string): Outcome<AliasMove> {
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
    const target = this.#versionOf(loaded, to);
    if (target.ok) return { ok: true, from, to };
    return failure(
      'CONFLICT',
      `${alias} of ${model.name} pointed to version ${to} before, which can't be used: ${target.error.message} Or set the alias to another version.`,
    );
  }

  /** Of a version, or without one of the model. */
  setTag(
    name: string,
    key: string,
    value: string,
    cause: Cause & { readonly version?: string } = {},
  ): Outcome {
    const bad = refusal(checkTagKey(key), checkTagValue(value));
    if (bad !== undefined) return bad;
    return this.#changeSubject(name, cause, (subject) => {
      const from = valueOf(subject.tags, key) ?? null;
      return { ok: true, changes: from === value ? [] : [{ action: 'tag-set', key, from, to: value }] };
    });
  }

  removeTag(name: string, key: string, cause: Cause & { readonly version?: string } = {}): Outcome {
    return this.#changeSubject(name, cause, (subject, what) => {
      const from = valueOf(subject.tags, key);
      if (from === undefined)
        return failure('RESOURCE_DOES_NOT_EXIST', `${what} has no tag ${JSON.stringify(key)}.`);
      return { ok: true, changes: [{ action: 'tag-removed', key, from, to: null }] };
    });
  }

  /** Sets the description, in Markdown, of a version or without one of the model. */
  describe(name: string, text: string, cause: Cause & { readonly version?: string } = {}): Outcome {
    const bad = refusal(checkDescription(text));
    if (bad !== undefined) return bad;
    return this.#changeSubject(name, cause, (subject) => {
      const from = subject.description;
      return { ok: true, changes: from === text ? [] : [{ action: 'described', from, to: text }] };
    });
  }

  #changeSubject(
    name: string,
    cause: Cause & { readonly version?: string },
    decide: (subject: RegisteredModel | VersionDocument, what: string) => Decision<object>,
  ): Outcome {
    const { version } = cause;
    if (version === undefined) return this.#change(name, cause, ({ model }) => decide(model, name));
    return this.#changeVersion(name, version, cause, ({ version: document }) => {
      const decision = decide(document, `Version ${version} of ${name}`);
      if (!decision.ok) return decision;
      return { ok: true, changes: decision.changes.map((change) => ({ ...change, version }) as Change) };
    });
  }

  #changeVersion(
    name: string,
    version: string,
    cause: Cause,
    decide: (found: FoundVersion) => Decision<object>,
    includeDeleted = false,
  ): Outcome {
    const bad = refusal(checkVersionNumber(version));
    if (bad !== undefined) return bad;
    return this.#change(name, cause, (loaded): Decision<object> => {
      const found = this.#versionOf(loaded, version, includeDeleted);
      return found.ok ? decide(found) : found;
    });
  }

  setStatus(
    name: string,
    version: string,
    status: VersionStatus,
    cause: Cause & { readonly message?: string } = {},
  ): Outcome {
    return this.#changeVersion(name, version, cause, ({ version: { status: from } }) => {
      const message = cause.message === undefined ? {} : { message: cause.message };
      if (from === status) return { ok: true, changes: [] };
      return { ok: true, changes: [{ action: 'version-status', version, from, to: status, ...message }] };
    });
  }

  /** Its number is not used again, and its artifact stays until it is purged. Refused while something holds it. */
  deleteVersion(name: string, version: string, cause: Cause = {}): Outcome {
    return this.#changeVersion(name, version, cause, ({ aliases }) => {
      const held = this.#holding(name, version, aliases);
      if (held !== undefined)
        return failure('CONFLICT', `Version ${version} of ${name} can't be deleted: ${held}`);
      return { ok: true, changes: [{ action: 'version-deleted', version }] };
    });
  }

  /** What beside aliases needs a version, in words: `release web-3 on production`. */
  holderOf(name: string, version: string): string | undefined {
    return this.#options.heldBy?.(name, version);
  }

  #holding(name: string, version: string, aliases: readonly string[]): string | undefined {
    if (aliases.length > 0) {
      const [one, ...more] = aliases;
      const them =
        more.length === 0 ? `the alias ${String(one)} points` : `the aliases ${aliases.join(', ')} point`;
      return `${them} to it. Move or remove ${more.length === 0 ? 'it' : 'them'} first.`;
    }
    const holder = this.holderOf(name, version);
    return holder === undefined ? undefined : `${holder} needs it.`;
  }

  restoreVersion(name: string, version: string, cause: Cause = {}): Outcome {
    return this.#changeVersion(
      name,
      version,
      cause,
      ({ version: { deleted, purged, artifact } }) => {
        if (deleted === undefined)
          return failure('CONFLICT', `Version ${version} of ${name} is not deleted.`);
        if (purged === true || !this.objects.has(artifact.hash, artifact.files !== undefined)) {
          return failure(
            'CONFLICT',
            `Version ${version} of ${name} can't be restored: its artifact was given up.`,
          );
        }
        return { ok: true, changes: [{ action: 'version-restored', version }] };
      },
      true,
    );
  }

  /** Gives up the artifact of a deleted version: it can't be restored any more, and gc may free the bytes. */
  purgeVersion(name: string, version: string, cause: Cause = {}): Outcome {
    return this.#changeVersion(
      name,
      version,
      cause,
      ({ version: { deleted, purged } }) => {
        if (deleted === undefined) {
          return failure(
            'CONFLICT',
            `Version ${version} of ${name} is in use: delete it before you purge it.`,
          );
        }
        return { ok: true, changes: purged === true ? [] : [{ action: 'version-purged', version }] };
      },
      true,
    );
  }

  /** Its versions stay as they are and come back with it. Refused while an alias or something else holds one of them. */
  deleteModel(name: string, cause: Cause = {}): Outcome {
    return this.#change(name, cause, (loaded): Decision<object> => {
      const { aliases } = loaded.model;
      const names = Object.keys(aliases);
      if (names.length > 0) {
        const list = names.map((alias) => `${alias} (version ${String(aliases[alias])})`).join(', ');
        return failure(
          'CONFLICT',
          `The model ${name} can't be deleted while aliases point to it: ${list}. Remove them first.`,
        );
      }
      if (this.#options.heldBy !== undefined) {
        for (const { version, deleted } of this.#summaries(loaded, undefined)) {
          const holder = deleted === true ? undefined : this.#options.heldBy(name, version);
          if (holder !== undefined) {
            return failure(
              'CONFLICT',
              `The model ${name} can't be deleted: ${holder} needs version ${version}.`,
            );
          }
        }
      }
      return { ok: true, changes: [{ action: 'model-deleted' }] };
    });
  }

  restoreModel(name: string, cause: Cause = {}): Outcome {
    return this.#change(
      name,
      cause,
      ({ model }): Decision<object> => {
        if (model.deleted === undefined) return failure('CONFLICT', `The model ${name} is not deleted.`);
        return { ok: true, changes: [{ action: 'model-restored' }] };
      },
      true,
    );
  }

  /** Who changed what, when and why; the newest first. Of deleted models too. */
  history(name: string, query: HistoryQuery = {}): Outcome<{ readonly entries: readonly HistoryEntry[] }> {
    const found = this.#existing(name, true);
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

function authorOf({ who, reason, run }: Cause): Author {
  return {
    who: who ?? whoAmI(),
    ...(reason === undefined ? {} : { reason }),
    ...(run === undefined ? {} : { run }),
  };
}

/** Aliases that point to a version, sorted. */
export function aliasesOf(model: Pick<ModelDocument, 'aliases'>, version: string): readonly string[] {
  return Object.entries(model.aliases)
    .flatMap(([alias, to]) => (to === version ? [alias] : []))
    .sort();
}

function movedSince(
  name: string,
  alias: string,
  from: string | null,
  { expected }: MoveCause,
): RegistryFailure | undefined {
  if (expected === undefined || expected === from) return undefined;
  const where = (version: string | null): string => (version === null ? 'nowhere' : `to version ${version}`);
  return failure(
    'CONFLICT',
    `${alias} of ${name} points ${where(from)} by now, not ${where(expected)}: somebody has moved it. Look again.`,
  );
}

function noModel(name: string): RegistryFailure {
  return failure(
    'RESOURCE_DOES_NOT_EXIST',
    `There is no model ${name}. \`modelyard models list\` shows them.`,
  );
}

function deletedModel(name: string): RegistryFailure {
  return failure('RESOURCE_DOES_NOT_EXIST', `The model ${name} was deleted. Restore it to use it again.`);
}

function noVersion(model: RegisteredModel, version: string): RegistryFailure {
  const newest = model.nextVersion - 1;
  const has = newest === 0 ? 'it has none yet' : `the newest is ${newest}`;
  return failure('RESOURCE_DOES_NOT_EXIST', `The model ${model.name} has no version ${version}; ${has}.`);
}

function noAlias(model: RegisteredModel, alias: string): RegistryFailure {
  const names = Object.keys(model.aliases).sort();
  const has = names.length === 0 ? 'it has no aliases yet' : `it has ${names.join(', ')}`;
  return failure(
    'RESOURCE_DOES_NOT_EXIST',
    `The model ${model.name} has no alias ${JSON.stringify(alias)}; ${has}.`,
  );
}
