/** Commands on feature views, features and services. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import { NEVER_WALKED } from '../../server/base/never-walked.js';
import type { FeaturePlace, FeatureViewItem } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { PreviewPanels } from './preview-panel.js';
import type { ProfilePanels } from './profile-panel.js';
import { commandLine, TASK_TYPE } from '../pipelines/tasks.js';
import { mayRun } from '../parts/trust.js';
import type { FeatureNode, FeaturesTree } from './tree.js';
import { bodies } from '../parts/bodies.js';
import { serviceFor, viewFor } from './targets.js';

export interface FeatureParts {
  readonly tree: FeaturesTree;
  readonly preview: PreviewPanels;
  readonly profile: ProfilePanels;
}

const DATA_FILES = { 'Data files': ['csv', 'tsv', 'parquet', 'jsonl', 'ndjson'] };
const DATA_PATTERN = '**/*.{csv,tsv,parquet,jsonl,ndjson}';
const NOT_LOOKED_INTO = `**/{${[...NEVER_WALKED].join(',')}}/**`;
/** Files that are offered. */
const MOST_FILES = 500;

/**
 * Our command line as a task: its output in a terminal, its end a click on the bin away.
 * @returns whether it did what it was to do
 */
async function runTask(
  context: Context,
  projectUri: string,
  name: string,
  args: readonly string[],
): Promise<boolean> {
  const root = vscode.Uri.parse(projectUri);
  const { command, module, env } = commandLine(context.extension, root);
  const task = new vscode.Task(
    { type: TASK_TYPE, pipeline: '', features: args },
    vscode.workspace.getWorkspaceFolder(root) ?? vscode.TaskScope.Workspace,
    name,
    TASK_TYPE,
    new vscode.ProcessExecution(command, [module, ...args, '--project', root.fsPath], {
      cwd: root.fsPath,
      env,
    }),
    '$modelyard',
  );
  task.presentationOptions = {
    reveal: vscode.TaskRevealKind.Always,
    focus: false,
    panel: vscode.TaskPanelKind.Dedicated,
    showReuseMessage: false,
    clear: true,
  };
  return followed(await vscode.tasks.executeTask(task), name);
}

/** A progress with a cancel for as long as a task runs. */
async function followed(execution: vscode.TaskExecution, title: string): Promise<boolean> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: plain(title), cancellable: true },
    (_, token) =>
      new Promise<boolean>((resolve) => {
        let exitCode: number | undefined;
        token.onCancellationRequested(() => execution.terminate());
        const left = vscode.tasks.onDidEndTaskProcess((event) => {
          if (event.execution === execution) ({ exitCode } = event);
        });
        const ended = vscode.tasks.onDidEndTask((event) => {
          if (event.execution !== execution) return;
          left.dispose();
          ended.dispose();
          resolve(exitCode === 0);
        });
      }),
  );
}

async function open(place: FeaturePlace): Promise<void> {
  const { range } = place;
  await vscode.window.showTextDocument(vscode.Uri.parse(place.uri), {
    selection: new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character),
  });
}

/** The definition of what a node shows; of a user of a service, that user. */
async function openNode(tree: FeaturesTree, node: FeatureNode): Promise<void> {
  switch (node.type) {
    case 'entity':
      return open(node.entity);
    case 'view':
      return open(node.view);
    case 'feature':
      return open(node.feature);
    case 'service':
      return open(node.service);
    case 'entry': {
      const [name, feature] = node.name.split(':');
      const view = tree.result.views.find((one) => one.projectUri === node.projectUri && one.name === name);
      const place = view?.features.find((one) => one.name === feature) ?? view;
      if (place) await open(place);
      return;
    }
    case 'user':
      if (node.user.kind === 'pipeline') return open({ ...node.user, projectUri: node.projectUri });
      await vscode.commands.executeCommand('modelyard.models.focus');
      return;
    case 'project':
    case 'services':
      return;
  }
}

function isNode(value: unknown): value is FeatureNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'id' in value;
}

function materialize(context: Context, { projectUri, name }: FeatureViewItem): Promise<boolean> {
  return runTask(context, projectUri, `materialize ${name}`, ['features', 'materialize', name]);
}

/** Whether there are rows of a view to look at; where there are none yet, the person may have them made now. */
async function hasRows(context: Context, view: FeatureViewItem): Promise<boolean> {
  if (view.current !== undefined) return true;
  const make = 'Materialize';
  const choice = await vscode.window.showInformationMessage(
    `${plain(view.name)} has not been materialized yet: there are no rows to look at.`,
    make,
  );
  return choice === make && mayRun('Materializing') && materialize(context, view);
}

