/** The sentences about tasks and runs that the table, the plain lines and the summary share. */
import { display } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';
import { plural } from '../../base/format.js';
import { formatBytes } from '../../definition/text/units.js';
import type { PlannedTask } from '../../runner/plan/plan.js';
import type { Question } from '../../stores/approvals/approvals.js';
import type { ApprovalRecord } from '../../stores/runs/document.js';
import type { TaskProgress, Progress } from './progress.js';
import type { Style } from './style.js';
import { elapsed } from './text.js';

/** A mark, and a word or two: how a task ended. */
export function outcome(task: TaskProgress, style: Style): { mark: string; word: string } {
  const time =
    task.startedMs === undefined || task.endedMs === undefined
      ? ''
      : ` ${elapsed(task.endedMs - task.startedMs)}`;
  switch (task.state) {
    case 'succeeded':
      return {
        mark: style.green('✓'),
        word: `done${time}${task.attempt > 1 ? ` at attempt ${task.attempt}` : ''}`,
      };
    case 'cached':
      return {
        mark: style.green('●'),
        word: task.decision === 'restore' ? 'restored from the cache' : 'up to date',
      };
    case 'failed':
      return task.ended?.tolerated === true
        ? { mark: style.yellow('✗'), word: `failed${time}, tolerated` }
        : { mark: style.red('✗'), word: `failed${time}` };
    case 'cancelled':
      return { mark: style.yellow('■'), word: `cancelled${time}` };
    case 'skipped':
      return { mark: style.dim('○'), word: 'skipped' };
    default:
      return { mark: style.blue('▶'), word: task.state };
  }
}

const PYTHON_SOURCES: Readonly<Record<string, string>> = {
  task: 'as the task says',
  pipeline: 'as the pipeline says',
  project: 'as modelyard.yaml says',
  editor: 'selected in the editor',
  folder: 'of the project',
  activated: 'active in the shell',
  path: 'from the PATH',
};

/** `Python 3.12.4 (.venv, of the project)` */
export function pythonWords(python: {
  readonly name: string;
  readonly version?: string;
  readonly source: string;
}): string {
  const version = python.version === undefined ? '' : ` ${python.version}`;
  return `Python${version} (${python.name}, ${PYTHON_SOURCES[python.source] ?? python.source})`;
}

/** A question to people: whom, and the first lines of what is asked. */
export function questionLines({
  prompt,
  who,
  count: needed,
  environment,
  changed,
}: ApprovalRecord): string[] {
  const people = who.length === 0 ? 'anybody' : who.join(', ');
  const head = needed > 1 ? `${needed} of ${people} have to approve` : `waits for the approval of ${people}`;
  const where = environment === undefined ? '' : `, as ${environment} demands`;
  const lines = prompt.split('\n').filter((line) => line.trim() !== '');
  const more = lines.length > QUESTION_LINES ? ['…'] : [];
  const anew = changed === undefined ? [] : [changedLine(changed)];
  return [`${head}${where}:`, ...anew, ...lines.slice(0, QUESTION_LINES).map((line) => `  ${line}`), ...more];
}

const QUESTION_LINES = 8;

/** Why a question is asked anew. */
export function changedLine(changed: readonly string[]): string {
  return `asked anew, because of what has changed: ${changed.join('; ')}`;
}

/** Whether enough people have approved, or one has not. */
export function isAnswered({ answers, count: needed }: ApprovalRecord): boolean {
  return (
    answers.some(({ verdict }) => verdict !== 'approved') ||
    answers.filter(({ verdict }) => verdict === 'approved').length >= needed
  );
}

/** The newest answer to a question. */
export function answerLine({ answers, count: needed }: ApprovalRecord): string {
  const last = answers.at(-1);
  if (last === undefined) return 'not answered yet';
  if (last.verdict === 'timed-out') return 'nobody answered in time';
  const comment = last.comment === undefined ? '' : `: ${last.comment}`;
  const approved = answers.filter((answer) => answer.verdict === 'approved').length;
  const of = needed > 1 && last.verdict === 'approved' ? ` (${approved} of ${needed})` : '';
  return `${last.verdict} by ${last.by}${of}${comment}`;
}

