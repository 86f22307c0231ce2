/**
 * A scripted LSP client over real stdio: starts the built server, speaks the protocol, keeps what comes back. It answers
 * the server's requests as an editor would.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type {
  ClientCapabilities,
  CompletionItemKind,
  Diagnostic,
  DocumentDiagnosticReport,
  InitializeResult,
  Position,
  PublishDiagnosticsParams,
  Range,
  SymbolKind,
  CancellationToken,
  MessageConnection,
} from 'vscode-languageserver/node';
import {
  StreamMessageReader,
  StreamMessageWriter,
  createMessageConnection,
} from 'vscode-languageserver/node';

/** Generous: the machine may be busy. */
export const PATIENCE_MS = 30_000;

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .reduce(
      (latest, entry) => Math.max(latest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs),
      0,
    );
}

async function bundle(entry: string): Promise<string> {
  const out = path.resolve('dist', entry);
  if (existsSync(out) && statSync(out).mtimeMs > newest('server')) return out;
  const build = pathToFileURL(path.resolve('scripts/build.mjs')).href;
  const { bundles } = (await import(build)) as {
    bundles: () => Promise<{ outfile: string }[]>;
  };
  const esbuild = await import('esbuild');
  const options = (await bundles()).find(({ outfile }) => outfile === `dist/${entry}`);
  if (options === undefined) throw new Error(`nothing builds dist/${entry}`);
  // Test files run side by side, each in its own process: a bundle appears by one rename, never half written.
  const own = path.resolve('dist', `.building-${process.pid}`);
  await esbuild.build({ ...options, outfile: path.join(own, entry) });
  for (const name of [`${entry}.map`, entry]) renameSync(path.join(own, name), path.resolve('dist', name));
  rmSync(own, { recursive: true, force: true });
  return out;
}

/** `cli.js` only starts the programs that lie beside it. */
async function bundleCli(): Promise<string> {
  for (const program of [
    'program.js',
    'run-program.js',
    'definitions.js',
    'python-code.js',
    'task-requests.js',
  ])
    await bundle(program);
  return bundle('cli.js');
}

const built = new Map<string, Promise<string>>();

/** The path of a bundle in `dist/`, built when it is missing or older than its sources. */
export function builtBundle(
  entry: 'server.js' | 'cli.js' | 'features.js' | 'service-host.js',
): Promise<string> {
  let promise = built.get(entry);
  if (promise === undefined) {
    promise = entry === 'cli.js' ? bundleCli() : bundle(entry);
    built.set(entry, promise);
  }
  return promise;
}

export interface ClientOptions {
  /** Absolute paths. */
  readonly folders: readonly string[];
  /** Laid over the capabilities of a modern editor. */
  readonly capabilities?: ClientCapabilities;
  /** The capabilities are those above and no others. */
  readonly only?: boolean;
  /** Over the params of `initialize`. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Diagnostics are pulled unless this is false. */
  readonly pull?: boolean;
  /** The section `modelyard` for a scope. */
  readonly settings?: (scopeUri: string | undefined) => unknown;
  /** Beside what our extension says; `null`: nothing of ours. */
  readonly initializationOptions?: Readonly<Record<string, unknown>> | null;
  /** A command that the server is started by, such as `strace`. */
  readonly under?: readonly string[];
}

const SYMBOL_KINDS = Array.from({ length: 26 }, (_, at) => at + 1) as SymbolKind[];
const ITEM_KINDS = Array.from({ length: 25 }, (_, at) => at + 1) as CompletionItemKind[];

const MODERN: ClientCapabilities = {
  workspace: {
    configuration: true,
    workspaceFolders: true,
    didChangeWatchedFiles: { dynamicRegistration: true },
    workspaceEdit: { documentChanges: true },
    symbol: { symbolKind: { valueSet: SYMBOL_KINDS } },
    diagnostics: { refreshSupport: true },
    codeLens: { refreshSupport: true },
    inlayHint: { refreshSupport: true },
  },
  textDocument: {
    diagnostic: { dynamicRegistration: false, relatedInformation: true },
    publishDiagnostics: {
      relatedInformation: true,
      versionSupport: true,
      codeDescriptionSupport: true,
      tagSupport: { valueSet: [1, 2] },
    },
    hover: { contentFormat: ['markdown', 'plaintext'] },
    completion: {
      completionItem: {
        snippetSupport: true,
        documentationFormat: ['markdown'],
        insertTextModeSupport: { valueSet: [1, 2] },
      },
      completionItemKind: { valueSet: ITEM_KINDS },
    },
    documentLink: { tooltipSupport: true },
    definition: { linkSupport: true },
    rename: { prepareSupport: true },
    documentSymbol: {
      hierarchicalDocumentSymbolSupport: true,
      labelSupport: true,
      symbolKind: { valueSet: SYMBOL_KINDS },
    },
    codeAction: {
      isPreferredSupport: true,
      codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'source.fixAll'] } },
    },
  },
};

