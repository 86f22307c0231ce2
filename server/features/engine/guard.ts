/**
 * What SQL of a definition may do, decided on the tree that DuckDB's own parser makes of it (`json_serialize_sql`), before
 * anything of it is bound or run: binding a table function already opens files. What is allowed is named; everything else
 * is refused, so that a function that a later DuckDB brings is refused too.
 */
import { isRecord } from '../../base/is-record.js';

export interface Refusal {
  /** Says what and why, and what may be done instead. */
  readonly message: string;
  /** In bytes of the SQL, as DuckDB counts. */
  readonly location?: number;
}

export interface Guarded {
  readonly volatile: readonly string[];
  readonly looksAtOtherRows: boolean;
}

/** Table functions that give rows made of their arguments alone. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'unnest',
]);

/** What may stand in a FROM. `SHOW_REF` shows the catalogue, `DELIM_GET` and others are none that a person writes. */
const TABLES: ReadonlySet<string> = new Set([
  'BASE_TABLE',
  'EMPTY',
  'EXPRESSION_LIST',
  'JOIN',
  'PIVOT',
  'SUBQUERY',
  'TABLE_FUNCTION',
]);

const QUERIES: ReadonlySet<string> = new Set([
  'CTE_NODE',
  'RECURSIVE_CTE_NODE',
  'SELECT_NODE',
  'SET_OPERATION_NODE',
]);

/** Scalar functions that do something, tell of the machine, or wait. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  'add_parquet_key',
  'current_connection_id',
  'current_query',
  'current_query_id',
  'current_setting',
  'current_transaction_id',
  'currval',
  'getenv',
  'getvariable',
  'inet_client_addr',
  'inet_client_port',
  'inet_server_addr',
  'inet_server_port',
  'json_execute_serialized_sql',
  'nextval',
  'pg_sleep',
  'setseed',
  'sleep_ms',
  'stats',
  'txid_current',
  'which_secret',
  'write_log',
]);

/** Give another value the next time, for the same data. */
const VOLATILE: ReadonlySet<string> = new Set([
  'ago',
  'current_date',
  'current_localtime',
  'current_localtimestamp',
  'gen_random_uuid',
  'get_current_time',
  'get_current_timestamp',
  'now',
  'random',
  'today',
  'transaction_timestamp',
  'uuid',
  'uuidv4',
  'uuidv7',
]);

/** `current_date` and its like are parsed as columns without a table. */
const VOLATILE_WORDS: ReadonlySet<string> = new Set([
  'current_date',
  'current_time',
  'current_timestamp',
  'localtime',
  'localtimestamp',
]);

/** Classes of expressions that make a value of one row's values alone. */
const ROW_WISE: ReadonlySet<string> = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'LAMBDA',
  'LAMBDA_REF',
  'OPERATOR',
  'STAR',
]);

type Node = Readonly<Record<string, unknown>>;

/**
 * Looks at the tree of one query.
 * @param tree a statement of `json_serialize_sql`
 * @param tables names, in lower case, that the query may read besides the CTEs that are known where it reads
 * @param isAggregate whether a function of that name, in lower case, takes many rows to one
 */
export function guard(
  tree: unknown,
  tables: ReadonlySet<string>,
  isAggregate: (name: string) => boolean,
): ({ readonly ok: true } & Guarded) | ({ readonly ok: false } & Refusal) {
  const visitor = new Visitor(isAggregate);
  walk(tree, tables, (node, scope) => visitor.visit(node, scope));
  const { refusal, volatile, looksAtOtherRows } = visitor;
  if (refusal !== undefined) return { ok: false, ...refusal };
  return { ok: true, volatile: [...volatile].sort(), looksAtOtherRows };
}

/**
 * Whether a query is nothing but one expression without a name: what stands where a predicate is expected.
 * @param tree a statement of `json_serialize_sql` for `SELECT <predicate>`
 */
export function isBareExpression(tree: unknown): boolean {
  const node = isRecord(tree) ? tree['node'] : undefined;
  if (!isRecord(node) || node['type'] !== 'SELECT_NODE') return false;
  const from = node['from_table'];
  const [expression, ...more] = itemsOf(node, 'select_list');
  const clauses = ['where_clause', 'having', 'qualify', 'sample'].filter(
    (key) => node[key] !== null && node[key] !== undefined,
  );
  const lists = ['group_expressions', 'group_sets', 'modifiers'].filter(
    (key) => itemsOf(node, key).length > 0,
  );
  return (
    isRecord(from) &&
    from['type'] === 'EMPTY' &&
    isRecord(expression) &&
    expression['class'] !== 'STAR' &&
    text(expression, 'alias') === '' &&
    more.length + clauses.length + lists.length + ctesOf(node).length === 0
  );
}

/** The CTEs of a query, in their order. */
function ctesOf(node: Node): { readonly name: string; readonly value: unknown }[] {
  const map = node['cte_map'];
  if (!isRecord(map)) return [];
  return itemsOf(map, 'map').flatMap((entry) =>
    isRecord(entry) ? [{ name: text(entry, 'key').toLowerCase(), value: entry['value'] }] : [],
  );
}

class Visitor {
  refusal: Refusal | undefined;
  readonly volatile = new Set<string>();
  looksAtOtherRows = false;
  #reads = 0;
  readonly #isAggregate: (name: string) => boolean;

  constructor(isAggregate: (name: string) => boolean) {
    this.#isAggregate = isAggregate;
  }

