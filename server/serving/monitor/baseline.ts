/** What a model was trained on, as counts that requests are held against. Made by whoever sets a monitor, not by the host. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { openEngine } from '../../features/engine/engine.js';
import { presence, referenceCounts } from '../../features/statistics/measure.js';
import { statistics } from '../../features/statistics/statistics.js';
import type { FeatureStatistics } from '../../features/statistics/types.js';
import { readLabels } from '../../features/training/read-labels.js';
import { layoutOf } from '../../stores/layout.js';
import type { Baseline, BaselineFeature } from './settings.js';

export type BaselineResult =
  { readonly ok: true; readonly baseline: Baseline } | { readonly ok: false; readonly message: string };

/**
 * Reads a data file (.parquet, .csv, .tsv, .jsonl), as a source is read, and counts its columns.
 * @param file relative to the project
 * @param features only these; empty: all that can be compared
 */
export async function baselineOf(
  root: string,
  file: string,
  features: readonly string[],
  signal?: AbortSignal,
): Promise<BaselineResult> {
  const absolute = path.resolve(root, file);
  const opened = await openEngine({
    readable: [absolute],
    tempFolder: path.join(layoutOf(root).temp, `baseline-${process.pid}`),
    ...defined({ signal }),
  });
  if (!opened.ok) return { ok: false, message: opened.error.message };
  const engine = opened.value;
  try {
    const read = await readLabels(engine, { root, labels: file }, 'modelyard:baseline');
    if (!read.ok) return { ok: false, message: read.message };
    const { relation, columns: all } = read.value;
    const missing = features.filter((name) => !all.some((column) => column.name === name));
    if (missing.length > 0) {
      return {
        ok: false,
        message: `${file} has no ${missing.join(', ')}; it has ${all.map(({ name }) => name).join(', ')}`,
      };
    }
    const columns = features.length === 0 ? all : all.filter(({ name }) => features.includes(name));
    const found = await statistics(engine, { relation, columns });
    if (!found.ok) return { ok: false, message: found.error.message };
    const baseline: Record<string, BaselineFeature> = {};
    for (const feature of found.value.features) baseline[feature.name] = baselineFeature(feature);
    return { ok: true, baseline };
  } finally {
    engine.close();
  }
}

/** Of values that are not compared (moments, lists) only how many there were: that one fails altogether is seen all the same. */
export function baselineFeature(feature: FeatureStatistics): BaselineFeature {
  const counts = referenceCounts(feature) ?? presence(feature);
  if (counts.kind === 'category') {
    return { kind: 'category', values: [...counts.counts], others: counts.others, missing: counts.missing };
  }
  const { edges, missing } = counts;
  return { kind: 'number', ...defined({ from: counts.from }), edges, counts: counts.counts, missing };
}
