/** Commands on data of DVC in the Pipelines tree: bring back what is missing, open what is there. */
import * as vscode from 'vscode';
import { plain } from '../../server/base/format.js';
import type { DvcDataItem } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { bodies } from '../parts/bodies.js';
import { mayRun } from '../parts/trust.js';
import { commandLine } from './tasks.js';

/** The item that a command of the tree is about. */
function itemIn(argument: unknown): DvcDataItem | undefined {
  return typeof argument === 'object' && argument !== null && 'data' in argument
    ? (argument.data as DvcDataItem)
    : undefined;
}

/** `modelyard dvc …` in a terminal, where DVC shows its progress. @returns when it has ended */
async function inTerminal(context: Context, order: 'pull' | 'checkout', item: DvcDataItem): Promise<void> {
  const project = vscode.Uri.parse(item.projectUri);
  const { command, module, env } = commandLine(context.extension, project);
  const task = new vscode.Task(
    { type: 'process' },
    vscode.workspace.getWorkspaceFolder(project) ?? vscode.TaskScope.Workspace,
    `DVC: ${order} ${plain(item.path)}`,
    'Modelyard',
    new vscode.ProcessExecution(
      command,
      [module, 'dvc', order, '--project', project.fsPath, '--', item.path],
      { cwd: project.fsPath, env: { ...env, ...context.python.variables(project) } },
    ),
    [],
  );
  task.presentationOptions = { echo: false, focus: false, clear: true, showReuseMessage: false };
  const execution = await vscode.tasks.executeTask(task);
  await new Promise<void>((resolve) => {
    const ended = vscode.tasks.onDidEndTask((event) => {
      if (event.execution !== execution) return;
      ended.dispose();
      resolve();
    });
  });
  // What git ignores is not watched everywhere.
  await context.state.reload();
}

/** Bodies of the commands. */
export function dvcDataCommands(context: Context) {
  const order = async (argument: unknown, name: 'pull' | 'checkout'): Promise<void> => {
    const item = itemIn(argument);
    if (item !== undefined && mayRun('Bringing data back')) await inTerminal(context, name, item);
  };
  return bodies({
    pullDvcData: (argument) => order(argument, 'pull'),
    checkoutDvcData: (argument) => order(argument, 'checkout'),
    openDvcData: async (argument) => {
      const item = itemIn(argument);
      if (item !== undefined) await vscode.commands.executeCommand('vscode.open', vscode.Uri.parse(item.uri));
    },
  });
}
