/** The questions that a run puts to people while it goes on: asks, listens for answers, and says when all else is done. */
import { type FSWatcher, watch } from 'node:fs';
import { defined } from '../../base/defined.js';
import {
  type ApprovalRequest,
  type ApprovalState,
  type Question,
  RunApprovals,
} from '../../stores/approvals/approvals.js';
import { userAndHost } from '../../stores/machine/user.js';
import type { ApprovalRecord } from '../../stores/runs/document.js';
import type { EventBody } from '../../stores/runs/events.js';

/** How a question ended for the task that asked it. */
export type Verdict =
  | { readonly kind: 'approved' | 'rejected' | 'timed-out'; readonly state: ApprovalState }
  /** The runner leaves; whoever resumes the run asks on. */
  | { readonly kind: 'parked' }
  /** The run was cancelled, or the task has to end. */
  | { readonly kind: 'stopped' }
  /** Nobody needs the answer any more. */
  | { readonly kind: 'withdrawn'; readonly reason: string };

export interface TerminalAnswer {
  readonly verdict: 'approved' | 'rejected';
  readonly comment?: string;
}

/** Asks the person before the terminal. `later`: not now. The signal says that somebody else has answered. */
export type Asker = (request: ApprovalRequest, signal: AbortSignal) => Promise<TerminalAnswer | 'later'>;

interface Pending {
  readonly task: string;
  readonly settle: (verdict: Verdict) => void;
  readonly decided: AbortController;
  readonly watcher: FSWatcher | undefined;
  state: ApprovalState;
  /** Answers that have been told. */
  seen: number;
}

/** Watching a folder is not to be relied on everywhere (network shares); and times run out without a file. */
const POLL_MS = 500;

export class Approvals {
  readonly #store: RunApprovals;
  readonly #head: { readonly run: string; readonly pipeline: string };
  readonly #emit: (event: EventBody) => void;
  readonly #before: readonly RunApprovals[];
  readonly #clock: () => Date;
  readonly #pending = new Map<string, Pending>();
  readonly #later = new Set<string>();
  #poll: NodeJS.Timeout | undefined;
  /** Whoever is asked in the terminal, and those that ask after them. */
  #asking: Promise<unknown> = Promise.resolve();
  /** Takes the question off the terminal that stands there. */
  #interruption = new AbortController();
  /** How many questions were decided so far. */
  #decisions = 0;

  /**
   * @param before folders of the runs that this one resumes, the last one first
   * @param clock by which questions are asked, and their time is up
   */
  constructor(
    folder: string,
    head: { readonly run: string; readonly pipeline: string },
    emit: (event: EventBody) => void,
    before: readonly string[] = [],
    clock: () => Date = () => new Date(),
  ) {
    this.#clock = clock;
    this.#store = new RunApprovals(folder);
    this.#head = head;
    this.#emit = emit;
    this.#before = before.map((one) => new RunApprovals(one));
  }

