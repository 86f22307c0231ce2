/** Commands on pipelines and their tasks: run, plan, graph, go there, make a new one. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { NewPipeline, PipelineKind, PipelineSummary } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { GraphPanels } from './graph-panel.js';
import type { TextDocuments } from '../parts/text-documents.js';
import { debugTask } from './debug.js';
import { nameProblem } from './params.js';
import { planText } from './plan.js';
import { TASK_TYPE, type PipelineTask, type PipelineTasks, type Runnable } from './tasks.js';
import { mayRun } from '../parts/trust.js';
import { bodies } from '../parts/bodies.js';
import { askAll, askRequired } from './ask-params.js';
import { pipelineFor, taskFor, taskIn } from '../parts/targets.js';

interface Parts {
  readonly tasks: PipelineTasks;
  readonly graphs: GraphPanels;
  readonly plans: TextDocuments;
}

/**
 * Starts a run as a task. What is only in the editor is written first: the runner reads the disk.
 *
 * @param quiet the terminal is not shown
 */
export async function start(
  { tasks }: Pick<Parts, 'tasks'>,
  pipeline: Runnable,
  what: Omit<PipelineTask, 'type' | 'pipeline'>,
  { quiet = false }: { readonly quiet?: boolean } = {},
): Promise<void> {
  await saveDefinition(pipeline);
  const task = tasks.make({ type: TASK_TYPE, pipeline: pipeline.name, ...what }, pipeline);
  if (quiet) task.presentationOptions = { ...task.presentationOptions, reveal: vscode.TaskRevealKind.Silent };
  await vscode.tasks.executeTask(task);
}

async function saveDefinition(pipeline: Runnable): Promise<void> {
  const uri = vscode.Uri.parse(pipeline.uri).toString();
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
  if (open?.isDirty === true) await open.save();
}

const KINDS: readonly (vscode.QuickPickItem & {
  readonly kindId: PipelineKind;
  readonly sample: string;
})[] = [
  {
    label: '$(beaker) Model build',
    detail: 'Data in, features, training, a gate on the metrics: a model comes out.',
    kindId: 'model-build',
    sample: 'train',
  },
  {
    label: '$(package) App build',
    detail: 'Tests and packages the app that serves a model.',
    kindId: 'app-build',
    sample: 'app',
  },
  {
    label: '$(rocket) Deployment',
    detail: 'Brings app and model to an environment, step by step.',
    kindId: 'deployment',
    sample: 'deploy',
  },
];

async function createPipeline(context: Context): Promise<void> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [only] = folders;
  if (!only) {
    const choice = await vscode.window.showInformationMessage(
      'A pipeline lives in a folder: open one first.',
      'Open Folder…',
    );
    if (choice !== undefined) await vscode.commands.executeCommand('vscode.openFolder');
    return;
  }
  const kind = await vscode.window.showQuickPick(KINDS, {
    title: 'Create Pipeline (1/3)',
    placeHolder: 'What is it for?',
  });
  if (!kind) return;
  const taken = new Set(
    (await context.state.ready()).flatMap(({ name: known, path }) => [
      known,
      /([^/]+?)\.pipeline\.ya?ml$/.exec(path)?.[1] ?? known,
    ]),
  );
  const name = await vscode.window.showInputBox({
    title: 'Create Pipeline (2/3)',
    prompt: 'Its name: letters, digits, - and _',
    value: freeName(kind.sample, taken),
    validateInput: (typed) =>
      nameProblem(typed) ??
      (taken.has(typed) ? `There is a pipeline or a file of the name “${typed}” already.` : undefined),
  });
  if (name === undefined) return;
  const folder = await askFolder(
    context,
    folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : only,
  );
  if (!folder) return;
  const project =
    projectAround(context, folder) ?? vscode.workspace.getWorkspaceFolder(folder)?.uri ?? folder;
  const made = await context.client.request('modelyard/template', {
    ...{ kind: kind.kindId, name, projectUri: project.toString() },
    folder: folder.path.slice(project.path.length + 1),
  });
  const file = await writeNew(project, made);
  if (file === undefined) return;
  const document = await vscode.workspace.openTextDocument(file);
  const editor = await vscode.window.showTextDocument(document);
  const at = cursorIn(document);
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** The innermost open project that a folder is in. */
function projectAround({ state }: Context, folder: vscode.Uri): vscode.Uri | undefined {
  const isAround = ({ path }: vscode.Uri): boolean => `${folder.path}/`.startsWith(`${path}/`);
  const [innermost] = state.projects
    .map(({ uri }) => vscode.Uri.parse(uri))
    .filter(isAround)
    .sort((one, other) => other.path.length - one.path.length);
  return innermost;
}

