/**
 * Looking through the rows of a version: windows of a sorted and filtered view, without loading it. What is sorted or
 * filtered is put into a temporary table once, so that each window after that is a range of it.
 */
import type { Engine } from './engine/engine.js';
import type { EngineError, EngineResult, Plain } from './engine/messages.js';
import { identifier, literal } from './sql.js';

export interface RowsQuery {
  /** The Parquet file, absolute. */
  readonly file: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly sort?: { readonly column: string; readonly descending: boolean };
  /** As they are typed; see `condition`. */
  readonly filters: readonly { readonly column: string; readonly text: string }[];
}

export interface Window {
  readonly rows: readonly (readonly Plain[])[];
  /** Rows that pass the filters. */
  readonly total: number;
}

/** With more values than this a table of row numbers is made, and not of the rows themselves: windows are slower then. */
const MOST_CELLS = 40_000_000;
/** Selections that are kept at once. */
const KEPT = 3;

const NUMBER = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/;
const MOMENT = /^(?:DATE|TIME.*)$/;

type Condition =
  { readonly ok: true; readonly sql: string } | { readonly ok: false; readonly message: string };

/**
 * A filter as SQL. `null` and `!null`; `=`, `!=`, `<`, `<=`, `>`, `>=` before a value; a number or a moment alone means that
 * value; anything else is contained in the value's text, whatever its case.
 */
export function condition(column: string, type: string, typed: string): Condition {
  const text = typed.trim();
  const name = identifier(column);
  if (/^null$/i.test(text)) return { ok: true, sql: `${name} IS NULL` };
  if (/^!\s*null$/i.test(text)) return { ok: true, sql: `${name} IS NOT NULL` };
  const [, operator, rest = ''] = /^(<=|>=|!=|<>|=|<|>)\s*([\s\S]*)$/.exec(text) ?? [];
  const compares = NUMBER.test(type) || MOMENT.test(type);
  if (operator !== undefined) {
    if (rest === '') return { ok: false, message: `A value is missing behind "${operator}".` };
    if (!compares)
      return { ok: true, sql: `CAST(${name} AS VARCHAR) ${operator} ${literal(unquoted(rest))}` };
    return compared(name, type, operator, rest, column);
  }
  if (NUMBER.test(type) && isNumber(text)) return compared(name, type, '=', text, column);
  const pattern = text.replaceAll(/[\\%_]/g, '\\$&');
  return { ok: true, sql: `CAST(${name} AS VARCHAR) ILIKE ${literal(`%${pattern}%`)} ESCAPE '\\'` };
}

