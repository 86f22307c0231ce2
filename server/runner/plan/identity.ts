/**
 * What a task has come to, as one value: equal where doing it again would change nothing for whoever follows. By it a
 * resumed run knows whether an effect (an approval, a deployment, a command without outputs) was done for what there is now.
 */
import { hashOf } from '../../stores/content/hash.js';
import type { ArtifactRecord, RunDocument, TaskStatus } from '../../stores/runs/document.js';

/** Of one task by itself. One that made nothing is known by how it ended. */
export function madeOf(
  status: TaskStatus,
  fingerprint: string,
  outputs: readonly Pick<ArtifactRecord, 'path' | 'hash'>[],
): string {
  if (status !== 'succeeded' && status !== 'cached') return status;
  return short(JSON.stringify([fingerprint, ...outputs.map(({ path, hash }) => `${path} ${hash}`)]));
}

/** Of a task, and of all that it depends on. */
export interface Identity {
  readonly made: string;
  /** Of everything that it depends on, over any number of steps; empty where it depends on nothing. */
  readonly upstream: string;
  /** Both in one. */
  readonly identity: string;
}

/** Of a whole run that another one has called. */
export function madeOfRun(run: RunDocument): string {
  return short(
    JSON.stringify(
      run.tasks.map(({ id, status, fingerprint, outputs }) => [
        id,
        madeOf(status, fingerprint?.hash ?? '', outputs),
      ]),
    ),
  );
}

/** Digits of a hash that nobody has to break. */
const LENGTH = 16;

export function short(text: string): string {
  return hashOf(text)
    .replace(/^sha256:/, '')
    .slice(0, LENGTH);
}

/** Of a task that is no part of this run: what it depends on is nobody's business here. */
export function selfContained(made: string): Identity {
  return { made, upstream: '', identity: short(made) };
}
