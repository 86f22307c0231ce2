/** The *Experiments* tab: all runs of a project in a table, narrowed, sorted and marked, with curves of those that are chosen. */
import { localDateTime, plain, plural } from '../../server/base/format.js';
import { SideCharts } from './charts/side.js';
import { chooseColumns } from './parts/experiments/column-chooser.js';
import { button, h, icon, statusIcon } from './parts/dom.js';
import { columnChoices, markButton, menuButton, narrowButtons } from './parts/experiments/bars.js';
import { columnMenu, runMenu } from './parts/experiments/menus.js';
import { filterBox, type FilterBox } from './parts/experiments/filter-box.js';
import { connect } from './parts/host.js';
import { openMenu } from './parts/menu.js';
import { replace } from './parts/patch.js';
import { RunGrid, type Cell, type GridRow } from './parts/experiments/run-grid.js';
import { SPARK_POINTS, Sparks } from './parts/charts/sparks.js';
import { ColumnCatalogue } from './shared/experiments/column-catalogue.js';
import { cellText, differs, firstLayout, widthOf } from './shared/experiments/cells.js';
import type { ExperimentAction, FromExperiments, ToExperiments } from './shared/messages/experiment.js';
import { ExperimentRows, type LoadedRow } from './shared/experiments/rows.js';
import { EVERYTHING, queryOf, readNarrowing, type Narrowing } from './shared/experiments/narrowing.js';
import { isActive, look } from './shared/status.js';
import {
  chosen,
  moved,
  readLayout,
  resized,
  sortedBy,
  type TableLayout,
} from './shared/experiments/table-layout.js';

const PAGE = 100;
const TYPING_MS = 250;
const CURVE_POINTS = 500;
/** The comparison shows so many. */
const MOST_COMPARED = 8;
/** Answers with this id are lines of cells. */
const SPARKS = 0;

let project = '';
let canRun = false;
let layout: TableLayout = { columns: [], sort: [], against: 'none' };
let hasLayout = false;
let narrowing: Narrowing = EVERYTHING;
const catalogue = new ColumnCatalogue();
const rows = new ExperimentRows(PAGE);
let asking: number | undefined;
/** The next page is of another order or filter: what is loaded is shown until it comes. */
let isRestarting = false;
/** What is shown are the newest runs, while all of them are read. */
let isPartial = true;
let nextId = SPARKS + 1;
/** Why nothing is shown; empty: the filter says it. */
let problem: string | undefined;
let unread: readonly string[] = [];
/** Chosen runs in the order in which they were chosen, and what charts call them. */
const selection = new Map<string, string>();
/** Where a range begins. */
let anchor: number | undefined;
let baseline:
  { readonly id: string; readonly asked: number; values: ReadonlyMap<string, unknown> } | undefined;

const sparks = new Sparks((ids, metrics) =>
  host.send({ type: 'curves', id: SPARKS, ids, metrics, points: SPARK_POINTS }),
);
const side = new SideCharts({
  catalogue,
  shown: shownIds,
  words: (id) => catalogue.words(id),
  askCurves: (ids) => {
    const id = nextId++;
    host.send({ type: 'curves', id, ids, metrics: [], points: CURVE_POINTS });
    return id;
  },
  askRows: (ids, columns, limit) => {
    const id = nextId++;
    const query =
      ids === undefined
        ? queryOf(narrowing, layout.sort, Date.now())
        : { filter: `id in (${ids.join(', ')})`, archived: true, sort: [] };
    host.send({ type: 'rows', id, query, columns, offset: 0, limit, catalogue: false });
    return id;
  },
  choose: (id) => {
    if (selection.has(id)) selection.delete(id);
    else selection.set(id, nameOf(rows.find(id)) ?? id);
    selectionChanged();
  },
  open: (id) => act('showRun', [id]),
  filter: (filter) => box?.set(narrowing.filter === '' ? filter : `(${narrowing.filter}) and ${filter}`),
  save: (name, kind, content) => host.send({ type: 'save', name, kind, content }),
  remember: (choices) => host.remember('charts', choices),
  changed: () => draw(),
});

function shownIds(): readonly string[] {
  return layout.columns.map(({ id }) => id);
}

/** Columns that are asked for: those that are shown, and what charts call a run by. */
function asked(): readonly string[] {
  return [...new Set([...shownIds(), 'created', 'name'])];
}

/** @param partial the newest runs will do, where all of them are still to be read */
function ask(page: number, withCatalogue = catalogue.isEmpty, partial = isPartial): void {
  asking = nextId++;
  const query = queryOf(narrowing, layout.sort, Date.now());
  const what = { query, columns: asked(), offset: page * PAGE, limit: PAGE, catalogue: withCatalogue };
  host.send({ type: 'rows', id: asking, ...what, partial });
}

