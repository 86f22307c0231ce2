/** The sentences about tasks and runs that the table, the plain lines and the summary share. */
import type { TaskProgress, Progress } from './progress.js';
import type { Style } from './style.js';
import { count, elapsed } from './text.js';

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

/** The last words about a run: what ran, what did not have to, how long, where it failed and where to look. */
export function summary(progress: Progress, logOf: (task: string) => string, style: Style): string[] {
  const lines: string[] = [];
  for (const task of progress.tasks.values()) {
    if (task.state === 'failed') lines.push(...failure(task, logOf(task.id), style));
  }
  const counts = progress.counts();
  const parts: string[] = [];
  const part = (state: string, word: string): void => {
    const number = counts.get(state) ?? 0;
    if (number > 0) parts.push(`${number} ${word}`);
  };
  part('succeeded', 'ran');
  part('cached', 'cached');
  part('failed', 'failed');
  part('cancelled', 'cancelled');
  part('skipped', 'skipped');
  part('queued', 'not started');
  const status = progress.ended?.status ?? 'failed';
  const paint = status === 'succeeded' ? style.green : status === 'failed' ? style.red : style.yellow;
  const time = elapsed(Date.now() - progress.startedMs);
  lines.push(
    `${paint(style.bold(`${progress.pipeline} ${status}`))} in ${time}: ` +
      `${count(progress.tasks.size, 'task')}${parts.length > 0 ? `, ${parts.join(', ')}` : ''}` +
      style.dim(` (run ${progress.runId})`),
  );
  if (progress.ended?.error !== undefined && (counts.get('failed') ?? 0) === 0) {
    lines.push(paint(progress.ended.error));
  }
  return lines;
}

function failure(task: TaskProgress, log: string, style: Style): string[] {
  const ended = task.ended;
  const lines = ['', style.red(style.bold(`${task.id} failed: ${ended?.error ?? 'for a reason unknown'}`))];
  for (const check of ended?.checks ?? []) {
    if (!check.passed)
      lines.push(`  ✗ ${check.text}${check.detail === undefined ? '' : ` — ${check.detail}`}`);
  }
  if (task.tail.length > 0) {
    lines.push(...task.tail.map((line) => `${style.dim('  │')} ${line}`), style.dim(`  log: ${log}`));
  }
  lines.push('');
  return lines;
}
