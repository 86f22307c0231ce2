/** From tables, kept statistics and plain samples to the counts that drift is measured by. */
import { defined } from '../../base/defined.js';
import type { Engine } from '../engine/engine.js';
import type { EngineResult } from '../engine/messages.js';
import { identifier, list, literal, textOf } from '../sql.js';
import { LONGEST_VALUE, countsOf, double, kindOf, numberOf } from './columns.js';
import {
  DRIFT_THRESHOLDS,
  drift,
  type DriftBin,
  driftBins,
  type DriftThresholds,
  type FeatureCounts,
  type FeatureDrift,
  type NumberCounts,
  type ValueCounts,
} from './drift.js';
import { type FeatureStatistics, type Statistics, missingOf } from './types.js';

/** What a feature was like, as what others are held against. `undefined`: moments, lists and the like don't drift. */
export function referenceCounts(feature: FeatureStatistics): FeatureCounts | undefined {
  const { kind, numbers, categories } = feature;
  const missing = missingOf(feature);
  if (kind === 'number') {
    // Without a single value there is one bin, and nothing in it.
    const { edges, counts } = numbers?.distribution ?? { edges: [0], counts: [0] };
    const from = numbers === undefined ? {} : { from: numbers.min };
    return { kind: 'number', ...from, edges, counts, below: 0, above: 0, missing };
  }
  if (kind !== 'category' || categories === undefined) return undefined;
  const counts = new Map(categories.top.map(({ value, count }) => [value, count]));
  return { kind: 'category', counts, others: categories.others, missing };
}

/** Of a feature whose values are not compared: how many there were. */
export function presence(feature: FeatureStatistics): ValueCounts {
  const missing = missingOf(feature);
  return { kind: 'category', counts: new Map(), others: feature.count - missing, missing };
}

/** Counts of a sample in the bins of a reference. What is no finite number counts as missing. */
export function countNumbers(
  { edges, from }: Pick<NumberCounts, 'edges' | 'from'>,
  values: Iterable<number | null | undefined>,
): NumberCounts {
  const counts = Array.from({ length: edges.length }, () => 0);
  let [below, above, missing] = [0, 0, 0];
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) {
      missing++;
      continue;
    }
    if (from !== undefined && value < from) {
      below++;
      continue;
    }
    let [low, high] = [0, edges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (edges[middle] ?? Infinity)) high = middle;
      else low = middle + 1;
    }
    if (low === edges.length) above++;
    else counts[low] = (counts[low] ?? 0) + 1;
  }
  return { kind: 'number', ...defined({ from }), edges, counts, below, above, missing };
}

/** Counts of a sample among the values of a reference. */
export function countValues(
  reference: Pick<ValueCounts, 'counts'>,
  values: Iterable<string | number | boolean | null | undefined>,
): ValueCounts {
  const counts = new Map<string, number>();
  let [others, missing] = [0, 0];
  for (const value of values) {
    if (value === null || value === undefined) {
      missing++;
      continue;
    }
    const text = firstCharacters(String(value));
    if (reference.counts.has(text)) counts.set(text, (counts.get(text) ?? 0) + 1);
    else others++;
  }
  return { kind: 'category', counts, others, missing };
}

/** As DuckDB cuts: by code points. */
function firstCharacters(text: string): string {
  return text.length <= LONGEST_VALUE ? text : Array.from(text).slice(0, LONGEST_VALUE).join('');
}

