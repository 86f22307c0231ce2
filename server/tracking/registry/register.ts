/** Making a version of the registry from what a client calls its source. The bytes are here already: none is copied. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { Json } from '../../definition/definition.js';
import { parseModelReference } from '../../definition/names/registry-names.js';
import { listingOfFiles } from '../../stores/content/hash.js';
import { readPlainText } from '../../stores/disk/plain-file.js';
import { flavorIn } from '../../stores/registry/versions/artifacts.js';
import { requirementsIn, signatureIn } from '../../stores/registry/versions/mlmodel.js';
import type { StoredArtifact } from '../../stores/registry/versions/objects.js';
import type { RunReference, Signature, VersionDocument } from '../../stores/registry/types.js';
import { TRACKED_TASK } from '../../stores/tracking/tracked-run.js';
import type { TrackedArtifact, TrackedRun } from '../../stores/tracking/tracked-run.js';
import { filesAt } from '../artifacts.js';
import {
  MODEL_ID,
  REQUIREMENTS,
  RUN_ID,
  RUN_LINK,
  SOURCE,
  STORAGE,
  downloadUri,
  isElsewhere,
  modelOf,
  valueOf,
} from './registered.js';
import type { Tracking } from '../tracking.js';
import { invalid } from '../wire/wire.js';

/** Of the run, kept with the version. */
const MOST_VALUES = 100;

export interface NewVersion {
  readonly name: string;
  readonly source: string;
  readonly run: string | undefined;
  readonly runLink: string | undefined;
  readonly model: string | undefined;
  readonly description: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Its bytes, which are here already, where the source does not say so. */
  readonly files?: ReadonlyMap<string, TrackedArtifact>;
  /** What is asked again with the same makes no other version. Absent: each request makes one, as in MLflow. */
  readonly fingerprint?: string;
}

/** The bytes of a source. */
interface Found {
  readonly stored: StoredArtifact;
  /** What it is called: the last part of its path. */
  readonly path: string;
  readonly run?: string;
  readonly framework?: string;
  readonly signature?: Signature;
  /** Packages that it needs. */
  readonly requirements?: readonly string[];
  /** The version that it is a copy of. */
  readonly copied?: VersionDocument;
}

/** @throws WireError where the source is not there, or the name none for a model */
export function createVersion(
  tracking: Tracking,
  asked: NewVersion,
): { readonly version: VersionDocument; readonly created: boolean } {
  modelOf(tracking, asked.name);
  const found = find(tracking, asked);
  const id = asked.run ?? found.run;
  const run = id === undefined ? undefined : trackedRun(tracking, id);
  const { copied } = found;
  const address = copied === undefined ? undefined : downloadUri(copied);
  const metadata: Record<string, Json> = {
    [SOURCE]: asked.source,
    ...named(STORAGE, address !== undefined && isElsewhere(address) ? address : undefined),
    ...named(RUN_ID, id),
    ...named(MODEL_ID, asked.model ?? loggedModelIn(asked.source)),
    ...named(RUN_LINK, asked.runLink),
    ...(found.requirements === undefined ? {} : { [REQUIREMENTS]: found.requirements }),
  };
  const values = run === undefined ? undefined : valuesOf(run);
  return valueOf(
    tracking.registry.registerStored(
      {
        name: asked.name,
        artifact: { path: found.path, ...defined({ framework: found.framework }) },
        fingerprint: asked.fingerprint ?? `mlflow:${randomBytes(16).toString('hex')}`,
        params: copied?.params ?? values?.params ?? {},
        metrics: copied?.metrics ?? values?.metrics ?? {},
        ...defined({
          run: copied?.run ?? (run === undefined ? undefined : referenceOf(tracking, run)),
          git: copied?.git ?? run?.base.git,
          description: asked.description,
          signature: copied?.signature ?? found.signature,
        }),
        tags: asked.tags,
        metadata,
      },
      found.stored,
    ),
  );
}

function named(key: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === '' ? {} : { [key]: value };
}

/** The run of a client; of a pipeline's run, or one that is gone, only the id is known. */
function trackedRun(tracking: Tracking, id: string): TrackedRun | undefined {
  try {
    return tracking.runs.get(id);
  } catch {
    return undefined;
  }
}

/** Deeper than anybody nests runs. */
const MOST_ABOVE = 20;

/** What has made it: of a run that is part of one of a pipeline, that one's task. */
function referenceOf({ runs }: Tracking, run: TrackedRun): RunReference {
  let { parent } = run.base;
  for (let step = 0; parent !== undefined && step < MOST_ABOVE; step++) {
    const above = runs.store.read(parent.run);
    if (!above.ok) break;
    const { id, pipeline, source } = above.run;
    if (source === undefined) return { id, pipeline, task: parent.task };
    ({ parent } = above.run);
  }
  return { id: run.id, pipeline: run.base.pipeline, task: TRACKED_TASK };
}

function valuesOf(run: TrackedRun): { params: Record<string, Json>; metrics: Record<string, Json> } {
  const metrics = [...run.metrics].filter(([, { value }]) => Number.isFinite(value)).slice(0, MOST_VALUES);
  return {
    params: Object.fromEntries([...run.params].slice(0, MOST_VALUES)),
    metrics: Object.fromEntries(metrics.map(([key, { value }]) => [key, value])),
  };
}

