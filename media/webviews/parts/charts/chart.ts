/** Line charts in SVG: axes with round numbers, one or more lines, and the values under the pointer or the arrow keys. */
import { number } from '../../../../server/base/format.js';
import { h, s } from '../dom.js';
import { whole } from '../patch.js';
import { extent, scale, ticks } from '../../shared/charts/axis.js';

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
  /** 0 … 5: a colour of the theme. */
  readonly color: number;
}

const WIDTH = 420;
const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;
/** More points than pixels say nothing more. */
const MOST_POINTS = 1200;

function thinned(points: Line['points']): Line['points'] {
  if (points.length <= MOST_POINTS) return points;
  const every = points.length / MOST_POINTS;
  return Array.from({ length: MOST_POINTS }, (_, index) => points[Math.floor(index * every)]).flatMap(
    (point) => point ?? [],
  );
}

/** @param title what the values are; also what a screen reader says */
export function lineChart(title: string, lines: readonly Line[]): HTMLElement {
  const drawn = lines.map((line) => ({
    ...line,
    points: thinned(line.points.filter(({ value }) => Number.isFinite(value))),
  }));
  const all = drawn.flatMap((line) => line.points);
  const [x0, x1] = extent(
    all.map((point) => point.step),
    0,
  );
  const [y0, y1] = extent(
    all.map((point) => point.value),
    0.06,
  );
  const x = scale(x0, x1, LEFT, WIDTH - RIGHT);
  const y = scale(y0, y1, HEIGHT - BOTTOM, TOP);
  const marks = s('g', { class: 'marks' });
  /** Beside the names: the last value, or the one under the pointer. */
  const values = drawn.map((line) =>
    h('span', { class: 'reading' }, number(line.points.at(-1)?.value ?? NaN)),
  );
  const readout = h('output', { class: 'readout' });
  const latest = drawn
    .map(
      (line) =>
        `${line.name} ${number(line.points.at(-1)?.value ?? NaN)} at step ${line.points.at(-1)?.step ?? 0}`,
    )
    .join(', ');
  const svg = s(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'chart',
      role: 'img',
      tabindex: 0,
      'data-key': `chart:${title}`,
      'aria-label': `${title}: ${latest}. Arrow keys read the values.`,
    },
    ...ticks(y0, y1, 5).map((value) =>
      s(
        'g',
        { class: 'tick' },
        s('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
        s('text', { x: LEFT - 6, y: y(value) + 3.5, 'text-anchor': 'end' }, number(value)),
      ),
    ),
    ...ticks(x0, x1, 6)
      .filter((value) => Number.isInteger(value) || x1 - x0 < 1)
      .map((value) =>
        s(
          'g',
          { class: 'tick' },
          s('text', { x: x(value), y: HEIGHT - 8, 'text-anchor': 'middle' }, number(value)),
        ),
      ),
    s('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    ...drawn.map((line) =>
      line.points.length === 1
        ? s('circle', {
            class: `dot color-${line.color}`,
            cx: x(line.points[0]?.step ?? 0),
            cy: y(line.points[0]?.value ?? 0),
            r: 3,
          })
        : s('polyline', {
            class: `line color-${line.color} dashed-${line.color}`,
            points: line.points
              .map((point) => `${x(point.step).toFixed(1)},${y(point.value).toFixed(1)}`)
              .join(' '),
          }),
    ),
    marks,
  );
  const steps = [...new Set(all.map((point) => point.step))].sort((a, b) => a - b);
  let at = steps.length - 1;
  const show = (index: number): void => {
    at = Math.max(0, Math.min(steps.length - 1, index));
    const step = steps[at];
    if (step === undefined) return;
    const found = drawn.flatMap((line) => {
      const point = line.points.find((one) => one.step === step);
      return point ? [{ line, point }] : [];
    });
    marks.replaceChildren(
      s('line', { class: 'cursor', x1: x(step), x2: x(step), y1: TOP, y2: HEIGHT - BOTTOM }),
      ...found.map(({ line, point }) =>
        s('circle', { class: `dot color-${line.color}`, cx: x(step), cy: y(point.value), r: 3.5 }),
      ),
    );
    const [only] = found;
    readout.replaceChildren(
      `step ${number(step)}`,
      lines.length > 1 || !only ? '' : `: ${number(only.point.value)}`,
    );
    drawn.forEach((line, index) => {
      const value = found.find((one) => one.line === line)?.point.value;
      const cell = values[index];
      if (cell) cell.textContent = value === undefined ? '–' : number(value);
    });
  };
  const hide = (): void => {
    marks.replaceChildren();
    readout.replaceChildren();
    drawn.forEach((line, index) => {
      const cell = values[index];
      if (cell) cell.textContent = number(line.points.at(-1)?.value ?? NaN);
    });
  };
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const step =
      x0 + ((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - RIGHT - LEFT)) * (x1 - x0);
    let nearest = 0;
    steps.forEach((one, index) => {
      if (Math.abs(one - step) < Math.abs((steps[nearest] ?? 0) - step)) nearest = index;
    });
    show(nearest);
  });
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    show(at + (event.key === 'ArrowRight' ? 1 : -1));
  });
  const legend =
    lines.length > 1
      ? h(
          'div',
          { class: 'keys' },
          ...lines.map((line, index) =>
            h(
              'span',
              { class: 'entry' },
              h('span', { class: `key color-${line.color}` }),
              h('span', { class: 'who' }, line.name),
              values[index],
            ),
          ),
        )
      : undefined;
  return whole(
    h('figure', { class: 'card' }, h('figcaption', {}, h('strong', {}, title), readout), svg, legend),
  );
}
