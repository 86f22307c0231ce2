/** Commands on what runs have set aside: look at it, put it back, remove it. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { bytes, plain, plural } from '../../server/base/format.js';
import type { TrashEntry } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { artifactUri } from '../runs/artifacts/files.js';
import { showReport } from '../runs/artifacts/report.js';
import { openerFor } from '../runs/artifacts/artifacts.js';
import { unlinked } from '../parts/item-text.js';
import { groupedBy, trashGroup, trashIcon, trashNotice, trashWords } from './trash-rows.js';
import { TASK_TYPE } from '../pipelines/tasks.js';
import { mayRestore } from '../parts/trust.js';
import { bodies } from '../parts/bodies.js';
import { confirm } from '../parts/ask.js';
import { runCommandLine } from '../parts/command-line.js';

/** `modelyard trash …` of a project. @throws what it says when it refuses */
async function trashCommand(
  { extension }: Context,
  projectUri: string,
  title: string,
  args: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const root = vscode.Uri.parse(projectUri);
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, async (_, token) => {
    const all = ['trash', ...args, '--project', root.fsPath, '--json'];
    const { exitCode, stdout, stderr } = await runCommandLine(extension, root, all, token);
    if (exitCode !== 0) throw new Error(plain(stderr.replace(/^modelyard: /, ''), 500));
    const answer: unknown = JSON.parse(stdout);
    return typeof answer === 'object' && answer !== null ? { ...answer } : {};
  });
}

async function entries({ client }: Context): Promise<readonly TrashEntry[]> {
  return (await client.request('modelyard/trash', {})).entries;
}

const NOTHING =
  'The trash is empty. What a run finds in the place of its outputs and did not make goes there.';

interface Row extends vscode.QuickPickItem {
  readonly entry?: TrashEntry;
}

function rows(all: readonly TrashEntry[]): Row[] {
  const now = Date.now();
  const groups = groupedBy(all, ({ projectUri, run }) => `${projectUri} ${run}`);
  return [...groups.values()].flatMap((group) => [
    { label: trashGroup(group[0], now), kind: vscode.QuickPickItemKind.Separator },
    ...group.map((entry) => ({
      label: `$(${trashIcon(entry)}) ${plain(entry.path)}`,
      description: trashWords(entry),
      buttons: [OPEN, DELETE],
      entry,
    })),
  ]);
}

const OPEN = { iconPath: new vscode.ThemeIcon('go-to-file'), tooltip: 'Open' };
const DELETE = { iconPath: new vscode.ThemeIcon('close'), tooltip: 'Delete Permanently…' };
const EMPTY = { iconPath: new vscode.ThemeIcon('trash'), tooltip: 'Empty Trash…' };

/** What is in the trash, by run. The one to be restored; `undefined` when the person did something else. */
async function pick(context: Context): Promise<TrashEntry | undefined> {
  const all = await entries(context);
  if (all.length === 0) {
    void vscode.window.showInformationMessage(NOTHING);
    return undefined;
  }
  const box = vscode.window.createQuickPick<Row>();
  box.title = 'Restore from Trash';
  box.placeholder = 'Choose what to put back where it was';
  box.matchOnDescription = true;
  box.buttons = [EMPTY];
  box.items = rows(all);
  try {
    return await new Promise<TrashEntry | undefined>((resolve) => {
      box.onDidAccept(() => resolve(box.selectedItems[0]?.entry));
      box.onDidHide(() => resolve(undefined));
      box.onDidTriggerButton(() => {
        resolve(undefined);
        void runCommand('emptyTrash');
      });
      box.onDidTriggerItemButton(({ item: { entry }, button }) => {
        resolve(undefined);
        const command = button === OPEN ? 'modelyard.openTrashed' : 'modelyard.deleteTrashed';
        void vscode.commands.executeCommand(command, { entry });
      });
      box.show();
    });
  } finally {
    box.dispose();
  }
}

function entryIn(argument: unknown): TrashEntry | undefined {
  return typeof argument === 'object' && argument !== null && 'entry' in argument
    ? (argument.entry as TrashEntry)
    : undefined;
}

