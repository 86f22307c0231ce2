/** When each task of a run ran: one bar a task on a common time axis. */
import type { RunView, TaskRunView } from '../../../../server/protocol/index.js';
import { ticks } from '../../shared/charts/axis.js';
import { duration, elapsed, plain } from '../../../../server/base/format.js';
import { isActive, look } from '../../shared/status.js';
import { h, statusIcon } from '../dom.js';
import { on } from '../patch.js';

function span(task: TaskRunView, from: number, now: number): { start: number; length: number } | undefined {
  if (task.startedAt === undefined) return undefined;
  const start = Date.parse(task.startedAt) - from;
  const length = elapsed(task.startedAt, task.endedAt, now);
  return Number.isNaN(start) || length === undefined ? undefined : { start: Math.max(0, start), length };
}

function rowText(task: TaskRunView, now: number): string {
  const time = elapsed(task.startedAt, task.endedAt, now);
  if (task.status === 'cached' || task.status === 'skipped' || task.status === 'queued')
    return look(task.status).word;
  return time === undefined
    ? look(task.status).word
    : duration(isActive(task.status) ? Math.floor(time / 1000) * 1000 : time);
}

/** @param choose is called with the task that was clicked */
export function timeline(
  run: RunView,
  now: number,
  chosen: string | undefined,
  choose: (task: string) => void,
): HTMLElement {
  const from = Date.parse(run.createdAt);
  const total = Math.max(1, elapsed(run.createdAt, run.endedAt, now) ?? 1);
  const grid = ticks(0, total, 5).filter((at) => at > 0 && at < total * 0.97);
  const percent = (ms: number): string => `${Math.min(100, (ms / total) * 100).toFixed(3)}%`;
  const rows = run.tasks.map((task) => {
    const where = span(task, from, now);
    const track = h('span', { class: 'track' });
    for (const at of grid) {
      const line = h('span', { class: 'grid' });
      line.style.left = percent(at);
      track.append(line);
    }
    if (where) {
      const bar = h('span', { class: `span status-${task.status}` });
      bar.style.left = percent(where.start);
      bar.style.width = `max(3px, ${percent(where.length)})`;
      track.append(bar);
    }
    const text = rowText(task, now);
    const row = h(
      'button',
      {
        type: 'button',
        class: 'row',
        'data-key': `row:${task.id}`,
        'aria-pressed': String(task.id === chosen),
        title: [task.error, ...task.reasons]
          .flatMap((words) => (words === undefined ? [] : plain(words, 200)))
          .join('\n'),
      },
      h('span', { class: 'who' }, statusIcon(task.status), h('span', { class: 'name' }, plain(task.id, 80))),
      h('span', { class: 'said' }, `, ${look(task.status).word}, `),
      track,
      h('span', { class: 'long' }, text),
      h('span', { class: 'said' }, '. Shows details and log.'),
    );
    on(row, 'click', () => choose(task.id));
    return row;
  });
  const axis = h('span', { class: 'track axis' });
  for (const at of grid) {
    const label = h('span', { class: 'at' }, duration(at));
    label.style.left = percent(at);
    axis.append(label);
  }
  return h(
    'div',
    { class: 'timeline' },
    ...rows,
    h(
      'div',
      { class: 'row foot', 'aria-hidden': 'true' },
      h('span', { class: 'who' }),
      axis,
      h('span', { class: 'long' }),
    ),
  );
}
