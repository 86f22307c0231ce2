/**
 * Watches for branch switches. Editors leave `.git` out of what they watch, and a switch may touch more files than they
 * tell of. `index` and `HEAD` are written after the work tree is, so that their change is the moment to look at everything
 * again; `index` also for `reset`, `stash` and `pull`, which leave `HEAD` alone.
 */
import { statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import path from 'node:path';
import { findGitRoot } from '../../project/find-root.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

/** Where git keeps the `HEAD` of a work tree; in linked work trees `.git` is a file that names the place. */
function gitFolder(workTree: string): string | undefined {
  const dotGit = path.join(workTree, '.git');
  try {
    if (statSync(dotGit).isDirectory()) return dotGit;
    const target = /^gitdir: (.+)$/m.exec(readPlainText(dotGit, true))?.[1];
    return target === undefined ? undefined : path.resolve(workTree, target);
  } catch {
    return undefined;
  }
}

export class HeadWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches the work trees that these folders lie in, and no others any more. */
  follow(folders: readonly string[]): void {
    const wanted = new Set<string>();
    for (const folder of folders) {
      const workTree = findGitRoot(folder);
      const git = workTree === undefined ? undefined : gitFolder(workTree);
      if (git !== undefined) wanted.add(git);
    }
    for (const [git, watcher] of this.#watchers) {
      if (wanted.has(git)) continue;
      watcher.close();
      this.#watchers.delete(git);
    }
    for (const git of wanted) if (!this.#watchers.has(git)) this.#watch(git);
  }

  close(): void {
    this.follow([]);
  }

  #watch(git: string): void {
    try {
      const watcher = watch(git, { persistent: false }, (_event, name) => {
        if (name === 'HEAD' || name === 'index') this.#changed();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(git);
      });
      this.#watchers.set(git, watcher);
    } catch {
      // No more watches to be had: the editor's own events have to do.
    }
  }
}
