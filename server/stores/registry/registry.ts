/**
 * The model registry of a project: registered models, their versions, aliases and tags, and a history of every change.
 * Any number of processes may use it at once. What goes wrong is a value, not a throw.
 */
import { defined } from '../../base/defined.js';
import {
  checkAlias,
  checkModelName,
  checkNewAlias,
  checkTagKey,
  checkTagValue,
} from '../../definition/names/registry-names.js';
import { ensureMemory, layoutOf } from '../layout.js';
import { whoAmI } from '../machine/user.js';
import { checkDescription, checkRequest, checkTags, checkVersionNumber, refusal } from './versions/checks.js';
import type { Author, Decision, LoadedModel } from './journal/model-store.js';
import type { StoredArtifact } from './versions/objects.js';
import { newVersion } from './versions/new-version.js';
import { failure } from './outcome.js';
import { deletedModel, movedSince, noAlias, noModel } from './refusals.js';
import { RegistryReader } from './registry-reader.js';
import type { AliasMove, FoundVersion } from './registry-reader.js';
import { valueOf } from './journal/state.js';
import type {
  Cause,
  Change,
  Outcome,
  StoredRequest,
  RegisterRequest,
  RegisteredModel,
  RegistryFailure,
  RegistryOptions,
  VersionDocument,
  VersionStatus,
} from './types.js';

export { aliasesOf } from './registry-reader.js';
export type { AliasMove, FoundVersion } from './registry-reader.js';

/** Why an alias moves. */
export interface MoveCause extends Cause {
  /** Where it was when this was decided (`null`: nowhere). When another process has moved it since, it stays. */
  readonly expected?: string | null;
}

/** What registering has come to. */
interface Registered {
  readonly version: VersionDocument;
  readonly created: boolean;
  readonly added?: readonly string[];
}

export class Registry extends RegistryReader {
  readonly #options: RegistryOptions;

  /** Reads and writes nothing yet. */
  static open(root: string, options: RegistryOptions = {}): Registry {
    return new Registry(root, options);
  }

  constructor(root: string, options: RegistryOptions) {
    super(root);
    this.#options = options;
  }

  /**
   * Makes a version, and the model when it is new. `created: false`: these bytes from this fingerprint are a version
   * already, which is given, with the aliases moved to it and with metrics, tags and a description that it did not have
   * (`added`, in words). The bytes are taken in before the model is locked, so that
   * others don't wait for large ones.
   */
  async register(request: RegisterRequest): Promise<Outcome<Registered>> {
    const { signal, dry = false } = request;
    const bad = checkRequest(request) ?? (dry ? undefined : this.#prepare());
    if (bad !== undefined) return bad;
    const { hash } = request.artifact;
    const taken = await this.objects.put(request.artifact.file, {
      ...defined({ expected: hash, signal }),
      dry,
    });
    return taken.ok ? this.#add(request, taken.stored) : taken;
  }

  /** The same for bytes that the registry holds already, as those of tracked runs: none of them is read. */
  registerStored(request: StoredRequest, stored: StoredArtifact): Outcome<Registered> {
    return checkRequest(request) ?? this.#prepare() ?? this.#add(request, stored);
  }

  #add(request: StoredRequest, stored: StoredArtifact): Outcome<Registered> {
    const { dry = false } = request;
    const store = this.store(request.name);
    const author = authorOf(request);
    return store.change(author, (loaded): Decision<Registered> => {
      if (loaded?.model.deleted !== undefined) return deletedModel(request.name);
      if (!dry && !this.objects.holds(stored.hash, stored.kind === 'folder')) {
        return failure(
          'CONFLICT',
          `The bytes of ${request.artifact.path} were freed while they were registered. Try again.`,
        );
      }
      const wanted = [...new Set(request.aliases ?? [])];
      const known = Object.keys(loaded?.model.aliases ?? {});
      const twin = refusal(
        ...wanted
          .filter((alias) => !known.includes(alias))
          .map((alias) => checkNewAlias(alias, request.name, [...known, ...wanted])),
      );
      if (twin !== undefined) return twin;
      const same = loaded === undefined ? undefined : store.find(loaded, stored.hash, request.fingerprint);
      if (loaded !== undefined && same !== undefined) {
        const { aliases } = loaded.model;
        const changes = wanted.flatMap((alias): Change[] => {
          const from = valueOf(aliases, alias) ?? null;
          return from === same.version ? [] : [{ action: 'alias-set', alias, from, to: same.version }];
        });
        const anew = toldAnew(request, same);
        changes.push(...anew);
        return { ok: true, version: same, created: false, added: anew.map(addedWords), changes };
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
    });
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
    const found = this.existing(name, includeDeleted);
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
      const target = this.versionOf(loaded, version);
      if (!target.ok) return target;
      const { aliases } = loaded.model;
      const from = valueOf(aliases, alias) ?? null;
      const twin = from === null ? refusal(checkNewAlias(alias, name, Object.keys(aliases))) : undefined;
      if (twin !== undefined) return twin;
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
      const move = this.previousMove(loaded, alias);
      if (!move.ok) return move;
      const { from, to } = move;
      const overtaken = movedSince(name, alias, from, cause);
      if (overtaken !== undefined) return overtaken;
      return { ok: true, from, to, changes: [{ action: 'alias-rolled-back', alias, from, to }] };
    });
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
      const found = this.versionOf(loaded, version, includeDeleted);
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
        if (purged === true || !this.objects.holds(artifact.hash, artifact.files !== undefined)) {
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
        for (const { version, deleted } of this.summaries(loaded, undefined)) {
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
}

function authorOf({ who, reason, run, dry }: Cause): Author {
  return {
    who: who ?? whoAmI(),
    ...(dry === true ? { dry } : {}),
    ...defined({ reason, run }),
  };
}

function addedWords(change: Change): string {
  if (change.action === 'metrics-set') return `metrics ${Object.keys(change.to).join(', ')}`;
  return change.action === 'tag-set' ? `tag ${change.key}` : 'the description';
}

/** What is said of bytes that are a version already, and was not said before: as with a run of MLflow, it is added. */
function toldAnew(request: StoredRequest, same: VersionDocument): Change[] {
  const { version } = same;
  const { metrics = {}, tags = {}, description } = request;
  const other = Object.entries(metrics).filter(
    ([key, value]) => JSON.stringify(valueOf(same.metrics, key)) !== JSON.stringify(value),
  );
  const before = other.map(([key]) => [key, valueOf(same.metrics, key) ?? null] as const);
  const changes: Change[] = [];
  if (other.length > 0) {
    const [from, to] = [Object.fromEntries(before), Object.fromEntries(other)];
    changes.push({ action: 'metrics-set', version, from, to });
  }
  for (const [key, to] of Object.entries(tags)) {
    const from = valueOf(same.tags, key) ?? null;
    if (from !== to) changes.push({ action: 'tag-set', key, from, to, version });
  }
  if (description !== undefined && description !== same.description) {
    changes.push({ action: 'described', from: same.description, to: description, version });
  }
  return changes;
}
