/**
 * Watches files of a project's memory. Who writes them is another process, often started in a terminal, and they lie in a
 * folder that editors may be told not to watch. So we watch them ourselves; a slow poll finds what no event told, such as
 * a folder that was not there before, or changes on a network disk.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import path from 'node:path';
import { fileStamp } from '../../stores/disk/folder.js';

const POLL_MS = 2_000;

/** Watches are few on some systems: what is beyond is found by the poll. */
const MAX_WATCHERS = 256;

/** The folder whose events tell of a watched path. */
function folderOf(watched: string): string {
  return watched.endsWith(path.sep) ? watched.slice(0, -path.sep.length) : path.dirname(watched);
}

export class FilesWatch {
  readonly #changed: (root: string) => void;
  readonly #filesOf: (root: string) => Iterable<string>;
  readonly #pollMs: number;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Watched files and whose project they belong to. */
  readonly #files = new Map<string, { readonly root: string; stamp: string }>();
  #roots: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param changed called with the root of a project whose files changed, possibly several times for one change
   * @param filesOf absolute paths of what is watched of a project, now; they need not exist. One that ends with a
   *   separator is a folder that gets or loses members. Asked at every poll.
   */
  constructor(
    changed: (root: string) => void,
    filesOf: (root: string) => Iterable<string>,
    pollMs = POLL_MS,
  ) {
    this.#changed = changed;
    this.#filesOf = filesOf;
    this.#pollMs = pollMs;
  }

  /** Watches these projects and no others any more. That a project comes or goes is no news of its files. */
  follow(roots: readonly string[]): void {
    const before = this.#roots;
    this.#roots = roots;
    this.#tell([...this.#arrange()].filter((root) => before.includes(root) && roots.includes(root)));
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#poll(), this.#pollMs);
      this.#timer.unref();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#files.clear();
  }

  /** Asks which files there are, now: they are others than before. Tells of projects that have new ones, or have lost some. */
  arrange(): void {
    this.#tell(this.#arrange());
  }

  #tell(roots: Iterable<string>): void {
    for (const root of roots) this.#changed(root);
  }

  /**
   * Answers the projects that have new files, or have lost some. Whoever calls has to tell of them: their files are known
   * from now on, and no poll finds them new again.
   */
  #arrange(): Set<string> {
    const files = new Map<string, string>();
    for (const root of this.#roots) for (const file of this.#filesOf(root)) files.set(file, root);
    const different = new Set<string>();
    for (const [file, { root }] of [...this.#files]) {
      if (files.has(file)) continue;
      this.#files.delete(file);
      different.add(root);
    }
    for (const [file, root] of files) {
      if (this.#files.has(file)) continue;
      this.#files.set(file, { root, stamp: fileStamp(file) });
      different.add(root);
    }
    const folders = new Map([...files].map(([file, root]) => [folderOf(file), root]));
    for (const [folder, watcher] of [...this.#watchers]) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [folder, root] of folders) {
      if (this.#watchers.size >= MAX_WATCHERS) break;
      if (!this.#watchers.has(folder)) this.#watch(folder, root);
    }
    return different;
  }

  #watch(folder: string, root: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        const any = this.#files.has(folder + path.sep);
        if (!any && name !== null && !this.#files.has(path.join(folder, name))) return;
        this.#tell((any ? this.#arrange() : new Set<string>()).add(root));
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
    const changed = this.#arrange();
    for (const [file, known] of this.#files) {
      const stamp = fileStamp(file);
      if (stamp === known.stamp) continue;
      known.stamp = stamp;
      changed.add(known.root);
    }
    if (changed.size > 0) for (const root of this.#arrange()) changed.add(root);
    this.#tell(changed);
  }
}
