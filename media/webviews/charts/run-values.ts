/** Values of runs that are drawn against each other: what an axis makes of them, and how params and a metric go together. Pure. */

import { writtenName } from '../../../server/base/runs/filter.js';
import { writtenValue } from '../shared/experiments/filter-completion.js';

/** Texts beyond this many are no axis that could be read. */
const MOST_CATEGORIES = 40;

/** Where values lie: numbers by their size, anything else by the place of its text among those that there are. */
export interface ValueAxis {
  /** `undefined`: a run has no such value, or it lies nowhere. */
  place(value: unknown): number | undefined;
  readonly low: number;
  readonly high: number;
  /** What is written at whole places, from 0; `undefined`: numbers are. */
  readonly categories?: readonly string[];
}

const isFinite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** @returns `undefined` where there is nothing to draw, or more texts than can be told apart */
export function axisOf(values: readonly unknown[]): ValueAxis | undefined {
  const known = values.filter((value) => value !== null && value !== undefined);
  const numbers = known.filter(isFinite);
  if (known.length === 0) return undefined;
  if (numbers.length > 0 && known.every((value) => typeof value === 'number')) {
    const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
    return { low, high, place: (value) => (isFinite(value) ? value : undefined) };
  }
  const categories = [...new Set(known.map(textOf))].sort();
  if (categories.length > MOST_CATEGORIES) return undefined;
  const places = new Map(categories.map((text, at) => [text, at]));
  return {
    ...{ low: 0, high: categories.length - 1, categories },
    place: (value) => (value === null || value === undefined ? undefined : places.get(textOf(value))),
  };
}

/** From 1, the least first; equal ones share the mean of their ranks. */
export function ranks(values: readonly number[]): readonly number[] {
  const order = values.map((_, at) => at).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const found = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] ?? 0] === values[order[from] ?? 0]) to += 1;
    for (let at = from; at <= to; at++) found[order[at] ?? 0] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return found;
}

/** Pearson's, from -1 to 1; `undefined` where one of them does not vary. */
function correlation(a: readonly number[], b: readonly number[]): number | undefined {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((one, at) => {
    const [da, db] = [one - ma, (b[at] ?? 0) - mb];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  });
  return aa === 0 || bb === 0 ? undefined : ab / Math.sqrt(aa * bb);
}

/** How a param and a metric go together in some runs. */
export interface Association {
  /** So many runs have both. */
  readonly runs: number;
  /**
   * `spearman`: correlation of ranks, from -1 to 1. `eta`: of texts, from 0 to 1: the root of the share of the spread of the metric's
   * ranks that is between texts and not within them (Kruskal and Wallis's H as a share).
   */
  readonly kind: 'spearman' | 'eta';
  readonly value: number;
}

/** Fewer say nothing. */
const LEAST_RUNS = 3;

/**
 * @param param of each run
 * @param metric of the same runs
 * @returns `undefined` where that can't be told: too few runs have both, or one of them does not vary
 */
export function association(param: readonly unknown[], metric: readonly unknown[]): Association | undefined {
  const both = param.flatMap((value, at) => {
    const other = metric[at];
    return value === null || value === undefined || !isFinite(other) ? [] : [{ value, other }];
  });
  if (both.length < LEAST_RUNS) return undefined;
  const ranked = ranks(both.map(({ other }) => other));
  const numbers = both.flatMap(({ value }) => (isFinite(value) ? value : []));
  if (numbers.length === both.length) {
    const value = correlation(ranks(numbers), ranked);
    return value === undefined ? undefined : { runs: both.length, kind: 'spearman', value };
  }
  const groups = new Map<string, number[]>();
  both.forEach(({ value }, at) => {
    const own = groups.get(textOf(value)) ?? [];
    own.push(ranked[at] ?? 0);
    groups.set(textOf(value), own);
  });
  const mean = (both.length + 1) / 2;
  const spread = ranked.reduce((sum, rank) => sum + (rank - mean) ** 2, 0);
  // Where each run has a text of its own, all of the spread is between texts, whatever they are.
  if (spread === 0 || groups.size < 2 || groups.size > both.length / 2) return undefined;
  const between = [...groups.values()].reduce((sum, own) => {
    const ownMean = own.reduce((a, b) => a + b, 0) / own.length;
    return sum + own.length * (ownMean - mean) ** 2;
  }, 0);
  return { runs: both.length, kind: 'eta', value: Math.sqrt(between / spread) };
}

/** From the lower to the upper place on an axis. */
export type Brush = readonly [number, number];

/** What brushes leave, as the table's filter says it. */
export function filterOf(
  brushes: ReadonlyMap<string, Brush>,
  categoriesOf: (column: string) => readonly string[] | undefined,
): string {
  return [...brushes]
    .map(([column, [low, high]]) => {
      const name = writtenName(column);
      const categories = categoriesOf(column);
      if (categories === undefined) return `${name} >= ${rounded(low)} and ${name} <= ${rounded(high)}`;
      // A text with both kinds of quotes can't be written: its runs are filtered away.
      const within = categories
        .filter((_, at) => at >= low && at <= high)
        .flatMap((text) => writtenValue(text) ?? []);
      return `${name} in (${within.join(', ')})`;
    })
    .join(' and ');
}

const rounded = (value: number): string => String(Number(value.toPrecision(6)));