/** What our extension says that no other client does. */
const OURS = {
  icons: true,
  views: true,
  commands: [
    'runPipeline',
    'runTask',
    'debugTask',
    'planPipeline',
    'showGraph',
    'showRun',
    'openRule',
    'showApproval',
  ]
    .concat('approve', 'reject', 'materializeView', 'previewView', 'profileView')
    .map((name) => `modelyard.${name}`),
};

interface OpenDocument {
  version: number;
  text: string;
}

/** As VS Code writes it: `file:///c%3A/…` on Windows. */
export function uri(file: string): string {
  const { href } = pathToFileURL(file);
  return href.replace(/^file:\/\/\/([A-Z]):/, (_, drive: string) => `file:///${drive.toLowerCase()}%3A`);
}

/** The position of an offset. */
export function position(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const line = before.split('\n').length - 1;
  return { line, character: offset - (before.lastIndexOf('\n') + 1) };
}

/** The position in the middle of the n-th occurrence (from 1) of a word. */
export function positionOf(text: string, word: string, occurrence = 1, inside = 0): Position {
  let at = -1;
  for (let count = 0; count < occurrence; count++) {
    at = text.indexOf(word, at + 1);
    if (at < 0) throw new Error(`${JSON.stringify(word)} does not occur ${occurrence} times`);
  }
  return position(text, at + inside);
}

/** What a range holds. */
export function textAt(text: string, range: Range): string {
  const lines = text.split('\n');
  const offset = ({ line, character }: Position) =>
    lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + character;
  return text.slice(offset(range.start), offset(range.end));
}

