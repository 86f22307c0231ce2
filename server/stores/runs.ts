/** The metadata store: every run of a project, whoever started it. */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { tempOwner, writeAtomic } from './atomic.js';
import { openDocument, readDocument } from './document.js';
import { ensureMemory, layoutOf, runFolder } from './layout.js';
import type { Layout } from './layout.js';
import { withLock } from './file-lock.js';
import { linesFrom } from './lines.js';
import { isAlive, isElsewhere, ownIdentity } from './liveness.js';
import type { ProcessIdentity } from './liveness.js';
import { readMetricLog } from './metric-log.js';
import type { LoggedSeries } from './metric-log.js';
import { describeError, errorCode } from './problem.js';
import type { StoreProblem } from './problem.js';
import { RUN_SCHEMA_VERSION } from './run-document.js';
import type { RunDocument, RunHeader, RunStatus, RunSummary, TaskRun } from './run-document.js';
import { isRunId } from './run-id.js';
import { RunIndex } from './run-index.js';
import { LIVE_STATUSES, matchesText, runDocumentKind, summarize } from './run-summary.js';
import { RunWriter } from './run-writer.js';

export { newRunId } from './run-id.js';
export { ownIdentity } from './liveness.js';
export { summarize } from './run-summary.js';
export { taskLogName } from './run-writer.js';
export type { RunWriter } from './run-writer.js';

/** A run on another machine of which nothing was heard for so long is taken for dead. */
const ELSEWHERE_SILENCE_MS = 24 * 60 * 60 * 1000;

/** Taking up a run is a matter of microseconds. */
const REOPEN_MS = 5_000;

/** A run could not be recorded: the message says where and why, in words for the person who runs it. */
export class StoreError extends Error {
  readonly problem: StoreProblem;
  constructor(problem: StoreProblem) {
    super(problem.message);
    this.name = 'StoreError';
    this.problem = problem;
  }
}

/** What `create` needs to know of a task before it starts. */
export type NewTask = Pick<TaskRun, 'id' | 'task' | 'action' | 'matrix' | 'needs'>;

export interface RunQuery {
  readonly limit: number;
  /** Only runs older than this id: paging. */
  readonly before?: string;
  readonly pipeline?: string;
  /** One status or several. */
  readonly status?: RunStatus | readonly RunStatus[];
  /** Words that all have to occur in id, pipeline, status, params or metrics. */
  readonly text?: string;
}

export type ReadRun =
  { readonly ok: true; readonly run: RunDocument } | { readonly ok: false; readonly problem: StoreProblem };

/** Makes a run's document from its last written form and all its events; a run that was killed is brought up to date. */
export type Replay = (document: RunDocument, events: readonly unknown[]) => RunDocument;

/** The document of a run that has not begun. */
export function newRunDocument(header: RunHeader, tasks: readonly NewTask[]): RunDocument {
  return {
    ...header,
    schema: RUN_SCHEMA_VERSION,
    status: 'queued',
    tasks: tasks.map((task) => ({
      id: task.id,
      task: task.task,
      action: task.action,
      ...(task.matrix === undefined ? {} : { matrix: task.matrix }),
      needs: task.needs,
      status: 'queued',
      reasons: [],
      attempts: 0,
      inputs: [],
      outputs: [],
      metrics: {},
    })),
  };
}

/**
 * The status that a summary or document has now: a live one whose process is gone was interrupted. One that only waits
 * for people needs no process.
 */
export function liveStatus(run: ProcessIdentity & { readonly status: RunStatus }): RunStatus {
  if (run.status === 'waiting' || !LIVE_STATUSES.has(run.status)) return run.status;
  return isAlive(run) ? run.status : 'interrupted';
}

/** The document of a run whose process is gone: what had begun was interrupted, what had not was cancelled. */
export function interrupted(run: RunDocument, endedAt: string): RunDocument {
  return {
    ...run,
    status: 'interrupted',
    endedAt,
    error: 'The process that ran it ended without a word: it was killed, or the machine went down.',
    tasks: run.tasks.map((task) => {
      if (task.status === 'running') return { ...task, status: 'interrupted', endedAt };
      if (task.status === 'queued' || task.status === 'waiting') return { ...task, status: 'cancelled' };
      return task;
    }),
  };
}

export class RunStore {
  readonly layout: Layout;
  readonly index: RunIndex;
  readonly #problems = new Map<string, StoreProblem>();

  /** Reads and writes nothing yet; a project without a memory gets one with its first run. */
  static open(root: string): RunStore {
    return new RunStore(layoutOf(root));
  }

  constructor(layout: Layout) {
    this.layout = layout;
    this.index = new RunIndex(layout.runs);
  }

