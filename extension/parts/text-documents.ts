/** Texts that are shown as read-only documents under names of their own: plans, answers of services. */
import * as vscode from 'vscode';

export class TextDocuments implements vscode.TextDocumentContentProvider {
  readonly #scheme: string;
  readonly #gone: string;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #texts = new Map<string, string>();
  readonly onDidChange = this.#changed.event;

  /** @param gone shown where a text is not known any more: the window was opened again */
  constructor(extension: vscode.ExtensionContext, scheme: string, gone: string) {
    this.#scheme = scheme;
    this.#gone = gone;
    extension.subscriptions.push(
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? this.#gone;
  }

  /** Opens a text under a name, in the place of an older one of that name. */
  async show(
    name: string,
    source: string,
    text: string,
    options?: vscode.TextDocumentShowOptions,
  ): Promise<void> {
    const uri = vscode.Uri.from({ scheme: this.#scheme, path: `/${name}`, query: source });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, ...options });
  }
}
