/** Runs as lines over parallel axes, one for each column, of which parts are brushed: what lies outside of one is dimmed. */
import { number, plain } from '../../../server/base/format.js';
import { button, h, s } from '../parts/dom.js';
import { whole } from '../parts/patch.js';
import { extent, scale } from '../shared/charts/axis.js';
import type { ChartHost, DrawnRuns } from './drawn-runs.js';
import { axisOf, filterOf, type Brush, type ValueAxis } from './run-values.js';

const HEIGHT = 320;
const TOP = 44;
const BOTTOM = 22;
const SIDE = 46;
/** Pixels between axes. */
const GAP = 92;
/** A press that is no pull, in pixels. */
const LEAST_PULL = 4;
/** One of so many parts of an axis by a key. */
const PARTS = 20;

interface Axis extends ValueAxis {
  readonly column: string;
  readonly title: string;
  readonly x: number;
  readonly from: number;
  readonly to: number;
  readonly toY: (place: number) => number;
  readonly values: readonly unknown[];
}

/**
 * @param columns the axes, from left to right
 * @param brushes kept while the chart is drawn anew
 * @param target colours lines from its least to its greatest; one of the columns
 */
export function parallel(
  runs: DrawnRuns,
  columns: readonly string[],
  target: string | undefined,
  brushes: Map<string, Brush>,
  host: ChartHost,
): HTMLElement {
  const known = columns.flatMap((column) => {
    const values = runs.values(column);
    const axis = axisOf(values);
    return axis === undefined ? [] : [{ column, values, axis }];
  });
  const axes = known.map(({ column, values, axis }, at): Axis => {
    const [from, to] = extent([axis.low, axis.high], 0);
    const toY = scale(from, to, HEIGHT - BOTTOM, TOP);
    return { ...axis, column, values, title: host.words(column).title, x: SIDE + at * GAP, from, to, toY };
  });
  for (const column of brushes.keys())
    if (axes.every((axis) => axis.column !== column)) brushes.delete(column);
  if (axes.length < 2)
    return h('p', { class: 'dim' }, 'Nothing to draw: show two columns at least that runs have values in.');
  const width = 2 * SIDE + (axes.length - 1) * GAP;
  const byTarget = axes.find(({ column }) => column === target);
  const lines = runs.ids.map((id, at) => {
    const places = axes.map((axis) => axis.place(axis.values[at]));
    let path = '';
    places.forEach((place, nth) => {
      const axis = axes[nth];
      if (place === undefined || axis === undefined) return;
      // A line is broken where a run has no value.
      const isFirst = nth === 0 || places[nth - 1] === undefined;
      path += `${isFirst ? 'M' : 'L'}${axis.x} ${axis.toY(place).toFixed(1)}`;
    });
    const own = byTarget?.place(byTarget.values[at]);
    const share =
      byTarget === undefined || own === undefined
        ? 0.5
        : (own - byTarget.from) / (byTarget.to - byTarget.from);
    const element = s('path', { class: `run-line${runs.chosen.has(id) ? ' chosen' : ''}`, d: path });
    element.style.setProperty('--share', `${Math.round(share * 100)}%`);
    return { at, id, places, element };
  });
  const readout = h('output', { class: 'readout' });
  const bands = new Map(axes.map(({ column }) => [column, s('rect', { class: 'brush' })]));
  const isIn = ({ places }: (typeof lines)[number]): boolean =>
    axes.every(({ column }, nth) => {
      const brush = brushes.get(column);
      const place = places[nth];
      return brush === undefined || (place !== undefined && place >= brush[0] && place <= brush[1]);
    });
  const narrow = button('filter', 'Filter Table', () =>
    host.filter(filterOf(brushes, (column) => axes.find((axis) => axis.column === column)?.categories)),
  );
  const clear = button('clear-all', 'Clear Brushes', () => {
    brushes.clear();
    mark();
  });
  const groups = axes.map((axis) => axisGroup(axis));

  function mark(): void {
    let count = 0;
    for (const line of lines) {
      const within = isIn(line);
      count += Number(within);
      line.element.classList.toggle('out', !within);
    }
    axes.forEach(({ column, toY, x, title, categories }, nth) => {
      const band = bands.get(column);
      const brush = brushes.get(column);
      if (band === undefined) return;
      band.toggleAttribute('hidden', brush === undefined);
      const said = (place: number): string => categories?.[Math.round(place)] ?? number(place);
      const words = brush === undefined ? 'all' : `${said(brush[0])} to ${said(brush[1])}`;
      groups[nth]?.setAttribute('aria-valuetext', words);
      groups[nth]?.setAttribute('aria-label', `Brush of ${title}`);
      if (brush === undefined) return;
      const [top, bottom] = [toY(brush[1]) - 3, toY(brush[0]) + 3];
      for (const [name, value] of Object.entries({
        x: x - 8,
        y: top,
        width: 16,
        height: Math.max(6, bottom - top),
      }))
        band.setAttribute(name, String(value));
    });
    readout.textContent = brushes.size === 0 ? '' : `${count} of ${lines.length} runs`;
    narrow.disabled = brushes.size === 0;
    clear.disabled = brushes.size === 0;
  }

  function axisGroup(axis: Axis): SVGGElement {
    const { x, title, from, to, categories } = axis;
    const texts =
      categories === undefined
        ? [
            [from, number(from)],
            [to, number(to)],
          ]
        : categories.length <= 8
          ? categories.map((text, at) => [at, text] as const)
          : [
              [0, categories[0] ?? ''],
              [categories.length - 1, categories.at(-1) ?? ''],
            ];
    return s(
      'g',
      {
        ...{ class: 'brushed-axis', tabindex: 0, role: 'slider', 'data-column': axis.column },
        ...{ 'aria-orientation': 'vertical', 'aria-valuemin': 0, 'aria-valuemax': PARTS, 'aria-valuenow': 0 },
      },
      s('title', {}, `${host.words(axis.column).full}. Pull along the axis to brush a part of it.`),
      s('rect', { class: 'grip', x: x - 14, y: TOP - 8, width: 28, height: HEIGHT - TOP - BOTTOM + 16 }),
      s('line', { class: 'axis', x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }),
      s('text', { class: 'title', x, y: 16, 'text-anchor': 'middle' }, plain(title, 13)),
      ...texts.map(([place, text]) =>
        s(
          'text',
          {
            x: x + 5,
            y: axis.toY(Number(place)) + (Number(place) === to ? -5 : Number(place) === from ? 13 : 3.5),
          },
          plain(String(text), 11),
        ),
      ),
      bands.get(axis.column),
    );
  }

  const svg = s(
    'svg',
    {
      ...{ viewBox: `0 0 ${width} ${HEIGHT}`, class: 'chart parallel', role: 'group' },
      'aria-label': `${lines.length} runs over ${axes.map(({ title }) => title).join(', ')}. On an axis, arrow keys move the upper end of its brush, with Shift the lower end, and Escape clears it.`,
    },
    s('g', {}, ...lines.map(({ element }) => element)),
    ...groups,
  );
  svg.style.minWidth = `${Math.min(width, 320)}px`;

  let pulled: { readonly axis: Axis; readonly from: number } | undefined;
  const placeAt = ({ toY, from, to }: Axis, event: PointerEvent): number => {
    const box = svg.getBoundingClientRect();
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    const share = (toY(from) - y) / (toY(from) - toY(to));
    return from + Math.max(0, Math.min(1, share)) * (to - from);
  };
  const axisAt = (target: EventTarget | null): Axis | undefined => {
    const column = (target instanceof Element ? target.closest('[data-column]') : null)?.getAttribute(
      'data-column',
    );
    return axes.find((axis) => axis.column === column);
  };
  svg.addEventListener('pointerdown', (event) => {
    const axis = axisAt(event.target);
    if (axis === undefined) return;
    pulled = { axis, from: placeAt(axis, event) };
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointermove', (event) => {
    if (pulled === undefined) return;
    const to = placeAt(pulled.axis, event);
    brushes.set(pulled.axis.column, [Math.min(pulled.from, to), Math.max(pulled.from, to)]);
    mark();
  });
  svg.addEventListener('pointerup', (event) => {
    if (pulled === undefined) return;
    const { axis, from } = pulled;
    pulled = undefined;
    const isPress = Math.abs(axis.toY(from) - axis.toY(placeAt(axis, event))) < LEAST_PULL;
    if (isPress) brushes.delete(axis.column);
    mark();
  });
  svg.addEventListener('keydown', (event) => {
    const axis = axisAt(event.target);
    if (axis === undefined) return;
    const step = axis.categories === undefined ? (axis.to - axis.from) / PARTS : 1;
    const by = event.key === 'ArrowUp' ? step : event.key === 'ArrowDown' ? -step : undefined;
    const [low, high] = brushes.get(axis.column) ?? [axis.from, axis.to];
    const within = (place: number, least: number, most: number): number =>
      Math.max(least, Math.min(most, place));
    if (event.key === 'Escape') brushes.delete(axis.column);
    else if (by === undefined) return;
    else if (event.shiftKey) brushes.set(axis.column, [within(low + by, axis.from, high), high]);
    else brushes.set(axis.column, [low, within(high + by, low, axis.to)]);
    event.preventDefault();
    mark();
  });
  mark();
  const coloured =
    byTarget === undefined ? undefined : `Lines go from blue to orange as ${byTarget.title} grows.`;
  return whole(
    h(
      'figure',
      { class: 'card' },
      h('figcaption', {}, h('strong', {}, 'Parallel coordinates'), readout),
      h('div', { class: 'scroll' }, svg),
      coloured === undefined ? undefined : h('p', { class: 'dim' }, coloured),
      h('div', { class: 'bar' }, narrow, clear),
    ),
  );
}
