/**
 * The index of runs: lines to list runs from without opening their documents. Derived: it can be made again from them.
 *
 * Two files. `index.ndjson` is the log, appended to by every runner (one `O_APPEND` write of less than 10 KB a change).
 * `index.base.ndjson` is what compaction made of older logs: one line a run, sorted by id, replaced by one rename. The
 * last line of a run wins; a deleted run leaves a tombstone in the log until the next compaction.
 *
 * Compaction renames the log to `index.sealed.ndjson`, merges it into the base and removes it. A writer that had the
 * log open sees after its write that the name stands for another file now, and appends again there: so no line is lost
 * without a lock on the way of a run. Lines move only log → sealed → base, and readers open them in that order, so
 * that they meet every line at least once.
 */
import { defined } from '../../../base/defined.js';
import { isRecord } from '../../../base/is-record.js';
import { jsonText } from '../../../base/json.js';
import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic, writeFully } from '../../disk/atomic.js';
import { withLock } from '../../disk/file-lock.js';
import { type LineFormat, lastVersion, readLine, refusedLines } from '../../disk/line-format.js';
import { linesBackward } from '../../disk/lines.js';
import { errorCode } from '../../disk/problem.js';
import type { StoreProblem } from '../../disk/problem.js';
import type { RunSummary } from '../document.js';
import { runIdTime, isRunId } from '../id.js';
import { marksProblem } from '../marks.js';
import { readPlainText } from '../../disk/plain-file.js';
import { statOf } from '../../disk/folder.js';

/** An append of up to so much was measured to be whole when several processes append. */
export const MAX_LINE_BYTES = 10_000;

/**
 * Version 2: every line says its version. Those of version 1 have the same keys and are used as they are, until the first
 * process that writes makes the index anew from the documents (`isOld`).
 */
const INDEX_FORMAT: LineFormat = {
  name: 'the index of runs',
  version: 2,
  migrations: { 1: (line) => line },
};

/** `t`: when the line was written, in ms. In the base: when the run was made. Never decreases along a file. */
type Line =
  { readonly id: string; readonly t: number; readonly gone: true } | (RunSummary & { readonly t: number });

const HEAD = /^\{"id":"([^"\\]+)","t":(\d+),/;

let lastTime = 0;

/** Not before the run was made, whatever the clocks say: readers stop early because of it. */
function timestamp(id: string): number {
  lastTime = Math.max(Date.now(), lastTime);
  return Math.max(lastTime, runIdTime(id) || 0);
}

/** What is cut off by a kill or a full disk is none: the next append begins on a line of its own. */
function parseLine(text: string): Line | undefined {
  const read = readLine(INDEX_FORMAT, text);
  return read.state === 'ok' && isLine(read.value) ? read.value : undefined;
}

/** Whoever lists runs relies on these. */
function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null || !('id' in value)) return false;
  // It becomes a path.
  if (typeof value.id !== 'string' || !isRunId(value.id)) return false;
  if ('gone' in value) return true;
  const { status, pipeline, createdAt, counts, metrics, marks } = value as Partial<
    Record<keyof RunSummary, unknown>
  >;
  return (
    [status, pipeline, createdAt].every((text) => typeof text === 'string') &&
    [counts, metrics].every((record) => typeof record === 'object' && record !== null) &&
    (marks === undefined || (isRecord(marks) && marksProblem(marks) === undefined))
  );
}

function toSummary(line: Line): RunSummary | undefined {
  if ('gone' in line) return undefined;
  const summary: RunSummary & { t?: number } = { ...line };
  delete summary.t;
  return summary;
}

/** `id` and `t` come first, so that a reader can tell a line that it need not parse. */
function encode(summary: RunSummary, time: number): string {
  const { id, ...rest } = summary;
  return jsonText({ id, t: time, v: INDEX_FORMAT.version, ...rest });
}

/**
 * The line of a summary. What would be too long to be appended whole goes without ranges, then without metrics, params and
 * texts of people.
 */
function encodeBounded(summary: RunSummary, time: number): string {
  const line = encode(summary, time);
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) return line;
  const shorter = encode(without(summary, 'ranges'), time);
  if (Buffer.byteLength(shorter) <= MAX_LINE_BYTES) return shorter;
  const { star, archived } = summary.marks ?? {};
  const bare = without(summary, 'ranges', 'params', 'marks');
  const marks = defined({ star, archived });
  return encode({ ...bare, metrics: {}, ...(Object.keys(marks).length === 0 ? {} : { marks }) }, time);
}

