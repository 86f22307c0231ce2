/**
 * All runs of a project with what went in and what came out, in columns: for tables that sort and filter a hundred thousand runs
 * while somebody waits. Kept from the index of runs, and read on as that grows.
 *
 * A run's values lie behind each other in one long array; which place is which column's is said by the run's *shape*, which runs
 * of a pipeline share. So a run costs what it has, however many columns there are.
 */
import { Dictionary } from '../../../base/dictionary.js';
import { type Json, display, jsonText } from '../../../base/json.js';
import { isNumber } from '../../../base/numeral.js';
import { compareValues } from '../../../base/runs/order-values.js';
import { type RunFilter, compileFilter } from '../../../base/runs/filter.js';
import { type IndexEntry, IndexFollower } from './follower.js';
import {
  type MetricPart,
  type OwnColumn,
  type RunColumn,
  type RunNames,
  columnOf,
  metricPart,
  secondsOf,
  tagText,
} from './columns.js';
import type { RunStatus, RunSummary } from '../document.js';
import { type NamedPlace, WordSearch } from './search.js';
import type { RunReader } from '../reader.js';
import { LIVE_STATUSES } from './summary.js';

export interface TableSort {
  /** As `columnOf` takes it. */
  readonly column: string;
  readonly descending: boolean;
}

export interface TableQuery {
  readonly filter?: RunFilter;
  /** Words that all have to occur, in any case. */
  readonly text?: string;
  readonly pipeline?: string;
  /** Empty: any. */
  readonly statuses?: readonly RunStatus[];
  /** ISO 8601: only runs that began then or later. */
  readonly since?: string;
  /** Also those that are archived. */
  readonly archived?: boolean;
  /** The most important first; what is left is in the order of time, the newest first. */
  readonly sort: readonly TableSort[];
}

/** A column that some runs have a value in. */
export interface KnownColumn {
  readonly kind: 'param' | 'metric' | 'tag';
  /** Of a metric with its task. */
  readonly name: string;
  /** So many runs have one. */
  readonly runs: number;
  readonly isNumeric: boolean;
  /** Not all of them have the same. */
  readonly varies: boolean;
}

/** A name in a filter that no run has. */
export class UnknownColumn extends Error {
  readonly column: string;

  constructor(column: string) {
    super(`no run has "${column}"`);
    this.column = column;
  }
}

type ValueKind = KnownColumn['kind'] | 'least' | 'greatest';

interface Column {
  readonly kind: ValueKind;
  readonly name: string;
  runs: number;
  isNumeric: boolean;
  varies: boolean;
  /** What the first of the runs had: a value, and whether it is the number of one. */
  readonly first: readonly [value: number, mark: number];
}

/** Which place of a run's values is which column's. */
interface Shape {
  readonly columns: readonly number[];
  readonly places: ReadonlyMap<number, number>;
}

const FIRST_ROOM = 1_024;

/** Where a value is the number of a value that is no JS number. */
const CODED = 1;

type Reader = (row: number) => Json | undefined;

export class RunTable {
  readonly #store: RunReader;
  #follower: IndexFollower;
  #rows = new Map<string, number>();
  /** By row; an empty one is gone. */
  #ids: string[] = [];
  #created: string[] = [];
  #ended: (string | undefined)[] = [];
  #texts: Readonly<Record<TextColumn, number[]>> = emptyTexts();
  #star: boolean[] = [];
  #archived: boolean[] = [];
  #shapeOf: number[] = [];
  #start: number[] = [];
  #values = new Float64Array(FIRST_ROOM);
  #marks = new Uint8Array(FIRST_ROOM);
  #used = 0;
  /** So many of them are a run's now. */
  #kept = 0;
  readonly #words = new Dictionary();
  /** Values that are no JS numbers, by their JSON. */
  readonly #codes = new Dictionary();
  readonly #coded: Json[] = [];
  #columns: Column[] = [];
  #columnCodes = emptyCodes();
  #shapes: Shape[] = [];
  /** By a hash of their columns. */
  #shapeCodes = new Map<number, number[]>();
  #live = new Set<number>();
  /** Ids of runs that an MLflow client has deleted. */
  #deleted = new Set<string>();
  #version = 0;
  #ordered: { readonly version: number; readonly rows: readonly number[] } | undefined;
  #found: { readonly key: string; readonly rows: readonly number[] } | undefined;

