/**
 * Artifacts as MLflow clients address them: `<experiment>/<run>/artifacts/…`, `<experiment>/models/<model>/artifacts/…`, and
 * versions of the registry as `registered/<name>/<version>/…`. Their bytes are objects of the registry, by their hashes: a
 * path of a client is a key of a table and never one of the disk.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { tempName, writeFully } from '../stores/disk/atomic.js';
import { statOf } from '../stores/disk/folder.js';
import { ensureMemory, layoutOf } from '../stores/layout.js';
import { isInnerPath, readListing } from '../stores/content/listing.js';
import { readPlainText } from '../stores/disk/plain-file.js';
import type { VersionArtifact } from '../stores/registry/types.js';
import type { LoggedModel } from '../stores/tracking/logged-models.js';
import type { TrackedArtifact, TrackedRun } from '../stores/tracking/tracked-run.js';
import type { Tracking } from './tracking.js';
import { WireError, invalid, missing } from './wire/wire.js';

/** The folder of registered versions beside those of experiments, whose names are numbers. */
const REGISTERED = 'registered';
/** So much of the disk is left to others. */
const RESERVE = 256 * 1024 * 1024;

type Files = ReadonlyMap<string, TrackedArtifact>;

/** Whose artifacts are meant, and which of them: the empty path is all. */
type Place =
  | { readonly kind: 'run'; readonly run: TrackedRun; readonly inner: string }
  | { readonly kind: 'model'; readonly model: LoggedModel; readonly inner: string }
  | { readonly kind: 'version'; readonly artifact: VersionArtifact; readonly inner: string };

/** Where clients get the files of a version. */
export function versionUri(name: string, version: string): string {
  return `mlflow-artifacts:/${REGISTERED}/${name}/${version}`;
}

/** @param given decoded. Throws a `WireError`. */
function innerPath(given: string): string {
  const name = given.replace(/^\/+|\/+$/g, '');
  if (name === '' || (isInnerPath(name) && !name.includes('\\'))) return name;
  throw invalid(`Invalid path ${JSON.stringify(given.slice(0, 80))}.`);
}

/** @param given after the base path, decoded. Throws a `WireError` where it is not below anything that there is. */
function placeOf(tracking: Tracking, given: string): Place {
  const [top = '', owner = '', ...rest] = innerPath(given).split('/');
  if (top === REGISTERED) {
    const [number = '', ...inner] = rest;
    const found = tracking.registry.version(owner, number);
    if (!found.ok) throw missing(found.error.message);
    return { kind: 'version', artifact: found.version.artifact, inner: inner.join('/') };
  }
  if (owner === 'models') {
    const [id = '', folder, ...inner] = rest;
    const model = tracking.model(id);
    if (folder === 'artifacts' && model.experiment === top)
      return { kind: 'model', model, inner: inner.join('/') };
  } else if (rest[0] === 'artifacts') {
    const run = tracking.runs.get(owner);
    if (run.experiment === top) return { kind: 'run', run, inner: rest.slice(1).join('/') };
  }
  throw missing(`There are no artifacts at ${JSON.stringify(given.slice(0, 200))}.`);
}

function filesOf(tracking: Tracking, place: Place): Files {
  if (place.kind === 'run') return place.run.artifacts;
  if (place.kind === 'model') return place.model.artifacts;
  return filesOfVersion(tracking, place.artifact);
}

function filesOfVersion(
  { registry: { objects } }: Tracking,
  { hash, bytes, files, path: at }: VersionArtifact,
): Files {
  if (files === undefined) return new Map([[path.posix.basename(at), { hash, bytes }]]);
  const entries = readListing(readPlainText(objects.pathOf(hash)), { outside: true });
  return new Map(
    entries.flatMap((entry) =>
      entry.kind === 'file'
        ? [[entry.path, { hash: entry.hash, bytes: statOf(objects.pathOf(entry.hash))?.size ?? 0 }] as const]
        : [],
    ),
  );
}

/** The files at a path, by their paths below it; of a file it is alone, with its own name. */
export function filesAt(
  tracking: Tracking,
  given: string,
): { readonly files: Files; readonly single: boolean } {
  const place = placeOf(tracking, given);
  const files = filesOf(tracking, place);
  const { inner } = place;
  const one = files.get(inner);
  if (one !== undefined) return { files: new Map([[path.posix.basename(inner), one]]), single: true };
  const prefix = inner === '' ? '' : `${inner}/`;
  const below = [...files].filter(([name]) => name.startsWith(prefix));
  return { files: new Map(below.map(([name, file]) => [name.slice(prefix.length), file])), single: false };
}

/**
 * Writes files to the disk as they were logged.
 * @param target absolute; nothing is there. Of a single file it becomes that file
 * @throws where a name is none, or with the system's error
 */
export async function writeOut(
  { registry: { objects } }: Tracking,
  { files, single }: ReturnType<typeof filesAt>,
  target: string,
): Promise<void> {
  for (const [inner, { hash }] of files) {
    if (!isInnerPath(inner)) throw new Error(`${inner} is no name of a file`);
    const file = single ? target : path.join(target, ...inner.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    await copyFile(objects.pathOf(hash), file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(file, 0o644);
  }
}

/** What lies in a folder. Of what is none, nothing, as MLflow has it. */
export function list(tracking: Tracking, given: string): object {
  const place = placeOf(tracking, given);
  const prefix = place.inner === '' ? '' : `${place.inner}/`;
  const found = new Map<string, object>();
  for (const [name, { bytes }] of filesOf(tracking, place)) {
    if (!name.startsWith(prefix)) continue;
    const [first = '', ...more] = name.slice(prefix.length).split('/');
    found.set(
      first,
      more.length > 0 ? { path: first, is_dir: true } : { path: first, is_dir: false, file_size: bytes },
    );
  }
  const files = [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, file]) => file);
  return files.length === 0 ? {} : { files };
}

