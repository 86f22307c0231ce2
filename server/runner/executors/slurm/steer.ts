/** What people do with one job of a run: end it, hold it back in the queue, let it go on. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { plural } from '../../../base/format.js';
import type { Layout } from '../../../stores/layout.js';
import type { JobOrder, Steered } from '../executor.js';
import { type Answer } from './client.js';
import { clusterAt, remoteOf } from './clusters.js';
import { isShared, readEntries } from './entry.js';
import { hasOthers } from './jobs/marks.js';
import { FILES } from './jobs/script.js';

/** @param dry nothing is done */
export async function steerSlurmJob(
  layout: Layout,
  run: string,
  task: string,
  order: JobOrder,
  dry: boolean,
): Promise<Steered> {
  const entry = readEntries(layout).findLast((one) => one.run === run && one.task === task);
  if (entry?.id === undefined) {
    const message = `${task} of run ${run} has no job in a queue: \`modelyard runs show ${run}\` shows its state`;
    return { ok: false, message };
  }
  const { id, executor, folder, batch } = entry;
  const { client } = clusterAt(entry.remote?.login);
  const job = `job ${id} on ${executor}`;
  const isPart = order === 'cancel' && hasOthers(entry);
  const others = isShared(entry) ? (batch?.members.length ?? 1) - 1 : 0;
  const together = others === 0 ? `task ${task}` : `task ${task} and ${plural(others, 'other')}`;
  const what = isPart ? `task ${task} in ${job}; the others in it go on` : `${job} (${together})`;
  if (dry) return { ok: true, message: what };
  if (order === 'cancel') {
    // It may be about to start; and whoever watches it learns who it was.
    writeFileSync(path.join(folder, FILES.cancel), '');
    await remoteOf(layout, entry)?.cancel([entry]);
    if (isPart) return { ok: true, message: what };
  }
  const answer: Answer = await (order === 'cancel'
    ? client.ask('scancel', [id])
    : client.ask('scontrol', [order, id]));
  return answer.ok ? { ok: true, message: what } : { ok: false, message: `${what}: ${answer.message}` };
}
