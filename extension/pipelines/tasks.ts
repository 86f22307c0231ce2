/** Pipeline runs as VS Code tasks: our own command line in a process, so that a run outlives nothing it shouldn't. */
import { runCommand, setting } from '../contributed.js';
import * as vscode from 'vscode';
import type { PipelineSummary } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import { debugRefused, offerInstall } from './python.js';
import { paramArguments } from './params.js';

export const TASK_TYPE = 'modelyard';

/** As in tasks.json; the shape is in package.json (`taskDefinitions`). */
export interface PipelineTask {
  readonly type: typeof TASK_TYPE;
  readonly pipeline: string;
  /** Of the definition, relative to the project; tells pipelines of the same name apart. */
  readonly path?: string;
  /** Only this task, without what it needs. */
  readonly task?: string;
  /** This task and everything that it depends on. */
  readonly to?: string;
  /** This task and everything after it. */
  readonly from?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Runs tasks even when nothing has changed. */
  readonly force?: boolean;
  /** A run to go on from. */
  readonly resume?: string;
  /** Tasks at once. */
  readonly jobs?: number;
  /** Its Python runs under a debugger. */
  readonly debug?: boolean;
}

/** The command line as it ships, and how to start it: the editor's own Node, or the one that settings name. */
export function commandLine(
  context: vscode.ExtensionContext,
  scope: vscode.Uri | undefined,
): { readonly command: string; readonly module: string; readonly env: Record<string, string> } {
  const chosen = setting('nodePath', scope).trim();
  return {
    command: chosen === '' ? process.execPath : chosen,
    module: context.asAbsolutePath('dist/cli.js'),
    // On a desktop the host is Electron, which behaves as Node only when told to.
    env: { ELECTRON_RUN_AS_NODE: '1', MODELYARD_TRIGGER: 'editor' },
  };
}

function runArguments(definition: PipelineTask, scope: vscode.Uri): string[] {
  const jobs = definition.jobs ?? setting('run.jobs', scope);
  return [
    'run',
    definition.path ?? definition.pipeline,
    // Said outright, so that editor and runner mean the same project where no modelyard.yaml marks it.
    '--project',
    scope.fsPath,
    ...(definition.task === undefined ? [] : ['--only', definition.task]),
    ...(definition.to === undefined ? [] : ['--to', definition.to]),
    ...(definition.from === undefined ? [] : ['--from', definition.from]),
    ...(definition.force === true ? ['--force'] : []),
    ...(definition.debug === true ? ['--debug'] : []),
    ...(definition.resume === undefined ? [] : [`--resume=${definition.resume}`]),
    ...(jobs > 0 ? ['--jobs', String(jobs)] : []),
    ...paramArguments(definition.params ?? {}),
  ];
}

/** The name under Run Task and of the terminal. */
function taskName(definition: PipelineTask): string {
  if (definition.task !== undefined)
    return `${definition.debug === true ? 'debug ' : ''}${definition.pipeline}: ${definition.task}`;
  if (definition.to !== undefined) return `${definition.pipeline}: up to ${definition.to}`;
  if (definition.from !== undefined) return `${definition.pipeline}: from ${definition.from}`;
  return definition.pipeline;
}

/** What a run is started from. */
export type Runnable = Pick<
  PipelineSummary,
  'name' | 'path' | 'uri' | 'projectUri' | 'description' | 'tasks'
>;

export class PipelineTasks implements vscode.TaskProvider {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async provideTasks(): Promise<vscode.Task[]> {
    const pipelines = await this.#context.state.ready();
    const names = new Map<string, number>();
    for (const { name } of pipelines) names.set(name, (names.get(name) ?? 0) + 1);
    return pipelines.flatMap((pipeline) => {
      const base: PipelineTask = {
        type: TASK_TYPE,
        pipeline: pipeline.name,
        ...((names.get(pipeline.name) ?? 0) > 1 ? { path: pipeline.path } : {}),
      };
      const tasks = pipeline.tasks.map((task) => this.make({ ...base, task: task.name }, pipeline));
      return [this.make(base, pipeline), ...tasks];
    });
  }

