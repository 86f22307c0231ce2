/**
 * The form in which a model travels: a manifest that names every file with size and hash, the history, and the bytes.
 *
 * ```
 * modelyard-model.json      which model, which versions, which files
 * history.ndjson            the entries of the journal that concern them
 * objects/<hash>            bytes; folders as their listings and the files in them
 * ```
 *
 * A folder or a tar archive with exactly these names: names from outside never become paths here.
 */
import { isRecord } from '../../../base/is-record.js';
import { parseJson } from '../../../base/json.js';
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, readSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { checkModelName, isVersionNumber } from '../../../definition/names/registry-names.js';
import { BadListing, isInnerPath, readListing } from '../../content/listing.js';
import { describeError } from '../../disk/problem.js';
import type { ContentHash } from '../../runs/document.js';
import { isHash } from '../../content/objects.js';
import { versionDocumentKind } from '../journal/state.js';
import { ArchiveError, listTar } from './tar.js';
import type { TarMember } from './tar.js';
import { REGISTRY_SCHEMA_VERSION } from '../types.js';
import type { HistoryEntry, VersionDocument } from '../types.js';

export const MANIFEST = 'modelyard-model.json';
export const HISTORY = 'history.ndjson';
export const BUNDLE_FORMAT = 1;

const CHUNK = 1024 * 1024;
const MAX_TEXT_BYTES = 256 * 1024 * 1024;
const MAX_FILES = 1_000_000;

export interface BundleFile {
  readonly name: string;
  readonly bytes: number;
  readonly hash: ContentHash;
}

export interface Manifest {
  readonly format: number;
  readonly name: string;
  readonly exportedAt: string;
  readonly exportedBy: string;
  /** As they are now, in rising order. */
  readonly versions: readonly VersionDocument[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** All but the manifest. */
  readonly files: readonly BundleFile[];
}

/** An export that was found to be whole: every byte of it was read. */
export interface OpenBundle {
  readonly manifest: Manifest;
  readonly history: readonly HistoryEntry[];
  /** The bytes of an object, in pieces. */
  object(hash: ContentHash): Iterable<Buffer>;
  close(): void;
}

interface Member {
  readonly size: number;
  readonly fd: number;
  readonly offset: number;
}

function* bytesOf({ fd, offset, size }: Member): Generator<Buffer> {
  for (let done = 0; done < size;) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - done));
    const read = readSync(fd, buffer, 0, buffer.length, offset + done);
    if (read === 0) throw new ArchiveError('it became shorter while it was read');
    yield buffer.subarray(0, read);
    done += read;
  }
}

function hashOfMember(member: Member): ContentHash {
  const hash = createHash('sha256');
  for (const bytes of bytesOf(member)) hash.update(bytes);
  return `sha256:${hash.digest('hex')}`;
}

function textOf(member: Member): string {
  if (member.size > MAX_TEXT_BYTES) throw new ArchiveError('its manifest or history is too large');
  return Buffer.concat([...bytesOf(member)]).toString('utf8');
}

/** Files of an exported folder. Links are not followed, other names not taken. */
function filesOfFolder(folder: string): string[] {
  const names: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name === 'objects') {
      for (const object of readdirSync(path.join(folder, 'objects'), { withFileTypes: true })) {
        if (!object.isFile()) throw new ArchiveError(`objects/${object.name} is not a plain file`);
        names.push(`objects/${object.name}`);
      }
    } else if (entry.isFile()) names.push(entry.name);
    else throw new ArchiveError(`${JSON.stringify(entry.name)} is not a plain file`);
    if (names.length > MAX_FILES) throw new ArchiveError(`it holds more than ${MAX_FILES} files`);
  }
  return names;
}

/** The members of an export, opened when they are asked for; names are only looked up, never joined to a path. */
class Members {
  readonly #archive: number | undefined;
  readonly #folder: string;
  readonly #members = new Map<string, TarMember | undefined>();
  #open: { readonly name: string; readonly fd: number } | undefined;

