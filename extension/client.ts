/** The language server: starts it, restarts it when it dies, says how it is, and carries requests to it. */
import { setting } from './contributed.js';
import * as vscode from 'vscode';
import type { LanguageClient, LanguageClientOptions, ServerOptions } from 'vscode-languageclient/node';
import type { ChangedParams, LensCommand, Requests } from '../server/protocol/index.js';

export type ServerState = 'starting' | 'ready' | 'stopped';

/** Deaths within `DEATH_WINDOW_MS` after which we stop starting it again. */
const MOST_DEATHS = 4;
const DEATH_WINDOW_MS = 3 * 60_000;
const RESTART = 'Restart Language Server';
const SHOW_OUTPUT = 'Show Output';

/** Files by language, and ours by name whatever their language mode is. */
const SELECTOR = [
  { scheme: 'file', language: 'yaml' },
  { scheme: 'file', pattern: '**/*.{pipeline,features}.{yaml,yml}' },
  { scheme: 'file', pattern: '**/{pipeline,features,modelyard}.{yaml,yml}' },
  // Where pipelines may take params from; YAML is there already.
  { scheme: 'file', pattern: '**/{params,*.params,*_params,*-params}.{json,toml}' },
  { scheme: 'file', pattern: '**/{conf,config,configs}/**/*.{json,toml}' },
];

/** What code lenses and code actions may ask for: the server sends no other command. */
const COMMANDS: Readonly<Record<LensCommand, true>> = {
  'modelyard.runPipeline': true,
  'modelyard.runTask': true,
  'modelyard.debugTask': true,
  'modelyard.planPipeline': true,
  'modelyard.showGraph': true,
  'modelyard.showRun': true,
  'modelyard.openRule': true,
  'modelyard.showApproval': true,
  'modelyard.approve': true,
  'modelyard.reject': true,
  'modelyard.materializeView': true,
  'modelyard.previewView': true,
  'modelyard.profileView': true,
};