async function pickVersion(view: FeatureViewItem): Promise<number | undefined> {
  const others = view.versions.filter((version) => version !== view.current?.version);
  if (others.length === 0) {
    void vscode.window.showInformationMessage(
      `${plain(view.name)} has only one version. Materialize it again after its data has changed.`,
    );
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(
    others.map((version) => ({ label: `Version ${version}`, version })),
    { placeHolder: `Compare version ${view.current?.version ?? ''} with which one?` },
  );
  return picked?.version;
}

async function buildTrainingSet(context: Context, tree: FeaturesTree, argument: unknown): Promise<void> {
  if (!mayRun('Building a training set')) return;
  const service = await serviceFor(tree, argument);
  if (!service) return;
  const root = vscode.Uri.parse(service.projectUri);
  const [labels] =
    (await vscode.window.showOpenDialog({
      title: `Labels for ${plain(service.name)}`,
      openLabel: 'Use as Labels',
      defaultUri: root,
      filters: DATA_FILES,
    })) ?? [];
  if (!labels) return;
  const output = await vscode.window.showSaveDialog({
    title: 'Where to write the training set?',
    defaultUri: vscode.Uri.joinPath(root, 'data', `training-${service.name}.parquet`),
    filters: { 'Parquet and CSV': ['parquet', 'csv'] },
  });
  if (!output) return;
  const relative = (uri: vscode.Uri): string =>
    path.relative(root.fsPath, uri.fsPath).split(path.sep).join('/');
  const paths = [relative(labels), relative(output)] as const;
  if (paths.some((one) => one.startsWith('..') || path.isAbsolute(one))) {
    void vscode.window.showWarningMessage('Labels and training set are files of the project.');
    return;
  }
  await runTask(context, service.projectUri, `training set of ${service.name}`, [
    'features',
    'training-set',
    paths[0],
    '--service',
    service.name,
    '--output',
    paths[1],
  ]);
}

/** A data file of the workspace, picked from those that are there or looked for on the disk. */
async function pickDataFile(folder: vscode.Uri): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles(DATA_PATTERN, NOT_LOOKED_INTO, MOST_FILES);
  // What lies higher up is meant more often.
  const depth = ({ label }: { readonly label: string }): number => label.split('/').length;
  const files = found
    .map((uri) => ({ label: plain(vscode.workspace.asRelativePath(uri), 300), uri }))
    .sort((a, b) => depth(a) - depth(b) || a.label.localeCompare(b.label));
  const other = { label: '$(folder-opened) Another File…', uri: undefined };
  const picked =
    files.length === 0
      ? other
      : await vscode.window.showQuickPick<{ label: string; uri: vscode.Uri | undefined }>([...files, other], {
          placeHolder: 'Features out of which file?',
        });
  if (picked === undefined || picked.uri !== undefined) return picked?.uri;
  const [file] =
    (await vscode.window.showOpenDialog({
      title: 'Features out of which file?',
      openLabel: 'Look at It',
      defaultUri: folder,
      filters: DATA_FILES,
    })) ?? [];
  return file;
}

async function createFeatures({ client }: Context, argument: unknown): Promise<void> {
  if (!mayRun('Looking at the file')) return;
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) {
    void vscode.window.showInformationMessage('Open a folder first: features are made of its files.');
    return;
  }
  const file = argument instanceof vscode.Uri ? argument : await pickDataFile(folder.uri);
  if (!file) return;
  const answer = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Looking at ${plain(path.basename(file.fsPath))}…`,
      cancellable: true,
    },
    (_, token) => client.request('modelyard/draftFeatures', { uri: file.toString() }, token),
  );
  if (!answer.ok) throw new Error(answer.message);
  const home = vscode.workspace.getWorkspaceFolder(file) ?? folder;
  const target = vscode.Uri.joinPath(home.uri, answer.fileName);
  await vscode.workspace.fs.writeFile(target, Buffer.from(answer.text));
  await vscode.window.showTextDocument(target);
}

/** Bodies of the commands. */
export function featureCommands(context: Context, { tree, preview, profile }: FeatureParts) {
  const made = ({ current }: FeatureViewItem): boolean => current !== undefined;
  return bodies({
    materializeView: async (argument, second) => {
      if (!mayRun('Materializing')) return;
      const view = await viewFor(tree, argument, second, 'Materialize which feature view?');
      if (view) await materialize(context, view);
    },
    previewView: async (argument, second) => {
      const view = await viewFor(tree, argument, second, 'Look at the rows of which feature view?');
      if (view && (await hasRows(context, view))) preview.show(view.projectUri, view.name);
    },
    profileView: async (argument, second) => {
      const view = await viewFor(tree, argument, second, 'Show the profile of which feature view?');
      if (view && (await hasRows(context, view))) profile.show(view.projectUri, view.name);
    },
    compareViewVersions: async (argument, second) => {
      const view = await viewFor(tree, argument, second, 'Compare versions of which feature view?', made);
      const version = view && (await pickVersion(view));
      if (view && version !== undefined) profile.show(view.projectUri, view.name, version);
    },
    openFeature: async (argument) => {
      if (isNode(argument)) await openNode(tree, argument);
      else {
        const view = await viewFor(tree, undefined, undefined, 'Open the definition of which feature view?');
        if (view) await open(view);
      }
    },
    buildTrainingSet: (argument) => buildTrainingSet(context, tree, argument),
    createFeatures: (argument) => createFeatures(context, argument),
  });
}
