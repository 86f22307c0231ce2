/**
 * Exact quantiles out of a distribution that is known in bins: the bin tells where a quantile lies, and only the values of
 * that bin have to be put in order. A bin that holds much of the data would be no help; then all of it is ordered.
 */
import type { Plain } from '../engine/messages.js';
import { double } from './columns.js';
import { QUANTILES, type Bins } from './types.js';

/** Of all values: more of them in one bin are not put into a list. */
const MOST_IN_BIN = 0.05;

export interface QuantilePlan {
  /** Expressions to be asked for, in one query over the table. */
  readonly parts: readonly string[];
  /** The quantiles, out of the answers to `parts`. */
  readonly values: (answers: readonly (Plain | undefined)[]) => number[];
}

/** @param number SQL of the value as a DOUBLE that is finite, or NULL */
export function quantilePlan(number: string, { edges, counts }: Bins, min: number): QuantilePlan {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const ranks = QUANTILES.map((share) => Math.max(1, Math.ceil(share * total)));
  const parts: string[] = [];
  const known: (number | undefined)[] = [];
  for (const rank of ranks) {
    let [bin, before] = [0, 0];
    while (bin < counts.length - 1 && before + (counts[bin] ?? 0) < rank) before += counts[bin++] ?? 0;
    const edge = edges[bin] ?? min;
    if (bin === 0 && edge === min) {
      known.push(min);
      continue;
    }
    if ((counts[bin] ?? 0) > total * MOST_IN_BIN) return ordered(number, ranks, total);
    const above = bin === 0 ? '' : `${number} > ${double(edges[bin - 1] ?? min)} AND `;
    parts.push(
      `list_sort(list(${number}) FILTER (WHERE ${above}${number} <= ${double(edge)}))[${rank - before}]`,
    );
    known.push(undefined);
  }
  return {
    parts,
    values: (answers) => {
      let next = 0;
      return known.map((value) => value ?? Number(answers[next++]));
    },
  };
}

/** Half a rank below, so that no way of rounding gives another one. */
function ordered(number: string, ranks: readonly number[], total: number): QuantilePlan {
  const shares = ranks.map((rank) => (rank - 0.5) / total);
  return {
    parts: [`quantile_disc(${number}, [${shares.join(', ')}])`],
    values: ([answer]) => (Array.isArray(answer) ? answer.map(Number) : []),
  };
}
