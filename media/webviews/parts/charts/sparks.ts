/** The small lines of metrics in cells: asked for where cells are in sight, and kept for a while. */
import type { ExperimentCurve } from '../../../../server/protocol/index.js';
import { sparkPoints } from '../../shared/experiments/cells.js';
import { s } from '../dom.js';

const WIDTH = 80;
const HEIGHT = 16;
/** Points of a line. */
export const SPARK_POINTS = 40;
const MOST_METRICS = 20;
const MOST_KEPT = 4_000;
/** Cells that are scrolled past need no line. */
const PATIENCE_MS = 150;

export class Sparks {
  /** By run and metric; empty where nothing was logged, or is not there yet. */
  readonly #values = new Map<string, readonly number[]>();
  readonly #ask: (ids: readonly string[], metrics: readonly string[]) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: (ids: readonly string[], metrics: readonly string[]) => void) {
    this.#ask = ask;
  }

  /** The picture of a metric, where it has a line. */
  of(run: string, metric: string): SVGElement | undefined {
    const points = sparkPoints(this.#values.get(keyOf(run, metric)) ?? [], WIDTH, HEIGHT);
    if (points === '') return undefined;
    return s(
      'svg',
      {
        class: 'spark',
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
      },
      s('polyline', { points, 'vector-effect': 'non-scaling-stroke' }),
    );
  }

  /** Asks for those of runs that are not known. */
  want(runs: () => readonly string[], metrics: readonly string[]): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const all = metrics.slice(0, MOST_METRICS);
      const ids = runs().filter((run) => all.some((metric) => !this.#values.has(keyOf(run, metric))));
      if (ids.length === 0) return;
      if (this.#values.size > MOST_KEPT) this.#values.clear();
      for (const run of ids)
        for (const metric of all)
          if (!this.#values.has(keyOf(run, metric))) this.#values.set(keyOf(run, metric), []);
      this.#ask(ids, all);
    }, PATIENCE_MS);
  }

  take(curves: readonly ExperimentCurve[]): void {
    for (const { id, metric, values } of curves)
      if (this.#values.has(keyOf(id, metric))) this.#values.set(keyOf(id, metric), values);
  }

  /** What a run has logged since is another line. */
  forget(run: string, metrics: readonly string[]): void {
    for (const metric of metrics) this.#values.delete(keyOf(run, metric));
  }
}

function keyOf(run: string, metric: string): string {
  return `${run}\n${metric}`;
}
