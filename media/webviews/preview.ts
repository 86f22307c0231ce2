/** Rows of a feature view: as many as there are, of which only those on the screen are loaded. */
import { defined } from '../../server/base/defined.js';
import type { RowsFilter, RowsPage, RowsSort, ViewVersion } from '../../server/protocol/index.js';
import { button, h, icon } from './parts/dom.js';
import { connect } from './parts/host.js';
import { on, replace } from './parts/patch.js';
import { RowScroller } from './parts/experiments/row-scroller.js';
import type { FromPreview, ToPreview } from './shared/messages/feature.js';
import { ago, plain } from '../../server/base/format.js';

const ROW_HEIGHT = 22;
const PAGE = 200;
const KEPT_PAGES = 60;
/** A question that is answered sooner needs no sign that it is under way. */
const PATIENCE_MS = 300;
const TYPING_MS = 350;

const root = document.getElementById('root') ?? document.body;
let view = '';
let version: ViewVersion | undefined;
let columns: RowsPage['columns'] = [];
let total = 0;
let sort: RowsSort | undefined;
const filters = new Map<string, string>();
const pages = new Map<number, RowsPage['rows']>();
let active = { row: 0, column: 0 };
let asking: { id: number; page: number; since: number } | undefined;
let nextId = 1;
let problem: string | undefined;

const status = h('div', { class: 'status', role: 'status' });
const body = h('div', { class: 'layer', role: 'rowgroup' });
const header = h('div', { class: 'head', role: 'rowgroup' });
const canvas = h('div', { class: 'canvas' }, header, body);
const scroller = h('div', { class: 'scroller' }, canvas);
const grid = h(
  'div',
  { class: 'grid', role: 'grid', tabindex: 0, 'aria-label': 'Rows', 'aria-readonly': 'true' },
  scroller,
);

const rows = new RowScroller({
  ...{ scroller, canvas, header, body, rowHeight: ROW_HEIGHT },
  rows: () => total,
  draw: () => {
    if (columns.length > 0) draw();
  },
});

/** A value as text; of lists and structures their JSON. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

/** A value as a person reads it. */
function shown(value: unknown, type: string): { text: string; dim: boolean } {
  if (value === null || value === undefined) return { text: 'null', dim: true };
  const text = textOf(value);
  const isTime = typeof value === 'string' && /^(?:DATE|TIME)/.test(type);
  return { text: plain(isTime ? text.replace('T', ' ').replace(/Z$/, '') : text, 300), dim: text === '' };
}

function isNumeric(type: string): boolean {
  return /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT|FLOAT|DOUBLE|DECIMAL)/.test(type);
}

function rowAt(index: number): readonly unknown[] | undefined {
  return pages.get(Math.floor(index / PAGE))?.[index % PAGE];
}

function activeFilters(): RowsFilter[] {
  return [...filters].filter(([, text]) => text.trim() !== '').map(([column, text]) => ({ column, text }));
}

/** Asks for the first page that is on the screen and not there; one question at a time, and only what is still wanted. */
function want(): void {
  const last = Math.min(total - 1, rows.first + rows.shown);
  const wanted: number[] = [];
  for (let page = Math.floor(rows.first / PAGE); page <= Math.floor(Math.max(0, last) / PAGE); page++) {
    if (!pages.has(page)) wanted.push(page);
  }
  const [page] = wanted;
  if (page === undefined || (asking !== undefined && wanted.includes(asking.page))) return;
  ask(page);
}

function ask(page: number): void {
  const id = nextId++;
  asking = { id, page, since: Date.now() };
  problem = undefined;
  host.send({
    type: 'rows',
    id,
    offset: page * PAGE,
    limit: PAGE,
    filters: activeFilters(),
    ...defined({ sort }),
  });
  setTimeout(tell, PATIENCE_MS);
}

/** Sort or filter changed: nothing that is known holds. */
function restart(): void {
  pages.clear();
  rows.first = 0;
  active = { ...active, row: 0 };
  host.remember('sort', sort);
  host.remember('filters', [...filters]);
  ask(0);
  draw();
}

