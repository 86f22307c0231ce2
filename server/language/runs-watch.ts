/**
 * Watches the runs of projects. The runner is another process, often started in a terminal, and what it writes lies in a
 * folder that editors may be told not to watch. So we watch it ourselves; a slow poll finds what no event told, such as
 * the folder itself when the first run makes it, or changes on a network disk.
 */
import { statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import path from 'node:path';

const POLL_MS = 2_000;

/** The parts of a project's memory that change with its runs. */
function indexOf(root: string): string {
  return path.join(root, '.modelyard', 'runs', 'index.ndjson');
}

function stampOf(file: string): string {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat === undefined ? '' : `${stat.size}:${stat.mtimeMs}:${stat.ino}`;
  } catch {
    return '';
  }
}

export class RunsWatch {
  readonly #changed: (root: string) => void;
  readonly #pollMs: number;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Watched files and whose project they belong to. */
  readonly #files = new Map<string, { readonly root: string; stamp: string }>();
  #roots: readonly string[] = [];
  #active = new Map<string, readonly string[]>();
  #timer: NodeJS.Timeout | undefined;

  /** @param changed called with the root of a project whose runs changed, possibly several times for one change. */
  constructor(changed: (root: string) => void, pollMs = POLL_MS) {
    this.#changed = changed;
    this.#pollMs = pollMs;
  }

  /** Watches these projects and no others any more. */
  follow(roots: readonly string[]): void {
    this.#roots = roots;
    this.#arrange();
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#poll(), this.#pollMs);
      this.#timer.unref();
    }
  }

  /** Watches the folders (absolute) of runs that are under way in a project too. */
  followRuns(root: string, folders: readonly string[]): void {
    this.#active.set(root, folders);
    this.#arrange();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#files.clear();
  }

  #arrange(): void {
    const files = new Map<string, string>();
    for (const root of this.#roots) {
      files.set(indexOf(root), root);
      for (const folder of this.#active.get(root) ?? []) {
        files.set(path.join(folder, 'run.json'), root);
        files.set(path.join(folder, 'events.ndjson'), root);
      }
    }
    for (const file of [...this.#files.keys()]) if (!files.has(file)) this.#files.delete(file);
    for (const [file, root] of files) {
      if (!this.#files.has(file)) this.#files.set(file, { root, stamp: stampOf(file) });
    }
    const folders = new Map([...files].map(([file, root]) => [path.dirname(file), root]));
    for (const [folder, watcher] of [...this.#watchers]) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [folder, root] of folders) if (!this.#watchers.has(folder)) this.#watch(folder, root);
  }

  #watch(folder: string, root: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name !== null && !this.#files.has(path.join(folder, name))) return;
        this.#changed(root);
      });
      const close = () => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
      };
      watcher.on('error', close);
      this.#watchers.set(folder, watcher);
    } catch {
      // The folder isn't there yet, or no more watches are to be had: the poll will see.
    }
  }

  #poll(): void {
    const changed = new Set<string>();
    for (const [file, known] of this.#files) {
      const stamp = stampOf(file);
      if (stamp === known.stamp) continue;
      known.stamp = stamp;
      changed.add(known.root);
    }
    if (changed.size > 0) this.#arrange();
    for (const root of changed) this.#changed(root);
  }
}
