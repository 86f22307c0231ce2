/** Whole numbers that fit into no BIGINT: the engine makes doubles of them, in which ids fall together. */
import type { Engine } from '../engine/engine.js';
import type { Column, EngineResult } from '../engine/messages.js';
import { identifier, textOf } from '../sql.js';

/** Rows of a column that have to be whole numbers before all of them are looked at. */
const FIRST_ROWS = 2_000;

/**
 * Types that keep the digits of columns that the engine would read as DOUBLE (CSV) or HUGEINT (JSON, which Parquet has no type
 * for): UBIGINT, DECIMAL(38,0), or VARCHAR for what is longer.
 *
 * @param texts a table with the columns as they are written
 * @param columns as the engine would read them, without those whose types are declared
 */
export async function wideWholeNumbers(
  engine: Engine,
  texts: string,
  columns: readonly Column[],
): Promise<EngineResult<ReadonlyMap<string, string>>> {
  const found = new Map<string, string>();
  let names = columns.flatMap(({ name, type }) => (/^(?:DOUBLE|U?HUGEINT)$/.test(type) ? [name] : []));
  for (const rows of [` LIMIT ${FIRST_ROWS}`, '']) {
    if (names.length === 0) break;
    const asked = names.map((name) => {
      const text = `trim(${identifier(name)})`;
      const whole = `coalesce(bool_and(regexp_full_match(${text}, '[-+]?[0-9]+')) FILTER (WHERE ${text} <> ''), false)`;
      const longest = `coalesce(max(length(ltrim(${text}, '+-0'))), 0)`;
      const fits = `coalesce(bool_and(TRY_CAST(${text} AS UBIGINT) IS NOT NULL) FILTER (WHERE ${text} <> ''), false)`;
      return `${whole}, ${longest}, ${fits}`;
    });
    const told = await engine.query(
      `SELECT ${asked.join(', ')} FROM (SELECT * FROM ${identifier(texts)}${rows})`,
    );
    if (!told.ok) return told;
    const [row = []] = told.value.rows;
    names = names.filter((name, at) => {
      const [whole, longest, fits] = row.slice(3 * at, 3 * at + 3);
      const digits = Number(textOf(longest ?? 0));
      found.set(name, fits === true ? 'UBIGINT' : digits <= 38 ? 'DECIMAL(38,0)' : 'VARCHAR');
      return whole === true;
    });
  }
  return { ok: true, value: new Map(names.map((name) => [name, found.get(name) ?? 'VARCHAR'])) };
}
