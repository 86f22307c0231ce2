/** Rows of a feature view, a window at a time: the page asks for what it shows, and only the last question counts. */
import { runCommand } from '../contributed.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { FromPreview, ToPreview } from '../../media/webviews/shared/messages/feature.js';
import { message as words } from '../client.js';
import type { Context } from '../context.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

export interface PreviewPanels {
  show(projectUri: string, view: string): void;
}

export function registerPreviewPanels({ extension, client, state }: Context): PreviewPanels {
  const asked = new WeakMap<PanelHandle<ToPreview>, vscode.CancellationTokenSource>();
  /** The version that a panel shows: one that is materialized meanwhile must not mix with it. */
  const versions = new WeakMap<PanelHandle<ToPreview>, number>();

  const cancel = (handle: PanelHandle<ToPreview>): void => {
    asked.get(handle)?.cancel();
    asked.delete(handle);
  };

  const show = async (handle: PanelHandle<ToPreview>): Promise<void> => {
    const [projectUri = '', view = ''] = handle.values;
    const answer = await client.ask('modelyard/viewProfile', { projectUri, view });
    if (answer?.ok !== true) {
      handle.post({ type: 'missing', message: answer?.message ?? 'The language server is not running.' });
      return;
    }
    const { version } = answer.profile;
    versions.set(handle, version.version);
    handle.post({ type: 'start', view, version });
  };

  const rows = async (
    handle: PanelHandle<ToPreview>,
    message: FromPreview & { type: 'rows' },
  ): Promise<void> => {
    cancel(handle);
    const source = new vscode.CancellationTokenSource();
    asked.set(handle, source);
    const [projectUri = '', view = ''] = handle.values;
    const version = versions.get(handle);
    const { id, offset, limit, filters, sort } = message;
    try {
      const answer = await client.request(
        'modelyard/viewRows',
        {
          projectUri,
          view,
          offset,
          limit,
          filters,
          ...defined({ version, sort }),
        },
        source.token,
      );
      if (source.token.isCancellationRequested) return;
      handle.post(
        answer.ok
          ? { type: 'rows', id, offset, page: answer }
          : { type: 'problem', id, message: answer.message },
      );
    } catch (error) {
      if (!source.token.isCancellationRequested) handle.post({ type: 'problem', id, message: words(error) });
    } finally {
      if (asked.get(handle) === source) asked.delete(handle);
      source.dispose();
    }
  };

  const panels = new Panels<ToPreview, FromPreview>(extension, {
    page: 'preview',
    title: ([, view = '']) => `Preview: ${plain(view, 40)}`,
    show,
    receive: async (handle, message) => {
      switch (message.type) {
        case 'ready':
          return;
        case 'rows':
          return rows(handle, message);
        case 'cancel':
          cancel(handle);
          return;
        case 'reload':
          return show(handle);
        case 'profile': {
          const [projectUri = '', view = ''] = handle.values;
          await runCommand('profileView', projectUri, view);
          return;
        }
      }
    },
  });
  const newer = async (): Promise<void> => {
    for (const handle of panels.handles) {
      const [projectUri = '', view = ''] = handle.values;
      const answer = await client.ask('modelyard/viewProfile', { projectUri, view });
      if (answer?.ok !== true) continue;
      const { version } = answer.profile;
      const shown = versions.get(handle);
      if (shown === undefined) await show(handle);
      else if (shown !== version.version) handle.post({ type: 'newer', version });
    }
  };
  extension.subscriptions.push(state.onDidChangeFeatures(() => void newer()));
  return { show: (projectUri, view) => void panels.reveal([projectUri, view]) };
}
