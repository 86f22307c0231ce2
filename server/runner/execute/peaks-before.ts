/** How much memory tasks used on a cluster: there what is asked for is held for nobody else. */
import path from 'node:path';
import { fileStamp } from '../../stores/disk/folder.js';
import { layoutOf } from '../../stores/layout.js';
import { RunStore } from '../../stores/runs/runs.js';

/** So many of the newest runs of a pipeline are looked through for one that has done the task. */
const RECENT_RUNS = 5;

/**
 * The most that a task used in the last run in which it was done on a cluster, in bytes; of a matrix, the cell that used
 * most. Nothing is read until somebody asks, and again only when there are other runs.
 *
 * @param root of the project
 */
export function peaksBefore(root: string): (pipeline: string, task: string) => number | undefined {
  const layout = layoutOf(root);
  const index = path.join(layout.runs, 'index.ndjson');
  let stamp = '';
  const known = new Map<string, ReadonlyMap<string, number>>();
  return (pipeline, task) => {
    const now = fileStamp(index);
    if (now !== stamp) known.clear();
    stamp = now;
    let peaks = known.get(pipeline);
    if (peaks === undefined) known.set(pipeline, (peaks = peaksOf(new RunStore(layout), pipeline)));
    return peaks.get(task);
  };
}

function peaksOf(store: RunStore, pipeline: string): ReadonlyMap<string, number> {
  const peaks = new Map<string, number>();
  const runs = store.list({
    limit: RECENT_RUNS,
    pipeline,
    status: ['succeeded', 'failed'],
    source: 'pipeline',
  });
  for (const { id } of runs) {
    const read = store.read(id);
    const own = new Map<string, number>();
    for (const { task, status, job, peakMemoryBytes } of read.ok ? read.run.tasks : []) {
      if (status !== 'succeeded' || job === undefined || peakMemoryBytes === undefined) continue;
      own.set(task, Math.max(own.get(task) ?? 0, peakMemoryBytes));
    }
    for (const [task, peak] of own) if (!peaks.has(task)) peaks.set(task, peak);
  }
  return peaks;
}
