/** Builds the server on a connection: what the client can do decides what is registered. */
import path from 'node:path';
import type { Connection, InitializeParams, InitializeResult } from 'vscode-languageserver/node';
import { defined } from '../base/defined.js';
import { diskFiles } from '../project/files.js';
import { madeBefore } from '../runner/plan/made-before.js';
import { tasksBefore } from '../runner/execute/tasks-before.js';
import { clusterBefore } from '../stores/cluster-memory.js';
import { DidChangeWatchedFilesNotification, FileChangeType } from 'vscode-languageserver/node';
import { Alerts } from './editor/alerts.js';
import { Client } from './client.js';
import { Diagnostics } from './editor/diagnostics.js';
import { DiskPoll } from './watch/disk-poll.js';
import { pathOf, uriOfPath } from './documents.js';
import { capabilitiesFor, registerFeatures } from './editor/handlers.js';
import { FeatureStores } from './views/features/stores.js';
import { checkNotification, guardedNotification } from './guard.js';
import type { Log } from './guard.js';
import { FilesWatch } from './watch/files-watch.js';
import { HeadWatch } from './watch/head-watch.js';
import { Histories } from './views/runs/history.js';
import { LensReminder } from './editor/lens-reminder.js';
import { watchModels } from './views/models/watch.js';
import { Registries } from './views/models/registries.js';
import { runFailures } from './editor/run-failures.js';
import { Tracebacks } from './editor/tracebacks.js';
import { RunsWatch } from './views/runs/watch.js';
import { ServicesWatch } from './views/services/watch.js';
import { SettingsStore } from './settings.js';
import { coalesce } from './slices.js';
import { Views } from './views/views.js';
import { Workspace } from './workspace.js';
import type { Change, FileEvent } from './workspace.js';

/** How long events of the disk are gathered: a branch switch is many of them. */
const DISK_QUIET_MS = 100;

const SERVER_NAME = 'modelyard';

const EVENT_TYPES: Readonly<Record<FileChangeType, FileEvent['type']>> = {
  [FileChangeType.Created]: 'created',
  [FileChangeType.Changed]: 'changed',
  [FileChangeType.Deleted]: 'deleted',
};

function foldersOf(params: InitializeParams): string[] {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- all that some clients send
  const { rootUri } = params;
  const uris =
    params.workspaceFolders?.map((folder) => folder.uri) ??
    (typeof rootUri === 'string' ? [rootUri] : undefined);
  if (uris !== undefined) return uris.flatMap((uri) => pathOf(uri) ?? []);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- older still
  const { rootPath } = params;
  return typeof rootPath === 'string' && path.isAbsolute(rootPath) ? [path.normalize(rootPath)] : [];
}

/** Everything that lives from `initialize` to the end. */
class Server {
  readonly #connection: Connection;
  readonly #log: Log;
  readonly #client: Client;
  readonly #poll: DiskPoll | undefined;
  readonly #workspace: Workspace;
  readonly #settings: SettingsStore;
  readonly #diagnostics: Diagnostics;
  readonly #tracebacks: Tracebacks;
  readonly #histories = new Histories();
  readonly #features: FeatureStores;
  readonly #registries: Registries;
  readonly #runsWatch: RunsWatch;
  readonly #modelsWatch: FilesWatch;
  readonly #servicesWatch: ServicesWatch;
  readonly #marksWatch: FilesWatch;
  readonly #alerts = new Alerts();
  readonly #headWatch: HeadWatch;
  readonly #views: Views;
  readonly #folders: readonly string[];
  readonly #events = new Map<string, { readonly existed: boolean; readonly event: FileEvent }>();
  readonly #handleEvents: ReturnType<typeof coalesce>;
  readonly #lookAgain: ReturnType<typeof coalesce>;