function loggedModelIn(source: string): string | undefined {
  return /^models:\/{1,3}(m-[0-9a-zA-Z_-]+)$/.exec(source)?.[1];
}

function find(tracking: Tracking, { source, run, tags, files }: NewVersion): Found {
  if (files !== undefined)
    return { ...stored(tracking, files, false, source), path: 'model', ...defined({ run }) };
  const isPrompt = tags['mlflow.prompt.is_prompt'] === 'true';
  if (isPrompt) return addressOf(tracking, source);
  const logged = loggedModelIn(source);
  if (logged !== undefined) {
    const known = tracking.model(logged);
    return {
      ...stored(tracking, known.artifacts, false, source),
      path: known.name,
      ...defined({ run: known.run }),
    };
  }
  if (/^models:/i.test(source)) {
    const reference = parseModelReference(source);
    if (!reference.ok) throw invalid(reference.message);
    const { version } = valueOf(tracking.registry.resolveUri(source));
    const { hash, bytes, files, executables, path: at, framework } = version.artifact;
    const copy: StoredArtifact = {
      ...{ kind: files === undefined ? 'file' : 'folder', hash, bytes },
      ...defined({ files, executables }),
    };
    return { stored: copy, path: at, copied: version, ...defined({ run: version.run?.id, framework }) };
  }
  const below = artifactPath(tracking, source, run);
  if (below !== undefined) {
    const { files, single } = filesAt(tracking, below.path);
    return {
      ...stored(tracking, files, single, source),
      path: path.posix.basename(below.path),
      ...defined({ run: below.run }),
    };
  }
  if (
    isElsewhere(source) &&
    /^[a-z][a-z0-9+.-]{1,20}:\/\/[^\s]+$/i.test(source) &&
    !/^(?:file|https?|ftp):/i.test(source)
  ) {
    return addressOf(tracking, source);
  }
  throw invalid(
    `Invalid model version source: '${source.slice(0, 200)}'. Name artifacts of a run (runs:/<run id>/model), a logged model (models:/<model id>), another version (models:/<name>/<version>) or an address of an object store (s3://bucket/model). Files of this machine are not taken: log them as artifacts first.`,
  );
}

/** The path of artifacts that a source names: `runs:/…`, `mlflow-artifacts:/…`. */
function artifactPath(
  tracking: Tracking,
  source: string,
  run: string | undefined,
): { readonly path: string; readonly run?: string } | undefined {
  const ofRun = /^runs:\/{1,3}([^/]+)(?:\/(.*))?$/s.exec(source);
  if (ofRun !== null) {
    const [, id = '', inner = ''] = ofRun;
    demandSame(id, run, source);
    return { path: `${tracking.runs.get(id).experiment}/${id}/artifacts/${inner}`, run: id };
  }
  const given = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/s.exec(source)?.[1];
  if (given === undefined) return undefined;
  const [, id, folder] = given.split('/');
  if (folder !== 'artifacts' || id === undefined || id === 'models') return { path: given };
  demandSame(id, run, source);
  return { path: given, run: id };
}

function demandSame(id: string, run: string | undefined, source: string): void {
  if (run === undefined || run === '' || run === id) return;
  throw invalid(
    `Invalid model version source: '${source.slice(0, 200)}'. The run_id '${run.slice(0, 80)}' is not that of the run in it.`,
  );
}

/** Files of clients as one artifact. */
function stored(
  tracking: Tracking,
  files: ReadonlyMap<string, TrackedArtifact>,
  single: boolean,
  source: string,
): Pick<Found, 'stored' | 'framework' | 'signature' | 'requirements'> {
  const [first] = files.values();
  if (first === undefined) {
    throw invalid(
      `Invalid model version source: '${source.slice(0, 200)}'. There are no artifacts: log the model first.`,
    );
  }
  const { objects } = tracking.registry;
  if (single) return { stored: { kind: 'file', hash: first.hash, bytes: first.bytes } };
  const listing = listingOfFiles([...files].map(([name, { hash }]) => [name, hash]));
  const hash = objects.putBytes(Buffer.from(listing));
  const bytes = [...files.values()].reduce((sum, file) => sum + file.bytes, 0);
  const about = textIn(objects, files.get('MLmodel'));
  const needs = textIn(objects, files.get('requirements.txt'));
  return {
    stored: { kind: 'folder', hash, bytes, files: files.size },
    ...(about === undefined ? {} : defined({ framework: flavorIn(about), signature: signatureIn(about) })),
    ...(needs === undefined ? {} : { requirements: requirementsIn(needs) }),
  };
}

/** What is larger is no such file. */
const MOST_TEXT = 4 * 1024 * 1024;

function textIn(
  objects: Tracking['registry']['objects'],
  file: TrackedArtifact | undefined,
): string | undefined {
  return file === undefined || file.bytes > MOST_TEXT ? undefined : readPlainText(objects.pathOf(file.hash));
}

/** A version whose bytes are elsewhere: what is kept is the address. */
function addressOf(tracking: Tracking, source: string): Found {
  const bytes = Buffer.from(`${JSON.stringify({ source })}\n`);
  const hash = tracking.registry.objects.putBytes(bytes);
  return { stored: { kind: 'file', hash, bytes: bytes.length }, path: 'source.json' };
}
