/** What charts of runs are made of: axes, ranks, how a param and a metric go together, and what brushes leave. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  association,
  axisOf,
  filterOf,
  ranks,
  type Association,
} from '../../../media/webviews/charts/run-values.js';
import { parseRunFilter } from '../../../server/base/runs/filter.js';

test('an axis is of numbers, or of texts that can be told apart', () => {
  const numbers = axisOf([3, null, 1, undefined, 2]);
  assert.deepEqual([numbers?.low, numbers?.high, numbers?.categories], [1, 3, undefined]);
  assert.deepEqual(
    [numbers?.place(2), numbers?.place(null), numbers?.place('2'), numbers?.place(NaN)],
    [2, undefined, undefined, undefined],
  );
  const texts = axisOf(['b', 'a', null, 7, true]);
  assert.deepEqual(texts?.categories, ['7', 'a', 'b', 'true']);
  assert.deepEqual(
    [texts.place('b'), texts.place(7), texts.place(null), texts.place('c')],
    [2, 0, undefined, undefined],
  );
  assert.equal(axisOf([null, undefined]), undefined);
  assert.equal(axisOf(Array.from({ length: 41 }, (_, at) => `t${at}`)), undefined);
});

test('equal values share the mean of their ranks', () => {
  assert.deepEqual(ranks([10, 20, 20, 5]), [2, 3.5, 3.5, 1]);
  assert.deepEqual(ranks([]), []);
});

/** `undefined` where nothing can be told; the expected values are those of scipy 1.14 (spearmanr, kruskal). */
function check(
  param: readonly unknown[],
  metric: readonly unknown[],
  expected: Association | undefined,
): void {
  const found = association(param, metric);
  const rounded = found && { ...found, value: Number(found.value.toFixed(6)) };
  assert.deepEqual(rounded, expected, JSON.stringify([param, metric]));
}

test('params and a metric go together as scipy says', () => {
  check([1, 2, 3, 4], [10, 100, 1000, 10000], { runs: 4, kind: 'spearman', value: 1 });
  check([1, 2, 3, 4], [4, 3, 2, 1], { runs: 4, kind: 'spearman', value: -1 });
  // spearmanr([1, 2, 2, 3, 5], [2, 1, 4, 3, 6])
  check([1, 2, 2, 3, 5], [2, 1, 4, 3, 6], { runs: 5, kind: 'spearman', value: 0.666886 });
  // Runs that lack one of them do not count.
  check([1, null, 3, 4, 9], [1, 2, 3, 4, undefined], { runs: 3, kind: 'spearman', value: 1 });
  // kruskal([1, 2, 3], [4, 5, 6]).statistic is 3.857143: a share of 0.771429 of n - 1 = 5.
  check(['a', 'a', 'a', 'b', 'b', 'b'], [1, 2, 3, 4, 5, 6], { runs: 6, kind: 'eta', value: 0.87831 });
  for (const [param, metric] of [
    [
      [1, 2],
      [1, 2],
    ],
    [
      [1, 1, 1],
      [1, 2, 3],
    ],
    [
      [1, 2, 3],
      [5, 5, 5],
    ],
    [
      ['a', 'a', 'a'],
      [1, 2, 3],
    ],
    // Each has a text of its own.
    [
      ['a', 'b', 'c', 'd'],
      [1, 2, 3, 4],
    ],
  ] as const)
    check(param, metric, undefined);
});

test('brushes are a filter that the table takes', () => {
  const text = filterOf(
    new Map([
      ['params.epochs', [10.1234567, 20]],
      ['params.opt', [0.5, 2]],
      ['metrics.val/top-5 (%)', [0, 1]],
    ]),
    (column) => (column === 'params.opt' ? ['adam', 'ra"d', 'sgd'] : undefined),
  );
  assert.equal(
    text,
    `params.epochs >= 10.1235 and params.epochs <= 20 and params.opt in ('ra"d', sgd) and \`metrics.val/top-5 (%)\` >= 0 and \`metrics.val/top-5 (%)\` <= 1`,
  );
  assert.equal(parseRunFilter(text).ok, true);
});
