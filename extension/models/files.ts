/** Bytes of model versions: opened, revealed, exported, brought in. */
import { bodies } from '../parts/bodies.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { bytes, plain, plural } from '../../server/base/format.js';
import type { VersionRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { openBytes } from '../runs/artifacts/open.js';
import { versionName } from './rows.js';
import { mayChange } from '../parts/trust.js';
import { askName, pickOne, tell } from '../parts/ask.js';
import { loadVersion, modelFor, pickModel, pickVersion, versionFor, versionIn } from './targets.js';

/** Where the checked bytes of a version are; tells why they are not to be had. */
async function artifactOf(
  { client }: Context,
  ref: VersionRef,
): Promise<{ readonly uri: string; readonly kind: 'file' | 'folder' } | undefined> {
  const { projectUri, model, version } = ref;
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: `Checking the bytes of ${versionName(ref)}` },
    async () => client.request('modelyard/modelArtifact', { projectUri, model, version }),
  );
  if (answer.ok) return answer;
  tell(`The artifact of ${versionName(ref)} can't be opened`, answer.message);
  return undefined;
}

/** Files of a folder, to open one of them: the folder itself lies where nobody looks. */
async function pickFile(folder: vscode.Uri): Promise<vscode.Uri | undefined> {
  const files: { label: string; value: vscode.Uri }[] = [];
  const walk = async (at: vscode.Uri, prefix: string): Promise<void> => {
    for (const [name, type] of await vscode.workspace.fs.readDirectory(at)) {
      const uri = vscode.Uri.joinPath(at, name);
      if (type === vscode.FileType.Directory) await walk(uri, `${prefix}${name}/`);
      else if (type === vscode.FileType.File) files.push({ label: plain(prefix + name), value: uri });
      if (files.length >= 1000) return;
    }
  };
  await walk(folder, '');
  return pickOne(files, { placeHolder: 'Open which file of the model?' });
}

async function open(context: Context, argument: unknown): Promise<void> {
  const ref = await versionFor(context, argument, 'Open the artifact of which version?');
  const version = ref && (await loadVersion(context, ref));
  const found = version && (await artifactOf(context, ref));
  if (!found) return;
  const owner = `${ref.model}@${ref.version}`;
  const { artifact } = version;
  if (found.kind === 'file') {
    await openBytes(owner, { path: artifact.path, mime: artifact.mime, uri: found.uri });
    return;
  }
  const folder = vscode.Uri.parse(found.uri);
  const file = await pickFile(folder);
  if (!file) return;
  const inside = file.path.slice(folder.path.length + 1);
  await openBytes(owner, { path: `${artifact.path}/${inside}`, mime: '', uri: file.toString() });
}

async function reveal(context: Context, argument: unknown): Promise<void> {
  const ref = await versionFor(context, argument, 'Reveal the artifact of which version?');
  const found = ref && (await artifactOf(context, ref));
  if (found) await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.parse(found.uri));
}

async function copyUri(context: Context, argument: unknown): Promise<void> {
  const ref = await versionFor(context, argument, 'Copy the URI of which version?');
  const version = ref && (await loadVersion(context, ref));
  if (!version) return;
  await vscode.env.clipboard.writeText(version.uri);
  vscode.window.setStatusBarMessage(`Copied ${plain(version.uri)}`, 3000);
}

/** A file or folder that does not exist yet. */
async function askTarget(
  projectUri: string,
  name: string,
  options: Pick<vscode.SaveDialogOptions, 'title' | 'saveLabel' | 'filters'>,
): Promise<vscode.Uri | undefined> {
  return vscode.window.showSaveDialog({
    ...options,
    defaultUri: vscode.Uri.joinPath(vscode.Uri.parse(projectUri), name),
  });
}