function tell(): void {
  const busy = asking !== undefined && Date.now() - asking.since >= PATIENCE_MS - 20;
  const filtered = activeFilters().length > 0;
  const of = filtered && version !== undefined ? ` of ${version.rows.toLocaleString('en-US')}` : '';
  const cancel = button('debug-stop', 'Cancel', () => {
    host.send({ type: 'cancel' });
    asking = undefined;
    problem = 'Cancelled. Scroll, or change the sorting or a filter, to ask again.';
    tell();
  });
  replace(
    status,
    problem === undefined ? undefined : h('span', { class: 'problem' }, icon('warning'), problem),
    busy
      ? h('span', { class: 'busy' }, icon('loading', 'codicon-modifier-spin'), 'Reading… ', cancel)
      : undefined,
    problem === undefined && !busy
      ? h('span', {}, `${total.toLocaleString('en-US')}${of} ${total === 1 ? 'row' : 'rows'}`)
      : undefined,
  );
}

function headCell(column: RowsPage['columns'][number], index: number): HTMLElement {
  const sorted = sort?.column === column.name ? (sort.descending ? 'descending' : 'ascending') : 'none';
  const arrow = sorted === 'none' ? undefined : icon(sorted === 'ascending' ? 'arrow-up' : 'arrow-down');
  const name = plain(column.name, 80);
  const order = h(
    'button',
    { type: 'button', class: 'sort', 'data-key': `sort:${column.name}`, title: `Sort by ${name}` },
    column.role === 'key' ? icon('key') : column.role === 'feature' ? undefined : icon('clock'),
    h('span', { class: 'name' }, name),
    arrow,
    h('span', { class: 'said' }, sorted === 'none' ? '' : `, ${sorted}`),
  );
  on(order, 'click', () => {
    sort =
      sorted === 'none'
        ? { column: column.name, descending: false }
        : sorted === 'ascending'
          ? { column: column.name, descending: true }
          : undefined;
    restart();
    drawHead();
  });
  const filter = h('input', {
    type: 'text',
    class: 'filter',
    'data-key': `filter:${column.name}`,
    placeholder: isNumeric(column.type) ? '> 5, 1, null' : 'Filter',
    'aria-label': `Filter ${name}`,
    title: 'Contains, or: = x, != x, > 5, <= 3, null, !null',
    spellcheck: 'false',
  });
  filter.value = filters.get(column.name) ?? '';
  let typing: ReturnType<typeof setTimeout> | undefined;
  const take = (text: string): void => {
    clearTimeout(typing);
    if ((filters.get(column.name) ?? '') === text) return;
    filters.set(column.name, text);
    restart();
  };
  on(filter, 'input', (_, live) => {
    clearTimeout(typing);
    typing = setTimeout(() => take(live.value), TYPING_MS);
  });
  on(filter, 'change', (_, live) => take(live.value));
  on(filter, 'keydown', (event, live) => {
    if (event.key === 'Enter') take(live.value);
    event.stopPropagation();
  });
  return h(
    'div',
    {
      class: `cell ${isNumeric(column.type) ? 'numeric' : ''}`,
      role: 'columnheader',
      'aria-sort': sorted,
      'aria-colindex': index + 1,
    },
    order,
    h('span', { class: 'type dim' }, plain(column.type, 40).toLowerCase()),
    filter,
  );
}

function drawHead(): void {
  replace(header, h('div', { class: 'row', role: 'row', 'aria-rowindex': 1 }, ...columns.map(headCell)));
}

/** Widths by what the first rows hold; they stay while one scrolls. */
function arrange(loaded: RowsPage['rows']): void {
  const widths = columns.map(({ name, type }, index) => {
    const longest = loaded
      .slice(0, 100)
      .reduce((most, row) => Math.max(most, shown(row[index], type).text.length), 0);
    return `${Math.min(44, Math.max(11, name.length + 5, longest + 3))}ch`;
  });
  canvas.style.setProperty('--columns', widths.join(' '));
}

function draw(): void {
  const count = rows.measure();
  body.replaceChildren(...Array.from({ length: count }, (_, at) => drawRow(rows.first + at)));
  grid.setAttribute('aria-rowcount', String(total + 1));
  grid.setAttribute('aria-colcount', String(columns.length));
  const cell = document.getElementById(`cell-${active.row}-${active.column}`);
  if (cell === null) grid.removeAttribute('aria-activedescendant');
  else grid.setAttribute('aria-activedescendant', cell.id);
  rows.place();
  if (total > 0) want();
  tell();
}

