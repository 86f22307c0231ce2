/** When nothing of a run goes on and all that is left waits for people: it asks whoever is there, stays, or leaves. */
import { describeError } from '../stores/problem.js';
import type { Approvals } from './approvals.js';
import type { EventBody, RunEvent } from './events.js';
import type { RunOptions } from './run-options.js';
import type { Seat } from './schedule.js';

/** What happens only when the run goes on. */
const AWAKE: ReadonlySet<RunEvent['type']> = new Set(['task-planned', 'task-started', 'task-ended']);

/** One of several approvals that are needed changes nothing yet. */
function wakes(event: RunEvent): boolean {
  return event.type === 'approval-answered' ? event.decided !== undefined : AWAKE.has(event.type);
}

export class Idle {
  readonly #approvals: Approvals;
  readonly #people: RunOptions['approvals'];
  readonly #emit: (event: EventBody) => void;
  readonly #leave = new AbortController();
  /** Tasks whose own runs wait for people. */
  readonly #below = new Set<string>();
  #idling = false;

  constructor(approvals: Approvals, people: RunOptions['approvals'], emit: (event: EventBody) => void) {
    this.#approvals = approvals;
    this.#people = people;
    this.#emit = emit;
  }

  /** Aborted when the runner leaves the rest to whoever resumes the run. */
  get left(): AbortSignal {
    return this.#leave.signal;
  }

  take(event: RunEvent): void {
    if (wakes(event)) this.#idling = false;
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
      approvals.withdraw('another task failed, so that nothing would follow from an approval');
      return;
    }
    // Runs below this one have asked by themselves, and left.
    if ((ask === undefined && !stay) || approvals.waiting.length === 0) {
      this.#park();
      return;
    }
    if (this.#idling) return;
    this.#idling = true;
    this.#emit({ type: 'run-waiting', tasks: approvals.waiting, parked: false });
    if (ask === undefined) return;
    void approvals
      .askHere(ask)
      .then((left) => {
        if (left && !stay && this.#idling) this.#park();
      })
      .catch((error: unknown) => {
        this.#emit({ type: 'notice', level: 'error', message: describeError(error) });
        if (!stay && this.#idling) this.#park();
      });
  }

  /** Leaves if there is nothing but waiting. `false`: something goes on. */
  leave(): boolean {
    if (!this.#idling) return false;
    this.#park();
    return true;
  }

  /** A task whose own run waits for people: what follows from it does not start. */
  async waitsBelow(id: string, seat: Seat): Promise<void> {
    const { signal } = this.#leave;
    if (signal.aborted) return;
    this.#below.add(id);
    seat.leave();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  #park(): void {
    const approvals = this.#approvals;
    if (approvals.refresh() || this.#leave.signal.aborted) return;
    this.#emit({ type: 'run-waiting', tasks: [...approvals.waiting, ...this.#below], parked: true });
    this.#leave.abort();
    approvals.park();
  }
}
