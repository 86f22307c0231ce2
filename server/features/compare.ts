/** A view's version, or a file such as a training set, as one side of a comparison. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../base/defined.js';
import { hashFile } from '../stores/content/hash.js';
import { describeError } from '../stores/disk/problem.js';
import type { ContentHash } from '../stores/runs/document.js';
import { type Engine, type EngineOptions, openEngine } from './engine/engine.js';
import type { Column } from './engine/messages.js';
import { scratchFolder } from './engine/scratch.js';
import { identifier, list, literal } from './sql.js';
import { type TableDrift, tableDrift } from './statistics/measure.js';
import { statistics } from './statistics/statistics.js';
import { type Statistics, STATISTICS_SCHEMA } from './statistics/types.js';
import type { FeatureStore } from './store.js';
import { readTrainingSet } from './training/document.js';
import { readLabels } from './training/read-labels.js';

export type Side =
  /** Of the version that is current when none is named. */
  | { readonly kind: 'version'; readonly view: string; readonly version?: number }
  /** Relative to the project. */
  | { readonly kind: 'file'; readonly path: string };

export interface Profile {
  /** `weather 3`, `data/training.csv`. */
  readonly name: string;
  readonly statistics: Statistics;
}

export interface Comparison {
  readonly reference: Profile;
  readonly current: Profile;
  readonly drift: TableDrift;
}

type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface CompareOptions {
  /** Absolute, of the project. */
  readonly root: string;
  readonly store: FeatureStore;
  readonly signal?: AbortSignal;
  readonly engine?: Partial<Pick<EngineOptions, 'memoryBytes' | 'spillBytes' | 'threads' | 'program'>>;
}

/** How a side is spread: as it was kept, or else looked at now. Never rejects. */
export function profileOf(side: Side, options: CompareOptions): Promise<Result<Profile>> {
  return withSides([side], options, async (engine, [only]) => {
    if (only === undefined) throw new Error('there is no side');
    return profile(engine, only);
  });
}

/** How far `current` has moved away from `reference`. Never rejects. */
export function compareSides(
  reference: Side,
  current: Side,
  options: CompareOptions,
): Promise<Result<Comparison>> {
  return withSides([reference, current], options, async (engine, [one, other]) => {
    if (one === undefined || other === undefined) throw new Error('there are no two sides');
    // A training set calls a view's features as it was told to; beside a version they have the view's names.
    const before = await profile(engine, other.view === undefined ? one : asView(one, other.view));
    if (!before.ok) return before;
    const table = one.view === undefined ? other : asView(other, one.view);
    const now = await profile(engine, table);
    if (!now.ok) return now;
    const rows = (other.view === undefined ? one : asView(one, other.view)).relation;
    const found = await tableDrift(engine, before.value.statistics, table, { rows });
    if (!found.ok) return { ok: false, message: `${other.name}: ${found.error.message}` };
    return { ok: true, value: { reference: before.value, current: now.value, drift: found.value } };
  });
}

/** What a side is, before anything of it is read by the engine. */
interface Found {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  /** Columns of a version. */
  readonly columns?: readonly Column[];
  readonly view?: string;
  readonly timestamp?: string;
  readonly statistics?: Statistics;
  /** Of a training set: column → the feature that it is. */
  readonly features?: ReadonlyMap<string, { readonly view: string; readonly feature: string }>;
}

interface Opened extends Found {
  readonly relation: string;
  readonly columns: readonly Column[];
}

async function withSides<T>(
  sides: readonly Side[],
  options: CompareOptions,
  work: (engine: Engine, sides: readonly Opened[]) => Promise<Result<T>>,
): Promise<Result<T>> {
  const { root, store, signal } = options;
  let temp: string | undefined;
  try {
    const found: Found[] = [];
    for (const side of sides) {
      const one = side.kind === 'version' ? versionSide(store, side) : await fileSide(options, side.path);
      if (!one.ok) return one;
      found.push(one.value);
    }
    temp = scratchFolder();
    const engine = await openEngine({
      ...options.engine,
      readable: found.map(({ file }) => file),
      tempFolder: temp,
      ...defined({ signal }),
    });
    if (!engine.ok) return { ok: false, message: engine.error.message };
    try {
      const opened: Opened[] = [];
      for (const one of found) {
        const { columns } = one;
        if (columns !== undefined) {
          opened.push({ ...one, columns, relation: `read_parquet(${literal(one.file)})` });
          continue;
        }
        const labels = path.relative(root, one.file);
        const read = await readLabels(engine.value, { root, labels }, `modelyard_side_${opened.length}`);
        if (!read.ok) return { ok: false, message: read.message };
        opened.push({ ...one, ...read.value });
      }
      return await work(engine.value, opened);
    } finally {
      engine.value.close();
    }
  } catch (error) {
    if (signal?.aborted === true) return { ok: false, message: 'Cancelled.' };
    return { ok: false, message: describeError(error) };
  } finally {
    if (temp !== undefined) rmSync(temp, { recursive: true, force: true });
  }
}

