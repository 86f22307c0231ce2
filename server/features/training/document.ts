/** What is kept of a training set beside its file: found again by the hash of the file, wherever it is copied to. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type DocumentKind, type Loaded, openDocument, readDocument } from '../../stores/disk/document.js';
import type { ContentHash } from '../../stores/runs/document.js';
import type { Statistics } from '../statistics/types.js';

export interface TrainingSetColumn {
  readonly name: string;
  /** DuckDB's name: `DOUBLE`. */
  readonly type: string;
  /** `label`: of the labels, and neither a key nor their time. */
  readonly role: 'label' | 'key' | 'timestamp' | 'feature';
  /** Of a feature. */
  readonly view?: string;
  readonly feature?: string;
  readonly nulls: number;
}

export interface TrainingSetDocument {
  readonly schema: 1;
  /** Where it was written, relative to the project. */
  readonly path: string;
  readonly format: 'parquet' | 'csv';
  readonly hash: ContentHash;
  readonly bytes: number;
  readonly rows: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly labels: { readonly path: string; readonly hash: ContentHash; readonly timestamp: string };
  readonly service?: string;
  readonly createdCutoff: boolean;
  readonly columns: readonly TrainingSetColumn[];
  /** The versions that the features were taken from. */
  readonly views: readonly {
    readonly view: string;
    readonly version: number;
    readonly hash: ContentHash;
    readonly ttlMs?: number;
  }[];
  readonly statistics: Statistics;
  /** What a person should know before learning from it. Absent in what older versions have written. */
  readonly notes?: readonly string[];
}

const KIND: DocumentKind<TrainingSetDocument> = {
  name: 'training set',
  schema: 1,
  migrations: {},
  check: (value) => {
    const missing = ['hash', 'columns', 'rows', 'views', 'statistics'].find(
      (name) => value[name] === undefined,
    );
    return missing === undefined ? undefined : `it has no "${missing}"`;
  },
};

function fileOf(folder: string, hash: ContentHash): string {
  const hex = hash.slice('sha256:'.length);
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new RangeError(`not a hash: ${hash}`);
  return path.join(folder, 'training-sets', `${hex}.json`);
}

/** @param folder of the feature store. Throws the system's error. */
export function writeTrainingSet(folder: string, value: TrainingSetDocument): void {
  const file = fileOf(folder, value.hash);
  mkdirSync(path.dirname(file), { recursive: true });
  const { low, adapter } = openDocument(file, KIND, value);
  adapter.durable = true;
  low.write();
}

/** What is known of the training set with this content. */
export function readTrainingSet(folder: string, hash: ContentHash): Loaded<TrainingSetDocument> {
  return readDocument(fileOf(folder, hash), KIND);
}
