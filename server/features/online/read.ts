/** Looks the latest values of a key up in a service's file. A look-up reads a few blocks of it, however large it is. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { type Json, parseJson } from '../../base/json.js';
import { isNumeral, isWrittenWhole } from '../../base/numeral.js';
import { describeError } from '../../stores/disk/problem.js';
import {
  ONLINE_SCHEMA,
  type OnlineHeader,
  type OnlineView,
  featureNames,
  keyText,
  isNumericKey,
  linePrefix,
} from './format.js';
import { openPlain } from '../../stores/disk/plain-file.js';

type Value = Json;

/**
 * As in Feast: whether there is a value, and whether it is of use still. `not-known`: the moment that was asked for is before the
 * latest row, and earlier ones are not kept here.
 */
export type OnlineStatus = 'present' | 'not-found' | 'outside-ttl' | 'not-known';

export interface OnlineRow {
  readonly view: string;
  readonly status: OnlineStatus;
  /** When the values were true, ISO 8601; absent where there is no row. */
  readonly timestamp?: string;
}

export interface OnlineFeatures {
  /** By name; null where there is no value, or none that is of use still. */
  readonly features: Readonly<Record<string, Value>>;
  /** One for each view of the service. */
  readonly views: readonly OnlineRow[];
}

export type OnlineAnswer =
  ({ readonly ok: true } & OnlineFeatures) | { readonly ok: false; readonly message: string };

export interface OnlineOptions {
  /** Default: now. Values that are of later, or whose ttl has ended by then, are null. */
  readonly at?: Date;
  /** `view__feature` instead of `feature`. */
  readonly fullNames?: boolean;
}

interface Row {
  /** Seconds since 1970. */
  readonly t: number;
  readonly v: Readonly<Record<string, Value>>;
}

interface Line extends Row {
  /** Rows whose time was still to come when the file was made. */
  readonly next?: readonly Row[] | null;
}

/** The row of a line that was the latest at a moment, in seconds. */
function asOf(
  line: Line | undefined,
  at: number,
  ttl: number | null,
): { readonly row?: Row; readonly status: OnlineStatus } {
  const rows = line === undefined ? [] : [line, ...(line.next ?? [])];
  const row = rows.findLast(({ t }) => t <= at);
  if (row !== undefined) return { row, status: ttl !== null && at - row.t > ttl ? 'outside-ttl' : 'present' };
  // A key all of whose rows were still to come has a line of the time of the first of them.
  if (line === undefined || line.next?.[0]?.t === line.t) return { status: 'not-found' };
  return { row: line, status: 'not-known' };
}

const BLOCK = 4 * 1024;
/** So few bytes are read line by line. */
const FEW = 1024;

export class OnlineReader {
  readonly header: OnlineHeader;
  readonly #fd: number;
  readonly #start: number;
  readonly #end: number;
  readonly #names: readonly Map<string, Map<string, string>>[];

  private constructor(fd: number, header: OnlineHeader, start: number) {
    this.#fd = fd;
    this.header = header;
    this.#start = start;
    this.#end = fstatSync(fd).size;
    this.#names = [featureNames(header.views, false), featureNames(header.views, true)];
  }

