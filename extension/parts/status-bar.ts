/** The status bar: what runs, how far it is, what waits for people; and a way there. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { Context } from '../context.js';
import { waitingBar } from '../approvals/rows.js';
import { progress } from '../runs/rows.js';

export function registerStatusBar(context: Context): void {
  registerActive(context);
  registerWaiting(context);
}

function registerActive({ extension, state }: Context): void {
  const item = vscode.window.createStatusBarItem('modelyard.active', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Modelyard Runs';
  item.command = 'modelyard.showActiveRuns';
  const show = (): void => {
    const [first, ...others] = state.active;
    if (first === undefined) {
      item.hide();
      return;
    }
    const { done, total } = progress(first);
    const name = plain(first.pipeline, 30);
    item.text =
      others.length === 0
        ? `$(sync~spin) ${name} ${done}/${total}`
        : `$(sync~spin) ${state.active.length} pipelines running`;
    item.tooltip = [first, ...others]
      .map((run) => `${plain(run.pipeline)}: ${progress(run).done} of ${progress(run).total} tasks`)
      .join('\n');
    item.accessibilityInformation = { label: `Modelyard: ${item.tooltip.replaceAll('\n', ', ')}` };
    item.show();
  };
  extension.subscriptions.push(item, state.onDidChangeRuns(show));
}

function registerWaiting({ extension, approvals }: Context): void {
  const item = vscode.window.createStatusBarItem('modelyard.approvals', vscode.StatusBarAlignment.Left, 9);
  item.name = 'Modelyard Approvals';
  item.command = 'modelyard.showApproval';
  const show = (): void => {
    const bar = waitingBar(approvals.waiting);
    if (bar === undefined) {
      item.hide();
      return;
    }
    item.text = bar.text;
    item.tooltip = bar.tooltip;
    item.accessibilityInformation = { label: `Modelyard: ${bar.tooltip.replaceAll('\n', ', ')}` };
    item.show();
  };
  extension.subscriptions.push(item, approvals.onDidChange(show));
}
