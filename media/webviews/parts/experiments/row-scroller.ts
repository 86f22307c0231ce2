/** Scrolls a long table by rows: the place of the scroll bar stands for the first row in sight. */
import {
  canvasHeight,
  firstRow,
  lastFirst,
  revealed,
  scrollTopOf,
  type GridSize,
} from '../../shared/experiments/grid-window.js';

interface Parts {
  readonly scroller: HTMLElement;
  /** As high as all rows. */
  readonly canvas: HTMLElement;
  /** Stays above the rows. */
  readonly header: HTMLElement;
  /** Holds the rows in sight. */
  readonly body: HTMLElement;
  /** Pixels. */
  readonly rowHeight: number;
  readonly rows: () => number;
  /** Draws the rows in sight: `first` and on. Also where the table was scrolled sideways. */
  readonly draw: () => void;
}

export class RowScroller {
  first = 0;
  readonly #parts: Parts;
  #isPlacing = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { scroller, rowHeight, draw } = parts;
    scroller.addEventListener('scroll', () => {
      if (this.#isPlacing) {
        this.#isPlacing = false;
        return;
      }
      this.first = firstRow(this.#size(), scroller.scrollTop);
      draw();
    });
    scroller.addEventListener(
      'wheel',
      (event) => {
        if (event.deltaY === 0 || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        // A notch is some rows, however many there are.
        const rows = Math.sign(event.deltaY) * Math.max(1, Math.round(Math.abs(event.deltaY) / rowHeight));
        this.first += rows;
        draw();
      },
      { passive: false },
    );
    new ResizeObserver(() => draw()).observe(scroller);
  }

  #size(): GridSize {
    const { scroller, header, rowHeight, rows } = this.#parts;
    const viewHeight = Math.max(rowHeight, scroller.clientHeight - header.offsetHeight);
    return { rows: rows(), rowHeight, viewHeight };
  }

  /** Rows that fit, the last one perhaps in part. */
  get shown(): number {
    return Math.ceil(this.#size().viewHeight / this.#parts.rowHeight);
  }

  /** Before the rows are drawn: how many there are, from `first` on. */
  measure(): number {
    const now = this.#size();
    const { canvas, header, body, rowHeight } = this.#parts;
    this.first = Math.max(0, Math.min(this.first, lastFirst(now)));
    canvas.style.height = `${canvasHeight(now) + header.offsetHeight}px`;
    body.style.top = `${header.offsetHeight}px`;
    const count = Math.max(0, Math.min(this.shown, now.rows - this.first));
    body.style.height = `${count * rowHeight}px`;
    return count;
  }

  /** After the rows were drawn. */
  place(): void {
    const top = scrollTopOf(this.#size(), this.first);
    const { scroller } = this.#parts;
    if (Math.abs(scroller.scrollTop - top) < 1) return;
    this.#isPlacing = true;
    scroller.scrollTop = top;
  }

  /** Moves as little as can be, so that a row is in sight. */
  reveal(row: number): void {
    this.first = revealed(this.#size(), this.first, row);
  }
}
