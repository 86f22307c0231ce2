/** Models that go from one project to another, with their bytes, metadata and history, as a folder or a tar archive. */
import { defined } from '../../../base/defined.js';
import { jsonText } from '../../../base/json.js';
import {
  closeSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkAlias, checkModelName, checkTagKey } from '../../../definition/names/registry-names.js';
import { tempName } from '../../disk/atomic.js';
import { hashOf } from '../../content/hash.js';
import { ensureMemory, layoutOf } from '../../layout.js';
import { describeError } from '../../disk/problem.js';
import type { ContentHash } from '../../runs/document.js';
import { BUNDLE_FORMAT, HISTORY, MANIFEST, openBundle } from './bundle.js';
import type { BundleFile, Manifest, OpenBundle } from './bundle.js';
import { refusal } from '../versions/checks.js';
import type { Decision } from '../journal/model-store.js';
import { whoAmI } from '../../machine/user.js';
import { failure } from '../outcome.js';
import type { Registry } from '../registry.js';
import { applyToModel, applyToVersion, emptyModel, subjectOf, valueOf } from '../journal/state.js';
import { ArchiveError, writeTar } from './tar.js';
import type { TarSource } from './tar.js';
import type { Cause, Change, HistoryEntry, Outcome, RegisteredModel, VersionDocument } from '../types.js';

export interface ExportRequest {
  readonly name: string;
  /** Numbers; absent: all that are not deleted. */
  readonly versions?: readonly string[];
  /** Absolute. Ends in `.tar`: an archive; anything else: a folder. Must not exist. */
  readonly to: string;
}

/** Writes an export. Every byte of every artifact is checked on the way; what is damaged is not exported. */
export async function exportModel(
  registry: Registry,
  request: ExportRequest,
): Promise<Outcome<{ readonly versions: readonly string[]; readonly bytes: number }>> {
  const { name, to } = request;
  const found = registry.model(name);
  if (!found.ok) return found;
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
    return failure('RESOURCE_ALREADY_EXISTS', `${to} exists already. Choose another name, or remove it.`);
  }
  // One moment: everything comes from one prefix of the journal, whatever others write meanwhile.
  const now = replay(name, registry.store(name).journal.readFrom(0).entries);
  const wanted =
    request.versions ??
    [...now.versions.values()].flatMap((one) => (one.deleted === undefined ? one.version : []));
  const versions: VersionDocument[] = [];
  for (const number of wanted) {
    const version = now.versions.get(number);
    if (version === undefined || version.deleted !== undefined) {
      const missing = registry.version(name, number);
      return missing.ok
        ? failure('CONFLICT', `Version ${number} of ${name} has just been changed. Try again.`)
        : missing;
    }
    const read = await registry.objects.read(version.artifact);
    if (!read.ok) return read;
    versions.push(version);
  }
  versions.sort((a, b) => Number(a.version) - Number(b.version));
  const numbers = new Set(versions.map(({ version }) => version));
  const history = now.entries.filter((entry) => concernsOnly(entry, numbers));
  const historyText = history.map((entry) => `${jsonText(entry)}\n`).join('');
  const hashes = new Set<ContentHash>();
  for (const { artifact } of versions) {
    for (const hash of artifact.files === undefined
      ? [artifact.hash]
      : registry.objects.closure(artifact.hash))
      hashes.add(hash);
  }
  try {
    const objects = [...hashes].sort().map((hash): BundleFile & { readonly file: string } => {
      const file = registry.objects.pathOf(hash);
      return { name: `objects/${hash.slice('sha256:'.length)}`, hash, bytes: lstatSync(file).size, file };
    });
    const { model } = now;
    const manifest: Manifest = {
      format: BUNDLE_FORMAT,
      name,
      exportedAt: new Date().toISOString(),
      exportedBy: whoAmI(),
      versions,
      aliases: Object.fromEntries(
        Object.entries(model.aliases).filter(([, version]) => numbers.has(version)),
      ),
      description: model.description,
      tags: model.tags,
      files: [
        { name: HISTORY, hash: hashOf(historyText), bytes: Buffer.byteLength(historyText) },
        ...objects.map(({ name: file, hash, bytes }) => ({ name: file, hash, bytes })),
      ],
    };
    writeBundle(to, [
      { name: MANIFEST, content: `${jsonText(manifest)}\n` },
      { name: HISTORY, content: historyText },
      ...objects.map(({ name: member, file }) => ({ name: member, content: { file } })),
    ]);
    const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
    return { ok: true, versions: versions.map(({ version }) => version), bytes };
  } catch (error) {
    return failure('UNAVAILABLE', `Can't export to ${to}: ${describeError(error)}.`);
  }
}

