/** When nothing of a run goes on and all that is left waits for people: it asks whoever is there, stays, or leaves. */
import { describeError } from '../../stores/disk/problem.js';
import type { Approvals, Asker } from './approvals.js';
import type { EventBody, RunEvent } from '../../stores/runs/events.js';
import type { QuestionsBelow } from './questions-below.js';
import type { RunOptions } from '../run-options.js';
import type { Seat } from '../execute/schedule.js';

/** What happens only when the run goes on. */
const AWAKE: ReadonlySet<RunEvent['type']> = new Set(['task-planned', 'task-started', 'task-ended']);

/** One of several approvals that are needed changes nothing yet. */
function wakes(event: RunEvent): boolean {
  return event.type === 'approval-answered' ? event.decided !== undefined : AWAKE.has(event.type);
}

/** Answers to runs below come from any process; watching all their folders costs more than looking. */
const LOOK_MS = 500;

export class Idle {
  readonly #approvals: Approvals;
  readonly #people: RunOptions['approvals'];
  readonly #emit: (event: EventBody) => void;
  readonly #questions: QuestionsBelow;
  /** Aborted when the run was asked to end: then nothing waits any more. */
  readonly #cancelled: AbortSignal;
  readonly #leave = new AbortController();
  /** Tasks whose own runs wait for people, and the way to go on with each. */
  readonly #below = new Map<string, (again: boolean) => void>();
  #idling = false;
  /** Aborted when the run goes on. */
  #awake = new AbortController();
  #look: NodeJS.Timeout | undefined;

  constructor(
    approvals: Approvals,
    people: RunOptions['approvals'],
    emit: (event: EventBody) => void,
    questions: QuestionsBelow,
    cancelled: AbortSignal,
  ) {
    this.#cancelled = cancelled;
    this.#approvals = approvals;
    this.#people = people;
    this.#emit = emit;
    this.#questions = questions;
  }

  /** Aborted when the runner leaves the rest to whoever resumes the run. */
  get left(): AbortSignal {
    return this.#leave.signal;
  }

  take(event: RunEvent): void {
    if (wakes(event)) this.#wake();
  }

  #wake(): void {
    if (!this.#idling) return;
    this.#idling = false;
    this.#awake.abort();
  }

  /**
   * Nothing runs.
   *
   * @param inVain another task has failed, and nothing would follow from an answer
   */
  begin(inVain: boolean): void {
    const approvals = this.#approvals;
    const { stay, ask } = this.#people;
    if (approvals.waiting.length + this.#below.size === 0 || approvals.refresh()) return;
    if (inVain) {
      if (approvals.waiting.length === 0) this.#park();
      else approvals.withdraw('another task failed, so that nothing would follow from an approval');
      return;
    }
    if (this.#lookBelow()) return;
    if (ask === undefined && !stay) {
      this.#park();
      return;
    }
    if (this.#idling) return;
    this.#idling = true;
    this.#awake = new AbortController();
    this.#emit({ type: 'run-waiting', tasks: this.#waiting(), parked: false });
    if (ask !== undefined) void this.#ask(ask, this.#awake.signal);
  }

  async #ask(ask: Asker, awake: AbortSignal): Promise<void> {
    try {
      await this.#approvals.askHere(ask);
      if (!awake.aborted) await this.#questions.askHere(ask, awake);
      if (awake.aborted || this.#lookBelow()) return;
    } catch (error) {
      this.#emit({ type: 'notice', level: 'error', message: describeError(error) });
    }
    if (!this.#people.stay && !awake.aborted) this.#park();
  }

  /** Leaves if there is nothing but waiting. `false`: something goes on. */
  leave(): boolean {
    if (!this.#idling) return false;
    this.#park();
    return true;
  }

  /**
   * A task whose own run waits for people: what follows from it does not start. `true`: there is an answer, and the task
   * is to go on with its run; `false`: the runner leaves. Where this run is cancelled the task ends its own.
   */
  async waitsBelow(id: string, seat: Seat): Promise<boolean> {
    const { signal } = this.#leave;
    const cancelled = this.#cancelled;
    if (signal.aborted) return false;
    this.#questions.begin(id);
    const again = await new Promise<boolean>((resolve) => {
      this.#below.set(id, resolve);
      const cancel = (): void => resolve(true);
      signal.addEventListener('abort', () => resolve(false), { once: true });
      if (cancelled.aborted) cancel();
      else cancelled.addEventListener('abort', cancel, { once: true });
      this.#look ??= setInterval(() => this.#lookBelow(), LOOK_MS);
      seat.leave();
    });
    this.#below.delete(id);
    this.#questions.end(id);
    if (this.#below.size === 0) {
      clearInterval(this.#look);
      this.#look = undefined;
    }
    if (!again) return false;
    this.#wake();
    this.#approvals.interrupt();
    await seat.take();
    return true;
  }

  /** `true`: tasks go on. */
  #lookBelow(): boolean {
    if (this.#below.size === 0) return false;
    const answered = this.#questions.answered();
    for (const task of answered) this.#below.get(task)?.(true);
    return answered.length > 0;
  }

  /** Whether a task has a run of its own that waits for people. */
  hasWaiting(id: string): boolean {
    return this.#questions.hasWaiting(id);
  }

  #waiting(): readonly string[] {
    return [...this.#approvals.waiting, ...this.#below.keys()];
  }

  #park(): void {
    const approvals = this.#approvals;
    if (approvals.refresh() || this.#leave.signal.aborted || this.#cancelled.aborted) return;
    if (this.#waiting().length === 0) return;
    this.#emit({ type: 'run-waiting', tasks: this.#waiting(), parked: true });
    this.#leave.abort();
    approvals.park();
  }
}
