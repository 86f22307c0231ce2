/** Watches the runs of projects: their index, and the documents of those that are under way. */
import path from 'node:path';
import { FilesWatch } from '../../watch/files-watch.js';

export class RunsWatch {
  readonly #files: FilesWatch;
  readonly #active = new Map<string, readonly string[]>();

  /** @param changed called with the root of a project whose runs changed, possibly several times for one change. */
  constructor(changed: (root: string) => void, pollMs?: number) {
    this.#files = new FilesWatch(changed, (root) => this.#filesOf(root), pollMs);
  }

  #filesOf(root: string): string[] {
    return [
      path.join(root, '.modelyard', 'runs', 'index.ndjson'),
      ...(this.#active.get(root) ?? []).flatMap((folder) => [
        path.join(folder, 'run.json'),
        path.join(folder, 'events.ndjson'),
      ]),
    ];
  }

  /** Watches these projects and no others any more. */
  follow(roots: readonly string[]): void {
    this.#files.follow(roots);
  }

  /** Watches the folders (absolute) of runs that are under way in a project too. */
  followRuns(root: string, folders: readonly string[]): void {
    this.#active.set(root, folders);
    this.#files.arrange();
  }

  close(): void {
    this.#files.close();
  }
}
