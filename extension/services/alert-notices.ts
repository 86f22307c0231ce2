/** Tells of alerts of services: once when one is raised, once when it is cleared, also over reloads of the window. */
import { runCommand, setting } from '../contributed.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import { canGoBack } from '../../media/webviews/shared/service-state.js';
import type { AlertItem, ServiceItem, ServiceRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { alertNews, type Told } from './alerts.js';
import { serviceName } from './rows.js';
import type { ServicesTree } from './tree.js';

const KEY = 'modelyard.alertsTold';
const SHOW = 'Show Service';
const ROLL_BACK = 'Roll Back…';

/** More than so many at once are told in one sentence. */
const MOST = 3;

function refOf({ projectUri, environment, name }: ServiceRef): ServiceRef {
  return { projectUri, environment, name };
}

async function raised(service: ServiceItem, alert: AlertItem): Promise<void> {
  const words = `${serviceName(service)} breaks ${plain(alert.rule, 80)}: ${plain(alert.text, 200)}.`;
  const back = canGoBack(service);
  const actions = back && vscode.workspace.isTrusted ? [SHOW, ROLL_BACK] : [SHOW];
  const choice =
    alert.severity === 'error'
      ? await vscode.window.showErrorMessage(words, ...actions)
      : await vscode.window.showWarningMessage(words, ...actions);
  if (choice === SHOW) await runCommand('openService', refOf(service));
  else if (choice === ROLL_BACK) await runCommand('rollBackService', refOf(service));
}

async function several(services: readonly ServiceItem[], count: number): Promise<void> {
  const names = [...new Set(services.map(serviceName))].join(', ');
  const show = 'Show Services';
  if ((await vscode.window.showWarningMessage(`${count} alerts: ${plain(names, 300)}.`, show)) === show)
    await vscode.commands.executeCommand('modelyard.services.focus');
}

export function registerAlertNotices({ extension }: Context, tree: ServicesTree): void {
  const storage = extension.workspaceState;
  extension.subscriptions.push(
    tree.onDidLoad(() => {
      const told = storage.get<Told>(KEY, {});
      const news = alertNews(tree.environments, told);
      if (JSON.stringify(news.told) === JSON.stringify(told)) return;
      void storage.update(KEY, news.told);
      if (!setting('services.notifyAlerts')) return;
      if (news.raised.length > MOST)
        void several(
          news.raised.map(({ service }) => service),
          news.raised.length,
        );
      else for (const { service, alert } of news.raised) void raised(service, alert);
      for (const { service, rule } of news.cleared.slice(0, MOST))
        void vscode.window.showInformationMessage(`${serviceName(service)} keeps ${plain(rule, 80)} again.`);
    }),
  );
}
