/** Commands on runs, and on what they left behind. */
import { setting } from '../contributed.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { plain, plural } from '../../server/base/format.js';
import { isActive, look, RUN_STATUSES } from '../../media/webviews/shared/status.js';
import type {
  ArtifactView,
  RunListItem,
  RunRef,
  RunStatus,
  RunView,
  TaskRunView,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { openBytes } from './artifacts/open.js';
import type { ComparePanels } from './compare-panel.js';
import type { RunPanels } from './panel.js';
import { openerFor } from './artifacts/artifacts.js';
import { isEmptyFilter, type RunFilter } from './grouping.js';
import { jobText, progress } from './rows.js';
import { mayRun } from '../parts/trust.js';
import type { RunsView } from './tree.js';
import { bodies } from '../parts/bodies.js';
import { pickOne, tell } from '../parts/ask.js';
import { askFilter } from '../parts/ask-filter.js';
import { registerFromRun } from '../models/register-run.js';
import { type ResumeParts, chooseWay, endWaiting, go, runAgain, showChanges } from './resume.js';
import { artifactIn, pickRun, runFor, runIn, runsIn } from '../parts/targets.js';

interface Parts extends ResumeParts {
  readonly runs: RunPanels;
  readonly compare: ComparePanels;
  readonly view: RunsView;
}

/** A run with everything; tells when it is gone. */
async function load({ client }: Context, ref: RunRef): Promise<RunView | undefined> {
  const run = await client.request('modelyard/run', { projectUri: ref.projectUri, id: ref.id });
  if (run) return run;
  void vscode.window.showWarningMessage(`Run ${plain(ref.id)} is not there any more, or it can't be read.`);
  return undefined;
}

/** Starts the same again, with its params or with others that the person is asked for. */
async function again(context: Context, parts: Parts, argument: unknown, ask: boolean): Promise<void> {
  if (!mayRun('Running pipelines')) return;
  const ref = await runFor(context, argument, 'Run which one again?');
  const run = ref && (await load(context, ref));
  if (run?.source === 'tracking')
    void vscode.window.showInformationMessage(
      'An MLflow client has logged this run: only it can run it again.',
    );
  else if (run) await runAgain(context, parts, run, { ask });
}

async function resume(context: Context, parts: Parts, argument: unknown): Promise<void> {
  if (!mayRun('Running pipelines')) return;
  const ref = await runFor(
    context,
    argument,
    'Resume which run?',
    (run) => run.status === 'waiting' || (!isActive(run.status) && run.status !== 'succeeded'),
  );
  const run = ref && (await load(context, ref));
  if (!run) return;
  // One that failed or was cancelled is tried again with the files as they are now.
  const asBegun = run.status === 'waiting' || run.status === 'interrupted';
  const way = asBegun ? await chooseWay(parts, run, 'Resume as Begun') : 'as-begun';
  if (way !== undefined) await go(context, parts, run, way);
}

async function remove(
  context: Context,
  { view }: Parts,
  argument: unknown,
  selection: unknown,
): Promise<void> {
  // The key acts on what is selected in the tree, without an argument.
  const chosen = argument === undefined ? view.selected() : runsIn(argument, selection);
  const picked =
    chosen.length > 0
      ? undefined
      : await pickRun(context, 'Delete which run?', (run) => !isActive(run.status));
  const runs = picked ? [picked] : chosen;
  if (runs.length === 0) return;
  const yes = 'Delete';
  const answer = await vscode.window.showWarningMessage(
    runs.length === 1 ? `Delete run ${plain(runs[0]?.id ?? '')}?` : `Delete ${plural(runs.length, 'run')}?`,
    {
      modal: true,
      detail:
        'Its record, metrics and logs are deleted. Files in the workspace stay. This can not be undone.',
    },
    yes,
  );
  if (answer !== yes) return;
  for (const run of runs) {
    const outcome = await context.client.request('modelyard/deleteRun', {
      projectUri: run.projectUri,
      id: run.id,
    });
    if (!outcome.ok) {
      void vscode.window.showErrorMessage(`Run ${plain(run.id)} was not deleted: ${plain(outcome.message)}`);
      return;
    }
  }
}

async function cancel(context: Context, argument: unknown): Promise<void> {
  const { active } = context.state;
  const [only] = active;
  const ref =
    runIn(argument) ??
    (active.length === 1 ? only : await pickRun(context, 'Cancel which run?', (run) => isActive(run.status)));
  const run = ref && (await load(context, ref));
  if (!run) return;
  // Tasks that clean up behind it run.
  if (run.status === 'waiting' && mayRun('Cancelling a run that waits')) await endWaiting(context, run);
  if (run.status === 'waiting') return;
  const outcome = await context.client.request('modelyard/cancelRun', {
    projectUri: ref.projectUri,
    id: ref.id,
  });
  if (!outcome.ok)
    void vscode.window.showErrorMessage(`Run ${plain(ref.id)} was not cancelled: ${plain(outcome.message)}`);
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

async function openLog(context: Context, argument: unknown): Promise<void> {
  const ref = await runFor(context, argument, 'Open a log of which run?');
  const run = ref && (await load(context, ref));
  if (!run) return;
  const wanted = member(member(argument, 'task'), 'id');
  const withLog = run.tasks.filter((task) => task.logUri !== undefined);
  let task: TaskRunView | undefined = withLog.find(({ id }) => id === wanted);
  if (!task && wanted === undefined && withLog.length > 0) {
    const picked = await vscode.window.showQuickPick(
      withLog.map((one) => ({
        label: `$(${look(one.status).icon}) ${plain(one.id)}`,
        description: look(one.status).word,
        one,
      })),
      { placeHolder: 'The log of which task?' },
    );
    if (!picked) return;
    task = picked.one;
  }
  if (task?.logUri === undefined) {
    void vscode.window.showInformationMessage('There is no log: nothing ran, or nothing was written.');
    return;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(task.logUri));
  await vscode.window.showTextDocument(
    await vscode.languages.setTextDocumentLanguage(document, 'log').then(
      (set) => set,
      () => document,
    ),
    { preview: true },
  );
}

/** The job in which a task is done, or will be. */
async function jobOf(
  context: Context,
  argument: unknown,
  placeHolder: string,
  isWanted: (status: TaskRunView['status']) => boolean = () => true,
): Promise<
  { readonly run: RunView; readonly task: string; readonly job: NonNullable<TaskRunView['job']> } | undefined
> {
  const ref = await runFor(context, argument, 'The job of which run?', (run) => isActive(run.status));
  const run = ref && (await load(context, ref));
  if (!run) return undefined;
  const wanted = member(member(argument, 'task'), 'id');
  const jobs = run.tasks.flatMap(({ id, status, job }) =>
    job?.scriptUri === undefined || !isWanted(status) || (wanted !== undefined && id !== wanted)
      ? []
      : [
          {
            label: `$(${look(status).icon}) ${plain(id)}`,
            description: jobText(job),
            value: { run, task: id, job },
          },
        ],
  );
  if (jobs.length === 0) {
    void vscode.window.showInformationMessage(
      'There is no job: it has ended, or the task is not in a queue.',
    );
    return undefined;
  }
  return jobs.length === 1 ? jobs[0]?.value : pickOne(jobs, { placeHolder });
}

const ORDERS = {
  cancel: 'Cancel which job?',
  hold: 'Hold which job?',
  release: 'Release which job?',
} as const;

async function steer(context: Context, argument: unknown, order: keyof typeof ORDERS): Promise<void> {
  if (!mayRun('Changing a job')) return;
  const found = await jobOf(context, argument, ORDERS[order], isActive);
  if (found === undefined) return;
  const { run, task } = found;
  const { projectUri, id } = run;
  const outcome = await context.client.request('modelyard/steerJob', { projectUri, id, task, order });
  if (!outcome.ok) void vscode.window.showErrorMessage(`${plain(task)}: ${plain(outcome.message, 300)}`);
}

/** A file of the folder, as the run left it; the folder of the workspace may have changed since. */
async function openFolder({ client }: Context, ref: RunRef, artifact: ArtifactView): Promise<void> {
  const { projectUri, id } = ref;
  const answer = await client.request('modelyard/artifactFiles', { projectUri, id, path: artifact.path });
  if (!answer.ok) {
    tell(`${plain(artifact.path)} can't be opened`, answer.message);
    return;
  }
  const file = await pickOne<{ readonly path: string; readonly uri: string } | null>(
    [
      ...answer.files.map((one) => ({ label: `$(file) ${plain(one.path)}`, value: one })),
      { label: '$(folder-opened) Reveal the folder in the explorer', value: null },
    ],
    {
      title: plain(artifact.path),
      placeHolder: answer.kept
        ? 'Open which file, as the run left it?'
        : 'Open which file? No copy was kept: these are the files as they are now.',
    },
  );
  if (file === null) await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.parse(artifact.uri));
  else if (file) await openBytes(id, { path: `${artifact.path}/${file.path}`, mime: '', uri: file.uri });
}

async function openArtifact(context: Context, argument: unknown): Promise<void> {
  const ref = await runFor(context, argument, 'Open an artifact of which run?');
  if (!ref) return;
  let artifact = artifactIn(argument);
  if (!artifact) {
    const run = await load(context, ref);
    if (!run) return;
    const picked = await vscode.window.showQuickPick(
      run.tasks.flatMap((task) =>
        task.artifacts.map((one) => ({
          label: plain(one.name),
          description: plain(one.path),
          detail: plain(task.id),
          one,
        })),
      ),
      { placeHolder: 'Open which artifact?' },
    );
    if (!picked) return;
    artifact = picked.one;
  }
  if (!artifact.available) {
    void vscode.window.showWarningMessage(
      `${plain(artifact.path)} has changed since this run, and no copy of it was kept. Set "cache: true" on the output to keep one.`,
    );
    return;
  }
  if (openerFor(artifact) === 'folder') await openFolder(context, ref, artifact);
  else await openBytes(ref.id, artifact);
}

/** Statuses and a pipeline to tick. */
async function askRunFilter({ state }: Context, now: RunFilter): Promise<RunFilter | undefined> {
  const names = [...new Set(state.pipelines.map(({ name }) => name))].sort();
  type Value = { readonly status: RunStatus } | { readonly pipeline: string };
  const answer = await askFilter<Value>({
    title: 'Filter Runs',
    placeHolder: 'Tick statuses and a pipeline, or type a text: id, param, metric …',
    text: now.text ?? '',
    sections: [
      {
        label: 'Status',
        ticks: RUN_STATUSES.map((status) => ({
          label: `$(${look(status).icon}) ${look(status).word}`,
          value: { status },
          picked: now.statuses?.includes(status) === true,
        })),
      },
      {
        label: 'Pipeline',
        ticks: names.map((pipeline) => ({
          label: `$(type-hierarchy-sub) ${plain(pipeline)}`,
          value: { pipeline },
          picked: pipeline === now.pipeline,
        })),
      },
    ],
  });
  if (!answer) return undefined;
  const pipeline = answer.values.flatMap((value) => ('pipeline' in value ? value.pipeline : []))[0];
  return {
    ...(answer.text === '' ? {} : { text: answer.text }),
    ...defined({ pipeline }),
    statuses: answer.values.flatMap((value) => ('status' in value ? value.status : [])),
  };
}

async function groupBy(): Promise<void> {
  const settings = vscode.workspace.getConfiguration('modelyard');
  const now = setting('runs.groupBy');
  const choices = [
    { label: '$(calendar) Day', value: 'day' },
    { label: '$(type-hierarchy-sub) Pipeline', value: 'pipeline' },
    { label: '$(list-flat) Not at all', value: 'none' },
  ];
  const picked = await vscode.window.showQuickPick(
    choices.map((choice) => (choice.value === now ? { ...choice, description: 'now' } : choice)),
    { placeHolder: 'Group runs by' },
  );
  if (picked) await settings.update('runs.groupBy', picked.value, vscode.ConfigurationTarget.Global);
}

async function compare(
  context: Context,
  { compare: panels, view }: Parts,
  argument: unknown,
  selection: unknown,
): Promise<void> {
  let runs = runsIn(argument, selection);
  if (runs.length < 2) runs = view.selected();
  if (runs.length < 2) {
    const first = runs[0] ?? (await pickRun(context, 'Compare which run …'));
    const second = first && (await pickRun(context, '… with which?', (run) => run.id !== first.id));
    if (!second) return;
    runs = [first, second];
  }
  panels.show(runs.slice(0, 8));
}

async function showActive(context: Context, { runs }: Parts): Promise<void> {
  const { active } = context.state;
  const [only] = active;
  let run: RunListItem | undefined = only;
  if (active.length > 1) {
    const picked = await vscode.window.showQuickPick(
      active.map((one) => ({
        label: `$(sync~spin) ${plain(one.pipeline)}`,
        description: `${progress(one).done}/${progress(one).total}`,
        detail: one.id,
        one,
      })),
      { placeHolder: 'Show which run?' },
    );
    run = picked?.one;
    if (!run) return;
  }
  if (run) runs.show(run.projectUri, run.id);
  else void vscode.window.showInformationMessage('Nothing is running.');
}

/** Bodies of the commands. */
export function runCommands(context: Context, parts: Parts) {
  const { view } = parts;
  return bodies({
    showRun: async (argument, second) => {
      const ref = runIn(argument, second) ?? (await pickRun(context, 'Show which run?'));
      if (ref) parts.runs.show(ref.projectUri, ref.id);
    },
    showActiveRuns: () => showActive(context, parts),
    rerun: (argument) => again(context, parts, argument, false),
    rerunWithParams: (argument) => again(context, parts, argument, true),
    registerRun: async (argument) => {
      const ref = await runFor(context, argument, 'Register a model from which run?');
      const run = ref && (await load(context, ref));
      if (run) await registerFromRun(context, run);
    },
    resumeRun: (argument) => resume(context, parts, argument),
    showRunChanges: async (argument) => {
      const ref = await runFor(context, argument, 'Show the changes since which run began?');
      const run = ref && (await load(context, ref));
      if (run) await showChanges(parts, run);
    },
    cancelRun: (argument) => cancel(context, argument),
    deleteRun: (argument, selection) => remove(context, parts, argument, selection),
    copyRunId: async (argument) => {
      const ref = await runFor(context, argument, 'Copy the id of which run?');
      if (!ref) return;
      await vscode.env.clipboard.writeText(ref.id);
      vscode.window.setStatusBarMessage(`Copied ${plain(ref.id)}`, 3000);
    },
    openLog: (argument) => openLog(context, argument),
    openJobScript: async (argument) => {
      const found = await jobOf(context, argument, 'Open the script of which job?');
      if (found === undefined) return;
      const { scriptUri = '' } = found.job;
      await vscode.window.showTextDocument(vscode.Uri.parse(scriptUri), { preview: true });
    },
    cancelJob: (argument) => steer(context, argument, 'cancel'),
    holdJob: (argument) => steer(context, argument, 'hold'),
    releaseJob: (argument) => steer(context, argument, 'release'),
    openArtifact: (argument) => openArtifact(context, argument),
    filterRuns: async () => {
      const filter = await askRunFilter(context, view.tree.filter);
      if (!filter) return;
      await view.tree.setFilter(isEmptyFilter(filter) ? {} : filter);
      view.filterChanged();
    },
    clearFilter: async () => {
      await view.tree.setFilter({});
      view.filterChanged();
    },
    groupRunsBy: groupBy,
    loadMoreRuns: () => view.tree.loadMore(),
    compareRuns: (argument, selection) => compare(context, parts, argument, selection),
  });
}
