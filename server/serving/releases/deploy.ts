/**
 * Putting an app package and a model version together as a release, beside whatever runs. The folder is filled first;
 * the release is there when its document is, which comes last and by one rename.
 */
import { constants, copyFileSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { signatureDifferences } from '../../definition/known/signature-differences.js';
import { plural } from '../../base/format.js';
import { formatBytes } from '../../definition/text/units.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { hashFile } from '../../stores/content/hash.js';
import { ensureMemory, layoutOf } from '../../stores/layout.js';
import type { PackageStore } from '../../stores/packages/store.js';
import type { PackageManifest, PackageVersion } from '../../stores/packages/types.js';
import { describeError, errorCode } from '../../stores/disk/problem.js';
import { failure } from '../../stores/registry/outcome.js';
import type { Registry } from '../../stores/registry/registry.js';
import type { Outcome, RunReference, VersionDocument } from '../../stores/registry/types.js';
import { whoAmI } from '../../stores/machine/user.js';
import { releasePlaces, type ReleasePlaces } from '../places.js';
import { listReleases, madeOf, recordRelease, referenceOf, refusedHistory } from './releases.js';
import { takeTurn } from './turn.js';
import { RELEASE_SCHEMA_VERSION, type ReleaseDocument, type ReleaseModel } from '../types.js';
import { endClaim, sweepUnfinished } from './unfinished.js';

/** How a command of the package's setup ended. */
export interface SetupOutcome {
  readonly ok: boolean;
  readonly error?: string;
}

export interface DeployRequest {
  /** Absolute, of the project. */
  readonly root: string;
  readonly packages: PackageStore;
  readonly registry: Registry;
  readonly package: PackageVersion;
  readonly model?: { readonly version: VersionDocument; readonly alias?: string };
  readonly environment: string;
  readonly target: string;
  /** Variables of the environment, and of this deployment. Those of the package come between them. */
  readonly env: {
    readonly environment: Readonly<Record<string, string>>;
    readonly own: Readonly<Record<string, string>>;
  };
  /** Names, beside those of the package. */
  readonly secrets: readonly string[];
  /** Older releases that stay. */
  readonly keep: number;
  /** Make a release even when the newest one is the same. */
  readonly force: boolean;
  /** Wait for deployments that are under way, else fail. */
  readonly wait: boolean;
  /** Of the run and all that it is part of, the one at the top: its deployments don't supersede each other. */
  readonly topRun?: string;
  readonly run?: RunReference;
  readonly signal: AbortSignal;
  /** Runs a setup command in the release's `app` folder. */
  setup(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<SetupOutcome>;
  /** For the person who waits. */
  say(line: string): void;
}

export interface Deployed {
  readonly release: ReleaseDocument;
  /** `false`: the newest release is the same; it is given. */
  readonly created: boolean;
  /** Ids of older releases that were taken away. */
  readonly removed: readonly string[];
}

/** A kind of platform that releases are put on. */
export interface ReleaseTarget {
  deploy(request: DeployRequest): Promise<Outcome<Deployed>>;
}

/** By the `type` of a target in `modelyard.yaml`. */
export const TARGETS: Readonly<Record<string, ReleaseTarget>> = { local: { deploy: deployLocally } };

/** Room for what is made beside the copies. */
const SPARE_BYTES = 16 * 1024 * 1024;

async function deployLocally(request: DeployRequest): Promise<Outcome<Deployed>> {
  const { root, environment, packages } = request;
  const memory = ensureMemory(layoutOf(root));
  if (!memory.ok) return failure('UNAVAILABLE', memory.problem.message);
  const read = packages.manifest(request.package);
  if (!read.ok) return read;
  const { manifest } = read;
  const mismatch = whyNot(request, manifest);
  if (mismatch !== undefined) return failure('CONFLICT', mismatch);
  try {
    const turn = await takeTurn({
      root,
      environment,
      app: JSON.stringify([request.package.name, request.model?.version.name ?? null, request.target]),
      what: madeOf({ package: request.package, ...modelOf(request) }, ' with '),
      ...defined({ run: request.topRun }),
      wait: request.wait,
      signal: request.signal,
      say: (line) => request.say(line),
    });
    return turn.ok ? await makeRelease(request, manifest, turn.id) : turn;
  } catch (error) {
    request.signal.throwIfAborted();
    return failure('UNAVAILABLE', `Can't make the release in ${environment}: ${describeError(error)}.`);
  }
}

function modelOf({ model }: DeployRequest): { readonly model?: VersionDocument } {
  return model === undefined ? {} : { model: model.version };
}

/** @param id claimed by this process, which ends the claim here */
async function makeRelease(
  request: DeployRequest,
  manifest: PackageManifest,
  id: string,
): Promise<Outcome<Deployed>> {
  const { root, environment } = request;
  const places = releasePlaces(root, environment, id);
  let done = false;
  try {
    const refused = refusedHistory(root, environment);
    if (refused !== undefined) return failure('DAMAGED', refused.message);
    const release = documentOf(request, manifest, id);
    // Looked for now: whoever had the turn before may have made the same.
    const newest = request.force ? undefined : listReleases(root, environment)[0];
    if (newest !== undefined && isSame(newest, release)) {
      return { ok: true, release: newest, created: false, removed: [] };
    }
    // Before the room is measured: what a killed deployment has left may be as large as what comes.
    sweepUnfinished(root, environment);
    mkdirSync(places.folder, { recursive: true });
    const room = noRoom(places.folder, request);
    if (room !== undefined) return failure('UNAVAILABLE', room);
    const filled = await fill(request, places, release, manifest);
    if (!filled.ok) return filled;
    writeAtomic(places.document, `${JSON.stringify(release, undefined, 2)}\n`, { durable: true });
    done = true;
    return { ok: true, release, created: true, removed: recordRelease(root, release, request.keep) };
  } finally {
    if (!done) rmSync(places.folder, { recursive: true, force: true });
    endClaim(root, environment, id);
  }
}

/** What speaks against this package with this model. */
function whyNot({ model, package: version }: DeployRequest, manifest: PackageManifest): string | undefined {
  const app = referenceOf(version);
  if (model === undefined) {
    return manifest.model === undefined
      ? undefined
      : `${app} serves the model ${manifest.model}: say which version, as in model: ${manifest.model}@production`;
  }
  const name = referenceOf(model.version);
  if (manifest.model !== undefined && manifest.model !== model.version.name) {
    return `${app} serves the model ${manifest.model}, not ${model.version.name}`;
  }
  if (manifest.signature === undefined) return undefined;
  if (model.version.signature === undefined) {
    return `${app} expects a model with a certain signature, and ${name} has none: give it one with \`signature\` in its register task`;
  }
  const differences = signatureDifferences(manifest.signature, model.version.signature);
  return differences.length === 0
    ? undefined
    : `${name} is not what ${app} expects: ${differences.join('; ')}`;
}

function noRoom(folder: string, { package: version, model }: DeployRequest): string | undefined {
  const needed = version.bytes + (model?.version.artifact.bytes ?? 0) + SPARE_BYTES;
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  return free >= needed
    ? undefined
    : `There is no room for the release: it needs ${formatBytes(needed)}, and ${formatBytes(free)} are free. \`modelyard gc\` may free some.`;
}

/** Where the app finds the model, relative to the release's folder. */
function modelPath({ artifact }: VersionDocument): string {
  return artifact.files === undefined ? `model/${path.posix.basename(artifact.path)}` : 'model';
}

function documentOf(request: DeployRequest, manifest: PackageManifest, id: string): ReleaseDocument {
  const { environment, target, env, run } = request;
  const { name, version, hash } = request.package;
  const { port, signature, featureService } = manifest;
  const given = request.model?.version;
  const trainingSet = given?.features?.trainingSet;
  const model: ReleaseModel | undefined =
    given === undefined
      ? undefined
      : {
          name: given.name,
          version: given.version,
          hash: given.artifact.hash,
          ...(request.model?.alias === undefined ? {} : { alias: request.model.alias }),
          path: modelPath(given),
        };
  return {
    schema: RELEASE_SCHEMA_VERSION,
    id,
    environment,
    target,
    package: { name, version, hash },
    ...defined({ model }),
    entrypoint: manifest.entrypoint,
    env: { ...env.environment, ...manifest.env, ...env.own },
    secrets: [...new Set([...manifest.secrets, ...request.secrets])],
    ...defined({ port }),
    health: manifest.health,
    ...(given?.signature === undefined
      ? signature === undefined
        ? {}
        : { signature: declared(signature) }
      : { signature: given.signature }),
    ...defined({ featureService, trainingSet }),
    createdAt: new Date().toISOString(),
    createdBy: whoAmI(),
    ...defined({ run }),
  };
}

function declared(
  signature: NonNullable<PackageManifest['signature']>,
): NonNullable<ReleaseDocument['signature']> {
  const columns = (list: typeof signature.inputs): { name: string; type: string; required: boolean }[] =>
    list.map((column) => ({ ...column, required: true }));
  return { inputs: columns(signature.inputs), outputs: columns(signature.outputs), source: 'declared' };
}

/** Whether two releases are the same but for when and by whom they were made, and by which alias. */
function isSame(a: ReleaseDocument, b: ReleaseDocument): boolean {
  const text = ({ model, ...release }: ReleaseDocument): string => {
    const who = { id: '', createdAt: '', createdBy: '', run: null };
    return JSON.stringify([{ ...release, ...who }, model?.name, model?.version, model?.hash]);
  };
  return text(a) === text(b);
}

async function fill(
  request: DeployRequest,
  places: ReleasePlaces,
  release: ReleaseDocument,
  manifest: PackageManifest,
): Promise<Outcome> {
  const { packages, signal } = request;
  mkdirSync(places.app, { recursive: true });
  const extracted = packages.extract(request.package, places.app, signal);
  if (!extracted.ok) return extracted;
  request.say(`${referenceOf(request.package)}: ${plural(manifest.files.length, 'file')}`);
  if (request.model !== undefined) {
    const copied = await copyModel(request, places, request.model.version);
    if (!copied.ok) return copied;
    request.say(`${referenceOf(request.model.version)}: checked and copied`);
  }
  const env = setupEnvironment(request.root, places, release);
  for (const command of manifest.setup) {
    signal.throwIfAborted();
    request.say(`$ ${command}`);
    const outcome = await request.setup(command, places.app, env);
    signal.throwIfAborted();
    if (!outcome.ok)
      return failure('CONFLICT', `the setup command "${command}" failed: ${outcome.error ?? ''}`);
  }
  return { ok: true };
}

function setupEnvironment(
  root: string,
  places: ReleasePlaces,
  release: ReleaseDocument,
): Record<string, string> {
  return {
    ...release.env,
    MODELYARD_PROJECT: root,
    MODELYARD_RELEASE: release.id,
    ...(release.model === undefined
      ? {}
      : { MODELYARD_MODEL_PATH: path.join(places.folder, ...release.model.path.split('/')) }),
  };
}

async function copyModel(
  { registry, signal }: DeployRequest,
  places: ReleasePlaces,
  { name, version, artifact }: VersionDocument,
): Promise<Outcome> {
  const damaged = (why: string): Outcome => failure('DAMAGED', `The artifact of ${name} ${version} ${why}.`);
  try {
    if (artifact.files !== undefined) {
      await registry.objects.layOut(artifact.hash, places.model, artifact.executables ?? []);
      return { ok: true };
    }
    mkdirSync(places.model);
    const target = path.join(places.model, path.posix.basename(artifact.path));
    copyFileSync(
      registry.objects.pathOf(artifact.hash),
      target,
      constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL,
    );
    if ((await hashFile(target, signal)) === artifact.hash) return { ok: true };
    return damaged('is damaged: its hash is not the one that was registered');
  } catch (error) {
    signal.throwIfAborted();
    if (errorCode(error) === 'ENOENT') return damaged('is missing');
    if (errorCode(error) !== undefined) throw error;
    return damaged(`can't be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
