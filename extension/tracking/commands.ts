/** What the status bar says of MLflow clients, and what can be done about them. */
import * as vscode from 'vscode';
import { plain, plural } from '../../server/base/format.js';
import type { Context } from '../context.js';
import { type Bodies, bodies } from '../parts/bodies.js';
import { pickOne } from '../parts/ask.js';
import { mayRun } from '../parts/trust.js';
import type { Cared, TrackingClients } from './clients.js';
import { exports } from './variables.js';

/** In the status bar while a server answers clients. */
export function registerTrackingStatus({ extension }: Context, clients: TrackingClients): void {
  const item = vscode.window.createStatusBarItem('modelyard.tracking', vscode.StatusBarAlignment.Left, 8);
  item.name = 'Modelyard MLflow Clients';
  item.command = 'modelyard.mlflowClients';
  const show = (): void => {
    const serving = clients.all.filter(({ door }) => door?.pid !== undefined);
    if (serving.length === 0) {
      item.hide();
      return;
    }
    item.text = '$(broadcast) MLflow';
    item.tooltip = serving
      .map(({ project, door }) => `MLflow clients log into ${plain(project.name)} at ${door?.uri ?? ''}`)
      .join('\n');
    item.accessibilityInformation = { label: `Modelyard: ${item.tooltip.replaceAll('\n', ', ')}` };
    item.show();
  };
  extension.subscriptions.push(item, clients.onDidChange(show));
}

/** Where clients of a project log, in words. */
function wordsOf({ place, door }: Cared): string {
  switch (place.kind) {
    case 'here':
      return `they log here, at ${door?.uri ?? ''}`;
    case 'server':
      return `they log at ${plain(place.uri, 100)}`;
    case 'none':
      return `nothing is set for them: ${plain(place.why, 200)}`;
  }
}

export function trackingCommands(clients: TrackingClients): Bodies<'mlflowClients'> {
  return bodies({
    mlflowClients: async () => {
      if (!mayRun('Logging by MLflow clients')) return;
      const all = clients.all;
      const one = all.length === 1 ? all[0] : await askProject(all);
      if (one === undefined) return;
      const serving = one.door?.pid !== undefined;
      const act = await pickOne<() => unknown>(
        [
          ...(Object.keys(one.variables).length === 0
            ? []
            : [
                {
                  label: '$(copy) Copy Variables',
                  detail:
                    'For a terminal outside of the editor. They hold the token: paste them nowhere else.',
                  value: () =>
                    vscode.env.clipboard.writeText(`${exports(one.variables, process.platform)}\n`),
                },
              ]),
          {
            label: '$(list-tree) Show Runs',
            detail: 'Runs of MLflow clients are listed by their experiment.',
            value: () => vscode.commands.executeCommand('modelyard.runs.focus'),
          },
          ...(serving
            ? [
                {
                  label: '$(debug-stop) Stop',
                  detail: 'Ends the server when it has answered. It starts again when the next client asks.',
                  value: () => one.door?.stop(),
                },
              ]
            : []),
        ],
        { title: `MLflow Clients of ${plain(one.project.name, 60)}`, placeHolder: wordsOf(one) },
      );
      await act?.();
    },
  });
}

async function askProject(all: readonly Cared[]): Promise<Cared | undefined> {
  if (all.length === 0) {
    void vscode.window.showInformationMessage('There is no project that MLflow clients could log into.');
    return undefined;
  }
  return pickOne(
    all.map((one) => ({ label: plain(one.project.name, 60), description: wordsOf(one), value: one })),
    { title: 'MLflow Clients', placeHolder: `Of one of ${plural(all.length, 'project')}` },
  );
}
