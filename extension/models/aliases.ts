/** Aliases: set, moved with a look at what changes, removed, rolled back. */
import { bodies } from '../parts/bodies.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import { versionName } from './rows.js';
import type { ModelItem, ModelRef, VersionRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { VersionPanels } from './panels/versions.js';
import { mayChange } from '../parts/trust.js';
import { askName, askReason, pickOne, tell } from '../parts/ask.js';
import { changeModel, sayChanged } from './change.js';
import { modelFor, modelItemOf, pickVersion, versionFor, versionIn } from './targets.js';

/** What teams call the versions that matter; offered as long as a model has no such alias. */
const USUAL = ['candidate', 'staging', 'production'];

function aliasesOf(model: ModelItem): readonly (readonly [string, string])[] {
  return Object.entries(model.aliases).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function pickAlias(
  model: ModelItem,
  placeHolder: string,
  passes: (alias: string, version: string) => boolean = () => true,
): Promise<string | undefined> {
  const known = aliasesOf(model).filter(([alias, version]) => passes(alias, version));
  const [only] = known;
  if (only === undefined) {
    void vscode.window.showInformationMessage(`${plain(model.model)} has no such alias.`);
    return undefined;
  }
  if (known.length === 1) return only[0];
  return pickOne(
    known.map(([alias, version]) => ({
      label: `$(bookmark) ${plain(alias)}`,
      description: `version ${version}`,
      value: alias,
    })),
    { title: plain(model.model), placeHolder },
  );
}

/** An alias for a version: one that the model has, a usual one, or a new one. */
async function chooseAlias(context: Context, model: ModelItem, version: string): Promise<string | undefined> {
  const elsewhere = aliasesOf(model).filter(([, at]) => at !== version);
  const free = USUAL.filter((alias) => !Object.hasOwn(model.aliases, alias));
  const chosen = await pickOne<string | null>(
    [
      ...elsewhere.map(([alias, at]) => ({
        label: `$(bookmark) ${plain(alias)}`,
        description: `now version ${at}`,
        value: alias,
      })),
      ...free.map((alias) => ({ label: `$(add) ${alias}`, description: 'not set yet', value: alias })),
      { label: '$(edit) Another name…', value: null },
    ],
    {
      title: `An alias for ${versionName({ model: model.model, version })}`,
      placeHolder: 'Which alias should point to this version?',
    },
  );
  if (chosen !== null) return chosen;
  return askName(context.client, 'alias', {
    title: `An alias for ${versionName({ model: model.model, version })}`,
    prompt: 'Letters, digits, - and _, such as production or eu-canary.',
  });
}

/** Sets an alias that points nowhere at once; one that points elsewhere after a look at the difference. */
async function set(
  context: Context,
  panels: VersionPanels,
  target: VersionRef,
  alias: string,
  from: string | null,
): Promise<void> {
  const { projectUri, model, version } = target;
  if (from === version) {
    void vscode.window.showInformationMessage(`${plain(alias)} is version ${version} already.`);
    return;
  }
  if (from !== null) {
    panels.propose({ projectUri, model, from, to: version, alias, action: 'set-alias' });
    return;
  }
  const title = `Set ${plain(alias)} to ${versionName(target)}`;
  const reason = await askReason(title);
  if (reason === undefined) return;
  const change = { kind: 'set-alias', alias, version, expected: null } as const;
  if (await changeModel(context, target, change, reason))
    sayChanged(target, `${plain(alias)} of ${plain(model)} is version ${version} now.`);
}

async function setAlias(context: Context, panels: VersionPanels, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const target = await versionFor(context, argument, 'Which version should get an alias?');
  const model = target && (await modelItemOf(context, target));
  if (!model) return;
  const alias = await chooseAlias(context, model, target.version);
  if (alias === undefined) return;
  const from = Object.hasOwn(model.aliases, alias) ? (model.aliases[alias] ?? null) : null;
  await set(context, panels, target, alias, from);
}

async function moveAlias(context: Context, panels: VersionPanels, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await modelFor(context, argument, 'Move an alias of which model?', hasAliases);
  const model = ref && (await modelItemOf(context, ref));
  if (!model) return;
  const here = versionIn(argument)?.version;
  const alias = await pickAlias(
    model,
    'Move which alias?',
    (_, version) => here === undefined || version === here,
  );
  if (alias === undefined) return;
  const from = model.aliases[alias] ?? null;
  const to = await pickVersion(
    context,
    model,
    `Where should ${plain(alias)} go? It is version ${from ?? 'none'} now.`,
    ({ version, deleted }) => version !== from && deleted !== true,
  );
  if (to) await set(context, panels, to, alias, from);
}

function hasAliases({ aliases, deleted }: ModelItem): boolean {
  return deleted === undefined && Object.keys(aliases).length > 0;
}

async function removeAlias(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await modelFor(context, argument, 'Remove an alias of which model?', hasAliases);
  const model = ref && (await modelItemOf(context, ref));
  if (!model) return;
  const here = versionIn(argument)?.version;
  const alias = await pickAlias(
    model,
    'Remove which alias?',
    (_, version) => here === undefined || version === here,
  );
  if (alias === undefined) return;
  const from = model.aliases[alias] ?? '';
  const reason = await askReason(
    `Remove ${plain(alias)} from ${versionName({ model: model.model, version: from })}`,
  );
  if (reason === undefined) return;
  if (await changeModel(context, model, { kind: 'remove-alias', alias }, reason))
    sayChanged(model, `${plain(alias)} of ${plain(model.model)} points nowhere now. It was version ${from}.`);
}

async function rollBack(context: Context, panels: VersionPanels, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await modelFor(context, argument, 'Roll back an alias of which model?', hasAliases);
  const model = ref && (await modelItemOf(context, ref));
  if (!model) return;
  const here = versionIn(argument)?.version;
  const alias = await pickAlias(
    model,
    'Roll back which alias?',
    (_, version) => here === undefined || version === here,
  );
  if (alias === undefined) return;
  await proposeRollback(context, panels, model, alias);
}

async function proposeRollback(
  context: Context,
  panels: VersionPanels,
  { projectUri, model }: ModelRef,
  alias: string,
): Promise<void> {
  const previous = await context.client.request('modelyard/previousAlias', { projectUri, model, alias });
  if (!previous.ok) {
    tell(`${plain(alias)} can't be rolled back`, previous.message);
    return;
  }
  const { from, to } = previous;
  if (from === null) {
    const reason = await askReason(`Roll ${plain(alias)} of ${plain(model)} back to version ${to}`);
    if (reason === undefined) return;
    const change = { kind: 'roll-back', alias, expected: null } as const;
    if (await changeModel(context, { projectUri, model }, change, reason))
      sayChanged({ projectUri, model }, `${plain(alias)} of ${plain(model)} is version ${to} again.`);
    return;
  }
  panels.propose({ projectUri, model, from, to, alias, action: 'roll-back' });
}

export interface AliasParts {
  readonly versions: VersionPanels;
}

/** Bodies of the commands. */
export function aliasCommands(context: Context, { versions }: AliasParts) {
  return bodies({
    setModelAlias: (argument) => setAlias(context, versions, argument),
    moveModelAlias: (argument) => moveAlias(context, versions, argument),
    removeModelAlias: (argument) => removeAlias(context, argument),
    rollBackModelAlias: (argument) => rollBack(context, versions, argument),
  });
}
