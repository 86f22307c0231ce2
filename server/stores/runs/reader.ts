/**
 * The metadata store as it is read: every run of a project as it is now, whoever started it. A process may be killed
 * between an event and the document that has it: then the events count, for whoever reads as for who recovers.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { isRecord } from '../../base/is-record.js';
import { readDocument } from '../disk/document.js';
import { runFolder } from '../layout.js';
import type { Layout } from '../layout.js';
import { type RawLine, refusedLines, valueOf } from '../disk/line-format.js';
import { linesFrom } from '../disk/lines.js';
import { isAlive, signIn } from '../machine/liveness.js';
import type { LastSign, ProcessIdentity } from '../machine/liveness.js';
import { readMetricLog, refusedMetrics } from './metric-log.js';
import type { LoggedSeries } from './metric-log.js';
import type { StoreProblem } from '../disk/problem.js';
import type { RunDocument, RunStatus, RunSummary } from './document.js';
import { isFolder, namesIn, statOf } from '../disk/folder.js';
import { parsed, textOf } from './files.js';
import { isRunId } from './id.js';
import { RunIndex } from './index/index.js';
import { type MarksChange, type RunMarks, changed, readMarks } from './marks.js';
import { replayed } from './reducer.js';
import { interrupted, liveStatus } from './states.js';
import { EVENTS_FORMAT, eventsFile, isClosedHere, taskLogName } from './writer.js';
import { listsFolder, withLists } from '../content/long-lists.js';
import { caughtUp } from '../tracking/tracked-run.js';
import { LIVE_STATUSES, matchesText, runDocumentKind, summarize } from './index/summary.js';

export interface RunQuery {
  readonly limit: number;
  /** Only runs older than this id: paging. */
  readonly before?: string;
  readonly pipeline?: string;
  /** One status or several. */
  readonly status?: RunStatus | readonly RunStatus[];
  /** Words that all have to occur in id, pipeline, name, status, params, metrics, tags or note. */
  readonly text?: string;
  readonly source?: 'pipeline' | 'tracking';
  /** Also those that an MLflow client has deleted. */
  readonly includeDeleted?: boolean;
  /** Without those that were archived. */
  readonly withoutArchived?: boolean;
}

export type ReadRun =
  { readonly ok: true; readonly run: RunDocument } | { readonly ok: false; readonly problem: StoreProblem };