/** Another order, other columns or another filter: nothing that is loaded holds. */
function restart(): void {
  isRestarting = true;
  problem = undefined;
  ask(0);
}

/** Asks for the first page that is in sight and not there as it is now; one question at a time. Then for lines in cells. */
function want(first: number, count: number): void {
  const last = Math.max(0, Math.min(rows.total - 1, first + count));
  for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
    if (rows.isFresh(page) || problem !== undefined) continue;
    if (asking === undefined) ask(page);
    return;
  }
  const inSight = (): readonly string[] =>
    Array.from({ length: count }, (_, at) => rows.at(first + at)?.id).filter((id) => id !== undefined);
  sparks.want(inSight, catalogue.metrics(shownIds()));
}

function askBaseline(id: string): void {
  const own = nextId++;
  baseline = { id, asked: own, values: new Map() };
  const query = { filter: `id = ${id}`, archived: true, sort: [] };
  host.send({ type: 'rows', id: own, query, columns: asked(), offset: 0, limit: 1, catalogue: false });
}

/** @param isOrder the rows come in another order */
function arrange(next: TableLayout, isOrder = false): void {
  const before = new Set(asked());
  layout = next;
  hasLayout = true;
  host.send({ type: 'layout', layout });
  const isMore = asked().some((id) => !before.has(id));
  if (isOrder) grid.toTop();
  if (isOrder || isMore) restart();
  if (isMore && baseline !== undefined) askBaseline(baseline.id);
  draw();
}

function narrow(change: Partial<Narrowing>): void {
  narrowing = { ...narrowing, ...change };
  host.remember('narrowing', narrowing);
  grid.toTop();
  restart();
  draw();
}

function act(action: ExperimentAction, ids: readonly string[]): void {
  if (ids.length > 0) host.send({ type: 'act', action, ids });
}

const acts = {
  get canRun(): boolean {
    return canRun;
  },
  act,
  makeBaseline(id: string): void {
    askBaseline(id);
    arrange({ ...layout, against: 'baseline' });
  },
};

// Rows

/** What charts call a run; `undefined`: it is not loaded. */
function nameOf(row: LoadedRow | undefined): string | undefined {
  if (row === undefined) return undefined;
  const name = row.value('name');
  const created = row.value('created');
  return `${plain(typeof name === 'string' ? name : row.pipeline, 24)} ${localDateTime(typeof created === 'string' ? created : '').slice('2026-'.length)}`;
}

function signs(row: LoadedRow): readonly Element[] {
  const color = side.color(row.id);
  const isChosen = selection.has(row.id);
  const box = {
    'data-sign': 'select',
    class: color === undefined ? 'box' : `box color-${color}`,
    title: 'Choose',
  };
  const star = { class: row.isStarred ? 'starred' : 'unstarred', title: row.isStarred ? 'Unstar' : 'Star' };
  return [
    h('span', box, icon(isChosen ? 'pass-filled' : 'circle-large-outline')),
    h('span', { 'data-sign': 'star', ...star }, icon(row.isStarred ? 'star-full' : 'star-empty')),
    statusIcon(row.status),
  ];
}

/** Whether a cell is other than what it is held against. */
function isOther(index: number, row: LoadedRow, column: string): boolean {
  if (layout.against === 'none') return false;
  const above = rows.at(index - 1);
  if (layout.against === 'above')
    return above !== undefined && differs(column, row.value(column), above.value(column));
  // Until its values are there nothing is other.
  const values = baseline?.id === row.id ? undefined : baseline?.values;
  return values?.has(column) === true && differs(column, row.value(column), values.get(column));
}

function cell(index: number, row: LoadedRow, column: string): Cell {
  const value = row.value(column);
  const text = column === 'status' ? look(row.status).word : cellText(column, value);
  const full = typeof value === 'number' ? String(value) : text;
  const other = isOther(index, row, column);
  const metric = catalogue.metric(column);
  const lead = metric === undefined ? undefined : sparks.of(row.id, metric);
  return {
    text,
    title: other
      ? `${full} (differs from ${layout.against === 'above' ? 'the row above' : 'the baseline'})`
      : full,
    classes: `${catalogue.words(column).numeric ? 'numeric' : ''}${other ? ' differs' : ''}`,
    ...(lead === undefined ? {} : { lead }),
  };
}

function gridRow(index: number): GridRow | undefined {
  const row = rows.at(index);
  if (row === undefined) return undefined;
  const marks = { starred: row.isStarred, archived: row.isArchived, baseline: row.id === baseline?.id };
  const said = Object.entries(marks).flatMap(([word, holds]) => (holds ? [word] : []));
  return {
    key: row.id,
    isSelected: selection.has(row.id),
    label: [look(row.status).word, ...said].join(', '),
    signs: signs(row),
    cell: (column) => cell(index, row, column),
  };
}

