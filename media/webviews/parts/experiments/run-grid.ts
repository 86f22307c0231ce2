/**
 * A table of very many rows and columns, of which those in sight are drawn: pinned columns stay, headers are pressed to sort, pulled
 * to another place and pulled wider. One element has the keyboard; which cell is meant is said by `aria-activedescendant`.
 */
import { inSight, placed, type LayoutColumn, type Placed } from '../../shared/experiments/table-layout.js';
import { h, icon } from '../dom.js';
import type { Anchor } from '../menu.js';
import { RowScroller } from './row-scroller.js';

const ROW_HEIGHT = 24;
/** Of the column before all others: chosen, starred, status. */
const GUTTER = 76;

/** What a cell shows. */
export interface Cell {
  readonly text: string;
  readonly title?: string;
  /** Before the text. */
  readonly lead?: Element;
  readonly classes?: string;
}

export interface GridRow {
  readonly key: string;
  readonly isSelected: boolean;
  /** What the first cell says to who does not see it. */
  readonly label: string;
  /** Of the first cell. */
  readonly signs: readonly Element[];
  cell(column: string): Cell;
}

/** What a header says of its column. */
export interface Head {
  readonly title: string;
  readonly full: string;
  readonly numeric: boolean;
  readonly descending?: boolean;
  /** Its place among several that are sorted by, from 1. */
  readonly rank?: number;
}

export interface GridHost {
  columns(): readonly LayoutColumn[];
  head(column: string): Head;
  total(): number;
  /** `undefined`: it is not there yet. */
  row(index: number): GridRow | undefined;
  /** Rows were drawn: those that are missing are to be asked for. */
  want(first: number, count: number): void;
  sort(column: string, more: boolean): void;
  resize(column: string, width: number, done: boolean): void;
  move(column: string, to: string): void;
  columnMenu(column: string, anchor: Anchor): void;
  rowMenu(row: number, anchor: Anchor): void;
  select(row: number, how: 'only' | 'toggle' | 'range'): void;
  star(row: number): void;
  open(row: number): void;
  /** A key that the grid has no use for. */
  key(event: KeyboardEvent, row: number): boolean;
}

/** The header is row -1, the first column -1. */
interface Place {
  readonly row: number;
  readonly column: number;
}

export class RunGrid {
  readonly element: HTMLElement;
  readonly #host: GridHost;
  readonly #header = h('div', { class: 'head', role: 'rowgroup' });
  readonly #body = h('div', { class: 'layer', role: 'rowgroup' });
  readonly #canvas: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #rows: RowScroller;
  #active: Place = { row: 0, column: -1 };
  #headKey = '';
  /** A column whose edge is pulled. */
  #pulled: { readonly id: string; readonly from: number; readonly width: number } | undefined;

