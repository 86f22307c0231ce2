/** Code lenses: run, plan and look at a pipeline and each of its tasks, and how they went; the same for feature views. */
import { usesPython } from '../../definition/python/python.js';
import { DEFAULT_SHELL, shellOfTask } from '../../definition/shell/shells.js';
import { scriptOf } from '../../definition/shell/shell.js';
import type { Features } from '../../definition/features.js';
import type { LensCommand } from '../../protocol/index.js';
import { runnableOf, type WrittenTask, writtenTasks } from '../../rules/dvc/runnable.js';
import { ago } from '../hover/markdown.js';
import { nowOf } from '../hover/describe.js';
import type { CodeLens, CommandReference, IdeContext, OpenQuestion } from '../types.js';

/** More tasks than this, and only the pipeline has lenses: thousands of them make an editor slow. */
const TASK_LIMIT = 1_000;
const VIEW_LIMIT = 500;

export function codeLenses(context: IdeContext): CodeLens[] {
  const { definition, project } = context;
  if (definition.kind === 'features') return viewLenses(context, definition.features);
  const pipeline = runnableOf(definition, project)?.pipeline;
  if (pipeline === undefined) return [];
  const lenses: CodeLens[] = [];
  const add = (span: CodeLens['span'], title: string, command: CommandReference, tooltip: string): void => {
    lenses.push({ span, title, tooltip, command });
  };
  const top = { start: pipeline.nameSpan.start, end: pipeline.nameSpan.end };
  add(
    top,
    '$(play) Run',
    { command: 'modelyard.runPipeline' },
    `Run ${pipeline.name}; what is up to date is not run again`,
  );
  add(top, 'Plan', { command: 'modelyard.planPipeline' }, 'What a run would do now, and why');
  add(top, 'Graph', { command: 'modelyard.showGraph' }, 'The graph of the pipeline');
  const last = context.history?.pipeline(pipeline.name);
  if (last !== undefined) {
    const title = `${iconOf(last.status)} ${last.status} ${ago(last.at, nowOf(context))}`;
    add(top, title, { command: 'modelyard.showRun', runId: last.runId }, 'Show the last run');
  }
  const tasks = writtenTasks(definition, project);
  if (tasks.length > TASK_LIMIT) return lenses;
  const questions = context.history?.questions(definition.path) ?? [];
  for (const task of tasks) {
    const on = task.nameSpan;
    lenses.push(...questionLenses(context, task, questions));
    add(
      on,
      '$(play) Run',
      { command: 'modelyard.runTask', task: task.name },
      `Run ${task.name} and what it depends on`,
    );
    if (isDebuggable(definition, task.name))
      add(
        on,
        '$(debug-alt) Debug',
        { command: 'modelyard.debugTask', task: task.name },
        `Run ${task.name} alone, its Python under the debugger`,
      );
    add(
      on,
      'Plan',
      { command: 'modelyard.planPipeline', task: task.name },
      'What a run would do now, and why',
    );
    add(on, 'Graph', { command: 'modelyard.showGraph', task: task.name }, 'Show the task in the graph');
    const history = context.history?.task(pipeline.name, task.name);
    if (history === undefined) continue;
    const title = `${iconOf(history.status)} ${history.status} ${ago(history.at, nowOf(context))}`;
    add(
      on,
      title,
      { command: 'modelyard.showRun', runId: history.runId, task: task.name },
      'Show its last run',
    );
  }
  return lenses;
}

/** Whether its commands are seen to use Python. */
function isDebuggable(definition: IdeContext['definition'], name: string): boolean {
  if (definition.kind !== 'pipeline') return false;
  const { pipeline } = definition;
  const task = pipeline.tasks.find((one) => one.name === name);
  if (task?.action?.kind !== 'run' || task.stage !== undefined) return false;
  const shell = shellOfTask(task, pipeline, DEFAULT_SHELL);
  return task.python !== undefined || usesPython(scriptOf(task.action.commands).text, shell, NO_PROGRAMS);
}

const NO_PROGRAMS: ReadonlySet<string> = new Set();

/** What a task asks people now; answered right there where it is one question. */
function questionLenses(
  context: IdeContext,
  { name, nameSpan }: WrittenTask,
  questions: readonly OpenQuestion[],
): CodeLens[] {
  const mine = questions.filter(({ task }) => task === name || task.startsWith(`${name}@`));
  const [first] = mine;
  if (first === undefined) return [];
  const lens = (title: string, command: LensCommand, tooltip: string, one?: OpenQuestion): CodeLens => ({
    span: nameSpan,
    title,
    tooltip,
    command: { command, ...(one === undefined ? {} : { runId: one.runId, task: one.task }) },
  });
  if (mine.length > 1) {
    const title = `$(bell-dot) ${mine.length} runs wait for an answer`;
    return [lens(title, 'modelyard.showApproval', 'Choose the one to look at')];
  }
  const since = ago(first.askedAt, nowOf(context));
  const whom = first.mayAnswer ? 'you' : 'others';
  const show = lens(
    `$(bell-dot) waits for ${whom}, asked ${since}`,
    'modelyard.showApproval',
    'What is asked, and what there is to look at',
    first,
  );
  if (!first.mayAnswer) return [show];
  return [
    show,
    lens('Approve…', 'modelyard.approve', 'Asks for a comment first', first),
    lens('Reject…', 'modelyard.reject', 'Asks for the reason first', first),
  ];
}

/** Materialize, look at and judge each feature view, and how it stands. */
function viewLenses(context: IdeContext, { views }: Features): CodeLens[] {
  return views.slice(0, VIEW_LIMIT).flatMap(({ name, nameSpan }) => {
    const state = context.project.viewState?.(name);
    const lens = (title: string, command: LensCommand, tooltip: string): CodeLens => ({
      span: nameSpan,
      title,
      tooltip,
      command: { command, view: name },
    });
    const lenses = [
      lens(
        '$(play) Materialize',
        'modelyard.materializeView',
        `Compute ${name}; nothing is done where nothing has changed`,
      ),
    ];
    if (state === undefined) return lenses;
    if (state.at !== '') {
      lenses.push(
        lens('Preview', 'modelyard.previewView', 'Look at its rows'),
        lens('Profile', 'modelyard.profileView', 'How its features are spread'),
      );
    }
    const rows = `${state.rows.toLocaleString('en-US')} ${state.rows === 1 ? 'row' : 'rows'}`;
    const age = state.at === '' ? 'failed' : `${ago(state.at, nowOf(context))}, ${rows}`;
    const title =
      state.at === ''
        ? '$(error) failed'
        : state.broken.length > 0
          ? `$(warning) ${state.broken.length} broken, ${age}`
          : state.stale === undefined
            ? `$(pass) fresh ${age}`
            : `$(history) stale, ${age}`;
    lenses.push(lens(title, 'modelyard.profileView', state.stale ?? 'Show its profile'));
    return lenses;
  });
}

const ICONS: Readonly<Record<string, string>> = {
  succeeded: '$(pass)',
  cached: '$(pass)',
  failed: '$(error)',
  cancelled: '$(circle-slash)',
  skipped: '$(debug-step-over)',
  interrupted: '$(warning)',
  running: '$(loading~spin)',
};

function iconOf(status: string): string {
  return ICONS[status] ?? '$(clock)';
}
