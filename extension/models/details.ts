/** What a model or a version is called and said to be; deleting and restoring it. */
import { bodies } from '../parts/bodies.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { ModelItem, ModelRef, VersionRef } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { descriptionUri } from './documents.js';
import { versionName } from './rows.js';
import { mayChange } from '../parts/trust.js';
import { askName, askReason, confirm, pickOne, tell } from '../parts/ask.js';
import { changeModel, sayChanged } from './change.js';
import { listVersions, modelFor, modelItemOf, pickModel, versionFor, versionIn } from './targets.js';

/** A model, or one of its versions. */
interface Subject {
  readonly ref: ModelRef;
  readonly version?: string;
  readonly name: string;
}

function subjectOf(ref: ModelRef | VersionRef): Subject {
  return 'version' in ref
    ? { ref, version: ref.version, name: versionName(ref) }
    : { ref, name: plain(ref.model) };
}

/** From the palette: first the model, then itself or one of its versions. */
async function subjectFor(context: Context, argument: unknown, what: string): Promise<Subject | undefined> {
  const version = versionIn(argument);
  if (version) return subjectOf(version);
  const known = await modelFor(context, argument, `${what} Of which model?`);
  if (!known) return undefined;
  if (argument !== undefined) return subjectOf({ projectUri: known.projectUri, model: known.model });
  const versions = await listVersions(context, known);
  return pickOne<Subject>(
    [
      {
        label: `$(symbol-class) The model ${plain(known.model)} itself`,
        value: subjectOf({ projectUri: known.projectUri, model: known.model }),
      },
      ...versions.map((one) => ({
        label: `$(git-commit) Version ${one.version}`,
        description: one.aliases.map((alias) => plain(alias)).join(', '),
        value: subjectOf(one),
      })),
    ],
    { placeHolder: what },
  );
}

async function tagsOf(
  context: Context,
  { ref, version }: Subject,
): Promise<Readonly<Record<string, string>>> {
  if (version === undefined) return (await modelItemOf(context, ref))?.tags ?? {};
  const { projectUri, model } = ref;
  const answer = await context.client.request('modelyard/modelVersion', { projectUri, model, version });
  if (!answer.ok) throw new Error(answer.message);
  return answer.version.tags;
}

async function tag(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const subject = await subjectFor(context, argument, 'Set a tag.');
  if (!subject) return;
  const tags = await tagsOf(context, subject);
  const known = Object.entries(tags);
  const chosen =
    known.length === 0
      ? null
      : await pickOne<string | null>(
          [
            { label: '$(add) New tag…', value: null },
            ...known.map(([key, value]) => ({
              label: `$(tag) ${plain(key)}`,
              description: plain(value, 60),
              value: key,
            })),
          ],
          { title: `Tags of ${subject.name}`, placeHolder: 'Which tag?' },
        );
  if (chosen === undefined) return;
  const key =
    chosen ??
    (await askName(context.client, 'tag-key', {
      title: `A tag of ${subject.name}`,
      prompt: 'Its key, such as reviewed-by. On a model, “main-metric” names the metric that lists show.',
    }));
  if (key === undefined) return;
  const value = await askName(context.client, 'tag-value', {
    title: `The tag ${plain(key)} of ${subject.name}`,
    prompt: 'Its value; may be empty.',
    value: Object.hasOwn(tags, key) ? (tags[key] ?? '') : '',
  });
  if (value === undefined) return;
  const version = defined({ version: subject.version });
  await changeModel(context, subject.ref, { kind: 'set-tag', key, value, ...version }, '');
}

async function removeTag(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const subject = await subjectFor(context, argument, 'Remove a tag.');
  if (!subject) return;
  const known = Object.entries(await tagsOf(context, subject));
  if (known.length === 0) {
    void vscode.window.showInformationMessage(`${subject.name} has no tags.`);
    return;
  }
  const key = await pickOne(
    known.map(([one, value]) => ({
      label: `$(tag) ${plain(one)}`,
      description: plain(value, 60),
      value: one,
    })),
    { title: `Tags of ${subject.name}`, placeHolder: 'Remove which tag?' },
  );
  if (key === undefined) return;
  const version = defined({ version: subject.version });
  await changeModel(context, subject.ref, { kind: 'remove-tag', key, ...version }, '');
}

