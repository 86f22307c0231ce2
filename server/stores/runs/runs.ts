/** The metadata store: the record of every run of a project is begun, gone on with, recovered and deleted here. */
import { accessSync, appendFileSync, constants, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { tempOwner, writeAtomic } from '../disk/atomic.js';
import { openDocument, readDocument } from '../disk/document.js';
import { withLock } from '../disk/file-lock.js';
import { ensureMemory, layoutOf } from '../layout.js';
import { ownIdentity, pidInUse } from '../machine/liveness.js';
import type { ProcessIdentity } from '../machine/liveness.js';
import { describeError, errorCode } from '../disk/problem.js';
import type { StoreProblem } from '../disk/problem.js';
import type { RunDocument, RunHeader, RunStatus } from './document.js';
import { isFolder, namesIn, statOf } from '../disk/folder.js';
import { isRunId, newRunId, runIdTime } from './id.js';
import { type MarksChange, type RunMarks, writeMarks } from './marks.js';
import { RunReader, unknownRun } from './reader.js';
import { interrupted, newRunDocument } from './states.js';
import type { NewTask } from './states.js';
import { listsFolder, sweepLists } from '../content/long-lists.js';
import { readPlainText } from '../disk/plain-file.js';
import { caughtUp } from '../tracking/tracked-run.js';
import { LIVE_STATUSES, runDocumentKind } from './index/summary.js';
import { RunWriter } from './writer.js';
import { foreignMemory } from '../trust.js';

export { newRunId } from './id.js';
export { ownIdentity } from '../machine/liveness.js';
export type { ReadRun, RunQuery } from './reader.js';
export { liveStatus, newRunDocument } from './states.js';
export type { NewTask } from './states.js';
export { summarize } from './index/summary.js';
export { taskLogName } from './writer.js';
export type { RunWriter } from './writer.js';

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

export class RunStore extends RunReader {
  /** Reads and writes nothing yet; a project without a memory gets one with its first run. */
  static open(root: string): RunStore {
    return new RunStore(layoutOf(root));
  }

  /**
   * The id of a run that begins now. It sorts after those of all runs that there are, also where the clock was ahead when
   * they were made: the newest run is the one that was begun last.
   */
  nextId(): string {
    const [newest] = this.list({ limit: 1 });
    const last = newest === undefined ? NaN : runIdTime(newest.id);
    return last >= Date.now() ? newRunId(last + 1) : newRunId();
  }

  /**
   * Begins the record of a run, as `queued`. It survives a kill from here on. Throws a `StoreError`.
   * @param prepare writes what has to be in the folder before anybody knows of the run
   */
  create(header: RunHeader, tasks: readonly NewTask[], prepare?: () => void): RunWriter {
    return this.begin(newRunDocument(header, tasks), prepare);
  }

  /** The same with the document that the record begins with. */
  begin(document: RunDocument, prepare?: () => void): RunWriter {
    const header: RunHeader = document;
    const folder = this.folder(header.id);
    try {
      if (existsSync(this.layout.memory)) accessSync(this.layout.memory, constants.W_OK);
    } catch (error) {
      const message = `Can't record the run in ${folder}: ${describeError(error)}.`;
      throw new StoreError({ path: folder, message });
    }
    const memory = ensureMemory(this.layout);
    if (!memory.ok) throw new StoreError(memory.problem);
    const marker = path.join(this.layout.live, header.id);
    try {
      mkdirSync(this.layout.live, { recursive: true });
      mkdirSync(path.dirname(folder), { recursive: true });
      // The marker first: whatever else a kill leaves behind is found by it.
      writeAtomic(marker, JSON.stringify(identityOf(header)));
      mkdirSync(folder);
      prepare?.();
      return new RunWriter(folder, marker, this.index, document);
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
   * @param from what it was made from: who has gone on with the run since has done more than that says
   */
  reopen(document: RunDocument, from: ProcessIdentity): RunWriter {
    const folder = this.folder(document.id);
    const marker = path.join(this.layout.live, document.id);
    const foreign = foreignMemory(this.layout);
    if (foreign !== undefined) throw new StoreError(foreign);
    const fail = (message: string): never => {
      throw new StoreError({ path: folder, message });
    };
    try {
      mkdirSync(this.layout.live, { recursive: true });
      const done = withLock(path.join(folder, 'reopen.lock'), REOPEN_MS, () => {
        const loaded = readDocument(path.join(folder, 'run.json'), runDocumentKind);
        if (loaded.state !== 'ok') return fail(`Can't resume run ${document.id}: it can't be read.`);
        const { status, pid } = this.now(loaded.value);
        const newer = this.refusedEvents(document.id);
        if (newer !== undefined) return fail(newer.message);
        if (status !== 'waiting') return fail(`Run ${document.id} does not wait any more: it is ${status}.`);
        if (this.hasRunner(loaded.value))
          return fail(`Run ${document.id} is still running, in process ${pid}.`);
        if (!isSameProcess(loaded.value, from))
          return fail(`Run ${document.id} was continued by another process meanwhile, and waits again.`);
        writeAtomic(marker, JSON.stringify(identityOf(document)));
        return new RunWriter(folder, marker, this.index, document);
      });
      return done.ok ? done.value : fail(`Run ${document.id} is taken up by another process right now.`);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      return fail(`Can't resume run ${document.id}: ${describeError(error)}.`);
    }
  }

  /**
   * Goes on with the record of a run that an MLflow client tells of, whoever did before: its events are the truth, and any
   * number of processes may add some. Throws a `StoreError`.
   * @param document with this process as its owner
   */
  take(document: RunDocument): RunWriter {
    const folder = this.folder(document.id);
    const marker = path.join(this.layout.live, document.id);
    const foreign = foreignMemory(this.layout);
    if (foreign !== undefined) throw new StoreError(foreign);
    try {
      if (!isFolder(folder)) throw new StoreError(unknownRun(folder, document.id).problem);
      if (LIVE_STATUSES.has(document.status)) {
        mkdirSync(this.layout.live, { recursive: true });
        // Whoever else serves it stays in there: when one of them ends, the run goes on.
        if (!this.owners(document.id).some((one) => isSameProcess(one, document)))
          appendFileSync(marker, `\n${JSON.stringify(identityOf(document))}`);
      }
      return new RunWriter(folder, marker, this.index, document);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const message = `Can't go on with run ${document.id}: ${describeError(error)}.`;
      throw new StoreError({ path: folder, message });
    }
  }

  /** Ends a run that waits for people, and that nobody runs. Gives why not. */
  abandon(id: string): StoreProblem | undefined {
    const read = this.read(id);
    if (!read.ok) return read.problem;
    const at = new Date().toISOString();
    try {
      const { run } = read;
      const writer = this.reopen(
        {
          ...run,
          ...ownIdentity(),
          host: os.hostname(),
          status: 'cancelled',
          endedAt: at,
          tasks: run.tasks.map((task) =>
            task.status === 'waiting' || task.status === 'queued'
              ? { ...task, status: 'cancelled', endedAt: at }
              : task,
          ),
        },
        run,
      );
      writer.append({ type: 'run-ended', at, status: 'cancelled' });
      writer.close();
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) return error.problem;
      throw error;
    }
  }

  /**
   * Says something of a run, whatever goes on with it. Gives what is said of it now, MLflow clients' words aside; or why
   * not.
   */
  mark(
    id: string,
    change: MarksChange,
  ):
    { readonly ok: true; readonly marks: RunMarks } | { readonly ok: false; readonly problem: StoreProblem } {
    const folder = this.folder(id);
    const foreign = foreignMemory(this.layout);
    if (foreign !== undefined) return { ok: false, problem: foreign };
    if (!isFolder(path.dirname(folder)) || !isFolder(folder)) return unknownRun(folder, id);
    const written = writeMarks(folder, change);
    if (!written.ok) return written;
    // The run's own process tells the index of it, too: whoever comes last must tell the newest of both.
    for (let told: RunStatus | undefined, tries = 0; tries < 5; tries++) {
      const read = this.read(id);
      if (!read.ok) return read;
      if (read.run.status === told) break;
      told = read.run.status;
      try {
        this.index.append(this.summaryOf(read.run));
      } catch (error) {
        const message = `Run ${id} is marked, but the index of runs can't be told: ${describeError(error)}.`;
        return { ok: false, problem: { path: this.index.log, message } };
      }
    }
    return written;
  }

  /**
   * Deletes a run and all that lies in its folder. Refuses one that has not ended.
   * @param options `dry`: only say whether it would
   */
  remove(
    id: string,
    options: { readonly dry?: boolean } = {},
  ): { ok: true } | { ok: false; problem: StoreProblem; unknown?: true } {
    if (!isRunId(id)) return unknownRun(this.layout.runs, id);
    const folder = this.folder(id);
    const foreign = foreignMemory(this.layout);
    if (foreign !== undefined) return { ok: false, problem: foreign };
    const read = this.read(id);
    if (read.ok && LIVE_STATUSES.has(read.run.status) && this.isAttended(read.run)) {
      const message = `Run ${id} is still going on (process ${read.run.pid}). Cancel it first.`;
      return { ok: false, problem: { path: folder, message } };
    }
    if (read.ok && read.run.status === 'waiting') {
      const message = `Run ${id} waits for people. Cancel it first, so that what cleans up behind it runs.`;
      return { ok: false, problem: { path: folder, message } };
    }
    if (existsSync(folder) && !(isFolder(path.dirname(folder)) && isFolder(folder))) {
      const message = `${folder} leads elsewhere through a link, so that nothing of it is deleted.`;
      return { ok: false, problem: { path: folder, message } };
    }
    if (options.dry === true) {
      const known = existsSync(folder) || this.index.get(id) !== undefined;
      return known ? { ok: true } : unknownRun(folder, id);
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
   * Gives the ids of those that were interrupted.
   */
  recover(): readonly string[] {
    const recovered: string[] = [];
    if (foreignMemory(this.layout) !== undefined) return recovered;
    for (const id of this.liveIds()) {
      try {
        if (this.#recoverOne(id)) recovered.push(id);
      } catch (error) {
        const message = `Can't recover run ${id}: ${describeError(error)}.`;
        this.met.set(id, { path: this.folder(id), message });
      }
    }
    return recovered;
  }

  /**
   * Writes down that a run was interrupted, whatever is known of its process: for one that will not be heard of again
   * and that somebody does not want to wait for. Gives why not.
   */
  giveUp(id: string): StoreProblem | undefined {
    const foreign = foreignMemory(this.layout);
    if (foreign !== undefined) return foreign;
    try {
      this.#recoverOne(id, true);
      return undefined;
    } catch (error) {
      return { path: this.folder(id), message: `Can't end run ${id}: ${describeError(error)}.` };
    }
  }

  #recoverOne(id: string, forced = false): boolean {
    const marker = path.join(this.layout.live, id);
    const folder = this.folder(id);
    if (!forced && this.isRunning(id)) return false;
    if (existsSync(folder) && !(isFolder(path.dirname(folder)) && isFolder(folder))) return false;
    const file = path.join(folder, 'run.json');
    const loaded = readDocument(file, runDocumentKind, { setAside: true });
    if (loaded.state === 'refused') {
      this.met.set(file, loaded.problem);
      return false;
    }
    if (loaded.state !== 'ok') {
      // Killed before its document was written, or the document is broken: nothing more can be made of it.
      if (loaded.state === 'broken') this.met.set(file, loaded.problem);
      else removeIfEmpty(folder);
      rmSync(marker, { force: true });
      return false;
    }
    let run = caughtUp(loaded.value, folder);
    const ended = !LIVE_STATUSES.has(run.status);
    if (!ended || run !== loaded.value) {
      const told = ended ? run : this.replay(run);
      if (told === undefined) return false;
      run = told;
      if (run.status !== 'waiting' && LIVE_STATUSES.has(run.status)) {
        run = interrupted(run, this.lastSign(id));
      } else if (forced && run.status === 'waiting') {
        // It waits for people still, and nobody is to take it for attended.
        run = { ...run, pid: 0 };
      }
      const { low, adapter } = openDocument(file, runDocumentKind, run);
      adapter.durable = true;
      low.write();
    }
    this.index.append(this.summaryOf(run));
    rmSync(marker, { force: true });
    return !ended && run.status === 'interrupted';
  }

  /** Moves run documents that can't be read out of the way, so that they are kept and named no more. */
  setBrokenAside(): void {
    for (const id of this.ids()) {
      const file = path.join(this.folder(id), 'run.json');
      if (isFolder(this.folder(id))) readDocument(file, runDocumentKind, { setAside: true });
    }
  }

  /**
   * What need not be done on the way of a run: recovering, finishing deletions that were cut off, compacting the index
   * when it has grown, sweeping temp files that dead writers left. For an idle moment and for `gc`.
   */
  maintain(): readonly string[] {
    if (foreignMemory(this.layout) !== undefined) return [];
    const recovered = this.recover();
    const { trash } = this.layout;
    const going = isFolder(trash) ? namesIn(trash).filter(isRunId) : [];
    for (const id of going.filter((one) => isFolder(path.join(trash, one)))) this.#finishRemoval(id);
    this.repairIndex();
    if (this.index.wantsCompaction()) this.index.compact();
    const { memory, runs, live, locks, index } = this.layout;
    for (const folder of [memory, runs, live, locks, index, path.join(index, 'tasks')]) sweepTemps(folder);
    sweepLists(listsFolder(runs), () => this.#records());
    return recovered;
  }

  /** Texts of everything that names long lists. */
  *#records(): Generator<string> {
    const tasks = path.join(this.layout.index, 'tasks');
    const files = [
      ...[...this.ids()].flatMap((id) =>
        ['run.json', 'events.ndjson'].map((name) => path.join(this.folder(id), name)),
      ),
      ...namesIn(tasks).map((name) => path.join(tasks, name)),
    ];
    for (const file of files) {
      try {
        yield readPlainText(file);
      } catch {
        // Not there, or not to be read: it names nothing.
      }
    }
  }
}

function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.processStart === other.processStart && one.place === other.place;
}

function identityOf({ pid, processStart, host, place }: RunHeader): ProcessIdentity {
  return {
    pid,
    host,
    ...defined({ processStart, place }),
  };
}

function removeIfEmpty(folder: string): void {
  try {
    const begun = ['events.ndjson', 'basis.json'];
    if (namesIn(folder).every((name) => begun.includes(name) || name.endsWith('.tmp'))) {
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
  if (!isFolder(folder)) return;
  for (const name of namesIn(folder)) {
    const pid = tempOwner(name);
    if (pid === undefined || pidInUse(pid)) continue;
    const file = path.join(folder, name);
    const stat = statOf(file);
    if (stat === undefined || Date.now() - stat.mtimeMs < TEMP_GRACE_MS) continue;
    rmSync(file, { recursive: true, force: true });
  }
}
