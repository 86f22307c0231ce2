/** Where a run stands, as far as its events tell; what the table, the plain lines and the summary are drawn from. */
import type { RunEvent, TaskEnded } from '../../stores/runs/events.js';
import type { ApprovalRecord } from '../../stores/runs/document.js';
import { afterReturns, tame } from './text.js';

export interface TaskProgress {
  readonly id: string;
  readonly action: string;
  state: 'queued' | 'waiting' | 'running' | 'retrying' | TaskEnded['status'];
  decision?: string;
  reasons: readonly string[];
  startedMs?: number;
  endedMs?: number;
  ended?: TaskEnded;
  attempt: number;
  /** The last lines of its output, without escapes. */
  readonly tail: string[];
  readonly partial: { stdout: Buffer; stderr: Buffer };
  metric?: string;
  approval?: ApprovalRecord;
}

const TAIL_LINES = 20;
/** A line longer than this is cut into several: no task may make us hold all of its output. */
const LONGEST_LINE = 64 * 1024;
/** Of a longer line only the end is kept for the summary. */
const LONGEST_REMEMBERED = 4 * 1024;

export class Progress {
  readonly tasks = new Map<string, TaskProgress>();
  readonly startedMs = Date.now();
  runId = '';
  pipeline = '';
  ended: Extract<RunEvent, { type: 'run-ended' }> | undefined;
  /** Since nothing runs and people are waited for. */
  waiting: Extract<RunEvent, { type: 'run-waiting' }> | undefined;
  finished = 0;

  /** Applies an event; for output gives the lines that became whole. */
  apply(event: RunEvent): readonly string[] {
    switch (event.type) {
      case 'run-created':
        this.runId = event.run.id;
        this.pipeline = event.run.pipeline;
        for (const task of event.tasks) this.tasks.set(task.id, newTask(task.id, task.action));
        return [];
      case 'run-started':
      case 'notice':
        return [];
      case 'run-waiting':
        this.waiting = event;
        return [];
      case 'run-ended':
        this.ended = event;
        return [];
      default: {
        const task = this.tasks.get(event.id);
        return task === undefined ? [] : this.#applyTask(task, event);
      }
    }
  }

  /** What stands in a task's output without a line break at its end. */
  rest(id: string): readonly string[] {
    const task = this.tasks.get(id);
    if (task === undefined) return [];
    const rest = [task.partial.stdout, task.partial.stderr]
      .filter((buffer) => buffer.length > 0)
      .map((buffer) => buffer.toString('utf8'));
    task.partial.stdout = task.partial.stderr = EMPTY;
    for (const line of rest) this.#remember(task, line);
    return rest;
  }

  running(): TaskProgress[] {
    return [...this.tasks.values()].filter((task) => task.state === 'running' || task.state === 'retrying');
  }

  /** How many tasks are in each state. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const task of this.tasks.values()) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
    return counts;
  }

  #applyTask(
    task: TaskProgress,
    event: Exclude<
      RunEvent,
      { type: 'run-created' | 'run-started' | 'run-waiting' | 'notice' | 'run-ended' }
    >,
  ): readonly string[] {
    switch (event.type) {
      case 'task-waiting':
        task.state = 'waiting';
        task.reasons = [event.reason];
        return [];
      case 'approval-requested':
        task.state = 'waiting';
        task.approval = event.approval;
        task.reasons = [asks(event.approval)];
        return [];
      case 'approval-answered':
        task.approval = event.approval;
        if (event.decided !== undefined) task.state = 'running';
        else task.reasons = [asks(event.approval)];
        return [];
      case 'task-submitted':
        task.state = 'waiting';
        return [];
      case 'task-planned':
        task.decision = event.decision;
        task.reasons = event.reasons;
        return [];
      case 'task-started':
        task.state = 'running';
        task.startedMs ??= Date.now();
        task.attempt = event.attempt;
        return [];
      case 'task-retrying':
        task.state = 'retrying';
        return [];
      case 'metric-logged':
        task.metric = `${event.key} ${Number(event.value.toPrecision(5))}`;
        return [];
      case 'client-run-began':
        return [];
      case 'task-ended':
        this.finished++;
        task.state = event.status;
        task.endedMs = Date.now();
        task.ended = event;
        return [];
      case 'task-output':
        return this.#lines(task, event.stream, event.chunk);
    }
  }

  #lines(task: TaskProgress, stream: 'stdout' | 'stderr', chunk: Buffer): readonly string[] {
    const held = task.partial[stream];
    const data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let from = data.lastIndexOf(0x0a) + 1;
    // Decoded at once: a buffer for each line of a flood would cost more memory than its text.
    const lines = from === 0 ? [] : data.toString('utf8', 0, from - 1).split('\n');
    if (data.length - from > LONGEST_LINE) {
      lines.push(data.toString('utf8', from));
      from = data.length;
    }
    task.partial[stream] = from === data.length ? EMPTY : Buffer.from(data.subarray(from));
    for (const line of lines.slice(-TAIL_LINES)) this.#remember(task, line);
    return lines;
  }

  #remember(task: TaskProgress, line: string): void {
    const end = tame(afterReturns(line.slice(-LONGEST_REMEMBERED)), false).trimEnd();
    // A copy: a part of a string keeps the whole of it in memory.
    const text = Buffer.from(end).toString('utf8');
    if (text.trim() === '') return;
    task.tail.push(text);
    if (task.tail.length > TAIL_LINES) task.tail.shift();
  }
}

/** The end of a task is told once more when its record had to be put right: people have heard of it. */
export function isRepeated(progress: Progress, event: RunEvent): boolean {
  return event.type === 'task-ended' && progress.tasks.get(event.id)?.ended !== undefined;
}

/** Whom a task waits for. */
function asks({ who, count, answers }: ApprovalRecord): string {
  const missing = count - answers.filter((answer) => answer.verdict === 'approved').length;
  const people = who.length === 0 ? 'anybody' : who.join(', ');
  return missing > 1 ? `${missing} approvals of ${people}` : `approval of ${people}`;
}

const EMPTY = Buffer.alloc(0);

function newTask(id: string, action: string): TaskProgress {
  return {
    id,
    action,
    state: 'queued',
    reasons: [],
    attempt: 0,
    tail: [],
    partial: { stdout: EMPTY, stderr: EMPTY },
  };
}
