/** The questions of runs, and answering them, as the editor sees them. */
import path from 'node:path';
import type { AnswerParams, AnswerResult, ApprovalView } from '../protocol.js';
import { userAndHost } from '../stores/user.js';
import { type WaitingApproval, answerApproval, waitingApprovals } from '../stores/waiting.js';
import { uriOfPath } from './documents.js';
import { InvalidParams } from './guard.js';
import type { RunsOf } from './runs-view.js';

export function approvalViews(project: RunsOf): ApprovalView[] {
  return waitingApprovals(project.history.store).map((waiting) => approvalView(project.root, waiting));
}

function uriIn(root: string, relative: string): string {
  return uriOfPath(path.join(root, ...relative.split('/')));
}

function approvalView(root: string, { state, path: definition, attended }: WaitingApproval): ApprovalView {
  const { request, answers, missing } = state;
  const { environment, expiresAt, comparison, who } = request;
  const { user } = userAndHost();
  return {
    projectUri: uriOfPath(root),
    run: request.run,
    task: request.task,
    pipeline: request.pipeline,
    definitionUri: uriIn(root, definition),
    prompt: request.prompt,
    ...(environment === undefined ? {} : { environment }),
    who,
    mayAnswer: (who.length === 0 || who.includes(user)) && !answers.some((answer) => answer.by === user),
    count: request.count,
    missing,
    askedAt: request.askedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    attended,
    artifacts: request.artifacts.map(({ path: file, bytes }) => ({
      path: file,
      uri: uriIn(root, file),
      ...(bytes === undefined ? {} : { bytes }),
    })),
    metrics: request.metrics,
    ...(comparison === undefined ? {} : { comparison }),
    answers: answers.map(({ verdict, by, at, comment }) => ({
      verdict,
      by,
      at,
      ...(comment === undefined ? {} : { comment }),
    })),
  };
}

export function answerView({ root, history }: RunsOf, params: AnswerParams): AnswerResult {
  const { run: id, task, verdict, comment } = params;
  if (typeof id !== 'string' || typeof task !== 'string') {
    throw new InvalidParams('run and task must be strings');
  }
  if (!['approved', 'rejected'].includes(verdict)) {
    throw new InvalidParams('verdict must be "approved" or "rejected"');
  }
  if (comment !== undefined && typeof comment !== 'string') {
    throw new InvalidParams('comment must be a string');
  }
  const { user, host } = userAndHost();
  const answered = answerApproval(history.store, id, task, {
    verdict,
    by: user,
    host,
    ...(comment === undefined ? {} : { comment }),
  });
  if (!answered.ok) return { ok: false, message: answered.message };
  const { state, run, attended } = answered;
  if (state.status !== 'approved' && state.status !== 'rejected') return { ok: true, missing: state.missing };
  return {
    ok: true,
    decided: state.status,
    missing: state.missing,
    ...(attended ? {} : { resume: { definitionUri: uriIn(root, run.path), run: id } }),
  };
}
