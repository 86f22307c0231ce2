/** Commands on models that look: filter, compare, card, history, lineage, the run behind a version. */
import * as vscode from 'vscode';
import { plain } from '../../media/webviews/shared/format.js';
import type { ModelItem, RunRef, VersionRef, VersionUse } from '../../server/protocol.js';
import type { Context } from '../context.js';
import { cardUri } from '../model-documents.js';
import type { HistoryPanels } from '../panels/history.js';
import type { LineagePanels } from '../panels/lineage.js';
import type { VersionPanels } from '../panels/versions.js';
import { isEmptyModelFilter, type ModelFilter, type ModelSort } from '../present/model-filter.js';
import { versionName } from '../present/models.js';
import type { ModelsView } from '../views/models.js';
import { pickOne } from './ask.js';
import { aliasCommands } from './model-aliases.js';
import { detailCommands } from './model-details.js';
import { fileCommands } from './model-files.js';
import { loadVersion, modelFor, pickVersion, versionFor, versionIn, versionsIn } from './model-targets.js';
import { artifactIn, guarded, runIn } from './targets.js';

interface Parts {
  readonly view: ModelsView;
  readonly versions: VersionPanels;
  readonly history: HistoryPanels;
  readonly lineage: LineagePanels;
}

async function compare(
  context: Context,
  { versions, view }: Parts,
  argument: unknown,
  selection: unknown,
): Promise<void> {
  let chosen = versionsIn(argument, selection);
  if (chosen.length < 2 && argument === undefined) chosen = view.selected();
  const [first, second] = chosen;
  if (first && second && chosen.length === 2 && first.projectUri === second.projectUri) {
    // The older one first: what is new stands on the right.
    const swap = first.model === second.model && Number(first.version) > Number(second.version);
    versions.compare(swap ? second : first, swap ? first : second);
    return;
  }
  const a = first ?? (await versionFor(context, undefined, 'Compare which version …'));
  if (!a) return;
  const b = await pickVersion(
    context,
    a,
    `… with which? The first is version ${a.version}.`,
    ({ version, deleted }) => version !== a.version && deleted !== true,
  );
  if (b) versions.compare(a, b);
}

async function showCard(context: Context, argument: unknown): Promise<void> {
  const ref = await versionFor(context, argument, 'Show the card of which version?');
  if (ref) await vscode.commands.executeCommand('markdown.showPreview', cardUri(ref));
}

async function showRun(context: Context, argument: unknown): Promise<void> {
  const ref = await versionFor(context, argument, 'Show the run of which version?');
  const version = ref && (await loadVersion(context, ref));
  if (!version) return;
  if (version.runId === undefined || !version.runKept) {
    void vscode.window.showInformationMessage(
      version.runId === undefined
        ? `${versionName(version)} was not made by a run.`
        : `The record of run ${plain(version.runId)} was deleted, or is in another project.`,
    );
    return;
  }
  const run: RunRef = { projectUri: version.projectUri, id: version.runId };
  await vscode.commands.executeCommand('modelyard.showRun', run.projectUri, run.id);
}

function useIn(argument: unknown): { readonly ref: VersionRef; readonly use: VersionUse } | undefined {
  if (typeof argument !== 'object' || argument === null || !('row' in argument)) return undefined;
  const ref = versionIn(argument);
  const { row } = argument;
  if (ref === undefined || typeof row !== 'object' || row === null || !('use' in row)) return undefined;
  return { ref, use: row.use as VersionUse };
}

async function showUse(parts: Parts, argument: unknown): Promise<void> {
  const found = useIn(argument);
  if (!found) return;
  const { ref, use } = found;
  if (use.kind === 'task')
    await vscode.commands.executeCommand('modelyard.showRun', ref.projectUri, use.runId);
  else if (use.kind === 'version')
    await showVersion(parts, { projectUri: ref.projectUri, model: use.model, version: use.version });
}

/** The version, or one of the versions, that an artifact of a run has become. */
async function showArtifactVersion(parts: Parts, argument: unknown): Promise<void> {
  const run = runIn(argument);
  const artifact = artifactIn(argument);
  if (!run || !artifact) return;
  const { projectUri } = run;
  const [only, ...others] = artifact.versions ?? [];
  const version =
    only === undefined || others.length === 0
      ? only
      : await pickOne(
          [only, ...others].map((one) => ({ label: `$(symbol-class) ${versionName(one)}`, value: one })),
          { placeHolder: 'Show which version?' },
        );
  if (version) await showVersion(parts, { projectUri, ...version });
}

/** Shows a version in the tree; where it can't be shown there, its card. */
async function showVersion({ view }: Parts, ref: VersionRef): Promise<void> {
  if (await view.reveal(ref)) return;
  await vscode.commands.executeCommand('markdown.showPreview', cardUri(ref));
}

type FilterPick = vscode.QuickPickItem & {
  readonly alias?: string;
  readonly text?: string;
  readonly deleted?: true;
};