export interface Table {
  /** SQL for FROM. */
  readonly relation: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** A feature that both sides have, and how far it has moved. */
export interface NamedDrift extends FeatureDrift {
  readonly name: string;
  /** What PSI was measured in. */
  readonly bins: readonly DriftBin[];
}

export interface TableDrift {
  readonly features: readonly NamedDrift[];
  /** Features that can't be held against each other, and why. */
  readonly notCompared: readonly { readonly name: string; readonly why: string }[];
}

/**
 * Holds a table against statistics that were kept: one look at the table for all numbers, one for each category.
 * @param rows SQL for FROM of the table that the statistics are of, where it is there: small ones are compared value by value
 */
export async function tableDrift(
  engine: Engine,
  reference: Statistics,
  table: Table,
  { thresholds = DRIFT_THRESHOLDS, rows }: { thresholds?: DriftThresholds; rows?: string } = {},
): Promise<EngineResult<TableDrift>> {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  const notCompared: { name: string; why: string }[] = [];
  const wanted = reference.features.flatMap((feature) => {
    const type = types.get(feature.name);
    const counts = referenceCounts(feature);
    const why =
      type === undefined
        ? 'it is not there any more'
        : counts === undefined
          ? `values of type ${feature.type} are not compared`
          : kindOf(type) !== feature.kind
            ? `its type was ${feature.type} and is ${type}`
            : undefined;
    if (why !== undefined) notCompared.push({ name: feature.name, why });
    if (type === undefined || kindOf(type) !== feature.kind) return [];
    return [
      { name: feature.name, type, counts: counts ?? presence(feature), nullsAlone: counts === undefined },
    ];
  });
  const known = new Set(reference.features.map(({ name }) => name));
  for (const { name } of table.columns) if (!known.has(name)) notCompared.push({ name, why: 'it is new' });
  const current = await currentCounts(engine, table.relation, wanted);
  if (!current.ok) return current;
  const features: NamedDrift[] = [];
  for (const [index, one] of wanted.entries()) {
    const now = current.value[index];
    if (now === undefined) throw new Error(`${one.name} was not counted`);
    if (one.nullsAlone) {
      const { kind, rows: counted, nulls, drifted, reasons } = drift(one.counts, now, thresholds);
      if (drifted) features.push({ name: one.name, kind, rows: counted, nulls, drifted, reasons, bins: [] });
      continue;
    }
    const small = reference.rows <= EXACT_ROWS && total(now) <= EXACT_ROWS;
    const exact =
      rows === undefined || !small ? undefined : await exactly(engine, [rows, table.relation], one, now);
    if (exact?.ok === false) return exact;
    const { before, after, ks } = exact?.value ?? { before: one.counts, after: now, ks: undefined };
    features.push({
      name: one.name,
      ...drift(before, after, thresholds, ks),
      bins: driftBins(before, after),
    });
  }
  return { ok: true, value: { features, notCompared } };
}

interface Wanted {
  readonly name: string;
  /** Of the current table. */
  readonly type: string;
  readonly counts: FeatureCounts;
  /** Its values are not compared: whether they are there is. */
  readonly nullsAlone: boolean;
}

/** Tables of up to so many rows are compared value by value where both are there. */
const EXACT_ROWS = 200_000;
/** Of categories with more values in both together, the others are put together. */
const EXACT_VALUES = 20_000;

interface Exact {
  readonly before: FeatureCounts;
  readonly after: FeatureCounts;
  /** Kolmogorov–Smirnov's D of all values. */
  readonly ks?: number | undefined;
}

/** What bins can't tell: the largest distance between any two values, and values that are not among the commonest. */
async function exactly(
  engine: Engine,
  relations: readonly [string, string],
  { name, type, counts }: Wanted,
  now: FeatureCounts,
): Promise<EngineResult<Exact | undefined>> {
  const column = identifier(name);
  if (counts.kind === 'number') {
    const side = ([a, b]: readonly [string, string], relation: string): string =>
      `SELECT ${numberOf(column, type, 'number')} AS x, ${a} AS a, ${b} AS b FROM ${relation}`;
    const both = `${side(['1', '0'], relations[0])} UNION ALL ${side(['0', '1'], relations[1])}`;
    const found = await engine.query(
      `SELECT max(abs(p - q)) FROM (SELECT sum(a) OVER w / sum(a) OVER () AS p, sum(b) OVER w / sum(b) OVER () AS q FROM (SELECT x, sum(a)::DOUBLE AS a, sum(b)::DOUBLE AS b FROM (${both}) WHERE x IS NOT NULL GROUP BY x) WINDOW w AS (ORDER BY x))`,
    );
    if (!found.ok) return found;
    const ks = found.value.rows[0]?.[0];
    return {
      ok: true,
      value: { before: counts, after: now, ...(typeof ks === 'number' ? { ks } : {}) },
    };
  }
  const sides: ValueCounts[] = [];
  for (const [at, relation] of relations.entries()) {
    const text = `left(CAST(${column} AS VARCHAR), ${LONGEST_VALUE})`;
    const found = await engine.query(
      `SELECT ${text} AS v, count(*) FROM ${relation} WHERE ${column} IS NOT NULL GROUP BY v LIMIT ${EXACT_VALUES + 1}`,
    );
    if (!found.ok) return found;
    if (found.value.rows.length > EXACT_VALUES) return { ok: true, value: undefined };
    const values = new Map(found.value.rows.map(([value, count]) => [textOf(value), Number(count)]));
    sides.push({
      kind: 'category',
      counts: values,
      others: 0,
      missing: (at === 0 ? counts : now).missing,
    });
  }
  const [before, after] = sides;
  return { ok: true, value: before === undefined || after === undefined ? undefined : { before, after } };
}

function total(counts: FeatureCounts): number {
  const values = counts.kind === 'number' ? counts.counts : [...counts.counts.values()];
  const rest = counts.kind === 'number' ? counts.above + counts.below : counts.others;
  return values.reduce((sum, count) => sum + count, 0) + rest + counts.missing;
}

const BATCH = 50;

async function currentCounts(
  engine: Engine,
  relation: string,
  wanted: readonly Wanted[],
): Promise<EngineResult<FeatureCounts[]>> {
  const found: FeatureCounts[] = [];
  for (let start = 0; start < wanted.length; start += BATCH) {
    const batch = wanted.slice(start, start + BATCH);
    const parts = batch.flatMap(({ name, type, counts }) => {
      const value = identifier(name);
      if (counts.kind === 'category') return [`count(${value})`, 'NULL', 'NULL'];
      const number = numberOf(value, type, 'number');
      const below =
        counts.from === undefined ? '0' : `count(*) FILTER (WHERE ${number} < ${double(counts.from)})`;
      return [`count(${number})`, countsOf(number, counts.edges), below];
    });
    const result = await engine.query(`SELECT ${list(['count(*)', ...parts])} FROM ${relation}`);
    if (!result.ok) return result;
    const [row = []] = result.value.rows;
    const rows = Number(row[0] ?? 0);
    for (const [index, one] of batch.entries()) {
      const values = Number(row[1 + index * 3] ?? 0);
      const missing = rows - values;
      if (one.counts.kind === 'number') {
        const { edges, from } = one.counts;
        const below = Number(row[3 + index * 3] ?? 0);
        const binned = row[2 + index * 3];
        const counts = edges.map((_, bin) => (Array.isArray(binned) ? Number(binned[bin] ?? 0) : 0));
        const above = values - counts.reduce((sum, count) => sum + count, 0);
        // The first bin of a histogram is open below.
        if (counts[0] !== undefined) counts[0] -= below;
        found.push({
          kind: 'number',
          ...defined({ from }),
          edges,
          counts,
          below,
          above,
          missing,
        });
        continue;
      }
      const counted = await countsAmong(engine, relation, one.name, [...one.counts.counts.keys()]);
      if (!counted.ok) return counted;
      const among = [...counted.value.values()].reduce((sum, count) => sum + count, 0);
      found.push({ kind: 'category', counts: counted.value, others: values - among, missing });
    }
  }
  return { ok: true, value: found };
}

async function countsAmong(
  engine: Engine,
  relation: string,
  name: string,
  values: readonly string[],
): Promise<EngineResult<Map<string, number>>> {
  if (values.length === 0) return { ok: true, value: new Map() };
  const text = `left(CAST(${identifier(name)} AS VARCHAR), ${LONGEST_VALUE})`;
  const result = await engine.query(
    `SELECT ${text} AS v, count(*) FROM ${relation} WHERE v IN (${values.map(literal).join(', ')}) GROUP BY v`,
  );
  if (!result.ok) return result;
  return {
    ok: true,
    value: new Map(result.value.rows.map(([value, count]) => [textOf(value), Number(count)])),
  };
}
