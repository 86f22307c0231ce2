/**
 * How far a feature has moved away from what it was: a reference (what a model learned from) and what there is now, both as
 * counts in the same bins. Pure: a table's counts come from `measure.ts`, a sample of requests from `countNumbers` and
 * `countValues`.
 *
 * Measures: PSI = Σ (p - q) ln (p / q), an empty bin counted as 0.0001, with bins of their own for what is below and above all
 * that the reference has; Kolmogorov–Smirnov's D, the largest distance of the two cumulative distributions at the ends of the
 * bins, which is exact where each value ends a bin and else can be too small by at most the share of the largest one;
 * Pearson's chi-square of the two rows of counts; Jensen–Shannon's distance, base 2, from 0 to 1.
 */
import { defined } from '../../base/defined.js';
import { chiSquareTail, kolmogorovSmirnovP, normalTail } from './distributions.js';

/** From which on a feature counts as drifted. What so few values show by chance never counts. */
export interface DriftThresholds {
  /** Of numbers and categories. 0.1 is a shift worth a look, 0.2 one to act on. */
  readonly psi: number;
  /** Kolmogorov–Smirnov's D, of numbers. */
  readonly ks: number;
  /** Of categories. */
  readonly jensenShannon: number;
  /** Difference of the shares of nulls. */
  readonly nulls: number;
  /** Highest p-value at which a difference is taken for one. */
  readonly p: number;
}

export const DRIFT_THRESHOLDS: DriftThresholds = {
  psi: 0.2,
  ks: 0.1,
  jensenShannon: 0.1,
  nulls: 0.1,
  p: 0.05,
};

/**
 * Counts of numbers; both sides of a comparison have the same `edges` and `from`. `below` is what is less than `from`, `above` what
 * is beyond the last edge.
 */
export interface NumberCounts {
  readonly kind: 'number';
  /** The smallest value of the reference; absent where it isn't known: then the first bin is open. */
  readonly from?: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly below: number;
  readonly above: number;
  /** Nulls, NaN and infinite values. */
  readonly missing: number;
}

export interface ValueCounts {
  readonly kind: 'category';
  readonly counts: ReadonlyMap<string, number>;
  /** Values that are not among those of the map. */
  readonly others: number;
  readonly missing: number;
}

export type FeatureCounts = NumberCounts | ValueCounts;

export interface FeatureDrift {
  readonly kind: FeatureCounts['kind'];
  /** Values, missing ones included. */
  readonly rows: { readonly reference: number; readonly current: number };
  /** Shares of missing values, 0 to 1. */
  readonly nulls: { readonly reference: number; readonly current: number };
  /** Absent where one side has no value. */
  readonly psi?: number;
  /** Of numbers. */
  readonly ks?: { readonly statistic: number; readonly p: number };
  /** Of categories. */
  readonly chiSquare?: { readonly statistic: number; readonly degrees: number; readonly p: number };
  readonly jensenShannon?: number;
  readonly drifted: boolean;
  /** What made it count as drifted, in words. */
  readonly reasons: readonly string[];
}

/** A bin of PSI with the counts of both sides; missing values have one of their own, which PSI of values leaves out. */
export interface DriftBin {
  /** `below` and `above`: beyond all values of the reference. `others`: values that are not listed. */
  readonly part: 'below' | 'range' | 'above' | 'value' | 'others' | 'missing';
  /** Ends of a range; `from` itself is in it only where it is the smallest value of the reference. Of `below` and `above` one. */
  readonly from?: number;
  readonly to?: number;
  readonly value?: string;
  readonly reference: number;
  readonly current: number;
}

const EMPTY = 0.0001;
/** About so many bins of equal count are what the usual thresholds of PSI are meant for. */
const PSI_BINS = 10;

/**
 * @param exactKs Kolmogorov–Smirnov's D of numbers where it is known better than bins tell
 * @throws RangeError when the two are not counts of the same kind in the same bins
 */
export function drift(
  reference: FeatureCounts,
  current: FeatureCounts,
  thresholds: DriftThresholds = DRIFT_THRESHOLDS,
  exactKs?: number,
): FeatureDrift {
  const measured = measure(reference, current, exactKs);
  const { rows, nulls } = measured;
  const reasons: string[] = [];
  const { psi, ks, chiSquare, jensenShannon } = measured;
  const p = ks?.p ?? chiSquare?.p ?? 1;
  const over = (name: string, value: number | undefined, threshold: number): void => {
    if (value !== undefined && value >= threshold && p <= thresholds.p) {
      reasons.push(`${name} ${short(value)} ≥ ${threshold}`);
    }
  };
  over('PSI', psi, thresholds.psi);
  over('Kolmogorov–Smirnov', ks?.statistic, thresholds.ks);
  over('Jensen–Shannon', jensenShannon, thresholds.jensenShannon);
  const moved = Math.abs(nulls.reference - nulls.current);
  if (moved >= thresholds.nulls && nullsP(rows, nulls) <= thresholds.p) {
    reasons.push(`nulls ${percent(nulls.reference)} → ${percent(nulls.current)}`);
  }
  return { ...measured, drifted: reasons.length > 0, reasons };
}

