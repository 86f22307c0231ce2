/** Files of another MLflow store as objects of the registry. */
import { describeError } from '../../stores/disk/problem.js';
import type { TrackedArtifact } from '../../stores/tracking/tracked-run.js';
import type { Tracking } from '../tracking.js';
import type { ForeignRun } from './foreign.js';

/**
 * @param owner what they are of, for problems
 * @param problems gets what can't be taken in, and why
 * @returns what they are here, by their paths
 */
export async function putFiles(
  { registry: { objects } }: Tracking,
  owner: string,
  artifacts: () => ReturnType<ForeignRun['artifacts']>,
  problems: string[],
): Promise<Readonly<Record<string, TrackedArtifact>>> {
  const files = new Map<string, TrackedArtifact>();
  try {
    for (const [name, file] of artifacts()) {
      const put = await objects.put(file);
      if (put.ok) files.set(name, { hash: put.stored.hash, bytes: put.stored.bytes });
      else problems.push(`${file}: ${put.error.message}`);
    }
  } catch (error) {
    problems.push(`${owner}: ${describeError(error)}`);
  }
  return Object.fromEntries(files);
}