  /** Completes a task of tasks.json, whose definition it has to keep as it is. */
  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    const definition = task.definition as vscode.TaskDefinition & PipelineTask;
    const folder = typeof task.scope === 'object' ? task.scope.uri.toString() : undefined;
    const candidates = (await this.#context.state.ready()).filter(
      (pipeline) =>
        pipeline.name === definition.pipeline &&
        (definition.path === undefined || pipeline.path === definition.path) &&
        (folder === undefined || pipeline.uri.startsWith(folder)),
    );
    const [pipeline] = candidates;
    return pipeline === undefined ? undefined : this.make(definition, pipeline, task.scope);
  }

  /** A task whose Python runs under a debugger. @param variables that say where it waits */
  debugged(
    definition: PipelineTask,
    pipeline: Runnable,
    variables: Readonly<Record<string, string>>,
  ): vscode.Task {
    return this.make({ ...definition, debug: true }, pipeline, undefined, variables);
  }

  make(
    definition: PipelineTask,
    pipeline: Runnable,
    scope: vscode.Task['scope'] = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(pipeline.uri)),
    variables: Readonly<Record<string, string>> = {},
  ): vscode.Task {
    const project = vscode.Uri.parse(pipeline.projectUri);
    const { command, module, env } = commandLine(this.#context.extension, project);
    const execution = new vscode.ProcessExecution(
      command,
      [module, ...runArguments({ ...definition, path: definition.path ?? pipeline.path }, project)],
      { cwd: project.fsPath, env: { ...env, ...this.#context.python.variables(project), ...variables } },
    );
    const task = new vscode.Task(
      { ...definition },
      scope ?? vscode.TaskScope.Workspace,
      taskName(definition),
      TASK_TYPE,
      execution,
      '$modelyard',
    );
    task.group = vscode.TaskGroup.Build;
    task.detail =
      definition.task === undefined
        ? (pipeline.description ?? pipeline.path)
        : (pipeline.tasks.find((one) => one.name === definition.task)?.description ??
          `Only this task of ${pipeline.name}`);
    task.presentationOptions = {
      reveal: vscode.TaskRevealKind.Always,
      focus: false,
      // How the command line is called says nothing to whoever clicked Run.
      echo: false,
      panel: vscode.TaskPanelKind.Dedicated,
      showReuseMessage: false,
      clear: true,
    };
    return task;
  }
}

/** Registers the provider, and says in the end what a run's exit code means. */
export function registerTasks(context: Context): PipelineTasks {
  const provider = new PipelineTasks(context);
  context.extension.subscriptions.push(
    vscode.tasks.registerTaskProvider(TASK_TYPE, provider),
    vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      const { task } = execution;
      const { type, debug } = task.definition;
      if (type === TASK_TYPE && exitCode === 2)
        void (debug === true ? debugRefused(task.name) : invalid(task.name));
      else if (task.definition.type === TASK_TYPE && exitCode === 1) void failed(context, task);
    }),
  );
  return provider;
}

async function invalid(name: string): Promise<void> {
  const show = 'Show Problems';
  const choice = await vscode.window.showWarningMessage(
    `${name} did not start: its definition has errors, or an argument doesn't fit. The terminal says which.`,
    show,
  );
  if (choice === show) await vscode.commands.executeCommand('workbench.actions.view.problems');
}

async function failed(context: Context, task: vscode.Task): Promise<void> {
  const definition = task.definition as vscode.TaskDefinition & PipelineTask;
  const result = await context.client.ask('modelyard/runs', {
    limit: 1,
    pipeline: definition.pipeline,
    statuses: ['failed'],
  });
  const run = result?.runs[0];
  if (run && (await offerInstall(context.client, task.name, run))) return;
  const show = 'Show Run';
  const choice = await vscode.window.showErrorMessage(`${task.name} failed.`, show);
  if (run && choice === show) await runCommand('showRun', run.projectUri, run.id);
}