/** The server's module stays unloaded until the first start, so that activation costs nothing. */
export class Client implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel('Modelyard', { log: true });
  readonly #changed = new vscode.EventEmitter<ChangedParams>();
  readonly #stateChanged = new vscode.EventEmitter<ServerState>();
  readonly #item = vscode.languages.createLanguageStatusItem('modelyard.server', SELECTOR);
  readonly #serverModule: string;
  readonly #debugModule: readonly string[];
  #client: LanguageClient | undefined;
  #starting: Promise<LanguageClient> | undefined;
  #deaths: number[] = [];
  #state: ServerState = 'stopped';

  /** What views should ask for again. */
  readonly onDidChange = this.#changed.event;
  readonly onDidChangeState = this.#stateChanged.event;

  constructor(context: vscode.ExtensionContext) {
    this.#serverModule = context.asAbsolutePath('dist/server.js');
    this.#debugModule =
      context.extensionMode === vscode.ExtensionMode.Development ? ['--nolazy', '--inspect=6009'] : [];
    this.#item.name = 'Modelyard';
    this.#show('stopped');
    context.subscriptions.push(
      vscode.workspace.onDidGrantWorkspaceTrust(
        () => void this.#client?.sendNotification('modelyard/trusted'),
      ),
    );
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Starts the server if it isn't running. The promise is for those who need it running; nobody has to wait. */
  start(): Promise<LanguageClient> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<LanguageClient> {
    this.#set('starting');
    try {
      this.#client ??= await this.#create();
      await this.#client.start();
      this.#set('ready');
      return this.#client;
    } catch (error) {
      this.#starting = undefined;
      this.#failed(`The language server did not start: ${message(error)}`);
      throw error;
    }
  }

  async #create(): Promise<LanguageClient> {
    const node = await import('vscode-languageclient/node');
    const runtime = setting('nodePath').trim();
    const base = {
      module: this.#serverModule,
      transport: node.TransportKind.ipc,
      ...(runtime === '' || !vscode.workspace.isTrusted ? {} : { runtime }),
    };
    const server: ServerOptions = {
      run: base,
      debug: { ...base, options: { execArgv: [...this.#debugModule] } },
    };
    const options: LanguageClientOptions = {
      documentSelector: SELECTOR,
      outputChannel: this.output,
      revealOutputChannelOn: node.RevealOutputChannelOn.Never,
      diagnosticCollectionName: 'modelyard',
      // A file's words are never trusted: no commands and no HTML out of them.
      markdown: { isTrusted: false, supportHtml: false, supportThemeIcons: true },
      initializationOptions: {
        settings: vscode.workspace.getConfiguration('modelyard'),
        // Pages of model versions are documents of ours: models/documents.ts.
        modelCards: true,
        // What is ours and not the protocol's: no other client is sent any of it.
        icons: true,
        views: true,
        commands: [...Object.keys(COMMANDS), 'editor.action.triggerSuggest'],
        // Data is read and SQL is looked at only where the workspace is trusted.
        trusted: vscode.workspace.isTrusted,
      },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: node.ErrorAction.Continue, handled: true }),
        closed: () => ({
          action: this.#died() ? node.CloseAction.Restart : node.CloseAction.DoNotRestart,
          handled: true,
        }),
      },
    };
    const client = new node.LanguageClient('modelyard', 'Modelyard', server, options);
    client.onDidChangeState(({ newState }) => {
      if (newState === node.State.Running) this.#set('ready');
      else if (newState === node.State.Starting) this.#set('starting');
    });
    client.onNotification('modelyard/changed', (params: ChangedParams) => this.#changed.fire(params));
    return client;
  }

  /** Counts a death. Answers whether to start again. */
  #died(): boolean {
    const now = Date.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < DEATH_WINDOW_MS), now];
    if (this.#deaths.length < MOST_DEATHS) return true;
    this.#failed(`The language server stopped ${MOST_DEATHS} times within three minutes.`);
    return false;
  }

  #failed(text: string): void {
    this.output.error(text);
    this.#set('stopped');
    void vscode.window.showErrorMessage(`Modelyard: ${text}`, RESTART, SHOW_OUTPUT).then(async (choice) => {
      if (choice === RESTART) await this.restart();
      else if (choice === SHOW_OUTPUT) this.output.show();
    });
  }

  #set(state: ServerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#show(state);
    this.#stateChanged.fire(state);
  }

  #show(state: ServerState): void {
    this.#item.busy = state === 'starting';
    this.#item.text = state === 'stopped' ? '$(error) Modelyard' : 'Modelyard';
    this.#item.detail = { starting: 'starting', ready: 'ready', stopped: 'not running' }[state];
    this.#item.severity =
      state === 'stopped' ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    this.#item.command =
      state === 'stopped'
        ? { title: 'Restart', command: 'modelyard.restartServer' }
        : { title: 'Output', command: 'modelyard.showOutput' };
  }

  /** Stops the server, if it runs, and starts a new one. */
  async restart(): Promise<void> {
    this.#deaths = [];
    await this.#stop();
    await this.start();
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#starting = undefined;
    if (client === undefined) return;
    try {
      await client.dispose(2000);
    } catch (error) {
      this.output.warn(`Stopping the language server: ${message(error)}`);
    }
  }

  /**
   * Asks the server, when it is up.
   *
   * @throws when the server can't be reached or its handler failed.
   */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
    token?: vscode.CancellationToken,
  ): Promise<Requests[M]['result']> {
    const client = await this.start();
    // An undefined token would count as a second parameter, and the server would see a list of two.
    return token === undefined
      ? client.sendRequest<Requests[M]['result']>(method, params)
      : client.sendRequest<Requests[M]['result']>(method, params, token);
  }

  /** As `request`, for views: what fails is logged and answered with `undefined`, so that they keep what they have. */
  async ask<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
  ): Promise<Requests[M]['result'] | undefined> {
    try {
      return await this.request(method, params);
    } catch (error) {
      this.output.warn(`${method}: ${message(error)}`);
      return undefined;
    }
  }

  async dispose(): Promise<void> {
    await this.#stop();
    this.#item.dispose();
    this.#changed.dispose();
    this.#stateChanged.dispose();
    this.output.dispose();
  }
}

/** The words of whatever was thrown. */
export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