  /** Ids of the tasks that wait for answers. */
  get waiting(): readonly string[] {
    return [...this.#pending.keys()];
  }

  /** Ends when it is decided, or when there is no waiting any more. Throws the system's error where it can't be asked. */
  ask(task: string, question: Question, signal: AbortSignal): Promise<Verdict> {
    const before = this.#before.find((one) => one.read(task, this.#clock()) !== undefined);
    if (before !== undefined) this.#store.adopt(task, before, question, this.#head.run, this.#clock());
    const earlier = before?.read(task, this.#clock())?.request;
    const state = this.#store.ask({ ...this.#head, task }, question, this.#clock(), earlier);
    this.#emit({ type: 'approval-requested', id: task, approval: recordOf(state) });
    return new Promise((resolve) => {
      const stop = (): void => settle({ kind: 'stopped' });
      const settle = (verdict: Verdict): void => {
        signal.removeEventListener('abort', stop);
        const pending = this.#pending.get(task);
        pending?.watcher?.close();
        pending?.decided.abort();
        this.#pending.delete(task);
        if (this.#pending.size === 0) this.#rest();
        resolve(verdict);
      };
      const decided = new AbortController();
      const watcher = watchFolder(this.#store.watchPath(task), () => this.#check(task));
      this.#pending.set(task, { task, settle, decided, watcher, state, seen: state.answers.length });
      this.#poll ??= setInterval(() => this.refresh(), POLL_MS);
      if (signal.aborted) stop();
      else {
        signal.addEventListener('abort', stop, { once: true });
        this.#check(task);
      }
    });
  }

  #rest(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  /** Looks whether there are new answers. `true`: something was decided. */
  refresh(): boolean {
    return this.waiting.map((task) => this.#check(task)).includes(true);
  }

  #check(task: string): boolean {
    const pending = this.#pending.get(task);
    if (pending === undefined) return false;
    const state = this.#store.expire(task, this.#clock());
    // Gone: somebody deletes the run's folder.
    if (state === undefined) return false;
    pending.state = state;
    const decided = state.status === 'waiting' || state.status === 'expired' ? undefined : state.status;
    if (state.answers.length === pending.seen && decided === undefined) return false;
    pending.seen = state.answers.length;
    if (decided !== undefined) this.#decisions++;
    // What is told now would be written into the question that stands on the terminal.
    this.#interruption.abort();
    this.#emit({
      type: 'approval-answered',
      id: task,
      approval: recordOf(state),
      ...defined({ decided }),
    });
    if (decided === undefined) return false;
    pending.settle({ kind: decided, state });
    return true;
  }

  /**
   * Asks the person before the terminal, one question after the other, until one is decided: then the run goes on, and
   * they are asked again when it has nothing else to do. Gives whether all that is left was put off; then nobody has to
   * wait here.
   */
  askHere(ask: Asker): Promise<boolean> {
    const all = this.#asking.then(() => this.#askAll(ask));
    this.#asking = all.catch(() => undefined);
    return all;
  }

  /** Takes the question off the terminal; the run goes on with something else. */
  interrupt(): void {
    this.#decisions++;
    this.#interruption.abort();
  }

  async #askAll(ask: Asker): Promise<boolean> {
    const decisions = this.#decisions;
    while (this.#decisions === decisions) {
      const next = [...this.#pending.values()].find(({ task }) => !this.#later.has(task));
      if (next === undefined) return this.#pending.size > 0;
      await this.#askOne(next, ask);
    }
    return false;
  }

  async #askOne({ task, state, decided }: Pending, ask: Asker): Promise<void> {
    const { user, host } = userAndHost();
    const { who } = state.request;
    const before = state.answers.some(({ by }) => by === user);
    if (before || (who.length > 0 && !who.includes(user))) {
      this.#later.add(task);
      return;
    }
    this.#interruption = new AbortController();
    const { signal } = this.#interruption;
    const answer = await ask(state.request, AbortSignal.any([decided.signal, signal]));
    if (answer === 'later') {
      if (!signal.aborted) this.#later.add(task);
      return;
    }
    const answered = this.#store.answer(task, { ...answer, by: user, host }, this.#clock());
    if (!answered.ok) this.#emit({ type: 'notice', level: 'warning', message: answered.message });
    // Of several people who have to approve this one has; and who was refused is not asked again.
    this.#later.add(task);
    this.#check(task);
  }

  /** The runner leaves: every question stays as it is. */
  park(): void {
    for (const pending of [...this.#pending.values()]) pending.settle({ kind: 'parked' });
  }

  withdraw(reason: string): void {
    for (const pending of [...this.#pending.values()]) pending.settle({ kind: 'withdrawn', reason });
  }
}

function watchFolder(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

export function recordOf({ request, answers }: ApprovalState): ApprovalRecord {
  const { prompt, who, count, environment, askedAt, expiresAt, changed } = request;
  return {
    prompt,
    who,
    count,
    ...defined({ environment }),
    askedAt,
    ...defined({ expiresAt, changed }),
    answers: answers.map(({ verdict, by, at, comment }) => ({
      verdict,
      by,
      at,
      ...defined({ comment }),
    })),
  };
}
