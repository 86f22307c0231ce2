/**
 * What earlier runs of a project tell, kept in memory until the runs change. Lenses, hovers and completions ask it, so it
 * answers from memory; the store is read once per change, and of older runs only where they are.
 */
import { defined } from '../../../base/defined.js';
import type { OpenQuestion, PipelineHistory, RunHistory, TaskHistory } from '../../../ide/types.js';
import type { RunDocument, RunSummary, TaskRun } from '../../../stores/runs/document.js';
import { RunCensus } from '../../../stores/runs/index/census.js';
import { RunTable } from '../../../stores/runs/index/table.js';
import { statOf } from '../../../stores/disk/folder.js';
import { RunStore } from '../../../stores/runs/runs.js';
import { userAndHost } from '../../../stores/machine/user.js';
import { runSliced } from '../../../base/runs/steps.js';
import {
  AskingRuns,
  type WaitingApproval,
  mayAnswer,
  openApprovals,
} from '../../../stores/approvals/waiting.js';

/** So many of the newest runs are kept; older ones are asked for where somebody wants them. */
const NEWEST = 300;

/** How many runs of a pipeline are read to find one that had a certain task. */
const DEPTH = 8;

/** From so many bytes on, about 4,000 runs, reading the index is noticed. */
const LONG_INDEX = 4 * 1024 * 1024;

const LIVE: ReadonlySet<string> = new Set(['queued', 'running', 'waiting']);

/** A task that never began tells nothing about itself, unless it still may begin. */
function tells(task: TaskRun, run: RunDocument): boolean {
  if (task.startedAt !== undefined || task.status === 'cached') return true;
  if (LIVE.has(run.status)) return LIVE.has(task.status);
  return task.status === 'skipped';
}

