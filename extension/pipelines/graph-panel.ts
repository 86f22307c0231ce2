/** The graph of a pipeline, with live state. */
import { runCommand } from '../contributed.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { GraphResult } from '../../server/protocol/index.js';
import type { FromGraph, ToGraph } from '../../media/webviews/shared/messages/index.js';
import type { Context } from '../context.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

export interface GraphPanels {
  show(uri: string, task?: string): void;
}

export function registerGraphPanels({ extension, client, state }: Context): GraphPanels {
  const focus = new Map<string, string>();
  /** What is drawn, by the file that was asked about. */
  const drawn = new Map<string, GraphResult>();

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
    drawn.set(uri, graph);
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

  /** A stage may stand in another file than the one whose graph it is in. */
  const open = async (uri: string, task: string): Promise<void> => {
    const node = drawn.get(uri)?.nodes.find((one) => one.task === task);
    if (node?.uri === undefined) {
      await runCommand('revealDefinition', uri, task);
      return;
    }
    const { line, character } = node.range.start;
    const start = new vscode.Position(line, character);
    await vscode.window.showTextDocument(vscode.Uri.parse(node.uri), {
      preview: true,
      selection: new vscode.Range(start, start),
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
          await open(uri, message.task);
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