function drawRow(index: number): HTMLElement {
  const values = rowAt(index);
  const row = h('div', {
    class: `row ${index % 2 === 1 ? 'odd' : ''}`,
    role: 'row',
    'aria-rowindex': index + 2,
  });
  columns.forEach((column, at) => {
    const { text, dim } = values === undefined ? { text: '', dim: true } : shown(values[at], column.type);
    const isActive = index === active.row && at === active.column;
    const cell = h(
      'div',
      {
        id: `cell-${index}-${at}`,
        class: `cell ${isNumeric(column.type) ? 'numeric' : ''} ${dim ? 'dim' : ''} ${isActive ? 'active' : ''}`,
        role: 'gridcell',
        'aria-colindex': at + 1,
        title: text,
      },
      text,
    );
    cell.addEventListener('mousedown', () => {
      active = { row: index, column: at };
      draw();
    });
    row.append(cell);
  });
  return row;
}

function move(row: number, column: number): void {
  active = {
    row: Math.max(0, Math.min(total - 1, row)),
    column: Math.max(0, Math.min(columns.length - 1, column)),
  };
  rows.reveal(active.row);
  draw();
  document
    .getElementById(`cell-${active.row}-${active.column}`)
    ?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
}

const KEYS: Readonly<Record<string, (page: number) => readonly [number, number]>> = {
  ArrowUp: () => [active.row - 1, active.column],
  ArrowDown: () => [active.row + 1, active.column],
  ArrowLeft: () => [active.row, active.column - 1],
  ArrowRight: () => [active.row, active.column + 1],
  PageUp: (page) => [active.row - page, active.column],
  PageDown: (page) => [active.row + page, active.column],
  Home: () => [active.row, 0],
  End: () => [active.row, columns.length - 1],
};

grid.addEventListener('keydown', (event) => {
  if (event.target !== grid) return;
  if (event.key === 'c' && (event.ctrlKey || event.metaKey)) {
    const value = rowAt(active.row)?.[active.column];
    const text = value === null ? '' : textOf(value);
    void navigator.clipboard.writeText(text);
    return;
  }
  const key = KEYS[event.key];
  if (key === undefined) return;
  event.preventDefault();
  const jump = (event.ctrlKey || event.metaKey) && (event.key === 'Home' || event.key === 'End');
  const [row, column] = jump
    ? ([event.key === 'Home' ? 0 : total - 1, active.column] as const)
    : key(Math.max(1, rows.shown - 2));
  move(row, column);
});

function page(newer: ViewVersion | undefined): void {
  const made = version === undefined ? '' : `version ${version.version}, made ${ago(version.at, Date.now())}`;
  const reload = button('refresh', `Show version ${newer?.version ?? ''}`, () =>
    host.send({ type: 'reload' }),
  );
  replace(
    root,
    h(
      'div',
      { class: 'bar' },
      h('h1', {}, plain(view, 80)),
      h('span', { class: 'dim' }, made),
      newer === undefined ? undefined : reload,
      h('span', { class: 'grow' }),
      status,
      button('graph', 'Profile', () => host.send({ type: 'profile' })),
    ),
    grid,
  );
}

function recallFilters(): void {
  const kept = host.recall('filters');
  if (Array.isArray(kept)) {
    for (const pair of kept as unknown[]) {
      if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string')
        filters.set(pair[0], pair[1]);
    }
  }
  const order = host.recall('sort');
  if (typeof order === 'object' && order !== null && 'column' in order && typeof order.column === 'string')
    sort = { column: order.column, descending: 'descending' in order && order.descending === true };
}

function receive(message: ToPreview): void {
  switch (message.type) {
    case 'start':
      view = message.view;
      version = message.version;
      total = message.version.rows;
      pages.clear();
      recallFilters();
      page(undefined);
      ask(0);
      return;
    case 'newer':
      page(message.version);
      draw();
      return;
    case 'missing':
      replace(root, h('p', { class: 'error' }, icon('warning'), message.message));
      return;
    case 'problem':
      if (message.id !== asking?.id) return;
      asking = undefined;
      problem = message.message;
      total = pages.size === 0 ? 0 : total;
      // A sort or a filter that came along with the page may be about columns that are gone.
      if (columns.length === 0 && (sort !== undefined || filters.size > 0)) {
        sort = undefined;
        filters.clear();
        restart();
      } else draw();
      return;
    case 'rows': {
      if (message.id !== asking?.id) return;
      asking = undefined;
      const { page: answer, offset } = message;
      const fresh = columns.length === 0;
      columns = answer.columns;
      total = answer.total;
      pages.set(Math.floor(offset / PAGE), answer.rows);
      const [oldest] = pages.keys();
      if (pages.size > KEPT_PAGES && oldest !== undefined) pages.delete(oldest);
      if (fresh) {
        arrange(answer.rows);
        drawHead();
      }
      draw();
    }
  }
}

const host = connect<ToPreview, FromPreview>(receive);
