/** The child's database: in memory, hardened before the first query, with one connection. */
import { mkdirSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { defined } from '../../base/defined.js';
import { engineError, unitsOf } from './errors.js';
import { guard, isBareExpression } from './guard.js';
import type {
  Column,
  Definition,
  EngineError,
  EngineResult,
  Inspection,
  Limits,
  Parameter,
  Rows,
} from './messages.js';
import { bound, plainOf } from './values.js';

/** Longer SQL of a definition is refused: DuckDB's parser recurses. */
const MAX_SQL = 256 * 1024;

/** Macros that map a row to a value, as their names don't tell. */
const ROW_WISE_MACROS = /^(list_|array_|nullif$|split_part$|date_add$|fdiv$|fmod$|round|days_in_month$|map_)/;

export class Session {
  readonly #connection: DuckDBConnection;
  #aggregates: ReadonlySet<string> | undefined;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(limits: Limits): Promise<EngineResult<Session>> {
    try {
      mkdirSync(limits.tempFolder, { recursive: true });
      const instance = await DuckDBInstance.create(':memory:', {
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        allow_community_extensions: 'false',
        temp_directory: `${limits.tempFolder}/spill`,
        threads: String(limits.threads),
      });
      const connection = await instance.connect();
      for (const setting of hardening(limits)) await connection.run(setting);
      return { ok: true, value: new Session(connection) };
    } catch (error) {
      return { ok: false, error: engineError(error, '') };
    }
  }

  /** Ends the query that runs, if one does. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  /** 0 to 100 of the query that runs; DuckDB gives -1 while it can't tell. */
  get progress(): number {
    return this.#connection.progress.percentage;
  }

  /** Runs one statement of ours; of its rows at most `maxRows` are read. */
  async query(sql: string, params: readonly Parameter[], maxRows: number): Promise<EngineResult<Rows>> {
    try {
      const { values, types } = bound(params);
      const reader = await this.#connection.streamAndReadUntil(sql, maxRows + 1, values, types as never);
      const columns = reader.columnNames().map((name, at) => ({ name, type: String(reader.columnType(at)) }));
      const all = reader.getRows();
      const rows = all.slice(0, maxRows).map((row) => row.map(plainOf));
      return { ok: true, value: { columns, rows, truncated: all.length > maxRows } };
    } catch (error) {
      return { ok: false, error: engineError(error, sql) };
    }
  }

  /** Checks a definition's query and makes it a view. Nothing of it is bound before the check has passed. */
  async define({ name, over, sql: written, predicate }: Definition): Promise<EngineResult<Inspection>> {
    const sql = withoutEnd(written);
    const [before, after] =
      predicate === undefined ? ['', ''] : ['SELECT *, (\n', `\n) AS ${quoted(predicate)} FROM source`];
    if (predicate !== undefined) {
      const bare = await this.#bare(sql);
      if (bare !== undefined) return { ok: false, error: bare };
    }
    const checked = await this.#check(`${before}${sql}${after}`, before.length);
    if (!checked.ok) return checked;
    const head = `CREATE OR REPLACE TEMP VIEW ${quoted(name)} AS WITH source AS (SELECT * FROM ${quoted(over)}) SELECT * FROM (\n${before}`;
    const text = `${head}${sql}${after}\n)`;
    try {
      // The text parses alone as one SELECT; in parentheses it has to be one still.
      const { count } = await this.#connection.extractStatements(text);
      if (count !== 1) return refused('A transform is one SELECT without a `;` in it.');
      await this.#connection.run(text);
      const columns = await this.#columns(name);
      return { ok: true, value: { columns, ...checked.value } };
    } catch (error) {
      return { ok: false, error: engineError(error, text, Buffer.byteLength(head), Buffer.byteLength(sql)) };
    }
  }

  /** Why a text is no condition that can stand between parentheses; nothing when it is one. */
  async #bare(sql: string): Promise<EngineError | undefined> {
    const parsed = await this.#parse(`SELECT\n${sql}`, 'SELECT\n'.length);
    if (!parsed.ok) return parsed.error;
    const [statement, ...more] = parsed.value;
    if (more.length === 0 && isBareExpression(statement)) return undefined;
    const message =
      'A predicate is one expression, as `rain >= 0`, without a name and without FROM or WHERE.';
    return { kind: 'refused', message };
  }

  /** @param skip UTF-16 units of `sql` that are ours: places in errors are counted from behind them */
  async #check(sql: string, skip: number): Promise<EngineResult<Omit<Inspection, 'columns'>>> {
    const parsed = await this.#parse(sql, skip);
    if (!parsed.ok) return parsed;
    const [statement] = parsed.value;
    if (parsed.value.length !== 1 || statement === undefined) {
      return refused(`A transform is one SELECT, and here are ${parsed.value.length} statements.`);
    }
    this.#aggregates ??= await this.#listAggregates();
    const aggregates = this.#aggregates;
    const found = guard(statement, new Set(['source']), (name) => aggregates.has(name));
    if (found.ok)
      return { ok: true, value: { volatile: found.volatile, looksAtOtherRows: found.looksAtOtherRows } };
    const at = found.location === undefined ? undefined : unitsOf(sql, 0, found.location) - skip;
    return refused(found.message, at === undefined || at < 0 ? undefined : at);
  }

  /** The statements of a text, as DuckDB's own parser sees them. */
  async #parse(sql: string, skip: number): Promise<EngineResult<readonly unknown[]>> {
    if (sql.length > MAX_SQL) return refused(`SQL of more than ${MAX_SQL / 1024} KiB is not run.`);
    if (sql.includes('\0')) return refused('SQL with a zero character is not run.');
    let tree: SerializedSql;
    try {
      const { values, types } = bound([sql]);
      const reader = await this.#connection.runAndReadAll(
        'SELECT json_serialize_sql($1::VARCHAR)',
        values,
        types as never,
      );
      tree = JSON.parse(String(reader.value(0, 0))) as SerializedSql;
    } catch (error) {
      return { ok: false, error: engineError(error, sql) };
    }
    if (tree.error) return { ok: false, error: parseError(tree, sql, skip) };
    return { ok: true, value: tree.statements };
  }

  async #columns(view: string): Promise<Column[]> {
    const reader = await this.#connection.runAndReadAll(`DESCRIBE ${quoted(view)}`);
    return reader.getRows().map((row) => ({ name: String(row[0]), type: String(row[1]) }));
  }

  async #listAggregates(): Promise<ReadonlySet<string>> {
    const reader = await this.#connection.runAndReadAll(
      "SELECT DISTINCT function_name, function_type FROM duckdb_functions() WHERE function_type IN ('aggregate', 'macro')",
    );
    return new Set(
      reader
        .getRows()
        .filter(([name, type]) => type === 'aggregate' || !ROW_WISE_MACROS.test(String(name)))
        .map(([name]) => String(name).toLowerCase()),
    );
  }
}

