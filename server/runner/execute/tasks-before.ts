/** What earlier runs tell of tasks that the rules ask for: nothing is read until somebody does, and again only when there are other runs. */
import path from 'node:path';
import type { OpenedFiles } from '../../base/runs/task-outcome.js';
import { fileStamp } from '../../stores/disk/folder.js';
import { layoutOf } from '../../stores/layout.js';
import type { TaskRun } from '../../stores/runs/document.js';
import { RunStore } from '../../stores/runs/runs.js';

/** So many of the newest runs of a pipeline are looked through for one that has done the task. */
const RECENT_RUNS = 5;

/**
 * The most that a task used in the last run in which it was done on a cluster, in bytes; of a matrix, the cell that used
 * most: there what is asked for is held for nobody else.
 *
 * @param root of the project
 */
export function peaksBefore(root: string): (pipeline: string, task: string) => number | undefined {
  return toldByRuns(root, ({ status, job, peakMemoryBytes }, before: number | undefined) =>
    status !== 'succeeded' || job === undefined || peakMemoryBytes === undefined
      ? before
      : Math.max(before ?? 0, peakMemoryBytes),
  );
}

/**
 * The files of the project that a task was seen to open in the last run that noted it; of a matrix, those of all of its cells.
 *
 * @param root of the project
 */
export function openedBefore(root: string): (pipeline: string, task: string) => OpenedFiles | undefined {
  return toldByRuns(root, ({ status, opened }, before: OpenedFiles | undefined) => {
    if (status !== 'succeeded' || opened === undefined) return before;
    const united = (key: 'read' | 'written'): string[] => [
      ...new Set([...(before?.[key] ?? []), ...opened[key]]),
    ];
    return { read: united('read'), written: united('written') };
  });
}

/** @param add what a task of a run, or one cell of it, tells beside what other cells of the same run did */
function toldByRuns<T>(
  root: string,
  add: (task: TaskRun, before: T | undefined) => T | undefined,
): (pipeline: string, task: string) => T | undefined {
  const layout = layoutOf(root);
  const index = path.join(layout.runs, 'index.ndjson');
  let stamp = '';
  const known = new Map<string, ReadonlyMap<string, T>>();
  return (pipeline, task) => {
    const now = fileStamp(index);
    if (now !== stamp) known.clear();
    stamp = now;
    let told = known.get(pipeline);
    if (told === undefined) known.set(pipeline, (told = newestOf(new RunStore(layout), pipeline, add)));
    return told.get(task);
  };
}

function newestOf<T>(
  store: RunStore,
  pipeline: string,
  add: (task: TaskRun, before: T | undefined) => T | undefined,
): ReadonlyMap<string, T> {
  const told = new Map<string, T>();
  const runs = store.list({
    limit: RECENT_RUNS,
    pipeline,
    status: ['succeeded', 'failed'],
    source: 'pipeline',
  });
  for (const { id } of runs) {
    const read = store.read(id);
    const own = new Map<string, T>();
    for (const one of read.ok ? read.run.tasks : []) {
      const now = add(one, own.get(one.task));
      if (now !== undefined) own.set(one.task, now);
    }
    for (const [task, value] of own) if (!told.has(task)) told.set(task, value);
  }
  return told;
}
