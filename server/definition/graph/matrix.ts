/** Matrix expansion, as GitHub Actions does it. */
import { jsonText } from '../../base/json.js';
import type { Span } from '../../syntax/tree.js';
import type { Json, Matrix, Task } from '../definition.js';
import { evaluateText } from '../expressions/evaluate.js';
import type { Scope } from '../expressions/evaluate.js';
import { identity, sameWritten } from '../expressions/values.js';

/** More than GitHub's 256: sweeps and a task for each sample are larger. */
export const MAX_CELLS = 10_000;

export type Cell = Readonly<Record<string, Json>>;

export interface MatrixProblem {
  readonly task: string;
  readonly span: Span;
  readonly message: string;
}

export interface Expansion {
  readonly cells: readonly Cell[];
  /** `false`: an axis could not be known here; the cells stand for it without its values. */
  readonly known: boolean;
  readonly problems: readonly MatrixProblem[];
}

/** Cells in the order of the text: the last axis varies fastest. */
export function expandMatrix(task: Task, matrix: Matrix, scope: Scope): Expansion {
  const problems: MatrixProblem[] = [];
  const report = (span: Span, message: string): void => {
    problems.push({ task: task.name, span, message });
  };
  let known = true;
  let cells: Record<string, Json>[] = [];
  const axes: string[] = [];
  for (const axis of matrix.axes) {
    const values = axisValues(axis.values, scope, (message) => report(axis.nameSpan, message));
    if (values === undefined) {
      known = false;
      continue;
    }
    axes.push(axis.name);
    const before: Record<string, Json>[] = cells.length === 0 && axes.length === 1 ? [{}] : cells;
    if (before.length * values.length > MAX_CELLS * 4) {
      report(matrix.span, `The matrix has more than ${MAX_CELLS} cells.`);
      return { cells: [], known: true, problems };
    }
    cells = before.flatMap((cell) => values.map((value) => ({ ...cell, [axis.name]: value })));
  }
  cells = cells.filter((cell) => !matrix.exclude.some((excluded) => fits(excluded.value, cell)));
  cells = include(cells, matrix, new Set(axes), known);
  if (cells.length > MAX_CELLS) {
    report(matrix.span, `The matrix has ${cells.length} cells; at most ${MAX_CELLS} are allowed.`);
    return { cells: cells.slice(0, MAX_CELLS), known, problems };
  }
  // A list that an expression gives may be empty: then there is nothing to run for it.
  const written = matrix.axes.every(({ values }) => !('text' in values));
  if (cells.length === 0 && known && problems.length === 0 && written) {
    report(matrix.span, 'The matrix has no cells: nothing would run.');
  }
  return { cells: cells.length === 0 && !known ? [{}] : cells, known, problems };
}

function axisValues(
  values: Matrix['axes'][number]['values'],
  scope: Scope,
  report: (message: string) => void,
): readonly Json[] | undefined {
  if ('text' in values) {
    // Another text was refused where it stands.
    const [only, ...others] = values.template?.parts ?? [];
    if (only?.kind !== 'expression' || others.length > 0) return undefined;
    const result = evaluateText(values, scope);
    if (result.kind === 'unknown') return undefined;
    if (result.kind === 'error') {
      report(result.message);
      return undefined;
    }
    if (!Array.isArray(result.value)) {
      report(`An axis needs a list, and this gives ${jsonText(result.value).slice(0, 60)}.`);
      return undefined;
    }
    return unique(result.value as readonly Json[]);
  }
  const found: Json[] = [];
  for (const value of values) {
    if (value.template === undefined) {
      found.push(value.value);
      continue;
    }
    const result = evaluateText(
      {
        text: typeof value.value === 'string' ? value.value : '',
        span: value.span,
        template: value.template,
      },
      scope,
    );
    if (result.kind === 'error') report(result.message);
    if (result.kind !== 'value') return undefined;
    found.push(result.value);
  }
  return unique(found);
}

function unique(values: readonly Json[]): readonly Json[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = identity(value);
    return seen.size !== seen.add(text).size;
  });
}

/** Whether a cell has all of the values. */
function fits(values: Cell, cell: Cell): boolean {
  return Object.entries(values).every(
    ([name, value]) => Object.hasOwn(cell, name) && sameWritten(cell[name], value),
  );
}

/**
 * An `include` is added to every cell whose axis values it doesn't contradict (values that another `include` has added
 * may be overwritten); where it fits none it becomes a cell of its own.
 */
function include(
  cells: readonly Record<string, Json>[],
  matrix: Matrix,
  axes: ReadonlySet<string>,
  known: boolean,
): Record<string, Json>[] {
  const result = cells.map((cell) => ({ ...cell }));
  const extra: Record<string, Json>[] = [];
  for (const { value } of matrix.include) {
    let added = false;
    for (const [index, cell] of cells.entries()) {
      const target = result[index];
      if (target === undefined) continue;
      const clash = Object.entries(value).some(
        ([name, one]) => axes.has(name) && !sameWritten(cell[name], one),
      );
      if (clash) continue;
      Object.assign(target, value);
      added = true;
    }
    if (!added && (known || cells.length > 0 || matrix.axes.length === 0)) extra.push({ ...value });
  }
  return [...result, ...extra];
}
