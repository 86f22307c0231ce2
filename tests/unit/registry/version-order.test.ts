import assert from 'node:assert/strict';
import test from 'node:test';
import { sortVersions, versionSortOf } from '../../../server/language/views/models/version-order.js';
import type { VersionItem, VersionSort } from '../../../server/protocol/index.js';

/** Newest first. */
function versions(
  main: string,
  better: 'higher' | 'lower' | undefined,
  ...metrics: readonly (Readonly<Record<string, unknown>> | undefined)[]
): VersionItem[] {
  return metrics.map((own = {}, at) => {
    const value = own[main];
    return {
      projectUri: 'file:///p',
      model: 'rain',
      version: String(metrics.length - at),
      status: 'READY',
      createdAt: '2026-11-23T10:00:00.000Z',
      createdBy: 'ada@here',
      aliases: [],
      tags: {},
      bytes: 1,
      metrics: own,
      ...(typeof value === 'number'
        ? { mainMetric: { key: main, value, ...(better === undefined ? {} : { better }) } }
        : {}),
    };
  });
}

test('versions by age and metric, those without the metric last and ties as they were', () => {
  const check = (given: readonly VersionItem[], sort: VersionSort, expected: string): void => {
    const order = sortVersions(given, sort).map(({ version }) => version);
    assert.equal(order.join(' '), expected, JSON.stringify(sort));
  };
  const accuracy = versions(
    'accuracy',
    'higher',
    { accuracy: 0.7, loss: 3 },
    { loss: 'much' },
    { accuracy: 0.9, loss: 1 },
    { accuracy: 0.7, loss: NaN },
    undefined,
  );
  check(accuracy, { by: 'age', first: 'newest' }, '5 4 3 2 1');
  check(accuracy, { by: 'age', first: 'oldest' }, '1 2 3 4 5');
  check(accuracy, { by: 'metric', first: 'best' }, '3 5 2 4 1');
  check(accuracy, { by: 'metric', metric: 'accuracy', first: 'lowest' }, '5 2 3 4 1');
  check(accuracy, { by: 'metric', metric: 'loss', first: 'highest' }, '5 3 4 2 1');
  check(accuracy, { by: 'metric', metric: 'toString', first: 'highest' }, '5 4 3 2 1');
  check(versions('rmse', 'lower', { rmse: 3 }, { rmse: 1 }), { by: 'metric', first: 'best' }, '1 2');
  check(versions('luck', undefined, { luck: 1 }, { luck: 3 }), { by: 'metric', first: 'best' }, '1 2');
});

test('what is no order is refused', () => {
  assert.deepEqual(versionSortOf(undefined), { by: 'age', first: 'newest' });
  const bad = [null, 'age', {}, { by: 'toString', first: 'best' }, { by: 'age', first: 'best' }];
  for (const one of [...bad, { by: 'metric', first: 'best', metric: 3 }])
    assert.throws(() => versionSortOf(one), /sort must say/);
});
