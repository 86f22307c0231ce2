/** Questions of runs that wait for people, and answering them: what the command line and the editor share. */
import { type ApprovalState, type Answered, type NewAnswer, RunApprovals } from './approvals.js';
import { isAlive } from './liveness.js';
import type { RunDocument } from './run-document.js';
import { summarize } from './run-summary.js';
import type { RunStore } from './runs.js';

export interface WaitingApproval {
  readonly state: ApprovalState;
  /** The definition, relative to the project. */
  readonly path: string;
  /** A runner stays and goes on by itself; else the run has to be resumed. */
  readonly attended: boolean;
}

/** More runs than anybody has waiting. */
const MOST_RUNS = 500;

/** Every question that is not decided, the oldest run first. */
export function waitingApprovals(store: RunStore, now = new Date()): readonly WaitingApproval[] {
  const runs = store.list({ limit: MOST_RUNS, status: ['running', 'waiting'] });
  return runs.toReversed().flatMap((run) => {
    const approvals = new RunApprovals(store.folder(run.id));
    const attended = run.status === 'running' || isAlive(run);
    return approvals.tasks().flatMap((task): WaitingApproval[] => {
      const state = approvals.read(task, now);
      return state?.status === 'waiting' ? [{ state, path: run.path, attended }] : [];
    });
  });
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
  const { run } = read;
  const known = run.tasks.find((one) => one.id === task);
  if (known === undefined) {
    const tasks = run.tasks.map((one) => one.id).join(', ');
    return { ok: false, reason: 'unknown', message: `Run ${runId} has no task ${task}; it has ${tasks}.` };
  }
  if (run.status === 'interrupted') {
    const message = `Run ${runId} was interrupted. Go on with it first: modelyard run ${run.pipeline} --resume ${runId}`;
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
  store.index.append(summarize(run));
  return { ok: true, state: answered.state, run, attended: isAlive(run) };
}
