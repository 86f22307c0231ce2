/** Expectations of a view: what the definition says, as SQL over the computed rows, and what came of it. */
import { isRecord } from '../../base/is-record.js';
import { defined } from '../../base/defined.js';
import { display } from '../../base/json.js';
import { isNumber, jsonNumberText } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';
import type { Json } from '../../definition/definition.js';
import { parseDuration } from '../../definition/text/units.js';
import type { Engine } from '../engine/engine.js';
import type { EngineResult } from '../engine/messages.js';
import type { ExpectationOutcome, Manifest } from './manifest.js';
import type { Feature } from '../../definition/features.js';
import { describe } from '../sources/source.js';
import { identifier, literal } from '../sql.js';
import type { ResolvedView } from './view.js';

/** Rows that break an expectation, kept with its outcome. */
const SAMPLE_ROWS = 5;

/** One expectation, as it stands in the definition. */
interface Expectation {
  readonly feature?: string;
  readonly key: string;
  readonly text: string;
  readonly severity: 'warning' | 'error';
  /** Holds for a row; a row without a value meets everything but `not-null`. */
  readonly rows?: string;
  /** A predicate of the definition, not yet checked. */
  readonly predicate?: string;
  readonly unique?: boolean;
  readonly rowCount?: { readonly min?: number; readonly max?: number };
  readonly freshnessMs?: number;
}

type Settings = Readonly<Record<string, Json>>;

function settingsOf(value: Json | undefined): Settings {
  return isRecord(value) ? value : {};
}

/** @param types DuckDB's, of the computed columns, where they are known */
export function expectationsOf(
  { view }: ResolvedView,
  types: ReadonlyMap<string, string> = new Map(),
): Expectation[] {
  const found: Expectation[] = [];
  for (const feature of view.features) {
    const settings = settingsOf(feature.expect?.value);
    const severity = settings['severity'] === 'warning' ? 'warning' : 'error';
    for (const [key, value] of Object.entries(settings)) {
      const one = featureExpectation(feature, types.get(feature.name), key, value);
      if (one !== undefined) found.push({ feature: feature.name, key, severity, ...one });
    }
  }
  const settings = settingsOf(view.expect?.value);
  const severity = settings['severity'] === 'warning' ? 'warning' : 'error';
  for (const [key, value] of Object.entries(settings)) {
    const one = viewExpectation(key, value);
    if (one !== undefined) found.push({ key, severity, ...one });
  }
  return found;
}

type Part = Omit<Expectation, 'feature' | 'key' | 'severity'>;

function featureExpectation(
  { name, type: declared }: Feature,
  computed: string | undefined,
  key: string,
  value: Json,
): Part | undefined {
  const type = declared?.value;
  const column = identifier(name);
  // NaN and infinite values are missing ones, as for statistics, drift and latest values; and no bound holds for them.
  const finite = hasNaN(computed) ? ` AND isfinite(${column})` : '';
  switch (key) {
    case 'not-null':
      return value === true
        ? { text: `${name} has a value`, rows: `${column} IS NOT NULL${finite}` }
        : undefined;
    case 'unique':
      return value === true ? { text: `${name} is unique`, unique: true } : undefined;
    case 'min':
      return isNumber(value)
        ? { text: `${name} is at least ${String(value)}`, rows: `${column} >= ${sqlNumber(value)}${finite}` }
        : undefined;
    case 'max':
      return isNumber(value)
        ? { text: `${name} is at most ${String(value)}`, rows: `${column} <= ${sqlNumber(value)}${finite}` }
        : undefined;
    case 'one-of': {
      if (!Array.isArray(value)) return undefined;
      const allowed = (value as readonly Json[]).map(display);
      const text = `${name} is one of ${allowed.join(', ')}`;
      return { text, rows: oneOf(column, type, value as readonly Json[]) };
    }
    case 'pattern':
      return typeof value === 'string'
        ? {
            text: `${name} matches ${value}`,
            rows: `regexp_matches(CAST(${column} AS VARCHAR), ${literal(value)})`,
          }
        : undefined;
    case 'sql':
      return typeof value === 'string' ? { text: value.trim(), predicate: value } : undefined;
    default:
      return undefined;
  }
}

function oneOf(column: string, type: string | undefined, values: readonly Json[]): string {
  const numbers = values.filter(isNumber);
  if (numbers.length > 0 && numbers.length === values.length && type !== 'string') {
    return `${column} IN (${numbers.map(sqlNumber).join(', ')})`;
  }
  const list = values.map((value) => literal(display(value)));
  return list.length === 0 ? 'false' : `CAST(${column} AS VARCHAR) IN (${list.join(', ')})`;
}

/** As SQL reads numbers: `0012` is 12. */
function sqlNumber(value: number | Numeral): string {
  return typeof value === 'number' ? String(value) : jsonNumberText(value);
}

function viewExpectation(key: string, value: Json): Part | undefined {
  if (key === 'sql') return typeof value === 'string' ? { text: value.trim(), predicate: value } : undefined;
  if (key === 'freshness') {
    const age = typeof value === 'string' ? parseDuration(value) : undefined;
    return age?.ok === true
      ? { text: `the newest row is not older than ${display(value)}`, freshnessMs: age.value }
      : undefined;
  }
  if (key !== 'row-count') return undefined;
  const { min, max } = settingsOf(value);
  const bounds = [
    typeof min === 'number' ? `at least ${min}` : '',
    typeof max === 'number' ? `at most ${max}` : '',
  ].filter((text) => text !== '');
  return {
    text: `there are ${bounds.join(' and ')} rows`,
    rowCount: { ...(typeof min === 'number' ? { min } : {}), ...(typeof max === 'number' ? { max } : {}) },
  };
}

