/**
 * The file of a service's latest values, as docs/how-to/train/features.md describes it for other programs: JSON lines in UTF-8. The
 * first line says what is in it; each other line is the latest row of one key of one view,
 *
 *     {"k":["weather","seattle"],"t":1704067200.0,"v":{"rain_7d":1.5}}
 *
 * with `k` the view and the values of its keys, `t` the row's time in seconds since 1970, `v` its features. Rows whose time was
 * still to come when the file was made are in `next`, the earliest first. Lines are sorted by their bytes, so that one is found
 * without reading the others.
 */

export const ONLINE_SCHEMA = 1;

export interface OnlineKey {
  readonly name: string;
  /** DuckDB's name. */
  readonly type: string;
}

export interface OnlineView {
  readonly view: string;
  /** Of the materialized version. */
  readonly version: string;
  readonly keys: readonly OnlineKey[];
  /** Seconds; null: for ever. */
  readonly ttl: number | null;
  readonly features: readonly { readonly name: string; readonly type: string }[];
}

/** The first line. */
export interface OnlineHeader {
  readonly modelyard: 'online-features';
  readonly schema: number;
  readonly service: string;
  /** Changes with the versions of the views and with the features of the service. */
  readonly version: string;
  readonly views: readonly OnlineView[];
}

/** Numbers stay numbers in `k`, everything else is text. */
export function isNumericKey(type: string): boolean {
  return /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type);
}

/** A key of another type as the text that stands in `k`: numbers that are whole have no fraction there. */
export function keyText(value: string, type: string): string {
  if (type === 'BOOLEAN') return value.trim().toLowerCase();
  if (!/^(FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) return value;
  const whole = /^\s*([-+]?\d+)(?:\.0*)?\s*$/.exec(value)?.[1];
  if (whole !== undefined) return String(BigInt(whole.replace('+', '')));
  const number = Number(value);
  return value.trim() === '' || Number.isNaN(number)
    ? value
    : Number.isInteger(number)
      ? String(BigInt(number))
      : String(number);
}

/** The beginning of the line of a key, up to the comma behind `k`, as DuckDB's JSON writes it. */
export function linePrefix(view: string, keys: readonly string[]): string {
  // Parts are JSON already. Control characters have capital hex digits there.
  const parts = [JSON.stringify(view), ...keys].join(',');
  return `{"k":[${parts.replace(/\\\\|\\u00[01][0-9a-f]/g, (escape) => (escape === '\\\\' ? escape : `\\u${escape.slice(2).toUpperCase()}`))}],`;
}

/** Whether a name stands for a feature of more than one view, so that only `view__feature` tells them apart. */
export function featureNames(
  views: readonly { readonly view: string; readonly features: readonly { readonly name: string }[] }[],
  fullNames: boolean,
): Map<string, Map<string, string>> {
  const uses = new Map<string, number>();
  for (const { features } of views)
    for (const { name } of features) uses.set(name, (uses.get(name) ?? 0) + 1);
  return new Map(
    views.map(({ view, features }) => [
      view,
      new Map(
        features.map(({ name }) => [
          name,
          fullNames || (uses.get(name) ?? 0) > 1 ? `${view}__${name}` : name,
        ]),
      ),
    ]),
  );
}
