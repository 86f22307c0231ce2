/** The pipelines that a run calls, read once when it begins: all of its tasks, and whoever resumes it, get the same. */
import type { Pipeline } from '../../definition/definition.js';
import type { LoadedPipeline, RunOptions } from '../run-options.js';

export type Called = ReadonlyMap<string, Extract<LoadedPipeline, { ok: true }>>;

/** Those that a pipeline names without an expression, and those that these name in turn. What can't be read is left to the task that calls it. */
export async function calledBy(pipeline: Pipeline, load: RunOptions['load']): Promise<Called> {
  const found = new Map<string, Extract<LoadedPipeline, { ok: true }>>();
  const wanted = new Set(namedIn(pipeline));
  for (const name of wanted) {
    const loaded = await load(name);
    if (!loaded.ok) continue;
    found.set(name, loaded);
    for (const one of namedIn(loaded.pipeline)) wanted.add(one);
  }
  return found;
}

function namedIn({ tasks }: Pipeline): readonly string[] {
  return tasks.flatMap(({ action }) =>
    action?.kind === 'pipeline' && action.name.template === undefined ? [action.name.text.trim()] : [],
  );
}

/** Gives what is known, and reads what an expression names only once. */
export function loadOnce(known: Called, load: RunOptions['load']): RunOptions['load'] {
  const asked = new Map<string, Promise<LoadedPipeline>>();
  return (name) => {
    const there = known.get(name);
    if (there !== undefined) return Promise.resolve(there);
    const before = asked.get(name) ?? load(name);
    asked.set(name, before);
    return before;
  };
}