/** Applies LSP text edits. */
export function applyEdits(
  text: string,
  edits: readonly { readonly range: Range; readonly newText: string }[],
): string {
  const lines = text.split('\n');
  const offset = ({ line, character }: Position) =>
    lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + character;
  return [...edits]
    .sort((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce(
      (result, { range, newText }) =>
        result.slice(0, offset(range.start)) + newText + result.slice(offset(range.end)),
      text,
    );
}

/** Waits until a condition holds, asking often. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await pause(15);
  }
}

export class LspClient {
  readonly connection: MessageConnection;
  readonly process: ChildProcess;
  readonly documents = new Map<string, OpenDocument>();
  /** What was pushed last, by URI. */
  readonly pushed = new Map<string, PublishDiagnosticsParams>();
  /** Everything that was pushed, in order. */
  readonly pushes: PublishDiagnosticsParams[] = [];
  readonly log: string[] = [];
  readonly changed: { what: string[]; active: unknown[] }[] = [];
  readonly watchers: string[] = [];
  /** Methods of all that the server has asked and told. */
  readonly heard = new Set<string>();
  refreshes = 0;
  lensRefreshes = 0;
  hintRefreshes = 0;
  result!: InitializeResult;
  settings: (scopeUri: string | undefined) => unknown;

  private constructor(child: ChildProcess, settings: (scopeUri: string | undefined) => unknown) {
    if (child.stdout === null || child.stdin === null) throw new Error('the server has no pipes');
    this.process = child;
    this.settings = settings;
    this.connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
      undefined,
      {
        messageStrategy: {
          handleMessage: (message, next) => {
            if ('method' in message && typeof message.method === 'string') this.heard.add(message.method);
            return next(message);
          },
        },
      },
    );
  }

  /** Starts a server and says hello. */
  static async start(options: ClientOptions): Promise<LspClient> {
    const server = await builtBundle('server.js');
    const [program = process.execPath, ...before] = options.under ?? [];
    const node = options.under === undefined ? [] : [process.execPath];
    const child = spawn(program, [...before, ...node, '--enable-source-maps', server, '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // On Windows nobody can remove the working directory of a process.
      cwd: (process.platform === 'win32' ? undefined : options.folders[0]) ?? process.cwd(),
    });
    const client = new LspClient(child, options.settings ?? (() => null));
    client.#answer();
    client.connection.listen();
    const base = structuredClone(MODERN);
    if (options.pull === false) delete base.textDocument?.diagnostic;
    const modern = {
      ...base,
      ...options.capabilities,
      workspace: { ...base.workspace, ...options.capabilities?.workspace },
      textDocument: { ...base.textDocument, ...options.capabilities?.textDocument },
    };
    try {
      client.result = await client.request<InitializeResult>('initialize', {
        processId: process.pid,
        clientInfo: { name: 'Scripted Code' },
        rootUri: null,
        capabilities: options.only === true ? (options.capabilities ?? {}) : modern,
        initializationOptions:
          options.initializationOptions === null ? null : { ...OURS, ...options.initializationOptions },
        workspaceFolders: options.folders.map((folder) => ({
          uri: uri(folder),
          name: path.basename(folder),
        })),
        ...options.params,
      });
      await client.notify('initialized', {});
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return client;
  }

  #answer(): void {
    const { connection } = this;
    connection.onRequest('workspace/configuration', ({ items }: { items: { scopeUri?: string }[] }) =>
      items.map(({ scopeUri }) => this.settings(scopeUri)),
    );
    connection.onRequest(
      'client/registerCapability',
      ({ registrations }: { registrations: { method: string; registerOptions?: unknown }[] }) => {
        for (const { method, registerOptions } of registrations) {
          if (method !== 'workspace/didChangeWatchedFiles') continue;
          const { watchers } = registerOptions as { watchers: { globPattern: string }[] };
          this.watchers.push(...watchers.map((watcher) => watcher.globPattern));
        }
        return null;
      },
    );
    connection.onRequest('client/unregisterCapability', () => null);
    connection.onRequest('workspace/diagnostic/refresh', () => {
      this.refreshes++;
      return null;
    });
    connection.onRequest('workspace/codeLens/refresh', () => {
      this.lensRefreshes++;
      return null;
    });
    connection.onRequest('workspace/inlayHint/refresh', () => {
      this.hintRefreshes++;
      return null;
    });
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.pushed.set(params.uri, params);
      this.pushes.push(params);
    });
    connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      this.log.push(message);
    });
    connection.onNotification('modelyard/changed', (params: { what: string[]; active: unknown[] }) => {
      this.changed.push(params);
    });
  }

  request<R>(method: string, params?: unknown, token?: CancellationToken): Promise<R> {
    // An argument that is there but undefined would count as a second parameter.
    return token === undefined
      ? this.connection.sendRequest<R>(method, params)
      : this.connection.sendRequest<R>(method, params, token);
  }

  /** A request on a document and, where given, a position in it. */
  ask<R>(method: string, file: string, at?: Position, more: object = {}): Promise<R> {
    return this.request<R>(`textDocument/${method}`, {
      textDocument: { uri: uri(file) },
      ...(at === undefined ? {} : { position: at }),
      ...more,
    });
  }

  notify(method: string, params: unknown): Promise<void> {
    return params === undefined
      ? this.connection.sendNotification(method)
      : this.connection.sendNotification(method, params);
  }

  async open(file: string, text: string, languageId = 'yaml'): Promise<void> {
    this.documents.set(file, { version: 1, text });
    await this.notify('textDocument/didOpen', {
      textDocument: { uri: uri(file), languageId, version: 1, text },
    });
  }

  /** Replaces the whole text, as one incremental change. */
  async replace(file: string, text: string): Promise<void> {
    const document = this.#document(file);
    await this.edit(
      file,
      { start: { line: 0, character: 0 }, end: position(document.text, document.text.length) },
      text,
    );
  }

  async edit(file: string, range: Range, newText: string): Promise<void> {
    const document = this.#document(file);
    document.text = applyEdits(document.text, [{ range, newText }]);
    document.version++;
    await this.notify('textDocument/didChange', {
      textDocument: { uri: uri(file), version: document.version },
      contentChanges: [{ range, text: newText }],
    });
  }

  async close(file: string): Promise<void> {
    this.documents.delete(file);
    await this.notify('textDocument/didClose', { textDocument: { uri: uri(file) } });
  }

  /** Tells of changes on disk, as an editor's file watcher does. */
  watched(changes: readonly { readonly file: string; readonly type: 'created' | 'changed' | 'deleted' }[]) {
    const types = { created: 1, changed: 2, deleted: 3 };
    return this.notify('workspace/didChangeWatchedFiles', {
      changes: changes.map(({ file, type }) => ({ uri: uri(file), type: types[type] })),
    });
  }

  async pull(file: string, previousResultId?: string): Promise<DocumentDiagnosticReport> {
    return this.ask(
      'diagnostic',
      file,
      undefined,
      previousResultId === undefined ? {} : { previousResultId },
    );
  }

  /** The diagnostics of a file, pulled. */
  async diagnostics(file: string): Promise<Diagnostic[]> {
    const report = await this.pull(file);
    if (report.kind !== 'full') throw new Error('unchanged without an earlier result');
    return report.items;
  }

  /** The ids of the rules that have something to say about a file. */
  async rules(file: string): Promise<string[]> {
    return (await this.diagnostics(file)).map((diagnostic) => String(diagnostic.code));
  }

  #document(file: string): OpenDocument {
    const document = this.documents.get(file);
    if (document === undefined) throw new Error(`${file} is not open`);
    return document;
  }

  /** Says goodbye; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.process.once('exit', resolve));
    await this.request('shutdown');
    await this.notify('exit', undefined);
    const code = await ended;
    this.connection.dispose();
    return code;
  }
}
