/** Questions of runs that wait for people, and answering them: what the command line and the editor share. */
import { setTimeout as pause } from 'node:timers/promises';
import { type ApprovalState, type Answered, type NewAnswer, RunApprovals } from './approvals.js';
import type { RunDocument, RunStatus, RunSummary } from '../runs/document.js';
import type { RunStore } from '../runs/runs.js';
import { foreignMemory } from '../trust.js';

export interface WaitingApproval {
  readonly state: ApprovalState;
  /** The definition, relative to the project. */
  readonly path: string;
  /** A runner stays and goes on by itself; else the run has to be resumed. */
  readonly attended: boolean;
}

/** More runs than anybody has waiting. */
const MOST_RUNS = 500;

/** More runs than start between two looks. */
const NEWEST_RUNS = 300;

const ASKING: readonly RunStatus[] = ['running', 'waiting'];

/**
 * Runs that may ask something, for whoever looks again and again: the first look goes through all runs there are, the
 * next ones through the newest and those that were there before.
 */
export class AskingRuns {
  readonly store: RunStore;
  #known: readonly string[] | undefined;

  constructor(store: RunStore) {
    this.store = store;
  }

  /** The newest first. */
  list(): readonly RunSummary[] {
    const runs =
      this.#known === undefined
        ? this.store.list({ limit: MOST_RUNS, status: ASKING })
        : this.#again(this.#known).filter(({ status }) => ASKING.includes(status));
    this.#known = runs.map(({ id }) => id);
    return runs;
  }

  #again(known: readonly string[]): readonly RunSummary[] {
    const newest = this.store.list({ limit: NEWEST_RUNS });
    const listed = new Set(newest.map(({ id }) => id));
    const older = known.flatMap((id) => {
      const read = listed.has(id) ? undefined : this.store.read(id);
      return read?.ok === true ? [this.store.summaryOf(read.run)] : [];
    });
    return [...newest, ...older];
  }
}

/** Every question that somebody can answer, the oldest run first. */
export function waitingApprovals(
  store: RunStore,
  now = new Date(),
  runs: readonly RunSummary[] = new AskingRuns(store).list(),
): readonly WaitingApproval[] {
  return openApprovals(store, now, runs).filter(({ state }) => state.status === 'waiting');
}

/** As `waitingApprovals`, and with those whose time is up while nobody runs them: resuming the run lets that count. */
export function openApprovals(
  store: RunStore,
  now = new Date(),
  runs: readonly RunSummary[] = new AskingRuns(store).list(),
): readonly WaitingApproval[] {
  return runs.toReversed().flatMap((run) => {
    const approvals = new RunApprovals(store.folder(run.id));
    const attended = run.status === 'running' || store.isAttended(run);
    return approvals.tasks().flatMap((task): WaitingApproval[] => {
      const state = approvals.read(task, now);
      if (state?.status !== 'waiting' && (state?.status !== 'expired' || attended)) return [];
      return [{ state, path: run.path, attended }];
    });
  });
}

/** Tasks of a run that nobody runs whose questions were not answered in time. */
export function expiredTasks(store: RunStore, run: RunSummary, now = new Date()): readonly string[] {
  if (run.status !== 'waiting') return [];
  return openApprovals(store, now, [run]).flatMap(({ state }) =>
    state.status === 'expired' ? [state.request.task] : [],
  );
}

/** The newest answer among runs that ask or have asked something lately: what somebody who comes second is told. */
export function lastDecided(store: RunStore, run?: string): ApprovalState | undefined {
  const runs = store.list({ limit: LATELY }).filter(({ id }) => run === undefined || id.endsWith(run));
  const decided = runs.flatMap(({ id }) => {
    const approvals = new RunApprovals(store.folder(id));
    return approvals.tasks().flatMap((task) => {
      const state = approvals.read(task);
      return state === undefined || state.status === 'waiting' || state.answers.length === 0 ? [] : [state];
    });
  });
  const at = ({ answers }: ApprovalState): string => answers.at(-1)?.at ?? '';
  return decided.sort((a, b) => (at(a) < at(b) ? 1 : -1))[0];
}

/** Among so many of the newest runs. */
const LATELY = 20;

