/** Saying yes to a memory, which may be a copy of one whose services and runs go on elsewhere. */
import { disownServices } from '../serving/disown.js';
import type { Layout } from '../stores/layout.js';
import { describeError } from '../stores/problem.js';
import { RunStore } from '../stores/runs.js';
import { memoryState, trustMemory, wasMadeHere } from '../stores/trust.js';
import { replay } from './resume.js';

/**
 * Says yes to a memory. In one that another folder has made, the processes that it names are forgotten: they go on where
 * they belong, and nothing here commands them.
 */
export function trustCopy(layout: Layout): ReturnType<typeof trustMemory> {
  const copied = memoryState(layout) === 'foreign' && !wasMadeHere(layout);
  try {
    if (copied) disownServices(layout.root);
  } catch (error) {
    return { ok: false, message: `Can't write to ${layout.memory}: ${describeError(error)}.` };
  }
  const done = trustMemory(layout);
  if (!done.ok || !copied) return done;
  const store = RunStore.open(layout.root);
  for (const id of store.liveIds()) {
    const problem = store.giveUp(id, replay(store));
    if (problem !== undefined) return { ok: false, message: problem.message };
  }
  return done;
}
