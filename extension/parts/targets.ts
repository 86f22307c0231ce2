/** What a command is about: what it was called with, else the active editor, else what the person picks. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import { look } from '../../media/webviews/shared/status.js';
import type {
  ApprovalView,
  ArtifactView,
  PipelineSummary,
  PipelineTaskSummary,
  RunListItem,
  RunRef,
  RunsResult,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { ApprovalRef } from '../approvals/rows.js';
import { actionIcon, freshness, KIND_WORDS, taskState } from '../pipelines/rows.js';
import { runDescription } from '../runs/rows.js';

function has<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && key in value;
}

/** The URI in an argument: a lens gives text, the explorer a Uri, a tree its node. */
function uriIn(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  if (argument instanceof vscode.Uri) return argument.toString();
  if (has(argument, 'pipeline') && has(argument.pipeline, 'uri')) return String(argument.pipeline.uri);
  return undefined;
}

/** The task's name in the arguments of a command. */
export function taskIn(argument: unknown, second: unknown): string | undefined {
  if (typeof second === 'string') return second;
  if (has(argument, 'task') && has(argument.task, 'name')) return String(argument.task.name);
  return undefined;
}

/** The pipeline that a command is about; `undefined` when the person went away. */
export async function pipelineFor(
  { state }: Context,
  argument: unknown,
  placeHolder: string,
): Promise<PipelineSummary | undefined> {
  const known = await state.ready();
  const uri = uriIn(argument);
  if (uri !== undefined) {
    let found = state.pipeline(uri);
    if (!found) {
      // Written a moment ago: the list has not caught up.
      await state.reload();
      found = state.pipeline(uri);
    }
    if (!found)
      void vscode.window.showWarningMessage('There is no pipeline in this file, as far as it can be read.');
    return found;
  }
  const active = vscode.window.activeTextEditor?.document.uri;
  const current = active && state.pipeline(active.toString());
  if (current) return current;
  if (known.length === 0) {
    const create = 'Create Pipeline…';
    const choice = await vscode.window.showInformationMessage(
      'There are no pipelines in this workspace yet.',
      create,
    );
    if (choice === create) await runCommand('createPipeline');
    return undefined;
  }
  if (known.length === 1) return known[0];
  const picked = await vscode.window.showQuickPick(
    known.map((pipeline) => ({
      label: plain(pipeline.name),
      description: plain(pipeline.path),
      detail: [KIND_WORDS[pipeline.kind], freshness(pipeline)].filter((part) => part !== '').join(' · '),
      pipeline,
    })),
    { placeHolder, matchOnDescription: true },
  );
  return picked?.pipeline;
}

/** The task that a command is about. */
export async function taskFor(
  context: Context,
  pipeline: PipelineSummary,
  name: string | undefined,
  placeHolder: string,
  passes: (task: PipelineTaskSummary) => boolean = () => true,
): Promise<PipelineTaskSummary | undefined> {
  if (name !== undefined) {
    const found = context.state.task(pipeline, name);
    if (!found)
      void vscode.window.showWarningMessage(`${plain(pipeline.name)} has no task “${plain(name)}”.`);
    return found;
  }
  const picked = await vscode.window.showQuickPick(
    pipeline.tasks.filter(passes).map((task) => ({
      label: `$(${actionIcon(task.action)}) ${plain(task.name)}`,
      description: taskState(task),
      task,
    })),
    { placeHolder },
  );
  return picked?.task;
}

function isRef(value: unknown): value is RunRef {
  return has(value, 'projectUri') && has(value, 'id') && typeof value.id === 'string';
}

/** The run in an argument: a node of the tree, a panel's word, or the two texts of a lens. */
export function runIn(argument: unknown, second?: unknown): RunRef | undefined {
  if (typeof argument === 'string' && typeof second === 'string') return { projectUri: argument, id: second };
  if (has(argument, 'run') && isRef(argument.run)) return argument.run;
  // A question is resumed with the run that waits for it.
  if (has(argument, 'approval')) {
    const { projectUri, owner } = argument.approval as ApprovalView;
    return { projectUri, id: owner };
  }
  return isRef(argument) ? argument : undefined;
}