interface Moment {
  readonly entries: readonly HistoryEntry[];
  readonly model: ReturnType<typeof emptyModel>;
  readonly versions: ReadonlyMap<string, VersionDocument>;
}

/** What a journal, or the part of it that was read, comes to. */
function replay(name: string, entries: readonly HistoryEntry[]): Moment {
  const versions = new Map<string, VersionDocument>();
  for (const entry of entries) {
    const number = subjectOf(entry);
    if (number === undefined) continue;
    const version = applyToVersion(versions.get(number), entry);
    if (version !== undefined) versions.set(number, version);
  }
  return { entries, model: entries.reduce(applyToModel, emptyModel(name)), versions };
}

/** Throws `ArchiveError` for a bundle that could not be imported. */
function checkBundle(from: string): void {
  const bundle = openBundle(from);
  try {
    checkedReplay(bundle.manifest, bundle.history);
  } finally {
    bundle.close();
  }
}

/** Entries about the model itself or about exported versions; moves of aliases only between those. */
function concernsOnly(entry: HistoryEntry, numbers: ReadonlySet<string>): boolean {
  const version = subjectOf(entry);
  if (version !== undefined) return numbers.has(version);
  if (entry.action === 'alias-set' || entry.action === 'alias-rolled-back') return numbers.has(entry.to);
  return entry.action === 'alias-removed' ? numbers.has(entry.from) : true;
}

