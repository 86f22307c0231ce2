/**
 * Which rows of a long table are on the screen. Browsers can't lay out more than some millions of pixels, so that a
 * table that would be higher has a scroll bar that stands for its rows, and is scrolled by rows and not by pixels.
 */

/** All browsers lay out so many pixels. */
export const MOST_PIXELS = 8_000_000;

export interface GridSize {
  readonly rows: number;
  readonly rowHeight: number;
  /** Of the part that shows rows, in pixels. */
  readonly viewHeight: number;
}

/** Height that the rows take in the scrolled area. */
export function canvasHeight({ rows, rowHeight, viewHeight }: GridSize): number {
  return Math.max(viewHeight, Math.min(MOST_PIXELS, rows * rowHeight));
}

/** The last row that can be the first one on the screen. */
export function lastFirst({ rows, rowHeight, viewHeight }: GridSize): number {
  return Math.max(0, rows - Math.floor(viewHeight / rowHeight));
}

/** The first row on the screen at a place of the scroll bar. */
export function firstRow(size: GridSize, scrollTop: number): number {
  const reach = canvasHeight(size) - size.viewHeight;
  if (reach <= 0) return 0;
  return Math.min(lastFirst(size), Math.round((scrollTop / reach) * lastFirst(size)));
}

/** The place of the scroll bar for a first row. */
export function scrollTopOf(size: GridSize, first: number): number {
  const last = lastFirst(size);
  return last === 0 ? 0 : (first / last) * (canvasHeight(size) - size.viewHeight);
}

/** The first row so that `row` is on the screen, moved as little as can be. */
export function revealed(size: GridSize, first: number, row: number): number {
  const whole = Math.max(1, Math.floor(size.viewHeight / size.rowHeight));
  if (row < first) return row;
  return row >= first + whole ? Math.min(lastFirst(size), row - whole + 1) : first;
}
