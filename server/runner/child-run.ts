/** Runs that are part of another one: finding what a task has started before, and telling its log how they go. */
import type { RunDocument } from '../stores/run-document.js';
import type { RunStore } from '../stores/runs.js';
import type { EventSink } from './events.js';
import { findResumable } from './resume.js';

/** The run that a task of this run, or of the one it goes on from, has started and that is not done with. */
export function earlierChild(
  store: RunStore,
  pipeline: string,
  task: string,
  parents: readonly string[],
): RunDocument | undefined {
  for (const { id } of store.list({ limit: 50, pipeline })) {
    const read = store.read(id);
    if (!read.ok || read.run.parent?.task !== task || !parents.includes(read.run.parent.run)) continue;
    if (read.run.status === 'succeeded') return read.run;
    const found = findResumable(store, pipeline, id);
    return found.ok ? found.run : undefined;
  }
  return undefined;
}

/** The main steps of a run in the log of the task that started it; its own logs have the rest. */
export function childSink(say: (line: string) => void): EventSink {
  return (event) => {
    if (event.type === 'run-created') say(`run ${event.run.id} of ${event.run.pipeline}`);
    else if (event.type === 'notice') say(event.message);
    else if (event.type === 'approval-requested') say(`[${event.id}] waits for an approval`);
    else if (event.type === 'task-ended') {
      const why = event.error ?? event.note;
      say(`[${event.id}] ${event.status}${why === undefined ? '' : `: ${why}`}`);
    }
  };
}
