/** Panels by key: one per thing, shown again rather than opened twice, restored after a reload. */
import * as vscode from 'vscode';
import { pageHtml, pageOptions, type PageName } from './page.js';

/** One open panel, as its kind sees it. */
export interface PanelHandle<Out> {
  readonly panel: vscode.WebviewPanel;
  readonly values: readonly string[];
  post(message: Out): void;
}

/** What a kind of panel does. */
export interface PanelKind<Out, In> {
  readonly page: PageName;
  readonly title: (values: readonly string[]) => string;
  /** Draws everything anew. */
  readonly show: (handle: PanelHandle<Out>) => Promise<void>;
  /** A word from the page; `ready` has been answered by `show` already. */
  readonly receive: (handle: PanelHandle<Out>, message: In) => Promise<void>;
}

/** What a panel is about survives a reload of the window as the page's state; anyone could have written it. */
function valuesOf(state: unknown): readonly string[] | undefined {
  if (typeof state !== 'object' || state === null || !('values' in state)) return undefined;
  const { values } = state;
  if (!Array.isArray(values)) return undefined;
  const texts = values.filter((one) => typeof one === 'string');
  return texts.length === values.length && texts.length > 0 ? texts : undefined;
}

export class Panels<Out, In extends { readonly type: string }> implements vscode.WebviewPanelSerializer {
  readonly #extensionUri: vscode.Uri;
  readonly #kind: PanelKind<Out, In>;
  readonly #open = new Map<string, PanelHandle<Out>>();

  constructor(extension: vscode.ExtensionContext, kind: PanelKind<Out, In>) {
    this.#extensionUri = extension.extensionUri;
    this.#kind = kind;
    extension.subscriptions.push(
      vscode.window.registerWebviewPanelSerializer(`modelyard.${kind.page}`, this),
      new vscode.Disposable(() => {
        for (const { panel } of this.#open.values()) panel.dispose();
      }),
    );
  }

  get handles(): readonly PanelHandle<Out>[] {
    return [...this.#open.values()];
  }

  /** Brings the panel of these values to the front, new or known. */
  reveal(values: readonly string[], column = vscode.ViewColumn.Active): PanelHandle<Out> {
    const known = this.#open.get(values.join('\n'));
    if (known) {
      known.panel.reveal(undefined);
      return known;
    }
    const panel = vscode.window.createWebviewPanel(
      `modelyard.${this.#kind.page}`,
      this.#kind.title(values),
      column,
      { ...pageOptions(this.#extensionUri), retainContextWhenHidden: false },
    );
    return this.#adopt(panel, values);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface asks for a promise
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const values = valuesOf(state);
    if (!values) {
      panel.dispose();
      return;
    }
    panel.webview.options = pageOptions(this.#extensionUri);
    this.#adopt(panel, values);
  }

  #adopt(panel: vscode.WebviewPanel, values: readonly string[]): PanelHandle<Out> {
    const key = values.join('\n');
    const handle: PanelHandle<Out> = {
      panel,
      values,
      post: (message) => void panel.webview.postMessage(message),
    };
    this.#open.set(key, handle);
    panel.title = this.#kind.title(values);
    const icon = (theme: string): vscode.Uri =>
      vscode.Uri.joinPath(this.#extensionUri, 'media', `panel-${theme}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    panel.webview.onDidReceiveMessage(async (message: In) => {
      if (message.type === 'ready') {
        void panel.webview.postMessage({ type: 'state', state: { values } });
        await this.#kind.show(handle);
      } else await this.#kind.receive(handle, message);
    });
    panel.onDidDispose(() => {
      this.#open.delete(key);
    });
    panel.webview.html = pageHtml(panel.webview, this.#extensionUri, this.#kind.page);
    return handle;
  }
}
