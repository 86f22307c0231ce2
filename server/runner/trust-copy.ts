/** Saying yes to a memory, which may be a copy of one whose services and runs go on elsewhere. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { disownDeployments, disownServices } from '../serving/services/disown.js';
import { filesIn, foldersIn } from '../stores/disk/folder.js';
import { type Layout, folderIn } from '../stores/layout.js';
import { describeError } from '../stores/disk/problem.js';
import { RunStore } from '../stores/runs/runs.js';
import { isCopy, isKeyedCopy, memoryState, trustMemory } from '../stores/trust.js';

/**
 * Says yes to a memory. In one that another folder has made, the processes that it names are forgotten: they go on where
 * they belong, and nothing here commands them or waits for them.
 */
export function trustCopy(layout: Layout): ReturnType<typeof trustMemory> {
  const copied = memoryState(layout) === 'foreign' && isCopy(layout);
  try {
    if (copied) {
      disownServices(layout.root);
      disownDeployments(layout.root);
      forgetLocks(layout);
    }
  } catch (error) {
    return { ok: false, message: `Can't write to ${layout.memory}: ${describeError(error)}.` };
  }
  const done = trustMemory(layout);
  if (!done.ok || !copied) return done;
  const store = RunStore.open(layout.root);
  for (const id of store.liveIds()) {
    const problem = store.giveUp(id);
    if (problem !== undefined) return { ok: false, message: problem.message };
  }
  return done;
}

/** Says yes where `MODELYARD_MEMORY_KEY` does. Where that can't be written down, the memory stays one to look at. */
export function trustByKey(layout: Layout): void {
  if (isKeyedCopy(layout)) trustCopy(layout);
}

/** Locks that are held as long as work takes. Throws the system's errors. */
function forgetLocks({ memory, locks }: Layout): void {
  const views = folderIn(folderIn(memory, 'features'), 'views');
  const ofViews = foldersIn(views)
    .flatMap(filesIn)
    .filter((file) => path.basename(file) === 'lock');
  const ofRuns = filesIn(locks).filter((file) => /\.(?:json|lock)$/.test(file));
  for (const file of [...ofViews, ...ofRuns]) rmSync(file, { force: true });
}
