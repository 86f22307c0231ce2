/** Curves of the runs that are chosen in a table, over each other, beside it. */
import { plain, plural } from '../../../server/base/format.js';
import type { ExperimentCurve } from '../../../server/protocol/index.js';
import { lineChart, type Line } from '../parts/charts/chart.js';
import { h } from '../parts/dom.js';

/** As many as there are colours. */
const MOST_RUNS = 6;
const MOST_CHARTS = 12;

interface Drawn {
  readonly lines: ReadonlyMap<string, readonly Line[]>;
  readonly tooLong: number;
}

const NOTHING: Drawn = { lines: new Map(), tooLong: 0 };

export class ChosenCurves {
  readonly element = h('div', {});
  isOpen = true;
  readonly #ask: (ids: readonly string[]) => number;
  #runs: ReadonlyMap<string, string> = new Map();
  #first: readonly string[] = [];
  #asked = 0;
  #drawn = NOTHING;

  /** @param ask asks for all metrics of runs. Gives what the answer comes back with */
  constructor(ask: (ids: readonly string[]) => number) {
    this.#ask = ask;
  }

  /** The colour of a run; `undefined`: it is not drawn. */
  color(run: string): number | undefined {
    const at = [...this.#runs.keys()].slice(0, MOST_RUNS).indexOf(run);
    return at < 0 ? undefined : at;
  }

  /**
   * @param runs ids of the chosen ones, and what they are called
   * @param first metrics that come before others
   */
  choose(runs: ReadonlyMap<string, string>, first: readonly string[]): void {
    this.#runs = runs;
    this.#first = first;
    if (runs.size > 0) this.#asked = this.#ask([...runs.keys()].slice(0, MOST_RUNS));
    else this.#drawn = NOTHING;
    this.draw();
  }

  take(id: number, curves: readonly ExperimentCurve[], tooLong: number): void {
    if (id !== this.#asked) return;
    const lines = new Map<string, Line[]>();
    for (const { id: run, metric, steps, values } of curves) {
      if (values.length < 2) continue;
      const points = steps.map((step, at) => ({ step, value: values[at] ?? NaN }));
      const line = { name: this.#runs.get(run) ?? run, points, color: this.color(run) ?? 0 };
      lines.set(metric, [...(lines.get(metric) ?? []), line]);
    }
    const rank = (metric: string): number => Number(!this.#first.includes(metric));
    this.#drawn = { lines: new Map([...lines].sort(([a], [b]) => rank(a) - rank(b))), tooLong };
    this.draw();
  }

  draw(): void {
    const { lines, tooLong } = this.#drawn;
    const { size } = this.#runs;
    const words = [
      size > MOST_RUNS ? `The first ${MOST_RUNS} of ${size} chosen runs.` : '',
      tooLong === 0 ? '' : `Logs of ${plural(tooLong, 'run')} are too long to be drawn here.`,
      lines.size === 0 ? 'No values over steps were logged.' : '',
      lines.size > MOST_CHARTS ? `The first ${MOST_CHARTS} of ${lines.size} metrics.` : '',
    ];
    this.element.replaceChildren(
      h('p', { class: 'dim' }, words.filter((one) => one !== '').join(' ')),
      h(
        'div',
        { class: 'charts' },
        ...[...lines].slice(0, MOST_CHARTS).map(([metric, own]) => lineChart(plain(metric, 80), own)),
      ),
    );
  }
}
