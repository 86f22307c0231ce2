/** Windows of the rows of a version, on a real engine. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { condition, RowsReader, type RowsQuery } from '../../../server/features/rows.js';
import { literal } from '../../../server/features/sql.js';
import { engineFor, temporary, valueOf } from '../../support/features.js';

test('what is typed as a filter', () => {
  const check = (type: string, typed: string, expected: string): void => {
    const made = condition('c', type, typed);
    assert.equal(made.ok ? made.sql : made.message, expected, typed);
  };
  check('DOUBLE', '> 5', '"c" > 5');
  check('DOUBLE', '<=-1e3', '"c" <= -1000');
  check('BIGINT', '7', '"c" = 7');
  check('DOUBLE', '> wet', '"c" holds numbers, and "wet" is none.');
  check('DOUBLE', '>', 'A value is missing behind ">".');
  check('VARCHAR', 'null', '"c" IS NULL');
  check('VARCHAR', '!null', '"c" IS NOT NULL');
  check('VARCHAR', "o'b_%", `CAST("c" AS VARCHAR) ILIKE '%o''b\\_\\%%' ESCAPE '\\'`);
  check('VARCHAR', '= "sun"', `CAST("c" AS VARCHAR) = 'sun'`);
  check('TIMESTAMP', '>= 2024-7', `"c" >= TIMESTAMP '2024-07-01 00:00:00'`);
  check('TIMESTAMP', '< 2024-07-01T12:30Z', `"c" < TIMESTAMP '2024-07-01 12:30'`);
  check('TIMESTAMP', '> soon', '"c" holds times, and "soon" is none. Write 2024-07-01 or 2024-07-01 12:30.');
  check('BIGINT', 'a"; drop', `CAST("c" AS VARCHAR) ILIKE '%a"; drop%' ESCAPE '\\'`);
});

test('windows in the order of the file, sorted and filtered', async (t) => {
  const folder = temporary(t);
  const file = path.join(folder, 'data.parquet');
  const engine = await engineFor(t, { tempFolder: folder });
  valueOf(
    await engine.query(
      `COPY (SELECT i AS id, (i * 7919) % 1000 AS x, CASE WHEN i % 3 = 0 THEN NULL ELSE 's' || i % 5 END AS s FROM range(5000) r(i) ORDER BY i) TO ${literal(file)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    ),
  );
  const columns = [
    { name: 'id', type: 'BIGINT' },
    { name: 'x', type: 'BIGINT' },
    { name: 's', type: 'VARCHAR' },
  ];
  const reader = new RowsReader(engine);
  const window = async (query: Partial<RowsQuery>, offset: number, limit: number) =>
    valueOf(await reader.window({ file, columns, filters: [], ...query }, offset, limit));

  const plain = await window({}, 4_990, 20);
  assert.deepEqual(
    [plain.total, plain.rows.map(([id]) => id)],
    [5_000, [4990, 4991, 4992, 4993, 4994, 4995, 4996, 4997, 4998, 4999]],
  );

  const expected = Array.from({ length: 5_000 }, (_, id) => ({ id, x: (id * 7919) % 1000 }))
    .filter(({ id, x }) => id % 3 !== 0 && `s${id % 5}` === 's2' && x > 500)
    .sort((a, b) => b.x - a.x || a.id - b.id);
  const filters = [
    { column: 's', text: 'S2' },
    { column: 'x', text: '> 500' },
  ];
  const sort = { column: 'x', descending: true };
  for (const offset of [0, 100, expected.length - 3]) {
    const { rows, total } = await window({ filters, sort }, offset, 50);
    assert.equal(total, expected.length);
    assert.deepEqual(
      rows.map(([id]) => id),
      expected.slice(offset, offset + 50).map(({ id }) => id),
    );
  }
  const nulls = await window({ sort: { column: 's', descending: false } }, 4_999, 1);
  assert.equal(nulls.rows[0]?.[2], null, 'what is missing comes last');
  for (let at = 0; at < 6; at++) await window({ filters: [{ column: 'id', text: `< ${at + 1}` }] }, 0, 10);
  assert.equal(
    (await window({ filters, sort }, 0, 1)).total,
    expected.length,
    'made anew after it was dropped',
  );

  const wrong = await reader.window({ file, columns, filters: [{ column: 'nope', text: '1' }] }, 0, 1);
  assert.equal(wrong.ok ? '' : wrong.error.message, 'There is no column "nope".');
});
