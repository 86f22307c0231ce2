/** The rows of a view, all of them or what is new of them, in a sorted Parquet file that is not yet a version. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { ContentHash } from '../../stores/runs/document.js';
import { type NewPart, appendState, growth, joined, partFile } from './append.js';
import {
  type Facts,
  type Projection,
  type Transformed,
  explainFailure,
  facts,
  project,
  transform,
  writeParquet,
} from './compute.js';
import type { Engine } from '../engine/engine.js';
import type { EngineError, EngineResult } from '../engine/messages.js';
import type { AppendState, Manifest, ManifestColumn, SourceRecord } from './manifest.js';
import { farFuture } from '../../definition/text/timestamps.js';
import type { Range } from './range.js';
import { type SourceTable, openSource } from '../sources/source.js';
import { literal, identifier } from '../sql.js';
import type { ResolvedView } from './view.js';

export interface ComputeRequest {
  readonly root: string;
  readonly view: ResolvedView;
  /** Where the engine may write. */
  readonly temp: string;
  readonly sources: readonly SourceRecord[];
  readonly range: Range | undefined;
  readonly full: boolean;
  /** The current version, if there is one. */
  readonly before: { readonly manifest: Manifest; readonly data: string } | undefined;
  readonly definition: ContentHash;
  readonly log: (line: string) => void;
  readonly onProgress: ((percent: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Computed {
  /** Absolute; in the temp folder. */
  readonly file: string;
  /** The engine's table over it. */
  readonly table: string;
  readonly columns: readonly ManifestColumn[];
  readonly facts: Facts;
  readonly appended: boolean;
  readonly append?: AppendState;
  readonly notes: readonly string[];
}

export type ComputeResult =
  | { readonly ok: true; readonly value: Computed }
  | {
      readonly ok: false;
      readonly error: EngineError;
      readonly transform?: { readonly index: number; readonly offset?: number };
    };

export async function compute(engine: Engine, request: ComputeRequest): Promise<ComputeResult> {
  const { view } = request;
  let why: string | undefined;
  if (
    view.view.mode === 'append' &&
    request.before !== undefined &&
    !request.full &&
    request.range === undefined
  ) {
    const appended = await append(engine, request, request.before);
    if (!appended.ok || 'file' in appended.value) return appended as ComputeResult;
    why = appended.value.reason;
    request.log(`${view.view.name}: everything is computed, because ${why}`);
  }
  return everything(engine, request, why === undefined ? [] : [`everything was computed, because ${why}`]);
}

interface Prepared {
  readonly source: SourceTable;
  readonly transformed: Transformed;
  readonly projection: Projection;
}

type Step<T> = { readonly ok: true; readonly value: T } | Extract<ComputeResult, { ok: false }>;

async function prepare(
  engine: Engine,
  view: ResolvedView,
  table: string,
  files: readonly { file: string; shown: string }[],
  types?: ReadonlyMap<string, string>,
): Promise<Step<Prepared>> {
  const source = await openSource(engine, table, view, files, types);
  if (!source.ok) return source;
  const transformed = await transform(engine, view, table, source.value);
  if (!transformed.ok) {
    const { error, transform: index } = transformed;
    return {
      ok: false,
      error,
      transform: { index, ...defined({ offset: error.offset }) },
    };
  }
  const projection = await project(engine, view, transformed.value);
  if (!projection.ok) return projection;
  return {
    ok: true,
    value: { source: source.value, transformed: transformed.value, projection: projection.value },
  };
}

function filesOf({ root, sources }: ComputeRequest): { file: string; shown: string }[] {
  return sources.map((one) => ({ file: path.join(root, one.path), shown: one.path }));
}

async function everything(
  engine: Engine,
  request: ComputeRequest,
  reasons: readonly string[],
): Promise<ComputeResult> {
  const { view, range } = request;
  const files = filesOf(request);
  const prepared = await prepare(engine, view, 'step', files);
  if (!prepared.ok) return prepared;
  const { transformed, projection, source } = prepared.value;
  const [volatile] = transformed.volatile;
  if (volatile !== undefined && view.view.mode === 'append') {
    const message = `\`mode: append\` needs the same rows each time, and ${volatile} gives others. Leave it out, or compute the view in full.`;
    return { ok: false, error: { kind: 'sql', message } };
  }
  const notes: string[] = [
    ...reasons,
    ...(volatile === undefined
      ? []
      : [`${transformed.volatile.join(', ')} give other values each time the view is computed`]),
  ];
  const rows = ranged(request, projection);
  if (!rows.ok) return rows;
  const file = path.join(request.temp, 'data.parquet');
  const written = await writeParquet(engine, rows.value, file, progressOf(request));
  if (!written.ok)
    return {
      ok: false,
      error: await explainFailure(engine, transformed, projection, written.error, view, files),
    };
  const found = await facts(engine, view, 'made', file);
  if (!found.ok) return found;
  const late = farFuture(view.timestamp, found.value.range?.to);
  if (late !== undefined) {
    notes.push(late);
    request.log(`${view.view.name}: warning: ${late}`);
  }
  const state =
    view.view.mode === 'append' && range === undefined
      ? await appendState(engine, view, 'step_raw', source.raw)
      : ({ ok: true, value: undefined } as const);
  if (!state.ok) return state;
  return {
    ok: true,
    value: {
      file,
      table: 'made',
      columns: projection.columns,
      facts: found.value,
      appended: false,
      ...defined({ append: state.value }),
      notes,
    },
  };
}

function progressOf({ onProgress }: ComputeRequest): { onProgress?: (percent: number) => void } {
  return onProgress === undefined ? {} : { onProgress };
}

/** The computed rows of a range, with those of the version before outside of it. */
function ranged(request: ComputeRequest, projection: Projection): EngineResult<string> {
  const { range, before, view } = request;
  if (range === undefined) return { ok: true, value: projection.select };
  const at = identifier(view.timestamp);
  const bounds = [
    ...(range.from === undefined ? [] : [`${at} >= ${moment(range.from)}`]),
    ...(range.to === undefined ? [] : [`${at} < ${moment(range.to)}`]),
  ].join(' AND ');
  const inside = `SELECT * FROM (${projection.select}) WHERE ${bounds}`;
  if (before === undefined) return { ok: true, value: inside };
  if (before.manifest.definition !== request.definition) {
    const message =
      'the definition has changed since the current version was computed, so that rows outside of the range would be of the old one. Compute everything first.';
    return { ok: false, error: { kind: 'sql', message } };
  }
  const outside = `SELECT * FROM read_parquet(${literal(before.data)}) WHERE NOT (${bounds})`;
  return { ok: true, value: `${inside} UNION ALL ${outside}` };
}

function moment(iso: string): string {
  return `TIMESTAMP ${literal(iso.replace('T', ' ').replace('Z', ''))}`;
}

/** The new rows beside the old ones; a reason where that would not be what computing everything gives. */
async function append(
  engine: Engine,
  request: ComputeRequest,
  before: { readonly manifest: Manifest; readonly data: string },
): Promise<Step<Computed | { readonly reason: string }>> {
  const { view, root, temp } = request;
  const { manifest } = before;
  const not = (reason: string) => ({ ok: true, value: { reason } }) as const;
  if (manifest.definition !== request.definition) return not('the definition has changed');
  if (manifest.append === undefined) return not('the version before does not say enough of its source');
  const grown = await growth(root, view.format, manifest.sources, request.sources, request.signal);
  if (grown.kind === 'changed') return not(grown.reason);
  if (grown.parts.length === 0) return not('nothing is new');
  const files = await partFiles(request, grown.parts, temp);
  const found = await prepare(engine, view, 'new', files);
  // Broken or odd: the message should be about the whole source.
  if (!found.ok) return not(`the new rows can't be read alone: ${found.error.message}`);
  const { source, transformed } = found.value;
  if (transformed.looksAtOtherRows)
    return not('a transform looks at other rows (a window, an aggregate or a join)');
  const [volatile] = transformed.volatile;
  if (volatile !== undefined) return not(`${volatile} gives other values each time`);
  const state = await joined(engine, view, 'new_raw', source.raw, manifest.append);
  if (!state.ok) return state;
  if ('reason' in state.value) return not(state.value.reason);
  const types = new Map(manifest.append.types.map(({ name, type }) => [name, type]));
  const prepared = await prepare(engine, view, 'new', files, view.format === 'csv' ? types : new Map());
  if (!prepared.ok) return not(`the new rows can't be read alone: ${prepared.error.message}`);
  const { projection } = prepared.value;
  if (JSON.stringify(projection.columns) !== JSON.stringify(manifest.columns))
    return not('the columns of the view are others');
  const file = path.join(temp, 'data.parquet');
  const rows = `SELECT * FROM read_parquet(${literal(before.data)}) UNION ALL ${projection.select}`;
  const written = await writeParquet(engine, rows, file, progressOf(request));
  if (!written.ok) {
    return written.error.kind === 'sql'
      ? not(`the new rows can't be read alone: ${written.error.message}`)
      : written;
  }
  const about = await facts(engine, view, 'made', file);
  if (!about.ok) return about;
  request.log(`${view.view.name}: ${about.value.rows - manifest.rows} new rows`);
  return {
    ok: true,
    value: {
      file,
      table: 'made',
      columns: projection.columns,
      facts: about.value,
      appended: true,
      append: state.value.state,
      notes: [],
    },
  };
}

async function partFiles(
  { root, view }: ComputeRequest,
  parts: readonly NewPart[],
  temp: string,
): Promise<{ file: string; shown: string }[]> {
  const files: { file: string; shown: string }[] = [];
  for (const [number, part] of parts.entries()) {
    files.push({ file: await partFile(root, view.format, part, temp, number), shown: part.path });
  }
  return files;
}
