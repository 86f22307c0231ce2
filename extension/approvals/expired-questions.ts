/**
 * Questions whose time is up while nobody runs them: the editor resumes the run, so that what `on-timeout` says comes true
 * without anybody. Each question once.
 */
import * as vscode from 'vscode';
import type { ApprovalView } from '../../server/protocol/index.js';
import { resumeRun, type ResumeParts } from '../runs/resume.js';
import type { Context } from '../context.js';
import { openRun } from '../parts/panels/open.js';
import { approvalName, questionOf } from './rows.js';
import { unlinked } from '../parts/item-text.js';

/** Windows on one project wait for different times, so that one of them is first and the others see it. */
const LONGEST_MS = 3_000;
const SHOW_RUN = 'Show Run';

async function expire(context: Context, parts: ResumeParts, approval: ApprovalView): Promise<void> {
  const { projectUri, owner } = approval;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_MS));
  await context.approvals.reload();
  if (context.approvals.find(approval)?.expired !== true) return;
  const run = await context.client.ask('modelyard/run', { projectUri, id: owner });
  if (run?.status !== 'waiting') return;
  await resumeRun(context, parts, run, { quiet: true });
  const words = unlinked(`${approvalName(approval)}: nobody answered in time. The run is resumed.`, 300);
  if ((await vscode.window.showInformationMessage(words, SHOW_RUN)) === SHOW_RUN)
    await openRun(projectUri, owner);
}

export function registerExpiredQuestions(context: Context, parts: ResumeParts): void {
  const { approvals, client, extension, memories } = context;
  const tried = new Set<string>();
  const look = async (): Promise<void> => {
    const foreign = await memories.ready();
    for (const approval of approvals.waiting) {
      const key = questionOf(approval);
      const mine = !foreign.some(({ projectUri }) => projectUri === approval.projectUri);
      if (approval.expired !== true || !vscode.workspace.isTrusted || !mine || tried.has(key)) continue;
      tried.add(key);
      await expire(context, parts, approval).catch((error: unknown) => client.output.warn(String(error)));
    }
  };
  extension.subscriptions.push(
    approvals.onDidChange(() => void look()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void look()),
  );
}
