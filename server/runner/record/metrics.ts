/** Metrics: files flattened to `a.b.c` → value, and lines that tasks write while they run. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { defined } from '../../base/defined.js';
import { parseLooseJson } from '../../base/json.js';
import { isNumber, jsonNumber, toDouble } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';
import type { Json } from '../../definition/definition.js';
import { isComposite } from '../../definition/expressions/values.js';

/** A metrics file with more values than this is data; the rest is left out. */
export const MAX_METRICS = 1_000;
const LONGEST_TEXT = 200;

/** The metrics of a file as everybody sees them, now and from the record. */
export interface FileMetrics {
  readonly metrics: Readonly<Record<string, Json>>;
  /** What could not be kept, in words. */
  readonly lost: readonly string[];
}

/**
 * Nested maps to dotted keys; of lists `key.0`, `key.1`, … Numbers that JSON doesn't know become their names, long texts
 * are cut, and of two values with one key the first is kept; what is lost by it is said.
 *
 * @param alone what the value is called when the file holds nothing but one
 */
export function flattenMetrics(value: Json, alone: string): FileMetrics {
  const flat = new Map<string, Json>();
  const lost: string[] = [];
  let beyond = 0;
  const keep = (node: Json, key: string): void => {
    if (flat.has(key)) lost.push(`"${key}" is there more than once; the first value is kept`);
    else if (flat.size >= MAX_METRICS) beyond++;
    else {
      if (typeof node === 'string' && node.length > LONGEST_TEXT) {
        lost.push(`the text of "${key}" is cut to ${LONGEST_TEXT} characters`);
      }
      flat.set(key, metricOf(node));
    }
  };
  const walk = (node: Json, path: readonly string[]): void => {
    if (!isComposite(node)) keep(node, path.length === 0 ? alone : path.join('.'));
    else for (const [name, child] of Object.entries(node)) walk(child, [...path, name]);
  };
  walk(value, []);
  if (beyond > 0) {
    lost.push(`it has ${flat.size + beyond} values; the first ${MAX_METRICS} are kept`);
  }
  return { metrics: Object.fromEntries(flat), lost };
}

/** One value of a metric: a double, or a whole number of any size with its digits. */
function metricOf(value: Json): Json {
  if (typeof value === 'string') return value.slice(0, LONGEST_TEXT);
  if (!isNumber(value)) return value;
  return exactWhole(value) ?? jsonNumber(toDouble(value));
}

/** A whole number that a double would change. */
function exactWhole(value: number | Numeral): Numeral | undefined {
  if (typeof value === 'number' || !/^-?\d+$/.test(value.text)) return undefined;
  return Number.isSafeInteger(value.value) ? undefined : value;
}

export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  /** The value where it is a whole number beyond 2^53. */
  readonly exact?: Numeral;
  readonly step?: number;
}

/** One line of a MODELYARD_METRICS file, or why it is none. */
export function parseMetricLine(line: string): MetricPoint | string {
  let json: Json;
  try {
    json = parseLooseJson(line);
  } catch {
    return `not a line of JSON: ${line.slice(0, 80)}`;
  }
  if (!isComposite(json) || Array.isArray(json)) {
    return `expected {"key": …, "value": …}: ${line.slice(0, 80)}`;
  }
  const { key, value, step } = json as Record<string, Json>;
  const number = isNumber(value) ? toDouble(value) : wordNumber(value);
  const exact = isNumber(value) ? exactWhole(value) : undefined;
  if (typeof key !== 'string' || key === '' || number === undefined) {
    return `"key" must be a text and "value" a number: ${line.slice(0, 80)}`;
  }
  return {
    key,
    value: number,
    ...defined({ exact }),
    ...(isNumber(step) && Number.isFinite(toDouble(step)) ? { step: toDouble(step) } : {}),
  };
}

function wordNumber(value: Json | undefined): number | undefined {
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : undefined;
}

/** Reads the lines that were added to a file since the last look. The file need not exist yet. */
export class MetricTail {
  readonly #path: string;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** New whole lines; with `last` also one without a line break. */
  read(last = false): string[] {
    const added = this.#added();
    let data = added.length === 0 ? this.#rest : Buffer.concat([this.#rest, added]);
    const end = last ? data.length : data.lastIndexOf(0x0a) + 1;
    this.#rest = data.subarray(end);
    data = data.subarray(0, end);
    return data
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  #added(): Buffer {
    let size: number;
    try {
      size = statSync(this.#path).size;
    } catch {
      return Buffer.alloc(0);
    }
    // Written anew (a task that opens it with "w" at each start).
    if (size < this.#offset) {
      this.#offset = 0;
      this.#rest = Buffer.alloc(0);
    }
    if (size === this.#offset) return Buffer.alloc(0);
    const buffer = Buffer.alloc(size - this.#offset);
    const descriptor = openSync(this.#path, 'r');
    try {
      const read = readSync(descriptor, buffer, 0, buffer.length, this.#offset);
      this.#offset += read;
      return buffer.subarray(0, read);
    } finally {
      closeSync(descriptor);
    }
  }
}
