/** Reads the index of runs on as it grows, for whoever keeps something of every run in memory. */
import { statOf } from '../../disk/folder.js';
import { linesFrom } from '../../disk/lines.js';
import type { RunIndex } from './index.js';

/** What a line of the index says. */
export type IndexEntry = NonNullable<ReturnType<RunIndex['entryOf']>>;

interface FileMark {
  readonly inode: number;
  readonly next: number;
}

/** So much is read between two steps. */
const STEP_BYTES = 1024 * 1024;

export class IndexFollower {
  readonly #index: RunIndex;
  #marks = new Map<string, FileMark>();

  constructor(index: RunIndex) {
    this.#index = index;
  }

  /**
   * Reads what is new, in steps; everything where the index was compacted or made anew. The last line of a run counts. Not to
   * be begun again before it has ended.
   *
   * @param clear everything that was told before is to be forgotten
   * @returns whether it came to the end: else the index was compacted meanwhile, and is to be read again
   */
  *read(clear: () => void, take: (entry: IndexEntry) => void): Generator<void, boolean> {
    const files = this.#index.files.map((file) => ({ file, stat: statOf(file) }));
    const isSame = files.every(({ file, stat }, at) => {
      const mark = this.#marks.get(file);
      // The last one is the log, which grows.
      const isLog = at === files.length - 1;
      const [size, read] = [stat?.size ?? 0, mark?.next ?? 0];
      return stat?.ino === mark?.inode && (isLog ? size >= read : size === read);
    });
    if (!isSame) {
      this.#marks = new Map();
      clear();
    }
    for (const { file, stat } of files) {
      if (stat === undefined) continue;
      let next = this.#marks.get(file)?.next ?? 0;
      for (;;) {
        if (statOf(file)?.ino !== stat.ino) {
          this.#marks = new Map();
          return false;
        }
        const read = linesFrom(file, next, STEP_BYTES);
        for (const line of read.lines) {
          const entry = this.#index.entryOf(line);
          if (entry !== undefined) take(entry);
        }
        if (read.next === next) break;
        next = read.next;
        yield;
      }
      this.#marks.set(file, { inode: stat.ino, next });
    }
    return true;
  }
}
