/** What a version stands on and what became of it, as a graph. */
import * as vscode from 'vscode';
import { runCommand } from '../../contributed.js';
import { plain } from '../../../server/base/format.js';
import type { FromLineage, ToLineage } from '../../../media/webviews/shared/messages/model.js';
import type { VersionRef } from '../../../server/protocol/index.js';
import type { Context } from '../../context.js';
import { openRun, openVersion } from '../../parts/panels/open.js';
import { Panels, type PanelHandle } from '../../parts/panels/panels.js';

export interface LineagePanels {
  show(ref: VersionRef): void;
}

export function registerLineagePanels({ extension, client, state }: Context): LineagePanels {
  const show = async (handle: PanelHandle<ToLineage>): Promise<void> => {
    const [projectUri = '', model = '', version = ''] = handle.values;
    const answer = await client.ask('modelyard/modelLineage', { projectUri, model, version });
    const title = `${model} ${version}`;
    if (answer?.ok !== true) {
      handle.post({
        type: 'missing',
        title,
        message: answer?.message ?? 'The language server does not answer.',
      });
      return;
    }
    handle.post({ type: 'lineage', title, lineage: answer.lineage });
  };

  const panels = new Panels<ToLineage, FromLineage>(extension, {
    page: 'lineage',
    title: ([, model = '', version = '']) => `Lineage: ${plain(model, 32)} ${version}`,
    show,
    receive: async (handle, message) => {
      const [projectUri = ''] = handle.values;
      switch (message.type) {
        case 'ready':
          return;
        case 'openRun':
          await openRun(projectUri, message.id);
          return;
        case 'openVersion':
          await openVersion(projectUri, message.model, message.version);
          return;
        case 'openView':
          await runCommand('profileView', projectUri, message.view);
          return;
        case 'openService': {
          const { environment, name } = message;
          await runCommand('openService', { projectUri, environment, name });
          return;
        }
        case 'openFile':
          await openFile(message.uri);
          return;
      }
    },
  });
  const refresh = (): void => {
    for (const handle of panels.handles) if (handle.panel.visible) void show(handle);
  };
  extension.subscriptions.push(state.onDidChangeModels(refresh), state.onDidChangeRuns(refresh));
  return {
    show: ({ projectUri, model, version }) => void panels.reveal([projectUri, model, version]),
  };
}

/** The workspace's file, which may have changed since or be gone. */
async function openFile(uri: string): Promise<void> {
  const file = vscode.Uri.parse(uri);
  try {
    await vscode.workspace.fs.stat(file);
  } catch {
    void vscode.window.showInformationMessage(
      `${plain(vscode.workspace.asRelativePath(file))} is not in the workspace any more. The run that wrote it may have kept a copy: look at its artifacts.`,
    );
    return;
  }
  await vscode.commands.executeCommand('vscode.open', file, { preview: true });
}
