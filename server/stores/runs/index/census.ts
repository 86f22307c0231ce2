/**
 * How many runs there are, of which pipeline, day and status, and the newest of each pipeline: some numbers for each run of the
 * whole index, kept in columns and read on as the index grows. Who lists a page of runs says by it what the page is a part of.
 */
import { Dictionary } from '../../../base/dictionary.js';
import { localDay } from '../../../base/format.js';
import { type IndexEntry, IndexFollower } from './follower.js';
import type { RunStatus } from '../document.js';
import type { RunIndex } from './index.js';
import { runIdTime } from '../id.js';

export interface RunCounts {
  readonly total: number;
  readonly byPipeline: Readonly<Record<string, number>>;
  /** By the local day on which they began: `2026-11-23`. */
  readonly byDay: Readonly<Record<string, number>>;
}

export interface CountQuery {
  readonly pipeline?: string;
  /** Empty: any. */
  readonly statuses?: readonly RunStatus[];
}

export class RunCensus {
  readonly #follower: IndexFollower;
  #rows = new Map<string, number>();
  #ids: string[] = [];
  #pipelines: number[] = [];
  #statuses: number[] = [];
  #archived: boolean[] = [];
  /** Whether an MLflow client tells of it: its pipeline is an experiment. */
  #tracked: boolean[] = [];
  readonly #names = new Dictionary();
  readonly #words = new Dictionary();
  /** Ids by the code of their pipeline, the newest first; made once for all that ask between two changes. */
  #ofPipelines: ReadonlyMap<number, readonly string[]> | undefined;

  constructor(index: RunIndex) {
    this.#follower = new IndexFollower(index);
  }

  /** Reads what is new; everything where the index was compacted or made anew. */
  refresh(): void {
    for (let tries = 0, whole = false; tries < 3 && !whole; tries++) {
      const steps = this.#follower.read(
        () => this.#clear(),
        (entry) => this.#take(entry),
      );
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      whole = step.value;
    }
  }

  #clear(): void {
    this.#rows = new Map();
    this.#ids = [];
    this.#pipelines = [];
    this.#statuses = [];
    this.#archived = [];
    this.#tracked = [];
    this.#ofPipelines = undefined;
  }

  #take(entry: IndexEntry): void {
    this.#ofPipelines = undefined;
    const known = this.#rows.get(entry.id);
    // What a client has deleted may come back, and is then one more row.
    if ('gone' in entry || entry.deleted === true) {
      if (known === undefined) return;
      this.#ids[known] = '';
      this.#rows.delete(entry.id);
      return;
    }
    const row = known ?? this.#ids.length;
    this.#rows.set(entry.id, row);
    this.#ids[row] = entry.id;
    this.#pipelines[row] = this.#names.code(entry.pipeline);
    this.#statuses[row] = this.#words.code(entry.status);
    this.#archived[row] = entry.marks?.archived === true;
    this.#tracked[row] = entry.source !== undefined;
  }

  /** As of the last `refresh`, without those that are archived: lists leave them out. */
  counts({ pipeline, statuses = [] }: CountQuery = {}): RunCounts {
    const wanted = new Set(statuses.map((status) => this.#words.code(status)));
    const own = pipeline === undefined ? undefined : this.#names.code(pipeline);
    const byCode = new Map<number, number>();
    const byDay = new Map<string, number>();
    let total = 0;
    let day = '';
    let [from, to] = [0, 0];
    this.#ids.forEach((id, row) => {
      const code = this.#pipelines[row] ?? -1;
      if (id === '' || this.#archived[row] === true || (own !== undefined && code !== own)) return;
      if (wanted.size > 0 && !wanted.has(this.#statuses[row] ?? -1)) return;
      total += 1;
      byCode.set(code, (byCode.get(code) ?? 0) + 1);
      const at = runIdTime(id);
      if (at < from || at >= to) {
        day = localDay(at);
        const date = new Date(at);
        from = new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
        to = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
      }
      byDay.set(day, (byDay.get(day) ?? 0) + 1);
    });
    return {
      total,
      byPipeline: Object.fromEntries(
        [...byCode].map(([code, count]) => [this.#names.texts[code] ?? '', count]),
      ),
      byDay: Object.fromEntries(byDay),
    };
  }

  /** Ids of the newest runs of a pipeline, the newest first. */
  newestOf(pipeline: string, limit: number): readonly string[] {
    this.#ofPipelines ??= this.#grouped();
    return (this.#ofPipelines.get(this.#names.code(pipeline)) ?? []).slice(0, limit);
  }

  #grouped(): ReadonlyMap<number, readonly string[]> {
    const groups = new Map<number, string[]>();
    this.#ids.forEach((id, row) => {
      if (id === '' || this.#tracked[row] === true) return;
      const code = this.#pipelines[row] ?? -1;
      const group = groups.get(code);
      if (group === undefined) groups.set(code, [id]);
      else group.push(id);
    });
    for (const group of groups.values()) group.sort().reverse();
    return groups;
  }
}