  /** What changes on disk when runs begin, go on and end; for watchers. The files and folders need not exist yet. */
  get watchPaths(): readonly string[] {
    return [this.index.log, this.layout.live];
  }

  /** Documents that this instance met and could not use, each once. */
  get problems(): readonly StoreProblem[] {
    return [...this.#problems.values()];
  }

  /** Absolute; the run need not exist. Throws a RangeError for what is not a run's id. */
  folder(id: string): string {
    return runFolder(this.layout, id);
  }

  /** Begins the record of a run, as `queued`. It survives a kill from here on. Throws a `StoreError`. */
  create(header: RunHeader, tasks: readonly NewTask[]): RunWriter {
    const memory = ensureMemory(this.layout);
    if (!memory.ok) throw new StoreError(memory.problem);
    const folder = this.folder(header.id);
    const marker = path.join(this.layout.live, header.id);
    try {
      mkdirSync(this.layout.live, { recursive: true });
      mkdirSync(path.dirname(folder), { recursive: true });
      // The marker first: whatever else a kill leaves behind is found by it.
      writeAtomic(
        marker,
        JSON.stringify({ pid: header.pid, processStart: header.processStart, host: header.host }),
      );
      mkdirSync(folder);
      return new RunWriter(folder, marker, this.index, newRunDocument(header, tasks));
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        rmSync(folder, { recursive: true, force: true });
        rmSync(marker, { force: true });
      }
      throw new StoreError({
        path: folder,
        message: `Can't record the run in ${folder}: ${describeError(error)}.`,
      });
    }
  }

  /**
   * Goes on with the record of a run that waits for people and whose process has ended. Of several that want to, one may.
   * Throws a `StoreError`.
   * @param document with this process as its owner
   */
  reopen(document: RunDocument): RunWriter {
    const folder = this.folder(document.id);
    const marker = path.join(this.layout.live, document.id);
    const fail = (message: string): never => {
      throw new StoreError({ path: folder, message });
    };
    try {
      mkdirSync(this.layout.live, { recursive: true });
      const done = withLock(path.join(folder, 'reopen.lock'), REOPEN_MS, () => {
        const loaded = readDocument(path.join(folder, 'run.json'), runDocumentKind);
        if (loaded.state !== 'ok') return fail(`Can't go on with run ${document.id}: it can't be read.`);
        const { status, pid } = loaded.value;
        if (status !== 'waiting') return fail(`Run ${document.id} does not wait any more: it is ${status}.`);
        if (isAlive(loaded.value)) return fail(`Run ${document.id} still goes on, in process ${pid}.`);
        const { processStart, host } = document;
        writeAtomic(marker, JSON.stringify({ pid: document.pid, processStart, host }));
        return new RunWriter(folder, marker, this.index, document);
      });
      return done.ok ? done.value : fail(`Run ${document.id} is taken up by another process right now.`);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      return fail(`Can't go on with run ${document.id}: ${describeError(error)}.`);
    }
  }

