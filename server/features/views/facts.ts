/**
 * Finds out which columns a feature view or a file of labels has as it is written now: from the header of a CSV, or from what
 * the engine says about the source and each transform. A view that is being written may lack this and that.
 */
import { closeSync, readSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { FeatureCatalog } from '../../definition/known/feature-catalog.js';
import { mappedColumns } from '../../definition/known/feature-facts.js';
import type { KnownColumn, ViewFacts } from '../../definition/known/feature-facts.js';
import type { FeatureView } from '../../definition/features.js';
import { isGlob } from '../../definition/text/paths.js';
import type { LabelsFile } from '../../definition/training-set.js';
import { transform } from './compute.js';
import { csvHeader } from '../sources/csv-header.js';
import type { Engine } from '../engine/engine.js';
import type { EngineResult } from '../engine/messages.js';
import { sourceFiles } from '../sources/files.js';
import { type SourceTable, badTime } from '../sources/source.js';
import { firstTimes, sentence } from '../sources/times.js';
import { fileTable } from '../training/read-labels.js';
import { delimiterOf, plainTableOptions } from '../../definition/table-options.js';
import { formatOf, optionsOf } from './view.js';
import type { ResolvedView } from './view.js';
import { openPlain } from '../../stores/disk/plain-file.js';
import { statOf } from '../../stores/disk/folder.js';

const HEAD_BYTES = 64 * 1024;

export interface ViewSource {
  /** Paths relative to the project. */
  readonly files: readonly string[];
  /** Another one when files came, changed or went. */
  readonly stamp: string;
}

/** What the engine has said of a view. */
export type ToldFacts = Pick<ViewFacts, 'data' | 'result' | 'problem' | 'time' | 'oddTime'>;

/**
 * With what there is of the view; undefined where it can't be told which data it is about.
 * @param file that defines it
 */
export function writtenView(
  file: string,
  view: FeatureView,
  { entities }: FeatureCatalog,
): ResolvedView | undefined {
  const { source } = view;
  const written = source?.path?.value;
  const format = source?.format ?? formatOf(written ?? '');
  if (source === undefined || written === undefined || format === undefined) return undefined;
  const keys = view.entities.flatMap(({ value }) => entities.get(value)?.[0]?.item.keys ?? []);
  return {
    file,
    view,
    keys: keys.map(({ value }) => ({ name: value })),
    path: written,
    format,
    timestamp: source.timestamp?.value ?? '',
  };
}

/** A file of labels as a view that has nothing but its columns; undefined where it is no data file. */
export function labelsTable({ path: file, reading, timestamp }: LabelsFile): ResolvedView | undefined {
  // What a source takes for a pattern, a training set takes for a name.
  return isGlob(file) ? undefined : fileTable(file, reading, timestamp);
}

/**
 * The files of a source that are there; undefined where there are none.
 * @param written the path or glob of the source
 */
export function viewSource(root: string, written: string): ViewSource | undefined {
  const found = sourceFiles(root, written);
  if (!found.ok) return undefined;
  const stamps = found.files.map((file) => {
    const stat = statOf(path.join(root, file));
    return `${file} ${stat?.size ?? 0} ${stat?.mtimeMs ?? 0}`;
  });
  return { files: found.files, stamp: stamps.join('\n') };
}

/** The columns that the first line of a CSV names: quick, and without the engine. */
export function headerColumns(
  root: string,
  resolved: ResolvedView,
  { files }: ViewSource,
): readonly KnownColumn[] | undefined {
  const [first] = files;
  const options = optionsOf(resolved);
  const header = options.header?.value ?? true;
  if (resolved.format !== 'csv' || first === undefined || /\.(gz|zst)$/.test(first)) return undefined;
  if (typeof header === 'object') return header.map((name) => ({ name }));
  if (!header || (options.encoding !== undefined && options.encoding.value !== 'utf-8')) return undefined;
  const quote = options.quote?.value ?? '"';
  return csvHeader(headOf(path.join(root, first)), delimiterOf(options), quote)?.map((name) => ({ name }));
}

function headOf(file: string): string {
  try {
    const descriptor = openPlain(file, true);
    try {
      const buffer = Buffer.alloc(HEAD_BYTES);
      return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return '';
  }
}

/** Without the engine the result is known where there is no query. */
export function plainFacts({ view }: ResolvedView, data: readonly KnownColumn[]): ViewFacts {
  return view.transforms.length > 0 ? { data } : { data, result: mappedColumns(view, data) };
}

/** What of a view decides which columns its files have. */
export function formOf(resolved: ResolvedView): unknown {
  return plainTableOptions(optionsOf(resolved)) ?? null;
}

/** What of a view decides how its source is read, besides the files. */
export function readingOf(resolved: ResolvedView): unknown {
  return [mappingOf(resolved.view), typesOf(resolved), formOf(resolved), resolved.times ?? null];
}

/** All of a view that the engine's answer depends on, besides the data. */
export function shapeOf(resolved: ResolvedView): string {
  const { view } = resolved;
  return JSON.stringify([readingOf(resolved), view.transforms.map(({ value }) => value)]);
}

function mappingOf(view: FeatureView): [string, string][] {
  return view.source?.fieldMapping.map(({ from, to }) => [from.value, to.value]) ?? [];
}

/** Declared types decide how a CSV is read, unless there are transforms. */
function typesOf({ view, keys }: ResolvedView): unknown {
  const declared = view.features.map(({ name, type }) => [name, type?.value ?? null]);
  return [keys.map(({ name }) => name), view.transforms.length > 0 ? [] : declared];
}

/**
 * What the engine says of a view.
 * @param source its table, which `openSource` has made under this name
 */
export async function tellOf(
  engine: Engine,
  resolved: ResolvedView,
  source: SourceTable & { readonly name: string },
  files: readonly { readonly file: string; readonly shown: string }[],
): Promise<EngineResult<ToldFacts>> {
  const back = new Map(mappingOf(resolved.view).map(([from, to]) => [to, from]));
  const data = source.columns.map(({ name, type }) => ({ name: back.get(name) ?? name, type }));
  const transformed = await transform(engine, resolved, source.name, source);
  if (transformed.ok) {
    const { columns: result } = transformed.value;
    const times = await firstTimes(engine, resolved, transformed.value, (message) =>
      badTime(message, resolved, files),
    );
    return { ok: true, value: { data, result, ...times } };
  }
  const { error, transform: at } = transformed;
  if (error.kind !== 'sql' && error.kind !== 'refused') return { ok: false, error };
  const { message, offset } = error;
  return {
    ok: true,
    value: {
      data,
      problem: { transform: at, message: sentence(message), ...defined({ offset }) },
    },
  };
}
