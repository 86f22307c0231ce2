/** Types that a definition declares against those that the data has. */
import { identifier } from './sql.js';

const DECLARED: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  integer: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

const INTEGERS = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)|FLOAT|DOUBLE)$/;
const MOMENTS = /^(DATE|TIMESTAMP.*)$/;

export type Conversion =
  | { readonly ok: true; readonly sql: string; readonly type: string; readonly parses: boolean }
  | { readonly ok: false; readonly message: string };

/**
 * How a column becomes what is declared without losing anything: numbers widen, text is parsed, moments become UTC.
 * @param declared of the definition; absent: as the data has it
 * @param actual DuckDB's name
 * @returns `parses` where a value can fail to become one of the type
 */
export function convert(name: string, declared: string | undefined, actual: string): Conversion {
  const column = identifier(name);
  const wanted = declared === undefined ? undefined : DECLARED[declared];
  if (declared === 'list') {
    return actual.endsWith(']')
      ? { ok: true, sql: column, type: actual, parses: false }
      : { ok: false, message: `${name} is declared a list, and the data has ${actual}.` };
  }
  if (wanted === undefined) return { ok: true, sql: column, type: actual, parses: false };
  const cast = (sql: string, parses: boolean): Conversion => ({ ok: true, sql, type: wanted, parses });
  if (wanted === 'TIMESTAMP') {
    const moment = utc(name, actual);
    if (moment !== undefined) return cast(moment, actual === 'VARCHAR');
  } else if (actual === wanted || actual === '"NULL"' || actual === 'NULL')
    return cast(`CAST(${column} AS ${wanted})`, false);
  else if (actual === 'VARCHAR') return cast(`CAST(${column} AS ${wanted})`, true);
  else if (wanted === 'VARCHAR') {
    if (actual === 'JSON') return cast(`(${column} ->> '$')`, false);
    if (NUMBERS.test(actual) || MOMENTS.test(actual) || /^(BOOLEAN|UUID|ENUM.*)$/.test(actual))
      return cast(`CAST(${column} AS VARCHAR)`, false);
  } else if ((wanted === 'INTEGER' || wanted === 'BIGINT') && INTEGERS.test(actual)) {
    return cast(`CAST(${column} AS ${wanted})`, true);
  } else if ((wanted === 'FLOAT' || wanted === 'DOUBLE') && NUMBERS.test(actual)) {
    return cast(`CAST(${column} AS ${wanted})`, false);
  }
  return {
    ok: false,
    message: `${name} is declared ${declared ?? ''}, and the data has ${actual}. ${advice(name, wanted, actual)}`,
  };
}

function advice(name: string, wanted: string, actual: string): string {
  if (NUMBERS.test(actual) && wanted.includes('INT'))
    return `Declare \`double\`, or round it in a transform: \`round(${name})::bigint\`.`;
  if (wanted === 'BOOLEAN' && NUMBERS.test(actual))
    return `Say in a transform what is true: \`${name} <> 0\`.`;
  return 'Declare what the data has, or convert it in a transform.';
}

/** A moment as TIMESTAMP in UTC: what has an offset is moved there, what has none is taken for UTC. */
export function utc(name: string, actual: string): string | undefined {
  const column = identifier(name);
  if (actual === 'TIMESTAMP') return column;
  if (actual === 'DATE' || /^TIMESTAMP_(S|MS|NS)$/.test(actual)) return `CAST(${column} AS TIMESTAMP)`;
  if (actual === 'TIMESTAMP WITH TIME ZONE') return `timezone('UTC', ${column})`;
  if (actual === 'VARCHAR') return `timezone('UTC', CAST(${column} AS TIMESTAMPTZ))`;
  return actual === 'NULL' || actual === '"NULL"' ? `CAST(${column} AS TIMESTAMP)` : undefined;
}
