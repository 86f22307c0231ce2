/** Resuming runs, ending those that wait, and what there is to choose where the files say something else by now. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import { isActive } from '../../media/webviews/shared/status.js';
import type { PipelineSummary, RunView } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { changesDetail } from './rows.js';
import type { RunChanges } from './changes.js';
import type { PipelineTasks } from '../pipelines/tasks.js';
import { askAll } from '../pipelines/ask-params.js';
import { runCommandLine } from '../parts/command-line.js';
import { start } from '../pipelines/commands.js';

export interface ResumeParts {
  readonly tasks: PipelineTasks;
  readonly changes: RunChanges;
}

export type Way = 'as-begun' | 'new-run';

const NEW_RUN = 'Start New Run';
const CHANGES = 'Show Changes';

/**
 * How to continue with a run that continues as it began: asked only where its files say something else by now.
 *
 * @param asBegun what the button is called that continues
 * @returns `undefined` when the person went away
 */
export async function chooseWay(
  { changes }: Pick<ResumeParts, 'changes'>,
  run: Pick<RunView, 'projectUri' | 'id' | 'pipeline'>,
  asBegun: string,
): Promise<Way | undefined> {
  const files = (await changes.of(run)) ?? [];
  if (files.length === 0) return 'as-begun';
  const question = `${plain(run.pipeline)} has changed since this run began.`;
  const options = { modal: true, detail: changesDetail(files) };
  let choice = await vscode.window.showWarningMessage(question, options, asBegun, NEW_RUN, CHANGES);
  if (choice === CHANGES) {
    await changes.show(run, files);
    // Beside the difference: whoever has read it answers here.
    choice = await vscode.window.showInformationMessage(question, asBegun, NEW_RUN);
  }
  if (choice === undefined) return undefined;
  return choice === NEW_RUN ? 'new-run' : 'as-begun';
}

/** The pipeline of a run as its file says now; `undefined` is told. */
async function pipelineOf({ state }: Context, run: RunView): Promise<PipelineSummary | undefined> {
  await state.ready();
  const pipeline = state.pipeline(run.definitionUri);
  if (!pipeline) {
    void vscode.window.showWarningMessage(
      `${plain(run.path)}, which run ${plain(run.id)} was started from, has no pipeline any more.`,
    );
  }
  return pipeline;
}

/**
 * Starts a new run of the same pipeline with the same params.
 *
 * @param ask whether the person may change them before
 */
export async function runAgain(
  context: Context,
  parts: ResumeParts,
  run: RunView,
  { ask = false }: { readonly ask?: boolean } = {},
): Promise<void> {
  const pipeline = await pipelineOf(context, run);
  if (!pipeline) return;
  const known = new Set(pipeline.params.map(({ name }) => name));
  const params = Object.fromEntries(Object.entries(run.params).filter(([name]) => known.has(name)));
  const chosen = ask ? await askAll(context, pipeline, params) : params;
  if (chosen !== undefined) await start(parts, pipeline, { params: chosen });
}

/** Resumes a run, whether or not its file still has a pipeline: the run has kept what it needs. */
export async function resumeRun(
  { state }: Context,
  parts: ResumeParts,
  run: RunView,
  { quiet = false }: { readonly quiet?: boolean } = {},
): Promise<void> {
  await state.ready();
  const { pipeline: name, path, projectUri, definitionUri: uri, id } = run;
  const pipeline = state.pipeline(uri) ?? { name, path, projectUri, uri, tasks: [] };
  await start(parts, pipeline, { resume: id, path }, { quiet });
}

/** What a person chose, done: the run continues, or ends and a new one begins. */
export async function go(context: Context, parts: ResumeParts, run: RunView, way: Way): Promise<void> {
  if (way === 'as-begun') {
    await resumeRun(context, parts, run);
    return;
  }
  // Without a pipeline to start nothing is ended.
  if (!(await pipelineOf(context, run))) return;
  if (isActive(run.status) && !(await endWaiting(context, run))) return;
  await runAgain(context, parts, run);
}

/**
 * Ends a run that waits for people, whoever runs it, with the tasks that clean up behind it: by the command line, because they run.
 *
 * @returns whether it has ended; why not is told
 */
export async function endWaiting(
  { extension }: Context,
  { projectUri, id, pipeline }: Pick<RunView, 'projectUri' | 'id' | 'pipeline'>,
): Promise<boolean> {
  const root = vscode.Uri.parse(projectUri);
  const title = `Cancelling ${plain(pipeline)}…`;
  const { exitCode, stderr } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title },
    (_, token) =>
      runCommandLine(extension, root, ['runs', 'cancel', id, '--project', root.fsPath, '--json'], token),
  );
  const words = plain(stderr.replaceAll('modelyard: ', ''), 500);
  if (exitCode !== 0) void vscode.window.showErrorMessage(`Run ${plain(id)} was not cancelled: ${words}`);
  // Tasks that clean up could not run.
  else if (words !== '') void vscode.window.showWarningMessage(words);
  return exitCode === 0;
}

/** Shows what has changed since a run began. */
export async function showChanges({ changes }: ResumeParts, run: RunView): Promise<void> {
  const files = await changes.of(run);
  if (files === undefined)
    void vscode.window.showInformationMessage(`Run ${plain(run.id)} kept no definition to compare with.`);
  else if (files.length === 0)
    void vscode.window.showInformationMessage(`Nothing has changed since run ${plain(run.id)} began.`);
  else await changes.show(run, files);
}
