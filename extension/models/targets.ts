/** Which model or version a command is about: what it was called with, else what the person picks. */
import * as vscode from 'vscode';
import { ago, plain, plural } from '../../server/base/format.js';
import { dots } from '../parts/item-text.js';
import { mainMetricText } from './rows.js';
import type {
  ModelItem,
  ModelRef,
  VersionItem,
  VersionRef,
  VersionView,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { pickOne } from '../parts/ask.js';

/** More versions than that are not listed in a picker: the tree has them all. */
const LISTED = 200;

function has<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && key in value;
}

function isModelRef(value: unknown): value is ModelRef {
  return has(value, 'projectUri') && has(value, 'model') && typeof value.model === 'string';
}

function isVersionRef(value: unknown): value is VersionRef {
  return isModelRef(value) && has(value, 'version') && typeof value.version === 'string';
}

/** The version in an argument: a node of the tree, or what a panel says. */
export function versionIn(argument: unknown): VersionRef | undefined {
  // Below a run's task the version stands in the row's detail.
  const holder = has(argument, 'detail') ? argument.detail : argument;
  const found = has(holder, 'version') && isVersionRef(holder.version) ? holder.version : holder;
  if (!isVersionRef(found)) return undefined;
  return { projectUri: found.projectUri, model: found.model, version: found.version };
}

/** The model in an argument; that of a version too. */
export function modelIn(argument: unknown): ModelRef | undefined {
  const version = versionIn(argument);
  if (version) return { projectUri: version.projectUri, model: version.model };
  const found = has(argument, 'model') && isModelRef(argument.model) ? argument.model : argument;
  return isModelRef(found) ? { projectUri: found.projectUri, model: found.model } : undefined;
}

/** Several versions that a command of the tree is about. */
export function versionsIn(argument: unknown, selection: unknown): readonly VersionRef[] {
  const clicked = versionIn(argument);
  const all = (Array.isArray(selection) ? selection : []).flatMap((node) => versionIn(node) ?? []);
  if (!clicked) return all;
  const same = (one: VersionRef): boolean =>
    one.projectUri === clicked.projectUri && one.model === clicked.model && one.version === clicked.version;
  return all.some(same) ? all : [clicked];
}

/** The models of all projects, as they are now; deleted ones when asked for. */
export async function listModels({ client }: Context, includeDeleted = false): Promise<readonly ModelItem[]> {
  return (await client.request('modelyard/models', { includeDeleted })).models;
}

export async function modelItemOf(context: Context, ref: ModelRef): Promise<ModelItem | undefined> {
  const found = (await listModels(context, true)).find(
    (one) => one.projectUri === ref.projectUri && one.model === ref.model,
  );
  if (!found) void vscode.window.showWarningMessage(`There is no model ${plain(ref.model)} any more.`);
  return found;
}

export async function pickModel(
  context: Context,
  placeHolder: string,
  passes: (model: ModelItem) => boolean = ({ deleted }) => deleted === undefined,
): Promise<ModelItem | undefined> {
  const models = (await listModels(context, true)).filter(passes);
  if (models.length === 0) {
    void vscode.window.showInformationMessage(
      'There is no such model. A task with “register” makes a version of one, or “Import Model…” brings one in.',
    );
    return undefined;
  }
  const [only] = models;
  if (models.length === 1 && only !== undefined) return only;
  const now = Date.now();
  return pickOne(
    models.map((model) => ({
      label: `$(symbol-class) ${plain(model.model)}`,
      description: dots(plural(model.versions, 'version'), `changed ${ago(model.updatedAt, now)}`),
      detail: plain(model.description.split('\n')[0] ?? '', 100),
      value: model,
    })),
    { placeHolder },
  );
}

export async function listVersions(
  { client }: Context,
  ref: ModelRef,
  includeDeleted = false,
): Promise<readonly VersionItem[]> {
  const { projectUri, model } = ref;
  const params = { projectUri, model, limit: LISTED, includeDeleted };
  const answer = await client.request('modelyard/modelVersions', params);
  if (!answer.ok) throw new Error(answer.message);
  return answer.versions;
}

export async function pickVersion(
  context: Context,
  ref: ModelRef,
  placeHolder: string,
  passes: (version: VersionItem) => boolean = ({ deleted }) => deleted !== true,
): Promise<VersionItem | undefined> {
  const versions = (await listVersions(context, ref, true)).filter(passes);
  if (versions.length === 0) {
    void vscode.window.showInformationMessage(`${plain(ref.model)} has no such version.`);
    return undefined;
  }
  const now = Date.now();
  return pickOne(
    versions.map((version) => ({
      label: `$(${version.aliases.length > 0 ? 'bookmark' : 'git-commit'}) Version ${version.version}`,
      description: dots(
        version.aliases.map((alias) => plain(alias)).join(', '),
        mainMetricText(version),
        ago(version.createdAt, now),
      ),
      detail: plain(version.title ?? '', 100),
      value: version,
    })),
    { title: plain(ref.model), placeHolder },
  );
}

/** The model that a command is about. */
export async function modelFor(
  context: Context,
  argument: unknown,
  placeHolder: string,
  passes?: (model: ModelItem) => boolean,
): Promise<ModelRef | undefined> {
  return modelIn(argument) ?? (await pickModel(context, placeHolder, passes));
}

/** The version that a command is about. */
export async function versionFor(
  context: Context,
  argument: unknown,
  placeHolder: string,
  passes?: (version: VersionItem) => boolean,
): Promise<VersionRef | undefined> {
  const known = versionIn(argument);
  if (known) return known;
  const model = await modelFor(context, argument, `${placeHolder} First, of which model?`);
  return model && pickVersion(context, model, placeHolder, passes);
}

/** A version in full; throws in words when it is not there. */
export async function loadVersion({ client }: Context, ref: VersionRef): Promise<VersionView> {
  const { projectUri, model, version } = ref;
  const answer = await client.request('modelyard/modelVersion', { projectUri, model, version });
  if (!answer.ok) throw new Error(answer.message);
  return answer.version;
}
