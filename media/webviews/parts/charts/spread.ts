/** How values are spread: histograms, the commonest values, and what happens over time. SVG, in the theme's colours. */
import type {
  DriftBinView,
  FeatureProfile,
  ViewProfile,
  WireBins,
} from '../../../../server/protocol/index.js';
import { extent, scale, ticks } from '../../shared/charts/axis.js';
import { number, plain } from '../../../../server/base/format.js';
import { h, s } from '../dom.js';
import { whole } from '../patch.js';

const WIDTH = 320;
const HEIGHT = 140;
const LEFT = 38;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;
/** Values that are listed. */
const MOST_VALUES = 8;

type Numbers = NonNullable<FeatureProfile['numbers']>;

/** A number, or a moment that is kept as seconds since 1970. */
export function valueWords(value: number, isTime: boolean): string {
  if (!isTime) return number(value);
  const date = new Date(value * 1000);
  return Number.isNaN(date.getTime())
    ? number(value)
    : date.toISOString().slice(0, 16).replace('T', ' ').replace(' 00:00', '');
}

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Share of the values per unit, so that histograms with other bins can be laid over each other. */
  readonly density: number;
}

function barsOf({ min, histogram }: { readonly min: number; readonly histogram: WireBins }): Bar[] {
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  return histogram.counts.map((count, index) => {
    const from = index === 0 ? min : (histogram.edges[index - 1] ?? min);
    const to = histogram.edges[index] ?? from;
    return { from, to, count, density: total === 0 ? 0 : count / total / Math.max(to - from, 1e-12) };
  });
}

function frame(
  label: string,
  key: string,
  readable: boolean,
  ...children: readonly (SVGElement | undefined)[]
): SVGSVGElement {
  return s(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'chart spread',
      role: 'img',
      'aria-label': readable ? `${label} Arrow keys read the values.` : label,
      ...(readable ? { tabindex: 0, 'data-key': key } : {}),
    },
    ...children,
  );
}

/** Reads values with the pointer and the arrow keys. */
function readable(
  svg: SVGSVGElement,
  count: number,
  show: (index: number | undefined) => void,
  at: (x: number) => number,
): void {
  let current = -1;
  const go = (index: number): void => {
    current = Math.max(0, Math.min(count - 1, index));
    show(current);
  };
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    go(at(((event.clientX - box.left) / box.width) * WIDTH));
  });
  const leave = (): void => show(undefined);
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('blur', leave);
  svg.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    go(current + (event.key === 'ArrowRight' ? 1 : -1));
  });
}

