/**
 * What a model's journal comes to. Pure: the same entries give the same state, wherever and in how many steps they are
 * applied; applying entries again that are in already changes nothing.
 */
import { defined } from '../../../base/defined.js';
import { isNumber } from '../../../base/numeral.js';
import { display } from '../../../base/json.js';
import type { Json } from '../../../definition/definition.js';
import type { DocumentKind } from '../../disk/document.js';
import { REGISTRY_SCHEMA_VERSION } from '../types.js';
import type { HistoryEntry, ModelDocument, VersionDocument, VersionSummary } from '../types.js';

/** So many versions are in the model's own document; older ones only in theirs. */
export const RECENT_VERSIONS = 50;

const MAX_METRICS = 20;
const MAX_TEXT = 120;

export const modelDocumentKind: DocumentKind<ModelDocument> = {
  name: 'model',
  schema: REGISTRY_SCHEMA_VERSION,
  migrations: {},
  check(value) {
    if (typeof value['name'] !== 'string') return 'it has no name';
    for (const key of ['seq', 'applied', 'nextVersion']) {
      const number = value[key];
      if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
        return `its ${key} is not a number`;
    }
    for (const key of ['aliases', 'tags', 'counts']) {
      if (typeof value[key] !== 'object' || value[key] === null) return `it has no ${key}`;
    }
    return Array.isArray(value['recent']) ? undefined : 'it has no list of versions';
  },
};

export const versionDocumentKind: DocumentKind<VersionDocument> = {
  name: 'model version',
  schema: REGISTRY_SCHEMA_VERSION,
  migrations: {},
  check(value) {
    if (typeof value['name'] !== 'string' || typeof value['version'] !== 'string')
      return 'it has no name and number';
    const artifact = value['artifact'];
    if (typeof artifact !== 'object' || artifact === null || !('hash' in artifact))
      return 'it has no artifact';
    for (const key of ['params', 'metrics', 'tags', 'metadata']) {
      if (typeof value[key] !== 'object' || value[key] === null) return `it has no ${key}`;
    }
    return Array.isArray(value['inputs']) ? undefined : 'it has no list of inputs';
  },
};

/** The value of a key that came from a person: it may be called like a member of every object. */
export function valueOf<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function withKey<T>(record: Readonly<Record<string, T>>, key: string, value: T): Record<string, T> {
  return { ...record, [key]: value };
}

function withoutKey<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));
}

/** A model before its first entry. */
export function emptyModel(name: string): ModelDocument {
  return {
    schema: REGISTRY_SCHEMA_VERSION,
    name,
    createdAt: '',
    updatedAt: '',
    description: '',
    tags: {},
    aliases: {},
    nextVersion: 1,
    counts: { versions: 0, deleted: 0 },
    recent: [],
    seq: 0,
    applied: 0,
  };
}

function short(value: Json): Json {
  if (isNumber(value) || typeof value === 'boolean' || value === null) return value;
  const text = display(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : value;
}

function shortMetrics(metrics: Readonly<Record<string, Json>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(metrics)
      .slice(0, MAX_METRICS)
      .map(([key, value]) => [key.slice(0, MAX_TEXT), short(value)]),
  );
}

