/** Drift of each feature: a table with the newest figures, and beside each what it was over time. */
import type { ServiceMetrics } from '../../../../server/protocol/index.js';
import { scale } from '../../shared/charts/axis.js';
import { duration, plain } from '../../../../server/base/format.js';
import { measureText } from '../../shared/measures.js';
import {
  driftRows,
  driftSummary,
  gapText,
  type DriftRow,
  type DriftVerdict,
} from '../../shared/service-view.js';
import { momentText } from '../../shared/charts/time-axis.js';
import { h, icon, s } from '../dom.js';
import { whole } from '../patch.js';
import { drawLine, readable, type TimeFrame } from '../charts/time-chart.js';

const WIDTH = 260;
const HEIGHT = 44;
const PAD = 3;

const ICONS: Readonly<Record<DriftVerdict, readonly [icon: string, tone: string]>> = {
  moved: ['warning', 'tone-bad'],
  shifted: ['info', 'tone-wait'],
  steady: ['pass', 'tone-ok'],
  chance: ['question', 'tone-off'],
  unknown: ['circle-slash', 'tone-off'],
};

export function driftSection(metrics: ServiceMetrics, frame: TimeFrame): HTMLElement {
  const rows = driftRows(metrics);
  const { gap } = metrics.drift;
  return h(
    'section',
    { 'aria-label': 'Drift', class: 'drift' },
    h('h2', {}, icon('graph-scatter'), 'Drift against the training set'),
    gap === undefined
      ? h('p', {}, driftSummary(rows))
      : h('p', { class: 'nothing dim' }, icon('info'), h('span', {}, gapText(gap))),
    rows.length === 0 || gap !== undefined ? undefined : table(rows, frame),
  );
}

function table(rows: readonly DriftRow[], frame: TimeFrame): HTMLElement {
  const heads: readonly (readonly [text: string, title: string, kind?: string])[] = [
    ['Feature', 'A field of the requests or of the answers'],
    ['', 'What the figures come to'],
    ['PSI', 'Population stability index: from 0.1 worth a look, from 0.2 a drift', 'value'],
    ['KS', 'Kolmogorov–Smirnov’s D: the largest distance of the two distributions, of numbers', 'value'],
    ['Values', 'That were looked at', 'value'],
    ['Over time', 'PSI in this window; the dashed line is the limit'],
  ];
  return whole(
    h(
      'div',
      { class: 'scroll card' },
      h(
        'table',
        { class: 'drift-table' },
        h('caption', { class: 'said' }, 'Drift of each feature, the largest first'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...heads.map(([text, title, kind = '']) =>
              h('th', { scope: 'col', class: `dim ${kind}`.trim(), title }, text),
            ),
          ),
        ),
        h('tbody', {}, ...rows.map((row) => tableRow(row, frame))),
      ),
    ),
  );
}

function tableRow(row: DriftRow, frame: TimeFrame): HTMLElement {
  const { feature, latest, verdict, words, rule, overMs, kind } = row;
  const [glyph, tone] = ICONS[verdict];
  const psi = h('td', { class: 'value', 'data-name': 'PSI' });
  const ks = h('td', { class: 'value', 'data-name': 'KS' });
  const values = h('td', { class: 'value', 'data-name': 'values' });
  const fill = (at: number | undefined): void => {
    const point = at === undefined ? latest : row.points.findLast((one) => one.at <= at);
    psi.textContent = point === undefined ? '–' : measureText('score', point.psi);
    ks.textContent = point?.ks === undefined ? '–' : measureText('score', point.ks);
    values.textContent = point === undefined ? '–' : point.rows.toLocaleString('en-US');
  };
  frame.add(fill);
  fill(undefined);
  return h(
    'tr',
    { 'data-feature': feature },
    h(
      'th',
      {
        scope: 'row',
        title: `${kind === 'number' ? 'Numbers' : 'Categories'}, each measure over ${duration(overMs)}`,
      },
      plain(feature, 60),
      rule === undefined ? undefined : h('span', { class: 'dim mono rule' }, plain(rule, 60)),
    ),
    h('td', { class: 'verdict' }, icon(glyph, tone), words),
    psi,
    ks,
    values,
    h('td', { class: 'spark-cell' }, spark(row, frame)),
  );
}

function spark({ feature, points, bound, latest, words }: DriftRow, frame: TimeFrame): Element {
  if (latest === undefined) return h('span', { class: 'dim' }, '–');
  const highest = Math.max(bound, ...points.map(({ psi }) => psi)) * 1.1;
  const x = scale(frame.from, frame.to, PAD, WIDTH - PAD);
  const y = scale(0, highest, HEIGHT - PAD, PAD);
  const inside = (at: number): number => Math.max(PAD, Math.min(WIDTH - PAD, x(at)));
  const cursor = s('g', {});
  const line = {
    name: 'PSI',
    color: 0,
    dash: 0,
    points: points.map(({ at, psi }) => ({ at, value: psi })),
  };
  const svg = s(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'chart spark',
      role: 'img',
      tabindex: 0,
      'data-key': `drift:${feature}`,
      'aria-label': `PSI of ${feature}: ${measureText('score', latest.psi)} at ${momentText(latest.at, frame.stepMs)}, ${words}; limit ${measureText('score', bound)}. Arrow keys read the values.`,
    },
    s('line', { class: 'axis', x1: PAD, x2: WIDTH - PAD, y1: HEIGHT - PAD, y2: HEIGHT - PAD }),
    ...frame.marks.map((mark) =>
      s('line', { class: 'mark-line', x1: inside(mark.at), x2: inside(mark.at), y1: PAD, y2: HEIGHT - PAD }),
    ),
    s('g', { class: 'threshold' }, s('line', { x1: PAD, x2: WIDTH - PAD, y1: y(bound), y2: y(bound) })),
    // It is measured once a minute, or once a point.
    ...drawLine(line, Math.max(frame.gapMs, 3 * 60_000), { x: inside, y }),
    cursor,
  );
  frame.add((at) => {
    const point = at === undefined ? undefined : points.findLast((one) => one.at <= at);
    cursor.replaceChildren(
      ...(at === undefined
        ? []
        : [s('line', { class: 'cursor', x1: inside(at), x2: inside(at), y1: PAD, y2: HEIGHT - PAD })]),
      ...(point === undefined
        ? []
        : [s('circle', { class: 'dot color-0', cx: inside(point.at), cy: y(point.psi), r: 2.5 })]),
    );
  });
  readable(
    svg,
    frame,
    (place) => frame.from + ((place - PAD) / (WIDTH - 2 * PAD)) * (frame.to - frame.from),
    WIDTH,
  );
  return svg;
}