export function histogram(name: string, numbers: Numbers, isTime: boolean): HTMLElement {
  const bars = barsOf(numbers);
  const [x0, x1] = extent(
    bars.flatMap(({ from, to }) => [from, to]),
    0,
  );
  const most = Math.max(...bars.map(({ density }) => density), 1e-300);
  const x = scale(x0, x1, LEFT, WIDTH - RIGHT);
  const y = scale(0, most, HEIGHT - BOTTOM, TOP);
  const base = HEIGHT - BOTTOM;
  const readout = h('output', { class: 'readout' });
  const rects = bars.map(({ from, to, count, density }) =>
    s('rect', {
      class: count === 0 ? 'bar-none' : 'bar',
      x: x(from).toFixed(1),
      y: Math.min(y(density), count === 0 ? base : base - 1).toFixed(1),
      width: Math.max(0.5, x(to) - x(from) - 0.6).toFixed(1),
      height: Math.max(count === 0 ? 0 : 1, base - y(density)).toFixed(1),
    }),
  );
  const marks = ticks(x0, x1, isTime ? 3 : 5);
  const svg = frame(
    `${name}: from ${valueWords(numbers.min, isTime)} to ${valueWords(numbers.max, isTime)}${isTime ? '' : `, mean ${number(numbers.mean)}`}.`,
    `spread:${name}`,
    true,
    ...rects,
    s('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: base, y2: base }),
    ...marks.map((value) =>
      s(
        'text',
        { x: x(value), y: HEIGHT - 6, 'text-anchor': 'middle' },
        isTime ? valueWords(value, true).slice(0, 10) : number(value),
      ),
    ),
    s(
      'text',
      { x: LEFT - 5, y: TOP + 8, 'text-anchor': 'end' },
      number(Math.max(...bars.map(({ count }) => count), 0)),
    ),
  );
  readable(
    svg,
    bars.length,
    (index) => {
      rects.forEach((rect, at) => rect.classList.toggle('read', at === index));
      const bar = index === undefined ? undefined : bars[index];
      readout.textContent =
        bar === undefined
          ? ''
          : `${valueWords(bar.from, isTime)} … ${valueWords(bar.to, isTime)}: ${bar.count.toLocaleString('en-US')}`;
    },
    (place) => {
      const nearest = bars.findIndex(({ to }) => place <= x(to));
      return nearest === -1 ? bars.length - 1 : nearest;
    },
  );
  return whole(h('figure', { class: 'plot' }, h('figcaption', { class: 'dim' }, 'Values', readout), svg));
}

interface Share {
  readonly label: string | undefined;
  readonly count: number;
  /** Of the reference. */
  readonly old?: number;
}

/** Shares as bars, one a row; those of a reference as ticks. */
function shares(caption: string, all: readonly Share[], compared: boolean): HTMLElement {
  const sum = (of: (one: Share) => number | undefined): number =>
    all.reduce((whole, one) => whole + (of(one) ?? 0), 0);
  const [rows, before] = [sum(({ count }) => count), sum(({ old }) => old)];
  const percent = (count: number, of: number): string => (of === 0 ? '0' : ((count / of) * 100).toFixed(2));
  const words = (count: number, of: number): string => `${Number(percent(count, of)).toFixed(1)} %`;
  // Many bins have small shares: beside each other only their proportion counts.
  const longest = compared
    ? Math.max(
        ...all.map(({ count, old = 0 }) =>
          Math.max(Number(percent(count, rows)), Number(percent(old, before))),
        ),
        1,
      )
    : 100;
  const length = (count: number, of: number): string =>
    `${((Number(percent(count, of)) / longest) * 100).toFixed(2)}%`;
  const line = ({ label, count, old }: Share): HTMLElement => {
    const bar = h('span', { class: 'fill' });
    bar.style.width = length(count, rows);
    const tick = old === undefined || before === 0 ? undefined : h('span', { class: 'was' });
    if (tick !== undefined) tick.style.left = length(old ?? 0, before);
    return h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row', title: label ?? 'empty' },
        label === undefined ? h('em', { class: 'dim' }, 'empty') : plain(label, 60),
      ),
      h('td', { class: 'track-cell' }, h('span', { class: 'track', 'aria-hidden': 'true' }, bar, tick)),
      h('td', { class: 'value' }, words(count, rows)),
      compared ? h('td', { class: 'value dim' }, words(old ?? 0, before)) : undefined,
    );
  };
  return h(
    'figure',
    { class: 'plot' },
    h('figcaption', { class: 'dim' }, caption),
    h('table', { class: 'top' }, h('tbody', {}, ...all.map(line))),
  );
}

function labelOf(value: string): string | undefined {
  return value === '' ? undefined : value;
}

/** The commonest values as bars. */
export function topValues(feature: FeatureProfile): HTMLElement {
  const top = feature.top ?? [];
  const rest = top.slice(MOST_VALUES).reduce((sum, { count }) => sum + count, 0) + (feature.others ?? 0);
  const listed = top.slice(0, MOST_VALUES).map(({ value, count }) => ({ label: labelOf(value), count }));
  const others = rest === 0 ? [] : [{ label: 'others', count: rest }];
  return shares('Commonest values', [...listed, ...others], false);
}

/** Both sides in the bins that drift was measured in, with what is beyond the reference and what is missing. */
export function driftShares(bins: readonly DriftBinView[]): HTMLElement {
  const values = bins
    .filter(({ part }) => part === 'value')
    .toSorted((a, b) => Math.max(b.reference, b.current) - Math.max(a.reference, a.current));
  const shown = new Set(values.slice(0, MOST_VALUES));
  const rest = values.filter((bin) => !shown.has(bin));
  const added = (of: (bin: DriftBinView) => number): number => rest.reduce((sum, bin) => sum + of(bin), 0);
  const rows = [...shown, ...bins.filter(({ part }) => part !== 'value')].map((bin): Share => {
    const more = bin.part === 'others';
    return {
      label: binLabel(bin),
      count: bin.current + (more ? added(({ current }) => current) : 0),
      old: bin.reference + (more ? added(({ reference }) => reference) : 0),
    };
  });
  const empty = ({ label, count, old }: Share): boolean => label === 'others' && count + (old ?? 0) === 0;
  return shares(
    'Shares by drift bin',
    rows.filter((row) => !empty(row)),
    true,
  );
}