function versionSide(store: FeatureStore, side: Extract<Side, { kind: 'version' }>): Result<Found> {
  const { view, version } = side;
  const loaded = version === undefined ? store.current(view) : store.manifest(view, version);
  if (loaded.state === 'missing') {
    const versions = store.versions(view);
    const message =
      version === undefined || versions.length === 0
        ? `View ${view} has not been computed yet: \`modelyard features materialize ${view}\`.`
        : `View ${view} has no version ${version}; there are: ${versions.slice(0, 20).join(', ')}.`;
    return { ok: false, message };
  }
  if (loaded.state !== 'ok') return { ok: false, message: loaded.problem.message };
  const manifest = loaded.value;
  const timestamp = manifest.columns.find(({ role }) => role === 'timestamp')?.name;
  const kept = manifest.statistics;
  return {
    ok: true,
    value: {
      name: `${view} ${manifest.version}`,
      file: store.dataFile(view, manifest.version),
      columns: manifest.columns.filter(({ role }) => role === 'feature'),
      view,
      ...defined({ timestamp }),
      ...(kept.schema === STATISTICS_SCHEMA ? { statistics: kept } : {}),
    },
  };
}

async function fileSide({ root, store, signal }: CompareOptions, file: string): Promise<Result<Found>> {
  const absolute = path.join(root, file);
  let hash: ContentHash;
  try {
    hash = await hashFile(absolute, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return { ok: false, message: `${file} can't be read: ${describeError(error)}.` };
  }
  const known = readTrainingSet(store.folder, hash);
  const base = { name: file, file: absolute };
  if (known.state !== 'ok') return { ok: true, value: base };
  const { columns, labels } = known.value;
  const features = columns.flatMap(
    ({ name, view, feature }): [string, { view: string; feature: string }][] =>
      view === undefined || feature === undefined ? [] : [[name, { view, feature }]],
  );
  const value = {
    ...base,
    features: new Map(features),
    timestamp: labels.timestamp,
    statistics: known.value.statistics,
  };
  return { ok: true, value };
}

/** Of a training set only what comes from a view, called as the view does. */
function asView(side: Opened, view: string): Opened {
  if (side.features === undefined) return side;
  const taken = [...side.features].filter(([, one]) => one.view === view);
  if (taken.length === 0) return side;
  const names = new Map(taken.map(([name, { feature }]) => [name, feature]));
  const columns = side.columns.flatMap((column) => {
    const name = names.get(column.name);
    return name === undefined ? [] : [{ name, type: column.type }];
  });
  const selected = taken.map(([name, { feature }]) => `${identifier(name)} AS ${identifier(feature)}`);
  const kept = side.statistics;
  return {
    name: side.name,
    file: side.file,
    columns,
    relation: `(SELECT ${list(selected)} FROM ${side.relation})`,
    ...(kept === undefined
      ? {}
      : {
          statistics: {
            ...kept,
            features: kept.features.flatMap((feature) => {
              const name = names.get(feature.name);
              return name === undefined ? [] : [{ ...feature, name }];
            }),
          },
        }),
  };
}

async function profile(engine: Engine, side: Opened): Promise<Result<Profile>> {
  const { name, relation, columns, timestamp } = side;
  if (side.statistics !== undefined) return { ok: true, value: { name, statistics: side.statistics } };
  const made = await statistics(engine, {
    relation,
    columns,
    ...defined({ timestamp }),
  });
  if (!made.ok) return { ok: false, message: `${name}: ${made.error.message}` };
  return { ok: true, value: { name, statistics: made.value } };
}
