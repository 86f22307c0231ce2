/**
 * What the language service may know of the model registry. Rules and editor features must not know how models are
 * stored, so this is the port between them: `Registry` of server/stores answers it, its documents are these values.
 */
import type { Json } from '../definition.js';
import type { VersionSelector } from '../names/registry-names.js';

/** What a list shows of a version. */
export interface KnownVersion {
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly createdBy: string;
  readonly run?: { readonly id: string; readonly pipeline: string; readonly task?: string };
  readonly artifact: {
    readonly bytes: number;
    /** Where it lay in the project. */
    readonly path: string;
    readonly kind: string;
    readonly framework?: string;
  };
  readonly metrics: Readonly<Record<string, Json>>;
  readonly tags: Readonly<Record<string, string>>;
  /** First line of the description. */
  readonly title?: string;
  readonly deleted?: unknown;
}

interface KnownField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** All that a version's own document says and a page about it may need. */
export interface KnownVersionDetails extends Omit<KnownVersion, 'title'> {
  readonly params: Readonly<Record<string, Json>>;
  readonly signature?: { readonly inputs: readonly KnownField[]; readonly outputs: readonly KnownField[] };
  readonly features?: { readonly service?: string };
  /** Markdown. Never trusted. */
  readonly description: string;
}

/** A registered model. */
export interface KnownModel {
  readonly name: string;
  /** Markdown. Never trusted. */
  readonly description: string;
  /** Alias → version. An alias may be called like a member of every object: look up with `versionOf`. */
  readonly aliases: Readonly<Record<string, string>>;
  /** The number that the next version gets. */
  readonly nextVersion: number;
  readonly counts: { readonly versions: number; readonly deleted: number };
  /** The newest, newest first, deleted ones too; older ones by `KnownModels.version`. */
  readonly recent: readonly KnownVersion[];
  readonly deleted?: { readonly at: string; readonly by: string };
}

/** Who moved an alias last. */
export interface AliasMoved {
  readonly at: string;
  readonly who: string;
  /** The version it pointed to before; `null`: it was new. */
  readonly from: string | null;
  readonly reason?: string;
}

/** The registry of a project. Equal answers are the same object for as long as nothing has changed. */
export interface KnownModels {
  /** Names of all models, sorted. Ask `model` whether one is still there: names of deleted ones are among them. */
  names(): readonly string[];
  /** `unreadable`: there is something of that name, and nothing can be said of it. */
  model(name: string): KnownModel | 'unreadable' | undefined;
  /** One version with all that is known of it, deleted ones too. Reads a document: for what a person asks about. */
  version(name: string, version: string): KnownVersionDetails | undefined;
  /** The metric that stands for a version where there is room for one only. */
  mainMetric(name: string): string | undefined;
  /** The last move of an alias. Reads the history, from its end. */
  moved(name: string, alias: string): AliasMoved | undefined;
}

/** The version that an alias, a number or `latest` means now; whether there is one of that number is another question. */
export function versionOf(model: KnownModel, selector: VersionSelector): string | undefined {
  switch (selector.kind) {
    case 'version':
      return selector.version;
    case 'alias':
      return Object.hasOwn(model.aliases, selector.alias) ? model.aliases[selector.alias] : undefined;
    case 'latest':
      return model.recent.find((version) => version.deleted === undefined)?.version;
  }
}

/** The aliases that point to a version now, sorted. */
export function aliasesOfVersion(model: KnownModel, version: string): readonly string[] {
  return Object.keys(model.aliases)
    .filter((alias) => model.aliases[alias] === version)
    .sort();
}

/** The model, if it is there and can be used. */
export function usableModel(models: KnownModels | undefined, name: string): KnownModel | undefined {
  const model = models?.model(name);
  return model === undefined || model === 'unreadable' || model.deleted !== undefined ? undefined : model;
}

/** Whether there is any model at all; a registry without one says nothing about names. */
export function knowsModels(models: KnownModels | undefined): models is KnownModels {
  return models?.names().some((name) => usableModel(models, name) !== undefined) ?? false;
}
