/** A run to look at: timeline, charts, artifacts, checks and logs, live while it goes on. */
import * as vscode from 'vscode';
import { runCommand } from '../contributed.js';
import { plain } from '../../server/base/format.js';
import type { FromRun, ToRun } from '../../media/webviews/shared/messages/index.js';
import { isActive } from '../../media/webviews/shared/status.js';
import type { RunView } from '../../server/protocol/index.js';
import { message as words } from '../client.js';
import type { Context } from '../context.js';
import { logTail } from './log-tail.js';
import { openVersion } from '../parts/panels/open.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

const LIVE_MS = 1000;

export interface RunPanels {
  show(projectUri: string, id: string): void;
}

/** What the panel knows between two messages. */
interface Shown {
  run?: RunView;
  /** The task whose log is open. */
  log?: string;
}

export function registerRunPanels({ extension, client, state }: Context): RunPanels {
  const shown = new WeakMap<PanelHandle<ToRun>, Shown>();
  const known = (handle: PanelHandle<ToRun>): Shown => {
    const value = shown.get(handle) ?? {};
    shown.set(handle, value);
    return value;
  };

  const sendLog = async (handle: PanelHandle<ToRun>): Promise<void> => {
    const { run, log } = known(handle);
    const task = run?.tasks.find(({ id }) => id === log);
    if (task?.logUri === undefined) return;
    try {
      handle.post({ type: 'log', task: task.id, ...(await logTail(task.logUri)) });
    } catch (error) {
      handle.post({
        type: 'log',
        task: task.id,
        text: `The log can't be read: ${words(error)}`,
        truncated: false,
      });
    }
  };

  const show = async (handle: PanelHandle<ToRun>): Promise<void> => {
    const [projectUri = '', id = ''] = handle.values;
    const run = await client.ask('modelyard/run', { projectUri, id });
    if (!run) {
      handle.post({
        type: 'missing',
        message: `Run ${plain(id)} is not there any more, or it can't be read.`,
      });
      return;
    }
    known(handle).run = run;
    handle.panel.title = `Run: ${plain(run.name ?? run.pipeline, 40)}`;
    handle.post({ type: 'run', run, canRun: vscode.workspace.isTrusted });
    await sendLog(handle);
  };

  const receive = async (handle: PanelHandle<ToRun>, message: FromRun): Promise<void> => {
    const { run } = known(handle);
    if (!run) return;
    const ref = { projectUri: run.projectUri, id: run.id };
    const taskOf = (id: string) => run.tasks.find((task) => task.id === id);
    switch (message.type) {
      case 'ready':
        return;
      case 'log':
        if (message.task === undefined) delete known(handle).log;
        else known(handle).log = message.task;
        await sendLog(handle);
        return;
      case 'openLog':
        await runCommand('openLog', { run, task: taskOf(message.task) });
        return;
      case 'job':
        await runCommand(message.what, { run, task: taskOf(message.task) });
        return;
      case 'openArtifact': {
        const artifact = taskOf(message.task)?.artifacts.find(({ path }) => path === message.path);
        if (artifact)
          await runCommand('openArtifact', {
            run,
            detail: { type: 'artifact', artifact },
          });
        return;
      }
      case 'openVersion':
        await openVersion(run.projectUri, message.model, message.version);
        return;
      case 'openDefinition':
        await runCommand('revealDefinition', run.definitionUri);
        return;
      case 'graph':
        await runCommand('showGraph', run.definitionUri);
        return;
      case 'rerun':
        await runCommand('rerun', { run });
        return;
      case 'cancel':
        await runCommand('cancelRun', { run: ref });
        return;
    }
  };

  const panels = new Panels<ToRun, FromRun>(extension, {
    page: 'run',
    title: ([, id = '']) => `Run ${plain(id, 24)}`,
    show,
    receive,
  });
  const refresh = (only: (run: RunView | undefined) => boolean): void => {
    for (const handle of panels.handles)
      if (handle.panel.visible && only(known(handle).run)) void show(handle);
  };
  // The end of a run comes as a change; in between, logs and metrics grow without one.
  const live = setInterval(() => refresh((run) => run !== undefined && isActive(run.status)), LIVE_MS);
  extension.subscriptions.push(
    state.onDidChangeRuns(() => refresh((run) => run === undefined || isActive(run.status))),
    vscode.workspace.onDidGrantWorkspaceTrust(() => refresh(() => true)),
    new vscode.Disposable(() => clearInterval(live)),
  );
  return { show: (projectUri, id) => void panels.reveal([projectUri, id]) };
}
