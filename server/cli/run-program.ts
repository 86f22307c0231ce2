/** `modelyard run` without the other commands: what is not in its bundle need not be read, and takes no memory. */
import { perform } from './perform.js';

/** As in `program.ts`. */
export async function main(): Promise<void> {
  await perform({ run: async () => (await import('./commands/pipelines/run.js')).run });
}
