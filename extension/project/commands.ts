/** Commands on the project and on the extension itself. */
import * as vscode from 'vscode';
import { bytes, plain, plural } from '../../server/base/format.js';
import type { ProjectSummary } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { selectInterpreter } from '../pipelines/python.js';
import { commandLine, TASK_TYPE } from '../pipelines/tasks.js';
import { mayRun } from '../parts/trust.js';
import { bodies } from '../parts/bodies.js';
import { runCommandLine } from '../parts/command-line.js';

async function projectFor({ state }: Context, argument: unknown): Promise<ProjectSummary | undefined> {
  await state.ready();
  if (typeof argument === 'object' && argument !== null && 'project' in argument)
    return argument.project as ProjectSummary;
  const { projects } = state;
  if (projects.length === 0) {
    void vscode.window.showInformationMessage('No folder with a project is open.');
    return undefined;
  }
  if (projects.length === 1) return projects[0];
  const picked = await vscode.window.showQuickPick(
    projects.map((project) => ({
      label: plain(project.name),
      description: vscode.workspace.asRelativePath(vscode.Uri.parse(project.uri)),
      project,
    })),
    { placeHolder: 'Which project?' },
  );
  return picked?.project;
}

/** Checks every definition with the command line, so that the answer is the one that CI gives. */
async function validate(context: Context, argument: unknown): Promise<void> {
  if (!mayRun('The command line')) return;
  const project = await projectFor(context, argument);
  if (!project) return;
  const root = vscode.Uri.parse(project.uri);
  const { command, module, env } = commandLine(context.extension, root);
  const task = new vscode.Task(
    { type: TASK_TYPE, pipeline: '', lint: true },
    vscode.workspace.getWorkspaceFolder(root) ?? vscode.TaskScope.Workspace,
    `validate ${plain(project.name)}`,
    TASK_TYPE,
    new vscode.ProcessExecution(command, [module, 'lint', '--project', root.fsPath], {
      cwd: root.fsPath,
      env,
    }),
    '$modelyard',
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, showReuseMessage: false };
  await vscode.tasks.executeTask(task);
}

interface GcAnswer {
  readonly runs: readonly { readonly id: string; readonly pipeline: string; readonly bytes: number }[];
  readonly files: number;
  readonly freedBytes: number;
  readonly cacheBytes: number;
  readonly keptBytes: number;
}

function gcAnswer(text: string): GcAnswer {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('freedBytes' in value))
    throw new Error('the command line gave an answer that is none');
  return value as GcAnswer;
}

const GC_CHOICES: readonly (vscode.QuickPickItem & { readonly flags: readonly string[] })[] = [
  {
    label: '$(settings) What modelyard.yaml allows',
    detail: 'Down to the bounds of its sections cache and runs; without bounds, only what nobody needs.',
    flags: [],
  },
  {
    label: '$(calendar) Older than 30 days',
    detail: 'Cache entries that were not used for 30 days, and runs that are older.',
    flags: ['--max-age', '30d', '--max-run-age', '30d'],
  },
  {
    label: '$(trash) The whole cache',
    detail: 'Copies of artifacts of kept runs, too. Every task runs again the next time.',
    flags: ['--all'],
  },
];

async function gc(context: Context, argument: unknown): Promise<void> {
  if (!mayRun('The command line')) return;
  const project = await projectFor(context, argument);
  if (!project) return;
  const choice = await vscode.window.showQuickPick(GC_CHOICES, {
    title: 'Clean Up',
    placeHolder: 'What may go?',
  });
  if (!choice) return;
  const call = (title: string, last: string): Thenable<GcAnswer | undefined> =>
    vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (_, token) => {
        const root = vscode.Uri.parse(project.uri);
        const args = ['gc', '--project', root.fsPath, '--json', ...choice.flags, last];
        const answer = await runCommandLine(context.extension, root, args, token);
        if (token.isCancellationRequested) return undefined;
        if (answer.exitCode !== 0) throw new Error(plain(answer.stderr, 500));
        return gcAnswer(answer.stdout);
      },
    );
  const plan = await call('Looking at what can be freed…', '--dry');
  if (!plan) return;
  if (plan.runs.length + plan.files === 0) {
    void vscode.window.showInformationMessage(`Nothing to free: the cache holds ${bytes(plan.cacheBytes)}.`);
    return;
  }
  const yes = 'Clean Up';
  const detail = [
    plan.runs.length > 0 ? `${plural(plan.runs.length, 'run')} with records and logs` : undefined,
    plan.files > 0 ? `${plural(plan.files, 'file')} of the cache` : undefined,
    `The cache goes from ${bytes(plan.cacheBytes)} to ${bytes(plan.keptBytes)}.`,
    'Files of the workspace stay.',
  ];
  const answer = await vscode.window.showWarningMessage(
    `Free ${bytes(plan.freedBytes)}?`,
    { modal: true, detail: detail.filter((line) => line !== undefined).join('\n') },
    yes,
  );
  if (answer !== yes) return;
  const done = await call('Freeing space…', '--yes');
  if (done) void vscode.window.showInformationMessage(`${bytes(done.freedBytes)} freed.`);
}

/** Shows a rule's page. The id comes from a lens or a diagnostic, and is checked before it becomes a file name. */
async function openRule(extension: vscode.ExtensionContext, argument: unknown): Promise<void> {
  const folder = vscode.Uri.joinPath(extension.extensionUri, 'docs', 'rules');
  let id = typeof argument === 'string' && /^[a-z]+\/[a-z0-9-]+$/.test(argument) ? argument : undefined;
  if (id === undefined) {
    const files = await vscode.workspace.fs.readDirectory(folder);
    id = await vscode.window.showQuickPick(
      files.flatMap(([file]) => /^([a-z]+)-(.+)\.md$/.exec(file)?.slice(1, 3).join('/') ?? []),
      { placeHolder: 'The page of which rule?' },
    );
  }
  if (id === undefined) return;
  await vscode.commands.executeCommand(
    'markdown.showPreview',
    vscode.Uri.joinPath(folder, `${id.replace('/', '-')}.md`),
  );
}

/** Bodies of the commands. */
export function projectCommands(context: Context) {
  const { extension, client, state } = context;
  return bodies({
    selectInterpreter: () => selectInterpreter(),
    validateProject: (argument) => validate(context, argument),
    gc: (argument) => gc(context, argument),
    openRule: (argument) => openRule(extension, argument),
    refresh: async () => {
      state.refresh();
      await state.reload();
    },
    restartServer: () => client.restart(),
    showOutput: async () => {
      await Promise.resolve();
      client.output.show();
    },
  });
}
