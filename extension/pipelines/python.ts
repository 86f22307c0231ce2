/** The interpreter that is selected in the Python extension, by its published API; nothing where it is not installed. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { FileStatus } from '../../server/protocol/index.js';
import { plain } from '../../server/base/format.js';
import { runCommand } from '../contributed.js';
import type { Client } from '../client.js';
import { OneAtATime } from '../parts/one-at-a-time.js';
import type { State } from '../parts/state.js';

export const PYTHON_EXTENSION = 'ms-python.python';
export const DEBUGGER_EXTENSION = 'ms-python.debugpy';

/** What of `@vscode/python-extension` is asked for here. */
interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

export class SelectedPython implements vscode.Disposable {
  readonly #client: Client;
  readonly #state: State;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[] = [];
  #api: PythonApi | undefined;
  #starting = false;

  /** Another one is selected, and the language server knows. */
  readonly onDidChange = this.#changed.event;

  constructor(client: Client, state: State) {
    this.#client = client;
    this.#state = state;
    this.#subscriptions.push(
      state.onDidChangePipelines(() => void this.#start()),
      client.onDidChangeState((now) => void (now === 'ready' && this.#tell())),
      vscode.extensions.onDidChange(() => void this.#start()),
    );
  }

  /** Absolute, for the files of a folder: an executable, or the folder of an environment. */
  path(folder: vscode.Uri): string | undefined {
    try {
      const found = this.#api?.environments.getActiveEnvironmentPath(folder).path;
      return found !== undefined && path.isAbsolute(found) ? found : undefined;
    } catch {
      // The other extension's business.
      return undefined;
    }
  }

  /** Variables for a run of a project there. */
  variables(folder: vscode.Uri): Record<string, string> {
    const selected = this.path(folder);
    return selected === undefined ? {} : { MODELYARD_PYTHON: selected };
  }

  /** Only where there is a pipeline: nobody else pays for starting it. */
  async #start(): Promise<void> {
    if (this.#api !== undefined || this.#starting || this.#state.pipelines.length === 0) return;
    const found = vscode.extensions.getExtension<PythonApi>(PYTHON_EXTENSION);
    if (found === undefined) return;
    this.#starting = true;
    try {
      const api = await found.activate();
      this.#subscriptions.push(api.environments.onDidChangeActiveEnvironmentPath(() => void this.#tell()));
      this.#api = api;
      await this.#tell();
    } catch (error) {
      this.#client.output.warn(`The Python extension does not answer: ${String(error)}`);
    } finally {
      this.#starting = false;
    }
  }

  async #tell(): Promise<void> {
    if (this.#api === undefined) return;
    for (const { uri } of this.#state.projects) {
      const selected = this.path(vscode.Uri.parse(uri)) ?? '';
      await this.#client.ask('modelyard/selectPython', { projectUri: uri, path: selected });
    }
    this.#changed.fire();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}

/** In the status bar while a pipeline is open whose tasks use Python. */
export function registerPythonStatus(
  extension: vscode.ExtensionContext,
  client: Client,
  state: State,
  python: SelectedPython,
): void {
  const item = vscode.window.createStatusBarItem('modelyard.python', vscode.StatusBarAlignment.Right, 100);
  item.name = 'Modelyard Python';
  item.command = 'modelyard.selectInterpreter';
  const ask = async (): Promise<void> => {
    const uri = vscode.window.activeTextEditor?.document.uri.toString();
    const pipeline = uri === undefined ? undefined : state.pipeline(uri);
    const status: FileStatus | undefined =
      pipeline === undefined || client.state !== 'ready'
        ? undefined
        : await client.ask('modelyard/fileStatus', { uri: pipeline.uri });
    const said = status?.python;
    if (said === undefined) {
      item.hide();
      return;
    }
    item.text = said.problem ? `$(warning) ${said.text}` : `$(symbol-namespace) ${said.text}`;
    item.tooltip = `Modelyard: the Python of the tasks\n${said.detail}`;
    item.accessibilityInformation = { label: `Modelyard, Python of the tasks: ${said.text}` };
    item.backgroundColor = said.problem
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    item.show();
  };
  const questions = new OneAtATime(ask);
  const again = (): void => void questions.run();
  extension.subscriptions.push(
    item,
    vscode.window.onDidChangeActiveTextEditor(again),
    vscode.workspace.onDidSaveTextDocument(again),
    client.onDidChangeState(again),
    state.onDidChangePipelines(again),
    python.onDidChange(again),
  );
  again();
}

/** Leads to the Python extension's own list, or to where an interpreter can be named without it. */
export async function selectInterpreter(): Promise<void> {
  if (vscode.extensions.getExtension(PYTHON_EXTENSION) !== undefined) {
    await vscode.commands.executeCommand('python.setInterpreter');
    return;
  }
  const find = 'Find the Python Extension';
  const choice = await vscode.window.showInformationMessage(
    'Interpreters are selected with the Python extension. Without it, name one with `python:` in modelyard.yaml or the pipeline.',
    find,
  );
  if (choice === find) await vscode.commands.executeCommand('workbench.extensions.search', PYTHON_EXTENSION);
}

/** Offers what brings a module that a task did not find. @returns whether there was anything to offer */
export async function offerInstall(
  client: Client,
  name: string,
  run: { readonly projectUri: string; readonly id: string },
): Promise<boolean> {
  const view = await client.ask('modelyard/run', { projectUri: run.projectUri, id: run.id });
  const missing = view?.tasks.find((task) => task.missingModule !== undefined)?.missingModule;
  if (missing === undefined) return false;
  const [install, select, show] = ['Install', 'Select Interpreter', 'Show Run'];
  const choice = await vscode.window.showErrorMessage(
    `${name} failed: ${missing.package} is not in ${missing.python}.`,
    install,
    select,
    show,
  );
  if (choice === install) {
    const terminal = vscode.window.createTerminal({
      name: `install ${missing.package}`,
      cwd: vscode.Uri.parse(run.projectUri),
    });
    terminal.show();
    terminal.sendText(missing.install);
  } else if (choice === select) await selectInterpreter();
  else if (choice === show) await runCommand('showRun', run.projectUri, run.id);
  return true;
}

/** The run did not start: mostly because there is no debugpy, which the terminal says with the command that installs it. */
export async function debugRefused(name: string): Promise<void> {
  const find = 'Find the Python Debugger Extension';
  const isThere = vscode.extensions.getExtension(DEBUGGER_EXTENSION) !== undefined;
  const choice = await vscode.window.showWarningMessage(
    `${plain(name)} did not start under the debugger: the terminal says why.`,
    ...(isThere ? [] : [find]),
  );
  if (choice === find)
    await vscode.commands.executeCommand('workbench.extensions.search', DEBUGGER_EXTENSION);
}
