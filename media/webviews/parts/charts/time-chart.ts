/** Charts over one time axis: what is read in one of them is read in all. */
import type { ReleaseMark } from '../../../../server/protocol/index.js';
import { scale } from '../../shared/charts/axis.js';
import { plain } from '../../../../server/base/format.js';
import { measureText, tickText, valueTicks } from '../../shared/measures.js';
import type { ChartLine, ChartModel, ChartPoint } from '../../shared/service-view.js';
import { momentText, timeTicks } from '../../shared/charts/time-axis.js';
import { h, s } from '../dom.js';
import { whole } from '../patch.js';

const HEIGHT = 170;
const LEFT = 56;
const RIGHT = 12;
const TOP = 20;
const BOTTOM = 24;
/** As in common.css and service.css: of cards, what is between them, and their padding and border. */
const LEAST_CARD = 320;
const GAP = 12;
const CARD_EDGES = 30;
/** Numbers of marks that are nearer than this would lie over each other. */
const MARK_ROOM = 24;
/** A limit that is further above than so many times the highest value is told, not drawn. */
const FAR = 3;
/** Measurements come in spans of ten seconds at most; what is further apart is a gap. */
const SPAN_MS = 10_000;

/**
 * A part of the page that shows the moment that is read.
 * @param source where the person reads it: the `data-key` of a chart
 */
type Reader = (at: number | undefined, source: string | undefined) => void;

/** What all charts of a window share: its ends, its points in time, its marks, and the moment that is read. */
export class TimeFrame {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly marks: readonly ReleaseMark[];
  /** The oldest first. */
  readonly times: readonly number[];
  /** Of a chart, in pixels: texts are as large in a narrow panel as in a wide one. */
  readonly width: number;
  readonly #readers: Reader[] = [];
  #at: number | undefined;
  #source: string | undefined;

  constructor(frame: Pick<TimeFrame, 'from' | 'to' | 'stepMs' | 'marks' | 'times' | 'width'>) {
    this.from = frame.from;
    this.to = frame.to;
    this.stepMs = frame.stepMs;
    this.marks = frame.marks;
    this.times = frame.times;
    this.width = frame.width;
  }

  get at(): number | undefined {
    return this.#at;
  }

  get source(): string | undefined {
    return this.#source;
  }

  add(reader: Reader): void {
    this.#readers.push(reader);
  }

  read(at: number | undefined, source?: string): void {
    this.#at = at;
    this.#source = source;
    for (const reader of this.#readers) reader(at, source);
  }

  /** Reads the point in time that is nearest. */
  readNear(at: number, source?: string): void {
    let best: number | undefined;
    for (const time of this.times)
      if (best === undefined || Math.abs(time - at) < Math.abs(best - at)) best = time;
    this.read(best, source);
  }

  /** Reads so many points further on; from the end when nothing is read. */
  readNext(by: number, source?: string): void {
    const index = this.#at === undefined ? this.times.length : this.times.indexOf(this.#at);
    const next = Math.max(0, Math.min(this.times.length - 1, index + by));
    this.read(this.times[next], source);
  }

  /** Lines end where points are further from each other than this. */
  get gapMs(): number {
    return 2.5 * Math.max(this.stepMs, SPAN_MS);
  }

  /** Marks of the span that ends at a moment, by number from 1. */
  marksAt(at: number): readonly { readonly number: number; readonly mark: ReleaseMark }[] {
    return this.marks.flatMap((mark, index) =>
      mark.at > at - this.stepMs && mark.at <= at ? [{ number: index + 1, mark }] : [],
    );
  }
}

/** Pieces of a line without the gaps between them. */
function pieces(points: readonly ChartPoint[], gapMs: number): ChartPoint[][] {
  const all: ChartPoint[][] = [];
  let last: ChartPoint | undefined;
  for (const point of points) {
    if (last === undefined || point.at - last.at > gapMs) all.push([]);
    all.at(-1)?.push(point);
    last = point;
  }
  return all;
}

export interface Scales {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
}

/** A line in SVG, with its gaps. */
export function drawLine({ color, dash, points }: ChartLine, gapMs: number, { x, y }: Scales): SVGElement[] {
  return pieces(points, gapMs).map((piece) => {
    const [only] = piece;
    if (piece.length === 1 && only !== undefined)
      return s('circle', { class: `dot color-${color}`, cx: x(only.at), cy: y(only.value), r: 2 });
    return s('polyline', {
      class: `line color-${color} dash-${dash}`,
      points: piece.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' '),
    });
  });
}

