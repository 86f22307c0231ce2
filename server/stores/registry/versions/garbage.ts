/** What of the registry's bytes nobody needs: for `gc`. Versions that are deleted keep theirs until they are purged. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { tempOwner } from '../../disk/atomic.js';
import { pidInUse } from '../../machine/liveness.js';
import { describeError } from '../../disk/problem.js';
import type { StoreProblem } from '../../disk/problem.js';
import type { ContentHash } from '../../runs/document.js';
import { namesIn } from '../../disk/folder.js';
import type { Registry } from '../registry.js';

/** A registration that goes on has taken its bytes in but has no version yet. */
const GRACE_MS = 60 * 60 * 1000;

export interface OwnedArtifacts {
  /** Of every version that is not purged. */
  readonly hashes: ReadonlySet<ContentHash>;
  /** Those of them that are folders. */
  readonly folders: ReadonlySet<ContentHash>;
  /** Why it can't be said that these are all; then nothing may be freed. */
  readonly problems: readonly StoreProblem[];
}

/** The artifacts of all versions, told from the journals, which are the truth. */
export function ownedArtifacts(registry: Registry): OwnedArtifacts {
  const hashes = new Set<ContentHash>();
  const folders = new Set<ContentHash>();
  const problems: StoreProblem[] = [];
  for (const name of registry.modelNames()) {
    const store = registry.store(name);
    try {
      const loaded = store.load();
      if (loaded?.damaged === true) problems.push(...loaded.problems);
      const { entries, problems: unreadable } = store.journal.readFrom(0);
      problems.push(...unreadable);
      const purged = new Set(
        entries.flatMap((entry) => (entry.action === 'version-purged' ? [entry.version] : [])),
      );
      for (const entry of entries) {
        if (entry.action !== 'version-created' || purged.has(entry.version)) continue;
        if (entry.document.purged === true) continue;
        const { hash, files } = entry.document.artifact;
        hashes.add(hash);
        if (files !== undefined) folders.add(hash);
      }
    } catch (error) {
      const message = `Can't read the history ${store.journal.file}: ${describeError(error)}.`;
      problems.push({ path: store.journal.file, message });
    }
  }
  return { hashes, folders, problems };
}

export interface RegistryGarbage {
  /** Objects without a version, folders laid out of them, and temp files of writers that are gone. Absolute. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** In words, when nothing is freed because a model or a run can't be read. */
  readonly notice?: string;
}

/**
 * What could be freed. Changes nothing.
 * @param held files that others need: those of tracked runs and logged models
 */
export function registryGarbage(
  registry: Registry,
  owned: OwnedArtifacts,
  held: Iterable<ContentHash> = [],
  now: number = Date.now(),
): RegistryGarbage {
  const [problem] = owned.problems;
  if (problem !== undefined) {
    return {
      files: [],
      notice: `Nothing of the model registry is freed, because not all that may need it can be read. ${problem.message}`,
    };
  }
  const needed = new Set([...owned.hashes, ...held]);
  for (const listing of owned.folders) for (const hash of registry.objects.closure(listing)) needed.add(hash);
  const files: { path: string; bytes: number }[] = [];
  for (const { hash, path: file, bytes, ctimeMs } of registry.objects.all()) {
    if (!needed.has(hash) && now - ctimeMs > GRACE_MS) files.push({ path: file, bytes });
  }
  const { folders, temp } = registry.places;
  for (const name of namesIn(folders)) {
    const file = path.join(folders, name);
    const old = olderThan(file, now);
    if (old && tempOwner(name) === undefined && !owned.hashes.has(`sha256:${name}`)) {
      files.push({ path: file, bytes: bytesIn(file) });
    }
  }
  for (const folder of [temp, folders]) {
    for (const name of namesIn(folder)) {
      const pid = tempOwner(name);
      const file = path.join(folder, name);
      if (pid !== undefined && !pidInUse(pid) && olderThan(file, now))
        files.push({ path: file, bytes: bytesIn(file) });
    }
  }
  return { files };
}

function olderThan(file: string, now: number): boolean {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && now - stat.ctimeMs > GRACE_MS;
}

function bytesIn(target: string): number {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return stat?.size ?? 0;
  return namesIn(target).reduce((sum, name) => sum + bytesIn(path.join(target, name)), 0);
}