/**
 * PSI with one more bin for missing values, and the probability that both the values and their absence differ by chance alone: what
 * of a feature may have gone wrong, in one number.
 */
export function wholeDrift(
  reference: FeatureCounts,
  current: FeatureCounts,
): { readonly psi: number; readonly p: number; readonly measured: FeatureDrift } {
  const measured = drift(reference, current);
  const [before, now] = rowsOf(reference, current);
  const { rows, nulls } = measured;
  const values = measured.ks?.p ?? measured.chiSquare?.p ?? 1;
  return {
    psi: stability([...before, reference.missing], [...now, current.missing]),
    p: Math.min(values, nullsP(rows, nulls)),
    measured,
  };
}

/** The bins that PSI is made of, and the missing values of both sides. */
export function driftBins(reference: FeatureCounts, current: FeatureCounts): readonly DriftBin[] {
  const [before, now] = rowsOf(reference, current);
  const parts =
    reference.kind === 'number' ? numberParts(reference, current) : valueParts(reference, current);
  return [
    ...parts.map((part, index) => ({ ...part, reference: before[index] ?? 0, current: now[index] ?? 0 })),
    { part: 'missing', reference: reference.missing, current: current.missing },
  ];
}

type Part = Omit<DriftBin, 'reference' | 'current'>;

function numberParts(reference: NumberCounts, current: FeatureCounts): Part[] {
  if (current.kind !== 'number') return [];
  const { edges } = reference;
  const starts = (from: number | undefined): Pick<Part, 'from'> => (from === undefined ? {} : { from });
  const ends = mergedInside(reference.counts, current.counts).ends.map((index) => edges[index] ?? Infinity);
  const last = edges.at(-1);
  return [
    { part: 'below', ...defined({ to: reference.from }) },
    ...ends.map((to, index): Part => ({
      part: 'range',
      ...starts(index === 0 ? reference.from : ends[index - 1]),
      to,
    })),
    { part: 'above', ...starts(last) },
  ];
}

function valueParts(reference: ValueCounts, current: FeatureCounts): Part[] {
  if (current.kind !== 'category') return [];
  const values = new Set([...reference.counts.keys(), ...current.counts.keys()]);
  return [...[...values].map((value): Part => ({ part: 'value', value })), { part: 'others' }];
}

/** Counts of the two sides, bin by bin, as PSI is made of them. */
function rowsOf(reference: FeatureCounts, current: FeatureCounts): [number[], number[]] {
  if (reference.kind === 'number' && current.kind === 'number')
    return merged(
      [reference.below, ...reference.counts, reference.above],
      [current.below, ...current.counts, current.above],
    );
  if (reference.kind === 'category' && current.kind === 'category') return valueRows(reference, current);
  throw new RangeError(`a ${reference.kind} can't be compared with a ${current.kind}`);
}

function valueRows(reference: ValueCounts, current: ValueCounts): [number[], number[]] {
  const values = new Set([...reference.counts.keys(), ...current.counts.keys()]);
  const row = (side: ValueCounts): number[] => [
    ...[...values].map((value) => side.counts.get(value) ?? 0),
    side.others,
  ];
  return [row(reference), row(current)];
}

type Measured = Omit<FeatureDrift, 'drifted' | 'reasons'>;

function measure(reference: FeatureCounts, current: FeatureCounts, exactKs: number | undefined): Measured {
  if (reference.kind === 'number' && current.kind === 'number')
    return measureNumbers(reference, current, exactKs);
  if (reference.kind === 'category' && current.kind === 'category') return measureValues(reference, current);
  throw new RangeError(`a ${reference.kind} can't be compared with a ${current.kind}`);
}

function measureNumbers(
  reference: NumberCounts,
  current: NumberCounts,
  exactKs: number | undefined,
): Measured {
  if (reference.edges.length !== current.edges.length) throw new RangeError('the bins are not the same');
  const before = [reference.below, ...reference.counts, reference.above];
  const now = [current.below, ...current.counts, current.above];
  const base = about('number', before, now, reference.missing, current.missing);
  if (total(before) === 0 || total(now) === 0) return base;
  const statistic = exactKs ?? largestDistance(before, now);
  const p = kolmogorovSmirnovP(statistic, total(before), total(now));
  const [a, b] = merged(before, now);
  return { ...base, psi: stability(a, b), ks: { statistic, p } };
}