export class RunReader {
  readonly layout: Layout;
  readonly index: RunIndex;
  /** Documents that could not be used, by their paths. */
  protected readonly met = new Map<string, StoreProblem>();
  /** Runs that were killed, as their events have them, and what their files were when that was read. */
  readonly #replayed = new Map<string, { readonly files: string; readonly run: RunDocument }>();

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
    return [...this.met.values()];
  }

  /** Absolute; the run need not exist. Throws a RangeError for what is not a run's id. */
  folder(id: string): string {
    return runFolder(this.layout, id);
  }

  /** The newest runs first, as they are now: live ones brought up to date from their documents. */
  list(query: RunQuery): RunSummary[] {
    const statuses =
      query.status === undefined
        ? undefined
        : new Set(typeof query.status === 'string' ? [query.status] : query.status);
    const accept = (summary: RunSummary): RunSummary | undefined => {
      if (query.pipeline !== undefined && summary.pipeline !== query.pipeline) return undefined;
      if (query.source !== undefined && (summary.source ?? 'pipeline') !== query.source) return undefined;
      if (summary.deleted === true && query.includeDeleted !== true) return undefined;
      if (summary.marks?.archived === true && query.withoutArchived === true) return undefined;
      const now = this.#current(summary);
      if (statuses !== undefined && !statuses.has(now.status)) return undefined;
      return query.text === undefined || matchesText(now, query.text) ? now : undefined;
    };
    const told = new Set<string>();
    const { limit, before } = query;
    const refused = this.index.refused();
    if (refused !== undefined) this.met.set(refused.path, refused);
    const found = this.index.newest({ limit, ...defined({ before }), accept }, told);
    if ((refused === undefined && this.#isWhole(found, told, query)) || this.#months().length === 0)
      return found;
    return this.#fromFolders()
      .filter(({ id }) => before === undefined || id < before)
      .flatMap((summary) => accept(summary) ?? [])
      .slice(0, limit);
  }

  /**
   * Whether what the index told is what lies in the folders, as far back as it was asked. An index that was cut, emptied
   * or put back from a copy is found out by that: it is derived, and what it lacks is there all the same.
   */
  #isWhole(found: readonly RunSummary[], told: ReadonlySet<string>, { limit, before }: RunQuery): boolean {
    if (limit <= 0) return true;
    const oldest = found.length < limit ? '' : (found.at(-1)?.id ?? '');
    let there = 0;
    for (const id of this.ids()) {
      if (before !== undefined && id >= before) continue;
      if (id < oldest) break;
      if (told.has(id)) there += 1;
      // Made a moment ago, or cut off before it was recorded: no run yet.
      else if (existsSync(this.#documentOf(id))) return false;
    }
    let expected = 0;
    for (const id of told) if (id >= oldest && (before === undefined || id < before)) expected += 1;
    return there === expected;
  }

  /** Every run that has a folder, the newest first. A link in the place of a folder is none of ours. */
  *ids(): Generator<string> {
    for (const month of this.#months()) {
      const ids = namesIn(path.join(this.layout.runs, month)).filter(
        (id) => isRunId(id) && id.startsWith(month),
      );
      yield* ids.sort().reverse();
    }
  }

  /** The newest first. Without any, an index is all there is of the runs. */
  #months(): string[] {
    const { runs } = this.layout;
    return namesIn(runs)
      .filter((name) => isMonth(name) && isFolder(path.join(runs, name)))
      .sort()
      .reverse();
  }

  #documentOf(id: string): string {
    return path.join(this.folder(id), 'run.json');
  }

  /** Every run, the newest first: from the index what it knows, the rest from the documents. */
  #fromFolders(): RunSummary[] {
    const known = this.index.all();
    return [...this.ids()].flatMap((id) => known.get(id) ?? this.#summaryOf(id) ?? []);
  }

  #summaryOf(id: string): RunSummary | undefined {
    const loaded = readDocument(this.#documentOf(id), runDocumentKind);
    if (loaded.state === 'ok') return this.summaryOf(loaded.value);
    if (loaded.state !== 'missing') this.met.set(loaded.problem.path, loaded.problem);
    return undefined;
  }

  /**
   * Every run as its document has it now, the newest first, the index aside: for what deletes.
   * @param unreadable gets why nothing is known of a run, and of what it needs
   */
  *scan(unreadable: (problem: StoreProblem) => void = () => undefined): Generator<RunDocument> {
    for (const id of this.ids()) {
      if (!isFolder(this.folder(id))) continue;
      const loaded = readDocument(this.#documentOf(id), runDocumentKind);
      if (loaded.state === 'ok') {
        if (loaded.value.id === id) yield this.now(this.#toldOf(loaded.value));
      } else if (loaded.state !== 'missing') unreadable(loaded.problem);
    }
  }

  /**
   * Makes the index anew where an older Modelyard has written it, or where it does not tell what lies in the folders. For
   * whoever writes. Gives whether it did.
   */
  repairIndex(limit = Infinity): boolean {
    const told = new Set<string>();
    const found = this.index.newest({ limit }, told);
    if (!this.index.isOld() && this.#isWhole(found, told, { limit })) return false;
    return this.rebuildIndex();
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
    return this.liveIds().filter((id) => !this.isRunning(id));
  }

  /** Whether a process works on the run, and not only its record. */
  isRunning(id: string): boolean {
    const sign = this.signOf(id);
    return this.owners(id).some((one) => isAlive(one, sign));
  }

  /** One run, as it is now: with the status `interrupted` when its process is gone. */
  read(id: string): ReadRun {
    if (!isRunId(id)) return unknownRun(this.layout.runs, id);
    const file = path.join(this.folder(id), 'run.json');
    const loaded = readDocument(file, runDocumentKind);
    switch (loaded.state) {
      case 'ok':
        return { ok: true, run: this.now(this.#toldOf(loaded.value)) };
      case 'missing':
        return unknownRun(file, id);
      case 'broken':
      case 'refused':
        this.met.set(loaded.problem.path, loaded.problem);
        return { ok: false, problem: loaded.problem };
    }
  }

  /** What a document says of a run now. */
  protected now(document: RunDocument): RunDocument {
    const sign = this.signOf(document.id);
    const isBehind = document.tracking !== undefined || this.#wasKilled(document, sign);
    const run = this.#served(isBehind ? (this.replay(document) ?? document) : document, sign);
    return liveStatus(run, sign) === run.status ? run : interrupted(run, this.lastSign(run.id));
  }

  /** Of several servers that a client's run was told of, the document names the one that wrote last: it may have ended. */
  #served(run: RunDocument, sign: LastSign): RunDocument {
    if (run.tracking === undefined || !LIVE_STATUSES.has(run.status) || isAlive(run, sign)) return run;
    return { ...run, ...this.owners(run.id).find((one) => isAlive(one, sign)) };
  }

  /** One that was left to wait for people has no marker any more: its document is whole. */
  #wasKilled(run: RunDocument, sign: LastSign): boolean {
    if (!LIVE_STATUSES.has(run.status)) return false;
    if (run.status === 'waiting' && !existsSync(path.join(this.layout.live, run.id))) return false;
    return !isAlive(run, sign);
  }

  /** A document brought up to date from all events of its run. Absent: they can't be read; it is among the problems. */
  protected replay(document: RunDocument): RunDocument | undefined {
    const { id } = document;
    if (document.tracking !== undefined) return caughtUp(document, this.folder(id));
    const files = [this.#documentOf(id), eventsFile(this.folder(id))]
      .map((file) => statOf(file))
      .map((stat) => `${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`)
      .join(' ');
    const known = this.#replayed.get(id);
    if (known?.files === files) return known.run;
    const read = this.allEvents(id);
    if (!read.ok) {
      this.met.set(read.problem.path, read.problem);
      return undefined;
    }
    const told = replayed(document, read.events);
    const tasks = told.tasks.map((task) => {
      const log = taskLogName(task.id);
      return existsSync(path.join(this.folder(id), log)) ? { ...task, log } : task;
    });
    const run = { ...told, tasks };
    this.#replayed.set(id, { files, run });
    return run;
  }

  /** A run as it was read; notes what of it is lost. */
  #toldOf(run: RunDocument): RunDocument {
    const tasks = run.tasks.flatMap(({ id, lost = [] }) =>
      lost.length === 0 ? [] : [`${id} (${lost.join(', ')})`],
    );
    if (tasks.length > 0) {
      const folder = listsFolder(this.layout.runs);
      const message = `Run ${run.id}: lists of files are gone from ${folder}, or changed there, and what they held is not known: ${tasks.slice(0, 5).join(', ')}${tasks.length > 5 ? ` and ${tasks.length - 5} more` : ''}. Put them back from a copy, or delete the run.`;
      this.met.set(this.folder(run.id), { path: folder, message });
    }
    return run;
  }

  /** Events of a run from a byte of `events.ndjson` on, in order; `next` is where to go on. Broken lines are left out. */
  events(id: string, fromByte = 0): { readonly events: readonly RawLine[]; readonly next: number } {
    const { lines, next } = linesFrom(eventsFile(this.folder(id)), fromByte);
    const lists = listsFolder(this.layout.runs);
    const events = lines
      .map((line) => valueOf(EVENTS_FORMAT, line))
      .filter((event) => event !== undefined)
      .map((event) => withLists(event, lists));
    return { events, next };
  }

  /** Why a run can't go on from its events: a newer Modelyard has written them. Reads the last line. */
  refusedEvents(id: string): StoreProblem | undefined {
    return refusedLines(EVENTS_FORMAT, eventsFile(this.folder(id)));
  }

  /** Every event of a run, in order; or why they can't be told: a newer Modelyard has written them. */
  protected allEvents(
    id: string,
  ):
    | { readonly ok: true; readonly events: readonly RawLine[] }
    | { readonly ok: false; readonly problem: StoreProblem } {
    const problem = this.refusedEvents(id);
    if (problem !== undefined) return { ok: false, problem };
    const all: RawLine[] = [];
    for (let from = 0; ;) {
      const { events, next } = this.events(id, from);
      if (next === from) return { ok: true, events: all };
      for (const event of events) all.push(event);
      from = next;
    }
  }

  /** The metrics that were logged while a run went on, thinned out to about `maxPoints` each; none that are refused. */
  metrics(
    id: string,
    options: { readonly task?: string; readonly key?: string; readonly maxPoints?: number } = {},
  ): LoggedSeries[] {
    const file = path.join(this.folder(id), 'metrics.ndjson');
    const refused = refusedMetrics(file);
    if (refused === undefined) return readMetricLog(file, options);
    this.met.set(file, refused);
    return [];
  }

  /**
   * The metrics that were logged for a run, as `metrics` gives them: those of a task whose result comes from the cache are read
   * where they were logged, as long as that run is there.
   * @param longest bytes: longer logs are not read, and `undefined` is what that gives
   */
  series(
    run: RunDocument,
    { longest = Infinity, ...options }: { readonly maxPoints?: number; readonly longest?: number },
  ): LoggedSeries[] | undefined {
    const logs = new Map<string, Set<string> | undefined>([[run.id, undefined]]);
    for (const { id, restoredFrom = run.id } of run.tasks) {
      if (restoredFrom === run.id || !isRunId(restoredFrom)) continue;
      logs.set(restoredFrom, (logs.get(restoredFrom) ?? new Set()).add(id));
    }
    const sizes = [...logs.keys()].map(
      (id) => statOf(path.join(this.folder(id), 'metrics.ndjson'))?.size ?? 0,
    );
    if (sizes.some((size) => size > longest)) return undefined;
    return [...logs].flatMap(([id, tasks]) =>
      this.metrics(id, options).filter(({ task }) => tasks?.has(task) !== false),
    );
  }

  /** The processes that the run's marker names: one, or each server that was told of a client's run. They may be gone. */
  protected owners(id: string): readonly ProcessIdentity[] {
    return textOf(path.join(this.layout.live, id))
      .split('\n')
      .flatMap((line) => parsed(line))
      .filter((one): one is ProcessIdentity => isRecord(one) && typeof one['pid'] === 'number');
  }

  /** When the runner of a run was last heard of: it touches the run's marker, and writes. */
  signOf(id: string): LastSign {
    const written = ['events.ndjson', 'metrics.ndjson', 'run.json'];
    return signIn(
      path.join(this.layout.live, id),
      ...written.map((name) => path.join(this.folder(id), name)),
    );
  }

  /** Whether the process that a run names lives. */
  isAttended(run: ProcessIdentity & { readonly id: string }): boolean {
    return isAlive(run, this.signOf(run.id));
  }

  /** Whether some process runs it: one that has left a run to wait for people may live on for what that is a part of. */
  hasRunner(run: RunDocument): boolean {
    return this.isAttended(run) && !isClosedHere(run);
  }

  /** When the run last wrote something, ISO 8601. */
  protected lastSign(id: string): string {
    const last = this.signOf(id)();
    return new Date(last === 0 ? Date.now() : last).toISOString();
  }

  /** What lists show of a run, as people have marked it. */
  summaryOf(run: RunDocument): RunSummary {
    return summarize(run, readMarks(this.folder(run.id)));
  }

  /**
   * What people have said of a run here.
   * @param change as it would be after a change
   */
  marks(id: string, change: MarksChange = {}): RunMarks {
    return changed(readMarks(this.folder(id)), change);
  }

  #current(summary: RunSummary): RunSummary {
    if (!LIVE_STATUSES.has(summary.status)) return summary;
    const loaded = readDocument(path.join(this.folder(summary.id), 'run.json'), runDocumentKind);
    if (loaded.state === 'ok') return this.summaryOf(this.now(loaded.value));
    const status = liveStatus(summary, this.signOf(summary.id));
    return status === summary.status ? summary : { ...summary, status };
  }

  /**
   * Makes the index anew from the documents, 30 µs each. What can't be read is reported in `problems` and left out. Gives
   * whether it did.
   */
  rebuildIndex(): boolean {
    mkdirSync(this.layout.runs, { recursive: true });
    const known = this.index.all();
    return this.index.rebuild(() =>
      [...this.ids()].flatMap(
        (id) => this.#summaryOf(id) ?? (existsSync(this.folder(id)) ? (known.get(id) ?? []) : []),
      ),
    );
  }
}

export function unknownRun(at: string, id: string): { ok: false; problem: StoreProblem; unknown: true } {
  return {
    ok: false,
    unknown: true,
    problem: {
      path: at,
      message: `There is no run ${JSON.stringify(id)}. \`modelyard runs list\` shows them.`,
    },
  };
}

function isMonth(name: string): boolean {
  return /^\d{6}$/.test(name);
}
