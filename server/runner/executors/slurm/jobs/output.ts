/** What a job writes into its folder as it goes: output and metrics, handed on to the run. */
import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import path from 'node:path';
import { writeFully } from '../../../../stores/disk/atomic.js';
import type { ExecutorJob } from '../../executor.js';
import { GrowingFile } from './growing-file.js';
import { FILES } from './script.js';

/** Of each of a job's files in one look: other jobs, and who wants to cancel, have their turn. */
const LOOK_BYTES = 16 * 1024 * 1024;

export class JobOutput {
  readonly #tails: readonly ((most?: number) => void)[];

  /** @param folder absolute; of the job */
  constructor(folder: string, { env, onOutput }: Pick<ExecutorJob, 'env' | 'onOutput'>) {
    const tail = (file: string, take: (chunk: Buffer) => void): ((most?: number) => void) => {
      const growing = new GrowingFile(path.join(folder, file));
      return (most) => growing.read(take, most);
    };
    const metrics = env.own['MODELYARD_METRICS'];
    this.#tails = [
      tail(FILES.out, (chunk) => onOutput('stdout', chunk)),
      tail(FILES.err, (chunk) => onOutput('stderr', chunk)),
      // Whoever reads the task's metrics reads them where local tasks write theirs.
      ...(metrics === undefined ? [] : [tail(FILES.metrics, (chunk) => append(metrics, chunk))]),
    ];
  }

  look(): void {
    for (const read of this.#tails) read(LOOK_BYTES);
  }

  /** All that is left: nothing more is written. */
  finish(): void {
    for (const read of this.#tails) read();
  }
}

/** All of it or nothing: what could not be written comes again. */
function append(file: string, chunk: Buffer): void {
  const descriptor = openSync(file, 'a');
  try {
    const { size } = fstatSync(descriptor);
    try {
      writeFully(descriptor, chunk);
    } catch (error) {
      ftruncateSync(descriptor, size);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}
