/** What a model was trained on, as counts that requests are held against. Made by whoever sets a monitor, not by the host. */
import path from 'node:path';
import { openEngine } from '../../features/engine/engine.js';
import { identifier, literal, textOf } from '../../features/sql.js';
import { referenceCounts } from '../../features/statistics/measure.js';
import { statistics } from '../../features/statistics/statistics.js';
import { layoutOf } from '../../stores/layout.js';
import type { Baseline, BaselineFeature } from './settings.js';

export type BaselineResult =
  { readonly ok: true; readonly baseline: Baseline } | { readonly ok: false; readonly message: string };

/**
 * Reads a data file (.parquet, .csv, .tsv, .jsonl) and counts its columns.
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
    ...(signal === undefined ? {} : { signal }),
  });
  if (!opened.ok) return { ok: false, message: opened.error.message };
  const engine = opened.value;
  try {
    const view = identifier('modelyard:baseline');
    const made = await engine.query(`CREATE TEMP VIEW ${view} AS SELECT * FROM ${readerOf(absolute)}`);
    if (!made.ok) return { ok: false, message: `${file} can't be read: ${made.error.message}` };
    const described = await engine.query(`SELECT column_name, column_type FROM (DESCRIBE ${view})`);
    if (!described.ok) return { ok: false, message: described.error.message };
    const all = described.value.rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) }));
    const missing = features.filter((name) => !all.some((column) => column.name === name));
    if (missing.length > 0) {
      return {
        ok: false,
        message: `${file} has no ${missing.join(', ')}; it has ${all.map(({ name }) => name).join(', ')}`,
      };
    }
    const columns = features.length === 0 ? all : all.filter(({ name }) => features.includes(name));
    const found = await statistics(engine, { relation: view, columns });
    if (!found.ok) return { ok: false, message: found.error.message };
    const baseline: Record<string, BaselineFeature> = {};
    for (const feature of found.value.features) {
      const counts = referenceCounts(feature);
      if (counts === undefined) continue;
      baseline[feature.name] =
        counts.kind === 'number'
          ? { kind: 'number', edges: counts.edges, counts: counts.counts, missing: counts.missing }
          : { kind: 'category', values: [...counts.counts], others: counts.others, missing: counts.missing };
    }
    return { ok: true, baseline };
  } finally {
    engine.close();
  }
}

function readerOf(file: string): string {
  const extension = path.extname(file).toLowerCase();
  if (extension === '.parquet') return `read_parquet(${literal(file)})`;
  if (extension === '.jsonl' || extension === '.ndjson' || extension === '.json')
    return `read_json(${literal(file)})`;
  return `read_csv(${literal(file)}, header = true, sample_size = -1)`;
}