/** Reads moments with the pointer and the arrow keys, Home, End and Escape. */
export function readable(
  svg: SVGSVGElement,
  frame: TimeFrame,
  timeAt: (x: number) => number,
  width: number,
): void {
  const { key } = svg.dataset;
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    frame.readNear(timeAt(((event.clientX - box.left) / box.width) * width), key);
  });
  const leave = (): void => frame.read(undefined);
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('blur', leave);
  svg.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (steps !== undefined) frame.readNext(steps, key);
    else if (event.key === 'Escape') frame.read(undefined);
    else return;
    event.preventDefault();
  });
}

/** Marks as lines with their numbers above; those that lie too close to each other share one label. */
function markLines({ marks }: TimeFrame, x: Scales['x']): SVGElement[] {
  const labels: { readonly place: number; readonly first: number; last: number }[] = [];
  const lines = marks.map((mark, index) => {
    const place = x(mark.at);
    const label = labels.at(-1);
    if (label !== undefined && place - label.place < MARK_ROOM) label.last = index + 1;
    else labels.push({ place, first: index + 1, last: index + 1 });
    return s(
      'g',
      { class: `mark mark-${mark.kind}` },
      s('title', {}, `${index + 1}: ${plain(mark.text)}`),
      s('line', { x1: place, x2: place, y1: TOP - 3, y2: HEIGHT - BOTTOM }),
    );
  });
  return [
    ...lines,
    ...labels.map(({ place, first, last }) => {
      const text = first === last ? String(first) : `${first}–${last}`;
      const width = Math.max(15, 8 + text.length * 6);
      return s(
        'g',
        { class: 'mark' },
        s('rect', { x: place - width / 2, y: TOP - 18, width, height: 15, rx: 7.5 }),
        s('text', { x: place, y: TOP - 7, 'text-anchor': 'middle' }, text),
      );
    }),
  ];
}

/** How wide a chart is when as many as fit stand side by side in a page of a width. Pixels. */
export function chartWidth(page: number): number {
  const columns = Math.max(1, Math.floor((page + GAP) / (LEAST_CARD + GAP)));
  return Math.max(200, Math.floor((page - GAP * (columns - 1)) / columns) - CARD_EDGES);
}

/** What a screen reader says of a chart. */
function spoken({ title, unit, lines, thresholds, empty }: ChartModel, frame: TimeFrame): string {
  if (empty !== undefined) return `${title}: ${empty}`;
  const said = lines.flatMap(({ name, points }) => {
    const last = points.at(-1);
    if (last === undefined) return [];
    const values = points.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const label = lines.length > 1 ? `${name} ` : '';
    return [
      `${label}${measureText(unit, last.value)} last, between ${measureText(unit, low)} and ${measureText(unit, high)}`,
    ];
  });
  const limits = thresholds.map(({ rule, firing }) => `. Rule ${rule}${firing ? ', broken now' : ''}`);
  const span = `${momentText(frame.from, frame.stepMs)} to ${momentText(frame.to, frame.stepMs)}`;
  return `${title}, ${span}: ${said.join('; ')}${limits.join('')}. Arrow keys read the values.`;
}

/** The value of a line at a moment. */
function valueAt({ points }: ChartLine, at: number | undefined): number | undefined {
  return points.findLast((point) => point.at === at)?.value;
}

