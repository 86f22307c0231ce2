/** The labels of a training set: which columns they have, which of them is their time, and a table of them. */
import type { Column } from '../engine/messages.js';
import { identifier, list } from '../sql.js';
import { AT, ROW, microseconds } from './point-in-time.js';

export interface LabelsRequest {
  /** Relative to the project, for messages. */
  readonly path: string;
  /** SQL for FROM. */
  readonly relation: string;
  readonly columns: readonly Column[];
  /** The column that says when features had to be known; else the one whose type tells it. */
  readonly timestamp?: string;
  /** What an error of the engine says of a time that can't be read; nothing where it is about something else. */
  readonly explain?: (message: string) => Promise<string | undefined>;
}

export type Chosen =
  | { readonly ok: true; readonly timestamp: Column }
  /** `several`: each might be meant. */
  | { readonly ok: false; readonly message: string; readonly several?: boolean };

const MOMENT = /^(TIMESTAMP.*|DATE)$/;

/** The column of the labels' time. Texts will do where it is named: they are read as moments, or as days. */
export function timestampOf({
  path,
  columns,
  timestamp,
}: Pick<LabelsRequest, 'path' | 'columns' | 'timestamp'>): Chosen {
  const names = columns.map(({ name }) => name);
  if (timestamp !== undefined) {
    const found = columns.find(({ name }) => name === timestamp);
    if (found === undefined) {
      return no(
        `${path} has no column "${timestamp}" for the time of its labels; it has: ${names.join(', ')}.`,
      );
    }
    if (MOMENT.test(found.type) || found.type === 'VARCHAR') return { ok: true, timestamp: found };
    return no(
      `${path}: column "${timestamp}" is ${found.type}, and the time of labels is a timestamp or a date.`,
    );
  }
  const moments = columns.filter(({ type }) => MOMENT.test(type));
  const [only] = moments;
  if (only !== undefined && moments.length === 1) return { ok: true, timestamp: only };
  const which =
    only === undefined
      ? `has no column of timestamps or dates; it has: ${columns.map(({ name, type }) => `${name} (${type})`).join(', ')}`
      : `has several columns of timestamps or dates: ${moments.map(({ name }) => name).join(', ')}`;
  return {
    ...no(
      `${path} ${which}. Say which one is the time of its labels with \`timestamp\`${only === undefined ? ', and with `timestamp-format` how it is written where that is not as 2024-12-31T23:59:59Z' : ''}.`,
    ),
    several: moments.length > 1,
  };
}

function no(message: string): Extract<Chosen, { ok: false }> {
  return { ok: false, message };
}

/** Makes the table that a join reads, with the place of each label in its file and its time. */
export function labelsTable(request: LabelsRequest, timestamp: Column, table: string): string {
  const at = microseconds(timestamp.name, timestamp.type);
  const columns = [
    ...request.columns.map(({ name }) => identifier(name)),
    // Numbering makes DuckDB read in the order of the file.
    `row_number() OVER () AS ${identifier(ROW)}`,
    `${at} AS ${identifier(AT)}`,
  ];
  return `CREATE OR REPLACE TEMP TABLE ${identifier(table)} AS SELECT ${list(columns)} FROM ${request.relation}`;
}