function select(index: number, how: 'only' | 'toggle' | 'range'): void {
  const row = rows.at(index);
  if (row === undefined) return;
  const isRange = how === 'range' && anchor !== undefined;
  const isOff = how === 'toggle' && selection.has(row.id);
  if (how !== 'toggle') selection.clear();
  const [from, to] = isRange
    ? [Math.min(anchor ?? index, index), Math.max(anchor ?? index, index)]
    : [index, index];
  for (let at = from; at <= to; at++) {
    const one = rows.at(at);
    if (one !== undefined) selection.set(one.id, nameOf(one) ?? one.id);
  }
  if (isOff) selection.delete(row.id);
  if (!isRange) anchor = index;
  selectionChanged();
}

function selectionChanged(): void {
  side.update(selection);
  draw();
}

/** The chosen runs where the row is one of them, else the row's. */
function meant(index: number): readonly string[] {
  const row = rows.at(index);
  return row === undefined || selection.has(row.id) ? [...selection.keys()] : [row.id];
}

const grid = new RunGrid({
  columns: () => layout.columns,
  head: (id) => {
    const rank = layout.sort.findIndex(({ column }) => column === id);
    const sort = layout.sort[rank];
    const { title, full, numeric } = catalogue.words(id);
    return {
      ...{ title, full, numeric },
      ...(sort === undefined ? {} : { descending: sort.descending }),
      ...(sort === undefined || layout.sort.length < 2 ? {} : { rank: rank + 1 }),
    };
  },
  total: () => rows.total,
  row: gridRow,
  want,
  sort: (id, more) => arrange(sortedBy(layout, id, more, catalogue.first(id)), true),
  resize: (id, width, done) => {
    layout = resized(layout, id, width);
    if (done) arrange(layout);
    else grid.draw();
  },
  move: (id, to) => arrange(moved(layout, id, to)),
  columnMenu: (id, at) =>
    openMenu(
      at,
      `Column ${catalogue.words(id).full}`,
      () => columnMenu(layout, id, catalogue, arrange),
      grid.element,
    ),
  rowMenu: (index, at) => {
    const ids = meant(index);
    if (ids.length > 0) openMenu(at, 'Run', () => runMenu(ids, rows.at(index), acts), grid.element);
  },
  select,
  star: (index) => {
    const row = rows.at(index);
    if (row !== undefined && canRun) act('starRun', [row.id]);
  },
  open: (index) => {
    const row = rows.at(index);
    if (row !== undefined) act('showRun', [row.id]);
  },
  key: (event, index) => {
    if (event.key === 'Escape' && selection.size > 0) {
      selection.clear();
      selectionChanged();
    } else if (event.key === 's' && canRun) act('starRun', meant(index));
    else if (event.key === 'Delete' && canRun) act('deleteRun', meant(index));
    else return false;
    return true;
  },
});

// The page around it

const root = document.getElementById('root') ?? document.body;
const head = h('div', { class: 'bar' });
const buttons = h('div', { class: 'bar' });
const notes = h('div', { class: 'notes' });
let box: FilterBox | undefined;

function searchBox(): HTMLElement {
  const input = h('input', {
    ...{ type: 'text', class: 'text', placeholder: 'Search text', 'aria-label': 'Search text' },
    spellcheck: 'false',
  });
  input.value = narrowing.text;
  let typing: ReturnType<typeof setTimeout> | undefined;
  input.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => narrow({ text: input.value }), TYPING_MS);
  });
  return input;
}

/** Made once: what somebody types into stays where it is. */
function build(): void {
  box = filterBox(
    narrowing.filter,
    () => catalogue.filterWords(),
    (filter) => narrow({ filter }),
  );
  root.replaceChildren(
    head,
    h('div', { class: 'bar' }, box.element, searchBox(), buttons),
    notes,
    h('div', { class: 'main' }, grid.element, side.element),
  );
}

function headButtons(): readonly HTMLElement[] {
  const ids = [...selection.keys()];
  const count = Math.min(MOST_COMPARED, ids.length);
  const compare = button('diff', count > 1 ? `Compare ${count}` : 'Compare', () => act('compareRuns', ids));
  compare.disabled = count < 2;
  const only = ids.length === 1 ? rows.find(ids[0] ?? '') : undefined;
  const columns = (): void =>
    chooseColumns(
      columnChoices(catalogue, shownIds()),
      shownIds(),
      (wanted) => {
        const before = new Set(shownIds());
        arrange(chosen(layout, wanted, widthOf));
        const added = shownIds().find((id) => !before.has(id));
        if (added !== undefined) grid.reveal(added);
      },
      () => head.querySelector<HTMLElement>('[title="Columns…"]'),
    );
  const exported = (): void =>
    host.send({ type: 'export', query: queryOf(narrowing, layout.sort, Date.now()), columns: shownIds() });
  return [
    compare,
    menuButton('actions', 'ellipsis', 'Actions', () => runMenu(ids, only, acts)),
    button('list-selection', 'Columns…', columns),
    markButton(() => layout, baseline !== undefined, arrange),
    button('export', 'CSV…', exported),
    button(side.isShown ? 'layout-sidebar-right' : 'layout-sidebar-right-off', 'Charts', () => side.toggle()),
  ];
}

