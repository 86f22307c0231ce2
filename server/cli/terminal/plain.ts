/** A run as plain lines, `[task] …`, for pipes and CI. */
import type { EventSink, RunEvent } from '../../stores/runs/events.js';
import type { Output } from '../output.js';
import { Progress, isRepeated } from './progress.js';
import type { Style } from './style.js';
import { plural } from '../../base/format.js';
import { afterReturns, tame } from './text.js';
import { answerLine, isAnswered, outcome, questionLines, summary, waitingLines } from './words.js';

/** Characters that are written in one go: what is held takes memory, and lines may be long. */
const MOST_HELD = 64 * 1024;

export function plainSink(
  output: Output,
  style: Style,
  logOf: (run: string, task: string) => string,
): EventSink {
  const progress = new Progress();
  // Lines that come in one go are written in one go: 200 tasks with nothing to do are one system call.
  let held: string[] = [];
  let characters = 0;
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    if (held.length > 0) output.write(`${held.join('\n')}\n`);
    held = [];
    characters = 0;
  };
  const line = (text: string): void => {
    held.push(text);
    characters += text.length;
    if (characters >= MOST_HELD) flush();
    else if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  };
  const say = (id: string, text: string): void => line(`${style.cyan(`[${id}]`)} ${text}`);
  const show = (id: string, lines: readonly string[]): void => {
    for (const one of lines) say(id, tame(afterReturns(one), style.colours));
  };
  return (event: RunEvent): void => {
    if (isRepeated(progress, event)) return;
    const lines = progress.apply(event);
    switch (event.type) {
      case 'run-created':
        line(style.dim(`run ${event.run.id}: ${event.run.pipeline}, ${plural(event.tasks.length, 'task')}`));
        return;
      case 'notice': {
        const paint =
          event.level === 'error' ? style.red : event.level === 'warning' ? style.yellow : style.dim;
        line(paint(event.level === 'info' ? event.message : `${event.level}: ${event.message}`));
        // Someone may be about to wait; let them know why at once.
        flush();
        return;
      }
      case 'task-output':
        show(event.id, lines);
        return;
      case 'task-waiting':
        say(event.id, style.yellow(`waiting: ${event.reason}`));
        return;
      case 'approval-requested':
        // A run that is resumed finds the answer there.
        if (isAnswered(event.approval)) return;
        for (const one of questionLines(event.approval)) say(event.id, style.yellow(tame(one, false)));
        flush();
        return;
      case 'approval-answered':
        say(event.id, tame(answerLine(event.approval), false));
        flush();
        return;
      case 'run-waiting':
        for (const text of waitingLines(progress, style)) line(text);
        flush();
        return;
      case 'task-started':
        if (event.attempt === 1) {
          const reasons = progress.tasks.get(event.id)?.reasons ?? [];
          const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
          // Where a queue was waited in, the reasons are those of the queue, and have been said.
          say(event.id, style.dim(event.node === undefined ? `started${why}` : `started on ${event.node}`));
        } else say(event.id, style.dim(`started again, attempt ${event.attempt}`));
        return;
      case 'task-retrying':
        say(event.id, style.yellow(`${event.error}; again in ${event.delayMs / 1000}s`));
        return;
      case 'task-ended': {
        show(event.id, progress.rest(event.id));
        const task = progress.tasks.get(event.id);
        if (task === undefined) return;
        const { mark, word } = outcome(task, style);
        const why =
          event.error ?? event.note ?? (event.status === 'skipped' ? task.reasons.join('; ') : undefined);
        say(event.id, `${mark} ${word}${why === undefined || why === '' ? '' : `: ${why}`}`);
        return;
      }
      case 'run-ended':
        for (const text of summary(progress, (task) => logOf(progress.runId, task), style)) line(text);
        flush();
        return;
      case 'run-started':
      case 'task-submitted':
      case 'task-planned':
      case 'metric-logged':
      case 'client-run-began':
        return;
    }
  };
}
