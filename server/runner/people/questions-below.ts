/** Questions of runs that are part of this one. Their runners have left, so that this run looks for the answers. */
import { type ApprovalState, RunApprovals } from '../../stores/approvals/approvals.js';
import { userAndHost } from '../../stores/machine/user.js';
import type { RunStore } from '../../stores/runs/runs.js';
import { AskingRuns, mayAnswer, waitingApprovals } from '../../stores/approvals/waiting.js';
import type { Asker } from './approvals.js';

interface QuestionBelow {
  /** The task of this run that waits for it. */
  readonly task: string;
  readonly state: ApprovalState;
}

/** More runs in each other than anybody writes. */
const DEEPEST = 20;

function keyOf({ state: { request } }: QuestionBelow): string {
  return `${request.run} ${request.task} ${request.question}`;
}

export class QuestionsBelow {
  readonly #store: RunStore;
  readonly #runId: string;
  readonly #asking: AskingRuns;
  readonly #clock: () => Date;
  readonly #later = new Set<string>();
  /** What each task waits for. */
  readonly #known = new Map<string, ReadonlySet<string>>();

  /** @param clock by which their time is up */
  constructor(store: RunStore, runId: string, clock: () => Date = () => new Date()) {
    this.#clock = clock;
    this.#store = store;
    this.#asking = new AskingRuns(store);
    this.#runId = runId;
  }

  #open(): readonly QuestionBelow[] {
    return waitingApprovals(this.#store, this.#clock(), this.#asking.list()).flatMap(({ state }) => {
      const task = this.#taskOf(state.request.run);
      return task === undefined ? [] : [{ task, state }];
    });
  }

  /** The task of this run that a run is a part of. */
  #taskOf(run: string): string | undefined {
    let id = run;
    for (let depth = 0; depth < DEEPEST; depth++) {
      const read = this.#store.read(id);
      const parent = read.ok ? read.run.parent : undefined;
      if (parent === undefined) return undefined;
      if (parent.run === this.#runId) return parent.task;
      id = parent.run;
    }
    return undefined;
  }

  /** A task begins to wait for what is open now. */
  begin(task: string): void {
    this.#known.set(task, new Set(this.#open().flatMap((one) => (one.task === task ? [keyOf(one)] : []))));
  }

  end(task: string): void {
    this.#known.delete(task);
  }

  /** Tasks that can go on: something that they waited for is open no more. */
  answered(): readonly string[] {
    const open = new Set(this.#open().map(keyOf));
    return [...this.#known].flatMap(([task, keys]) =>
      [...keys].some((key) => !open.has(key)) ? [task] : [],
    );
  }

  /** Asks the person before the terminal, until the signal comes or they have put off what they may answer. */
  async askHere(ask: Asker, signal: AbortSignal): Promise<void> {
    const { user, host } = userAndHost();
    const over = (): boolean => signal.aborted;
    while (!over()) {
      const next = this.#open().find((one) => !this.#later.has(keyOf(one)) && mayAnswer(one.state, user));
      if (next === undefined) return;
      const { request } = next.state;
      const answer = await ask(request, signal);
      if (answer === 'later') {
        if (!over()) this.#later.add(keyOf(next));
        continue;
      }
      const approvals = new RunApprovals(this.#store.folder(request.run));
      const { ok } = approvals.answer(request.task, { ...answer, by: user, host }, this.#clock());
      // Who was refused, because somebody was faster, sees that in what follows.
      if (!ok || this.answered().length > 0) return;
    }
  }

  /** Whether a run that a task of this one has started waits. */
  hasWaiting(task: string): boolean {
    return this.#asking.list().some(({ id, status }) => status === 'waiting' && this.#taskOf(id) === task);
  }

  /** What waits for people ends with this run. */
  abandon(): void {
    for (const { id, status } of this.#asking.list())
      if (status === 'waiting' && this.#taskOf(id) !== undefined) this.#store.abandon(id);
  }
}
