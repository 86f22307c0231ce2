/** Charts beside the table of experiments: curves of the chosen runs, and params and metrics of them against each other. */
import { plain, plural } from '../../../server/base/format.js';
import type { ExperimentColumn, ExperimentCurve, ExperimentsPage } from '../../../server/protocol/index.js';
import { button, h } from '../parts/dom.js';
import { openMenu } from '../parts/menu.js';
import { on } from '../parts/patch.js';
import type { ColumnCatalogue } from '../shared/experiments/column-catalogue.js';
import { ChosenCurves } from './chosen-curves.js';
import type { ChartHost, DrawnRuns } from './drawn-runs.js';
import { pngBase64, svgText } from './export.js';
import { importance } from './importance.js';
import { parallel } from './parallel.js';
import type { Brush } from './run-values.js';
import { scatter } from './scatter.js';

/** One answer of the server has so many rows. */
const MOST_RUNS = 1_000;
const MOST_AXES = 12;
const MOST_PARAMS = 60;

const TABS = { curves: 'Curves', scatter: 'Scatter', parallel: 'Parallel', importance: 'Params' } as const;
type Tab = keyof typeof TABS;

/** What is chosen in the panel, as it is kept. */
interface Choices {
  readonly tab: Tab;
  readonly isOpen: boolean;
  readonly x?: string;
  readonly y?: string;
  /** A metric. */
  readonly target?: string;
}

export interface SideHost extends ChartHost {
  readonly catalogue: ColumnCatalogue;
  /** Ids of the columns of the table. */
  shown(): readonly string[];
  askCurves(ids: readonly string[]): number;
  /** @param ids of runs; `undefined`: those that the table has. Gives what the answer comes back with */
  askRows(ids: readonly string[] | undefined, columns: readonly string[], limit: number): number;
  save(name: string, extension: 'svg' | 'png', content: string): void;
  remember(choices: unknown): void;
  /** Something about the panel has changed. */
  changed(): void;
}

function readChoices(value: unknown): Choices {
  const { tab, isOpen, x, y, target } = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<keyof Choices, unknown>
  >;
  const text = (name: 'x' | 'y' | 'target', one: unknown): object =>
    typeof one === 'string' ? { [name]: one } : {};
  return {
    tab: typeof tab === 'string' && Object.hasOwn(TABS, tab) ? (tab as Tab) : 'curves',
    isOpen: isOpen !== false,
    ...text('x', x),
    ...text('y', y),
    ...text('target', target),
  };
}

export class SideCharts {
  readonly element = h('aside', { class: 'side', 'aria-label': 'Charts' });
  readonly #host: SideHost;
  readonly #curves: ChosenCurves;
  readonly #head = h('div', { class: 'bar' });
  readonly #body = h('div', { class: 'side-body' });
  readonly #brushes = new Map<string, Brush>();
  #choices: Choices = readChoices(undefined);
  #selection: ReadonlyMap<string, string> = new Map();
  #asked = 0;
  #columns: readonly string[] = [];
  #page: ExperimentsPage | undefined;
  /** What the loaded page was asked for. */
  #key = '';

