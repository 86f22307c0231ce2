/** What the passes over a table have found, put together to the statistics of a feature. */
import type { Column } from './columns.js';
import { rounded } from './round.js';
import { type Bins, type FeatureStatistics, type NumberStatistics, QUANTILES } from './types.js';

/** `QUANTILES` are among them. */
const PERCENTILES = 100;

/** What plain aggregates tell. */
export interface FirstPass {
  readonly rows: number;
  readonly nulls: number;
  readonly finite: number;
  readonly distinct: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly std: number;
}

/** Where the percentiles lie. Of all values half a rank below, so that no way of rounding gives another one. */
export function shares(step: number, count: number): number[] {
  return Array.from({ length: PERCENTILES + 1 }, (_, at) => {
    const share = at / PERCENTILES;
    return step > 1 ? share : (Math.max(1, Math.ceil(share * count - 1e-9)) - 0.5) / count;
  });
}

/** Nothing of the column was in the sample: then only the largest value is known. */
function quantilesOf(percentiles: readonly number[], max: number): number[] {
  return QUANTILES.map((share) => percentiles[Math.round(share * PERCENTILES)] ?? max);
}

export function feature(
  { name, type, kind }: Column,
  about: FirstPass | undefined,
  counted: number | undefined,
): FeatureStatistics {
  const { rows = 0, nulls = 0, finite = 0, distinct = 0 } = about ?? {};
  const numeric = kind === 'number' || kind === 'time';
  const notFinite = numeric ? rows - nulls - finite : 0;
  return {
    name,
    type,
    kind,
    count: rows,
    nulls,
    ...(notFinite > 0 ? { notFinite } : {}),
    ...(counted === undefined && !numeric ? {} : { distinct: counted ?? distinct }),
    ...(counted === undefined && distinct > 0 ? { approximate: true as const } : {}),
  };
}

export function numbers(
  about: FirstPass | undefined,
  bins: { readonly histogram: Bins; readonly distribution: Bins } | undefined,
  percentiles: readonly number[] = [],
): { numbers?: NumberStatistics } {
  if (about === undefined || bins === undefined) return {};
  const { min, max, mean, std } = about;
  return {
    numbers: {
      min,
      max,
      mean: rounded(mean),
      std: rounded(std),
      quantiles: quantilesOf(percentiles, max),
      ...bins,
    },
  };
}
