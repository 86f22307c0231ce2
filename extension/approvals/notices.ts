/** Tells whoever may answer that a run has begun to wait for them: each question once. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import type { ApprovalView } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { noticeText, questionOf, summaryText } from './rows.js';

const APPROVE = 'Approve…';
const REJECT = 'Reject…';
const SHOW = 'Show';

const COMMANDS: Readonly<Record<string, string>> = {
  [APPROVE]: 'modelyard.approve',
  [REJECT]: 'modelyard.reject',
  [SHOW]: 'modelyard.showApproval',
};

async function notify(approvals: readonly ApprovalView[]): Promise<void> {
  const [only, another] = approvals;
  if (only === undefined) return;
  if (another === undefined) {
    const { projectUri, run, task } = only;
    const choice = await vscode.window.showInformationMessage(noticeText(only), APPROVE, REJECT, SHOW);
    const command = choice && COMMANDS[choice];
    if (command !== undefined) await vscode.commands.executeCommand(command, projectUri, run, task);
    return;
  }
  const choice = await vscode.window.showInformationMessage(summaryText(approvals), SHOW);
  if (choice === SHOW) await runCommand('showApproval');
}

export function registerApprovalNotices({ extension, approvals }: Context): void {
  let told = new Set<string>();
  extension.subscriptions.push(
    approvals.onDidChange(() => {
      // Where nothing can be answered nobody is asked to; the tree and the status bar show it all the same.
      if (!vscode.workspace.isTrusted) return;
      const mine = approvals.waiting.filter(({ mayAnswer }) => mayAnswer);
      const fresh = mine.filter((approval) => !told.has(questionOf(approval)));
      told = new Set(approvals.waiting.map(questionOf));
      void notify(fresh);
    }),
  );
}
