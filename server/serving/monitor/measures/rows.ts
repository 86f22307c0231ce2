/** Features and predictions in the JSON of requests and answers, in the shapes that model servers use. */
import { isRecord } from '../../../base/is-record.js';

export type Scalar = string | number | boolean | null;
export type Row = ReadonlyMap<string, Scalar>;

const isScalar = (value: unknown): value is Scalar =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** Under these the rows are, where they are not the body itself: MLflow, TensorFlow Serving, KServe, BentoML. */
const WRAPPERS = ['dataframe_records', 'instances', 'inputs', 'rows', 'records', 'data', 'features', 'input'];
const ANSWERS = ['predictions', 'outputs', 'results', 'prediction', 'output'];
const MAX_ROWS = 1_000;

/** The rows of a request: one for an object, several for a list of them or a split data frame. */
export function rowsOfRequest(body: unknown): Row[] {
  return rowsIn(body, WRAPPERS);
}

/** The rows of an answer; a prediction that has no name of its own is called `prediction`. */
export function rowsOfResponse(body: unknown): Row[] {
  return rowsIn(body, ANSWERS);
}

function rowsIn(body: unknown, wrappers: readonly string[]): Row[] {
  if (Array.isArray(body)) return (body as unknown[]).slice(0, MAX_ROWS).flatMap(rowOf);
  if (!isRecord(body)) return isScalar(body) ? rowOf(body) : [];
  const split = body['dataframe_split'] ?? (Array.isArray(body['columns']) ? body : undefined);
  if (isRecord(split)) return splitRows(split);
  for (const wrapper of wrappers) {
    const inner = body[wrapper];
    if (Array.isArray(inner) || isRecord(inner)) return rowsIn(inner, []);
  }
  return rowOf(body);
}

function splitRows({ columns, data }: Readonly<Record<string, unknown>>): Row[] {
  if (!Array.isArray(columns) || !Array.isArray(data)) return [];
  return (data as unknown[]).slice(0, MAX_ROWS).flatMap((cells) => {
    if (!Array.isArray(cells)) return [];
    const row = new Map<string, Scalar>();
    columns.forEach((column, index) => {
      const cell: unknown = cells[index];
      if (typeof column === 'string' && isScalar(cell)) row.set(column, cell);
    });
    return [row];
  });
}

function rowOf(value: unknown): Row[] {
  if (isScalar(value)) return value === null ? [] : [new Map([['prediction', value]])];
  if (!isRecord(value)) return [];
  const row = new Map<string, Scalar>();
  for (const [name, cell] of Object.entries(value)) if (isScalar(cell)) row.set(name, cell);
  return row.size === 0 ? [] : [row];
}