/** What a run waits for when nothing of it runs, and how it goes on. */
export function waitingLines(progress: Progress, style: Style): string[] {
  const { waiting } = progress;
  if (waiting === undefined) return [];
  const tasks = waiting.tasks.join(', ');
  const lines = [
    style.yellow(style.bold(`${progress.pipeline} waits for approval of ${tasks}`)) +
      style.dim(` (run ${progress.runId})`),
  ];
  for (const task of waiting.tasks) {
    const known = progress.tasks.get(task);
    if (known?.approval === undefined) {
      // What it waits for is asked by a run of its own.
      lines.push(`  ${task}: ${known?.reasons.join('; ') ?? 'waits'}`);
      continue;
    }
    lines.push(`  modelyard approve ${progress.runId} ${task}   or reject, with --comment TEXT`);
  }
  if (waiting.parked)
    lines.push(`  modelyard run ${progress.pipeline} --resume ${progress.runId}   to continue`);
  return lines;
}

/** The last words about a run: what ran, what did not have to, how long, where it failed and where to look. */
export function summary(progress: Progress, logOf: (task: string) => string, style: Style): string[] {
  const lines: string[] = [];
  for (const task of progress.tasks.values()) {
    if (task.state === 'failed') lines.push(...failure(task, logOf(task.id), style));
  }
  const status = progress.ended?.status ?? 'failed';
  const paint = status === 'succeeded' ? style.green : status === 'failed' ? style.red : style.yellow;
  const time = elapsed(Date.now() - progress.startedMs);
  lines.push(
    `${paint(style.bold(`${progress.pipeline} ${status}`))} in ${time}: ` +
      `${plural(progress.tasks.size, 'task')}${runCounts(progress)}` +
      style.dim(` (run ${progress.runId})`),
  );
  if (progress.ended?.error !== undefined && !progress.counts().has('failed')) {
    lines.push(paint(progress.ended.error));
  }
  return lines;
}

/** `, 3 ran, 4 cached`: how many tasks ended how. Empty where there are none. */
export function runCounts(progress: Progress): string {
  const counts = progress.counts();
  const words = {
    succeeded: 'ran',
    cached: 'cached',
    failed: 'failed',
    cancelled: 'cancelled',
    skipped: 'skipped',
    waiting: 'waiting',
    queued: 'not started',
  };
  return Object.entries(words)
    .map(([state, word]) => (counts.has(state) ? `, ${counts.get(state) ?? 0} ${word}` : ''))
    .join('');
}

/** How many tasks of a plan would do something. */
export function planWords(tasks: readonly PlannedTask[]): string {
  const of = (decision: PlannedTask['decision']): number =>
    tasks.filter((task) => task.decision === decision).length;
  const restored = of('restore') > 0 ? `, ${of('restore')} would be restored` : '';
  return `${plural(of('run'), 'task')} of ${tasks.length} would run${restored}`;
}

/** The checks of a task that did not hold, with what was found instead. */
export function failedChecks(task: TaskProgress): string[] {
  return (task.ended?.checks ?? []).flatMap(({ passed, text, detail }) =>
    passed ? [] : [`✗ ${text}${detail === undefined ? '' : ` — ${detail}`}`],
  );
}

function failure(task: TaskProgress, log: string, style: Style): string[] {
  const ended = task.ended;
  const lines = ['', style.red(style.bold(`${task.id} failed: ${ended?.error ?? 'for a reason unknown'}`))];
  lines.push(...failedChecks(task).map((line) => `  ${line}`));
  if (task.tail.length > 0) {
    lines.push(...task.tail.map((line) => `${style.dim('  │')} ${line}`), style.dim(`  log: ${log}`));
  }
  lines.push('');
  return lines;
}

/** What there is to look at before a question is answered. */
export function factLines(
  facts: Pick<Question, 'artifacts' | 'metrics' | 'comparison'>,
  style: Style,
): string[] {
  const lines = facts.metrics.map(({ name, value }) => `${name} = ${show(value)}`);
  const { comparison } = facts;
  if (comparison !== undefined) {
    const { candidate, current, rows } = comparison;
    lines.push(current === undefined ? `${candidate}, the first one` : `${candidate} against ${current}:`);
    for (const { metric, current: before, candidate: now, verdict } of rows) {
      const paint = verdict === undefined ? style.dim : verdict === 'better' ? style.green : style.red;
      const from = current === undefined ? '' : `${before === undefined ? 'none' : show(before)} → `;
      const word = verdict === undefined ? '' : ` ${paint(verdict)}`;
      lines.push(`  ${metric}: ${from}${now === undefined ? 'none' : show(now)}${word}`);
    }
  }
  for (const { path, bytes } of facts.artifacts) {
    lines.push(`look at ${path}${bytes === undefined ? '' : style.dim(` (${formatBytes(bytes)})`)}`);
  }
  return lines;
}

function show(value: Json): string {
  return display(value);
}