  constructor(from: string) {
    this.#folder = from;
    if (lstatSync(from).isDirectory()) {
      for (const name of filesOfFolder(from)) this.#members.set(name, undefined);
      return;
    }
    this.#archive = openSync(from, 'r');
    try {
      for (const member of listTar(this.#archive, MAX_FILES)) this.#members.set(member.name, member);
    } catch (error) {
      closeSync(this.#archive);
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  get(name: string): Member {
    if (!this.#members.has(name)) throw new ArchiveError(`${JSON.stringify(name)} is missing`);
    const member = this.#members.get(name);
    if (this.#archive !== undefined && member !== undefined) {
      return { fd: this.#archive, offset: member.offset, size: member.size };
    }
    this.#closeOpen();
    // It is one of the names that the folder itself gave.
    const fd = openSync(path.join(this.#folder, name), 'r');
    this.#open = { name, fd };
    return { fd, offset: 0, size: fstatSync(fd).size };
  }

  #closeOpen(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  close(): void {
    this.#closeOpen();
    if (this.#archive !== undefined) closeSync(this.#archive);
  }
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function parsed(text: string, what: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new ArchiveError(`its ${what} is not JSON (${describeError(error)})`);
  }
}

function isVersion(value: unknown, name: string): value is VersionDocument {
  if (!isRecord(value) || value['schema'] !== REGISTRY_SCHEMA_VERSION) return false;
  if (versionDocumentKind.check(value) !== undefined || value['name'] !== name) return false;
  const { version, artifact, createdAt, createdBy, status } = value;
  if (typeof version !== 'string' || !isVersionNumber(version) || !isRecord(artifact)) return false;
  if (
    [createdAt, createdBy, status, value['description'], value['updatedAt']].some(
      (text) => typeof text !== 'string',
    )
  )
    return false;
  if (!isTexts(value['tags'])) return false;
  if (typeof artifact['hash'] !== 'string' || !isHash(artifact['hash'])) return false;
  return (
    typeof artifact['bytes'] === 'number' &&
    typeof artifact['path'] === 'string' &&
    isInnerPath(artifact['path']) &&
    typeof artifact['kind'] === 'string'
  );
}

function isFile(value: unknown): value is BundleFile {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    (value['name'] === HISTORY || /^objects\/[0-9a-f]{64}$/.test(value['name'])) &&
    typeof value['bytes'] === 'number' &&
    typeof value['hash'] === 'string' &&
    isHash(value['hash'])
  );
}

function readManifest(text: string): Manifest {
  const value = parsed(text, 'manifest');
  if (!isRecord(value) || typeof value['format'] !== 'number')
    throw new ArchiveError('its manifest is none of ours');
  if (value['format'] > BUNDLE_FORMAT)
    throw new ArchiveError('it was written by a newer Modelyard; update Modelyard to import it');
  const { name, versions, files, aliases } = value;
  if (typeof name !== 'string') throw new ArchiveError('its manifest names no model');
  const checked = checkModelName(name);
  if (!checked.ok) throw new ArchiveError(checked.message);
  if (!Array.isArray(versions) || !versions.every((version) => isVersion(version, name))) {
    throw new ArchiveError('its manifest has a version that is none');
  }
  if (new Set(versions.map(({ version }) => version)).size !== versions.length)
    throw new ArchiveError('a version is in it twice');
  if (!Array.isArray(files) || !files.every(isFile))
    throw new ArchiveError('its manifest lists a file that no export holds');
  if (!isTexts(aliases) || !isTexts(value['tags']) || typeof value['description'] !== 'string') {
    throw new ArchiveError('its manifest is incomplete');
  }
  return value as unknown as Manifest;
}

function readHistory(text: string): HistoryEntry[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const value = parsed(line, 'history');
    const { seq, at, who, action } = isRecord(value) ? value : {};
    if (typeof seq !== 'number' || [at, who, action].some((part) => typeof part !== 'string')) {
      throw new ArchiveError('its history has a line that is none');
    }
    return [value as HistoryEntry];
  });
}

/** The files that the listing of a version names. It is going to be laid out here, and came from anywhere. */
function filesOf(listing: string, version: string): ContentHash[] {
  try {
    return readListing(listing, { portable: true }).flatMap((entry) =>
      entry.kind === 'file' ? [entry.hash] : [],
    );
  } catch (error) {
    if (!(error instanceof BadListing)) throw error;
    throw new ArchiveError(`the folder of version ${version} can't be laid out: ${error.message}`);
  }
}

/**
 * Opens an export and reads all of it. Throws `ArchiveError` for anything that is not exactly as its manifest says, and the
 * system's error.
 */
export function openBundle(from: string): OpenBundle {
  const members = new Members(from);
  try {
    const manifest = readManifest(textOf(members.get(MANIFEST)));
    const listed = new Map(manifest.files.map((file) => [file.name, file]));
    for (const name of members.names) {
      if (name !== MANIFEST && !listed.has(name))
        throw new ArchiveError(`${JSON.stringify(name)} is not listed in its manifest`);
    }
    for (const { name, bytes, hash } of manifest.files) {
      const member = members.get(name);
      if (member.size !== bytes || hashOfMember(member) !== hash)
        throw new ArchiveError(
          `${JSON.stringify(name)} is damaged: its bytes are not those that were exported`,
        );
      if (name !== HISTORY && name !== `objects/${hash.slice('sha256:'.length)}`)
        throw new ArchiveError(`${JSON.stringify(name)} is not called by its hash`);
    }
    const nameOf = (hash: ContentHash): string => `objects/${hash.slice('sha256:'.length)}`;
    for (const { version, artifact } of manifest.versions) {
      if (!listed.has(nameOf(artifact.hash)))
        throw new ArchiveError(`the artifact of version ${version} is missing`);
      if (artifact.files === undefined) continue;
      for (const hash of filesOf(textOf(members.get(nameOf(artifact.hash))), version)) {
        if (!listed.has(nameOf(hash)))
          throw new ArchiveError(`a file of version ${version} is missing: ${hash}`);
      }
    }
    return {
      manifest,
      history: readHistory(textOf(members.get(HISTORY))),
      object: (hash) => bytesOf(members.get(nameOf(hash))),
      close: () => {
        members.close();
      },
    };
  } catch (error) {
    members.close();
    throw error;
  }
}
