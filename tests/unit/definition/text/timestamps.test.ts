import assert from 'node:assert/strict';
import test from 'node:test';
import { farFuture } from '../../../../server/definition/text/timestamps.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const CASES: readonly (readonly [latest: string | undefined, day: string | undefined])[] = [
  [undefined, undefined],
  ['2026-06-01', undefined],
  ['2036-12-31T23:59:59Z', undefined],
  ['2037-01-01', '2037-01-01'],
  ['9999-12-31', '9999-12-31'],
  ['9999-12-31T00:00:00', '9999-12-31'],
  ['9999-12-31 00:00:00', '9999-12-31'],
  ['55969-09-28T00:00:00Z', '55969-09-28'],
  ['+055969-09-28T00:00:00Z', '+055969-09-28'],
];

test('times far in the future are named by their whole day', () => {
  for (const [latest, day] of CASES) {
    const said = farFuture('at', latest, NOW);
    assert.equal(/^the latest at is (\S+), more than 10 years/.exec(said ?? '')?.[1], day, latest);
  }
});
