/** Drift by hand-worked tables and by what SciPy 1.16 gives for the same input. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../support/generated/cases.js';
import {
  chiSquareTail,
  kolmogorovTail,
  normalTail,
} from '../../../server/features/statistics/distributions.js';
import {
  chiSquare,
  drift,
  driftBins,
  jensenShannon,
  largestDistance,
  stability,
} from '../../../server/features/statistics/drift.js';
import type { FeatureCounts } from '../../../server/features/statistics/drift.js';
import { countNumbers, countValues } from '../../../server/features/statistics/measure.js';

function near(actual: number | undefined, expected: number, tolerance = 1e-9): void {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= tolerance * Math.max(Math.abs(expected), 1e-300),
    `${actual ?? 'nothing'} is not ${expected}`,
  );
}

test('tails of distributions are those of SciPy', () => {
  near(chiSquareTail(3.84, 1), 0.05004352124870519);
  near(chiSquareTail(10, 5), 0.07523524614651217);
  near(chiSquareTail(120, 100), 0.08440668109369177);
  near(chiSquareTail(0.5, 3), 0.9188914116546758);
  near(chiSquareTail(300, 30), 2.64804848563084e-46, 1e-8);
  assert.equal(chiSquareTail(0, 4), 1);
  near(kolmogorovTail(0.3), 0.9999906941986655);
  near(kolmogorovTail(0.83), 0.4961909953505036);
  near(kolmogorovTail(1), 0.26999967167735456);
  near(kolmogorovTail(1.36), 0.049485876755377876);
  near(kolmogorovTail(2), 0.0006709252557796953);
  near(normalTail(1.96), 0.04999579029644087);
  near(normalTail(4), 6.334248366623973e-5);
});

test('tables of counts give what SciPy gives', () => {
  const a = [30, 50, 20];
  const b = [45, 40, 15];
  const found = chiSquare(a, b);
  near(found.statistic, 4.825396825396825);
  assert.equal(found.degrees, 2);
  near(found.p, 0.08957326253887996);
  near(jensenShannon(a, b), 0.13226630843228862);
  near(jensenShannon([10, 0, 90], [0, 10, 90]), 0.31622776601683794);
  near(chiSquare([100, 0, 900], [90, 15, 880]).p, 0.00040190738163901874);
  // A value that neither has is no column of the table.
  assert.equal(chiSquare([30, 0, 70], [35, 0, 65]).degrees, 1);
  near(stability([10, 20, 30, 40], [40, 30, 20, 10]), 0.9128696382935673);
  // 0.1 → 0.0001: (0.0001 - 0.1) ln 0.001, and 0.9 → 1.
  near(stability([10, 90], [0, 100]), -0.0999 * Math.log(0.001) + 0.1 * Math.log(1 / 0.9), 1e-9);
});

const X = [
  0.001, 0.299, -0.274, -0.891, -0.455, -0.992, 0.06, 1.34, -0.492, -0.62, 0.49, 0.357, 0.105, -0.93, -0.029,
  0.695, -1.344, -0.458, -1.901, -1.29, -1.842, -0.235, -1.267, 0.271, 0.157, -0.187, -2.517, -0.539, -0.049,
  0.113, -1.53, -0.478, -0.979, -0.809, 1.061, -0.808, -0.033, 0.884, -0.584, -0.112, 0.11, 0.064, -1.225,
  0.076, 1.359, -1.547, 0.859, 0.119, -0.641, 2.0, 0.762, -1.199, 0.075, 0.577, -0.189, 0.683, -0.067, 0.667,
  1.439, -0.676,
];
const Y = [
  0.844, 0.044, 0.753, -0.825, -0.095, 0.365, 1.679, 1.974, -0.988, -0.354, 1.376, -1.791, 0.044, 0.483,
  2.108, 1.427, 0.207, 0.158, 0.3, 2.428, 0.086, 0.236, 1.023, 0.455, 0.363, -0.737, 0.586, 0.068, 1.999,
  1.384, 0.571, 1.402, 0.192, 1.863, 0.594, 1.3, -0.949, 1.016, -1.426, -1.842, 0.235, -0.48, 0.797, 3.294,
  -0.398,
];

test('Kolmogorov–Smirnov of two samples is that of SciPy when every value ends a bin', () => {
  const edges = [...new Set(X)].sort((a, b) => a - b);
  const reference = countNumbers({ edges }, X);
  const found = drift(reference, countNumbers({ edges }, Y));
  near(found.ks?.statistic, 0.4);
  // SciPy's exact p-value is 0.00036; that of the limit 0.00029.
  assert.ok(found.ks !== undefined && found.ks.p > 0.0002 && found.ks.p < 0.0004, String(found.ks?.p));
  assert.equal(found.drifted, true);
  assert.equal(largestDistance([1, 1], [1, 1]), 0);
});

test('values fall into the bin whose upper end they reach', () => {
  const counted = countNumbers({ edges: [0, 1, 2] }, [-5, 0, 0.5, 1, 2, 2.1, null, Number.NaN, Infinity]);
  assert.deepEqual(counted, {
    kind: 'number',
    edges: [0, 1, 2],
    counts: [2, 2, 1],
    below: 0,
    above: 1,
    missing: 3,
  });
});

test('categories are counted among those of the reference', () => {
  const counts = new Map([
    ['sun', 60],
    ['rain', 40],
  ]);
  const counted = countValues({ counts }, ['sun', 'sun', 'snow', null, true]);
  assert.deepEqual([...counted.counts], [['sun', 2]]);
  assert.deepEqual([counted.others, counted.missing], [2, 1]);
});

test('what few values show by chance is no drift, and what many show is', () => {
  const edges = Array.from({ length: 100 }, (_, index) => index + 1);
  const reference = countNumbers(
    { edges },
    Array.from({ length: 10_000 }, (_, index) => (index % 100) + 1),
  );
  const few = drift(reference, countNumbers({ edges }, [3, 91, 95]));
  assert.ok((few.psi ?? 0) > 1 && !few.drifted, 'three requests say nothing');
  const many = drift(
    reference,
    countNumbers(
      { edges },
      Array.from({ length: 500 }, (_, index) => (index % 50) + 51),
    ),
  );
  assert.deepEqual([many.drifted, many.reasons.length], [true, 2]);
  assert.match(many.reasons[0] ?? '', /^PSI [\d.]+ ≥ 0\.2$/);
  const same = drift(reference, reference);
  assert.deepEqual([same.drifted, same.psi, same.ks], [false, 0, { statistic: 0, p: 1 }]);
});

test('values above everything that was known count', () => {
  const edges = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const reference = countNumbers(
    { edges },
    Array.from({ length: 1000 }, (_, index) => (index % 10) + 1),
  );
  const found = drift(
    reference,
    countNumbers(
      { edges },
      Array.from({ length: 200 }, () => 99),
    ),
  );
  near(found.ks?.statistic, 1);
  assert.ok((found.psi ?? 0) > 5);
});

test('a feature that goes missing has drifted, also when all of it does', () => {
  const edges = [1, 2];
  const whole = countNumbers(
    { edges },
    Array.from({ length: 200 }, (_, index) => (index % 2) + 1),
  );
  const half = countNumbers({ edges }, Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? null : 1 + (index % 4 === 1 ? 1 : 0)))); // prettier-ignore
  assert.deepEqual(drift(whole, half).reasons, ['nulls 0.0 % → 50.0 %']);
  const none = countNumbers(
    { edges },
    Array.from({ length: 200 }, () => null),
  );
  const gone = drift(whole, none);
  assert.deepEqual([gone.reasons, gone.psi, gone.ks], [['nulls 0.0 % → 100.0 %'], undefined, undefined]);
});

test('sides of different kinds are a mistake of the caller', () => {
  const numbers = countNumbers({ edges: [1] }, [1]);
  const values = countValues({ counts: new Map() }, ['a']);
  assert.throws(() => drift(numbers, values), RangeError);
  assert.throws(() => drift(numbers, countNumbers({ edges: [1, 2] }, [1])), RangeError);
});

test('bins that are shown are those that PSI is made of', () => {
  const check = (reference: FeatureCounts, current: FeatureCounts) => {
    const bins = driftBins(reference, current).filter(({ part }) => part !== 'missing');
    const psi = stability(
      bins.map((bin) => bin.reference),
      bins.map((bin) => bin.current),
    );
    near(psi, drift(reference, current).psi ?? Number.NaN);
  };
  const numbers = fc.array(fc.option(fc.integer({ min: -60, max: 60 }), { nil: null }), { minLength: 1, maxLength: 80 }); // prettier-ignore
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1 }),
      numbers,
      numbers,
      (ends, a, b) => {
        const edges = ends.toSorted((x, y) => x - y);
        const from = (edges[0] ?? 0) - 1;
        const reference = countNumbers({ edges, from }, [...edges, ...a.filter((one) => one === null || (one >= from && one <= (edges.at(-1) ?? 0)))]); // prettier-ignore
        check(reference, countNumbers(reference, [0, ...b]));
      },
    ),
    { numRuns: 100 },
  );
  const values = { kind: 'category' as const, counts: new Map([['a', 4], ['', 2]]), others: 1, missing: 3 }; // prettier-ignore
  check(values, countValues(values, ['a', 'b', 'c', null]));

  // Below, above and nulls have bins of their own.
  const reference = countNumbers({ edges: [1, 2, 3], from: 0 }, [0, 1, 2, 3]);
  const bins = driftBins(reference, countNumbers(reference, [-5, 1, 9, 9, null, null, null]));
  assert.deepEqual(
    bins.map(({ part, from, to, current }) => [part, from, to, current]),
    [
      ['below', undefined, 0, 1],
      ['range', 0, 1, 1],
      ['range', 1, 2, 0],
      ['range', 2, 3, 0],
      ['above', 3, undefined, 2],
      ['missing', undefined, undefined, 3],
    ],
  );
});