function noteElements(): readonly (HTMLElement | undefined)[] {
  const isEmpty = problem === undefined && asking === undefined && rows.total === 0;
  const none =
    rows.all === 0
      ? 'There are no runs yet. Run a pipeline: its params and metrics show here.'
      : 'There are no runs that match.';
  const count = plural(unread.length, 'run can’t be read', 'runs can’t be read');
  return [
    problem === undefined || problem === ''
      ? undefined
      : h('p', { class: 'error' }, icon('warning'), plain(problem, 500)),
    unread.length === 0
      ? undefined
      : h('p', { class: 'dim', title: plain(unread.join(' '), 2_000) }, icon('warning'), ` ${count}`),
    isEmpty ? h('p', { class: 'dim' }, none) : undefined,
  ];
}

function countText(): string {
  const [shown, all] = [rows.total, rows.all].map((number) => number.toLocaleString('en-US'));
  if (!isPartial) return `${shown} of ${all} ${rows.all === 1 ? 'run' : 'runs'}`;
  return rows.all === 0 ? '' : `Newest ${shown} runs, reading the others…`;
}

function draw(): void {
  replace(
    head,
    h('h1', {}, project === '' ? 'Experiments' : `Experiments: ${project}`),
    h('span', { class: 'dim count', role: 'status' }, countText()),
    h('span', { class: 'grow' }),
    ...headButtons(),
  );
  replace(buttons, ...narrowButtons(() => narrowing, catalogue, narrow));
  replace(notes, ...noteElements());
  grid.draw();
}

// What arrives

type Message<T extends ToExperiments['type']> = Extract<ToExperiments, { readonly type: T }>;

function takePage({ id, page }: Message<'page'>): void {
  if (id === baseline?.asked) {
    baseline.values = new Map(asked().map((column, at) => [column, page.columns[at]?.[0]]));
    draw();
    return;
  }
  if (side.takeRows(id, page) || id !== asking) return;
  asking = undefined;
  problem = undefined;
  box?.fail(undefined);
  unread = page.problems;
  if (isRestarting) rows.clear();
  isRestarting = false;
  rows.take(page, asked());
  isPartial = page.partial === true;
  if (page.offset === 0) side.stale();
  if (page.catalogue !== undefined) catalogue.take(page.catalogue);
  if (page.catalogue !== undefined && !hasLayout) {
    layout = firstLayout(page.catalogue.columns);
    hasLayout = true;
    // The page came without the columns that are shown only now.
    restart();
  } else if (isPartial) {
    isRestarting = true;
    ask(0, true, false);
  }
  draw();
}

function takeProblem({ id, message, at }: Message<'problem'>): void {
  if (id !== asking) return;
  asking = undefined;
  const isFilter = narrowing.filter !== '' && at !== undefined;
  if (isFilter) box?.fail(`At character ${at + 1}: ${plain(message, 300)}`);
  problem = isFilter ? '' : message;
  // Half a filter is no reason to take the table away from whoever types it.
  if (!isFilter) {
    rows.clear();
    rows.total = 0;
  }
  draw();
}

function receive(message: ToExperiments): void {
  switch (message.type) {
    case 'start': {
      ({ project, canRun } = message);
      narrowing = readNarrowing(host.recall('narrowing'));
      side.restore(host.recall('charts'));
      const kept = readLayout(message.layout);
      hasLayout = kept !== undefined;
      layout = kept ?? layout;
      build();
      restart();
      draw();
      return;
    }
    case 'page':
      takePage(message);
      return;
    case 'problem':
      takeProblem(message);
      return;
    case 'curves':
      if (message.id === SPARKS) {
        sparks.take(message.curves);
        grid.draw();
      } else side.takeCurves(message.id, message.curves, message.tooLong.length);
      return;
    case 'changed':
      for (const row of rows.loaded())
        if (isActive(row.status)) sparks.forget(row.id, catalogue.metrics(shownIds()));
      rows.stale();
      problem = undefined;
      ask(Math.floor(grid.first / PAGE), true);
      return;
    case 'trust':
      ({ canRun } = message);
      draw();
      return;
  }
}

const host = connect<ToExperiments, FromExperiments>(receive);