async function restore(context: Context, argument: unknown): Promise<void> {
  if (!mayRestore()) return;
  const entry = entryIn(argument) ?? (await pick(context));
  if (!entry) return;
  const name = plain(entry.path);
  const home = vscode.Uri.joinPath(vscode.Uri.parse(entry.projectUri), entry.path);
  let to = home;
  if (!entry.free) {
    const elsewhere = 'Restore To…';
    const question = `Something else is at ${name} now.`;
    if (
      !(await confirm(
        question,
        'It is left as it is. Choose another place for what is in the trash.',
        elsewhere,
      ))
    )
      return;
    const chosen = await vscode.window.showSaveDialog({
      defaultUri: home.with({ path: home.path.replace(/(\.[^./]*)?$/, '-restored$1') }),
      saveLabel: 'Restore',
      title: `Restore ${name} To`,
    });
    if (!chosen) return;
    to = chosen;
  }
  const place = entry.free ? [] : ['--to', to.fsPath];
  await trashCommand(context, entry.projectUri, `Restoring ${name}…`, ['restore', entry.id, ...place]);
  context.state.refresh();
  const reveal = 'Reveal in Explorer';
  const words = `${unlinked(vscode.workspace.asRelativePath(to))} is restored.`;
  void vscode.window.showInformationMessage(words, reveal).then(async (choice) => {
    if (choice === reveal) await vscode.commands.executeCommand('revealInExplorer', to);
  });
}

/** Removes for good, after a look at how much it is. */
async function remove(context: Context, chosen: readonly TrashEntry[], title: string): Promise<void> {
  for (const [projectUri, group] of groupedBy(chosen, (entry) => entry.projectUri)) {
    const ids = group.map(({ id }) => id);
    const { bytes: size } = await trashCommand(context, projectUri, 'Looking into the trash…', ['empty', ...ids, '--dry']); // prettier-ignore
    const what = group.length === 1 ? plain(group[0].path) : plural(group.length, 'item');
    const question = `Delete ${what}${typeof size === 'number' ? ` (${bytes(size)})` : ''} permanently?`;
    const paths = group.length === 1 ? [] : group.slice(0, 8).map((entry) => plain(entry.path, 80));
    const more = group.length > 8 ? [`and ${group.length - 8} more`] : [];
    const detail = [...paths, ...more, 'This can not be undone.'].join('\n');
    if (!(await confirm(question, detail, title))) return;
    await trashCommand(context, projectUri, 'Emptying the trash…', ['empty', ...ids, '--yes']);
  }
  context.state.refresh();
}

async function empty(context: Context): Promise<void> {
  if (!mayRestore()) return;
  const all = await entries(context);
  if (all.length === 0) void vscode.window.showInformationMessage(NOTHING);
  else await remove(context, all, 'Empty Trash');
}

async function removeOne(context: Context, argument: unknown): Promise<void> {
  const entry = entryIn(argument);
  if (entry && mayRestore()) await remove(context, [entry], 'Delete Permanently');
}

async function open(argument: unknown): Promise<void> {
  const entry = entryIn(argument);
  if (!entry) return;
  let file = vscode.Uri.parse(entry.uri);
  let { mime } = entry;
  if (mime === 'inode/directory') {
    const [chosen] = (await vscode.window.showOpenDialog({ defaultUri: file, openLabel: 'Open' })) ?? [];
    if (!chosen) return;
    file = chosen;
    mime = '';
  }
  const name = file.path.split('/').at(-1) ?? entry.path;
  if (openerFor({ path: file.path, mime }) === 'html') await showReport(name, file);
  else
    await vscode.commands.executeCommand('vscode.open', artifactUri(entry.id, name, file.toString()), {
      preview: true,
    });
}

/**
 * Tells what a run that was started here has set aside, when it has ended. It is told by what is new: the editor hears late of
 * a process that has started, when a short one has ended already.
 */
function noticeAfterRuns(context: Context): vscode.Disposable[] {
  const activated = Date.now();
  const told = new Set<string>();
  return [
    vscode.tasks.onDidEndTaskProcess(async ({ execution }) => {
      const { type, pipeline } = execution.task.definition;
      if (type !== TASK_TYPE) return;
      const answer = await context.client.ask('modelyard/trash', {});
      const fresh = (answer?.entries ?? []).filter(
        (entry) => entry.pipeline === pipeline && Date.parse(entry.at) >= activated && !told.has(entry.id),
      );
      for (const { id } of fresh) told.add(id);
      const newest = fresh
        .map(({ run }) => run)
        .sort()
        .at(-1);
      const mine = fresh.filter(({ run }) => run === newest);
      const words = trashNotice(String(pipeline), mine);
      if (words === undefined) return;
      const action = 'Restore…';
      if ((await vscode.window.showInformationMessage(words, action)) === action)
        await runCommand('restoreTrashed');
    }),
  ];
}

/** Bodies of the commands. */
export function trashCommands(context: Context) {
  context.extension.subscriptions.push(...noticeAfterRuns(context));
  return bodies({
    restoreTrashed: (argument) => restore(context, argument),
    emptyTrash: () => empty(context),
    deleteTrashed: (argument) => removeOne(context, argument),
    openTrashed: (argument) => open(argument),
  });
}
