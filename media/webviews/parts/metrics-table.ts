/** The measurements as a table, and what has changed as a list: the same for who can't see the charts, or wants the figures. */
import type { ReleaseMark, ServiceMetrics } from '../../../server/protocol/index.js';
import { localDateTime, plain } from '../../../server/base/format.js';
import { measureText, type Unit } from '../shared/measures.js';
import { momentText } from '../shared/charts/time-axis.js';
import { h } from './dom.js';
import type { TimeFrame } from './charts/time-chart.js';

/** Changes that are listed before “and so many earlier”. */
const MOST_MARKS = 12;

export function metricsTable({ points }: ServiceMetrics, frame: TimeFrame): HTMLElement {
  const heads = [
    'Until',
    'Requests',
    'Rate',
    'Errors',
    'p50',
    'p95',
    'p99',
    'Memory',
    'Processor',
    'Changes',
  ];
  const cell = (unit: Unit, value: number | undefined): HTMLElement =>
    h('td', { class: 'value' }, value === undefined ? '–' : measureText(unit, value));
  return h(
    'div',
    {
      class: 'scroll card table-view',
      tabindex: 0,
      'data-key': 'table',
      role: 'region',
      'aria-label': 'Measurements',
    },
    h(
      'table',
      {},
      h('caption', { class: 'said' }, 'Measurements of the window, the newest first'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...heads.map((text, index) =>
            h(
              'th',
              { scope: 'col', class: index > 0 && index < heads.length - 1 ? 'dim value' : 'dim' },
              text,
            ),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        ...points.toReversed().map((point) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row', class: 'moment' }, momentText(point.at, frame.stepMs)),
            h('td', { class: 'value' }, point.requests.toLocaleString('en-US')),
            cell('rate', point.rate),
            cell('share', point.errorRate),
            cell('ms', point.p50),
            cell('ms', point.p95),
            cell('ms', point.p99),
            cell('bytes', point.memoryBytes),
            cell('cores', point.cpu),
            h(
              'td',
              {},
              frame
                .marksAt(point.at)
                .map(({ number, mark }) => `${number}: ${plain(mark.text, 80)}`)
                .join('; '),
            ),
          ),
        ),
      ),
    ),
  );
}

/** What the numbers in the charts stand for. */
export function changes(marks: readonly ReleaseMark[]): HTMLElement | undefined {
  if (marks.length === 0) return undefined;
  const left = Math.max(0, marks.length - MOST_MARKS);
  return h(
    'ol',
    { class: 'changes', 'aria-label': 'Changes of releases' },
    left === 0 ? undefined : h('li', { class: 'dim' }, `and ${left} earlier`),
    ...marks
      .slice(left)
      .map((mark, index) =>
        h(
          'li',
          {},
          h('span', { class: `number mark-${mark.kind}` }, String(left + index + 1)),
          h('span', { class: 'dim moment' }, localDateTime(new Date(mark.at).toISOString())),
          h(
            'span',
            mark.release === undefined ? {} : { title: `Release ${mark.release}` },
            plain(mark.text, 200),
          ),
          mark.reason === undefined ? undefined : h('span', { class: 'dim' }, `– ${plain(mark.reason, 200)}`),
          mark.who === undefined ? undefined : h('span', { class: 'dim' }, `by ${plain(mark.who, 80)}`),
        ),
      ),
  );
}
