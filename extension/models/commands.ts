/** Commands on models that look: filter, compare, card, history, lineage, the run behind a version. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import type { ModelItem, RunRef, VersionRef, VersionUse } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { cardUri } from './documents.js';
import type { HistoryPanels } from './panels/history.js';
import type { LineagePanels } from './panels/lineage.js';
import type { VersionPanels } from './panels/versions.js';
import { isEmptyModelFilter, type ModelFilter } from './filter.js';
import { versionName } from './rows.js';
import type { ModelsView } from './tree.js';
import { bodies } from '../parts/bodies.js';
import { pickOne } from '../parts/ask.js';
import { askFilter } from '../parts/ask-filter.js';
import { askSort } from './ask-sort.js';
import { aliasCommands } from './aliases.js';
import { detailCommands } from './details.js';
import { fileCommands } from './files.js';
import { loadVersion, modelFor, pickVersion, versionFor, versionIn, versionsIn } from './targets.js';
import { artifactIn, runIn } from '../parts/targets.js';

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
  await runCommand('showRun', run.projectUri, run.id);
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
  if (use.kind === 'task') await runCommand('showRun', ref.projectUri, use.runId);
  else if (use.kind === 'version')
    await showVersion(parts, { projectUri: ref.projectUri, model: use.model, version: use.version });
  else {
    const [name] = use.services;
    const { environment } = use;
    if (name !== undefined)
      await runCommand('revealService', {
        projectUri: ref.projectUri,
        environment,
        name,
      });
  }
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

/** Aliases to tick, and whether deleted ones are shown. */
async function askModelFilter(
  models: readonly ModelItem[],
  now: ModelFilter,
): Promise<ModelFilter | undefined> {
  const names = [...new Set(models.flatMap(({ aliases }) => Object.keys(aliases)))].sort();
  const answer = await askFilter<{ readonly alias: string } | 'deleted'>({
    title: 'Filter Models',
    placeHolder: 'Tick aliases, or type a text: name, tag, description …',
    text: now.text ?? '',
    sections: [
      {
        label: 'Only models with',
        ticks: names.map((alias) => ({
          label: `$(bookmark) ${plain(alias)}`,
          value: { alias },
          picked: now.aliases?.includes(alias) === true,
        })),
      },
      {
        label: 'Show',
        ticks: [{ label: '$(trash) Deleted ones, too', value: 'deleted', picked: now.deleted === true }],
      },
    ],
  });
  if (!answer) return undefined;
  const aliases = answer.values.flatMap((value) => (value === 'deleted' ? [] : [value.alias]));
  return {
    ...(answer.text === '' ? {} : { text: answer.text }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(answer.values.includes('deleted') ? { deleted: true } : {}),
  };
}

async function sortBy({ view }: Parts): Promise<void> {
  const { tree } = view;
  const settings = vscode.workspace.getConfiguration('modelyard');
  const answer = await askSort(tree.models, tree.sort, tree.versionSort);
  if (answer === undefined) return;
  if (typeof answer === 'string') {
    await settings.update('models.sortBy', answer, vscode.ConfigurationTarget.Global);
    return;
  }
  await tree.setVersionSort(answer);
  view.filterChanged();
}

async function setFilter({ view }: Parts, filter: ModelFilter): Promise<void> {
  await view.tree.setFilter(isEmptyModelFilter(filter) ? {} : filter);
  view.filterChanged();
}

/** Bodies of the commands. */
export function modelCommands(context: Context, parts: Parts) {
  return bodies({
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
      const filter = await askModelFilter(parts.view.tree.models, parts.view.tree.filter);
      if (filter) await setFilter(parts, filter);
    },
    clearModelFilter: () => setFilter(parts, {}),
    sortModelsBy: () => sortBy(parts),
    loadMoreVersions: async (argument) => {
      if (typeof argument === 'object' && argument !== null && 'model' in argument)
        await parts.view.tree.loadMore(argument.model as ModelItem);
    },
  });
}
