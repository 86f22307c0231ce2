/** Measures of drift against SciPy, and PSI against one that is made of the raw values. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { drift } from '../../../server/features/statistics/drift.js';
import { countNumbers, countValues } from '../../../server/features/statistics/measure.js';
import { tableDrift } from '../../../server/features/statistics/measure.js';
import { statistics } from '../../../server/features/statistics/statistics.js';
import { randomFrom } from '../../faults/memory.js';
import { cases } from '../../support/generated/cases.js';
import { valueOf } from '../../support/features.js';
import { askPeer } from '../../support/peers/peers.js';
import { openDuckDb } from './duckdb.js';

const PEER = `
import json, math, sys
from collections import Counter
from scipy import stats
from scipy.spatial.distance import jensenshannon

def psi(reference, current):
    "Bins: below, about ten of the same count that end at values of the reference, above."
    counts, each, ends, done = Counter(reference), len(reference) / 10, [], 0
    for value in sorted(counts):
        done += counts[value]
        if done >= each * (len(ends) + 1) - each * 1e-9: ends.append(value)
    if not ends or ends[-1] < max(reference): ends.append(max(reference))
    def spread(values):
        bins = [0] * (len(ends) + 2)
        for value in values:
            if value < min(reference): bins[0] += 1
            elif value > ends[-1]: bins[-1] += 1
            else: bins[1 + next(i for i, end in enumerate(ends) if value <= end)] += 1
        return bins
    total = 0
    for a, b in zip(spread(reference), spread(current)):
        if a == 0 and b == 0: continue
        p, q = max(1e-4, a / len(reference)), max(1e-4, b / len(current))
        total += (q - p) * math.log(q / p)
    return total

found = []
for case in json.load(sys.stdin):
    a, b = case["a"], case["b"]
    if case["kind"] == "number":
        found.append([stats.ks_2samp(a, b).statistic, psi(a, b)])
    else:
        names = sorted(set(a) | set(b))
        x, y = [a.count(n) for n in names], [b.count(n) for n in names]
        chi = stats.chi2_contingency([x, y], correction=False) if len(names) > 1 else None
        found.append([chi.statistic if chi else 0, chi.pvalue if chi else 1, jensenshannon(x, y, base=2)])
print(json.dumps(found))
`;

interface Case {
  readonly kind: 'number' | 'category';
  readonly a: readonly (number | string)[];
  readonly b: readonly (number | string)[];
}

function near(actual: number | undefined, expected: number, what: string): void {
  const off = Math.abs((actual ?? Number.NaN) - expected);
  assert.ok(
    off <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual ?? 'nothing'} is not ${expected}`,
  );
}

function made(seed: number): Case {
  const random = randomFrom(seed);
  const size = (): number => 1 + Math.floor(random() * 120);
  const spread = 1 + Math.floor(random() * 60);
  const shift = Math.floor((random() - 0.5) * 2 * spread);
  // Constants, shifts out of the reference on both sides, and ties in masses come up all the time.
  const value = (by: number): number => Math.floor(random() * spread) + by - (random() < 0.1 ? 999 : 0);
  if (seed % 2 === 0)
    return {
      kind: 'number',
      a: Array.from({ length: size() }, () => value(0)),
      b: Array.from({ length: size() }, () => value(shift)),
    };
  const word = (by: number): string => `w${Math.floor(random() * (1 + (spread % 12))) + by}`;
  return {
    kind: 'category',
    a: Array.from({ length: size() }, () => word(0)),
    b: Array.from({ length: size() }, () => word(shift % 5)),
  };
}

test('Kolmogorov–Smirnov, chi-square, Jensen–Shannon and PSI are what SciPy and the raw values give', () => {
  const all = Array.from({ length: cases(200, 5000) }, (_, seed) => made(seed));
  const told = askPeer(PEER, all) as readonly (readonly number[])[];
  for (const [at, { kind, a, b }] of all.entries()) {
    const [first = 0, second = 0, third = 0] = told[at] ?? [];
    if (kind === 'number') {
      const [x, y] = [a as readonly number[], b as readonly number[]];
      const binned = (values: readonly number[]): ReturnType<typeof drift> => {
        const bins = { edges: [...new Set(values)].sort((one, other) => one - other), from: Math.min(...x) };
        return drift(countNumbers(bins, x), countNumbers(bins, y));
      };
      // Exact where each value of either side ends a bin.
      near(binned([...x, ...y]).ks?.statistic, first, `case ${at}, KS`);
      near(binned(x).psi, second, `case ${at}, PSI`);
      continue;
    }
    const counts = new Map<string, number>();
    for (const value of [...a, ...b] as readonly string[]) counts.set(value, 0);
    const found = drift(countValues({ counts }, a), countValues({ counts }, b));
    near(found.chiSquare?.statistic, first, `case ${at}, chi-square`);
    near(found.chiSquare?.p, second, `case ${at}, p of chi-square`);
    near(found.jensenShannon, third, `case ${at}, Jensen–Shannon`);
  }
});

test('two tables that are both there are compared value by value', async () => {
  const database = await openDuckDb();
  await database.run(
    "CREATE TEMP TABLE a AS SELECT hash(i) % 100000 / 7.0 AS x, 'w' || hash(i + 1) % 300 AS w FROM range(3000) r(i)",
  );
  await database.run(
    "CREATE TEMP TABLE b AS SELECT (hash(i + 9) % 100000 / 7.0) * 0.9 - 500 AS x, 'w' || hash(i + 5) % 290 AS w FROM range(2000) r(i)",
  );
  const columns = await database.columns('a');
  const reference = valueOf(await statistics(database.engine, { relation: 'a', columns }));
  const found = valueOf(
    await tableDrift(
      database.engine,
      reference,
      { relation: 'b', columns: await database.columns('b') },
      { rows: 'a' },
    ),
  );
  const values = async (table: string, column: string): Promise<(number | string)[]> =>
    (await database.rows(`SELECT ${column} AS v FROM ${table}`)).map(({ v }) => v as number | string);
  const [[ks = 0] = [], [chi = 0, p = 0, js = 0] = []] = askPeer(PEER, [
    { kind: 'number', a: await values('a', 'x'), b: await values('b', 'x') },
    { kind: 'category', a: await values('a', 'w'), b: await values('b', 'w') },
  ]) as number[][];
  const [x, w] = ['x', 'w'].map((name) => found.features.find((one) => one.name === name));
  near(x?.ks?.statistic, ks, 'KS');
  near(w?.chiSquare?.statistic, chi, 'chi-square');
  near(w?.chiSquare?.p, p, 'p of chi-square');
  near(w?.jensenShannon, js, 'Jensen–Shannon');
});

test('what is below or above all that was known counts as much as SciPy says', () => {
  const zeroOne = Array.from({ length: 1000 }, (_, at) => at % 2);
  const bins = { edges: [0, 1], from: 0 };
  const low = drift(
    countNumbers(bins, zeroOne),
    countNumbers(
      bins,
      zeroOne.map((value) => (value === 0 ? -999 : 1)),
    ),
  );
  assert.equal(low.ks?.statistic, 0.5);
  assert.ok(low.drifted && (low.psi ?? 0) > 4);
  const constant = { edges: [3], from: 3 };
  const threes = Array.from({ length: 100 }, () => 3);
  const moved = drift(
    countNumbers(constant, threes),
    countNumbers(
      constant,
      threes.map(() => 4),
    ),
  );
  near(moved.psi, 2 * (1 - 1e-4) * Math.log(1e4), 'PSI of a constant');
});
