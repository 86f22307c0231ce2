/** Code lenses: run, plan and look at a pipeline and each of its tasks, and how they went the last time. */
import { ago } from './markdown.js';
import { nowOf } from './describe.js';
import type { CodeLens, CommandReference, IdeContext } from './types.js';

/** More tasks than this, and only the pipeline has lenses: thousands of them make an editor slow. */
const TASK_LIMIT = 1_000;

export function codeLenses(context: IdeContext): CodeLens[] {
  if (context.definition.kind !== 'pipeline') return [];
  const { pipeline } = context.definition;
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
  if (pipeline.tasks.length > TASK_LIMIT) return lenses;
  for (const task of pipeline.tasks) {
    const on = task.nameSpan;
    add(
      on,
      '$(play) Run',
      { command: 'modelyard.runTask', task: task.name },
      `Run ${task.name} and what it depends on`,
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