function binLabel({ part, from, to, value = '' }: DriftBinView): string | undefined {
  switch (part) {
    case 'below':
      return to === undefined ? 'below' : `< ${number(to)}`;
    case 'above':
      return from === undefined ? 'above' : `> ${number(from)}`;
    case 'range':
      return from === undefined
        ? `≤ ${number(to ?? Infinity)}`
        : `${number(from)} … ${number(to ?? Infinity)}`;
    case 'value':
      return labelOf(value);
    case 'others':
      return 'others';
    case 'missing':
      return 'null';
  }
}

/** What the feature was like from step to step: its mean, or else how many values were missing. */
export function overTime(
  feature: FeatureProfile,
  time: NonNullable<ViewProfile['time']>,
): HTMLElement | undefined {
  const { overTime: over } = feature;
  if (over === undefined || time.starts.length < 2) return undefined;
  const means = over.means?.some((mean) => mean !== null) === true ? over.means : undefined;
  const values = means ?? over.nulls.map((nulls, index) => nulls / Math.max(1, time.counts[index] ?? 1));
  const at = time.starts.map((start) => Date.parse(start));
  const points = values.flatMap((value, index) =>
    value === null || at[index] === undefined ? [] : [{ at: at[index] ?? 0, value }],
  );
  if (points.length < 2) return undefined;
  const isMean = means !== undefined;
  const [x0, x1] = extent(at, 0);
  const [y0, y1] = isMean
    ? extent(
        points.map(({ value }) => value),
        0.08,
      )
    : [0, Math.max(0.01, ...points.map(({ value }) => value)) * 1.05];
  const x = scale(x0, x1, LEFT, WIDTH - RIGHT);
  const y = scale(y0, y1, HEIGHT - BOTTOM, TOP);
  const words = (value: number): string =>
    isMean ? number(value) : `${Number((value * 100).toPrecision(2))} %`;
  const title = isMean ? 'Mean over time' : 'Nulls over time';
  const readout = h('output', { class: 'readout' });
  const mark = s('g', {});
  const day = (moment: number): string => new Date(moment).toISOString().slice(0, 10);
  const ends = [points[0], points.at(-1)].flatMap((point) => point ?? []);
  const svg = frame(
    `${title} of ${feature.name}, from ${ends.map((point) => `${words(point.value)} on ${day(point.at)}`).join(' to ')}.`,
    `time:${feature.name}`,
    true,
    ...ticks(y0, y1, 3).map((value) =>
      s(
        'g',
        { class: 'tick' },
        s('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
        s('text', { x: LEFT - 5, y: y(value) + 3.5, 'text-anchor': 'end' }, words(value)),
      ),
    ),
    s('polyline', {
      class: 'line color-0',
      points: points.map((point) => `${x(point.at).toFixed(1)},${y(point.value).toFixed(1)}`).join(' '),
    }),
    mark,
    ...ends.map((point, index) =>
      s(
        'text',
        {
          x: index === 0 ? LEFT : WIDTH - RIGHT,
          y: HEIGHT - 6,
          'text-anchor': index === 0 ? 'start' : 'end',
        },
        day(point.at),
      ),
    ),
  );
  readable(
    svg,
    points.length,
    (index) => {
      const point = index === undefined ? undefined : points[index];
      readout.textContent = point === undefined ? '' : `${day(point.at)}: ${words(point.value)}`;
      mark.replaceChildren(
        ...(point === undefined
          ? []
          : [s('circle', { class: 'dot color-0', cx: x(point.at), cy: y(point.value), r: 3.5 })]),
      );
    },
    (place) => {
      let nearest = 0;
      points.forEach((point, index) => {
        if (Math.abs(x(point.at) - place) < Math.abs(x(points[nearest]?.at ?? 0) - place)) nearest = index;
      });
      return nearest;
    },
  );
  return whole(h('figure', { class: 'plot' }, h('figcaption', { class: 'dim' }, title, readout), svg));
}
