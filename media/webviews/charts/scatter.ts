/** Runs as points: any column against any other. */
import { number, plain } from '../../../server/base/format.js';
import { h, s } from '../parts/dom.js';
import { whole } from '../parts/patch.js';
import { extent, scale, ticks } from '../shared/charts/axis.js';
import type { ChartHost, DrawnRuns } from './drawn-runs.js';
import { axisOf, textOf, type ValueAxis } from './run-values.js';

const WIDTH = 420;
const HEIGHT = 320;
const LEFT = 58;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 42;
/** Letters of a text on an axis. */
const MOST_LETTERS = 9;

interface Point {
  readonly at: number;
  readonly x: number;
  readonly y: number;
}

/** Where whole places of texts, or round numbers, are marked. */
function marksOf(axis: ValueAxis, low: number, high: number): readonly (readonly [number, string])[] {
  if (axis.categories === undefined) return ticks(low, high, 5).map((value) => [value, number(value)]);
  return axis.categories.map((text, at) => [at, plain(text, MOST_LETTERS)]);
}

export function scatter(runs: DrawnRuns, x: string, y: string, host: ChartHost): HTMLElement {
  const [xs, ys] = [runs.values(x), runs.values(y)];
  const [across, up] = [axisOf(xs), axisOf(ys)];
  const [xTitle, yTitle] = [host.words(x).title, host.words(y).title];
  const title = `${yTitle} by ${xTitle}`;
  if (across === undefined || up === undefined)
    return h(
      'p',
      { class: 'dim' },
      `Nothing to draw: too few runs have ${across === undefined ? xTitle : yTitle}.`,
    );
  const [x0, x1] = extent([across.low, across.high], 0.05);
  const [y0, y1] = extent([up.low, up.high], 0.06);
  const toX = scale(x0, x1, LEFT, WIDTH - RIGHT);
  const toY = scale(y0, y1, HEIGHT - BOTTOM, TOP);
  const points = runs.ids.flatMap((_, at): Point[] => {
    const [px, py] = [across.place(xs[at]), up.place(ys[at])];
    return px === undefined || py === undefined ? [] : [{ at, x: toX(px), y: toY(py) }];
  });
  // Chosen ones are drawn last, above the others.
  const isChosen = ({ at }: Point): boolean => runs.chosen.has(runs.ids[at] ?? '');
  const ordered = [...points.filter((point) => !isChosen(point)), ...points.filter(isChosen)];
  const marks = s('g', { class: 'marks' });
  const readout = h('output', { class: 'readout' });
  const svg = s(
    'svg',
    {
      ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', tabindex: 0 },
      'data-key': 'chart:scatter',
      'aria-label': `${title}: ${points.length} runs. Arrow keys read them, Space chooses one, Enter opens it.`,
    },
    ...marksOf(up, y0, y1).map(([value, words]) =>
      s(
        'g',
        { class: 'tick' },
        s('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: toY(value), y2: toY(value) }),
        s('text', { x: LEFT - 6, y: toY(value) + 3.5, 'text-anchor': 'end' }, words),
      ),
    ),
    ...marksOf(across, x0, x1).map(([value, words]) =>
      s('g', { class: 'tick' }, s('text', { x: toX(value), y: HEIGHT - 25, 'text-anchor': 'middle' }, words)),
    ),
    s('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    s(
      'text',
      { class: 'title', x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' },
      xTitle,
    ),
    ...ordered.map((point) =>
      s('circle', {
        class: isChosen(point) ? 'point chosen' : 'point',
        ...{ cx: point.x.toFixed(1), cy: point.y.toFixed(1), r: isChosen(point) ? 5 : 3.5 },
      }),
    ),
    marks,
  );
  const read = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  let current = -1;
  const show = (index: number): void => {
    current = Math.max(0, Math.min(read.length - 1, index));
    const point = read[current];
    if (point === undefined) return;
    marks.replaceChildren(s('circle', { class: 'cursor-ring', cx: point.x, cy: point.y, r: 7 }));
    const value = (values: readonly unknown[]): string => {
      const one = values[point.at];
      return typeof one === 'number' ? number(one) : plain(textOf(one), 30);
    };
    readout.textContent = `${runs.names[point.at] ?? ''}: ${xTitle} ${value(xs)}, ${yTitle} ${value(ys)}`;
  };
  const nearest = (event: MouseEvent): number => {
    const box = svg.getBoundingClientRect();
    const [px, py] = [
      ((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * HEIGHT,
    ];
    const far = (point: Point | undefined): number =>
      point === undefined ? Infinity : (point.x - px) ** 2 + (point.y - py) ** 2;
    return read.reduce((best, point, at) => (far(point) < far(read[best]) ? at : best), 0);
  };
  const idAt = (index: number): string | undefined => runs.ids[read[index]?.at ?? -1];
  svg.addEventListener('pointermove', (event) => show(nearest(event)));
  svg.addEventListener('pointerleave', () => {
    marks.replaceChildren();
    readout.textContent = '';
  });
  svg.addEventListener('click', (event) => {
    const id = idAt(nearest(event));
    if (id !== undefined) host.choose(id);
  });
  svg.addEventListener('dblclick', (event) => {
    const id = idAt(nearest(event));
    if (id !== undefined) host.open(id);
  });
  svg.addEventListener('keydown', (event) => {
    const id = idAt(current);
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      show(current + (event.key === 'ArrowRight' ? 1 : -1));
    else if (event.key === ' ' && id !== undefined) host.choose(id);
    else if (event.key === 'Enter' && id !== undefined) host.open(id);
    else return;
    event.preventDefault();
  });
  return whole(h('figure', { class: 'card' }, h('figcaption', {}, h('strong', {}, title), readout), svg));
}
