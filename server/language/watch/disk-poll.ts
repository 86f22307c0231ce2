/**
 * Follows the disk for clients that don't tell of it: what was asked of the disk is asked again from time to time, and
 * where the answer has changed, that is told like any other change of a file. Bounded in what it knows and in how long it
 * looks, so that a large project costs no more than a small part of a core.
 */
import type { EntryStat, FileSystem } from '../../project/files.js';
import { breathe } from '../../base/runs/steps.js';
import type { FileEvent } from '../workspace.js';

const POLL_MS = 2_000;

/** More paths are not followed; what is asked first is: settings, definitions and the folders that they lie in. */
const MOST_PATHS = 20_000;

/** One look takes at most this long. What is left is looked at next time. */
const LOOK_MS = 100;

/** Without a pause at most this long. */
const SLICE_MS = 10;

/** What stood at a path: `kind:stamp`, or nothing where there was nothing. */
type Seen = string;

export class DiskPoll {
  /** The disk, asked through which it is known what to look at again. */
  readonly files: FileSystem;
  readonly #disk: FileSystem;
  readonly #changed: (events: readonly FileEvent[]) => void;
  readonly #seen = new Map<string, Seen>();
  readonly #timer: NodeJS.Timeout;
  /** Paths that are to be looked at before all others are again. */
  #left: string[] = [];
  #looking = false;

  /** @param changed called with what has changed, when something has */
  constructor(disk: FileSystem, changed: (events: readonly FileEvent[]) => void, pollMs = POLL_MS) {
    this.#disk = disk;
    this.#changed = changed;
    this.files = {
      readText: (path) => this.#noting(path).readText(path),
      stampOf: (path) => this.#noting(path).stampOf(path),
      stat: (path) => this.#noting(path).stat(path),
      statLink: (path) => this.#noting(path).statLink(path),
      readFolder: (path) => this.#noting(path).readFolder(path),
      realPath: (path) => this.#noting(path).realPath(path),
    };
    this.#timer = setInterval(() => void this.look(), pollMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks now: a file was opened or saved, and so others may have been written beside it. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const events: FileEvent[] = [];
    if (this.#left.length === 0) this.#left = [...this.#seen.keys()].reverse();
    const end = performance.now() + LOOK_MS;
    let pause = performance.now() + SLICE_MS;
    for (let path = this.#left.pop(); path !== undefined; path = this.#left.pop()) {
      const event = this.#compare(path);
      if (event !== undefined) events.push(event);
      const now = performance.now();
      if (now > end) break;
      if (now < pause) continue;
      await breathe();
      pause = performance.now() + SLICE_MS;
    }
    this.#looking = false;
    if (events.length > 0) this.#changed(events);
  }

  /** What was seen first counts until it is looked at again: something may rest on it. Noted before it is asked about. */
  #noting(path: string): FileSystem {
    if (!this.#seen.has(path) && this.#seen.size < MOST_PATHS) this.#seen.set(path, this.#now(path));
    return this.#disk;
  }

  #compare(path: string): FileEvent | undefined {
    const before = this.#seen.get(path) ?? '';
    const now = this.#now(path);
    if (now === before) return undefined;
    this.#seen.set(path, now);
    if (now === '') return { path, type: 'deleted' };
    const [kind] = now.split(':', 1);
    // Members came or went in a folder: it is looked through as one that is new.
    return { path, type: kind === 'folder' || !before.startsWith(`${kind ?? ''}:`) ? 'created' : 'changed' };
  }

  #now(path: string): Seen {
    const stat: EntryStat | 'denied' | undefined = this.#disk.stat(path);
    return stat === undefined ? '' : stat === 'denied' ? 'denied:' : `${stat.kind}:${stat.stamp}`;
  }
}
