/** How times are written in data files: ISO 8601, a format that is named, or a number that counts from 1970. */

/** Moments that are later than this after now are likely to be a mistake. */
export const FUTURE_YEARS = 10;

/**
 * Times that can be read without being told how: year first, so that day and month can't be taken for each other. The same in
 * RE2 and in JavaScript.
 */
export const ISO_TIME =
  '\\s*[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?\\s?([Zz]|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?\\s*';

const MINUTE =
  /^(?:19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?$/;

const DAY = /^(?:19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;

/**
 * What to do about a column of times that holds numbers.
 * @param largest of its values, without their signs, where it is known
 */
export function epochAdvice(column: string, largest: number | undefined): string {
  const as = (sql: string): string => `\`${sql} as ${column}\``;
  if (largest === undefined)
    return `Convert it in a transform, as ${as(`to_timestamp(${column})`)} where it counts seconds since 1970, or ${as(`to_timestamp(${column} / 1000)`)} where it counts milliseconds.`;
  if (DAY.test(String(largest)))
    return "It looks like days written as 20240131: say `timestamp-format: '%Y%m%d'`.";
  if (MINUTE.test(String(largest)))
    return `It looks like times written as 20240131235959: say \`timestamp-format: '%Y%m%d%H%M${String(largest).length === 14 ? '%S' : ''}'\`.`;
  if (Number.isInteger(largest) && largest >= 1800 && largest < 2200)
    return `It looks like years. Convert it in a transform, as ${as(`make_date(${column}, 1, 1)`)}.`;
  if (largest >= 20_000 && largest < 80_000)
    return `It looks like days: Excel's, which count from 1899-12-30 (${as(`timestamp '1899-12-30' + to_seconds(${column} * 86400)`)}), or days since 1970 (${as(`to_timestamp(${column} * 86400)`)}). Convert it in a transform.`;
  const [unit, sql] =
    largest < 1e11
      ? ['seconds', `to_timestamp(${column})`]
      : largest < 1e14
        ? ['milliseconds', `to_timestamp(${column} / 1000)`]
        : largest < 1e17
          ? ['microseconds', `to_timestamp(${column} / 1000000)`]
          : ['nanoseconds', `to_timestamp(${column} / 1000000000)`];
  return `By its size it counts ${unit} since 1970. Convert it in a transform, as ${as(sql)}.`;
}

/** The same of times that are texts of digits; nothing where they are none. */
export function digitsAdvice(column: string, text: string): string | undefined {
  return /^\s*[-+]?\d{8,19}(?:\.\d+)?\s*$/.test(text)
    ? epochAdvice(column, Math.abs(Number(text)))
    : undefined;
}

/** What to say of a column whose latest moment is far in the future; nothing where it is not. @param latest ISO 8601 */
export function farFuture(column: string, latest: string | undefined, now = new Date()): string | undefined {
  if (latest === undefined) return undefined;
  const year = Number(/^[+]?(\d+)-/.exec(latest)?.[1] ?? Number.NaN);
  return year > now.getUTCFullYear() + FUTURE_YEARS
    ? `the latest ${column} is ${/^[^T ]*/.exec(latest)?.[0] ?? latest}, more than ${FUTURE_YEARS} years from now: a number of milliseconds that was taken for seconds gives such times`
    : undefined;
}

const SPECIFIERS = new Set('aAbBcdfgGHIjmMnpSuUVwWxXyYzZ%'.split(''));

/** What is wrong with a format such as `%d.%m.%Y %H:%M`; nothing when it can be read by. */
export function timestampFormatProblem(format: string): string | undefined {
  const used = new Set<string>();
  for (const [whole, specifier = ''] of format.matchAll(/%-?(.?)/gs)) {
    if (!SPECIFIERS.has(specifier)) return `"${whole}" is no part of a format.`;
    used.add(specifier);
  }
  const has = (...names: string[]): boolean => names.some((name) => used.has(name));
  if (used.size === 0) return 'It has no parts such as %Y, %m and %d.';
  if (has('c', 'x')) return undefined;
  if (!has('Y', 'y', 'G')) return 'It has no year (%Y, or %y of two digits).';
  if (has('j', 'U', 'V', 'W')) return undefined;
  if (!has('m', 'b', 'B')) return 'It has no month (%m).';
  return has('d') ? undefined : 'It has no day (%d).';
}
