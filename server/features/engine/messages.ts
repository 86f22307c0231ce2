/** What the engine's two halves, this process and its disposable child, say to each other. JSON over Node's IPC. */

/** A value of a row, as JSON has it. Moments are ISO 8601 in UTC; integers beyond 2^53 and NaN are strings. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** A parameter of a query: `$1` is the first. A list becomes a list of VARCHAR. */
export type Parameter = string | number | boolean | null | readonly string[];

export interface Column {
  readonly name: string;
  /** DuckDB's name of the type: `BIGINT`, `DECIMAL(18,3)`, `TIMESTAMP`. */
  readonly type: string;
}

export interface Rows {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Plain[])[];
  /** There are more rows than were asked for. */
  readonly truncated: boolean;
}

export type EngineErrorKind =
  /** DuckDB's binary is not there, or not for this machine. */
  | 'missing'
  /** The SQL is wrong, or fails on the data. */
  | 'sql'
  /** SQL of a definition that asks for more than it may have. */
  | 'refused'
  | 'timeout'
  | 'cancelled'
  /** More memory, or more room for what doesn't fit into it, than the limits allow. */
  | 'memory'
  /** The process that runs the SQL is gone. */
  | 'crashed'
  | 'closed';

export interface EngineError {
  readonly kind: EngineErrorKind;
  /** A sentence for a person. */
  readonly message: string;
  /** Where in the SQL that was given, in UTF-16 units. */
  readonly offset?: number;
  /** DuckDB's class of the error: `Binder`, `Conversion`, … */
  readonly type?: string;
}

export type EngineResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: EngineError };

/** Bounds and rights of the child's database; they can't be changed once it runs. */
export interface Limits {
  /** Absolute files that SQL may read. */
  readonly readable: readonly string[];
  /** Absolute; the only folder that SQL may write to. */
  readonly tempFolder: string;
  readonly memoryBytes: number;
  /** Of what doesn't fit into the memory and is put into the temp folder. */
  readonly spillBytes: number;
  readonly threads: number;
}

/** A query that a definition holds, made a view named `name`; it sees the view `over` as `source`. */
export interface Definition {
  readonly name: string;
  readonly over: string;
  readonly sql: string;
  /** `sql` is no query but a condition of one row: the view has the columns of `over`, and this one with what it comes to. */
  readonly predicate?: string;
}

/** What the check of a definition's query found. */
export interface Inspection {
  readonly columns: readonly Column[];
  /** Functions and clauses, in lower case, whose result depends on more than the row and its data: `now`, `random`. */
  readonly volatile: readonly string[];
  /** Whether a row of the result may depend on other rows: windows, aggregates, joins, subqueries. */
  readonly looksAtOtherRows: boolean;
}

export type Request =
  | { readonly id: number; readonly op: 'open'; readonly limits: Limits }
  | {
      readonly id: number;
      readonly op: 'query';
      readonly sql: string;
      readonly params: readonly Parameter[];
      readonly maxRows: number;
    }
  | { readonly id: number; readonly op: 'define'; readonly definition: Definition };

export type ToChild = Request | { readonly op: 'interrupt' };

export type FromChild =
  | { readonly id: number; readonly result: EngineResult<unknown> }
  /** How far the query is, 0 to 100. */
  | { readonly id: number; readonly progress: number }
  /** The child's last words: it holds more memory, in bytes, than it may, and ends itself. */
  | { readonly outgrown: number; readonly limit: number };
