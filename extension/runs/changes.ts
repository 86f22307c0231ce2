/** What the files of a run say now and did not say when it began, in the editor's own diff. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { FileChange, RunRef } from '../../server/protocol/index.js';
import type { Client } from '../client.js';

const SCHEME = 'modelyard-begun';

/** Texts as a run has kept them: `modelyard-begun:/<run>/<path>?<project>`; with the fragment `gone`, an empty one. */
export class RunChanges implements vscode.TextDocumentContentProvider {
  readonly #client: Client;

  constructor(extension: vscode.ExtensionContext, client: Client) {
    this.#client = client;
    extension.subscriptions.push(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
  }

  async provideTextDocumentContent({ path, query, fragment }: vscode.Uri): Promise<string> {
    if (fragment === 'gone') return '';
    const [, id = '', ...parts] = path.split('/');
    const files = await this.of({ projectUri: query, id });
    return files?.find((file) => file.path === parts.join('/'))?.before ?? '';
  }

  /** `undefined` for a run that kept no definition. */
  async of({ projectUri, id }: RunRef): Promise<readonly FileChange[] | undefined> {
    const answer = await this.#client.ask('modelyard/runChanges', { projectUri, id });
    return answer?.ok === true ? answer.files : undefined;
  }

  async show({ projectUri, id }: RunRef, files: readonly FileChange[]): Promise<void> {
    const pairs = files.map((file): [vscode.Uri, vscode.Uri, vscode.Uri] => {
      const begun = vscode.Uri.from({ scheme: SCHEME, path: `/${id}/${file.path}`, query: projectUri });
      const now = vscode.Uri.parse(file.uri);
      return [now, begun, file.deleted ? begun.with({ fragment: 'gone' }) : now];
    });
    const [first, another] = pairs;
    if (first === undefined) return;
    if (another !== undefined) {
      await vscode.commands.executeCommand('vscode.changes', 'Changes Since the Run Began', pairs);
      return;
    }
    const name = plain(files[0]?.path.split('/').at(-1) ?? '');
    const title = `${name} (run began ↔ ${files[0]?.deleted === true ? 'deleted' : 'now'})`;
    await vscode.commands.executeCommand('vscode.diff', first[1], first[2], title, { preview: true });
  }
}