export function timeChart(model: ChartModel, frame: TimeFrame): HTMLElement {
  const { key, title, unit, lines, thresholds, empty } = model;
  const readout = h('output', { class: 'readout' });
  const label = spoken(model, frame);
  if (empty !== undefined) {
    return h(
      'figure',
      { class: 'card chart-card', 'data-chart': key },
      h('figcaption', {}, h('strong', {}, title)),
      h('p', { class: 'nothing dim' }, empty),
    );
  }
  const highest = Math.max(model.atLeast, ...lines.flatMap(({ points }) => points.map(({ value }) => value)));
  const near = thresholds.filter(({ bound }) => bound <= highest * FAR);
  const top = Math.max(highest, ...near.map(({ bound }) => bound));
  const most = unit === 'share' && top <= 1 && top > 0.95 ? 1 : top * 1.06;
  const { width } = frame;
  const right = width - RIGHT;
  const x = scale(frame.from, frame.to, LEFT, right);
  const y = scale(0, most, HEIGHT - BOTTOM, TOP);
  const inside = (at: number): number => Math.max(LEFT, Math.min(right, x(at)));
  const cursor = s('g', { class: 'reading-at' });
  const svg = s(
    'svg',
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      class: 'chart',
      role: 'img',
      tabindex: 0,
      'data-key': `chart:${key}`,
      'aria-label': label,
    },
    ...valueTicks(unit, most, 4).map((value) =>
      s(
        'g',
        { class: 'tick' },
        s('line', { x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
        s('text', { x: LEFT - 6, y: y(value) + 3.5, 'text-anchor': 'end' }, tickText(unit, value)),
      ),
    ),
    ...timeTicks(frame.from, frame.to, Math.max(2, Math.floor((right - LEFT) / 62))).map(
      ({ at, label: text }) => {
        const end = x(at) > right - 16;
        return s(
          'text',
          { x: end ? width - 2 : x(at), y: HEIGHT - 7, 'text-anchor': end ? 'end' : 'middle' },
          text,
        );
      },
    ),
    s('line', { class: 'axis', x1: LEFT, x2: right, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
    ...markLines(frame, inside),
    ...near.map(({ bound, rule, firing }) =>
      s(
        'g',
        { class: firing ? 'threshold firing' : 'threshold' },
        s('title', {}, rule),
        s('line', { x1: LEFT, x2: right, y1: y(bound), y2: y(bound) }),
      ),
    ),
    ...lines.flatMap((line) => drawLine(line, frame.gapMs, { x: inside, y })),
    cursor,
  );
  const values = lines.map(() => h('span', { class: 'reading' }));
  frame.add((at, source) => {
    lines.forEach((line, index) => {
      // Beside each other stands what was at one time: the last, when nothing is read.
      const value = valueAt(line, at ?? frame.times.at(-1));
      const cell = values[index];
      if (cell !== undefined) cell.textContent = value === undefined ? '–' : measureText(unit, value);
    });
    cursor.replaceChildren(
      ...(at === undefined
        ? []
        : [
            s('line', { class: 'cursor', x1: inside(at), x2: inside(at), y1: TOP, y2: HEIGHT - BOTTOM }),
            ...lines.flatMap((line) => {
              const value = valueAt(line, at);
              return value === undefined
                ? []
                : [s('circle', { class: `dot color-${line.color}`, cx: inside(at), cy: y(value), r: 3 })];
            }),
          ]),
    );
    // Only where the person is: a screen reader would read all of them.
    readout.textContent =
      at === undefined || source !== svg.dataset['key'] ? '' : momentWords(model, frame, at);
    readout.title = readout.textContent;
  });
  readable(
    svg,
    frame,
    (place) => frame.from + ((place - LEFT) / (right - LEFT)) * (frame.to - frame.from),
    width,
  );
  return whole(
    h(
      'figure',
      { class: 'card chart-card', 'data-chart': key },
      h(
        'figcaption',
        {},
        h('strong', {}, title),
        readout,
        lines.length === 1 ? h('span', { class: 'now' }, values[0]) : undefined,
      ),
      svg,
      legend(model, near.length < thresholds.length ? new Set(near) : undefined, values),
    ),
  );
}

function momentWords({ unit, lines }: ChartModel, frame: TimeFrame, at: number): string {
  const marks = frame.marksAt(at).map(({ number, mark }) => ` · ${number} ${plain(mark.text, 60)}`);
  const said = lines.map((line) => {
    const value = valueAt(line, at);
    return `${lines.length > 1 ? `${line.name} ` : ''}${value === undefined ? 'nothing' : measureText(unit, value)}`;
  });
  return `${momentText(at, frame.stepMs)}${marks.join('')}${lines.length > 1 ? '' : ` · ${said.join(', ')}`}`;
}

function legend(
  { lines, thresholds, unit }: ChartModel,
  drawn: ReadonlySet<object> | undefined,
  values: readonly HTMLElement[],
): HTMLElement | undefined {
  // One line alone has its value beside the title.
  const named = lines.length > 1 ? lines : [];
  const entries = named.map(({ name, color, dash }, index) =>
    h(
      'span',
      { class: 'entry' },
      h('span', { class: `key color-${color} dash-${dash}` }),
      h('span', { class: 'who' }, name),
      values[index],
    ),
  );
  const limits = thresholds.map((threshold) =>
    h(
      'span',
      { class: threshold.firing ? 'entry limit firing' : 'entry limit' },
      h('span', { class: 'key' }),
      h(
        'span',
        { class: 'who' },
        plain(threshold.rule, 80),
        threshold.firing
          ? ' – broken'
          : drawn?.has(threshold) === false
            ? ` (far above, ${measureText(unit, threshold.bound)})`
            : '',
      ),
    ),
  );
  const shown = [...entries, ...limits];
  // Names of percentiles are short; those of releases get room before all stand in one line.
  const wide = named.some(({ name }) => name.length > 4);
  return shown.length === 0 ? undefined : h('div', { class: wide ? 'keys wide' : 'keys' }, ...shown);
}