function without(summary: RunSummary, ...keys: readonly (keyof RunSummary)[]): RunSummary {
  return Object.fromEntries(
    Object.entries(summary).filter(([key]) => !keys.some((one) => one === key)),
  ) as unknown as RunSummary;
}

export interface IndexQuery {
  readonly limit: number;
  /** Only ids that sort before this one. */
  readonly before?: string;
  /** Brings a summary up to date before it is judged and given; `undefined` leaves it out. */
  readonly accept?: (summary: RunSummary) => RunSummary | undefined;
}

export class RunIndex {
  readonly log: string;
  readonly #sealed: string;
  readonly #base: string;
  readonly #lock: string;
  /** Asked once by who appends: a newer Modelyard that appends meanwhile can read our lines. */
  #isRefused: boolean | undefined;

  /** `folder` is `.modelyard/runs`. It need not exist to read. */
  constructor(folder: string) {
    this.log = path.join(folder, 'index.ndjson');
    this.#sealed = path.join(folder, 'index.sealed.ndjson');
    this.#base = path.join(folder, 'index.base.ndjson');
    this.#lock = path.join(folder, 'index.lock');
  }

  /** Those that lines move through, from where they end up to where they are appended. */
  get files(): readonly string[] {
    return [this.#base, this.#sealed, this.log];
  }

  /** What a line says of a run; `undefined` for what is none of ours. */
  entryOf(line: string): RunSummary | { readonly id: string; readonly gone: true } | undefined {
    return parseLine(line);
  }

  /** Whether there is an index at all; without one it has to be rebuilt. */
  exists(): boolean {
    return existsSync(this.log) || existsSync(this.#base) || existsSync(this.#sealed);
  }

  /** Why it is neither used nor changed: a newer Modelyard has written it. */
  refused(): StoreProblem | undefined {
    for (const file of [this.log, this.#sealed, this.#base]) {
      const problem = refusedLines(INDEX_FORMAT, file);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** Whether an older Modelyard has written it last, so that it should be made anew. */
  isOld(): boolean {
    return [this.log, this.#sealed, this.#base].some((file) => {
      const version = lastVersion(INDEX_FORMAT, file);
      return version !== undefined && version < INDEX_FORMAT.version;
    });
  }

  /** Tells a run's newest state. Throws the system's error (full disk); then nothing, or a torn line, was written. */
  append(summary: RunSummary): void {
    this.#appendLine(encodeBounded(summary, timestamp(summary.id)));
  }

  /** Tells that a run is deleted. */
  appendGone(id: string): void {
    this.#appendLine(JSON.stringify({ id, t: timestamp(id), v: INDEX_FORMAT.version, gone: true }));
  }

  #appendLine(line: string): void {
    this.#isRefused ??= this.refused() !== undefined;
    if (this.#isRefused) return;
    // The newline in front ends a line that a killed writer may have left torn.
    const bytes = Buffer.from(`\n${line}\n`);
    for (;;) {
      const fd = openSync(this.log, 'a');
      try {
        writeFully(fd, bytes);
        // Compared while the file is open: its inode can't be given to another file before.
        const now = statSync(this.log, { bigint: true, throwIfNoEntry: false });
        if (now?.ino === fstatSync(fd, { bigint: true }).ino) return;
      } finally {
        closeSync(fd);
      }
    }
  }

  /**
   * The newest runs, by id. Reads no more of the index than it must: a line before one written at time t belongs to a
   * run made before t, so once `limit` runs made after t are found, what is left is older than all of them.
   * @param told gets the ids of all runs that were met on the way
   */
  newest(query: IndexQuery, told = new Set<string>()): RunSummary[] {
    if (query.limit <= 0) return [];
    const found: RunSummary[] = [];
    const seen = new Set<string>();
    let cutoff = -Infinity;
    for (const file of [this.log, this.#sealed, this.#base]) {
      for (const text of linesBackward(file)) {
        const head = HEAD.exec(text);
        if (head === null) continue;
        const [, id = '', time] = head;
        if (Number(time) < cutoff) return found;
        if ((query.before !== undefined && id >= query.before) || seen.has(id)) continue;
        const line = parseLine(text);
        if (line === undefined) continue;
        seen.add(id);
        const summary = toSummary(line);
        if (summary === undefined) continue;
        told.add(id);
        if (found.length >= query.limit && id < (found[found.length - 1]?.id ?? '')) continue;
        const accepted = query.accept === undefined ? summary : query.accept(summary);
        if (accepted === undefined) continue;
        insertSorted(found, accepted);
        if (found.length > query.limit) found.pop();
        if (found.length === query.limit) {
          const oldest = runIdTime(found[found.length - 1]?.id ?? '');
          cutoff = Number.isNaN(oldest) ? -Infinity : oldest;
        }
      }
    }
    return found;
  }

  /** What the index says of one run. */
  get(id: string): RunSummary | undefined {
    const made = runIdTime(id);
    for (const file of [this.log, this.#sealed, this.#base]) {
      for (const text of linesBackward(file)) {
        const head = HEAD.exec(text);
        if (head?.[1] === id) {
          const line = parseLine(text);
          if (line !== undefined) return toSummary(line);
        }
        if (head !== null && Number(head[2]) < made) break;
      }
    }
    return undefined;
  }

  /** Every run, by id. */
  all(): Map<string, RunSummary> {
    const runs = new Map<string, RunSummary>();
    const seen = new Set<string>();
    for (const file of [this.log, this.#sealed, this.#base]) collect(file, seen, runs);
    return runs;
  }

  /** Bytes that a full read takes. */
  bytes(): number {
    return [this.log, this.#sealed, this.#base].reduce((sum, file) => sum + (statOf(file)?.size ?? 0), 0);
  }

  /** Whether the log has grown so much that compacting it pays. */
  wantsCompaction(): boolean {
    const log = statOf(this.log)?.size ?? 0;
    const base = statOf(this.#base)?.size ?? 0;
    return existsSync(this.#sealed) || log > 1024 * 1024 + base / 2;
  }

  /** Merges the log into the base. False when another process is at it, or the index is refused. Safe while runs append and others read. */
  compact(): boolean {
    if (this.refused() !== undefined) return false;
    return withLock(this.#lock, 0, () => {
      // A compaction that was killed leaves a sealed log: it has to be merged before the next one is sealed.
      if (existsSync(this.#sealed)) this.#mergeSealed();
      try {
        renameSync(this.log, this.#sealed);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return;
        throw error;
      }
      this.#mergeSealed();
    }).ok;
  }

  #mergeSealed(): void {
    const runs = new Map<string, RunSummary>();
    const seen = new Set<string>();
    collect(this.#sealed, seen, runs);
    collect(this.#base, seen, runs);
    this.#writeBase(runs.values());
    rmSync(this.#sealed, { force: true });
  }

  #writeBase(runs: Iterable<RunSummary>): void {
    const lines = [...runs]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((run) => encode(run, runIdTime(run.id) || 0));
    writeAtomic(this.#base, lines.length === 0 ? '' : `${lines.join('\n')}\n`, { durable: true });
  }

  /**
   * Makes the index anew from what a scan of the documents finds. The old lines go: a run's document is written before its
   * line, so that the scan sees all they could tell. Lines that are appended meanwhile stay. False when another process
   * is at it, or the index is refused.
   */
  rebuild(scan: () => Iterable<RunSummary>): boolean {
    if (this.refused() !== undefined) return false;
    return withLock(this.#lock, 0, () => {
      try {
        renameSync(this.log, this.#sealed);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
      this.#writeBase(scan());
      rmSync(this.#sealed, { force: true });
    }).ok;
  }

  /** The raw text of all files, for tests and `doctor`. */
  dump(): string {
    return [this.#base, this.#sealed, this.log]
      .filter((file) => existsSync(file))
      .map((file) => readPlainText(file))
      .join('');
  }
}

/** Adds what a file says of runs that no file before has told of. */
function collect(file: string, seen: Set<string>, runs: Map<string, RunSummary>): void {
  for (const text of linesBackward(file)) {
    const id = HEAD.exec(text)?.[1];
    if (id === undefined || seen.has(id)) continue;
    const line = parseLine(text);
    if (line === undefined) continue;
    seen.add(id);
    const summary = toSummary(line);
    if (summary !== undefined) runs.set(id, summary);
  }
}

/** Newest first. Lines come nearly in that order, so the place is searched from the end. */
function insertSorted(runs: RunSummary[], run: RunSummary): void {
  let at = runs.length;
  while (at > 0 && (runs[at - 1]?.id ?? '') < run.id) at -= 1;
  runs.splice(at, 0, run);
}