/**
 * Checks a table. A predicate that can't be run is an error of the definition, not an expectation that failed.
 * @param now for freshness, in ms
 */
export async function checkExpectations(
  engine: Engine,
  view: ResolvedView,
  table: string,
  about: { readonly rows: number; readonly range?: Manifest['range'] },
  now: number,
): Promise<EngineResult<ExpectationOutcome[]>> {
  const described = await describe(engine, table);
  if (!described.ok) return described;
  const types = new Map(described.value.map(({ name, type }) => [name, type]));
  const expectations = expectationsOf(view, types);
  const tables = new Map<Expectation, string>();
  for (const [at, one] of expectations.entries()) {
    if (one.predicate === undefined) continue;
    const name = `expectation_${at}`;
    const made = await engine.define({
      name,
      over: table,
      sql: one.predicate,
      predicate: 'holds?',
    });
    if (!made.ok) {
      const where = one.feature ?? 'the view';
      return {
        ok: false,
        error: { ...made.error, message: `The expectation \`sql\` of ${where}: ${made.error.message}` },
      };
    }
    tables.set(one, name);
  }
  const outcomes: ExpectationOutcome[] = [];
  const counts = await failures(engine, table, expectations, tables, types);
  if (!counts.ok) return counts;
  for (const [at, one] of expectations.entries()) {
    const failed = counts.value[at] ?? 0;
    const sample = failed === 0 ? undefined : await sampleOf(engine, view, table, one, tables.get(one));
    if (sample?.ok === false) return sample;
    outcomes.push(outcomeOf(one, failed, about, now, sample?.value));
  }
  return { ok: true, value: outcomes };
}

/** Freshness changes with the clock: the outcome of a version as it is now. */
export function refreshed(view: ResolvedView, manifest: Manifest, now: number): ExpectationOutcome[] {
  const fresh = expectationsOf(view).filter((one) => one.freshnessMs !== undefined);
  return [
    ...manifest.expectations.filter((one) => one.expectation !== 'freshness'),
    ...fresh.map((one) => outcomeOf(one, 0, manifest, now, undefined)),
  ];
}

function hasNaN(type: string | undefined): boolean {
  return type === 'FLOAT' || type === 'DOUBLE';
}

function broken(one: Expectation, predicateTable: string | undefined): string {
  return predicateTable === undefined ? `NOT (${one.rows ?? 'true'})` : 'NOT CAST("holds?" AS BOOLEAN)';
}

/** How many rows break each, in the order of the expectations: one scan for all but those with SQL of their own. */
async function failures(
  engine: Engine,
  table: string,
  expectations: readonly Expectation[],
  tables: ReadonlyMap<Expectation, string>,
  types: ReadonlyMap<string, string>,
): Promise<EngineResult<number[]>> {
  const counts = expectations.map((one) => {
    const own = tables.get(one);
    if (own !== undefined) return `(SELECT count(*) FROM ${identifier(own)} WHERE ${broken(one, own)})`;
    if (one.unique === true) {
      const column = identifier(one.feature ?? '');
      const value = hasNaN(types.get(one.feature ?? ''))
        ? `CASE WHEN isfinite(${column}) THEN ${column} END`
        : column;
      return `count(${value}) - count(DISTINCT ${value})`;
    }
    return one.rows === undefined ? '0' : `count(*) FILTER (WHERE ${broken(one, undefined)})`;
  });
  if (counts.length === 0) return { ok: true, value: [] };
  const found = await engine.query(`SELECT ${counts.join(', ')} FROM ${identifier(table)}`);
  if (!found.ok) return found;
  return { ok: true, value: (found.value.rows[0] ?? []).map(Number) };
}

async function sampleOf(
  engine: Engine,
  view: ResolvedView,
  table: string,
  one: Expectation,
  own: string | undefined,
): Promise<EngineResult<Readonly<Record<string, Json>>[]>> {
  const names = [...view.keys.map((key) => key.name), view.timestamp];
  const shown =
    one.feature === undefined ? view.view.features.slice(0, 5).map(({ name }) => name) : [one.feature];
  const column = identifier(one.feature ?? '');
  const where =
    one.unique === true
      ? `${column} IN (SELECT ${column} FROM ${identifier(table)} GROUP BY 1 HAVING count(*) > 1)`
      : broken(one, own);
  const found = await engine.query(
    `SELECT ${[...names, ...shown].map(identifier).join(', ')} FROM ${identifier(own ?? table)} WHERE ${where} ORDER BY ALL LIMIT ${SAMPLE_ROWS}`,
  );
  if (!found.ok) return found;
  const { columns, rows } = found.value;
  return {
    ok: true,
    value: rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null]))),
  };
}

function outcomeOf(
  one: Expectation,
  failed: number,
  about: { readonly rows: number; readonly range?: Manifest['range'] },
  now: number,
  sample: ExpectationOutcome['sample'],
): ExpectationOutcome {
  let passed = failed === 0;
  let detail = failed === 0 ? undefined : `${failed} of ${about.rows} rows break it`;
  if (one.rowCount !== undefined) {
    passed = about.rows >= (one.rowCount.min ?? 0) && about.rows <= (one.rowCount.max ?? Infinity);
    if (!passed) detail = `there are ${about.rows}`;
  }
  if (one.freshnessMs !== undefined) {
    passed = about.range !== undefined && now - Date.parse(about.range.to) <= one.freshnessMs;
    if (!passed)
      detail = about.range === undefined ? 'there are no rows' : `the newest is of ${about.range.to}`;
  }
  return {
    ...defined({ feature: one.feature }),
    expectation: one.key,
    text: one.text,
    severity: one.severity,
    passed,
    ...(failed === 0 ? {} : { failures: failed }),
    ...defined({ detail, sample }),
  };
}
