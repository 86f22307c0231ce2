/** A training set from names to its file: reads the labels, joins, writes, and keeps what is to be known about it. */
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { tempName } from '../../stores/disk/atomic.js';
import { hashFile } from '../../stores/content/hash.js';
import { describeError, errorCode } from '../../stores/disk/problem.js';
import type { ContentHash } from '../../stores/runs/document.js';
import type { LabelsReading } from '../../definition/training-set.js';
import { type Engine, type EngineOptions, openEngine } from '../engine/engine.js';
import { literal } from '../sql.js';
import type { FeatureStore } from '../store.js';
import type { ChosenView } from './choose.js';
import { type TrainingSetColumn, type TrainingSetDocument, writeTrainingSet } from './document.js';
import { readLabels } from './read-labels.js';
import { type TrainingSet, makeTrainingSet, trainingSetStatistics } from './training-set.js';

export interface BuildRequest {
  /** Absolute, of the project. */
  readonly root: string;
  readonly store: FeatureStore;
  /** Relative to the project. */
  readonly labels: string;
  readonly labelsHash: ContentHash;
  /** How the file of labels is written. */
  readonly reading?: LabelsReading;
  /** Of the labels; else the one column that is a timestamp or a date. */
  readonly timestamp?: string;
  readonly service?: string;
  readonly views: readonly ChosenView[];
  /** Relative to the project. */
  readonly output: string;
  readonly createdCutoff: boolean;
  readonly fullNames: boolean;
  readonly signal?: AbortSignal;
  readonly engine?: Partial<Pick<EngineOptions, 'memoryBytes' | 'spillBytes' | 'threads' | 'program'>>;
}

export type BuildResult =
  | { readonly ok: true; readonly document: TrainingSetDocument }
  | { readonly ok: false; readonly kind: 'request' | 'engine' | 'cancelled'; readonly message: string };

type Failed = Extract<BuildResult, { ok: false }>;

/** Never rejects. The output is replaced by one rename, or left as it is. */
export async function buildTrainingSet(request: BuildRequest): Promise<BuildResult> {
  const format = outputFormat(request.output);
  if (format === undefined) {
    return no('request', `${request.output}: a training set is written as .csv or .parquet.`);
  }
  let temp: string | undefined;
  try {
    temp = request.store.makeTemp();
    return await withEngine(request, temp, format);
  } catch (error) {
    if (request.signal?.aborted === true) return no('cancelled', 'Cancelled.');
    return no('engine', `${request.output}: ${describeError(error)}`);
  } finally {
    if (temp !== undefined) rmSync(temp, { recursive: true, force: true });
  }
}

function no(kind: Failed['kind'], message: string): Failed {
  return { ok: false, kind, message };
}

async function withEngine(
  request: BuildRequest,
  temp: string,
  format: 'csv' | 'parquet',
): Promise<BuildResult> {
  const { root, store, views, signal } = request;
  const data = new Map(
    views.map(({ view, manifest }) => [view.name, store.dataFile(view.name, manifest.version)]),
  );
  const opened = await openEngine({
    ...request.engine,
    readable: [path.join(root, request.labels), ...data.values()],
    tempFolder: temp,
    // The task's own limit ends it; nothing else should.
    timeoutMs: 2 ** 31 - 1,
    ...defined({ signal }),
  });
  if (!opened.ok) return no('engine', opened.error.message);
  const engine = opened.value;
  try {
    return await joined(engine, request, path.join(temp, `training.${format}`), format, data);
  } finally {
    engine.close();
  }
}

async function joined(
  engine: Engine,
  request: BuildRequest,
  made: string,
  format: 'csv' | 'parquet',
  data: ReadonlyMap<string, string>,
): Promise<BuildResult> {
  const labels = await readLabels(engine, { ...request, keys: request.views.flatMap(({ keys }) => keys) });
  if (!labels.ok) return labels;
  const features = namesOf(request);
  const result = await makeTrainingSet(engine, {
    labels: {
      path: request.labels,
      ...labels.value,
      ...defined({ timestamp: request.timestamp }),
    },
    views: request.views.map((one) => ({
      name: one.view.name,
      relation: `read_parquet(${literal(data.get(one.view.name) ?? '')})`,
      columns: one.manifest.columns,
      ...defined({ order: one.manifest.statistics.order }),
      keys: one.keys.map(({ name }) => name),
      timestamp: one.timestamp,
      ...defined({ created: one.created, ttlMs: one.view.ttlMs }),
      features: features
        .filter(({ view }) => view === one.view.name)
        .map(({ feature, as }) => ({ column: feature, as })),
    })),
    cutoff: request.createdCutoff,
    output: made,
    format,
  });
  if (request.signal?.aborted === true) return no('cancelled', 'Cancelled.');
  if (!result.ok) return result;
  const statistics = await trainingSetStatistics(engine, result.value);
  if (!statistics.ok) return no('engine', statistics.error.message);
  const hash = await hashFile(made, request.signal);
  const output = path.join(request.root, request.output);
  const document: TrainingSetDocument = {
    schema: 1,
    path: request.output,
    format,
    hash,
    bytes: statSync(made).size,
    rows: result.value.rows,
    createdAt: new Date().toISOString(),
    labels: { path: request.labels, hash: request.labelsHash, timestamp: result.value.timestamp },
    ...defined({ service: request.service }),
    createdCutoff: request.createdCutoff,
    columns: columnsOf(request, result.value, features),
    views: request.views.map(({ view, manifest }) => ({
      view: view.name,
      version: manifest.version,
      hash: manifest.hash,
      ...defined({ ttlMs: view.ttlMs }),
    })),
    statistics: statistics.value,
    notes: result.value.notes,
  };
  request.signal?.throwIfAborted();
  // Known before it is there: who finds the file finds what is to be known about it.
  writeTrainingSet(request.store.folder, document);
  request.store.pin(
    `training-set:${request.output}`,
    document.views.map(({ view, version }) => ({ view, version })),
  );
  move(made, output);
  return { ok: true, document };
}

/** By its extension; nothing for what a training set can't be written as. */
export function outputFormat(file: string): 'csv' | 'parquet' | undefined {
  const extension = path.extname(file).toLowerCase();
  return extension === '.csv' ? 'csv' : extension === '.parquet' ? 'parquet' : undefined;
}

interface NamedFeature {
  readonly view: string;
  readonly feature: string;
  readonly as: string;
}

function namesOf({ views, fullNames }: BuildRequest): NamedFeature[] {
  return views.flatMap(({ view, features }) =>
    features.map(({ name }) => ({
      view: view.name,
      feature: name,
      as: fullNames ? `${view.name}__${name}` : name,
    })),
  );
}

function columnsOf(
  { views }: BuildRequest,
  made: TrainingSet,
  features: readonly NamedFeature[],
): TrainingSetColumn[] {
  const keys = new Set(views.flatMap((one) => one.keys.map(({ name }) => name)));
  return made.columns.map(({ name, type, nulls }, index) => {
    const feature = features[index - made.labelColumns];
    if (feature !== undefined) {
      return { name, type, role: 'feature', view: feature.view, feature: feature.feature, nulls };
    }
    return {
      name,
      type,
      role: name === made.timestamp ? 'timestamp' : keys.has(name) ? 'key' : 'label',
      nulls,
    };
  });
}

/** By one rename; where the store lies on another disk, by one beside the target. */
function move(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
    const beside = tempName(to);
    copyFileSync(from, beside);
    renameSync(beside, to);
  }
}
