/** Metrics: files flattened to `a.b.c` → value, and lines that tasks write while they run. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Json } from '../model/definition.js';

/** A metrics file with more values than this is data; the rest is left out. */
export const MAX_METRICS = 1_000;
const LONGEST_TEXT = 200;

/** JSON with the words `NaN`, `Infinity` and `-Infinity`, as Python's json module writes them; they become strings. */
export function parseLooseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const quoted = text.replace(
      /"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity)\b)/g,
      (whole: string, word: string | undefined) => (word === undefined ? whole : `"${word}"`),
    );
    if (quoted === text) throw error;
    return JSON.parse(quoted) as Json;
  }
}

/** Nested maps to dotted keys. Lists of scalars are kept under `key.0`, `key.1`, …; long texts are cut. */
export function flattenMetrics(value: Json): Record<string, Json> {
  const flat: Record<string, Json> = {};
  let count = 0;
  const walk = (node: Json, key: string): void => {
    if (count >= MAX_METRICS) return;
    if (typeof node === 'object' && node !== null) {
      for (const [name, child] of Object.entries(node)) walk(child, key === '' ? name : `${key}.${name}`);
      return;
    }
    if (key === '') return;
    flat[key] = typeof node === 'string' ? node.slice(0, LONGEST_TEXT) : node;
    count++;
  };
  walk(value, '');
  return flat;
}

/** A number that JSON can hold, or its name. */
export function jsonNumber(value: number): Json {
  return Number.isFinite(value) ? value : String(value);
}

export interface MetricPoint {
  readonly key: string;
  readonly value: number;
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
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return `expected {"key": …, "value": …}: ${line.slice(0, 80)}`;
  }
  const { key, value, step } = json as Record<string, Json>;
  const number = typeof value === 'number' ? value : wordNumber(value);
  if (typeof key !== 'string' || key === '' || number === undefined) {
    return `"key" must be a text and "value" a number: ${line.slice(0, 80)}`;
  }
  return { key, value: number, ...(typeof step === 'number' && Number.isFinite(step) ? { step } : {}) };
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