/** Writes what is not there yet, and says what it was. Answers the pipeline; `undefined`: there is one already. */
async function writeNew(
  project: vscode.Uri,
  { files, settings }: NewPipeline,
): Promise<vscode.Uri | undefined> {
  const written: string[] = [];
  const uris = files.map(({ path }) => vscode.Uri.joinPath(project, ...path.split('/')));
  const [pipeline] = uris;
  if (pipeline === undefined || (await exists(pipeline))) {
    const where = pipeline === undefined ? '' : vscode.workspace.asRelativePath(pipeline);
    void vscode.window.showErrorMessage(`${where} is there already. Choose another name or folder.`);
    return undefined;
  }
  for (const [at, { path, text }] of files.entries()) {
    const uri = uris[at];
    if (uri === undefined || (await exists(uri))) continue;
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    written.push(path);
  }
  if (settings !== undefined) {
    const own = vscode.Uri.joinPath(project, 'modelyard.yaml');
    if (!(await exists(own))) await vscode.workspace.fs.writeFile(own, new Uint8Array());
    const document = await vscode.workspace.openTextDocument(own);
    const end = document.lineAt(document.lineCount - 1).range.end;
    const edit = new vscode.WorkspaceEdit();
    edit.insert(own, end, end.character === 0 ? settings.trimStart() : `\n${settings}`);
    if ((await vscode.workspace.applyEdit(edit)) && (await document.save())) written.push('modelyard.yaml');
  }
  if (written.length > 1) void vscode.window.showInformationMessage(`Wrote ${written.join(', ')}.`);
  return pipeline;
}

/** The name itself, or with the first number that makes it a new one. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}-${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Where people go on: at the end of the description, else at the first task. */
function cursorIn(document: vscode.TextDocument): vscode.Position {
  for (const start of [/^description:/, /^tasks:/]) {
    for (let line = 0; line < document.lineCount; line++)
      if (start.test(document.lineAt(line).text)) return document.lineAt(line).range.end;
  }
  return new vscode.Position(0, 0);
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

/** Offers the folders that hold pipelines, the usual one and the workspace's; or any other inside the workspace. */
async function askFolder(
  { state }: Context,
  workspace: vscode.WorkspaceFolder | undefined,
): Promise<vscode.Uri | undefined> {
  if (!workspace) return undefined;
  const root = workspace.uri;
  const used = state.pipelines.map(({ uri }) => vscode.Uri.joinPath(vscode.Uri.parse(uri), '..'));
  const inside = used.filter((uri) => uri.path === root.path || uri.path.startsWith(`${root.path}/`));
  const choices = new Map(
    [...inside, vscode.Uri.joinPath(root, 'pipelines'), root].map((uri) => [uri.path, uri]),
  );
  const other = '$(folder-opened) Another folder…';
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & { uri?: vscode.Uri }>(
    [
      ...[...choices.values()].map((uri) => ({
        label:
          uri.path === root.path
            ? '$(root-folder) The workspace folder'
            : `$(folder) ${uri.path.slice(root.path.length + 1)}`,
        uri,
      })),
      { label: other },
    ],
    { title: 'Create Pipeline (3/3)', placeHolder: 'In which folder?' },
  );
  if (!picked) return undefined;
  if (picked.uri) return picked.uri;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri: root,
      openLabel: 'Create Here',
    })) ?? [];
  if (chosen && vscode.workspace.getWorkspaceFolder(chosen) === undefined) {
    void vscode.window.showErrorMessage(
      'Choose a folder inside the workspace: a pipeline belongs to its project.',
    );
    return undefined;
  }
  return chosen;
}

