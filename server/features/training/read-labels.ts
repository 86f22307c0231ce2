/** The file of labels, or any other table, as something that a query can read. */
import path from 'node:path';
import type { Engine } from '../engine/engine.js';
import type { Column } from '../engine/messages.js';
import type { LabelsReading } from '../../definition/training-set.js';
import { transform } from '../views/compute.js';
import { badTime, openSource } from '../sources/source.js';
import { identifier } from '../sql.js';
import { type ResolvedView, formatOf } from '../views/view.js';
import type { LabelsRequest } from './labels.js';

export type ReadLabels =
  | { readonly ok: true; readonly value: Pick<LabelsRequest, 'relation' | 'columns' | 'explain'> }
  | { readonly ok: false; readonly kind: 'request' | 'engine'; readonly message: string };

/** What is read is read as a view's source is, with the same words about what is wrong with it. */
export async function readLabels(
  engine: Engine,
  request: {
    /** Absolute, of the project. */
    readonly root: string;
    /** Relative to it. */
    readonly labels: string;
    /** Columns that are keys, as the views have them: a text such as `00123` keeps its zeros. */
    readonly keys?: readonly Column[];
    /** How the file is written, and what is made of its rows. */
    readonly reading?: LabelsReading;
    /** The column of their time, where it is named. */
    readonly timestamp?: string;
  },
  name = 'modelyard_labels',
): Promise<ReadLabels> {
  const { root, labels, keys = [], timestamp } = request;
  const table = fileTable(labels, request.reading, timestamp);
  if (table === undefined) {
    return {
      ok: false,
      kind: 'request',
      message: `${labels}: it is no .csv, .tsv, .parquet, .jsonl or .ndjson file.`,
    };
  }
  const files = [{ file: path.join(root, labels), shown: labels }];
  const types = new Map(keys.filter(({ type }) => type === 'VARCHAR').map((key) => [key.name, key.type]));
  const opened = await openSource(engine, name, table, files, types);
  if (!opened.ok) return { ok: false, kind: 'request', message: opened.error.message };
  const made = await transform(engine, table, name, opened.value);
  if (!made.ok) return { ok: false, kind: 'request', message: `${labels}, transform: ${made.error.message}` };
  return {
    ok: true,
    value: {
      relation: identifier(made.value.table),
      columns: made.value.columns,
      explain: (message) => badTime(message, table, files),
    },
  };
}

/** A file as the source of a view that has nothing else to say; undefined where it is none that can be read. */
export function fileTable(
  path: string,
  reading?: LabelsReading,
  timestamp?: string,
): ResolvedView | undefined {
  const format = formatOf(path);
  if (format === undefined) return undefined;
  const span = { start: 0, end: 0 };
  return {
    file: path,
    view: {
      name: path,
      nameSpan: span,
      span,
      entities: [],
      transforms: reading?.transforms ?? [],
      mode: 'full',
      tags: {},
      online: false,
      features: [],
      ...(reading === undefined
        ? {}
        : { source: { path: { value: path, span }, fieldMapping: [], options: reading.options } }),
    },
    keys: [],
    path,
    format,
    timestamp: '',
    times: timestamp === undefined ? [] : [timestamp],
  };
}