type SerializedSql =
  | { readonly error: false; readonly statements: readonly unknown[] }
  | {
      readonly error: true;
      readonly error_type: string;
      readonly error_message: string;
      readonly position?: string;
    };

function parseError(tree: Extract<SerializedSql, { error: true }>, sql: string, skip: number): EngineError {
  if (tree.error_type === 'not implemented') {
    return {
      kind: 'refused',
      message: 'Only one SELECT can be used here: a transform reads `source` and changes nothing.',
    };
  }
  const offset = unitsOf(sql, 0, Number(tree.position ?? 0)) - skip;
  return {
    kind: 'sql',
    type: 'Parser',
    message: tree.error_message,
    ...(tree.position === undefined || !(offset >= 0) ? {} : { offset }),
  };
}

/** Without the blanks and semicolons at its end: a loop, because a pattern looks at every one of them again and again. */
function withoutEnd(sql: string): string {
  let end = sql.length;
  while (end > 0 && /[\s;]/.test(sql.charAt(end - 1))) end--;
  return sql.slice(0, end);
}

function refused(message: string, offset?: number): { ok: false; error: EngineError } {
  return { ok: false, error: { kind: 'refused', message, ...defined({ offset }) } };
}

/** The order counts: what is locked can't be set. `max_temp_directory_size` only holds when it is SET. */
function hardening(limits: Limits): string[] {
  return [
    'SET errors_as_json = true',
    `SET memory_limit = '${Math.round(limits.memoryBytes / 1024)}KiB'`,
    `SET max_temp_directory_size = '${Math.round(limits.spillBytes / 1024)}KiB'`,
    "SET TimeZone = 'UTC'",
    'SET preserve_insertion_order = false',
    'SET enable_progress_bar = true',
    'SET enable_progress_bar_print = false',
    `SET allowed_paths = [${limits.readable.map(literal).join(', ')}]`,
    `SET allowed_directories = [${literal(`${limits.tempFolder}/`)}]`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ];
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