/** Runs that a command of the tree is about: those that are selected when the clicked one is among them. A panel gives a list. */
export function runsIn(argument: unknown, selection?: unknown): readonly RunRef[] {
  if (Array.isArray(argument)) return argument.filter(isRef);
  const clicked = runIn(argument);
  const all = (Array.isArray(selection) ? selection : []).flatMap((node) => runIn(node) ?? []);
  if (!clicked) return all;
  return all.some((run) => run.id === clicked.id) ? all : [clicked];
}

/** The question in the arguments: the three texts of a lens, or a row of the tree. */
export function approvalIn(...args: readonly unknown[]): ApprovalRef | undefined {
  const [first, run, task] = args;
  if (typeof first === 'string' && typeof run === 'string' && typeof task === 'string')
    return { projectUri: first, run, task };
  return has(first, 'approval') ? (first.approval as ApprovalRef) : undefined;
}

/** The artifact in an argument: a row below a task of a run. */
export function artifactIn(argument: unknown): ArtifactView | undefined {
  if (!has(argument, 'detail') || !has(argument.detail, 'type') || argument.detail.type !== 'artifact')
    return undefined;
  return has(argument.detail, 'artifact') ? (argument.detail.artifact as ArtifactView) : undefined;
}

/** So many runs are offered at once; all others are found by typing. */
const OFFERED = 100;
const TYPING_MS = 150;

type RunPick = vscode.QuickPickItem & { readonly run: RunListItem };

function runPick(run: RunListItem): RunPick {
  return {
    label: `$(${look(run.status).icon}) ${plain(run.pipeline)}`,
    description: runDescription(run, Date.now(), 'pipeline'),
    detail: run.id,
    run,
    // The server has looked for what is typed, in more than what the row shows.
    alwaysShow: true,
  };
}

/** A run, out of all there are: the newest are offered, and what is typed is looked for in the whole index. */
export async function pickRun(
  { client }: Context,
  placeHolder: string,
  passes: (run: RunListItem) => boolean = () => true,
): Promise<RunListItem | undefined> {
  const first = await client.ask('modelyard/runs', { limit: OFFERED });
  if ((first?.runs ?? []).filter(passes).length === 0 && first?.more !== true) {
    void vscode.window.showInformationMessage('There are no such runs.');
    return undefined;
  }
  const picker = vscode.window.createQuickPick<RunPick>();
  let typing: NodeJS.Timeout | undefined;
  let asked = 0;
  const offer = (result: RunsResult | undefined): void => {
    const runs = (result?.runs ?? []).filter(passes);
    picker.items = runs.map(runPick);
    const total = result?.counts?.total;
    const all = total === undefined ? 'the newest that match' : `the newest of ${total}`;
    picker.title =
      result?.more === true ? `${runs.length} runs, ${all}. Type to search all of them.` : undefined;
    picker.busy = false;
  };
  const search = async (): Promise<void> => {
    const number = ++asked;
    picker.busy = true;
    const text = picker.value.trim();
    const result = await client.ask('modelyard/runs', { limit: OFFERED, ...(text === '' ? {} : { text }) });
    if (number === asked) offer(result);
  };
  picker.placeholder = placeHolder;
  offer(first);
  try {
    return await new Promise((resolve) => {
      picker.onDidChangeValue(() => {
        clearTimeout(typing);
        typing = setTimeout(() => void search(), TYPING_MS);
      });
      picker.onDidAccept(() => resolve(picker.selectedItems[0]?.run));
      picker.onDidHide(() => resolve(undefined));
      picker.show();
    });
  } finally {
    clearTimeout(typing);
    picker.dispose();
  }
}

/** The run that a command is about. */
export async function runFor(
  context: Context,
  argument: unknown,
  placeHolder: string,
  passes?: (run: RunListItem) => boolean,
): Promise<RunRef | undefined> {
  return runIn(argument) ?? (await pickRun(context, placeHolder, passes));
}

/** Runs a command's body so that what goes wrong is told and not swallowed. */
export function guarded<A extends readonly unknown[]>(
  context: Context,
  body: (...args: A) => Promise<unknown>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await body(...args);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      context.client.output.error(words);
      void vscode.window.showErrorMessage(`Modelyard: ${words}`);
    }
  };
}