/** The description opens as a Markdown document; saving it writes it into the registry. */
async function describe(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const subject = await subjectFor(context, argument, 'Describe what?');
  if (!subject) return;
  const document = await vscode.workspace.openTextDocument(descriptionUri(subject.ref, subject.version));
  await vscode.window.showTextDocument(document, { preview: false });
}

async function deleteVersion(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await versionFor(context, argument, 'Delete which version?');
  if (!ref) return;
  const reason = await askReason(`Delete ${versionName(ref)}`);
  if (reason === undefined) return;
  const { client } = context;
  const { projectUri, model, version } = ref;
  const answer = await client.request('modelyard/changeModel', {
    projectUri,
    model,
    change: { kind: 'delete', version },
    ...(reason.trim() === '' ? {} : { reason }),
  });
  if (!answer.ok) {
    tell('It was not deleted', answer.message);
    return;
  }
  const restore = 'Restore';
  const choice = await vscode.window.showInformationMessage(
    `${versionName(ref)} was deleted. Its number is not used again, and its bytes are kept until they are given up.`,
    restore,
  );
  if (choice === restore) await changeModel(context, ref, { kind: 'restore', version }, '');
}

async function restoreVersion(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await versionFor(
    context,
    argument,
    'Restore which version?',
    ({ deleted }) => deleted === true,
  );
  if (!ref) return;
  if (await changeModel(context, ref, { kind: 'restore', version: ref.version }, ''))
    sayChanged(ref, `${versionName(ref)} is back.`);
}

async function purgeVersion(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await versionFor(
    context,
    argument,
    'Give up the artifact of which deleted version?',
    ({ deleted }) => deleted === true,
  );
  if (!ref) return;
  const yes = await confirm(
    `Give up the artifact of ${versionName(ref)}?`,
    'It can not be restored any more, and “Clean Up…” deletes its bytes. Its record and history stay.',
    'Give Up',
  );
  if (yes) await changeModel(context, ref, { kind: 'purge', version: ref.version }, '');
}

async function deleteModel(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const ref = await modelFor(context, argument, 'Delete which model?');
  if (!ref) return;
  const reason = await askReason(`Delete the model ${plain(ref.model)} with all its versions`);
  if (reason === undefined) return;
  if (await changeModel(context, ref, { kind: 'delete' }, reason))
    sayChanged(ref, `The model ${plain(ref.model)} was deleted. “Restore Model” brings it back.`);
}

async function restoreModel(context: Context, argument: unknown): Promise<void> {
  if (!mayChange()) return;
  const isDeleted = ({ deleted }: ModelItem): boolean => deleted !== undefined;
  const ref =
    argument === undefined
      ? await pickModel(context, 'Restore which model?', isDeleted)
      : await modelFor(context, argument, 'Restore which model?', isDeleted);
  if (!ref) return;
  if (await changeModel(context, ref, { kind: 'restore' }, ''))
    sayChanged(ref, `The model ${plain(ref.model)} is back.`);
}

/** Bodies of the commands. */
export function detailCommands(context: Context) {
  return bodies({
    tagModel: (argument) => tag(context, argument),
    removeModelTag: (argument) => removeTag(context, argument),
    describeModel: (argument) => describe(context, argument),
    deleteModelVersion: (argument) => deleteVersion(context, argument),
    restoreModelVersion: (argument) => restoreVersion(context, argument),
    purgeModelVersion: (argument) => purgeVersion(context, argument),
    deleteModel: (argument) => deleteModel(context, argument),
    restoreModel: (argument) => restoreModel(context, argument),
  });
}
