/** Whether a submission has come to something that nobody could say anything of. */
import { delay } from '../../../../base/delay.js';
import type { SlurmClient } from '../client.js';

/** Answers without the jobs until they count as not submitted. An answer may be empty although nothing is wrong. */
const ABSENCES = 3;
const LOOK_UP_MS = 2_000;

interface Sought {
  /** Nobody wants it any more. */
  readonly isOver: boolean;
  /** What it says itself. */
  startedAs(): { readonly id: string } | undefined;
}

/**
 * The id of what bears the name after all. It need not be seen at once.
 * @param jobs that were submitted with that name
 */
export async function lookUp(
  client: SlurmClient,
  name: string,
  jobs: readonly Sought[],
  pollMs: number,
): Promise<string | undefined> {
  for (let clean = 0; clean < ABSENCES && !jobs.every((job) => job.isOver);) {
    await delay(Math.min(LOOK_UP_MS, pollMs));
    const list = await client.listJobs();
    const listed = list?.find((one) => one.name === name)?.id;
    const id = listed ?? jobs.map((job) => job.startedAs()?.id).find((one) => one !== undefined);
    if (id !== undefined) return id.split('_')[0];
    if (list !== undefined) clean++;
  }
  return undefined;
}
