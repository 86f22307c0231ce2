/** Types that a definition declares against those that the data has. */
import { ISO_TIME } from '../../definition/text/timestamps.js';
import { identifier, literal } from '../sql.js';

/** Types of features, and DuckDB's. */
export const DECLARED: Readonly<Record<string, string>> = {
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

export function isNumeric(type: string): boolean {
  return NUMBERS.test(type);
}

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
  if (wanted === undefined) {
    // Parquet has no such type, and would get doubles. A sum of whole numbers is one.
    return /^U?HUGEINT$/.test(actual)
      ? { ok: true, sql: `CAST(${column} AS BIGINT)`, type: 'BIGINT', parses: true }
      : { ok: true, sql: column, type: actual, parses: false };
  }
  const cast = (sql: string, parses: boolean): Conversion => ({ ok: true, sql, type: wanted, parses });
  if (wanted === 'TIMESTAMP') {
    const moment = utc(name, actual);
    if (moment !== undefined) return cast(moment, actual === 'VARCHAR');
  } else if (actual === wanted || actual === '"NULL"' || actual === 'NULL')
    return cast(`CAST(${column} AS ${wanted})`, false);
  else if (actual === 'VARCHAR' && wanted === 'DATE') return cast(`CAST(${readTime(name)} AS DATE)`, true);
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

/** What begins the message of a time that can't be read; who shows the message finds its file and line. */
export const BAD_TIME = 'modelyard:time:';

/**
 * A column of texts as moments in UTC, as SQL. What is neither empty nor a time is an error that begins with `BAD_TIME`.
 * @param type what the column has to become first, where it is not a text
 * @param format as strptime has it; absent: ISO 8601
 */
export function readTime(column: string, type?: string, format?: string): string {
  const text = type === undefined ? identifier(column) : `CAST(${identifier(column)} AS ${type})`;
  const error = `error(${literal(`${BAD_TIME}${column}:`)} || ${text})`;
  const parsed =
    format === undefined
      ? `CASE WHEN regexp_full_match(${text}, ${literal(ISO_TIME)}) THEN timezone('UTC', TRY_CAST(${plainTime(text)} AS TIMESTAMPTZ)) END`
      : /%[zZ]/.test(format)
        ? `timezone('UTC', try_strptime(trim(${text}), ${literal(format)}))`
        : `try_strptime(trim(${text}), ${literal(format)})`;
  return `CASE WHEN trim(${text}) <> '' THEN coalesce(${parsed}, ${error}) END`;
}

/** An ISO time as the engine casts it: in capitals, no blank before the zone, and with seconds where a zone follows. */
function plainTime(text: string): string {
  const capitals = `regexp_replace(upper(trim(${text})), '\\s(Z|UTC|[+-].*)$', '\\1')`;
  return `regexp_replace(${capitals}, '([T ][0-9]+:[0-9]+)(Z|UTC|[+-].*)$', '\\1:00\\2')`;
}

/** A moment as TIMESTAMP in UTC: what has an offset is moved there, what has none is taken for UTC. */
export function utc(name: string, actual: string): string | undefined {
  const column = identifier(name);
  if (actual === 'TIMESTAMP') return column;
  if (actual === 'DATE' || /^TIMESTAMP_(S|MS|NS)$/.test(actual)) return `CAST(${column} AS TIMESTAMP)`;
  if (actual === 'TIMESTAMP WITH TIME ZONE') return `timezone('UTC', ${column})`;
  if (actual === 'VARCHAR') return readTime(name);
  return actual === 'NULL' || actual === '"NULL"' ? `CAST(${column} AS TIMESTAMP)` : undefined;
}

const FRACTIONS = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** A number as a text: a whole one without a fraction, as `1` and not `1.0`, whatever the type of its column. */
export function numberText(value: string, type: string): string {
  if (!FRACTIONS.test(type)) return `CAST(${value} AS VARCHAR)`;
  return `CASE WHEN ${value} = trunc(${value}) THEN coalesce(CAST(TRY_CAST(${value} AS HUGEINT) AS VARCHAR), CAST(${value} AS VARCHAR)) ELSE CAST(${value} AS VARCHAR) END`;
}

/**
 * A key of the data as its entity declares it. More is taken than of a feature: whole numbers that came as fractions (`1.0`, as
 * a table gets them in which one key was once missing) are the whole numbers that they mean.
 */
export function convertKey(name: string, declared: string | undefined, actual: string): Conversion {
  const column = identifier(name);
  const wanted = declared === undefined ? undefined : DECLARED[declared];
  if (wanted === undefined || !FRACTIONS.test(actual)) return convert(name, declared, actual);
  if (wanted === 'VARCHAR') return { ok: true, sql: numberText(column, actual), type: wanted, parses: false };
  const message = literal(
    `the key ${name} is declared ${declared ?? ''}, and a value of it is no whole number: `,
  );
  const sql = `CASE WHEN ${column} = trunc(${column}) OR ${column} IS NULL THEN CAST(${column} AS ${wanted}) ELSE error(${message} || ${column}) END`;
  return { ok: true, sql, type: wanted, parses: false };
}

/**
 * A key of labels as the view has it, as SQL; nothing where both are of one kind already. What can't be such a key is NULL, and
 * matches nothing.
 * @param value SQL of the label's
 */
export function keyAs(value: string, mine: string, other: string): string | undefined {
  if (mine === other) return undefined;
  if (FRACTIONS.test(mine) && INTEGERS.test(other))
    return `CASE WHEN ${value} = trunc(${value}) THEN TRY_CAST(${value} AS ${other}) END`;
  if (NUMBERS.test(mine) && NUMBERS.test(other)) return undefined;
  if (other === 'VARCHAR') return NUMBERS.test(mine) ? numberText(value, mine) : `CAST(${value} AS VARCHAR)`;
  if (mine !== 'VARCHAR') return `TRY_CAST(${value} AS ${other})`;
  // A cast alone would round 1.5, and take 0x10 and 1_000 for numbers.
  if (INTEGERS.test(other))
    return `CASE WHEN regexp_full_match(trim(${value}), '[+-]?[0-9]+([.]0*)?') THEN TRY_CAST(${value} AS ${other}) END`;
  return `TRY_CAST(${value} AS ${other})`;
}

/** The year 1000, in µs since 1970: texts of earlier times are likely to be read with the wrong part as the year. */
export const ANCIENT = -30_610_224_000_000_000n;

export function ancient(where: string, column: string): string {
  return `${where}: "${column}" has times before the year 1000, as \`13-01-24\` is one of the year 13. Say how times are written with \`timestamp-format\`, such as "%d-%m-%y".`;
}