  constructor(connection: Connection, log: Log, client: Client, params: InitializeParams) {
    this.#connection = connection;
    this.#log = log;
    this.#client = client;
    const { capabilities } = client;
    this.#poll = client.watches ? undefined : new DiskPoll(diskFiles, (events) => this.#follow(events));
    this.#folders = foldersOf(params);
    this.#registries = new Registries(log, () => this.#modelsRead());
    this.#workspace = new Workspace(
      (change) => this.#changed(change),
      (root) => ({
        models: this.#registries.of(root),
        packages: this.#registries.packagesOf(root),
        made: madeBefore(root),
        cluster: clusterBefore(root),
        ...tasksBefore(root),
        facts: this.#features.facts(root),
      }),
      capabilities.textDocument?.synchronization?.didSave === true,
      this.#poll?.files ?? diskFiles,
    );
    this.#features = new FeatureStores({
      connection,
      log,
      workspace: () => this.#workspace,
      trusted: client.trusted,
      factsChanged: () => this.#factsChanged(),
      storeChanged: () => this.#factsChanged(),
    });
    this.#settings = new SettingsStore(
      capabilities.workspace?.configuration === true
        ? (scopeUri) =>
            connection.workspace.getConfiguration({
              section: SERVER_NAME,
              ...defined({ scopeUri }),
            })
        : undefined,
      client.settings,
      () => this.#settingsChanged(),
    );
    const settingsFor = (uri: string) => this.#settings.of(this.#scopeOf(uri));
    this.#diagnostics = new Diagnostics({
      workspace: this.#workspace,
      settingsFor,
      settingsNow: (uri) => this.#settings.now(this.#scopeOf(uri)),
      beside: ({ project, path }) => [
        ...this.#alerts.diagnostics(project, path),
        ...runFailures(project, path, this.#histories.of(project.root)),
      ],
      client,
      ...(client.pulls ? {} : { publish: (diagnostics) => void connection.sendDiagnostics(diagnostics) }),
      ...(capabilities.workspace?.diagnostics?.refreshSupport === true
        ? { refresh: () => this.#ask('diagnostics refresh', connection.languages.diagnostics.refresh()) }
        : {}),
    });
    this.#tracebacks = new Tracebacks((diagnostics) => void connection.sendDiagnostics(diagnostics));
    this.#handleEvents = coalesce(() => void this.#diskEvents(), DISK_QUIET_MS);
    this.#lookAgain = coalesce(
      () => void this.#guard(this.#workspace.everythingChanged()),
      2 * DISK_QUIET_MS,
    );
    this.#headWatch = new HeadWatch(() => this.#lookAgain());
    this.#runsWatch = new RunsWatch((root) => this.#runsChanged(root));
    this.#modelsWatch = watchModels((root) => this.#modelsChanged(root));
    // A memory is trusted by a mark, also from a terminal.
    this.#marksWatch = new FilesWatch(
      (root) => this.#views.memoryChanged(root),
      (root) => [path.join(root, '.modelyard', 'marks') + path.sep],
    );
    this.#servicesWatch = new ServicesWatch((root) => this.#servicesChanged(root));
    this.#views = new Views({
      connection,
      log,
      workspace: this.#workspace,
      histories: this.#histories,
      runsWatch: this.#runsWatch,
      told: client.views,
      features: this.#features,
      registries: this.#registries,
      servicesChanged: (root) => this.#servicesChanged(root),
      settingsFor,
    });
    registerFeatures({
      connection,
      log,
      workspace: this.#workspace,
      histories: this.#histories,
      plans: this.#views,
      diagnostics: this.#diagnostics,
      settingsFor,
      client,
      lensesAnswered: (uri) => this.#lenses.settled(uri),
    });
    this.#views.register();
    this.#registerSync();
  }

  initialized(): void {
    const { workspace } = this.#client.capabilities;
    if (this.#client.watches) {
      // Everything, because every file may be the input of a task; what is not one costs a look into a map.
      this.#ask(
        'watching files',
        this.#connection.client.register(DidChangeWatchedFilesNotification.type, {
          watchers: [{ globPattern: '**/*' }],
        }),
      );
    }
    if (workspace?.workspaceFolders === true) {
      this.#connection.workspace.onDidChangeWorkspaceFolders((event) => {
        checkNotification.folders(event);
        const paths = (folders: readonly { readonly uri: string }[]) =>
          folders.flatMap((folder) => pathOf(folder.uri) ?? []);
        void this.#guard(this.#workspace.changeFolders(paths(event.added), paths(event.removed)));
      });
    }
    void this.#guard(this.#workspace.changeFolders(this.#folders, []));
  }

  close(): void {
    this.#poll?.close();
    this.#handleEvents.cancel();
    this.#lookAgain.cancel();
    this.#lookAtTracebacks.cancel();
    this.#headWatch.close();
    this.#runsWatch.close();
    this.#modelsWatch.close();
    this.#servicesWatch.close();
    this.#marksWatch.close();
    this.#registries.keep([]);
    this.#features.close();
    this.#diagnostics.close();
    this.#views.close();
  }

  #registerSync(): void {
    const on = <P>(name: string, check: (params: unknown) => void, handle: (params: P) => void) =>
      guardedNotification<P>(this.#log, name, (params) => {
        check(params);
        handle(params);
      });
    const connection = this.#connection;
    connection.onDidOpenTextDocument(
      on('open', checkNotification.open, ({ textDocument: { uri, languageId, version, text } }) => {
        this.#workspace.opened(uri, languageId, version, text);
        void this.#poll?.look();
        this.#lenses.opened(uri);
      }),
    );
    connection.onDidChangeTextDocument(
      on('change', checkNotification.change, ({ textDocument: { uri, version }, contentChanges }) =>
        this.#workspace.edited(uri, version, contentChanges),
      ),
    );
    connection.onDidSaveTextDocument(
      on('save', checkNotification.close, ({ textDocument: { uri } }) => {
        this.#workspace.saved(uri);
        void this.#poll?.look();
      }),
    );
    connection.onDidCloseTextDocument(
      on('close', checkNotification.close, ({ textDocument: { uri } }) => {
        this.#workspace.closed(uri);
        this.#lenses.settled(uri);
      }),
    );
    connection.onDidChangeWatchedFiles(
      on('watched files', checkNotification.files, ({ changes }) => {
        this.#follow(
          changes.flatMap(({ uri, type }) => {
            const absolute = pathOf(uri);
            return absolute === undefined ? [] : [{ path: absolute, type: EVENT_TYPES[type] }];
          }),
        );
      }),
    );
    connection.onDidChangeConfiguration(
      on('configuration', checkNotification.configuration, ({ settings }: { settings?: unknown }) => {
        const section =
          typeof settings === 'object' && settings !== null && SERVER_NAME in settings
            ? settings[SERVER_NAME]
            : undefined;
        this.#settings.changed(section);
        this.#settingsChanged();
      }),
    );
  }

  /** Of several events on one file: what there was before the first of them, and what there is after the last one. */
  #remember({ path: file, type }: FileEvent): void {
    const existed = this.#events.get(file)?.existed ?? type !== 'created';
    const now = type === 'deleted' ? type : existed ? 'changed' : 'created';
    this.#events.set(file, { existed, event: { path: file, type: now } });
  }

  #settingsChanged(): void {
    this.#diagnostics.changed();
    this.#refreshShown();
    this.#views.pipelinesChanged();
  }

  /** What a client would have told of that watches files. */
  #follow(events: readonly FileEvent[]): void {
    for (const event of events) this.#remember(event);
    this.#handleEvents();
  }

  async #diskEvents(): Promise<void> {
    const events = [...this.#events.values()].map(({ event }) => event);
    this.#events.clear();
    await this.#guard(this.#workspace.filesChanged(events));
  }

  #changed(change: Change): void {
    if (change !== 'edit') {
      this.#features.diskChanged();
      this.#lookAtTracebacks();
    }
    if (change === 'edit') {
      this.#diagnostics.edited();
    } else if (change === 'definitions') {
      const roots = this.#workspace.projects().map((project) => project.root);
      this.#headWatch.follow([...this.#workspace.folders(), ...roots]);
      this.#runsWatch.follow(roots);
      this.#modelsWatch.follow(roots);
      this.#servicesWatch.follow(roots);
      this.#marksWatch.follow(roots);
      this.#alerts.keep(roots);
      this.#features.follow(roots);
      this.#histories.keep(roots);
      this.#registries.keep(roots);
      // What changed before it was watched.
      for (const root of roots) {
        this.#registries.look(root);
        this.#alerts.look(root);
      }
      this.#diagnostics.changed();
      this.#refreshShown();
    }
    this.#views.pipelinesChanged();
  }

  #modelsChanged(root: string): void {
    this.#registries.look(root);
    this.#views.modelsChanged();
  }

  /** What a service's host writes: how it is, what was measured, what fires. */
  #servicesChanged(root: string): void {
    if (this.#alerts.look(root)) this.#diagnostics.changed();
    this.#views.servicesChanged(root);
  }

  /** Findings and hints speak of the registry's models, and of packages. */
  #modelsRead(): void {
    this.#diagnostics.changed();
    this.#refreshShown();
  }

  /** More is known of the data of feature views. */
  #factsChanged(): void {
    this.#diagnostics.changed();
    this.#refreshShown();
    this.#views.featuresChanged();
  }

  #runsChanged(root: string): void {
    this.#views.runsChanged(root);
    this.#refreshLenses();
    this.#diagnostics.changed();
    this.#lookAtTracebacks();
  }

  /** Runs and files change in bursts. */
  readonly #lookAtTracebacks = coalesce(() => {
    for (const project of this.#workspace.projects())
      this.#tracebacks.refresh(project, this.#histories.of(project.root));
  }, 300);

  readonly #refreshLenses = coalesce(() => {
    if (this.#client.capabilities.workspace?.codeLens?.refreshSupport === true && this.#client.hasCommands) {
      this.#ask('code lens refresh', this.#connection.sendRequest('workspace/codeLens/refresh'));
    }
  }, 200);

  readonly #lenses = new LensReminder((uri) => {
    void this.#workspace.syncSliced().then(() => {
      if (this.#workspace.definition(uri) !== undefined) this.#refreshLenses();
    });
  });

  #refreshShown(): void {
    this.#refreshLenses();
    if (this.#client.capabilities.workspace?.inlayHint?.refreshSupport === true) {
      this.#ask('inlay hint refresh', this.#connection.languages.inlayHint.refresh());
    }
  }

  /** Settings differ by folder; what lies outside of all folders has its own. */
  #scopeOf(uri: string): string | undefined {
    const absolute = pathOf(uri);
    if (absolute === undefined) return undefined;
    const folder = this.#workspace.folderOf(absolute);
    return folder === undefined ? uri : uriOfPath(folder);
  }

  /** A request to the client whose answer changes nothing. */
  #ask(name: string, request: Promise<unknown>): void {
    request.catch((error: unknown) =>
      this.#log.error(`${name}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}

/** Serves one client. @param version of Modelyard */
export function serve(connection: Connection, version: string): void {
  const log: Log = {
    info: (message) => connection.console.info(message),
    error: (message) => connection.console.error(message),
  };
  let server: Server | undefined;
  connection.onInitialize((params): InitializeResult => {
    const client = new Client(params);
    server = new Server(connection, log, client, params);
    return {
      capabilities: capabilitiesFor(client),
      serverInfo: { name: SERVER_NAME, version },
    };
  });
  connection.onInitialized(() => server?.initialized());
  connection.onShutdown(() => server?.close());
  // Whatever goes wrong beside a request must not take the server along.
  process.on('uncaughtException', (error) => log.error(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (reason) =>
    log.error(`unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`),
  );
  connection.listen();
}
