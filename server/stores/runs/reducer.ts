/** The record of a run as a reader of its events: pure steps from document to document. */
import { jsonNumber } from '../../base/numeral.js';
import { setOwn } from '../../base/set-own.js';
import type { Json } from '../../definition/definition.js';
import {
  type ApprovalRecord,
  type MetricRange,
  type RunDocument,
  type TaskRun,
  widened,
} from './document.js';
import { newRunDocument } from './states.js';
import type { RunCreated, RunEvent } from './events.js';

/** The document of a run that was just made. */
export function newDocument({ run, tasks }: RunCreated): RunDocument {
  return newRunDocument(run, tasks);
}

/** The document of a run brought up to date from its events; what is none of them is passed over. */
export function replayed(document: RunDocument, events: readonly unknown[]): RunDocument {
  const reducer = new RunReducer(document);
  for (const event of events) if (isEvent(event)) reducer.apply(event);
  return reducer.document();
}

function isEvent(value: unknown): value is RunEvent {
  return typeof value === 'object' && value !== null && 'type' in value;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Applies events in place, so that an event costs the same in a run of 10 and of 10,000 tasks. */
export class RunReducer {
  readonly #run: Mutable<RunDocument>;
  readonly #tasks: Mutable<TaskRun>[];
  readonly #index = new Map<string, number>();

  constructor(document: RunDocument) {
    this.#run = { ...document };
    this.#tasks = document.tasks.map((task) => ({ ...task }));
    this.#tasks.forEach((task, index) => this.#index.set(task.id, index));
  }

  /** The document as it is now. Valid until the next event is applied. */
  document(): RunDocument {
    this.#run.tasks = this.#tasks;
    return this.#run;
  }

  apply(event: RunEvent): void {
    const run = this.#run;
    switch (event.type) {
      case 'run-created':
      case 'notice':
      case 'task-output':
        return;
      case 'run-started':
        run.status = 'running';
        run.startedAt ??= event.at;
        return;
      case 'run-waiting':
        run.status = 'waiting';
        return;
      case 'run-ended':
        run.status = event.status;
        run.endedAt = event.at;
        if (event.error !== undefined) run.error = event.error;
        // A run that was refused, or cancelled while it waited for another one, never came to them.
        for (const task of this.#tasks) {
          if (task.status === 'queued' || task.status === 'waiting')
            task.status = event.status === 'cancelled' ? 'cancelled' : 'skipped';
        }
        return;
      default: {
        if (run.status === 'waiting' && WAKING.has(event.type)) run.status = 'running';
        const task = this.#tasks[this.#index.get(event.id) ?? -1];
        if (task !== undefined) applyToTask(task, event);
      }
    }
  }

  /** Where the log of a task lies, once there is one. */
  setLog(id: string, log: string): void {
    const task = this.#tasks[this.#index.get(id) ?? -1];
    if (task !== undefined) task.log = log;
  }

  /** What became known of the repository only while the run was under way. */
  setGit(git: NonNullable<RunDocument['git']>): void {
    this.#run.git = git;
  }
}

/** What happens only when somebody has answered. */
const WAKING: ReadonlySet<RunEvent['type']> = new Set(['task-planned', 'task-started', 'task-ended']);

type TaskEvent = Exclude<
  RunEvent,
  { readonly type: 'run-created' | 'run-started' | 'run-waiting' | 'run-ended' | 'notice' | 'task-output' }
>;

function applyToTask(task: Mutable<TaskRun>, event: TaskEvent): void {
  switch (event.type) {
    case 'task-waiting':
      task.status = 'waiting';
      task.reasons = [event.reason];
      return;
    case 'approval-requested':
      task.status = 'waiting';
      task.approval = event.approval;
      task.reasons = [waitingFor(event.approval)];
      return;
    case 'approval-answered':
      task.approval = event.approval;
      if (event.decided !== undefined) task.status = 'running';
      else task.reasons = [waitingFor(event.approval)];
      return;
    case 'task-planned':
      task.reasons = event.reasons;
      if (event.fingerprint !== undefined) task.fingerprint = event.fingerprint;
      if (event.lost !== undefined) task.lost = event.lost;
      return;
    case 'task-submitted':
      task.status = 'waiting';
      task.job = event.job;
      task.attempts = event.attempt;
      return;
    case 'task-started':
      task.status = 'running';
      task.startedAt ??= event.at;
      task.attempts = event.attempt;
      if (task.job !== undefined && event.node !== undefined) task.job = { ...task.job, node: event.node };
      return;
    case 'metric-logged': {
      const metrics: Record<string, Json> = { ...task.metrics };
      setOwn(metrics, event.key, event.exact ?? jsonNumber(event.value));
      task.metrics = metrics;
      const known = task.ranges ?? {};
      const before = Object.hasOwn(known, event.key) ? known[event.key] : undefined;
      const range = widened(before, event.value);
      if (range !== undefined && range !== before) {
        const ranges: Record<string, MetricRange> = { ...known };
        setOwn(ranges, event.key, range);
        task.ranges = ranges;
      }
      return;
    }
    case 'client-run-began':
      task.clientRuns = [...(task.clientRuns ?? []), event.run];
      return;
    case 'task-retrying':
      task.error = event.error;
      return;
    case 'task-ended': {
      const { at, ...rest } = event;
      delete task.error;
      Object.assign(task, rest, { endedAt: at });
      delete (task as { type?: string }).type;
      return;
    }
  }
}

function waitingFor({ who, count, answers }: ApprovalRecord): string {
  const missing = count - answers.filter((answer) => answer.verdict === 'approved').length;
  const people = who.length === 0 ? 'somebody' : who.join(', ');
  return missing <= 1 ? `waits for ${people}` : `waits for ${missing} of ${people}`;
}
