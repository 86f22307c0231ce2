/**
 * Releases that are being made, and what is left of those whose maker was killed. A claim says who makes a release. It
 * lies beside the releases and is there before the release's folder is, and until the release's document is: so a folder
 * without document and claim belongs to nobody, at whatever point its maker was killed.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { holderOf } from '../../stores/disk/file-lock.js';
import { namesIn, statOf } from '../../stores/disk/folder.js';
import { keepTouched } from '../../stores/machine/heartbeat.js';
import { isAlive, ownIdentity, signIn } from '../../stores/machine/liveness.js';
import { sweepTemps } from '../../stores/runs/runs.js';
import { environmentsFolder, isReleaseId, releasePlaces, releasesFolder } from '../places.js';
import { withEnvironment } from './releases.js';

/** The folder of an environment that holds them. */
export const CLAIMS = 'deploying';

function claimsFolder(root: string, environment: string): string {
  return path.join(path.dirname(releasesFolder(root, environment)), CLAIMS);
}

/** What stops touching the claims of this process. */
const claimed = new Map<string, () => void>();

/** Where the claim on a release lies. */
export function claimFile(root: string, environment: string, id: string): string {
  return path.join(claimsFolder(root, environment), `${id}.json`);
}

/** Ids of the releases of an environment that somebody has claimed. @throws the system's errors */
export function claimIds(root: string, environment: string): string[] {
  return namesIn(claimsFolder(root, environment))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isReleaseId);
}

/**
 * Says that this process makes a release. Comes before anything in the release's folder.
 * @param more what else the claim says
 * @throws the system's errors
 */
export function claimRelease(root: string, environment: string, id: string, more: object): void {
  mkdirSync(claimsFolder(root, environment), { recursive: true });
  const file = claimFile(root, environment, id);
  writeAtomic(file, JSON.stringify({ ...ownIdentity(), ...more }));
  claimed.set(file, keepTouched(file));
}

/** Takes the claim back: the release's document is there, or its folder is not. */
export function endClaim(root: string, environment: string, id: string): void {
  const file = claimFile(root, environment, id);
  claimed.get(file)?.();
  claimed.delete(file);
  rmSync(file, { force: true });
}

/** Takes away what deployments to an environment that were killed have left behind. @throws the system's errors */
export function sweepUnfinished(root: string, environment: string): void {
  const releases = releasesFolder(root, environment);
  withEnvironment(root, environment, () => {
    const made = namesIn(releases).filter(isReleaseId);
    for (const id of new Set([...claimIds(root, environment), ...made])) {
      const file = claimFile(root, environment, id);
      const owner = holderOf(file);
      if (typeof owner === 'object' && isAlive(owner, signIn(file))) continue;
      // Looked for after the claim: who ends a claim has written the document.
      const { document, folder } = releasePlaces(root, environment, id);
      if (statOf(document) === undefined) {
        rmSync(folder, { recursive: true, force: true });
      }
      rmSync(file, { force: true });
    }
    sweepTemps(claimsFolder(root, environment));
  });
}

/** The same in every environment of a project. @throws the system's errors */
export function sweepAllUnfinished(root: string): void {
  // The folder's name stands for the environment's.
  for (const environment of namesIn(environmentsFolder(root))) sweepUnfinished(root, environment);
}