  /** Ends a run that waits for people, and that nobody runs. Gives why not. */
  abandon(id: string): StoreProblem | undefined {
    const read = this.read(id);
    if (!read.ok) return read.problem;
    const at = new Date().toISOString();
    const { host, pid, processStart } = { processStart: undefined, ...ownIdentity() };
    try {
      const { run } = read;
      const writer = this.reopen({
        ...run,
        host: host ?? run.host,
        pid,
        ...(processStart === undefined ? {} : { processStart }),
        status: 'cancelled',
        endedAt: at,
        tasks: run.tasks.map((task) =>
          task.status === 'waiting' || task.status === 'queued'
            ? { ...task, status: 'cancelled', endedAt: at }
            : task,
        ),
      });
      writer.append({ type: 'run-ended', at, status: 'cancelled' });
      writer.close();
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) return error.problem;
      throw error;
    }
  }

  /** The newest runs first, as they are now: live ones brought up to date from their documents. */
  list(query: RunQuery): RunSummary[] {
    this.#rebuildIfMissing();
    const statuses =
      query.status === undefined
        ? undefined
        : new Set(typeof query.status === 'string' ? [query.status] : query.status);
    return this.index.newest({
      limit: query.limit,
      ...(query.before === undefined ? {} : { before: query.before }),
      accept: (summary) => {
        if (query.pipeline !== undefined && summary.pipeline !== query.pipeline) return undefined;
        const now = this.#current(summary);
        if (statuses !== undefined && !statuses.has(now.status)) return undefined;
        return query.text === undefined || matchesText(now, query.text) ? now : undefined;
      },
    });
  }

  /** Like `list`, and whether there are more after them. */
  page(query: RunQuery): { readonly runs: readonly RunSummary[]; readonly more: boolean } {
    const runs = this.list({ ...query, limit: query.limit + 1 });
    return { runs: runs.slice(0, query.limit), more: runs.length > query.limit };
  }

  /** Ids of runs that have not ended, or whose process died and nobody has recovered them yet. */
  liveIds(): string[] {
    return namesIn(this.layout.live).filter(isRunId).sort();
  }

  /** Those of `liveIds` whose process is gone. Whether their documents can be read makes no difference. */
  deadIds(): string[] {
    return this.liveIds().filter((id) => !this.#belongsToLiving(id, path.join(this.layout.live, id)));
  }

  /** One run, as it is now: with the status `interrupted` when its process is gone. */
  read(id: string): ReadRun {
    if (!isRunId(id)) return unknownRun(this.layout.runs, id);
    const file = path.join(this.folder(id), 'run.json');
    const loaded = readDocument(file, runDocumentKind);
    switch (loaded.state) {
      case 'ok': {
        const status = liveStatus(loaded.value);
        if (status === loaded.value.status) return { ok: true, run: loaded.value };
        return { ok: true, run: interrupted(loaded.value, this.#lastSign(id)) };
      }
      case 'missing':
        return unknownRun(file, id);
      case 'broken':
      case 'refused':
        this.#problems.set(loaded.problem.path, loaded.problem);
        return { ok: false, problem: loaded.problem };
    }
  }

  /** Events of a run from a byte of `events.ndjson` on, in order; `next` is where to go on. Broken lines are left out. */
  events(id: string, fromByte = 0): { readonly events: readonly unknown[]; readonly next: number } {
    const { lines, next } = linesFrom(path.join(this.folder(id), 'events.ndjson'), fromByte);
    return { events: lines.flatMap(parsed), next };
  }

  /** The metrics that were logged while a run went on, thinned out to about `maxPoints` each. */
  metrics(
    id: string,
    options: { readonly task?: string; readonly key?: string; readonly maxPoints?: number } = {},
  ): LoggedSeries[] {
    return readMetricLog(path.join(this.folder(id), 'metrics.ndjson'), options);
  }

  /** Deletes a run and all that lies in its folder. Refuses one that still goes on. */
  remove(id: string): { ok: true } | { ok: false; problem: StoreProblem } {
    if (!isRunId(id)) return unknownRun(this.layout.runs, id);
    const folder = this.folder(id);
    const read = readDocument(path.join(folder, 'run.json'), runDocumentKind);
    if (read.state === 'ok' && LIVE_STATUSES.has(read.value.status) && isAlive(read.value)) {
      const message = `Run ${id} is still going on (process ${read.value.pid}). Cancel it first.`;
      return { ok: false, problem: { path: folder, message } };
    }
    try {
      // Out of sight by one rename; a kill from here on is made good by `maintain`.
      mkdirSync(this.layout.trash, { recursive: true });
      const away = path.join(this.layout.trash, id);
      let there = true;
      try {
        renameSync(folder, away);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        there = false;
      }
      if (!there && this.index.get(id) === undefined) return unknownRun(folder, id);
      this.#finishRemoval(id);
      return { ok: true };
    } catch (error) {
      return {
        ok: false,
        problem: { path: folder, message: `Can't delete run ${id}: ${describeError(error)}.` },
      };
    }
  }

  #finishRemoval(id: string): void {
    this.index.appendGone(id);
    rmSync(path.join(this.layout.live, id), { force: true });
    rmSync(path.join(this.layout.trash, id), { recursive: true, force: true });
  }

  /**
   * Writes down that runs whose process is gone were interrupted. Costs what the number of live runs costs, not of all.
   * `replay` brings a document up to date from its events before. Gives the ids of those that were interrupted.
   */
  recover(options: { readonly replay?: Replay } = {}): readonly string[] {
    const recovered: string[] = [];
    for (const id of this.liveIds()) {
      try {
        if (this.#recoverOne(id, options.replay)) recovered.push(id);
      } catch (error) {
        const message = `Can't recover run ${id}: ${describeError(error)}.`;
        this.#problems.set(id, { path: this.folder(id), message });
      }
    }
    return recovered;
  }

  #recoverOne(id: string, replay: Replay | undefined): boolean {
    const marker = path.join(this.layout.live, id);
    const folder = this.folder(id);
    if (this.#belongsToLiving(id, marker)) return false;
    const file = path.join(folder, 'run.json');
    const loaded = readDocument(file, runDocumentKind);
    if (loaded.state === 'refused') {
      this.#problems.set(file, loaded.problem);
      return false;
    }
    if (loaded.state !== 'ok') {
      // Killed before its document was written, or the document is broken: nothing more can be made of it.
      if (loaded.state === 'broken') this.#problems.set(file, loaded.problem);
      else removeIfEmpty(folder);
      rmSync(marker, { force: true });
      return false;
    }
    let run = loaded.value;
    const ended = !LIVE_STATUSES.has(run.status);
    if (!ended) {
      if (replay !== undefined) run = replay(run, this.#allEvents(id));
      if (run.status !== 'waiting' && LIVE_STATUSES.has(run.status)) {
        run = interrupted(run, this.#lastSign(id));
      }
      const { low, adapter } = openDocument(file, runDocumentKind, run);
      adapter.durable = true;
      low.write();
    }
    this.index.append(summarize(run));
    rmSync(marker, { force: true });
    return !ended && run.status === 'interrupted';
  }

  #belongsToLiving(id: string, marker: string): boolean {
    const value = parsed(textOf(marker))[0];
    if (typeof value !== 'object' || value === null || !('pid' in value)) return false;
    const owner = value as ProcessIdentity;
    if (isElsewhere(owner)) return Date.now() - Date.parse(this.#lastSign(id)) < ELSEWHERE_SILENCE_MS;
    return isAlive(owner);
  }

  #allEvents(id: string): unknown[] {
    const all: unknown[] = [];
    for (let from = 0; ;) {
      const { events, next } = this.events(id, from);
      if (next === from) return all;
      all.push(...events);
      from = next;
    }
  }

  /** When the run last wrote something, ISO 8601. */
  #lastSign(id: string): string {
    const folder = this.folder(id);
    const times = ['events.ndjson', 'metrics.ndjson', 'run.json'].map(
      (name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    );
    const last = Math.max(...times);
    return new Date(last === 0 ? Date.now() : last).toISOString();
  }

  #current(summary: RunSummary): RunSummary {
    if (!LIVE_STATUSES.has(summary.status)) return summary;
    const loaded = readDocument(path.join(this.folder(summary.id), 'run.json'), runDocumentKind);
    const now = loaded.state === 'ok' ? summarize(loaded.value) : summary;
    const status = liveStatus(now);
    return status === now.status ? now : { ...now, status };
  }

  #rebuildIfMissing(): void {
    if (!this.index.exists() && namesIn(this.layout.runs).some(isMonth)) this.rebuildIndex();
  }

  /** Makes the index anew from the documents, 30 µs each. What can't be read is reported in `problems` and left out. */
  rebuildIndex(): void {
    mkdirSync(this.layout.runs, { recursive: true });
    this.index.rebuild(() => this.#scan());
  }

  *#scan(): Generator<RunSummary> {
    for (const month of namesIn(this.layout.runs).filter(isMonth)) {
      for (const id of namesIn(path.join(this.layout.runs, month)).filter(isRunId)) {
        const file = path.join(this.layout.runs, month, id, 'run.json');
        const loaded = readDocument(file, runDocumentKind);
        if (loaded.state === 'ok') yield summarize(loaded.value);
        else if (loaded.state !== 'missing') this.#problems.set(loaded.problem.path, loaded.problem);
      }
    }
  }

  /**
   * What need not be done on the way of a run: recovering, finishing deletions that were cut off, compacting the index
   * when it has grown, sweeping temp files that dead writers left. For an idle moment and for `gc`.
   */
  maintain(options: { readonly replay?: Replay } = {}): readonly string[] {
    const recovered = this.recover(options);
    for (const id of namesIn(this.layout.trash).filter(isRunId)) this.#finishRemoval(id);
    if (this.index.wantsCompaction()) this.index.compact();
    const { memory, runs, live, locks, index } = this.layout;
    const derived = ['compiled', 'tasks'].map((name) => path.join(index, name));
    for (const folder of [memory, runs, live, locks, index, ...derived]) sweepTemps(folder);
    return recovered;
  }
}

function unknownRun(at: string, id: string): { ok: false; problem: StoreProblem } {
  return {
    ok: false,
    problem: {
      path: at,
      message: `There is no run ${JSON.stringify(id)}. \`modelyard runs list\` shows them.`,
    },
  };
}

function isMonth(name: string): boolean {
  return /^\d{6}$/.test(name);
}

function parsed(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function removeIfEmpty(folder: string): void {
  try {
    if (namesIn(folder).every((name) => name === 'events.ndjson' || name.endsWith('.tmp'))) {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch {
    // It stays, empty, and is in nobody's way.
  }
}

/** A writer may sit on another machine, where its pid means nothing: so its temp files are given time, too. */
const TEMP_GRACE_MS = 60 * 60 * 1000;

/** Removes temp files of writers that are gone. */
export function sweepTemps(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = tempOwner(name);
    if (pid === undefined || isAlive({ pid })) continue;
    const file = path.join(folder, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || Date.now() - stat.mtimeMs < TEMP_GRACE_MS) continue;
    rmSync(file, { recursive: true, force: true });
  }
}
