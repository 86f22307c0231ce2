/** The status bar: what runs, how far it is, what waits for people; and a way there. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { RunListItem } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { waitingBar } from '../approvals/rows.js';
import { progress } from '../runs/rows.js';

export function registerStatusBar(context: Context): void {
  registerActive(context);
  registerWaiting(context);
}

/** How far it is. The script of an MLflow client has no tasks to be counted. */
function ofTasks(run: RunListItem, between: string): string {
  if (run.source === 'tracking') return '';
  const { done, total } = progress(run);
  return ` ${done}${between}${total}`;
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
    const what = state.active.some(({ source }) => source === 'tracking') ? 'runs' : 'pipelines running';
    item.text =
      others.length === 0
        ? `$(sync~spin) ${plain(first.name ?? first.pipeline, 30)}${ofTasks(first, '/')}`
        : `$(sync~spin) ${state.active.length} ${what}`;
    item.tooltip = [first, ...others]
      .map((run) =>
        run.source === 'tracking'
          ? `${plain(run.name ?? run.pipeline)}: logged by an MLflow client`
          : `${plain(run.pipeline)}:${ofTasks(run, ' of ')} tasks`,
      )
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