  constructor(host: SideHost) {
    this.#host = host;
    this.#curves = new ChosenCurves((ids) => host.askCurves(ids));
    this.element.append(this.#head, this.#body);
    this.element.hidden = true;
  }

  /** As it was kept. */
  restore(kept: unknown): void {
    this.#choices = readChoices(kept);
  }

  get isShown(): boolean {
    return !this.element.hidden;
  }

  /** Shows the panel, or takes it away. */
  toggle(): void {
    // Curves of nothing are nothing to see.
    const tab = !this.isShown && this.#selection.size === 0 ? 'scatter' : this.#choices.tab;
    this.#choose({ isOpen: !this.isShown, tab: this.#choices.tab === 'curves' ? tab : this.#choices.tab });
  }

  /** The colour of a run; `undefined`: it is not drawn as a curve. */
  color(run: string): number | undefined {
    return this.#isOn('curves') ? this.#curves.color(run) : undefined;
  }

  /** @param selection ids of the chosen runs, and what they are called */
  update(selection: ReadonlyMap<string, string>): void {
    this.#selection = new Map(selection);
    this.#refresh();
  }

  /** Runs have changed, or the table has others: what is drawn is asked for again. */
  stale(): void {
    this.#key = '';
    this.#refresh();
  }

  takeCurves(id: number, curves: readonly ExperimentCurve[], tooLong: number): void {
    this.#curves.take(id, curves, tooLong);
    if (this.#isOn('curves')) this.#addExports();
  }

  /** Whether an answer was for these charts. */
  takeRows(id: number, page: ExperimentsPage | undefined): boolean {
    if (id !== this.#asked) return false;
    this.#page = page;
    this.#draw();
    return true;
  }

  #isOn(tab: Tab): boolean {
    return this.isShown && this.#choices.tab === tab;
  }

  #choose(change: Partial<Choices>): void {
    this.#choices = { ...this.#choices, ...change };
    this.#host.remember(this.#choices);
    this.#refresh();
    this.#host.changed();
  }

  #refresh(): void {
    const { tab, isOpen } = this.#choices;
    this.element.hidden = !isOpen || (tab === 'curves' && this.#selection.size === 0);
    if (this.element.hidden) return;
    this.#drawHead();
    if (tab === 'curves') {
      this.#body.replaceChildren(this.#curves.element);
      this.#curves.choose(this.#selection, this.#host.catalogue.metrics(this.#host.shown()));
      return;
    }
    const ids = this.#selection.size >= 2 ? [...this.#selection.keys()].slice(0, MOST_RUNS) : undefined;
    const columns = [...new Set([...this.#wanted(), 'created', 'name'])];
    const key = JSON.stringify([ids, columns]);
    if (key !== this.#key) {
      this.#key = key;
      this.#columns = columns;
      this.#asked = this.#host.askRows(ids, columns, MOST_RUNS);
    } else this.#draw();
  }

  #numeric(kind: ExperimentColumn['kind']): readonly string[] {
    const of = this.#host.catalogue.all.filter((column) => column.kind === kind && column.varies);
    return of.map(({ id }) => id);
  }

  /** The chosen column where there is such a one, else the first that is. */
  #pick(name: 'x' | 'y' | 'target', among: readonly string[], not?: string): string | undefined {
    const chosen = this.#choices[name];
    if (chosen !== undefined && among.includes(chosen)) return chosen;
    // What the table shows is what somebody looks at.
    const shown = this.#host.shown().filter((id) => among.includes(id));
    return [...shown, ...among].find((id) => id !== not);
  }

  get #axes(): readonly string[] {
    return [...this.#numeric('param'), ...this.#numeric('metric')];
  }

  get #target(): string | undefined {
    return this.#pick('target', this.#numeric('metric'));
  }

  get #y(): string | undefined {
    return this.#pick('y', [...this.#numeric('metric'), ...this.#numeric('param')]);
  }

