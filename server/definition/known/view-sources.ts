/** Where feature views take their data from, by name: what makes a file of a view and what computes it belong together. */
import { factsOf } from '../actions.js';
import type { Pipeline } from '../definition.js';
import type { Features } from '../features.js';

/** @returns paths and globs as they are written; of views with the same name, the first counts */
export function viewSources(files: readonly Features[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const { views } of files) {
    for (const { name, source } of views) {
      if (source?.path !== undefined && !sources.has(name)) sources.set(name, source.path.value);
    }
  }
  return sources;
}

/** Whether a pipeline's graph depends on where views take their data from: the others need not ask. */
export function readsViewSources(pipeline: Pipeline): boolean {
  return pipeline.tasks.some(({ action }) => action !== undefined && factsOf(action).views !== undefined);
}
