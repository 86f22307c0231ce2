import assert from 'node:assert/strict';
import test from 'node:test';
import { sparkline } from '../../../server/cli/terminal/sparkline.js';

test('a curve in one line', () => {
  const rows: [readonly number[], number, string][] = [
    [[0, 1, 2, 3, 4, 5, 6, 7], 32, '▁▂▃▄▅▆▇█'],
    [[9, 5, 1], 32, '█▅▁'],
    [[3, 3, 3], 32, '▅▅▅'],
    [[], 32, ''],
    [[1, NaN, 2], 32, '▁ █'],
    [[-1e308, 1e308], 32, '▁█'],
    [[0, 0, 1, 1], 2, '▁█'],
    [[NaN, Infinity], 4, '  '],
  ];
  for (const [values, columns, line] of rows) assert.equal(sparkline(values, columns), line, String(values));
  assert.equal(
    sparkline(
      Array.from({ length: 1000 }, (_, at) => at),
      32,
    ).length,
    32,
  );
});