  /** @param scope names, in lower case, of the tables that can be read at this place */
  visit(node: Node, scope: ReadonlySet<string>): void {
    if (node['sample'] !== null && node['sample'] !== undefined) {
      this.volatile.add('sample');
      this.looksAtOtherRows = true;
    }
    // Every query has a map of its CTEs and every table of a FROM a sample, empty or not; expressions have a class.
    if ('cte_map' in node || text(node, 'type').endsWith('_NODE')) this.#query(node);
    else if ('sample' in node) this.#table(node, scope);
    else if ('class' in node) this.#expression(node);
  }

  #refuse(node: Node, message: string): void {
    this.refusal ??= { message, ...locationOf(node) };
  }

  #query(node: Node): void {
    const type = text(node, 'type');
    if (!QUERIES.has(type)) this.#refuse(node, `${type} can't be used here: a transform is one SELECT.`);
    const modifiers = itemsOf(node, 'modifiers');
    if (
      type !== 'SELECT_NODE' ||
      ctesOf(node).length > 0 ||
      itemsOf(node, 'group_expressions').length > 0 ||
      modifiers.some((one) => !isRecord(one) || one['type'] !== 'ORDER_MODIFIER')
    )
      this.looksAtOtherRows = true;
  }

  #table(node: Node, scope: ReadonlySet<string>): void {
    const type = text(node, 'type');
    if (!TABLES.has(type)) {
      const what = type === 'SHOW_REF' ? 'SHOW, DESCRIBE and SUMMARIZE' : type;
      this.#refuse(node, `${what} can't be used here: a transform selects from \`source\`.`);
    } else if (type === 'BASE_TABLE') this.#named(node, scope);
    else this.looksAtOtherRows = true;
    if (type === 'TABLE_FUNCTION') this.#called(node);
  }

  #named(node: Node, scope: ReadonlySet<string>): void {
    this.#reads++;
    if (this.#reads > 1) this.looksAtOtherRows = true;
    const name = text(node, 'table_name');
    if (isQualified(node, 'schema_name', 'catalog_name') || !scope.has(name.toLowerCase()))
      this.#refuse(
        node,
        `There is no table "${name}" here: a transform reads \`source\`, which is the view's source or the transform before, and its own CTEs.`,
      );
  }

  #called(node: Node): void {
    const call = node['function'];
    const name = isRecord(call) ? text(call, 'function_name').toLowerCase() : '';
    if (!TABLE_FUNCTIONS.has(name) || (isRecord(call) && isQualified(call, 'schema', 'catalog')))
      this.#refuse(
        node,
        `The table function ${name} is not allowed: a transform reads \`source\` and nothing else (allowed are ${[...TABLE_FUNCTIONS].join(', ')}).`,
      );
  }

  #expression(node: Node): void {
    const kind = text(node, 'class');
    if (kind === 'PARAMETER') this.#refuse(node, 'A transform takes no parameters such as `$1` or `?`.');
    if (kind === 'COLUMN_REF') {
      const names = itemsOf(node, 'column_names');
      const name = names.length === 1 ? String(names[0]).toLowerCase() : '';
      if (VOLATILE_WORDS.has(name)) this.volatile.add(name);
    }
    if (!ROW_WISE.has(kind)) this.looksAtOtherRows = true;
    const name = text(node, 'function_name').toLowerCase();
    if (FUNCTIONS.has(name)) this.#refuse(node, `The function ${name} is not allowed in a transform.`);
    // The age of one moment is counted up to today.
    if (VOLATILE.has(name) || (name === 'age' && itemsOf(node, 'children').length === 1))
      this.volatile.add(name);
    if (name === 'unnest' || this.#isAggregate(name)) this.looksAtOtherRows = true;
  }
}

/**
 * Every object of the tree with the names that can be read there, without recursion: hostile SQL nests as deep as the parser lets
 * it. A CTE is known to those behind it and to the query that it belongs to; a recursive one also to its own second half.
 */
function walk(
  tree: unknown,
  tables: ReadonlySet<string>,
  visit: (node: Node, scope: ReadonlySet<string>) => void,
): void {
  const open: { readonly value: unknown; readonly scope: ReadonlySet<string> }[] = [
    { value: tree, scope: tables },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value } = next;
    let { scope } = next;
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) open.push({ value: item, scope });
      continue;
    }
    if (!isRecord(value)) continue;
    visit(value, scope);
    for (const cte of ctesOf(value)) {
      open.push({ value: cte.value, scope });
      scope = new Set([...scope, cte.name]);
    }
    const itself = value['type'] === 'RECURSIVE_CTE_NODE' ? text(value, 'cte_name').toLowerCase() : undefined;
    for (const [key, item] of Object.entries(value)) {
      if (typeof item !== 'object' || key === 'cte_map') continue;
      const inner = itself !== undefined && key === 'right' ? new Set([...scope, itself]) : scope;
      open.push({ value: item, scope: inner });
    }
  }
}

function text(node: Node, key: string): string {
  const value = node[key];
  return typeof value === 'string' ? value : '';
}

function itemsOf(node: Node, key: string): readonly unknown[] {
  const value = node[key];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function isQualified(node: Node, ...keys: readonly string[]): boolean {
  return keys.some((key) => text(node, key) !== '');
}

/** DuckDB writes the largest 64-bit number for "unknown". */
function locationOf(node: Node): { location?: number } {
  const location = node['query_location'];
  return typeof location === 'number' && location < 2 ** 32 ? { location } : {};
}
