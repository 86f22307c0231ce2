/** What earlier runs tell of tasks that the rules ask for: nothing is read until somebody does, and again only when there are other runs. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { OpenedFiles } from '../../base/runs/task-outcome.js';
import { fileStamp } from '../../stores/disk/folder.js';
import { layoutOf } from '../../stores/layout.js';
import type { TaskRun } from '../../stores/runs/document.js';
import { RunStore } from '../../stores/runs/runs.js';

/** So many of the newest runs of a pipeline are looked through for one that has done the task. */
const RECENT_RUNS = 5;

/** What earlier runs tell of a task. */
interface Told {
  readonly peak?: number;
  readonly opened?: OpenedFiles;
}

export interface TasksBefore {
  /**
   * The most that a task used in the last run in which it was done on a cluster, in bytes; of a matrix, the cell that used
   * most: there what is asked for is held for nobody else.
   */
  peak(pipeline: string, task: string): number | undefined;
  /** The files of the project that a task was seen to open in the last run that noted it; of a matrix, those of all of its cells. */
  opened(pipeline: string, task: string): OpenedFiles | undefined;
}

/** @param root of the project */
export function tasksBefore(root: string): TasksBefore {
  const layout = layoutOf(root);
  const index = path.join(layout.runs, 'index.ndjson');
  let stamp = '';
  const known = new Map<string, ReadonlyMap<string, Told>>();
  const told = (pipeline: string, task: string): Told | undefined => {
    const now = fileStamp(index);
    if (now !== stamp) known.clear();
    stamp = now;
    let tasks = known.get(pipeline);
    if (tasks === undefined) known.set(pipeline, (tasks = newestOf(new RunStore(layout), pipeline)));
    return tasks.get(task);
  };
  return {
    peak: (pipeline, task) => told(pipeline, task)?.peak,
    opened: (pipeline, task) => told(pipeline, task)?.opened,
  };
}

function newestOf(store: RunStore, pipeline: string): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  const runs = store.list({
    limit: RECENT_RUNS,
    pipeline,
    status: ['succeeded', 'failed'],
    source: 'pipeline',
  });
  for (const { id } of runs) {
    const read = store.read(id);
    const own = new Map<string, Told>();
    for (const one of read.ok ? read.run.tasks : [])
      if (one.status === 'succeeded') own.set(one.task, withCell(own.get(one.task), one));
    // Newer runs count first.
    for (const [task, older] of own) told.set(task, { ...older, ...told.get(task) });
  }
  return told;
}

/** With what one more cell of the same run tells. */
function withCell({ peak, opened }: Told = {}, cell: TaskRun): Told {
  const used = cell.job === undefined ? undefined : cell.peakMemoryBytes;
  const united = (key: 'read' | 'written'): string[] => [
    ...new Set([...(opened?.[key] ?? []), ...(cell.opened?.[key] ?? [])]),
  ];
  return defined({
    peak: used === undefined ? peak : Math.max(peak ?? 0, used),
    opened: cell.opened === undefined ? opened : { read: united('read'), written: united('written') },
  });
}