function duration(startedAt: string | undefined, endedAt: string | undefined): number | undefined {
  if (startedAt === undefined || endedAt === undefined) return undefined;
  const ms = Date.parse(endedAt) - Date.parse(startedAt);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

export class ProjectHistory implements RunHistory {
  readonly store: RunStore;
  #newest: readonly RunSummary[] | undefined;
  readonly #asking: AskingRuns;
  #waiting: readonly WaitingApproval[] | undefined;
  readonly #byPipeline = new Map<string, RunSummary[]>();
  readonly #documents = new Map<string, RunDocument>();
  readonly #tasks = new Map<string, TaskHistory | undefined>();
  readonly #census: RunCensus;
  #isCounted = false;
  #table: { readonly table: RunTable; stale: boolean; reading: Promise<void> | undefined } | undefined;

  constructor(root: string) {
    this.store = RunStore.open(root);
    this.#asking = new AskingRuns(this.store);
    this.#census = new RunCensus(this.store.index);
  }

  /** The runs changed: everything is asked again when somebody wants to know. */
  invalidate(): void {
    this.#newest = undefined;
    this.#isCounted = false;
    if (this.#table !== undefined) this.#table.stale = true;
    this.#waiting = undefined;
    this.#byPipeline.clear();
    this.#tasks.clear();
    // What has ended doesn't change; but it may be gone.
    this.#documents.clear();
  }

  /** The newest runs, newest first. */
  newest(): readonly RunSummary[] {
    if (this.#newest === undefined) {
      this.#newest = this.store.list({ limit: NEWEST });
      for (const run of this.#newest) {
        if (run.source !== undefined || run.debug === true) continue;
        const runs = this.#byPipeline.get(run.pipeline);
        if (runs) runs.push(run);
        else this.#byPipeline.set(run.pipeline, [run]);
      }
    }
    return this.#newest;
  }

  /** Runs that are under way now, newest first. */
  active(): readonly RunSummary[] {
    return this.newest().filter((run) => LIVE.has(run.status));
  }

  /** Questions that are not decided, as they are now, with those whose time is up while nobody runs them. */
  waiting(now = new Date()): readonly WaitingApproval[] {
    return openApprovals(this.store, now, this.#asking.list());
  }

  questions(path: string): readonly OpenQuestion[] {
    this.#waiting ??= this.waiting();
    const { user } = userAndHost();
    const now = new Date().toISOString();
    // Time goes on without any change of the runs.
    return this.#waiting
      .filter((waiting) => waiting.path === path && (waiting.state.request.expiresAt ?? '~') > now)
      .map(({ state }) => ({
        runId: state.request.run,
        task: state.request.task,
        askedAt: state.request.askedAt,
        mayAnswer: mayAnswer(state, user),
      }));
  }

  /** All runs, counted. */
  census(): RunCensus {
    if (!this.#isCounted) {
      this.#census.refresh();
      this.#isCounted = true;
    }
    return this.#census;
  }

  /** The newest runs in columns, where all of them have not been read and can't be in no time. */
  newestInTable(): RunTable | undefined {
    if (this.#table !== undefined && this.#table.reading === undefined) return undefined;
    const bytes = this.store.index.files.reduce((sum, file) => sum + (statOf(file)?.size ?? 0), 0);
    return bytes < LONG_INDEX ? undefined : RunTable.of(this.store, this.newest());
  }

  /** All runs in columns, as they are now; read in slices when first asked for. */
  async table(): Promise<RunTable> {
    this.#table ??= { table: new RunTable(this.store), stale: true, reading: undefined };
    const own = this.#table;
    // Of several who ask, one reads; what has changed meanwhile is read by the next.
    while (own.stale || own.reading !== undefined) {
      if (own.reading === undefined) {
        own.stale = false;
        own.reading = runSliced(own.table.refresh()).finally(() => {
          own.reading = undefined;
        });
      }
      await own.reading;
    }
    return own.table;
  }

  last(pipeline: string): RunSummary | undefined {
    return this.#summariesOf(pipeline)[0];
  }

  /** The newest runs of a pipeline: some of those that are kept, or else older ones. */
  #summariesOf(pipeline: string): readonly RunSummary[] {
    const newest = this.newest();
    const known = this.#byPipeline.get(pipeline);
    // Where all runs are kept there are no others.
    if (known !== undefined || newest.length < NEWEST) return known ?? [];
    const older = this.census()
      .newestOf(pipeline, DEPTH)
      .flatMap((id) => {
        const read = this.store.read(id);
        return read.ok ? [this.store.summaryOf(read.run)] : [];
      });
    this.#byPipeline.set(pipeline, older);
    return older;
  }

  /** The newest run's record of each task of a pipeline, by instance id. */
  lastTasks(pipeline: string): ReadonlyMap<string, TaskRun> {
    const tasks = new Map<string, TaskRun>();
    for (const run of this.#runsOf(pipeline)) {
      for (const task of run.tasks) if (!tasks.has(task.id) && tells(task, run)) tasks.set(task.id, task);
    }
    return tasks;
  }

  pipeline(name: string): PipelineHistory | undefined {
    const run = this.last(name);
    if (run === undefined) return undefined;
    const durationMs = duration(run.createdAt, run.endedAt);
    return {
      runId: run.id,
      status: run.status,
      at: run.endedAt ?? run.createdAt,
      ...defined({ durationMs }),
    };
  }

  task(pipeline: string, task: string): TaskHistory | undefined {
    const key = `${pipeline}\n${task}`;
    if (!this.#tasks.has(key)) this.#tasks.set(key, this.#findTask(pipeline, task));
    return this.#tasks.get(key);
  }

  #findTask(pipeline: string, name: string): TaskHistory | undefined {
    for (const run of this.#runsOf(pipeline)) {
      // A group of stages of DVC is known by its parts.
      const isMeant = ({ id, task: one }: TaskRun): boolean =>
        id === name || one === name || one.startsWith(`${name}@`);
      const task = run.tasks.find((one) => isMeant(one) && tells(one, run));
      if (task === undefined) continue;
      const durationMs = duration(task.startedAt, task.endedAt);
      return {
        runId: run.id,
        status: task.status,
        at: task.endedAt ?? run.endedAt ?? run.createdAt,
        ...defined({ durationMs }),
        metrics: task.metrics,
      };
    }
    return undefined;
  }

  /** One run as it was read last. */
  document(id: string): RunDocument | undefined {
    let document = this.#documents.get(id);
    if (document === undefined) {
      const read = this.store.read(id);
      if (!read.ok) return undefined;
      document = read.run;
      this.#documents.set(id, document);
    }
    return document;
  }

  *#runsOf(pipeline: string): Generator<RunDocument> {
    for (const { id } of this.#summariesOf(pipeline).slice(0, DEPTH)) {
      const document = this.document(id);
      if (document !== undefined) yield document;
    }
  }
}

/** The histories of all projects, made when first asked for. */
export class Histories {
  readonly #byRoot = new Map<string, ProjectHistory>();

  of(root: string): ProjectHistory {
    let history = this.#byRoot.get(root);
    if (history === undefined) {
      history = new ProjectHistory(root);
      this.#byRoot.set(root, history);
    }
    return history;
  }

  /** Forgets projects that are no more. */
  keep(roots: readonly string[]): void {
    for (const root of [...this.#byRoot.keys()]) if (!roots.includes(root)) this.#byRoot.delete(root);
  }
}
