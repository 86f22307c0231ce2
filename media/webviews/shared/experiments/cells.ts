/** What columns of the *Experiments* tab are called, and how their values read. Pure. */
import { duration, localDateTime, plain, shown } from '../../../../server/base/format.js';
import type { ExperimentColumn } from '../../../../server/protocol/index.js';
import type { TableLayout } from './table-layout.js';

export interface ColumnWords {
  readonly id: string;
  readonly title: string;
  /** All of it: for tooltips and screen readers. */
  readonly full: string;
  readonly numeric: boolean;
  readonly kind: 'own' | 'param' | 'metric' | 'tag';
  readonly better?: 'higher' | 'lower';
}

/** Columns that every run has, by id. */
const OWN: Readonly<Record<string, readonly [title: string, width: number]>> = {
  pipeline: ['Pipeline', 140],
  name: ['Name', 120],
  status: ['Status', 100],
  created: ['Started', 165],
  ended: ['Ended', 165],
  time: ['Duration', 105],
  trigger: ['Started from', 100],
  source: ['Source', 90],
  user: ['Who', 90],
  commit: ['Commit', 105],
  tags: ['Tags', 140],
  note: ['Note', 180],
  id: ['Run ID', 190],
};

export const OWN_IDS: readonly string[] = Object.keys(OWN);

const PARTS = ['best', 'min', 'max'] as const;
export type Part = 'last' | (typeof PARTS)[number];

/** A metric's column without which of its values is shown. */
export function partOf(id: string): { readonly base: string; readonly part: Part } {
  const part = PARTS.find((one) => id.startsWith('metrics.') && id.endsWith(`:${one}`));
  return part === undefined ? { base: id, part: 'last' } : { base: id.slice(0, -part.length - 1), part };
}

export function withPart(base: string, part: Part): string {
  return part === 'last' ? base : `${base}:${part}`;
}

/** Words for a column; of one that no run has any more, what its id says. */
export function wordsOf(id: string, catalogue: ReadonlyMap<string, ExperimentColumn>): ColumnWords {
  const own = Object.hasOwn(OWN, id) ? OWN[id] : undefined;
  if (own !== undefined) return { id, title: own[0], full: own[0], numeric: id === 'time', kind: 'own' };
  // A metric whose name ends like a part is itself.
  const { base, part } = catalogue.has(id) ? { base: id, part: 'last' as const } : partOf(id);
  const known = catalogue.get(base);
  const kind = known?.kind ?? kindOf(base);
  const name = known?.name ?? base.slice(base.indexOf('.') + 1);
  const suffix = part === 'last' ? '' : ` (${part})`;
  const short = kind === 'metric' ? shortName(name, catalogue) : name;
  return {
    id,
    title: `${plain(short, 60)}${suffix}`,
    full: `${{ param: 'Param', metric: 'Metric', tag: 'Tag' }[kind]} ${plain(name, 120)}${suffix}`,
    numeric: known?.numeric ?? kind === 'metric',
    kind,
    ...(known?.better === undefined ? {} : { better: known.better }),
  };
}

function kindOf(id: string): ExperimentColumn['kind'] {
  return id.startsWith('params.') ? 'param' : id.startsWith('tag.') ? 'tag' : 'metric';
}

/** Without its task where no other task has such a metric. */
function shortName(name: string, catalogue: ReadonlyMap<string, ExperimentColumn>): string {
  const short = name.slice(name.indexOf('.') + 1);
  let count = 0;
  for (const { kind, name: other } of catalogue.values())
    if (kind === 'metric' && other.slice(other.indexOf('.') + 1) === short) count += 1;
  return count <= 1 ? short : name;
}

/** Pixels that a column is wide at first. */
export function widthOf(id: string): number {
  return (Object.hasOwn(OWN, id) ? OWN[id]?.[1] : undefined) ?? (id.startsWith('metrics.') ? 150 : 110);
}

/** Metrics that people ask for first are few; more are chosen. */
const FIRST_METRICS = 5;
const FIRST_PARAMS = 5;

/** The columns of somebody who has chosen none: what tells runs apart. */
export function firstLayout(columns: readonly ExperimentColumn[]): TableLayout {
  const metrics = columns
    .filter(({ kind, numeric }) => kind === 'metric' && numeric)
    .toSorted((a, b) => Number(b.better !== undefined) - Number(a.better !== undefined));
  const params = columns.filter(({ kind, varies }) => kind === 'param' && varies);
  const ids = [
    ...['pipeline', 'created', 'time'],
    ...metrics.slice(0, FIRST_METRICS).map(({ id }) => id),
    ...params.slice(0, FIRST_PARAMS).map(({ id }) => id),
    ...['tags', 'user', 'commit'],
  ];
  return {
    columns: ids.map((id) => ({ id, width: widthOf(id), pinned: id === 'pipeline' })),
    sort: [],
    against: 'none',
  };
}

/** A value as a cell shows it. */
export function cellText(id: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  switch (id) {
    case 'created':
    case 'ended':
      return typeof value === 'string' ? localDateTime(value) : '';
    case 'time':
      return typeof value === 'number' ? duration(value * 1_000) : '';
    case 'commit': {
      const text = plain(typeof value === 'string' ? value : '');
      return `${text.slice(0, 8)}${text.endsWith('+') ? ' +' : ''}`;
    }
    default:
      return shown(value, 300);
  }
}

/** Columns in which it says nothing that two runs differ. */
const ALWAYS_DIFFER: ReadonlySet<string> = new Set(['id', 'created', 'ended', 'time', 'note']);

/** Whether a cell is to be marked beside another run's. */
export function differs(id: string, value: unknown, other: unknown): boolean {
  if (ALWAYS_DIFFER.has(id)) return false;
  return JSON.stringify(value ?? null) !== JSON.stringify(other ?? null);
}

/**
 * The line of a metric's values in its cell, as the points of an SVG polyline; empty where there is none to draw.
 *
 * @param width in the units of the picture, as `height`
 */
export function sparkPoints(values: readonly number[], width: number, height: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const span = high - low;
  return finite
    .map((value, at) => {
      const x = 1 + (at / (finite.length - 1)) * (width - 2);
      const y = span > 0 ? height - 1.5 - ((value - low) / span) * (height - 3) : height / 2;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