async function showPlan(
  context: Context,
  { plans }: Parts,
  argument: unknown,
  second: unknown,
): Promise<void> {
  const pipeline = await pipelineFor(context, argument, 'Plan which pipeline?');
  if (!pipeline) return;
  const plan = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Planning ${plain(pipeline.name)}…`,
      cancellable: true,
    },
    (_, token) => context.client.request('modelyard/plan', { uri: pipeline.uri }, token),
  );
  if (!plan) {
    void vscode.window.showWarningMessage(
      `${plain(pipeline.name)} has no plan: its file can't be read as a pipeline.`,
    );
    return;
  }
  await plans.show(`${pipeline.name}.plan`, pipeline.uri, planText(plan, taskIn(argument, second)), {
    viewColumn: vscode.ViewColumn.Active,
  });
}

async function reveal(context: Context, argument: unknown, second: unknown): Promise<void> {
  const pipeline = await pipelineFor(context, argument, 'Go to which pipeline?');
  if (!pipeline) return;
  const name = taskIn(argument, second);
  const range =
    (name === undefined ? undefined : context.state.task(pipeline, name)?.range) ?? pipeline.range;
  const start = new vscode.Position(range.start.line, range.start.character);
  const editor = await vscode.window.showTextDocument(vscode.Uri.parse(pipeline.uri), { preview: true });
  editor.selection = new vscode.Selection(start, start);
  editor.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Bodies of the commands. */
export function pipelineCommands(context: Context, parts: Parts) {
  const runWhole = async (
    argument: unknown,
    what: Omit<PipelineTask, 'type' | 'pipeline'>,
    ask: (pipeline: PipelineSummary) => Promise<Readonly<Record<string, string>> | undefined>,
  ): Promise<void> => {
    if (!mayRun('Running pipelines')) return;
    const pipeline = await pipelineFor(context, argument, 'Run which pipeline?');
    if (!pipeline) return;
    const params = await ask(pipeline);
    if (params) await start(parts, pipeline, Object.keys(params).length > 0 ? { ...what, params } : what);
  };
  const required = (pipeline: PipelineSummary) => askRequired(context, pipeline);
  const oneTask = async (argument: unknown, second: unknown, key: 'task' | 'to' | 'from'): Promise<void> => {
    if (!mayRun('Running tasks')) return;
    const pipeline = await pipelineFor(context, argument, 'Run a task of which pipeline?');
    if (!pipeline) return;
    const task = await taskFor(
      context,
      pipeline,
      taskIn(argument, second),
      key === 'from' ? 'Run from which task?' : 'Run which task?',
    );
    if (!task) return;
    const params = await askRequired(context, pipeline);
    if (params)
      await start(parts, pipeline, {
        [key]: task.name,
        ...(Object.keys(params).length > 0 ? { params } : {}),
      });
  };
  return bodies({
    runPipeline: (argument) => runWhole(argument, {}, required),
    runPipelineWithParams: (argument) => runWhole(argument, {}, (pipeline) => askAll(context, pipeline)),
    runPipelineForced: (argument) => runWhole(argument, { force: true }, required),
    runTask: (argument, second) => oneTask(argument, second, 'to'),
    runOnlyTask: (argument, second) => oneTask(argument, second, 'task'),
    runFromTask: (argument, second) => oneTask(argument, second, 'from'),
    debugTask: async (argument, second) => {
      if (!mayRun('Debugging tasks')) return;
      const pipeline = await pipelineFor(context, argument, 'Debug a task of which pipeline?');
      if (!pipeline) return;
      const name = taskIn(argument, second);
      const task = await taskFor(
        context,
        pipeline,
        name,
        'Debug which task?',
        ({ action }) => action === 'run',
      );
      const params = task && (await askRequired(context, pipeline));
      if (!params) return;
      const given = Object.keys(params).length > 0 ? { params } : {};
      await saveDefinition(pipeline);
      await debugTask(parts.tasks, pipeline, { pipeline: pipeline.name, task: task.name, ...given });
    },
    planPipeline: (argument, second) => showPlan(context, parts, argument, second),
    showGraph: async (argument, second) => {
      const pipeline = await pipelineFor(context, argument, 'Show the graph of which pipeline?');
      if (pipeline) parts.graphs.show(pipeline.uri, taskIn(argument, second));
    },
    revealDefinition: (argument, second) => reveal(context, argument, second),
    createPipeline: () => createPipeline(context),
  });
}
