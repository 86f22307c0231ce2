/** A first features file for a data file: what its columns seem to be, as a definition that a person goes on from. */
import { featureTypeOf } from '../../definition/known/feature-facts.js';
import { toValidName } from '../../definition/names/names.js';
import type { Engine } from '../engine/engine.js';
import type { Column, EngineResult } from '../engine/messages.js';
import { openSource } from './source.js';
import { identifier } from '../sql.js';
import { formatOf } from '../views/view.js';

export interface DraftRequest {
  /** Absolute. */
  readonly file: string;
  /** Relative to the project. */
  readonly path: string;
  /** Entities that are defined already: a file that has the keys of one is about it. */
  readonly entities: readonly { readonly name: string; readonly keys: readonly string[] }[];
}

export interface Draft {
  /** Of the view. */
  readonly name: string;
  readonly text: string;
}

/** What is known of one column. */
interface Seen extends Column {
  readonly rows: number;
  readonly nulls: number;
  readonly distinct: number;
  /** Whether no value is below zero. */
  readonly positive: boolean;
}

const MOMENT = /^(?:DATE|TIMESTAMP)/;
const CREATED = /(?:^|_)(?:created|loaded|ingested|inserted|updated|recorded|processed)(?:_|$)/i;
const EVENT =
  /(?:^|_)(?:event|observed|measured|occurred|happened|timestamp|time|date|day|ts|dt|at|on)(?:_|$)/i;
const KEY =
  /(?:^|_)(?:id|key|code|uuid|sku|iata|icao)$|^(?:id|station|user|customer|city|country|symbol|device|sensor|host|product|store)$/i;

export async function draftFeatures(engine: Engine, request: DraftRequest): Promise<EngineResult<Draft>> {
  const format = formatOf(request.path);
  if (format === undefined) {
    const message = `Can't tell the format of ${request.path}. Sources are .csv, .tsv, .parquet, .jsonl and .ndjson files.`;
    return { ok: false, error: { kind: 'sql', message } };
  }
  const nowhere = { start: 0, end: 0 };
  const opened = await openSource(
    engine,
    'draft',
    {
      file: '',
      view: {
        name: 'draft',
        nameSpan: nowhere,
        span: nowhere,
        entities: [],
        transforms: [],
        mode: 'full',
        online: false,
        tags: {},
        features: [],
      },
      keys: [],
      path: request.path,
      format,
      timestamp: '',
    },
    [{ file: request.file, shown: request.path }],
  );
  if (!opened.ok) return opened;
  const seen = await look(engine, opened.value.columns);
  if (!seen.ok) return seen;
  return { ok: true, value: draftOf(request, seen.value) };
}

async function look(engine: Engine, columns: readonly Column[]): Promise<EngineResult<Seen[]>> {
  const parts = columns.flatMap(({ name, type }) => {
    const column = identifier(name);
    const comparable = !/[\])]$|^(?:MAP|STRUCT|UNION|JSON)/.test(type) || type.startsWith('DECIMAL');
    return [
      `count(*) - count(${column})`,
      comparable ? `approx_count_distinct(${column})` : '0',
      isNumber(type) ? `coalesce(min(${column}) >= 0, false)` : 'false',
    ];
  });
  const found = await engine.query(`SELECT ${['count(*)', ...parts].join(', ')} FROM draft`);
  if (!found.ok) return found;
  const row = found.value.rows[0] ?? [];
  const rows = Number(row[0] ?? 0);
  return {
    ok: true,
    value: columns.map((column, at) => ({
      ...column,
      rows,
      nulls: Number(row[1 + at * 3] ?? 0),
      distinct: Number(row[2 + at * 3] ?? 0),
      positive: row[3 + at * 3] === true,
    })),
  };
}

