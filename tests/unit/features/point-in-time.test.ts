/** The point-in-time join against a reference that looks at every row for every label. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  AT,
  type JoinedView,
  ROW,
  disorderedKeys,
  microseconds,
  pointInTimeJoin,
} from '../../../server/features/training/point-in-time.js';
import { orderOf, orderQuery } from '../../../server/features/statistics/order.js';
import { cases, fc } from '../../support/generated/cases.js';
import { type Database, openDuckDb } from './duckdb.js';

/** Times are in minutes since the reference's start; the data has them as timestamps. */
interface Row {
  readonly key: readonly (number | null)[];
  readonly event: number | null;
  readonly created: number | null;
  readonly value: number | null;
}

interface Label {
  readonly key: readonly (number | null)[];
  readonly at: number | null;
}

interface Case {
  readonly labels: readonly Label[];
  readonly rows: readonly Row[];
  readonly ttl: number | undefined;
  readonly cutoff: boolean;
  readonly hasCreated: boolean;
}

/** The value that each label has to get, by the words of the rule. */
function reference({ labels, rows, ttl, cutoff, hasCreated }: Case): (number | null)[] {
  return labels.map((label) => {
    let best: { readonly row: Row; readonly place: number } | undefined;
    const at = label.at;
    if (at === null) return null;
    for (const [place, row] of rows.entries()) {
      if (row.event === null || row.event > at) continue;
      if (ttl !== undefined && row.event + ttl < at) continue;
      if (row.key.some((part, index) => part === null || part !== label.key[index])) continue;
      const created = hasCreated ? row.created : null;
      if (cutoff && created !== null && created > at) continue;
      if (best !== undefined) {
        const other = best.row;
        const otherCreated = hasCreated ? other.created : null;
        if (row.event < (other.event ?? 0)) continue;
        if (row.event === other.event && (created ?? -1) < (otherCreated ?? -1)) continue;
      }
      best = { row, place };
    }
    return best?.row.value ?? null;
  });
}

const START = Date.UTC(2024, 2, 10, 9, 0);

function stamp(minutes: number | null): string {
  if (minutes === null) return 'NULL';
  return `TIMESTAMP '${new Date(START + minutes * 60_000).toISOString().replace('T', ' ').slice(0, 19)}'`;
}

const cell = (value: number | null): string => (value === null ? 'NULL' : String(value));

async function joined(database: Database, one: Case, keys: number): Promise<(number | null)[]> {
  const names = Array.from({ length: keys }, (_, index) => `k${index}`);
  const columns = names.map((name) => `${name} INTEGER`);
  // As a version has them: one key's rows together, later ones behind earlier ones.
  const sorted = one.rows
    .map((row, place) => ({ row, place }))
    .sort(
      (a, b) =>
        names
          .map((_, index) => (a.row.key[index] ?? 99) - (b.row.key[index] ?? 99))
          .find((difference) => difference !== 0) ??
        ((a.row.event ?? 1e9) - (b.row.event ?? 1e9) ||
          (one.hasCreated ? (a.row.created ?? -1) - (b.row.created ?? -1) : 0) ||
          a.place - b.place),
    );
  await database.run(
    `CREATE OR REPLACE TEMP TABLE labels (${[...columns, 'y INTEGER', 'ts TIMESTAMP'].join(', ')})`,
  );
  await database.run(
    `CREATE OR REPLACE TEMP TABLE version (${[...columns, 'ts TIMESTAMP', 'loaded TIMESTAMP', 'value INTEGER', 'place INTEGER'].join(', ')})`,
  );
  const insert = async (table: string, rows: readonly string[]): Promise<void> => {
    if (rows.length > 0) await database.run(`INSERT INTO ${table} VALUES ${rows.join(', ')}`);
  };
  await insert(
    'labels',
    one.labels.map(({ key, at }, index) => `(${[...key.map(cell), String(index), stamp(at)].join(', ')})`),
  );
  await insert(
    'version',
    sorted.map(
      ({ row }, place) =>
        `(${[...row.key.map(cell), stamp(row.event), stamp(row.created), cell(row.value), String(place)].join(', ')})`,
    ),
  );
  await database.run(
    `CREATE OR REPLACE TEMP TABLE prepared AS SELECT *, y AS "${ROW}", ${microseconds('ts', 'TIMESTAMP')} AS "${AT}" FROM labels`,
  );
  const view: JoinedView = {
    name: 'weather',
    relation: '(SELECT * EXCLUDE (place) FROM version ORDER BY place)',
    keys: names,
    timestamp: 'ts',
    ...(one.hasCreated ? { created: 'loaded' } : {}),
    ...(one.ttl === undefined ? {} : { ttlMs: one.ttl * 60_000 }),
    features: [{ column: 'value', as: 'weather' }],
  };
  const [bounds] = await database.rows(`SELECT min("${AT}") AS a, max("${AT}") AS b FROM prepared`);
  const range = { from: BigInt(Number(bounds?.['a'] ?? 0)), to: BigInt(Number(bounds?.['b'] ?? 0)) };
  await database.run(disorderedKeys(view, one.cutoff, range, 'disordered'));
  const [found] = await database.rows('SELECT count(*) AS n FROM disordered');
  const { relation, timestamp, created } = view;
  const order = { relation, keys: names, timestamp, ...(created === undefined ? {} : { created }) };
  const [neighbours] = await database.rows(orderQuery(order));
  const known = orderOf(Object.values(neighbours ?? {}));
  if (one.cutoff && one.hasCreated ? known.seen : known.events) {
    assert.equal(found?.['n'], 0, 'a version whose order is known has no key out of order');
  }
  const sql = pointInTimeJoin(
    { table: 'prepared', columns: [...names, 'y'] },
    [{ view, ...(found?.['n'] === 0 ? {} : { disordered: 'disordered' }) }],
    { cutoff: one.cutoff, range },
  );
  const rows = await database.rows(`SELECT * FROM (${sql}) ORDER BY "${ROW}"`);
  assert.deepEqual(
    rows.map((row) => row['y']),
    one.labels.map((_, index) => index),
    'every label is there once',
  );
  return rows.map((row) => row['weather'] as number | null);
}