  constructor(store: RunReader) {
    this.#store = store;
    this.#follower = new IndexFollower(store.index);
  }

  /** A table of just these runs. Not to be refreshed. */
  static of(store: RunReader, runs: readonly RunSummary[]): RunTable {
    const table = new RunTable(store);
    for (const run of runs) table.#take(run);
    return table;
  }

  /** Reads what is new, in steps; to be run to its end before anything is asked. */
  *refresh(): Generator<void, void> {
    // Each change of a run leaves its values of before behind.
    if (this.#used > FIRST_ROOM && this.#used > 3 * this.#kept)
      this.#follower = new IndexFollower(this.#store.index);
    for (let tries = 0, whole = false; tries < 3 && !whole; tries++) {
      whole = yield* this.#follower.read(
        () => this.#clear(),
        (entry) => this.#take(entry),
      );
    }
    const there = new Set(this.#store.ids());
    // Without any folders the index is all there is of the runs; else it is derived, and what it lacks is there all the same.
    if (there.size > 0)
      for (const id of [...this.#rows.keys()]) if (!there.has(id)) this.#take({ id, gone: true });
    // It hears of a run that goes on only when its status changes.
    const unsure = [...this.#live].map((row) => this.#ids[row] ?? '');
    for (const id of [
      ...unsure,
      ...[...there].filter((one) => !this.#rows.has(one) && !this.#deleted.has(one)),
    ]) {
      const read = this.#store.read(id);
      if (read.ok) this.#take(this.#store.summaryOf(read.run));
      yield;
    }
  }

  #clear(): void {
    this.#rows = new Map();
    this.#ids = [];
    this.#created = [];
    this.#ended = [];
    this.#texts = emptyTexts();
    this.#star = [];
    this.#archived = [];
    this.#shapeOf = [];
    this.#start = [];
    this.#used = 0;
    this.#kept = 0;
    this.#columns = [];
    this.#columnCodes = emptyCodes();
    this.#shapes = [];
    this.#shapeCodes = new Map();
    this.#live = new Set();
    this.#deleted = new Set();
    this.#version += 1;
  }

  #take(entry: IndexEntry): void {
    const known = this.#rows.get(entry.id);
    this.#version += 1;
    if (known !== undefined) this.#uncount(known);
    const isDeleted = !('gone' in entry) && entry.deleted === true;
    if (isDeleted) this.#deleted.add(entry.id);
    else this.#deleted.delete(entry.id);
    if ('gone' in entry || isDeleted) {
      if (known === undefined) return;
      this.#ids[known] = '';
      this.#rows.delete(entry.id);
      this.#live.delete(known);
      return;
    }
    const row = known ?? this.#ids.length;
    this.#rows.set(entry.id, row);
    this.#ids[row] = entry.id;
    this.#created[row] = entry.createdAt;
    this.#ended[row] = typeof entry.endedAt === 'string' ? entry.endedAt : undefined;
    for (const name of TEXT_COLUMNS) this.#texts[name][row] = this.#words.code(textIn(entry, name));
    this.#star[row] = entry.marks?.star === true;
    this.#archived[row] = entry.marks?.archived === true;
    if (LIVE_STATUSES.has(entry.status)) this.#live.add(row);
    else this.#live.delete(row);
    this.#keepValues(row, entry);
  }

  #uncount(row: number): void {
    const { columns = [] } = this.#shapes[this.#shapeOf[row] ?? -1] ?? {};
    this.#kept -= columns.length;
    for (const code of columns) {
      const column = this.#columns[code];
      if (column !== undefined) column.runs -= 1;
    }
  }

  #keepValues(row: number, { params, metrics, ranges, marks }: RunSummary): void {
    const columns: number[] = [];
    const begin = this.#used;
    // Anybody may have written the index.
    const add = (kind: ValueKind, values: Readonly<Record<string, Json>> | undefined): void => {
      const told = values ?? {};
      for (const name of Object.keys(told)) columns.push(this.#push(kind, name, told[name] ?? null));
    };
    add('param', params);
    add('metric', metrics);
    add('tag', marks?.tags);
    for (const [name, range] of Object.entries(ranges ?? {})) {
      if (!isRange(range)) continue;
      columns.push(this.#push('least', name, range[0]), this.#push('greatest', name, range[1]));
    }
    this.#kept += columns.length;
    this.#shapeOf[row] = this.#shapeFor(columns);
    this.#start[row] = begin;
  }

  #shapeFor(columns: readonly number[]): number {
    const hash = columns.reduce((sum, code) => (Math.imul(sum, 31) + code) | 0, columns.length);
    let alike = this.#shapeCodes.get(hash);
    if (alike === undefined) this.#shapeCodes.set(hash, (alike = []));
    for (const shape of alike) {
      const known = this.#shapes[shape]?.columns ?? [];
      if (known.length === columns.length && columns.every((code, place) => code === known[place]))
        return shape;
    }
    alike.push(this.#shapes.length);
    return this.#shapes.push({ columns, places: new Map(columns.map((code, place) => [code, place])) }) - 1;
  }

  /** Puts a value behind the last one. Gives its column. */
  #push(kind: ValueKind, name: string, value: Json): number {
    if (this.#used === this.#values.length) this.#grow();
    const isPlain = typeof value === 'number';
    const kept = isPlain ? value : this.#codeOf(value);
    const mark = isPlain ? 0 : CODED;
    this.#values[this.#used] = kept;
    this.#marks[this.#used] = mark;
    this.#used += 1;
    let code = this.#columnCodes[kind].get(name);
    if (code === undefined) {
      code = this.#columns.length;
      this.#columns.push({ kind, name, runs: 0, isNumeric: true, varies: false, first: [kept, mark] });
      this.#columnCodes[kind].set(name, code);
    }
    const column = this.#columns[code];
    if (column !== undefined) {
      column.runs += 1;
      column.isNumeric &&= isPlain || isNumberLike(value);
      column.varies ||= !Object.is(column.first[0], kept) || column.first[1] !== mark;
    }
    return code;
  }

  #grow(): void {
    const values = new Float64Array(this.#values.length * 2);
    values.set(this.#values);
    this.#values = values;
    const marks = new Uint8Array(this.#marks.length * 2);
    marks.set(this.#marks);
    this.#marks = marks;
  }

  #codeOf(value: Json): number {
    const code = this.#codes.code(`${typeof value} ${jsonText(value)}`);
    this.#coded[code] = value;
    return code;
  }

  /** Runs that lists show. */
  get size(): number {
    return this.#rows.size;
  }

  /** Names that a run has, and pipelines, for whoever completes a filter. */
  words(name: 'pipeline' | 'user'): readonly string[] {
    const codes = new Set(this.#byTime().map((row) => this.#texts[name][row] ?? -1));
    return [...codes].flatMap((code) => this.#words.texts[code] ?? []).filter((text) => text !== '');
  }

  /** Columns that runs have values in, those that most have first. */
  columns(): readonly KnownColumn[] {
    return this.#columns
      .flatMap(({ kind, name, runs, isNumeric, varies }) =>
        kind === 'least' || kind === 'greatest' || runs === 0
          ? []
          : [{ kind, name, runs, isNumeric, varies: varies || runs < this.size }],
      )
      .sort((a, b) => b.runs - a.runs);
  }

  #names(): RunNames {
    const of = (kind: ValueKind): Set<string> =>
      new Set(this.#columns.flatMap((one) => (one.kind === kind && one.runs > 0 ? [one.name] : [])));
    return { params: of('param'), metrics: of('metric') };
  }

  /**
   * The rows that pass, in their order; good until the next `refresh`.
   *
   * @throws UnknownColumn
   */
  find(query: TableQuery): readonly number[] {
    const key = `${this.#version} ${JSON.stringify(query)}`;
    if (this.#found?.key === key) return this.#found.rows;
    const rows = this.#sorted(this.#passing(query), query.sort);
    this.#found = { key, rows };
    return rows;
  }

  /** Rows of runs, the newest first. */
  #byTime(): readonly number[] {
    if (this.#ordered?.version !== this.#version) {
      const rows = [...this.#rows].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, row]) => row);
      this.#ordered = { version: this.#version, rows };
    }
    return this.#ordered.rows;
  }

  #passing({ filter, text = '', pipeline, statuses = [], since, archived }: TableQuery): readonly number[] {
    const tests: ((row: number) => boolean)[] = [];
    if (archived !== true) tests.push((row) => this.#archived[row] !== true);
    if (pipeline !== undefined) {
      const code = this.#words.code(pipeline);
      tests.push((row) => this.#texts.pipeline[row] === code);
    }
    if (statuses.length > 0) {
      const codes = new Set(statuses.map((status) => this.#words.code(status)));
      tests.push((row) => codes.has(this.#texts.status[row] ?? -1));
    }
    if (since !== undefined) tests.push((row) => (this.#created[row] ?? '') >= since);
    if (filter !== undefined) {
      const names = this.#names();
      tests.push(compileFilter<number>(filter, (name) => this.#readerNamed(name, names)));
    }
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const word of words) {
      const search = new WordSearch(word, {
        texts: this.#words.texts,
        coded: this.#coded,
        placesOf: (shape) => this.#namedPlaces(shape),
      });
      tests.push((row) => this.#has(row, word, search));
    }
    return this.#byTime().filter((row) => tests.every((passes) => passes(row)));
  }

  /** Params, metrics and tags of runs of a shape. */
  #namedPlaces(shape: number): readonly NamedPlace[] {
    const { columns = [] } = this.#shapes[shape] ?? {};
    return columns.flatMap((code, place) => {
      const { kind = 'least', name = '' } = this.#columns[code] ?? {};
      return kind === 'least' || kind === 'greatest' ? [] : [{ name, place }];
    });
  }

  /** Whether a word is in anything that a run has. */
  #has(row: number, word: string, search: WordSearch): boolean {
    if (TEXT_COLUMNS.some((name) => search.inText(this.#texts[name][row]))) return true;
    if ((this.#ids[row] ?? '').toLowerCase().includes(word)) return true;
    const start = this.#start[row] ?? 0;
    return search.inValues(this.#shapeOf[row] ?? -1, (place) => ({
      value: this.#values[start + place] ?? NaN,
      isCode: this.#marks[start + place] === CODED,
    }));
  }

  #sorted(rows: readonly number[], sort: readonly TableSort[]): readonly number[] {
    const names = this.#names();
    // An order by what no run has any more is none.
    const comparisons = sort.flatMap(({ column, descending }) => {
      const found = columnOf(column, names);
      return found === undefined ? [] : [this.#comparison(rows, this.#reader(found), descending ? -1 : 1)];
    });
    if (comparisons.length === 0) return rows;
    // Places in the order of time, so that what is equal stays in it.
    const places = rows.map((_, place) => place);
    places.sort((a, b) => {
      for (const compare of comparisons) {
        const order = compare(a, b);
        if (order !== 0) return order;
      }
      return a - b;
    });
    return places.flatMap((place) => rows[place] ?? []);
  }

  /** Of places in `rows`. What a run does not have comes last, whichever way it is sorted. */
  #comparison(rows: readonly number[], read: Reader, sign: 1 | -1): (a: number, b: number) => number {
    const values = rows.map((row) => read(row) ?? null);
    if (values.every((value) => value === null || (typeof value === 'number' && !Number.isNaN(value)))) {
      const numbers = Float64Array.from(values, (value) => (typeof value === 'number' ? sign * value : NaN));
      return (a, b) => {
        const [left, right] = [numbers[a] ?? NaN, numbers[b] ?? NaN];
        if (left < right) return -1;
        if (left > right) return 1;
        return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
      };
    }
    return (a, b) => {
      const [left = null, right = null] = [values[a], values[b]];
      if (left === null || right === null) return Number(left === null) - Number(right === null);
      return sign * compareValues(left, right);
    };
  }

  /** @throws UnknownColumn */
  #readerNamed(name: string, names: RunNames): Reader {
    const column = columnOf(name, names);
    if (column !== undefined) return this.#reader(column);
    // There is nothing to tell a slip by.
    if (this.size === 0) return () => undefined;
    throw new UnknownColumn(name);
  }

  #reader(column: RunColumn): Reader {
    switch (column.kind) {
      case 'own':
        return (row) => this.#own(row, column.name);
      case 'param':
      case 'tag':
        return this.#readerOf(column.kind, column.name);
      case 'metric': {
        const readers = column.names.map((name) => this.#metricReader(name, column.part));
        const [only] = readers;
        if (readers.length === 1 && only !== undefined) return only;
        return (row) => {
          for (const read of readers) {
            const value = read(row);
            if (value !== undefined) return value;
          }
          return undefined;
        };
      }
    }
  }

  #metricReader(name: string, part: MetricPart): Reader {
    const last = this.#readerOf('metric', name);
    if (part === 'last') return last;
    const [least, greatest] = [this.#readerOf('least', name), this.#readerOf('greatest', name)];
    return (row) => {
      const value = last(row);
      if (value === undefined) return undefined;
      const [low, high] = [least(row), greatest(row)];
      const isKnown = typeof low === 'number' && typeof high === 'number';
      return metricPart(name, part, value, isKnown ? [low, high] : undefined);
    };
  }

  #readerOf(kind: ValueKind, name: string): Reader {
    const code = this.#columnCodes[kind].get(name);
    return code === undefined ? () => undefined : (row) => this.#valueAt(row, code);
  }

  #valueAt(row: number, code: number): Json | undefined {
    const place = this.#shapes[this.#shapeOf[row] ?? -1]?.places.get(code);
    if (place === undefined) return undefined;
    const at = (this.#start[row] ?? 0) + place;
    const value = this.#values[at];
    return this.#marks[at] === CODED ? this.#coded[value ?? -1] : value;
  }

  #text(name: TextColumn, row: number): string {
    return this.#words.texts[this.#texts[name][row] ?? -1] ?? '';
  }

  #own(row: number, name: OwnColumn): Json | undefined {
    switch (name) {
      case 'id':
        return this.#ids[row];
      case 'created':
        return this.#created[row];
      case 'ended':
        return this.#ended[row];
      case 'time': {
        const endedAt = this.#ended[row];
        return endedAt === undefined
          ? undefined
          : secondsOf({ createdAt: this.#created[row] ?? '', endedAt });
      }
      case 'star':
        return this.#star[row];
      case 'archived':
        return this.#archived[row];
      case 'tags':
        return tagText(this.#tags(row));
      default: {
        const text = this.#text(name, row);
        return text === '' ? undefined : text;
      }
    }
  }

  /**
   * Values of rows, a list for each column. A column that no run has is empty.
   *
   * @param rows as `find` gave them
   */
  values(rows: readonly number[], columns: readonly string[]): readonly (readonly (Json | null)[])[] {
    const names = this.#names();
    return columns.map((name) => {
      const column = columnOf(name, names);
      const read = column === undefined ? undefined : this.#reader(column);
      return rows.map((row) => read?.(row) ?? null);
    });
  }

  #tags(row: number): Readonly<Record<string, string>> {
    const { columns = [] } = this.#shapes[this.#shapeOf[row] ?? -1] ?? {};
    const found = columns.flatMap((code): (readonly [string, string])[] => {
      const { kind, name = '' } = this.#columns[code] ?? {};
      return kind === 'tag' ? [[name, display(this.#valueAt(row, code) ?? '')]] : [];
    });
    return Object.fromEntries(found);
  }
}

const TEXT_COLUMNS = ['pipeline', 'name', 'status', 'trigger', 'source', 'user', 'commit', 'note'] as const;
type TextColumn = (typeof TEXT_COLUMNS)[number];

function emptyCodes(): Readonly<Record<ValueKind, Map<string, number>>> {
  return { param: new Map(), metric: new Map(), tag: new Map(), least: new Map(), greatest: new Map() };
}

function emptyTexts(): Record<TextColumn, number[]> {
  return { pipeline: [], name: [], status: [], trigger: [], source: [], user: [], commit: [], note: [] };
}

/** Anybody could have written the index. */
function textIn(run: RunSummary, name: TextColumn): string {
  const { marks, source = 'pipeline' } = run;
  const value: unknown = name === 'note' ? marks?.note : name === 'source' ? source : run[name];
  return typeof value === 'string' ? value : '';
}

function isRange(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'number');
}

/** A number that JSON has no word for, or that keeps its spelling. */
function isNumberLike(value: Json): boolean {
  return typeof value === 'string' ? /^-?(?:NaN|Infinity)$/.test(value) : isNumber(value);
}
