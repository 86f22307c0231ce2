/** Processes that a killed host left behind and that nobody has taken over. */
import path from 'node:path';
import { rmSync } from 'node:fs';
import { namesIn } from '../../stores/disk/folder.js';
import { isOurs } from '../../stores/machine/liveness.js';
import type { RunningRelease, ServiceDocument } from '../types.js';
import { endProcesses } from './app/process.js';

const STOP_MS = 5_000;

/**
 * Ends them: what the document knows of, and what was started in the moment before the document could say so, which is
 * told by the pipe that lies there for each process.
 * @param folder of the service
 * @param keep what runs on
 */
export async function endOrphans(
  folder: string,
  before: ServiceDocument | undefined,
  keep: readonly RunningRelease[],
): Promise<void> {
  const kept = new Set(keep.flatMap((run) => run.replicas.map((replica) => replica.id)));
  const known = [before?.current, before?.candidate].flatMap((run) => run?.replicas ?? []);
  const pipes = path.join(folder, 'pipes');
  const ids = new Set([...known.map((replica) => replica.id), ...namesIn(pipes)].filter(isReplicaId));
  await Promise.all(
    [...ids].map(async (id) => {
      if (kept.has(id)) return;
      const replica = known.find((one) => one.id === id);
      // A number without its process may be anybody's by now.
      const group = replica !== undefined && isOurs(replica) ? replica.pid : undefined;
      await endProcesses(group, id, STOP_MS);
      rmSync(path.join(pipes, id), { force: true });
    }),
  );
}

/** As they are made; anything else in a document is no name of a pipe that may be removed. */
export const isReplicaId = (id: string): boolean => /^[0-9a-f]{16}$/.test(id);
