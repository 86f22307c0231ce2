/** Commands on what runs ask people: look at it, approve, reject. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plural } from '../../server/base/format.js';
import type { AnswerParams, AnswerResult, ApprovalView } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { ApprovalPanels } from './panel.js';
import { openRun } from '../parts/panels/open.js';
import { type ApprovalRef, approvalName, commentPrompt, expiry, promptLine, whom, whyNot } from './rows.js';
import { dots, unlinked } from '../parts/item-text.js';
import { mayAnswer } from '../parts/trust.js';
import { bodies } from '../parts/bodies.js';
import { pickOne } from '../parts/ask.js';
import { type ResumeParts, chooseWay, go, resumeRun } from '../runs/resume.js';
import { approvalIn } from '../parts/targets.js';

interface Parts extends ResumeParts {
  readonly panels: ApprovalPanels;
}

type Verdict = AnswerParams['verdict'];

const SHOW_RUN = 'Show Run';
const RESUME = 'Resume Run';

/** One of those that wait. */
async function pick(
  waiting: readonly ApprovalView[],
  placeHolder: string,
): Promise<ApprovalView | undefined> {
  const now = Date.now();
  return pickOne(
    waiting.map((value) => ({
      label: `$(${value.mayAnswer ? 'bell-dot' : 'bell'}) ${approvalName(value)}`,
      description: dots(`for ${whom(value)}`, expiry(value, now)),
      detail: promptLine(value.prompt),
      value,
    })),
    { placeHolder },
  );
}

/** What is meant: the one in the argument, the only one there is, or the one that the person picks. */
async function targetOf(
  { approvals }: Context,
  ref: ApprovalRef | undefined,
  placeHolder: string,
  passes: (approval: ApprovalView) => boolean,
): Promise<ApprovalRef | undefined> {
  if (ref) return ref;
  const all = await approvals.ready();
  const waiting = all.filter(passes);
  const [only, another] = waiting;
  if (only === undefined) {
    void vscode.window.showInformationMessage(
      all.length === 0
        ? 'No run waits for an approval.'
        : `${plural(all.length, 'approval')} ${all.length === 1 ? 'waits' : 'wait'} for others, not for you.`,
    );
    return undefined;
  }
  return another === undefined ? only : pick(waiting, placeHolder);
}

/** The question as it stands; `undefined` when it waits no more, which is told. */
async function stillWaiting(
  { approvals, client }: Context,
  ref: ApprovalRef,
): Promise<ApprovalView | undefined> {
  await approvals.reload();
  const approval = approvals.find(ref);
  if (approval) return approval;
  const run = await client.ask('modelyard/run', { projectUri: ref.projectUri, id: ref.run });
  const task = run?.tasks.find(({ id }) => id === ref.task);
  const why = task?.note ?? task?.error ?? (run ? `the run is ${run.status}` : 'the run is gone');
  const choice = await vscode.window.showInformationMessage(
    unlinked(`${ref.task} is not waiting any more: ${why}.`, 400),
    ...(run ? [SHOW_RUN] : []),
  );
  if (choice === SHOW_RUN) await openRun(ref.projectUri, ref.run);
  return undefined;
}

/** `undefined`: the person went away. */
function askComment(approval: ApprovalView, verdict: Verdict): Thenable<string | undefined> {
  const rejects = verdict === 'rejected';
  return vscode.window.showInputBox({
    title: `${rejects ? 'Reject' : 'Approve'} ${approvalName(approval)}`,
    prompt: commentPrompt(approval),
    placeHolder: rejects ? 'Why? It goes into the record.' : 'Comment (optional; it goes into the record)',
    ignoreFocusOut: true,
    validateInput: (text) =>
      rejects && text.trim() === '' ? 'Say why: others will want to know, and so will you.' : undefined,
  });
}

async function answer(
  context: Context,
  parts: Parts,
  verdict: Verdict,
  ref: ApprovalRef | undefined,
): Promise<void> {
  if (!mayAnswer()) return;
  const word = verdict === 'approved' ? 'Approve' : 'Reject';
  const target = await targetOf(context, ref, `${word} which one?`, (one) => one.mayAnswer);
  const approval = target && (await stillWaiting(context, target));
  if (!approval) return;
  const refusal = whyNot(approval);
  if (refusal !== undefined) {
    void vscode.window.showWarningMessage(unlinked(refusal, 400));
    return;
  }
  const { projectUri, run, task, owner } = approval;
  // A rejection ends the run, whatever its files say.
  if (verdict === 'approved') {
    const way = await chooseWay(parts, { ...approval, id: owner }, 'Approve as Begun');
    const asks =
      way === 'new-run' ? await context.client.ask('modelyard/run', { projectUri, id: owner }) : undefined;
    if (asks) await go(context, parts, asks, 'new-run');
    if (way !== 'as-begun') return;
  }
  const comment = await askComment(approval, verdict);
  if (comment === undefined) return;
  const result = await context.client.request('modelyard/answer', {
    projectUri,
    run,
    task,
    verdict,
    ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
  });
  void context.approvals.reload();
  if (!result.ok) {
    await sayRefused(context, approval, result.message);
    return;
  }
  const next =
    result.resume && (await context.client.ask('modelyard/run', { projectUri, id: result.resume.run }));
  if (next) await resumeRun(context, parts, next);
  sayAnswered(approval, verdict, result);
}

/** Somebody else was first, or it can't be written. What they decided may have to be gone on with. */
async function sayRefused({ client }: Context, approval: ApprovalView, message: string): Promise<void> {
  const { projectUri, run: id } = approval;
  const run = await client.ask('modelyard/run', { projectUri, id });
  const task = run?.tasks.find((one) => one.id === approval.task);
  const parked = run?.status === 'waiting' && task?.status === 'waiting' && !approval.attended;
  const choice = await vscode.window.showWarningMessage(
    unlinked(`Your answer does not count: ${message}`, 600),
    parked ? RESUME : SHOW_RUN,
  );
  if (choice === RESUME) await runCommand('resumeRun', { run });
  else if (choice === SHOW_RUN) await openRun(projectUri, id);
}

function sayAnswered(
  approval: ApprovalView,
  verdict: Verdict,
  { decided, missing }: Extract<AnswerResult, { ok: true }>,
): void {
  const next =
    decided === undefined
      ? `${missing} more ${missing === 1 ? 'person has' : 'people have'} to approve.`
      : `The run continues${decided === 'rejected' ? ' without it' : ''}.`;
  const words = unlinked(`${approvalName(approval)} ${verdict}. ${next}`, 300);
  void vscode.window.showInformationMessage(words, SHOW_RUN).then(async (choice) => {
    if (choice === SHOW_RUN) await openRun(approval.projectUri, approval.run);
  });
}

/** Bodies of the commands. */
export function approvalCommands(context: Context, parts: Parts) {
  const on =
    (body: (ref: ApprovalRef | undefined) => Promise<void>) => (argument: unknown, second: unknown) =>
      body(approvalIn(argument, second));
  return bodies({
    approve: on((ref) => answer(context, parts, 'approved', ref)),
    reject: on((ref) => answer(context, parts, 'rejected', ref)),
    showApproval: on(async (ref) => {
      const target = await targetOf(context, ref, 'Show which approval?', () => true);
      if (target) parts.panels.show(target);
    }),
  });
}