function measureValues(reference: ValueCounts, current: ValueCounts): Measured {
  const [before, now] = valueRows(reference, current);
  const base = about('category', before, now, reference.missing, current.missing);
  if (total(before) === 0 || total(now) === 0) return base;
  return {
    ...base,
    psi: stability(before, now),
    chiSquare: chiSquare(before, now),
    jensenShannon: jensenShannon(before, now),
  };
}

function about(
  kind: FeatureCounts['kind'],
  before: readonly number[],
  now: readonly number[],
  missingBefore: number,
  missingNow: number,
): Measured {
  const [reference, current] = [total(before) + missingBefore, total(now) + missingNow];
  return {
    kind,
    rows: { reference, current },
    nulls: { reference: share(missingBefore, reference), current: share(missingNow, current) },
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/**
 * Bins of the reference put together until there are about ten, of about the same count. The first and the last, below and above all
 * that the reference has, stay by themselves.
 */
function merged(before: readonly number[], now: readonly number[]): [number[], number[]] {
  const { before: a, now: b } = mergedInside(before.slice(1, -1), now.slice(1, -1));
  const ends = (row: readonly number[], inside: readonly number[]): number[] => [
    row[0] ?? 0,
    ...inside,
    row.at(-1) ?? 0,
  ];
  return [ends(before, a), ends(now, b)];
}

/** @returns also the index of the last bin in each */
function mergedInside(
  before: readonly number[],
  now: readonly number[],
): { readonly before: number[]; readonly now: number[]; readonly ends: number[] } {
  const each = total(before) / PSI_BINS;
  const [a, b, ends]: [number[], number[], number[]] = [[], [], []];
  let [sumBefore, sumNow] = [0, 0];
  let closed = 0;
  for (const [index, count] of before.entries()) {
    sumBefore += count;
    sumNow += now[index] ?? 0;
    // Against the whole, so that what is left over of one bin doesn't add up.
    const full = closed + sumBefore >= each * (a.length + 1) - each * 1e-9;
    if (!full && index < before.length - 1) continue;
    a.push(sumBefore);
    b.push(sumNow);
    ends.push(index);
    closed += sumBefore;
    [sumBefore, sumNow] = [0, 0];
  }
  return { before: a, now: b, ends };
}

/** Population stability index of two rows of counts. */
export function stability(before: readonly number[], now: readonly number[]): number {
  const [a, b] = [total(before), total(now)];
  let sum = 0;
  for (const [index, count] of before.entries()) {
    const other = now[index] ?? 0;
    if (count === 0 && other === 0) continue;
    const [p, q] = [Math.max(EMPTY, count / a), Math.max(EMPTY, other / b)];
    sum += (q - p) * Math.log(q / p);
  }
  return sum;
}

/** Largest distance of the cumulative shares. */
export function largestDistance(before: readonly number[], now: readonly number[]): number {
  const [a, b] = [total(before), total(now)];
  let [sumBefore, sumNow, most] = [0, 0, 0];
  for (const [index, count] of before.entries()) {
    sumBefore += count;
    sumNow += now[index] ?? 0;
    most = Math.max(most, Math.abs(sumBefore / a - sumNow / b));
  }
  return most;
}

/** Pearson's test of homogeneity of two rows of counts. Columns that both have nothing in don't count. */
export function chiSquare(
  before: readonly number[],
  now: readonly number[],
): { statistic: number; degrees: number; p: number } {
  const [a, b] = [total(before), total(now)];
  let statistic = 0;
  let columns = 0;
  for (const [index, count] of before.entries()) {
    const other = now[index] ?? 0;
    if (count + other === 0) continue;
    columns++;
    const [expected, otherExpected] = [((count + other) * a) / (a + b), ((count + other) * b) / (a + b)];
    statistic += (count - expected) ** 2 / expected + (other - otherExpected) ** 2 / otherExpected;
  }
  const degrees = Math.max(0, columns - 1);
  return { statistic, degrees, p: chiSquareTail(statistic, degrees) };
}

/** Square root of Jensen–Shannon's divergence, base 2. */
export function jensenShannon(before: readonly number[], now: readonly number[]): number {
  const [a, b] = [total(before), total(now)];
  let sum = 0;
  for (const [index, count] of before.entries()) {
    const [p, q] = [count / a, (now[index] ?? 0) / b];
    const middle = (p + q) / 2;
    if (p > 0) sum += p * Math.log2(p / middle);
    if (q > 0) sum += q * Math.log2(q / middle);
  }
  return Math.sqrt(Math.max(0, sum / 2));
}

/** Whether two shares of nulls differ by chance: the test of two proportions. */
function nullsP(rows: FeatureDrift['rows'], nulls: FeatureDrift['nulls']): number {
  const [a, b] = [rows.reference, rows.current];
  if (a === 0 || b === 0) return 1;
  const pooled = (a * nulls.reference + b * nulls.current) / (a + b);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a + 1 / b));
  return error === 0 ? 1 : normalTail(Math.abs(nulls.reference - nulls.current) / error);
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