/** What the columns seem to be. Pure, for tests. */
export function draftOf(request: DraftRequest, columns: readonly Seen[]): Draft {
  const times = timesOf(columns);
  const entity = entityOf(request, columns, times);
  const name = toValidName(stemOf(request.path)) ?? 'view';
  const taken = new Set(
    [...entity.keys, times.timestamp, times.created].filter((column) => column !== undefined),
  );
  const features = columns.filter(
    (column) => !taken.has(column.name) && featureTypeOf(column.type) !== undefined,
  );
  const lines: string[] = [];
  if (!entity.known) {
    lines.push(
      'entities:',
      `  ${entity.name}:`,
      `    keys: [${entity.keys.map(scalar).join(', ')}]`,
      `    description: ${entity.guessed ? 'What one row is about (check the keys).' : 'What it is.'}`,
      '',
    );
  }
  lines.push(
    'views:',
    `  ${name}:`,
    `    description: What it is about.`,
    `    entity: ${entity.name}`,
    '    source:',
  );
  lines.push(`      path: ${scalar(request.path)}`);
  if (times.timestamp === undefined) {
    lines.push(
      '      # No column looks like a time: name the one that says when a row was true.',
      '      timestamp: timestamp',
    );
  } else lines.push(`      timestamp: ${scalar(times.timestamp)}`);
  if (times.created !== undefined) lines.push(`      created: ${scalar(times.created)}`);
  lines.push(
    features.length === 0 ? '    features: {} # No column is left that could be one.' : '    features:',
  );
  for (const column of features) lines.push(featureLine(column));
  lines.push('', 'services:', `  ${name}-v1: [${name}]`, '');
  return { name, text: lines.join('\n') };
}

function featureLine(column: Seen): string {
  const expects: string[] = [];
  if (column.rows > 0 && column.nulls === 0) expects.push('not-null: true');
  if (column.positive && column.rows > 0) expects.push('min: 0');
  const expect = expects.length === 0 ? '' : `, expect: { ${expects.join(', ')} }`;
  return `      ${scalar(column.name)}: { type: ${featureTypeOf(column.type) ?? 'string'}${expect} }`;
}

/** The moment that is most like the time of an event, and the one that is most like that of loading. */
function timesOf(columns: readonly Seen[]): { timestamp?: string; created?: string } {
  const moments = columns.filter(({ type }) => MOMENT.test(type));
  const created = moments.length > 1 ? moments.find(({ name }) => CREATED.test(name)) : undefined;
  const others = moments.filter((column) => column !== created);
  const timestamp =
    others.find(({ name, nulls }) => EVENT.test(name) && nulls === 0) ??
    others.find(({ nulls }) => nulls === 0) ??
    others[0];
  return {
    ...(timestamp === undefined ? {} : { timestamp: timestamp.name }),
    ...(created === undefined ? {} : { created: created.name }),
  };
}

interface DraftEntity {
  readonly name: string;
  readonly keys: readonly string[];
  /** Defined already. */
  readonly known: boolean;
  /** No column looks like a key. */
  readonly guessed: boolean;
}

function entityOf(
  request: DraftRequest,
  columns: readonly Seen[],
  times: { timestamp?: string },
): DraftEntity {
  const names = new Set(columns.map(({ name }) => name));
  const fitting = request.entities
    .filter(({ keys }) => keys.length > 0 && keys.every((key) => names.has(key)))
    .sort((a, b) => b.keys.length - a.keys.length)[0];
  if (fitting !== undefined) return { ...fitting, known: true, guessed: false };
  const candidates = columns.filter(
    ({ name, type, nulls }) =>
      nulls === 0 &&
      name !== times.timestamp &&
      (type === 'VARCHAR' || type.includes('INT') || type === 'UUID'),
  );
  // By its name, else the text with the fewest values, which most rows share with others.
  const named = candidates.find(({ name }) => KEY.test(name));
  const texts = candidates.filter(({ type, distinct, rows }) => type === 'VARCHAR' && distinct < rows / 2);
  const key = named ?? texts.sort((a, b) => a.distinct - b.distinct)[0] ?? candidates[0];
  const column = key?.name ?? 'id';
  const name = toValidName(column.replace(/_?(?:id|key|code|uuid)$/i, '')) ?? 'row';
  const free = request.entities.some((entity) => entity.name === name) ? `${name}-2` : name;
  return { name: free, keys: [column], known: false, guessed: named === undefined };
}

function stemOf(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.gz$/i, '').replace(/\.[^.]+$/, '');
}

function isNumber(type: string): boolean {
  return /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type);
}

/** A plain scalar where YAML reads it as the text that it is, else one in quotes. */
function scalar(text: string): string {
  const plain = /^[A-Za-z_][\w./+-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}
