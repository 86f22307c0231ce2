/** MLflow clients in terminals and notebooks of the window: they find their project without anybody starting a server. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { ProjectSummary } from '../../server/protocol/index.js';
import { message } from '../client.js';
import type { Context } from '../context.js';
import { setting } from '../contributed.js';
import { OneAtATime } from '../parts/one-at-a-time.js';
import { commandLine } from '../pipelines/tasks.js';
import { Door } from './door.js';
import { type Place, placeOf, variablesOf } from './variables.js';

/** Without a client, after which a server ends. */
const IDLE_MINUTES = 10;

/** A project whose clients are cared for. */
export interface Cared {
  readonly project: ProjectSummary;
  readonly place: Place;
  /** Where its clients log here. */
  readonly door?: Door;
  readonly variables: Readonly<Record<string, string>>;
}

/** What clients of a version of this extension may find in their environment. */
const NAMES = Object.keys(variablesOf('', ''));

export class TrackingClients implements vscode.Disposable {
  readonly #context: Context;
  readonly #doors = new Map<string, Door>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #rounds = new OneAtATime(() => this.#care());
  /** Of the editor itself, before anything was added to it here. */
  readonly #environment: NodeJS.ProcessEnv = { ...process.env };
  #all: readonly Cared[] = [];
  #disposed = false;

  /** Places or servers have changed. */
  readonly onDidChange = this.#changed.event;

  constructor(context: Context) {
    this.#context = context;
    const again = (): void => void this.#rounds.run();
    context.extension.subscriptions.push(
      context.state.onDidChangePipelines(again),
      vscode.workspace.onDidGrantWorkspaceTrust(again),
      vscode.workspace.onDidChangeWorkspaceFolders(again),
      vscode.workspace.onDidChangeConfiguration((event) => {
        const ours = ['modelyard.tracking', 'modelyard.nodePath', 'terminal.integrated.env'];
        if (ours.some((name) => event.affectsConfiguration(name))) again();
      }),
    );
  }

  get all(): readonly Cared[] {
    return this.#all;
  }

  async #care(): Promise<void> {
    const wanted = vscode.workspace.isTrusted ? this.#context.state.projects : [];
    const all: Cared[] = [];
    for (const project of wanted) {
      try {
        all.push(await this.#caredOf(project));
      } catch (error) {
        const why = `nothing can listen for them: ${message(error)}`;
        all.push({ project, place: { kind: 'none', why }, variables: {} });
      }
    }
    const kept = new Set(all.flatMap(({ door, project }) => (door === undefined ? [] : [project.uri])));
    for (const [uri, door] of this.#doors) {
      if (!this.#disposed && kept.has(uri)) continue;
      door.close();
      this.#doors.delete(uri);
    }
    this.#all = all;
    this.#tellTerminals();
    this.#tellNotebooks();
    this.#changed.fire();
  }

  async #caredOf(project: ProjectSummary): Promise<Cared> {
    const folder = vscode.Uri.parse(project.uri);
    if (!setting('tracking.terminals', folder)) {
      const why = 'the setting modelyard.tracking.terminals is off';
      return { project, place: { kind: 'none', why }, variables: {} };
    }
    const place = placeOf(project, {
      environment: this.#environment,
      terminals: terminalSettings(folder),
      dotEnv: await readFile(vscode.Uri.joinPath(folder, '.env').fsPath, 'utf8').catch(() => ''),
    });
    if (place.kind === 'none') return { project, place, variables: {} };
    if (place.kind === 'server') return { project, place, variables: variablesOf(place.uri) };
    const door = await this.#door(project);
    return { project, place, door, variables: variablesOf(door.uri, door.token) };
  }

  /** With the port and the token of the last time, so that scripts and terminals outlive a reload of the window. */
  async #door({ uri }: ProjectSummary): Promise<Door> {
    const known = this.#doors.get(uri);
    if (known !== undefined) return known;
    const { extension, client } = this.#context;
    const folder = vscode.Uri.parse(uri);
    const key = `tracking:${uri}`;
    let token = await extension.secrets.get(key);
    if (token === undefined)
      await extension.secrets.store(key, (token = randomBytes(24).toString('base64url')));
    const door = await Door.open({
      ...{ root: folder.fsPath, token, port: extension.workspaceState.get<number>(key) ?? 0 },
      idleMinutes: IDLE_MINUTES,
      program: commandLine(extension, folder),
      onChange: () => this.#changed.fire(),
      onProblem: (words) => {
        client.output.warn(`MLflow clients are not answered: ${words}`);
        void vscode.window.showWarningMessage(
          `Modelyard: MLflow clients are not answered: ${plain(words, 300)}`,
        );
      },
    });
    this.#doors.set(uri, door);
    await extension.workspaceState.update(key, door.port);
    return door;
  }

  #tellTerminals(): void {
    const collection = this.#context.extension.environmentVariableCollection;
    for (const workspaceFolder of vscode.workspace.workspaceFolders ?? []) {
      const scoped = collection.getScoped({ workspaceFolder });
      const cared = this.#in(workspaceFolder);
      if (cared !== undefined)
        scoped.description = `Lets MLflow clients of these terminals log into ${plain(cared.project.name, 60)}.`;
      for (const name of NAMES) {
        const value = cared?.variables[name];
        if (value === undefined) scoped.delete(name);
        else scoped.replace(name, value);
      }
    }
  }

  /** The project of a folder's terminals: that of the folder itself, else the only one below it. */
  #in({ uri }: vscode.WorkspaceFolder): Cared | undefined {
    const folder = uri.toString();
    const own = this.#all.filter((one) => Object.keys(one.variables).length > 0);
    const within = own.filter(({ project }) =>
      vscode.Uri.parse(project.uri).toString().startsWith(`${folder}/`),
    );
    return (
      own.find(({ project }) => vscode.Uri.parse(project.uri).toString() === folder) ??
      (within.length === 1 ? within[0] : undefined)
    );
  }

  /** Kernels have the environment of this process, and no other extension can be asked to add to it. */
  #tellNotebooks(): void {
    const [first] = (vscode.workspace.workspaceFolders ?? []).flatMap((folder) => this.#in(folder) ?? []);
    for (const name of NAMES) {
      const value = first?.variables[name] ?? this.#environment[name];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }

  dispose(): void {
    this.#disposed = true;
    for (const door of this.#doors.values()) door.close();
    this.#doors.clear();
    this.#changed.dispose();
  }
}

function terminalSettings(folder: vscode.Uri): Readonly<Record<string, unknown>> {
  const system = { win32: 'windows', darwin: 'osx' }[process.platform as string] ?? 'linux';
  return (
    vscode.workspace
      .getConfiguration('terminal.integrated.env', folder)
      .get<Record<string, unknown>>(system) ?? {}
  );
}
