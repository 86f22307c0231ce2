/** A question of a run to look at and to answer: what is asked, the numbers, the files, who has answered. */
import { runCommand } from '../contributed.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import type { FromApproval, ToApproval } from '../../media/webviews/shared/messages/approval.js';
import { plain } from '../../server/base/format.js';
import type { ApprovalView } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { type ApprovalRef, whyNot } from './rows.js';
import { openRun } from '../parts/panels/open.js';
import { Panels, type PanelHandle } from '../parts/panels/panels.js';

export interface ApprovalPanels {
  show(ref: ApprovalRef): void;
}

function refOf([projectUri = '', run = '', task = '']: readonly string[]): ApprovalRef {
  return { projectUri, run, task };
}

const RESTRICTED =
  'Nothing is answered in Restricted Mode: the run would continue with commands that its file names. Trust the workspace if you trust its authors.';

/** HTML of Markdown, not to be trusted: the page takes what is harmless out of it. */
async function rendered(markdown: string): Promise<string | undefined> {
  try {
    const html = await vscode.commands.executeCommand('markdown.api.render', markdown);
    return typeof html === 'string' ? html : undefined;
  } catch {
    // The editor's Markdown support is switched off: the page shows the text as it is.
    return undefined;
  }
}

export function registerApprovalPanels({ extension, client, state, approvals }: Context): ApprovalPanels {
  /** What was last known of a question, which nobody lists once it is answered. */
  const known = new WeakMap<PanelHandle<ToApproval>, ApprovalView>();

  /** How it ended, in words. */
  const outcomeOf = async ({ projectUri, run: id, task: taskId }: ApprovalRef): Promise<string> => {
    const run = await client.ask('modelyard/run', { projectUri, id });
    if (!run) return `Run ${plain(id)} is not there any more, or it can't be read.`;
    const task = run.tasks.find((one) => one.id === taskId);
    if (task?.status === 'waiting' && run.status === 'waiting') {
      return 'It was answered, and the run has not continued yet. Resume it in the Runs view.';
    }
    const why = task?.note ?? task?.error;
    return why === undefined
      ? `It is not waiting any more; the run is ${run.status}.`
      : `${why.slice(0, 1).toUpperCase()}${why.slice(1)}.`;
  };

  const show = async (handle: PanelHandle<ToApproval>): Promise<void> => {
    const ref = refOf(handle.values);
    await approvals.ready();
    const approval = approvals.find(ref);
    const last = approval ?? known.get(handle);
    if (last === undefined) {
      handle.post({ type: 'missing', task: ref.task, message: await outcomeOf(ref) });
      return;
    }
    known.set(handle, last);
    handle.panel.title = `Approval: ${plain(last.task, 40)}`;
    const html = await rendered(last.prompt);
    const refusal = vscode.workspace.isTrusted ? whyNot(last) : RESTRICTED;
    const outcome = approval === undefined ? await outcomeOf(ref) : undefined;
    handle.post({
      type: 'approval',
      approval: last,
      ...defined({ html, refusal, outcome }),
    });
  };

  const panels = new Panels<ToApproval, FromApproval>(extension, {
    page: 'approval',
    title: ([, , task = '']) => `Approval: ${plain(task, 40)}`,
    show,
    receive: async (handle, message) => {
      const ref = refOf(handle.values);
      const { projectUri, run, task } = ref;
      switch (message.type) {
        case 'ready':
          return;
        case 'approve':
        case 'reject':
          await vscode.commands.executeCommand(`modelyard.${message.type}`, projectUri, run, task);
          return;
        case 'openRun':
          await openRun(projectUri, run);
          return;
        case 'openDefinition': {
          const uri = known.get(handle)?.definitionUri;
          if (uri !== undefined) await runCommand('revealDefinition', uri, task);
          return;
        }
        case 'openArtifact': {
          const artifact = known.get(handle)?.artifacts.find(({ path }) => path === message.path);
          if (artifact === undefined) return;
          await runCommand('openArtifact', {
            run: { projectUri, id: run },
            detail: { type: 'artifact', artifact },
          });
          return;
        }
      }
    },
  });
  const refresh = (): void => {
    for (const handle of panels.handles) if (handle.panel.visible) void show(handle);
  };
  extension.subscriptions.push(
    approvals.onDidChange(refresh),
    // How it ended shows in the run.
    state.onDidChangeRuns(refresh),
    vscode.workspace.onDidGrantWorkspaceTrust(refresh),
  );
  return { show: ({ projectUri, run, task }) => void panels.reveal([projectUri, run, task]) };
}