/** Whether a user is one of those who are asked, and has not answered yet. */
export function mayAnswer({ request: { who }, answers }: ApprovalState, user: string): boolean {
  return (who.length === 0 || who.includes(user)) && !answers.some(({ by }) => by === user);
}

export type RunAnswered =
  | {
      readonly ok: true;
      readonly state: ApprovalState;
      readonly run: RunDocument;
      readonly attended: boolean;
    }
  | Extract<Answered, { ok: false }>;

/** Answers a question of a run that goes on or waits. */
export function answerApproval(store: RunStore, runId: string, task: string, answer: NewAnswer): RunAnswered {
  const read = store.read(runId);
  if (!read.ok) return { ok: false, reason: 'unknown', message: read.problem.message };
  const foreign = foreignMemory(store.layout);
  if (foreign !== undefined) return { ok: false, reason: 'refused', message: foreign.message };
  const { run } = read;
  const known = run.tasks.find((one) => one.id === task);
  if (known === undefined) {
    const tasks = run.tasks.map((one) => one.id).join(', ');
    return { ok: false, reason: 'unknown', message: `Run ${runId} has no task ${task}; it has ${tasks}.` };
  }
  if (run.status === 'interrupted') {
    const next = runToResume(store, run);
    const message = `Run ${runId} was interrupted. Go on with it first: modelyard run ${next.pipeline} --resume ${next.id}`;
    return { ok: false, reason: 'refused', message };
  }
  const approvals = new RunApprovals(store.folder(runId));
  const before = approvals.read(task);
  const open = run.status === 'running' || run.status === 'waiting' || run.status === 'queued';
  if (!open && (before === undefined || before.status === 'waiting')) {
    return { ok: false, reason: 'late', message: `Run ${runId} has ended: it is ${run.status}.` };
  }
  const answered = approvals.answer(task, answer);
  if (!answered.ok) return answered;
  // Nothing of the run has changed; but who looks on watches the index.
  store.index.append(store.summaryOf(run));
  return { ok: true, state: answered.state, run, attended: store.isAttended(run) };
}

/** How long a runner gets to take note. It watches the folder, so that this is a matter of milliseconds. */
const NOTICE_MS = 5_000;

/** Whether a runner goes on with the answer: it may just have been about to leave. */
export async function isTakenUp(store: RunStore, runId: string, task: string): Promise<boolean> {
  const deadline = Date.now() + NOTICE_MS;
  for (;;) {
    const read = store.read(runId);
    if (!read.ok) return true;
    const waits = read.run.tasks.some((one) => one.id === task && one.status === 'waiting');
    if (!waits) return true;
    if (!store.isAttended(read.run)) return false;
    if (Date.now() > deadline) return true;
    await pause(25);
  }
}

/** More runs in each other than anybody writes; bounds a record that says it is its own parent. */
const MOST_ABOVE = 20;

/**
 * The run to resume after an answer: the one that asked or, where another one waits for its end, that one. So does one
 * that was interrupted, unless its pipeline was run again since.
 */
export function runToResume(store: RunStore, run: RunDocument): RunDocument {
  return upwards(
    store,
    run,
    ({ id, status, pipeline }) =>
      status === 'waiting' ||
      (status === 'interrupted' && store.list({ limit: 1, pipeline, source: 'pipeline' })[0]?.id === id),
  );
}

/** The run that waits and of which this one is a part; itself where it is none. */
export function waitingAbove(store: RunStore, run: RunDocument): RunDocument {
  return upwards(store, run, ({ status }) => status === 'waiting');
}

/** The run that somebody started and of which this one is a part; itself where it is none. */
export function partOf(store: RunStore, run: RunDocument): RunDocument {
  return upwards(store, run, ({ status }) => ASKING.includes(status));
}

function upwards(store: RunStore, run: RunDocument, accepts: (above: RunDocument) => boolean): RunDocument {
  let top = run;
  for (let above = 0; above < MOST_ABOVE && top.parent !== undefined; above++) {
    const read = store.read(top.parent.run);
    if (!read.ok || !accepts(read.run)) break;
    top = read.run;
  }
  return top;
}
