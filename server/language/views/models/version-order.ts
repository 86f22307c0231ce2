/** In which order the versions of a model are listed. */
import type { VersionItem, VersionSort } from '../../../protocol/index.js';
import { InvalidParams } from '../../guard.js';

const FIRST: Readonly<Record<string, readonly string[]>> = {
  age: ['newest', 'oldest'],
  metric: ['best', 'highest', 'lowest'],
};

/** @throws InvalidParams for what is there and no order */
export function versionSortOf(value: unknown): VersionSort {
  if (value === undefined) return { by: 'age', first: 'newest' };
  const { by, first, metric } = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<'by' | 'first' | 'metric', unknown>
  >;
  const known = typeof by === 'string' && Object.hasOwn(FIRST, by) ? FIRST[by] : undefined;
  const named = metric === undefined || (by === 'metric' && typeof metric === 'string');
  if (typeof first !== 'string' || known?.includes(first) !== true || !named)
    throw new InvalidParams('sort must say by what, and what comes first');
  return value as VersionSort;
}

/**
 * Versions without a number for the metric come last, and what is equal stays in its order.
 * @param versions newest first
 */
export function sortVersions(versions: readonly VersionItem[], sort: VersionSort): readonly VersionItem[] {
  if (sort.by === 'age') return sort.first === 'newest' ? versions : versions.toReversed();
  const valued = versions.map((version) => ({ version, value: valueOf(version, sort.metric) }));
  const better = versions.find(({ mainMetric }) => mainMetric !== undefined)?.mainMetric?.better;
  const lowest = sort.first === 'lowest' || (sort.first === 'best' && better === 'lower');
  return valued
    .toSorted((a, b) => {
      if (a.value === undefined || b.value === undefined)
        return Number(a.value === undefined) - Number(b.value === undefined);
      return lowest ? a.value - b.value : b.value - a.value;
    })
    .map(({ version }) => version);
}

function valueOf({ mainMetric, metrics }: VersionItem, metric: string | undefined): number | undefined {
  if (metric === undefined) return mainMetric?.value;
  const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
}
