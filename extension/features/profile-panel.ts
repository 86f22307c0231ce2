/** The profile of a feature view: how its features are spread, and how far they have moved from another version. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import type { FromProfile, ToProfile } from '../../media/webviews/shared/messages/feature.js';
import type { Context } from '../context.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

export interface ProfilePanels {
  /** @param against a version to compare the current one with */
  show(projectUri: string, view: string, against?: number): void;
}

export function registerProfilePanels({ extension, client, state }: Context): ProfilePanels {
  const against = new WeakMap<PanelHandle<ToProfile>, number>();

  const show = async (handle: PanelHandle<ToProfile>): Promise<void> => {
    const [projectUri = '', view = ''] = handle.values;
    const answer = await client.ask('modelyard/viewProfile', { projectUri, view });
    if (answer?.ok !== true) {
      handle.post({ type: 'missing', message: answer?.message ?? 'The language server is not running.' });
      return;
    }
    handle.post({ type: 'profile', profile: answer.profile, canRun: vscode.workspace.isTrusted });
    const other = against.get(handle);
    if (other === undefined || other === answer.profile.version.version) return;
    handle.post({ type: 'comparing', version: other });
    const drift = await client.ask('modelyard/viewDrift', { projectUri, view, against: other });
    handle.post(
      drift?.ok === true
        ? { type: 'drift', drift }
        : { type: 'problem', message: drift?.message ?? 'The language server is not running.' },
    );
  };

  const panels = new Panels<ToProfile, FromProfile>(extension, {
    page: 'profile',
    title: ([, view = '']) => `Profile: ${plain(view, 40)}`,
    show,
    receive: async (handle, message) => {
      const [projectUri = '', view = ''] = handle.values;
      switch (message.type) {
        case 'ready':
          return;
        case 'compare':
          if (message.version === undefined) against.delete(handle);
          else against.set(handle, message.version);
          return show(handle);
        case 'preview':
          await runCommand('previewView', projectUri, view);
          return;
        case 'materialize':
          await runCommand('materializeView', projectUri, view);
          return;
      }
    },
  });
  extension.subscriptions.push(
    state.onDidChangeFeatures(() => {
      for (const handle of panels.handles) if (handle.panel.visible) void show(handle);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      for (const handle of panels.handles) void show(handle);
    }),
  );
  return {
    show: (projectUri, view, version) => {
      const known = panels.handles.find(({ values }) => values[0] === projectUri && values[1] === view);
      const handle = panels.reveal([projectUri, view]);
      if (version !== undefined) against.set(handle, version);
      if (known !== undefined && version !== undefined) void show(handle);
    },
  };
}