async function exportModel(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const given = versionIn(argument);
  const ref = given ?? (await modelFor(context, argument, 'Export which model?'));
  if (!ref) return;
  const form = await pickOne<'tar' | 'folder'>(
    [
      { label: '$(file-zip) A tar archive', description: 'one file', value: 'tar' },
      { label: '$(folder) A folder', value: 'folder' },
    ],
    { title: given === undefined ? plain(ref.model) : versionName(given), placeHolder: 'Export as what?' },
  );
  if (form === undefined) return;
  const base = given === undefined ? ref.model : `${ref.model}-${given.version}`;
  const chosen = await askTarget(ref.projectUri, form === 'tar' ? `${base}.tar` : base, {
    title: `Export ${plain(ref.model)}`,
    saveLabel: 'Export',
    ...(form === 'tar' ? { filters: { 'Tar archive': ['tar'] } } : {}),
  });
  if (!chosen) return;
  const to =
    form === 'tar' && !chosen.path.endsWith('.tar') ? chosen.with({ path: `${chosen.path}.tar` }) : chosen;
  const { projectUri, model } = ref;
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Exporting ${plain(model)}` },
    async () =>
      context.client.request('modelyard/exportModel', {
        projectUri,
        model,
        to: to.toString(),
        ...(given === undefined ? {} : { versions: [given.version] }),
      }),
  );
  if (answer.ok) {
    void vscode.window.showInformationMessage(
      `${plain(model)}: ${plural(answer.versions.length, 'version')} (${bytes(answer.bytes)}) in ${to.fsPath}`,
    );
  } else tell(`${plain(model)} was not exported`, answer.message);
}

/** The project that something new goes into. */
async function projectFor({ state }: Context): Promise<string | undefined> {
  await state.ready();
  const [only] = state.projects;
  if (state.projects.length === 1) return only?.uri;
  if (only === undefined) {
    void vscode.window.showInformationMessage('Open a folder first: a model needs a project to live in.');
    return undefined;
  }
  return pickOne(
    state.projects.map(({ name, uri }) => ({ label: `$(folder) ${plain(name)}`, value: uri })),
    { placeHolder: 'Into which project?' },
  );
}

async function importModel(context: Context): Promise<void> {
  if (!mayChange()) return;
  const projectUri = await projectFor(context);
  if (projectUri === undefined) return;
  const form = await pickOne<'tar' | 'folder'>(
    [
      { label: '$(file-zip) A tar archive', value: 'tar' },
      { label: '$(folder) A folder', value: 'folder' },
    ],
    { placeHolder: 'Import what “Export Model” or “modelyard models export” has written as …' },
  );
  if (form === undefined) return;
  const [from] =
    (await vscode.window.showOpenDialog({
      title: 'Import Model',
      openLabel: 'Import',
      canSelectFiles: form === 'tar',
      canSelectFolders: form === 'folder',
      canSelectMany: false,
      defaultUri: vscode.Uri.parse(projectUri),
      ...(form === 'tar' ? { filters: { 'Tar archive': ['tar'] } } : {}),
    })) ?? [];
  if (!from) return;
  await bring(context, projectUri, from);
}

async function bring(context: Context, projectUri: string, from: vscode.Uri, as?: string): Promise<void> {
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Importing' },
    async () =>
      context.client.request('modelyard/importModel', {
        projectUri,
        from: from.toString(),
        ...defined({ as }),
      }),
  );
  if (!answer.ok) {
    const other = 'Another Name…';
    const choice = await vscode.window.showErrorMessage(
      plain(answer.message, 600),
      ...(as === undefined && answer.message.includes('another name') ? [other] : []),
    );
    if (choice !== other) return;
    const name = await askName(context.client, 'model', { title: 'Import under which name?' });
    if (name !== undefined) await bring(context, projectUri, from, name);
    return;
  }
  const renumbered = answer.versions.filter(({ as: how }) => how === 'renumbered');
  const same = answer.versions.filter(({ as: how }) => how === 'same');
  const notes = [
    ...renumbered.map(({ from: there, to }) => `version ${there} is ${to} here, its number was taken`),
    ...same.map(({ from: there, to }) => `version ${there} was version ${to} here already`),
    ...answer.keptAliases.map((alias) => `${plain(alias)} stays where it is here`),
  ];
  void vscode.window.showInformationMessage(
    `${plain(answer.model)}: ${plural(answer.versions.length, 'version')} imported${notes.length === 0 ? '.' : `; ${notes.slice(0, 4).join('; ')}.`}`,
  );
}

/** The card of a version as a file that can be sent to others. */
async function exportCard(context: Context, argument: unknown): Promise<void> {
  const ref =
    versionIn(argument) ??
    (await (async () => {
      const model = await pickModel(context, 'Export the card of which model?');
      return model && pickVersion(context, model, 'Of which version?');
    })());
  if (!ref) return;
  const { projectUri, model, version } = ref;
  const answer = await context.client.request('modelyard/modelCard', { projectUri, model, version });
  if (!answer.ok) {
    tell('There is no card', answer.message);
    return;
  }
  const to = await askTarget(projectUri, `${model}-${version}.md`, {
    title: `The card of ${versionName(ref)}`,
    saveLabel: 'Export',
    filters: { Markdown: ['md'] },
  });
  if (!to) return;
  await vscode.workspace.fs.writeFile(to, new TextEncoder().encode(answer.markdown));
  await vscode.commands.executeCommand('vscode.open', to, { preview: true });
}

/** Bodies of the commands. */
export function fileCommands(context: Context) {
  return bodies({
    openModelArtifact: (argument) => open(context, argument),
    revealModelArtifact: (argument) => reveal(context, argument),
    copyModelUri: (argument) => copyUri(context, argument),
    exportModel: (argument) => exportModel(context, argument),
    importModel: () => importModel(context),
    exportModelCard: (argument) => exportCard(context, argument),
  });
}
