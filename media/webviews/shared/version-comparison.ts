/** Which of two versions is the baseline, and the comparison the other way round. Pure. */
import { defined } from '../../../server/base/defined.js';
import type { ComparisonRowView, ComparisonView, VersionItem } from '../../../server/protocol/index.js';

/** Names that the alias of the version in use commonly has. */
const IN_USE = /^(?:prod|production|champion|live|current|stable)$/i;

type Compared = Pick<VersionItem, 'model' | 'version' | 'aliases' | 'createdAt'>;

/**
 * Whether `b` is what `a` has to be held against: the version in use, else, of one model, the older one. What is asked is
 * always whether the new one is better, so that two views of one pair never say the opposite.
 */
export function isTurned(a: Compared, b: Compared): boolean {
  const [aInUse, bInUse] = [a, b].map(({ aliases }) => aliases.some((alias) => IN_USE.test(alias)));
  if (aInUse !== bInUse) return bInUse === true;
  if (a.model !== b.model) return false;
  const [at, bt] = [Date.parse(a.createdAt), Date.parse(b.createdAt)];
  return at === bt ? Number(b.version) < Number(a.version) : bt < at;
}

/** The same, with the columns the other way round. */
export function turned({ a, b, rows }: ComparisonView): ComparisonView {
  return {
    a: b,
    b: a,
    rows: rows.map(({ section, key, differs, a: first, b: second, delta, verdict }): ComparisonRowView => ({
      section,
      key,
      differs,
      ...defined({
        a: second,
        b: first,
        delta: delta === undefined ? undefined : 0 - delta,
        verdict: verdict === undefined ? undefined : verdict === 'better' ? 'worse' : 'better',
      }),
    })),
  };
}

function metrics(count: number): string {
  return count === 1 ? '1 metric' : `${count} metrics`;
}

/** Who is better in what, in a sentence that names both. @param names of a, which is the baseline, and of b */
export function verdictSentence(
  rows: readonly ComparisonRowView[],
  [a, b]: readonly [string, string],
): string {
  const count = (verdict: 'better' | 'worse'): number => rows.filter((row) => row.verdict === verdict).length;
  const [better, worse] = [count('better'), count('worse')];
  if (better + worse === 0) return `No metric says whether ${b} or ${a} is better.`;
  if (worse === 0) return `${b} is better than ${a} on ${metrics(better)}.`;
  if (better === 0) return `${b} is worse than ${a} on ${metrics(worse)}.`;
  return `${b} is better than ${a} on ${metrics(better)}, and worse on ${worse}.`;
}
