/** The graph of a pipeline, with live state. */
import { runCommand } from '../contributed.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { FromGraph, ToGraph } from '../../media/webviews/shared/messages.js';
import type { Context } from '../context.js';
import { Panels, type PanelHandle } from './panels.js';

export interface GraphPanels {
  show(uri: string, task?: string): void;
}

export function registerGraphPanels({ extension, client, state }: Context): GraphPanels {
  const focus = new Map<string, string>();

  const show = async (handle: PanelHandle<ToGraph>): Promise<void> => {
    const [uri = ''] = handle.values;
    const graph = await client.ask('modelyard/graph', { uri });
    if (!graph) {
      handle.post({
        type: 'missing',
        message: 'There is no pipeline in this file any more, or the language server is not running.',
      });
      return;
    }
    handle.panel.title = `Graph: ${plain(graph.pipeline, 40)}`;
    const wanted = focus.get(uri);
    focus.delete(uri);
    handle.post({
      type: 'graph',
      graph,
      canRun: vscode.workspace.isTrusted,
      ...defined({ focus: wanted }),
    });
  };

  const panels = new Panels<ToGraph, FromGraph>(extension, {
    page: 'graph',
    title: ([uri = '']) =>
      `Graph: ${plain(state.pipeline(uri)?.name ?? vscode.Uri.parse(uri).path.split('/').at(-1) ?? '', 40)}`,
    show,
    receive: async (handle, message) => {
      const [uri = ''] = handle.values;
      switch (message.type) {
        case 'ready':
          return;
        case 'open':
          await runCommand('revealDefinition', uri, message.task);
          return;
        case 'plan':
          await runCommand('planPipeline', uri);
          return;
        case 'run':
          if (message.task === undefined) await runCommand('runPipeline', uri);
          else await runCommand('runTask', uri, message.task);
          return;
      }
    },
  });
  const refresh = (): void => {
    for (const handle of panels.handles) if (handle.panel.visible) void show(handle);
  };
  extension.subscriptions.push(
    state.onDidChangePipelines(refresh),
    state.onDidChangeRuns(refresh),
    vscode.workspace.onDidGrantWorkspaceTrust(refresh),
  );
  return {
    show: (uri, task) => {
      if (task !== undefined) focus.set(uri, task);
      const known = panels.handles.find(({ values }) => values[0] === uri);
      const handle = panels.reveal([uri], vscode.ViewColumn.Beside);
      if (known) void show(handle);
    },
  };
}
