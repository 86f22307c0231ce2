/** What the passes over a table ask of its columns, as SQL, and the ends of bins. */
import type { FeatureKind } from './types.js';

/** Longer texts are cut, so that a document stays small. */
export const LONGEST_VALUE = 256;

/** A column that is looked at. */
export interface Column {
  readonly name: string;
  /** DuckDB's name. */
  readonly type: string;
  readonly kind: FeatureKind;
  /** Its value as a DOUBLE, NULL where it isn't finite; of kinds `number` and `time`. */
  readonly number: string;
}

export function kindOf(type: string): FeatureKind {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*|BIGNUM)$/.test(type))
    return 'number';
  if (/^(TIMESTAMP.*|DATE)$/.test(type)) return 'time';
  return /^(VARCHAR|BOOLEAN|UUID|ENUM.*|TIME|INTERVAL)$/.test(type) ? 'category' : 'other';
}

/** A column as a DOUBLE that is finite, or NULL. */
export function numberOf(value: string, type: string, kind: FeatureKind): string {
  if (kind === 'time') return `CASE WHEN isfinite(${value}) THEN epoch_us(${value}) / 1000000.0 END`;
  if (type === 'FLOAT' || type === 'DOUBLE') {
    return `CASE WHEN isfinite(${value}) THEN CAST(${value} AS DOUBLE) END`;
  }
  return `CAST(${value} AS DOUBLE)`;
}

/** How many values are in (edge before, edge], for each edge. */
export function countsOf(number: string, edges: readonly number[]): string {
  return `map_values(histogram(${number}, [${edges.map(double).join(', ')}]))`;
}

/** JavaScript's shortest digits are read back as the same double; without the cast DuckDB takes them for decimals. */
export function double(value: number): string {
  return `'${value}'::DOUBLE`;
}

/** Upper ends of bins of equal width; one bin where all values are the same. */
export function evenEdges(min: number, max: number, bins: number): number[] {
  if (min === max) return [max];
  const width = max / bins - min / bins;
  const inner = Array.from({ length: bins - 1 }, (_, index) => min + width * (index + 1));
  return increasing([...inner, max]);
}

/** Without what is not above the one before. */
export function increasing(values: readonly number[]): number[] {
  const kept: number[] = [];
  for (const value of values) {
    const last = kept.at(-1);
    if (last === undefined || value > last) kept.push(value);
  }
  return kept;
}