function inputs(keys: number): fc.Arbitrary<Case> {
  const part = fc.option(fc.integer({ min: 0, max: 2 }), { freq: 8 });
  const key = fc.array(part, { minLength: keys, maxLength: keys });
  // Few minutes and a small ttl, so that both ends and ties come up all the time.
  const minute = fc.option(fc.integer({ min: 0, max: 24 }), { freq: 12 });
  return fc
    .record({
      labels: fc.array(fc.record({ key, at: minute }), { minLength: 1, maxLength: 12 }),
      rows: fc.array(
        fc.record({
          key,
          event: minute,
          created: minute,
          value: fc.option(fc.integer({ min: 0, max: 999 })),
        }),
        { maxLength: 25 },
      ),
      ttl: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
      cutoff: fc.boolean(),
      hasCreated: fc.boolean(),
      // Joins of more than 64 rows take another way through the engine.
      repeated: fc.constantFrom(1, 1, 70),
    })
    .map(({ repeated, ...one }) => ({
      ...one,
      labels: Array.from(
        { length: Math.max(one.labels.length, repeated) },
        (_, at) => one.labels[at % one.labels.length] ?? one.labels[0],
      ).filter((label) => label !== undefined),
    }));
}

for (const keys of [0, 1, 2]) {
  test(`each label gets what the rule names: ${keys} key columns, random data`, async () => {
    const database = await openDuckDb();
    await fc.assert(
      fc.asyncProperty(inputs(keys), async (one) => {
        // Of rows that are the same in key, event and created the later one counts: the order of the version.
        assert.deepEqual(await joined(database, one, keys), reference(one));
      }),
      { numRuns: keys === 1 ? cases(120, 2500) : cases(60, 800) },
    );
  });
}

test('the ends of the ttl are both inside', async () => {
  const database = await openDuckDb();
  const row = { key: [1], event: 10, created: null, value: 7 };
  const at = (minutes: number): Label => ({ key: [1], at: minutes });
  const one: Case = {
    labels: [at(9), at(10), at(15), at(16)],
    rows: [row],
    ttl: 5,
    cutoff: true,
    hasCreated: false,
  };
  assert.deepEqual(await joined(database, one, 1), [null, 7, 7, null]);
});

test('a correction that was loaded late is not seen before it was loaded', async () => {
  const database = await openDuckDb();
  const one: Case = {
    labels: [
      { key: [1], at: 12 },
      { key: [1], at: 20 },
    ],
    rows: [
      { key: [1], event: 10, created: 11, value: 1 },
      { key: [1], event: 10, created: 18, value: 2 },
    ],
    ttl: undefined,
    cutoff: true,
    hasCreated: true,
  };
  assert.deepEqual(await joined(database, one, 1), [1, 2]);
  assert.deepEqual(await joined(database, { ...one, cutoff: false }, 1), [2, 2]);
});