/** Aliases to tick, whether deleted ones are shown, and free text that is what was typed. */
async function askFilter(models: readonly ModelItem[], now: ModelFilter): Promise<ModelFilter | undefined> {
  const pick = vscode.window.createQuickPick<FilterPick>();
  pick.title = 'Filter Models';
  pick.placeholder = 'Tick aliases, or type a text: name, tag, description …';
  pick.canSelectMany = true;
  const names = [...new Set(models.flatMap(({ aliases }) => Object.keys(aliases)))].sort();
  const aliases: FilterPick[] = names.map((alias) => ({ label: `$(bookmark) ${plain(alias)}`, alias }));
  const deleted: FilterPick = { label: '$(trash) Deleted ones, too', deleted: true };
  const separator = (label: string): FilterPick => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const items = [
    ...(aliases.length === 0 ? [] : [separator('Only models with'), ...aliases]),
    separator('Show'),
    deleted,
  ];
  const textItem = (text: string): FilterPick => ({
    label: `$(search) Text “${plain(text, 60)}”`,
    text,
    alwaysShow: true,
  });
  const old = (now.text ?? '') === '' ? [] : [textItem(now.text ?? '')];
  pick.items = [...old, ...items];
  pick.selectedItems = [
    ...old,
    ...aliases.filter(({ alias }) => alias !== undefined && now.aliases?.includes(alias) === true),
    ...(now.deleted === true ? [deleted] : []),
  ];
  pick.onDidChangeValue((value) => {
    const chosen = pick.selectedItems.filter((item) => item.text === undefined);
    const text = value.trim() === '' ? [] : [textItem(value.trim())];
    pick.items = [...text, ...items];
    pick.selectedItems = [...chosen, ...text];
  });
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const chosen = pick.selectedItems;
      const text = chosen.find((item) => item.text !== undefined)?.text;
      const ticked = chosen.flatMap(({ alias }) => alias ?? []);
      resolve({
        ...(text === undefined ? {} : { text }),
        ...(ticked.length === 0 ? {} : { aliases: ticked }),
        ...(chosen.includes(deleted) ? { deleted: true } : {}),
      });
      pick.dispose();
    });
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
}

async function sortBy(): Promise<void> {
  const settings = vscode.workspace.getConfiguration('modelyard');
  const now = settings.get<ModelSort>('models.sortBy', 'name');
  const choices: { label: string; value: ModelSort }[] = [
    { label: '$(case-sensitive) Name', value: 'name' },
    { label: '$(history) Last change', value: 'changed' },
  ];
  const value = await pickOne(
    choices.map((choice) => (choice.value === now ? { ...choice, description: 'now' } : choice)),
    { placeHolder: 'Sort models by' },
  );
  if (value !== undefined) await settings.update('models.sortBy', value, vscode.ConfigurationTarget.Global);
}

async function setFilter({ view }: Parts, filter: ModelFilter): Promise<void> {
  await view.tree.setFilter(isEmptyModelFilter(filter) ? {} : filter);
  view.filterChanged();
}

export function registerModelCommands(context: Context, parts: Parts): void {
  const { extension } = context;
  const bodies: Readonly<Record<string, (argument?: unknown, second?: unknown) => Promise<void>>> = {
    ...aliasCommands(context, parts),
    ...detailCommands(context),
    ...fileCommands(context),
    compareModelVersions: (argument, selection) => compare(context, parts, argument, selection),
    showModelCard: (argument) => showCard(context, argument),
    showModelHistory: async (argument) => {
      const version = versionIn(argument);
      const ref = version ?? (await modelFor(context, argument, 'The history of which model?'));
      if (ref) parts.history.show(ref, version?.version);
    },
    showModelLineage: async (argument) => {
      const ref = await versionFor(context, argument, 'The lineage of which version?');
      if (ref) parts.lineage.show(ref);
    },
    showModelRun: (argument) => showRun(context, argument),
    showModelUse: (argument) => showUse(parts, argument),
    showModelVersion: async (argument) => {
      const ref = await versionFor(context, argument, 'Show which version?');
      if (ref) await showVersion(parts, ref);
    },
    showArtifactVersion: (argument) => showArtifactVersion(parts, argument),
    filterModels: async () => {
      const filter = await askFilter(parts.view.tree.models, parts.view.tree.filter);
      if (filter) await setFilter(parts, filter);
    },
    clearModelFilter: () => setFilter(parts, {}),
    sortModelsBy: sortBy,
    loadMoreVersions: async (argument) => {
      if (typeof argument === 'object' && argument !== null && 'model' in argument)
        await parts.view.tree.loadMore(argument.model as ModelItem);
    },
  };
  for (const [id, body] of Object.entries(bodies))
    extension.subscriptions.push(vscode.commands.registerCommand(`modelyard.${id}`, guarded(context, body)));
}