function compared(name: string, type: string, operator: string, value: string, column: string): Condition {
  if (NUMBER.test(type)) {
    if (!isNumber(value)) return { ok: false, message: `"${column}" holds numbers, and "${value}" is none.` };
    return { ok: true, sql: `${name} ${operator} ${Number(value)}` };
  }
  if (!/^\d{1,6}(?:-\d{1,2}(?:-\d{1,2}(?:[T ][\d:.]+Z?)?)?)?$/.test(value)) {
    return {
      ok: false,
      message: `"${column}" holds times, and "${value}" is none. Write 2024-07-01 or 2024-07-01 12:30.`,
    };
  }
  const [year = '', month = '1', day = '1', ...time] = value.split(/[-T ]/);
  const date = `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return {
    ok: true,
    sql: `${name} ${operator} TIMESTAMP ${literal(`${date} ${time[0] ?? '00:00:00'}`.replace(/Z$/, ''))}`,
  };
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function unquoted(text: string): string {
  return /^(['"])[\s\S]*\1$/.test(text) && text.length > 1 ? text.slice(1, -1) : text;
}

interface Selection {
  readonly table: string;
  /** The table holds row numbers only. */
  readonly numbers: boolean;
  readonly total: number;
}

/** Selections of one engine. */
export class RowsReader {
  readonly #engine: Engine;
  readonly #selections = new Map<string, Selection>();
  readonly #totals = new Map<string, number>();
  #next = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async window(query: RowsQuery, offset: number, limit: number): Promise<EngineResult<Window>> {
    const filters = query.filters.filter(({ text }) => text.trim() !== '');
    const plain = query.sort === undefined && filters.length === 0;
    if (plain) return this.#plain(query, offset, limit);
    const selection = await this.#select({ ...query, filters });
    if (!selection.ok) return selection;
    const { table, numbers, total } = selection.value;
    const range = `n >= ${offset} AND n < ${offset + limit}`;
    const columns = listed(query);
    const rows = numbers
      ? await this.#byNumber(query, table, range)
      : await this.#rows(`SELECT ${columns} FROM ${table} WHERE ${range} ORDER BY n`, limit);
    return rows.ok ? { ok: true, value: { rows: rows.value, total } } : rows;
  }

  async #plain(query: RowsQuery, offset: number, limit: number): Promise<EngineResult<Window>> {
    let total = this.#totals.get(query.file);
    if (total === undefined) {
      const counted = await this.#rows(`SELECT count(*) FROM read_parquet(${literal(query.file)})`, 1);
      if (!counted.ok) return counted;
      total = Number(counted.value[0]?.[0] ?? 0);
      this.#totals.set(query.file, total);
    }
    const rows = await this.#rows(
      `SELECT ${listed(query)} FROM ${numbered(query.file)} WHERE file_row_number >= ${offset} AND file_row_number < ${offset + limit} ORDER BY file_row_number`,
      limit,
    );
    return rows.ok ? { ok: true, value: { rows: rows.value, total } } : rows;
  }

  async #select(query: RowsQuery): Promise<EngineResult<Selection>> {
    const key = JSON.stringify([query.file, query.sort, query.filters]);
    const known = this.#selections.get(key);
    if (known !== undefined) {
      // The one that was used last goes last.
      this.#selections.delete(key);
      this.#selections.set(key, known);
      return { ok: true, value: known };
    }
    const where = conditions(query);
    if (!where.ok) return { ok: false, error: { kind: 'sql', message: where.message } };
    const size = await this.#rows(`SELECT count(*) FROM read_parquet(${literal(query.file)})${where.sql}`, 1);
    if (!size.ok) return size;
    const total = Number(size.value[0]?.[0] ?? 0);
    const numbers = total * query.columns.length > MOST_CELLS;
    const table = `selection_${this.#next++}`;
    const order = orderOf(query);
    if (!order.ok) return order;
    const made = await this.#engine.query(
      `CREATE TEMP TABLE ${table} AS SELECT row_number() OVER (ORDER BY ${order.value}) - 1 AS n, ${numbers ? 'file_row_number AS r' : listed(query)} FROM ${numbered(query.file)}${where.sql} ORDER BY n`,
    );
    if (!made.ok) return made;
    const selection: Selection = { table, numbers, total };
    this.#selections.set(key, selection);
    const [oldest] = this.#selections;
    if (this.#selections.size > KEPT && oldest !== undefined) {
      this.#selections.delete(oldest[0]);
      await this.#engine.query(`DROP TABLE IF EXISTS ${oldest[1].table}`);
    }
    return { ok: true, value: selection };
  }

  async #byNumber(
    query: RowsQuery,
    table: string,
    range: string,
  ): Promise<EngineResult<readonly (readonly Plain[])[]>> {
    const found = await this.#rows(`SELECT r FROM ${table} WHERE ${range} ORDER BY n`, 10_000);
    if (!found.ok || found.value.length === 0) return found;
    const numbers = found.value.map(([number]) => Number(number));
    const rows = await this.#rows(
      `SELECT file_row_number, ${listed(query)} FROM ${numbered(query.file)} WHERE file_row_number IN (${numbers.join(', ')})`,
      numbers.length,
    );
    if (!rows.ok) return rows;
    const byNumber = new Map(rows.value.map(([number, ...values]) => [Number(number), values]));
    return { ok: true, value: numbers.flatMap((number) => [byNumber.get(number) ?? []]) };
  }

  async #rows(sql: string, maxRows: number): Promise<EngineResult<readonly (readonly Plain[])[]>> {
    const result = await this.#engine.query(sql, [], { maxRows });
    return result.ok ? { ok: true, value: result.value.rows } : result;
  }
}

function numbered(file: string): string {
  return `read_parquet(${literal(file)}, file_row_number = true)`;
}

function listed({ columns }: RowsQuery): string {
  return columns.map(({ name }) => identifier(name)).join(', ');
}

function conditions(query: RowsQuery): Condition {
  const parts: string[] = [];
  for (const { column, text } of query.filters) {
    const type = query.columns.find(({ name }) => name === column)?.type;
    if (type === undefined) return { ok: false, message: `There is no column "${column}".` };
    const one = condition(column, type, text);
    if (!one.ok) return one;
    parts.push(one.sql);
  }
  return { ok: true, sql: parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}` };
}

function orderOf({ columns, sort }: RowsQuery): EngineResult<string> {
  if (sort === undefined) return { ok: true, value: 'file_row_number' };
  if (!columns.some(({ name }) => name === sort.column)) {
    const error: EngineError = { kind: 'sql', message: `There is no column "${sort.column}".` };
    return { ok: false, error };
  }
  const direction = sort.descending ? 'DESC' : 'ASC';
  return { ok: true, value: `${identifier(sort.column)} ${direction} NULLS LAST, file_row_number` };
}