export interface OpenArtifact {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly stream: (range: { readonly start: number; readonly end: number }) => Readable;
}

/** @throws WireError where there is no such file */
export function open(tracking: Tracking, given: string): OpenArtifact {
  const place = placeOf(tracking, given);
  const file = filesOf(tracking, place).get(place.inner);
  if (file === undefined) throw missing(`There is no artifact ${JSON.stringify(given.slice(0, 200))}.`);
  const object = tracking.registry.objects.pathOf(file.hash);
  const bytes = statOf(object)?.size;
  if (bytes === undefined) throw new WireError('INVALID_STATE', `${object} is missing.`);
  return {
    name: path.posix.basename(place.inner),
    hash: file.hash,
    bytes,
    stream: ({ start, end }) => createReadStream(object, { start, end }),
  };
}

/** Who may get files: a run or a logged model that is there. */
function writable(tracking: Tracking, given: string): Exclude<Place, { readonly kind: 'version' }> {
  const place = placeOf(tracking, given);
  if (place.kind === 'version') {
    throw new WireError(
      'PERMISSION_DENIED',
      'The files of a registered version never change: register another one.',
    );
  }
  if (place.kind === 'run' && place.run.deleted !== undefined) {
    throw invalid(`The run ${place.run.id} must be in the 'active' state. Current state is deleted.`);
  }
  return place;
}

/**
 * Takes in a file. It is there, as a whole, when this resolves.
 * @param length of the body, where the client says it
 */
export async function put(
  tracking: Tracking,
  given: string,
  body: AsyncIterable<Uint8Array>,
  length: number | undefined,
): Promise<void> {
  demandFile(tracking, given);
  const { places, objects } = tracking.registry;
  const memory = ensureMemory(layoutOf(tracking.root));
  if (!memory.ok) throw new WireError('TEMPORARILY_UNAVAILABLE', memory.problem.message);
  mkdirSync(places.temp, { recursive: true });
  const temp = tempName(path.join(places.temp, 'x'));
  const hash = createHash('sha256');
  let bytes = 0;
  let checked = demandRoom(places.temp, length ?? 0);
  const fd = openSync(temp, 'wx', 0o644);
  try {
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > checked) checked = bytes + demandRoom(places.temp, 0);
        hash.update(chunk);
        writeFully(fd, chunk);
      }
    } finally {
      closeSync(fd);
    }
    if (length !== undefined && bytes !== length) {
      throw new WireError('BAD_REQUEST', `The body has ${bytes} bytes, and ${length} were announced.`);
    }
    const name = `sha256:${hash.digest('hex')}`;
    objects.adopt(temp, name);
    // Whoever it is for may have gone, or changed, meanwhile.
    const place = demandFile(tracking, given);
    const artifacts = { [place.inner]: { hash: name, bytes } };
    if (place.kind === 'run') tracking.runs.change(place.run, { artifacts });
    else tracking.models.change(place.model.id, { artifacts });
  } finally {
    rmSync(temp, { force: true });
  }
}

/** Where a file may be put: not at a folder, and not below a file. */
function demandFile(tracking: Tracking, given: string): ReturnType<typeof writable> {
  const place = writable(tracking, given);
  const { inner } = place;
  const there = filesOf(tracking, place);
  const above = inner
    .split('/')
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join('/'));
  const file = above.find((one) => there.has(one));
  if (inner === '' || file !== undefined) {
    throw invalid(
      `Invalid path ${JSON.stringify(given.slice(0, 200))}: ${file === undefined ? 'it names no file' : `${file} is a file`}.`,
    );
  }
  if (!there.has(inner) && [...there.keys()].some((name) => name.startsWith(`${inner}/`))) {
    throw invalid(`Invalid path ${JSON.stringify(given.slice(0, 200))}: it is a folder.`);
  }
  return place;
}

/** How many bytes more may come before the disk is looked at again. Throws where they don't fit. */
function demandRoom(folder: string, wanted: number): number {
  const { bavail, bsize } = statfsSync(folder);
  const room = bavail * bsize - RESERVE;
  if (room <= wanted) {
    throw new WireError(
      'REQUEST_LIMIT_EXCEEDED',
      `There is no room for this artifact on the disk of ${folder}. Free some space, or run \`modelyard gc\`.`,
    );
  }
  return Math.max(wanted, Math.min(room / 2, 256 * 1024 * 1024));
}

/** A file, or a folder with all in it. What is not there is fine, as in MLflow. */
export function remove(tracking: Tracking, given: string): object {
  const place = writable(tracking, given);
  const { inner } = place;
  const names = [...filesOf(tracking, place).keys()].filter(
    (name) => inner === '' || name === inner || name.startsWith(`${inner}/`),
  );
  if (names.length === 0) return {};
  const artifacts = Object.fromEntries(names.map((name) => [name, null]));
  if (place.kind === 'run') tracking.runs.change(place.run, { artifacts });
  else tracking.models.change(place.model.id, { artifacts });
  return {};
}