/** Visible by one rename when it is whole, and was found to be one that can be imported. */
function writeBundle(to: string, sources: readonly TarSource[]): void {
  const temp = tempName(to);
  mkdirSync(path.dirname(to), { recursive: true });
  try {
    if (to.endsWith('.tar')) {
      const fd = openSync(temp, 'wx');
      try {
        writeTar(fd, sources);
      } finally {
        closeSync(fd);
      }
    } else {
      mkdirSync(path.join(temp, 'objects'), { recursive: true });
      for (const { name, content } of sources) {
        if (typeof content === 'string') writeFileSync(path.join(temp, name), content);
        else copyFileSync(content.file, path.join(temp, name));
      }
    }
    checkBundle(temp);
    renameSync(temp, to);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

export interface Imported {
  readonly name: string;
  /** What became of each version, in rising order. */
  readonly versions: readonly {
    readonly from: string;
    readonly to: string;
    /** `same`: these bytes from this fingerprint were a version already. `renumbered`: its number was taken. */
    readonly as: 'new' | 'renumbered' | 'same';
  }[];
  /** Aliases that stayed where they were here, though they point elsewhere there. */
  readonly keptAliases: readonly string[];
}

/**
 * Brings an export in. A model that is not here yet comes with its history, its numbers and aliases; into one that is, its
 * versions are added: numbers that are taken become new ones, aliases that are taken stay, and the history from there is
 * kept beside the journal. A damaged export, or one with a path that leaves it, is refused whole.
 */
export async function importModel(
  registry: Registry,
  from: string,
  options: { readonly as?: string } & Cause = {},
): Promise<Outcome<Imported>> {
  let bundle: OpenBundle;
  try {
    bundle = openBundle(from);
  } catch (error) {
    const why = error instanceof ArchiveError ? error.message : describeError(error);
    return failure(
      error instanceof ArchiveError ? 'DAMAGED' : 'RESOURCE_DOES_NOT_EXIST',
      `${from} was not imported: ${why}.`,
    );
  }
  try {
    const name = options.as ?? bundle.manifest.name;
    const bad = refusal(checkModelName(name));
    if (bad !== undefined) return bad;
    const aliases = checkedReplay(bundle.manifest, bundle.history);
    if (options.dry !== true) {
      const memory = ensureMemory(layoutOf(registry.root));
      if (!memory.ok) return failure('UNAVAILABLE', memory.problem.message);
      await takeObjects(registry, bundle);
    }
    return addVersions(registry, name, bundle, aliases, options);
  } catch (error) {
    const code = error instanceof ArchiveError ? 'DAMAGED' : 'UNAVAILABLE';
    return failure(
      code,
      `${from} was not imported: ${error instanceof ArchiveError ? error.message : describeError(error)}.`,
    );
  } finally {
    bundle.close();
  }
}

async function takeObjects(registry: Registry, bundle: OpenBundle): Promise<void> {
  mkdirSync(registry.places.temp, { recursive: true });
  for (const { name, hash } of bundle.manifest.files) {
    if (name === HISTORY) continue;
    const temp = tempName(path.join(registry.places.temp, 'import'));
    try {
      const fd = openSync(temp, 'wx');
      try {
        for (const bytes of bundle.object(hash)) writeFileSync(fd, bytes);
      } finally {
        closeSync(fd);
      }
      const put = await registry.objects.put(temp, { expected: hash });
      if (!put.ok) throw new ArchiveError(put.error.message);
    } finally {
      rmSync(temp, { force: true });
    }
  }
}

type Brought = Change & { readonly at?: string; readonly who?: string; readonly reason?: string };

function addVersions(
  registry: Registry,
  name: string,
  bundle: OpenBundle,
  replayed: Readonly<Record<string, string>>,
  cause: Cause,
): Outcome<Imported> {
  const { manifest } = bundle;
  const store = registry.store(name);
  const { who = whoAmI(), dry = false } = cause;
  return store.change({ who, dry }, (loaded): Decision<Imported> => {
    if (loaded?.model.deleted !== undefined) {
      return failure(
        'CONFLICT',
        `The model ${name} was deleted here. Restore it, or import under another name.`,
      );
    }
    for (const { version, artifact } of dry ? [] : manifest.versions) {
      if (!registry.objects.holds(artifact.hash, artifact.files !== undefined)) {
        return failure(
          'CONFLICT',
          `The bytes of version ${version} were freed while it was imported. Try again.`,
        );
      }
    }
    const find = (document: VersionDocument): VersionDocument | undefined =>
      loaded === undefined ? undefined : store.find(loaded, document.artifact.hash, document.fingerprint);
    const plan =
      loaded === undefined ? asItWas(name, bundle, replayed) : added(name, manifest, loaded.model, find);
    const { changes, ...done } = plan;
    if (loaded !== undefined && changes.length === 0) return { ok: true, ...done, changes };
    const imported: Brought = {
      action: 'imported',
      name: manifest.name,
      versions: Object.fromEntries(done.versions.map(({ from, to }) => [from, to])),
      ...(loaded === undefined || dry ? {} : { history: keepHistory(store.places.imports, bundle.history) }),
      ...defined({ reason: cause.reason }),
    };
    return { ok: true, ...done, changes: [...changes, imported] };
  });
}

/** A version as it is written here, knowing where it came from. */
function moved(document: VersionDocument, name: string, version: string): VersionDocument {
  const importedFrom = document.importedFrom ?? { name: document.name, version: document.version };
  return { ...document, name, version, importedFrom };
}

/**
 * The history from there becomes this model's own, word for word.
 * @param aliases what it comes to
 */
function asItWas(
  name: string,
  { manifest, history }: OpenBundle,
  aliases: Readonly<Record<string, string>>,
): Imported & { readonly changes: readonly Brought[] } {
  const changes = history.map((entry): Brought => {
    // The number is given anew: entries about versions that did not come along are not there. Nor did the histories
    // come that lay beside the journal there.
    const change = Object.fromEntries(
      Object.entries(entry).filter(([key]) => key !== 'seq' && key !== 'history'),
    ) as unknown as HistoryEntry;
    if (change.action === 'model-created') return { ...change, name };
    if (change.action === 'version-created')
      return { ...change, document: moved(change.document, name, change.version) };
    return change;
  });
  // Aliases that have since gone on to versions that did not come along.
  for (const [alias, from] of Object.entries(aliases)) {
    if (valueOf(manifest.aliases, alias) === undefined)
      changes.push({ action: 'alias-removed', alias, from, to: null });
  }
  const versions = manifest.versions.map(({ version }) => ({
    from: version,
    to: version,
    as: 'new' as const,
  }));
  return { name, versions, keptAliases: [], changes };
}

/**
 * The aliases that a history from elsewhere comes to. Throws `ArchiveError` when it does not come to what the manifest
 * says: then one of them was tampered with.
 */
function checkedReplay(
  manifest: Manifest,
  history: readonly HistoryEntry[],
): Readonly<Record<string, string>> {
  const [first] = history;
  const bad = new ArchiveError('its history does not come to what its manifest says');
  if (first?.action !== 'model-created') throw bad;
  let seq = 0;
  let model = emptyModel(manifest.name);
  const versions = new Map<string, VersionDocument | undefined>();
  for (const entry of history) {
    if (entry.seq <= seq || !ACTIONS.has(entry.action)) throw bad;
    if (
      entry.action === 'version-created' &&
      (versions.has(entry.version) || entry.document.version !== entry.version)
    )
      throw bad;
    if ('alias' in entry && !checkAlias(entry.alias).ok) throw bad;
    if ('to' in entry && entry.to !== null && typeof entry.to !== 'string') throw bad;
    if ('key' in entry && !checkTagKey(entry.key).ok) throw bad;
    seq = entry.seq;
    model = applyToModel(model, entry);
    const version = subjectOf(entry);
    if (version !== undefined) versions.set(version, applyToVersion(versions.get(version), entry));
  }
  if (versions.size !== manifest.versions.length || model.deleted !== undefined) throw bad;
  for (const document of manifest.versions) {
    if (!isDeepStrictEqual(versions.get(document.version), document)) throw bad;
  }
  for (const [alias, version] of Object.entries(manifest.aliases)) {
    if (valueOf(model.aliases, alias) !== version) throw bad;
  }
  for (const [alias, version] of Object.entries(model.aliases)) {
    if (!versions.has(version) || !checkAlias(alias).ok) throw bad;
  }
  return model.aliases;
}

const ACTIONS: ReadonlySet<string> = new Set<HistoryEntry['action']>([
  'model-created',
  'version-created',
  'version-status',
  'alias-set',
  'alias-removed',
  'alias-rolled-back',
  'tag-set',
  'tag-removed',
  'described',
  'metrics-set',
  'version-deleted',
  'version-restored',
  'version-purged',
  'model-deleted',
  'model-restored',
  'imported',
]);

/** Versions that come to those that are here. */
function added(
  name: string,
  manifest: Manifest,
  model: RegisteredModel,
  find: (document: VersionDocument) => VersionDocument | undefined,
): Imported & { readonly changes: readonly Brought[] } {
  const changes: Brought[] = [];
  const versions: { from: string; to: string; as: 'new' | 'renumbered' | 'same' }[] = [];
  let next = model.nextVersion;
  for (const document of [...manifest.versions].sort((a, b) => Number(a.version) - Number(b.version))) {
    const number = document.version;
    const same = find(document);
    if (same !== undefined) {
      versions.push({ from: number, to: same.version, as: 'same' });
      continue;
    }
    const to = String(Math.max(Number(number), next));
    next = Number(to) + 1;
    versions.push({ from: number, to, as: to === number ? 'new' : 'renumbered' });
    changes.push({
      action: 'version-created',
      version: to,
      document: moved(document, name, to),
      aliases: {},
    });
  }
  const numbers = new Map(versions.map(({ from, to }) => [from, to]));
  const keptAliases: string[] = [];
  for (const [alias, version] of Object.entries(manifest.aliases)) {
    const to = numbers.get(version);
    const here = valueOf(model.aliases, alias);
    if (to === undefined || here === to) continue;
    if (here !== undefined) keptAliases.push(alias);
    else if (checkAlias(alias).ok) changes.push({ action: 'alias-set', alias, from: null, to });
  }
  return { name, versions, keptAliases, changes };
}

/** The history from there, word for word; named by its content, so that the same import is kept once. */
function keepHistory(folder: string, entries: readonly HistoryEntry[]): string {
  const text = entries.map((entry) => `${jsonText(entry)}\n`).join('');
  const name = `${hashOf(text).slice('sha256:'.length, 'sha256:'.length + 16)}.ndjson`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), text);
  return name;
}
