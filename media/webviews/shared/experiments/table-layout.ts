/** Which columns a table shows, in which order, how wide, which of them stay in sight, and how it is sorted. Pure. */

/** Pixels. */
export const LEAST_WIDTH = 48;
export const MOST_WIDTH = 800;
const MOST_COLUMNS = 300;

export interface LayoutColumn {
  readonly id: string;
  /** Pixels. */
  readonly width: number;
  readonly pinned: boolean;
}

export interface LayoutSort {
  readonly column: string;
  readonly descending: boolean;
}

/** With which row another is held against, so that what differs is marked. */
export type Against = 'none' | 'above' | 'baseline';

export interface TableLayout {
  /** Pinned ones first. */
  readonly columns: readonly LayoutColumn[];
  readonly sort: readonly LayoutSort[];
  readonly against: Against;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function clampWidth(width: number): number {
  return Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, Math.round(width)));
}

/** A layout that was kept somewhere, as far as it is one; `undefined`: there is none. */
export function readLayout(value: unknown): TableLayout | undefined {
  if (!isRecord(value)) return undefined;
  const seen = new Set<string>();
  const columns = list(value['columns'])
    .slice(0, MOST_COLUMNS)
    .flatMap((one): LayoutColumn[] => {
      if (!isRecord(one) || typeof one['id'] !== 'string' || seen.has(one['id'])) return [];
      seen.add(one['id']);
      const { id, width, pinned } = one;
      return [
        {
          id,
          width: clampWidth(typeof width === 'number' && Number.isFinite(width) ? width : 120),
          pinned: pinned === true,
        },
      ];
    });
  if (columns.length === 0) return undefined;
  const sort = list(value['sort']).flatMap((one): LayoutSort[] =>
    isRecord(one) && typeof one['column'] === 'string'
      ? [{ column: one['column'], descending: one['descending'] === true }]
      : [],
  );
  const { against } = value;
  return {
    columns: pinnedFirst(columns),
    sort: sort.slice(0, 8),
    against: against === 'above' || against === 'baseline' ? against : 'none',
  };
}

function pinnedFirst(columns: readonly LayoutColumn[]): readonly LayoutColumn[] {
  return [...columns.filter(({ pinned }) => pinned), ...columns.filter(({ pinned }) => !pinned)];
}

function change(layout: TableLayout, id: string, to: (column: LayoutColumn) => LayoutColumn): TableLayout {
  const columns = layout.columns.map((column) => (column.id === id ? to(column) : column));
  return { ...layout, columns: pinnedFirst(columns) };
}

export function resized(layout: TableLayout, id: string, width: number): TableLayout {
  return change(layout, id, (column) => ({ ...column, width: clampWidth(width) }));
}

export function pinned(layout: TableLayout, id: string, isPinned: boolean): TableLayout {
  return change(layout, id, (column) => ({ ...column, pinned: isPinned }));
}

/** A column at the place of another one; it is pinned as that is. */
export function moved(layout: TableLayout, id: string, to: string): TableLayout {
  const from = layout.columns.find((column) => column.id === id);
  const target = layout.columns.findIndex((column) => column.id === to);
  const place = layout.columns[target];
  if (from === undefined || place === undefined || id === to) return layout;
  const rest = layout.columns.filter((column) => column !== from);
  const columns = [...rest.slice(0, target), { ...from, pinned: place.pinned }, ...rest.slice(target)];
  return { ...layout, columns: pinnedFirst(columns) };
}

/** A column one further to the left (-1) or right (1), among those that are pinned as it is. */
export function nudged(layout: TableLayout, id: string, by: -1 | 1): TableLayout {
  const at = layout.columns.findIndex((column) => column.id === id);
  const [own, other] = [layout.columns[at], layout.columns[at + by]];
  if (other === undefined || own?.pinned !== other.pinned) return layout;
  return moved(layout, id, other.id);
}

export function hidden(layout: TableLayout, id: string): TableLayout {
  if (layout.columns.length === 1) return layout;
  return {
    ...layout,
    columns: layout.columns.filter((column) => column.id !== id),
    sort: layout.sort.filter(({ column }) => column !== id),
  };
}

/** Another column in the place of one: a metric's best instead of its last. */
export function swapped(layout: TableLayout, id: string, next: string): TableLayout {
  if (layout.columns.some((column) => column.id === next)) return hidden(layout, id);
  return {
    ...layout,
    columns: layout.columns.map((column) => (column.id === id ? { ...column, id: next } : column)),
    sort: layout.sort.map((one) => (one.column === id ? { ...one, column: next } : one)),
  };
}

/** These columns and no others: those that are shown keep their place, new ones come last. */
export function chosen(
  layout: TableLayout,
  ids: readonly string[],
  widthOf: (id: string) => number,
): TableLayout {
  const wanted = new Set(ids);
  const kept = layout.columns.filter(({ id }) => wanted.has(id));
  const known = new Set(kept.map(({ id }) => id));
  const added = ids
    .filter((id) => !known.has(id))
    .map((id) => ({ id, width: clampWidth(widthOf(id)), pinned: false }));
  const columns = [...kept, ...added];
  if (columns.length === 0) return layout;
  return { ...layout, columns, sort: layout.sort.filter(({ column }) => wanted.has(column)) };
}

/**
 * What is sorted by after a press on a column: up, down, not at all.
 *
 * @param more beside what it is sorted by already, as the last; else instead of that
 */
export function sortedBy(
  layout: TableLayout,
  column: string,
  more: boolean,
  best: 'up' | 'down' = 'up',
): TableLayout {
  const first = best === 'down';
  const known = layout.sort.find((one) => one.column === column);
  const next =
    known === undefined
      ? { column, descending: first }
      : known.descending === first
        ? { column, descending: !first }
        : undefined;
  if (!more) return { ...layout, sort: next === undefined ? [] : [next] };
  if (known === undefined) return { ...layout, sort: [...layout.sort, { column, descending: first }] };
  return {
    ...layout,
    sort: layout.sort.flatMap((one) => (one.column === column ? (next ?? []) : one)),
  };
}

/** Where columns lie, in pixels from the left of the table. */
export interface Placed extends LayoutColumn {
  readonly left: number;
}

export function placed(columns: readonly LayoutColumn[], start: number): readonly Placed[] {
  let left = start;
  return columns.map((column) => {
    const at = { ...column, left };
    left += column.width;
    return at;
  });
}

/** Those of columns that are in sight, one more at each side: a table of hundreds draws some. */
export function inSight(columns: readonly Placed[], from: number, to: number): readonly Placed[] {
  return columns.filter(({ left, width }) => left + width > from - 200 && left < to + 200);
}
