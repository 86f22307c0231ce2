/** The releases of environments: which there are, who is on them, and what happened. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { withLock } from '../../stores/disk/file-lock.js';
import type { StoreProblem } from '../../stores/disk/problem.js';
import { Journal } from '../../stores/registry/journal/journal.js';
import type { RunReference } from '../../stores/registry/types.js';
import { environmentsFolder, isReleaseId, releasePlaces, releasesFolder } from '../places.js';
import { listServices } from '../services/read.js';
import { readRelease } from './document.js';
import type { ReleaseDocument } from '../types.js';

/** One line of an environment's `history.ndjson`: what was put there, and what was taken away again. */
export interface ReleaseEntry {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly action: 'deployed' | 'removed';
  readonly release: string;
  /** `rain-app@3` */
  readonly package: string;
  /** `rain@5` */
  readonly model?: string;
  /** `user@host` */
  readonly who: string;
  readonly run?: RunReference;
}

const LOCK_TIMEOUT_MS = 30_000;

/** None of a folder that can't be read, too: a view of releases shows what it can. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Ids of the releases of an environment, those that are being made among them, in no order. */
export function releaseIds(root: string, environment: string): readonly string[] {
  return namesIn(releasesFolder(root, environment)).filter(isReleaseId);
}

/** Releases that are whole, the newest first. */
export function listReleases(root: string, environment: string): readonly ReleaseDocument[] {
  return namesIn(releasesFolder(root, environment))
    .filter(isReleaseId)
    .sort()
    .reverse()
    .flatMap((id) => {
      const read = readRelease(root, environment, id);
      return read.state === 'ok' ? [read.value] : [];
    });
}

/** Releases of every environment, the newest of each first. */
export function allReleases(root: string): readonly ReleaseDocument[] {
  const top = environmentsFolder(root);
  return namesIn(top).flatMap((environment) =>
    namesIn(path.join(top, environment, 'releases'))
      .filter(isReleaseId)
      .sort()
      .reverse()
      .flatMap((id) => {
        // The folder's name stands for the environment's; the document has the name itself.
        const read = readRelease(root, environment, id);
        return read.state === 'ok' ? [read.value] : [];
      }),
  );
}

/** Who needs a version of a model or a package, in words: a release that it is on. */
export function heldByReleases(
  root: string,
  what: 'model' | 'package',
): (name: string, version: string) => string | undefined {
  let known: readonly ReleaseDocument[] | undefined;
  return (name, version) => {
    known ??= allReleases(root);
    const release = known.find((one) => {
      const held = what === 'model' ? one.model : one.package;
      return held?.name === name && held.version === version;
    });
    if (release === undefined) return undefined;
    return `the release ${madeOf(release)} in ${release.environment} (${release.id})`;
  };
}

function historyOf(root: string, environment: string): Journal<ReleaseEntry> {
  return new Journal<ReleaseEntry>(
    path.join(path.dirname(releasesFolder(root, environment)), 'history.ndjson'),
  );
}

/** Why nothing may be deployed to an environment: a newer Modelyard has written to its history. */
export function refusedHistory(root: string, environment: string): StoreProblem | undefined {
  return historyOf(root, environment).refused();
}

/** What was deployed to an environment and taken away again, the newest first. */
export function releaseHistory(root: string, environment: string, limit = 100): readonly ReleaseEntry[] {
  const entries: ReleaseEntry[] = [];
  for (const entry of historyOf(root, environment).backward()) {
    if (entries.length >= limit) break;
    entries.push(entry);
  }
  return entries;
}

interface Named {
  readonly name: string;
  readonly version: string;
}

/** What a release is called before people: `rain-app@2 · rain@5`. */
export function madeOf(
  { package: app, model }: { readonly package: Named; readonly model?: Named },
  separator = ' · ',
): string {
  return [app, model].flatMap((one) => (one === undefined ? [] : [referenceOf(one)])).join(separator);
}

export function referenceOf(thing: Named): string {
  return `${thing.name}@${thing.version}`;
}

/** Does something that nobody else may do in the environment at the same time. @throws the system's errors */
export function withEnvironment<T>(
  root: string,
  environment: string,
  work: () => T,
): ReturnType<typeof withLock<T>> {
  const folder = path.dirname(releasesFolder(root, environment));
  mkdirSync(folder, { recursive: true });
  return withLock(path.join(folder, 'lock'), LOCK_TIMEOUT_MS, work);
}

/**
 * Writes down that a release was made, and takes old ones away: `keep` older ones stay, and whatever a service runs or
 * would go back to.
 */
export function recordRelease(root: string, release: ReleaseDocument, keep: number): readonly string[] {
  const { environment } = release;
  const done = withEnvironment(root, environment, () => {
    append(root, environment, [entryOf(release, 'deployed', release.createdBy)]);
    const needed = inUse(root, environment);
    const old = listReleases(root, environment)
      .filter(({ id }) => id < release.id)
      .slice(keep)
      .filter(({ id }) => !needed.has(id));
    for (const one of old)
      rmSync(releasePlaces(root, environment, one.id).folder, { recursive: true, force: true });
    append(
      root,
      environment,
      old.map((one) => entryOf(one, 'removed', release.createdBy)),
    );
    return old.map(({ id }) => id);
  });
  return done.ok ? done.value : [];
}

function entryOf(
  release: ReleaseDocument,
  action: ReleaseEntry['action'],
  who: string,
): Omit<ReleaseEntry, 'seq'> {
  return {
    at: action === 'deployed' ? release.createdAt : new Date().toISOString(),
    action,
    release: release.id,
    package: referenceOf(release.package),
    ...(release.model === undefined ? {} : { model: referenceOf(release.model) }),
    who,
    ...(action === 'deployed' && release.run !== undefined ? { run: release.run } : {}),
  };
}

function append(root: string, environment: string, entries: readonly Omit<ReleaseEntry, 'seq'>[]): void {
  if (entries.length === 0) return;
  const journal = historyOf(root, environment);
  const { entries: before, end } = journal.readFrom(0);
  const seq = before.at(-1)?.seq ?? 0;
  journal.append(
    entries.map((entry, index) => ({ seq: seq + 1 + index, ...entry })),
    end,
  );
}

/** Releases that a service runs, tries, or went on from. */
function inUse(root: string, environment: string): ReadonlySet<string> {
  return new Set(
    listServices(root)
      .services.filter((service) => service.environment === environment)
      .flatMap(({ current, candidate, previous }) => [current?.id, candidate?.id, previous[0]])
      .filter((id) => id !== undefined),
  );
}
