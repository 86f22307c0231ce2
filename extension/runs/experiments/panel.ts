/** The *Experiments* tab: what a page of the table is asked for, what is done with runs, and how it looked the last time. */
import * as vscode from 'vscode';
import { runCommand } from '../../contributed.js';
import { csvLine } from '../../../server/base/csv.js';
import { plain, plural } from '../../../server/base/format.js';
import type { Json } from '../../../server/base/json.js';
import type { FromExperiments, ToExperiments } from '../../../media/webviews/shared/messages/experiment.js';
import type { RunRef } from '../../../server/protocol/index.js';
import { message as words } from '../../client.js';
import type { Context } from '../../context.js';
import { Panels, type PanelHandle } from '../../parts/panels/panels.js';

/** Rows that are asked for at once where all are wanted. */
const EXPORT_PAGE = 1_000;

type Handle = PanelHandle<ToExperiments>;
type Word<T extends FromExperiments['type']> = Extract<FromExperiments, { readonly type: T }>;

export interface ExperimentPanels {
  show(projectUri: string): void;
}

function layoutKey(projectUri: string): string {
  return `experiments:${projectUri}`;
}

export function registerExperimentPanels({ extension, client, state }: Context): ExperimentPanels {
  const nameOf = (projectUri: string): string =>
    state.projects.find(({ uri }) => uri === projectUri)?.name ?? '';

  const show = async (handle: Handle): Promise<void> => {
    const [projectUri = ''] = handle.values;
    // A tab that is restored is there before its project is known.
    await state.ready();
    handle.post({
      type: 'start',
      project: plain(nameOf(projectUri), 80),
      layout: extension.workspaceState.get<unknown>(layoutKey(projectUri)),
      canRun: vscode.workspace.isTrusted,
    });
  };

  const rows = async (handle: Handle, message: Word<'rows'>): Promise<void> => {
    const [projectUri = ''] = handle.values;
    const { id, query, columns, offset, limit, catalogue, partial = false } = message;
    try {
      const answer = await client.request('modelyard/experiments', {
        ...query,
        ...{ projectUri, columns, offset, limit, catalogue, partial },
      });
      handle.post(
        answer.ok
          ? { type: 'page', id, page: answer }
          : {
              type: 'problem',
              id,
              message: answer.message,
              ...(answer.at === undefined ? {} : { at: answer.at }),
            },
      );
    } catch (error) {
      handle.post({ type: 'problem', id, message: words(error) });
    }
  };

  const curves = async (handle: Handle, message: Word<'curves'>): Promise<void> => {
    const [projectUri = ''] = handle.values;
    const { id, ids, metrics, points } = message;
    const answer = await client.ask('modelyard/experimentCurves', { projectUri, ids, metrics, points });
    handle.post({ type: 'curves', id, curves: answer?.curves ?? [], tooLong: answer?.tooLong ?? [] });
  };

  const act = async (handle: Handle, { action, ids }: Word<'act'>): Promise<void> => {
    const [projectUri = ''] = handle.values;
    const runs = ids.map((id): RunRef => ({ projectUri, id }));
    const [first] = runs;
    if (first === undefined) return;
    switch (action) {
      case 'showRun':
      case 'rerun':
      case 'rerunWithParams':
      case 'registerRun':
      case 'copyRunId':
        await runCommand(action, first);
        return;
      case 'compareRuns':
      case 'starRun':
      case 'tagRun':
      case 'noteRun':
      case 'archiveRun':
      case 'deleteRun':
        await runCommand(action, runs);
    }
  };

  /** All rows that pass, with the columns that are shown, into a file that the person names. */
  const exportCsv = async (handle: Handle, { query, columns }: Word<'export'>): Promise<void> => {
    const [projectUri = ''] = handle.values;
    const root = vscode.Uri.parse(projectUri);
    const target = await vscode.window.showSaveDialog({
      title: 'Export Experiments',
      defaultUri: vscode.Uri.joinPath(root, 'experiments.csv'),
      filters: { CSV: ['csv'] },
    });
    if (!target) return;
    const lines = [csvLine(['id', ...columns.filter((column) => column !== 'id')])];
    const wanted = ['id', ...columns.filter((column) => column !== 'id')];
    for (let offset = 0, total = 1; offset < total; offset += EXPORT_PAGE) {
      const answer = await client.request('modelyard/experiments', {
        ...query,
        ...{ projectUri, columns: wanted, offset, limit: EXPORT_PAGE },
      });
      if (!answer.ok) {
        void vscode.window.showErrorMessage(`Nothing was exported: ${plain(answer.message)}`);
        return;
      }
      ({ total } = answer);
      for (let row = 0; row < answer.ids.length; row++)
        lines.push(csvLine(answer.columns.map((values) => values[row] as Json | undefined)));
    }
    const content = new TextEncoder().encode(`${lines.join('\r\n')}\r\n`);
    await write(target, content, `Exported ${plural(lines.length - 1, 'run')}.`);
  };

  const write = async (target: vscode.Uri, content: Uint8Array, done: string): Promise<void> => {
    await vscode.workspace.fs.writeFile(target, content);
    void vscode.window.showInformationMessage(done, 'Open').then(async (choice) => {
      if (choice === 'Open') await vscode.commands.executeCommand('vscode.open', target);
    });
  };

  const saveChart = async (handle: Handle, { name, kind, content }: Word<'save'>): Promise<void> => {
    const [projectUri = ''] = handle.values;
    const target = await vscode.window.showSaveDialog({
      title: 'Export Chart',
      defaultUri: vscode.Uri.joinPath(vscode.Uri.parse(projectUri), `${name}.${kind}`),
      filters: { [kind.toUpperCase()]: [kind] },
    });
    if (target)
      await write(target, Buffer.from(content, kind === 'png' ? 'base64' : 'utf8'), 'Exported the chart.');
  };

  const panels = new Panels<ToExperiments, FromExperiments>(extension, {
    page: 'experiments',
    title: ([projectUri = '']) => {
      const name = nameOf(projectUri);
      return state.projects.length > 1 && name !== '' ? `Experiments: ${plain(name, 40)}` : 'Experiments';
    },
    show,
    receive: async (handle, message) => {
      const [projectUri = ''] = handle.values;
      switch (message.type) {
        case 'ready':
          return;
        case 'rows':
          return rows(handle, message);
        case 'curves':
          return curves(handle, message);
        case 'layout':
          await extension.workspaceState.update(layoutKey(projectUri), message.layout);
          return;
        case 'act':
          return act(handle, message);
        case 'export':
          return exportCsv(handle, message);
        case 'save':
          return saveChart(handle, message);
      }
    },
  });
  const tell = (message: ToExperiments): void => {
    for (const handle of panels.handles) if (handle.panel.visible) handle.post(message);
  };
  extension.subscriptions.push(
    state.onDidChangeRuns(() => tell({ type: 'changed' })),
    vscode.workspace.onDidGrantWorkspaceTrust(() => tell({ type: 'trust', canRun: true })),
  );
  return { show: (projectUri) => void panels.reveal([projectUri]) };
}
