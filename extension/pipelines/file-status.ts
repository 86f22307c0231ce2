/** A quiet word on the file in the editor: why it is not taken as ours, or that it is checked when it is saved. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { FileStatus } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { OneAtATime } from '../parts/one-at-a-time.js';

function words({ refused, checkedWhenSaved }: FileStatus): readonly [string, string] | undefined {
  if (refused !== undefined)
    return [
      `Not taken as a Modelyard ${refused.as}`,
      `because of ${plain(refused.because.replaceAll('`', ''), 120)}`,
    ];
  if (checkedWhenSaved === true) return ['Large file', 'checked when it is saved'];
  return undefined;
}

export function registerFileStatus({ extension, client, state }: Context): void {
  let item: vscode.LanguageStatusItem | undefined;
  const ask = async (): Promise<void> => {
    const document = vscode.window.activeTextEditor?.document;
    const candidate = document?.uri.scheme === 'file' && /\.ya?ml$/i.test(document.uri.path);
    const uri = document?.uri.toString();
    const status =
      candidate && uri !== undefined && client.state === 'ready'
        ? await client.ask('modelyard/fileStatus', { uri })
        : undefined;
    item?.dispose();
    const said = status && words(status);
    item = undefined;
    if (!said || !document) return;
    // It is about this file alone, whatever its name means in a pattern.
    const folder = vscode.Uri.joinPath(document.uri, '..');
    const name =
      document.uri.path
        .split('/')
        .at(-1)
        ?.replaceAll(/[[\]{}*?]/g, '?') ?? '*';
    item = vscode.languages.createLanguageStatusItem('modelyard.file', {
      scheme: 'file',
      pattern: new vscode.RelativePattern(folder, name),
    });
    item.name = 'Modelyard: this file';
    [item.text, item.detail] = said;
  };
  const questions = new OneAtATime(ask);
  const again = (): void => void questions.run();
  extension.subscriptions.push(
    vscode.window.onDidChangeActiveTextEditor(again),
    vscode.workspace.onDidSaveTextDocument(again),
    client.onDidChangeState(again),
    state.onDidChangePipelines(again),
    new vscode.Disposable(() => item?.dispose()),
  );
  again();
}