  static open(file: string): { ok: true; reader: OnlineReader } | { ok: false; message: string } {
    let fd: number;
    try {
      fd = openPlain(file, true);
    } catch (error) {
      return { ok: false, message: `Can't read ${file}: ${describeError(error)}.` };
    }
    try {
      const line = lineAt(fd, 0);
      const header = JSON.parse(line.toString('utf8')) as Partial<OnlineHeader>;
      if (header.modelyard === 'online-features' && header.schema === ONLINE_SCHEMA) {
        return { ok: true, reader: new OnlineReader(fd, header as OnlineHeader, line.length + 1) };
      }
    } catch {
      // Told below.
    }
    closeSync(fd);
    return { ok: false, message: `${file} is no file of a feature service that this version can read.` };
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Names of all key columns that the views of the service have. */
  keys(): string[] {
    return [...new Set(this.header.views.flatMap(({ keys }) => keys.map(({ name }) => name)))];
  }

  /**
   * The latest values for the given keys.
   * @param keys value by name; all keys of all views of the service are needed
   */
  get(keys: Readonly<Record<string, string | number | bigint>>, options: OnlineOptions = {}): OnlineAnswer {
    const at = (options.at ?? new Date()).getTime() / 1000;
    const names = this.#names[options.fullNames === true ? 1 : 0];
    const features: Record<string, Value> = {};
    const views: OnlineRow[] = [];
    for (const view of this.header.views) {
      const found = this.#row(view, keys);
      if (!found.ok) return found;
      const { row, status } = asOf(found.line, at, view.ttl);
      for (const { name } of view.features) {
        const as = names?.get(view.view)?.get(name) ?? name;
        features[as] = status === 'present' ? (row?.v[name] ?? null) : null;
      }
      const timestamp = row === undefined ? {} : { timestamp: new Date(row.t * 1000).toISOString() };
      views.push({ view: view.view, status, ...timestamp });
    }
    return { ok: true, features, views };
  }

  #row(
    view: OnlineView,
    keys: Readonly<Record<string, string | number | bigint>>,
  ): { ok: true; line?: Line } | { ok: false; message: string } {
    const parts: string[] = [];
    for (const { name, type } of view.keys) {
      const value = Object.hasOwn(keys, name) ? keys[name] : undefined;
      if (value === undefined) {
        const all = this.keys().join(', ');
        return {
          ok: false,
          message: `Say which ${name}: the service ${this.header.service} has the keys ${all}.`,
        };
      }
      if (!isNumericKey(type)) parts.push(JSON.stringify(keyText(String(value), type)));
      else if (/^\s*[-+]?\d+(\.0*)?\s*$/.test(String(value)))
        parts.push(String(BigInt(String(value).trim().replace('+', '').replace(/\..*/, ''))));
      else return { ok: false, message: `${name} is a number (${type}), not "${String(value)}".` };
    }
    const line = this.#find(Buffer.from(linePrefix(view.view, parts)));
    if (line === undefined) return { ok: true };
    return { ok: true, line: exactJson(line.toString('utf8')) as Line };
  }

  /** The line that begins so: halving while much is left, then line by line. */
  #find(wanted: Buffer): Buffer | undefined {
    // Lines that begin in [low, high) are left; the one at `low` is not above what is wanted, or is the first.
    let [low, high] = [this.#start, this.#end];
    while (high - low > FEW) {
      const middle = low + Math.floor((high - low) / 2);
      const next = middle + lineAt(this.#fd, middle).length + 1;
      if (next >= high) {
        high = middle;
        continue;
      }
      if (Buffer.compare(lineAt(this.#fd, next).subarray(0, wanted.length), wanted) <= 0) low = next;
      else high = next;
    }
    while (low < high) {
      const line = lineAt(this.#fd, low);
      const order = Buffer.compare(line.subarray(0, wanted.length), wanted);
      if (order === 0) return line;
      if (order > 0) return undefined;
      low += line.length + 1;
    }
    return undefined;
  }
}

/** Whole numbers beyond 2^53 keep their digits; all others are numbers. */
function exactJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as unknown;
  const plain = (value: Json): Json => {
    if (isNumeral(value)) return isWrittenWhole(value) ? value : value.value;
    if (Array.isArray(value)) return (value as readonly Json[]).map(plain);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  };
  return plain(parseJson(text));
}

/** From a place to the end of its line, which may be the file's. */
function lineAt(fd: number, start: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = start; ;) {
    const block = Buffer.allocUnsafe(BLOCK);
    const read = readSync(fd, block, 0, BLOCK, at);
    const end = block.subarray(0, read).indexOf(10);
    blocks.push(block.subarray(0, end === -1 ? read : end));
    if (end !== -1 || read === 0) break;
    at += read;
  }
  return blocks.length === 1 ? (blocks[0] ?? Buffer.alloc(0)) : Buffer.concat(blocks);
}
