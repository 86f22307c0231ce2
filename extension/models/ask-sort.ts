/** Asks in which order models, or the versions of each, are listed. */
import * as vscode from 'vscode';
import type { ModelItem, VersionSort } from '../../server/protocol/index.js';
import { versionSorts, versionSortWords, type ModelSort } from './filter.js';

type Item = vscode.QuickPickItem & { readonly value?: ModelSort | VersionSort };

/** @returns an order of models or one of versions; nothing when the person went away */
export async function askSort(
  models: readonly ModelItem[],
  model: ModelSort,
  version: VersionSort,
): Promise<ModelSort | VersionSort | undefined> {
  const separator = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const now = (isIt: boolean): { description?: string } => (isIt ? { description: 'now' } : {});
  const items: Item[] = [
    separator('Models'),
    { label: '$(case-sensitive) Models by name', value: 'name', ...now(model === 'name') },
    { label: '$(history) Models by last change', value: 'changed', ...now(model === 'changed') },
    separator('Versions of a model'),
    ...versionSorts(models).map((sort) => ({
      label: `$(${sort.by === 'age' ? 'calendar' : 'graph-line'}) Versions ${versionSortWords(sort)}`,
      value: sort,
      ...now(versionSortWords(sort) === versionSortWords(version)),
    })),
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Sort Models and Versions',
    placeHolder: 'Which come first? Orders of versions are kept for this workspace.',
  });
  return picked?.value;
}
