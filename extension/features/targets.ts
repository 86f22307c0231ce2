/** Which feature view a command is about: what it was called with, else what the person picks. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { ago, plain } from '../../server/base/format.js';
import type { FeatureServiceItem, FeatureViewItem } from '../../server/protocol/index.js';
import { rowsWords } from './rows.js';
import type { FeaturesTree } from './tree.js';

function isNode(value: unknown, type: string): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === type;
}

/** The view in an argument: a node of the tree, or the project and the name that a lens gives. */
export async function viewFor(
  tree: FeaturesTree,
  argument: unknown,
  second: unknown,
  placeHolder: string,
  passes: (view: FeatureViewItem) => boolean = () => true,
): Promise<FeatureViewItem | undefined> {
  if (isNode(argument, 'view')) return (argument as { view: FeatureViewItem }).view;
  // A lens may be newer than the tree.
  await tree.reload();
  const { views } = tree.result;
  if (typeof argument === 'string' && typeof second === 'string') {
    const wanted = vscode.Uri.parse(argument).toString();
    const found = views.find(
      (view) => vscode.Uri.parse(view.projectUri).toString() === wanted && view.name === second,
    );
    if (!found)
      void vscode.window.showWarningMessage(`There is no feature view “${plain(second)}” any more.`);
    return found;
  }
  const candidates = views.filter(passes);
  if (candidates.length === 0) {
    const create = 'Create from a Data File…';
    const choice = await vscode.window.showInformationMessage(
      views.length === 0
        ? 'There are no feature views in this workspace yet.'
        : 'No feature view has been materialized yet.',
      ...(views.length === 0 ? [create] : []),
    );
    if (choice === create) await runCommand('createFeatures');
    return undefined;
  }
  if (candidates.length === 1) return candidates[0];
  const picked = await vscode.window.showQuickPick(
    candidates.map((view) => ({
      label: plain(view.name),
      description:
        view.current === undefined
          ? 'not materialized'
          : `${rowsWords(view.current.rows)}, ${ago(view.current.at, Date.now())}`,
      ...(view.description === undefined ? {} : { detail: plain(view.description) }),
      view,
    })),
    { placeHolder },
  );
  return picked?.view;
}

/** The service in an argument, or the one that the person picks. */
export async function serviceFor(
  tree: FeaturesTree,
  argument: unknown,
): Promise<FeatureServiceItem | undefined> {
  if (isNode(argument, 'service')) return (argument as { service: FeatureServiceItem }).service;
  await tree.reload();
  const { services } = tree.result;
  if (services.length === 0) {
    void vscode.window.showInformationMessage(
      'There is no feature service yet: a service says which features go together to a model.',
    );
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(
    services.map((service) => ({
      label: plain(service.name),
      description: service.features.map((name) => plain(name, 60)).join(', '),
      service,
    })),
    { placeHolder: 'The features of which service?' },
  );
  return picked?.service;
}