  get #x(): string | undefined {
    return this.#pick('x', this.#axes, this.#y);
  }

  #parallelColumns(): readonly string[] {
    const target = this.#target;
    const shown = this.#host.shown().filter((id) => this.#axes.includes(id) && id !== target);
    const params = shown.filter((id) => id.startsWith('params.'));
    const rest = shown.filter((id) => !params.includes(id));
    return [...[...params, ...rest].slice(0, MOST_AXES - 1), ...(target === undefined ? [] : [target])];
  }

  #wanted(): readonly string[] {
    const some = (...ids: readonly (string | undefined)[]): readonly string[] =>
      ids.flatMap((id) => id ?? []);
    switch (this.#choices.tab) {
      case 'curves':
        return [];
      case 'scatter':
        return some(this.#x, this.#y);
      case 'parallel':
        return this.#parallelColumns();
      case 'importance':
        return [...some(this.#target), ...this.#numeric('param').slice(0, MOST_PARAMS)];
    }
  }

  #drawHead(): void {
    const tabs = (Object.keys(TABS) as Tab[]).map((tab) => {
      const isChosen = tab === this.#choices.tab;
      const attributes = { type: 'button', role: 'tab', class: 'tab', 'aria-selected': String(isChosen) };
      const element = h('button', { ...attributes, tabindex: isChosen ? 0 : -1, 'data-tab': tab }, TABS[tab]);
      on(element, 'click', () => this.#choose({ tab }));
      return element;
    });
    const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Charts' }, ...tabs);
    list.addEventListener('keydown', (event) => {
      const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      const all = Object.keys(TABS) as Tab[];
      const next = by === 0 ? undefined : all.at((all.indexOf(this.#choices.tab) + by) % all.length);
      if (next === undefined) return;
      event.preventDefault();
      this.#choose({ tab: next });
      this.#head.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
    });
    this.#head.replaceChildren(list, h('span', { class: 'grow' }), ...this.#pickers());
  }

  #pickers(): readonly HTMLElement[] {
    switch (this.#choices.tab) {
      case 'curves':
        return [];
      case 'scatter':
        return [this.#picker('y', 'Y', this.#axes, this.#y), this.#picker('x', 'X', this.#axes, this.#x)];
      case 'parallel':
      case 'importance':
        return [this.#picker('target', 'Metric', this.#numeric('metric'), this.#target)];
    }
  }

  #picker(
    name: 'x' | 'y' | 'target',
    label: string,
    among: readonly string[],
    chosen: string | undefined,
  ): HTMLElement {
    const options = among.map((id) => {
      const option = h('option', { value: id }, plain(this.#host.catalogue.words(id).full, 80));
      option.selected = id === chosen;
      return option;
    });
    const select = h('select', { 'aria-label': label, 'data-key': `pick:${name}` }, ...options);
    on(select, 'change', (_, live) => this.#choose({ [name]: live.value }));
    return h('label', {}, label, select);
  }

  #draw(): void {
    const { tab } = this.#choices;
    if (!this.isShown || tab === 'curves') return;
    const page = this.#page;
    if (page?.columns.length !== this.#columns.length) return;
    const runs = this.#runs(page);
    const count = page.ids.length;
    const words =
      this.#selection.size >= 2
        ? `The ${plural(count, 'chosen run')}.`
        : page.total > count
          ? `The first ${count.toLocaleString('en-US')} of ${page.total.toLocaleString('en-US')} runs, in the table’s order.`
          : `All ${plural(count, 'run')} of the table.`;
    this.#body.replaceChildren(h('p', { class: 'dim' }, words), this.#chart(tab, runs));
    this.#addExports();
  }

  #chart(tab: Exclude<Tab, 'curves'>, runs: DrawnRuns): HTMLElement {
    const [x, y, target] = [this.#x, this.#y, this.#target];
    const none = (what: string): HTMLElement =>
      h('p', { class: 'dim' }, `There are no ${what} that differ between runs.`);
    if (tab === 'parallel') return parallel(runs, this.#parallelColumns(), target, this.#brushes, this.#host);
    if (tab === 'scatter')
      return x === undefined || y === undefined
        ? none('two params or metrics')
        : scatter(runs, x, y, this.#host);
    return target === undefined
      ? none('metrics')
      : importance(runs, this.#numeric('param'), target, this.#host);
  }

  #runs(page: ExperimentsPage): DrawnRuns {
    const places = new Map(this.#columns.map((column, at) => [column, at]));
    const values = (column: string): readonly unknown[] => page.columns[places.get(column) ?? -1] ?? [];
    const [names, created] = [values('name'), values('created')];
    return {
      ids: page.ids,
      names: page.ids.map((id, at) => {
        const known = this.#selection.get(id);
        const name = names[at];
        const when = created[at];
        return (
          known ??
          `${plain(typeof name === 'string' ? name : (page.pipelines[at] ?? ''), 24)} ${typeof when === 'string' ? when.slice(5, 16).replace('T', ' ') : ''}`
        );
      }),
      chosen: new Set(this.#selection.keys()),
      values,
    };
  }

  /** A button at each drawing that makes a file of it. */
  #addExports(): void {
    for (const figure of this.#body.querySelectorAll('figure')) {
      const [svg, caption] = [figure.querySelector('svg'), figure.querySelector('figcaption')];
      if (svg === null || caption?.querySelector('button') !== null) continue;
      const name = (caption.querySelector('strong')?.textContent ?? 'chart').replace(/[^\w.-]+/g, '-');
      const save = button(
        'export',
        `Export ${name}`,
        () =>
          openMenu(
            save,
            'Export',
            () => [
              { label: 'SVG…', act: () => this.#host.save(name, 'svg', svgText(svg)) },
              {
                label: 'PNG…',
                act: () => void pngBase64(svg).then((png) => this.#host.save(name, 'png', png)),
              },
            ],
            save,
          ),
        { iconOnly: true },
      );
      caption.append(save);
    }
  }
}