function titleOf(description: string): { title?: string } {
  const line = /[^\s#].*/.exec(description)?.[0].trim();
  return line === undefined ? {} : { title: line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line };
}

/** What lists show of a version. Bounded, however large its document is. */
export function summarizeVersion(version: VersionDocument): VersionSummary {
  const { hash, bytes, path, kind, framework } = version.artifact;
  return {
    name: version.name,
    version: version.version,
    status: version.status,
    createdAt: version.createdAt,
    createdBy: version.createdBy,
    ...defined({ run: version.run }),
    artifact: { hash, bytes, path, kind, ...defined({ framework }) },
    metrics: shortMetrics(version.metrics),
    tags: Object.fromEntries(
      Object.entries(version.tags)
        .slice(0, MAX_METRICS)
        .map(([key, value]) => [key, value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value]),
    ),
    ...titleOf(version.description),
    ...(version.deleted === undefined ? {} : { deleted: true }),
  };
}

/** The version that an entry is about, when it is about one. */
export function subjectOf(entry: HistoryEntry): string | undefined {
  return 'version' in entry ? entry.version : undefined;
}

/** The model after an entry. `applied` is the caller's business. */
export function applyToModel(model: ModelDocument, entry: HistoryEntry): ModelDocument {
  if (entry.seq <= model.seq) return model;
  return { ...changeModel(model, entry), seq: entry.seq, updatedAt: entry.at };
}

function changeModel(model: ModelDocument, entry: HistoryEntry): ModelDocument {
  const { counts } = model;
  switch (entry.action) {
    case 'model-created':
      return { ...model, createdAt: entry.at, description: entry.description, tags: entry.tags };
    case 'version-created': {
      const aliases = Object.keys(entry.aliases).map((alias) => [alias, entry.version] as const);
      // A deleted one comes in by an import.
      const deleted = entry.document.deleted !== undefined;
      return {
        ...model,
        nextVersion: Math.max(model.nextVersion, Number(entry.version) + 1),
        counts: {
          versions: counts.versions + (deleted ? 0 : 1),
          deleted: counts.deleted + (deleted ? 1 : 0),
        },
        recent: [summarizeVersion(entry.document), ...model.recent].slice(0, RECENT_VERSIONS),
        aliases: { ...model.aliases, ...Object.fromEntries(aliases) },
      };
    }
    case 'alias-set':
    case 'alias-rolled-back':
      return { ...model, aliases: withKey(model.aliases, entry.alias, entry.to) };
    case 'alias-removed':
      return { ...model, aliases: withoutKey(model.aliases, entry.alias) };
    case 'tag-set':
      if (entry.version === undefined) return { ...model, tags: withKey(model.tags, entry.key, entry.to) };
      break;
    case 'tag-removed':
      if (entry.version === undefined) return { ...model, tags: withoutKey(model.tags, entry.key) };
      break;
    case 'described':
      if (entry.version === undefined) return { ...model, description: entry.to };
      break;
    case 'version-deleted':
      model = { ...model, counts: { versions: counts.versions - 1, deleted: counts.deleted + 1 } };
      break;
    case 'version-restored':
      model = { ...model, counts: { versions: counts.versions + 1, deleted: counts.deleted - 1 } };
      break;
    case 'model-deleted':
      return { ...model, deleted: { at: entry.at, by: entry.who } };
    case 'model-restored':
      return restored(model);
    case 'version-status':
    case 'version-purged':
    case 'metrics-set':
    case 'imported':
      break;
  }
  const version = subjectOf(entry);
  if (version === undefined) return model;
  return {
    ...model,
    recent: model.recent.map((summary) =>
      summary.version === version ? changeSummary(summary, entry) : summary,
    ),
  };
}

/** The same without an optional key. */
function without<T extends object>(thing: T, key: keyof T & string): T {
  return Object.fromEntries(Object.entries(thing).filter(([other]) => other !== key)) as T;
}

function restored<T extends { readonly deleted?: unknown }>(thing: T): T {
  return without(thing, 'deleted');
}

function changeSummary(summary: VersionSummary, entry: HistoryEntry): VersionSummary {
  switch (entry.action) {
    case 'metrics-set':
      return { ...summary, metrics: shortMetrics({ ...summary.metrics, ...entry.to }) };
    case 'version-status':
      return { ...summary, status: entry.to };
    case 'tag-set':
      return { ...summary, tags: withKey(summary.tags, entry.key, entry.to.slice(0, MAX_TEXT)) };
    case 'tag-removed':
      return { ...summary, tags: withoutKey(summary.tags, entry.key) };
    case 'described': {
      return { ...without(summary, 'title'), ...titleOf(entry.to) };
    }
    case 'version-deleted':
      return { ...summary, deleted: true };
    case 'version-restored':
      return restored(summary);
    default:
      return summary;
  }
}

/** The version after an entry that is about it; `undefined` in, for the entry that makes it. */
export function applyToVersion(
  version: VersionDocument | undefined,
  entry: HistoryEntry,
): VersionDocument | undefined {
  if (version !== undefined && subjectOf(entry) !== version.version) return version;
  if (entry.action === 'version-created') return entry.document;
  if (version === undefined) return undefined;
  return { ...changeVersion(version, entry), updatedAt: entry.at };
}

function changeVersion(version: VersionDocument, entry: HistoryEntry): VersionDocument {
  switch (entry.action) {
    case 'metrics-set':
      return { ...version, metrics: { ...version.metrics, ...entry.to } };
    case 'version-status': {
      return {
        ...without(version, 'statusMessage'),
        status: entry.to,
        ...defined({ statusMessage: entry.message }),
      };
    }
    case 'tag-set':
      return { ...version, tags: withKey(version.tags, entry.key, entry.to) };
    case 'tag-removed':
      return { ...version, tags: withoutKey(version.tags, entry.key) };
    case 'described':
      return { ...version, description: entry.to };
    case 'version-deleted':
      return { ...version, deleted: { at: entry.at, by: entry.who } };
    case 'version-restored':
      return restored(version);
    case 'version-purged':
      return { ...version, purged: true };
    default:
      return version;
  }
}
