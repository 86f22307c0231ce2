/** The questions of runs, and answering them, as the editor sees them. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { AnswerParams, AnswerResult, ApprovalView, ArtifactView } from '../../../protocol/index.js';
import type { Facts } from '../../../stores/approvals/approvals.js';
import { mimeOf } from '../../../stores/disk/mime.js';
import type { RunDocument } from '../../../stores/runs/document.js';
import { userAndHost } from '../../../stores/machine/user.js';
import {
  type WaitingApproval,
  answerApproval,
  isTakenUp,
  mayAnswer,
  partOf,
  runToResume,
  waitingAbove,
} from '../../../stores/approvals/waiting.js';
import { uriOfPath } from '../../documents.js';
import { InvalidParams } from '../../guard.js';
import { registryOf } from '../models/registry-of.js';
import { type RunsOf, artifactView } from './view.js';

export function approvalViews(project: RunsOf): ApprovalView[] {
  // Not what is remembered for the lenses: whoever asks wants to know now.
  return project.history.waiting().map((waiting) => approvalView(project, waiting));
}

function uriIn(root: string, relative: string): string {
  return uriOfPath(path.join(root, ...relative.split('/')));
}

function approvalView(project: RunsOf, { state, path: definition, attended }: WaitingApproval): ApprovalView {
  const { root, history } = project;
  const { request, answers, missing } = state;
  const { environment, expiresAt, comparison, who, changed } = request;
  const expired = state.status === 'expired';
  const { user } = userAndHost();
  const read = history.store.read(request.run);
  const run = read.ok ? read.run : undefined;
  return {
    projectUri: uriOfPath(root),
    run: request.run,
    task: request.task,
    pipeline: request.pipeline,
    definitionUri: uriIn(root, definition),
    prompt: request.prompt,
    ...defined({ environment }),
    who,
    user,
    mayAnswer: !expired && mayAnswer(state, user),
    count: request.count,
    missing,
    askedAt: request.askedAt,
    ...defined({ expiresAt }),
    ...(expired ? { expired } : {}),
    ...defined({ changed }),
    attended,
    owner: run === undefined ? request.run : (attended ? partOf : waitingAbove)(history.store, run).id,
    artifacts: request.artifacts.map((shown) => shownArtifact(project, run, request.askedAt, shown)),
    metrics: request.metrics,
    ...defined({ comparison }),
    answers: answers.map(({ verdict, by, at, comment }) => ({
      verdict,
      by,
      at,
      ...defined({ comment }),
    })),
  };
}

/** What is to be looked at: an output of the run with all that is known of it, or just a file. */
function shownArtifact(
  project: RunsOf,
  run: RunDocument | undefined,
  askedAt: string,
  { path: file, hash = '', bytes = 0 }: Facts['artifacts'][number],
): ArtifactView {
  const output = run?.tasks
    .flatMap(({ outputs }) => outputs)
    .find((one) => one.path === file && (hash === '' || one.hash === hash));
  const record = output ?? {
    name: path.posix.basename(file),
    kind: 'file',
    path: file,
    mime: isFolder(project.root, file) ? 'inode/directory' : mimeOf(file),
    hash,
    bytes,
    cached: true,
  };
  return artifactView(
    { ...project, objects: registryOf(project.root).objects, versions: new Map() },
    record,
    askedAt,
  );
}

function isFolder(root: string, file: string): boolean {
  return statSync(path.join(root, ...file.split('/')), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Answers; when it is decided, says which run is to be resumed, if nobody runs it. */
export async function answerView({ root, history }: RunsOf, params: AnswerParams): Promise<AnswerResult> {
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
  const { store } = history;
  const answered = answerApproval(store, id, task, {
    verdict,
    by: user,
    host,
    ...defined({ comment }),
  });
  if (!answered.ok) return { ok: false, message: answered.message };
  const { state, run } = answered;
  if (state.status !== 'approved' && state.status !== 'rejected') return { ok: true, missing: state.missing };
  const decided = { ok: true, decided: state.status, missing: state.missing } as const;
  if (answered.attended && (await isTakenUp(store, id, task))) return decided;
  const next = runToResume(store, run);
  return { ...decided, resume: { definitionUri: uriIn(root, next.path), run: next.id } };
}
