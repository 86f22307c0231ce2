/** From tables, kept statistics and plain samples to the counts that drift is measured by. */
import type { Engine } from '../engine/engine.js';
import type { EngineResult } from '../engine/messages.js';
import { identifier, list, literal, textOf } from '../sql.js';
import { LONGEST_VALUE, countsOf, kindOf, numberOf } from './columns.js';
import {
  DRIFT_THRESHOLDS,
  drift,
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
    return { kind: 'number', edges, counts, above: 0, missing };
  }
  if (kind !== 'category' || categories === undefined) return undefined;
  const counts = new Map(categories.top.map(({ value, count }) => [value, count]));
  return { kind: 'category', counts, others: categories.others, missing };
}

/** Counts of a sample in the bins of a reference. What is no finite number counts as missing. */
export function countNumbers(
  { edges }: Pick<NumberCounts, 'edges'>,
  values: Iterable<number | null | undefined>,
): NumberCounts {
  const counts = Array.from({ length: edges.length }, () => 0);
  let [above, missing] = [0, 0];
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) {
      missing++;
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
  return { kind: 'number', edges, counts, above, missing };
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
}

export interface TableDrift {
  readonly features: readonly NamedDrift[];
  /** Features that can't be held against each other, and why. */
  readonly notCompared: readonly { readonly name: string; readonly why: string }[];
}

/** Holds a table against statistics that were kept: one look at the table for all numbers, one for each category. */
export async function tableDrift(
  engine: Engine,
  reference: Statistics,
  table: Table,
  thresholds: DriftThresholds = DRIFT_THRESHOLDS,
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
    if (why !== undefined || counts === undefined || type === undefined) {
      notCompared.push({ name: feature.name, why: why ?? '' });
      return [];
    }
    return [{ name: feature.name, type, counts }];
  });
  const known = new Set(reference.features.map(({ name }) => name));
  for (const { name } of table.columns) if (!known.has(name)) notCompared.push({ name, why: 'it is new' });
  const current = await currentCounts(engine, table.relation, wanted);
  if (!current.ok) return current;
  const features = wanted.map(({ name, counts }, index) => {
    const now = current.value[index];
    if (now === undefined) throw new Error(`${name} was not counted`);
    return { name, ...drift(counts, now, thresholds) };
  });
  return { ok: true, value: { features, notCompared } };
}

interface Wanted {
  readonly name: string;
  readonly type: string;
  readonly counts: FeatureCounts;
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
      if (counts.kind === 'category') return [`count(${value})`, 'NULL'];
      const number = numberOf(value, type, 'number');
      return [`count(${number})`, countsOf(number, counts.edges)];
    });
    const result = await engine.query(`SELECT ${list(['count(*)', ...parts])} FROM ${relation}`);
    if (!result.ok) return result;
    const [row = []] = result.value.rows;
    const rows = Number(row[0] ?? 0);
    for (const [index, one] of batch.entries()) {
      const values = Number(row[1 + index * 2] ?? 0);
      const missing = rows - values;
      if (one.counts.kind === 'number') {
        const { edges } = one.counts;
        const binned = row[2 + index * 2];
        const counts = edges.map((_, bin) => (Array.isArray(binned) ? Number(binned[bin] ?? 0) : 0));
        const above = values - counts.reduce((sum, count) => sum + count, 0);
        found.push({ kind: 'number', edges, counts, above, missing });
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
