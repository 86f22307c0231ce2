/** The runs that charts of params and metrics are drawn of, by column. */
import type { ColumnWords } from '../shared/experiments/cells.js';

export interface DrawnRuns {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** Which of them are chosen in the table. */
  readonly chosen: ReadonlySet<string>;
  /** One value for each run; null or `undefined` where it has none. */
  values(column: string): readonly unknown[];
}

export interface ChartHost {
  words(column: string): ColumnWords;
  /** Chooses a run in the table, or opens it. */
  choose(id: string): void;
  open(id: string): void;
  /** Narrows the table. */
  filter(expression: string): void;
}