  constructor(host: GridHost) {
    this.#host = host;
    this.#canvas = h('div', { class: 'canvas' }, this.#header, this.#body);
    this.#scroller = h('div', { class: 'scroller' }, this.#canvas);
    this.element = h(
      'div',
      {
        class: 'grid runs',
        role: 'grid',
        tabindex: 0,
        'aria-label': 'Runs',
        'aria-readonly': 'true',
        'aria-multiselectable': 'true',
        'data-key': 'grid',
      },
      this.#scroller,
    );
    this.#rows = new RowScroller({
      ...{ scroller: this.#scroller, canvas: this.#canvas, header: this.#header, body: this.#body },
      rowHeight: ROW_HEIGHT,
      rows: () => host.total(),
      draw: () => this.draw(),
    });
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.#body.addEventListener('mousedown', (event) => this.#onPress(event));
    this.#body.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      const place = placeOf(event.target);
      if (place === undefined) return;
      this.#active = place;
      this.draw();
      host.rowMenu(place.row, { x: event.clientX, y: event.clientY });
    });
    this.#listenToHeader();
  }

  /** The first row in sight. */
  get first(): number {
    return this.#rows.first;
  }

  /** To the first row, as after another order. */
  toTop(): void {
    this.#rows.first = 0;
    this.#active = { ...this.#active, row: Math.min(0, this.#active.row) };
  }

  #placed(): { readonly pins: readonly Placed[]; readonly rest: readonly Placed[]; readonly edge: number } {
    const columns = this.#host.columns();
    const pins = placed(
      columns.filter(({ pinned }) => pinned),
      GUTTER,
    );
    const last = pins.at(-1);
    const edge = last === undefined ? GUTTER : last.left + last.width;
    const rest = placed(
      columns.filter(({ pinned }) => !pinned),
      edge,
    );
    return { pins, rest, edge };
  }

  draw(): void {
    const { pins, rest, edge } = this.#placed();
    const last = rest.at(-1);
    this.#canvas.style.width = `${last === undefined ? edge : last.left + last.width}px`;
    const { scrollLeft, clientWidth } = this.#scroller;
    const seen = inSight(rest, scrollLeft + edge, scrollLeft + clientWidth);
    this.#drawHead(pins, seen, edge);
    const count = this.#rows.measure();
    const { first } = this.#rows;
    this.#body.replaceChildren(
      ...Array.from({ length: count }, (_, at) => this.#row(first + at, pins, seen, edge)),
    );
    this.element.setAttribute('aria-rowcount', String(this.#host.total() + 1));
    this.element.setAttribute('aria-colcount', String(this.#host.columns().length + 1));
    const cell = document.getElementById(idOf(this.#active));
    if (cell === null) this.element.removeAttribute('aria-activedescendant');
    else this.element.setAttribute('aria-activedescendant', cell.id);
    this.#rows.place();
    this.#host.want(first, count);
  }

  /** Only when it is another: what is pressed stays what it is while runs go on. */
  #drawHead(pins: readonly Placed[], seen: readonly Placed[], edge: number): void {
    const heads = [...pins, ...seen].map((column) => [column, this.#host.head(column.id)]);
    const key = JSON.stringify([heads, edge, this.#active.row === -1 ? this.#active.column : undefined]);
    if (key === this.#headKey) return;
    this.#headKey = key;
    this.#header.replaceChildren(this.#headRow(pins, seen, edge));
  }

  #headRow(pins: readonly Placed[], seen: readonly Placed[], edge: number): HTMLElement {
    const corner = h(
      'div',
      {
        id: idOf({ row: -1, column: -1 }),
        class: `cell gutter${this.#isActive({ row: -1, column: -1 }) ? ' active' : ''}`,
        role: 'columnheader',
        'aria-colindex': 1,
      },
      h('span', { class: 'said' }, 'Status'),
    );
    corner.style.width = `${GUTTER}px`;
    const stay = h(
      'div',
      { class: 'pins', role: 'presentation' },
      corner,
      ...pins.map((one) => this.#head(one)),
    );
    stay.style.width = `${edge}px`;
    return h(
      'div',
      { class: 'row', role: 'row', 'aria-rowindex': 1 },
      stay,
      ...seen.map((one) => this.#head(one)),
    );
  }

  #head(column: Placed): HTMLElement {
    const head = this.#host.head(column.id);
    const at = this.#columnIndex(column.id);
    const place = { row: -1, column: at };
    const isSorted = head.descending !== undefined;
    const menu = h(
      'button',
      {
        type: 'button',
        class: 'icon more',
        tabindex: -1,
        title: `Column ${head.full}`,
        'aria-hidden': 'true',
      },
      icon('chevron-down'),
    );
    const cell = h(
      'div',
      {
        id: idOf(place),
        class: `cell${head.numeric ? ' numeric' : ''}${this.#isActive(place) ? ' active' : ''}`,
        role: 'columnheader',
        'aria-colindex': at + 2,
        'aria-sort': isSorted ? (head.descending ? 'descending' : 'ascending') : 'none',
        'data-column': column.id,
        title: `${head.full}. Press to sort; with Shift, by several.`,
        draggable: 'true',
      },
      h('span', { class: 'name' }, head.title),
      isSorted ? icon(head.descending ? 'arrow-down' : 'arrow-up') : undefined,
      head.rank === undefined ? undefined : h('span', { class: 'rank' }, String(head.rank)),
      menu,
      h('span', { class: 'edge', 'aria-hidden': 'true' }),
    );
    lay(cell, column);
    return cell;
  }

  #row(index: number, pins: readonly Placed[], seen: readonly Placed[], edge: number): HTMLElement {
    const row = this.#host.row(index);
    const place = { row: index, column: -1 };
    const gutter = h(
      'div',
      {
        id: idOf(place),
        class: `cell gutter${this.#isActive(place) ? ' active' : ''}`,
        role: 'gridcell',
        'aria-colindex': 1,
        'data-at': `${index}:-1`,
        'aria-label': row?.label,
      },
      ...(row?.signs ?? []),
    );
    gutter.style.width = `${GUTTER}px`;
    const stay = h(
      'div',
      { class: 'pins', role: 'presentation' },
      gutter,
      ...pins.map((one) => this.#cell(index, one, row)),
    );
    stay.style.width = `${edge}px`;
    return h(
      'div',
      {
        class: `row${index % 2 === 1 ? ' odd' : ''}${row?.isSelected === true ? ' chosen' : ''}`,
        role: 'row',
        'aria-rowindex': index + 2,
        'aria-selected': String(row?.isSelected === true),
      },
      stay,
      ...seen.map((one) => this.#cell(index, one, row)),
    );
  }

  #cell(index: number, column: Placed, row: GridRow | undefined): HTMLElement {
    const at = this.#columnIndex(column.id);
    const place = { row: index, column: at };
    const { text, title, lead, classes = '' } = row?.cell(column.id) ?? { text: '' };
    const cell = h(
      'div',
      {
        id: idOf(place),
        class: `cell ${classes}${this.#isActive(place) ? ' active' : ''}`,
        role: 'gridcell',
        'aria-colindex': at + 2,
        'data-at': `${index}:${at}`,
        title: title ?? text,
      },
      lead,
      h('span', { class: 'text' }, text),
    );
    lay(cell, column);
    return cell;
  }

  #columnIndex(id: string): number {
    return this.#host.columns().findIndex((column) => column.id === id);
  }

  #isActive({ row, column }: Place): boolean {
    return this.#active.row === row && this.#active.column === column;
  }

  #onPress(event: MouseEvent): void {
    const place = placeOf(event.target);
    if (place === undefined || event.button !== 0) return;
    this.#active = place;
    this.element.focus({ preventScroll: true });
    event.preventDefault();
    const sign = event.target instanceof Element ? event.target.closest('[data-sign]') : null;
    if (sign?.getAttribute('data-sign') === 'star') this.#host.star(place.row);
    else if (sign !== null || event.ctrlKey || event.metaKey) this.#host.select(place.row, 'toggle');
    else if (event.shiftKey) this.#host.select(place.row, 'range');
    // The second press of two: the first one has drawn the row again.
    else if (event.detail === 2) this.#host.open(place.row);
    else this.#host.select(place.row, 'only');
  }

  #listenToHeader(): void {
    const columnAt = (target: EventTarget | null): string | undefined =>
      (target instanceof Element ? target.closest('[data-column]') : null)?.getAttribute('data-column') ??
      undefined;
    const isOn = (target: EventTarget | null, part: string): boolean =>
      target instanceof Element && target.closest(part) !== null;
    this.#header.addEventListener('click', (event) => {
      const id = columnAt(event.target);
      if (id === undefined || isOn(event.target, '.edge')) return;
      this.#active = { row: -1, column: this.#columnIndex(id) };
      this.element.focus({ preventScroll: true });
      if (isOn(event.target, '.more')) this.#host.columnMenu(id, { x: event.clientX, y: event.clientY });
      else this.#host.sort(id, event.shiftKey);
    });
    this.#header.addEventListener('contextmenu', (event) => {
      const id = columnAt(event.target);
      event.preventDefault();
      if (id !== undefined) this.#host.columnMenu(id, { x: event.clientX, y: event.clientY });
    });
    this.#header.addEventListener('pointerdown', (event) => {
      const id = columnAt(event.target);
      if (id === undefined || !isOn(event.target, '.edge')) return;
      event.preventDefault();
      const { width } = this.#host.columns()[this.#columnIndex(id)] ?? { width: 0 };
      this.#pulled = { id, from: event.clientX, width };
    });
    window.addEventListener('pointermove', (event) => this.#pull(event, false));
    window.addEventListener('pointerup', (event) => this.#pull(event, true));
    this.#header.addEventListener('dragstart', (event) => {
      const id = columnAt(event.target);
      if (id === undefined || this.#pulled !== undefined) event.preventDefault();
      else event.dataTransfer?.setData('text/x-modelyard-column', id);
    });
    this.#header.addEventListener('dragover', (event) => {
      if (event.dataTransfer?.types.includes('text/x-modelyard-column') === true) event.preventDefault();
    });
    this.#header.addEventListener('drop', (event) => {
      const [id, to] = [event.dataTransfer?.getData('text/x-modelyard-column'), columnAt(event.target)];
      if (id === undefined || id === '' || to === undefined) return;
      event.preventDefault();
      this.#host.move(id, to);
    });
  }

  #pull(event: PointerEvent, done: boolean): void {
    const pulled = this.#pulled;
    if (pulled === undefined) return;
    if (done) this.#pulled = undefined;
    this.#host.resize(pulled.id, pulled.width + event.clientX - pulled.from, done);
  }

  /** The active cell moves, and is in sight. */
  #move(row: number, column: number): void {
    const columns = this.#host.columns();
    this.#active = {
      row: Math.max(-1, Math.min(this.#host.total() - 1, row)),
      column: Math.max(-1, Math.min(columns.length - 1, column)),
    };
    if (this.#active.row >= 0) this.#rows.reveal(this.#active.row);
    const id = columns[this.#active.column]?.id;
    if (id === undefined) this.draw();
    else this.reveal(id);
  }

  /** Moves as little as can be, so that a column is in sight. */
  reveal(column: string): void {
    this.draw();
    const { rest, edge } = this.#placed();
    const target = rest.find(({ id }) => id === column);
    if (target === undefined) return;
    const { scrollLeft, clientWidth } = this.#scroller;
    if (target.left < scrollLeft + edge) this.#scroller.scrollLeft = target.left - edge;
    else if (target.left + target.width > scrollLeft + clientWidth)
      this.#scroller.scrollLeft = target.left + target.width - clientWidth;
    else return;
    this.draw();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.element) return;
    const { row, column } = this.#active;
    const page = Math.max(1, this.#rows.shown - 2);
    const isFar = event.ctrlKey || event.metaKey;
    const id = this.#host.columns()[column]?.id;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [Math.max(0, row - page), column],
      PageDown: [row + page, column],
      Home: isFar ? [0, column] : [row, -1],
      End: isFar ? [this.#host.total() - 1, column] : [row, Infinity],
    };
    const to = event.altKey ? undefined : moves[event.key];
    const isMenu = event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
    if (to !== undefined) {
      this.#move(...to);
      if (event.shiftKey && this.#active.row >= 0 && this.#active.row !== row)
        this.#host.select(this.#active.row, 'range');
    } else if (row === -1) {
      if (id === undefined) return;
      if (event.key === 'Enter' || event.key === ' ') this.#host.sort(id, event.shiftKey);
      else if (isMenu) this.#host.columnMenu(id, this.#anchor());
      else return;
    } else if (event.key === 'Enter') this.#host.open(row);
    else if (event.key === ' ') this.#host.select(row, 'toggle');
    else if (isMenu) this.#host.rowMenu(row, this.#anchor());
    else if (event.key === 'c' && isFar) void navigator.clipboard.writeText(this.#textOf(row, id));
    else if (!this.#host.key(event, row)) return;
    event.preventDefault();
  }

  #textOf(row: number, id: string | undefined): string {
    const found = this.#host.row(row);
    return id === undefined ? (found?.key ?? '') : (found?.cell(id).text ?? '');
  }

  #anchor(): Anchor {
    return document.getElementById(idOf(this.#active)) ?? this.element;
  }
}

function idOf({ row, column }: Place): string {
  return `cell-${row}-${column}`;
}

function placeOf(target: EventTarget | null): Place | undefined {
  const at = (target instanceof Element ? target.closest('[data-at]') : null)?.getAttribute('data-at');
  const [row, column] = (at ?? '').split(':').map(Number);
  return row === undefined || column === undefined ? undefined : { row, column };
}

function lay(cell: HTMLElement, { left, width, pinned }: Placed): void {
  cell.style.width = `${width}px`;
  if (!pinned) cell.style.left = `${left}px`;
}
