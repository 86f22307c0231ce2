import assert from 'node:assert/strict';
import test from 'node:test';
import { defined } from '../../../server/base/defined.js';

interface Point {
  readonly x: number;
  readonly unit?: string;
  readonly label?: string | null;
  readonly axis?: 'left' | 'right';
}

/** Compiles only where a key that may have no value becomes an optional one. */
function point(x: number, unit: string | undefined, label: string | null | undefined): Point {
  const axis = x < 0 ? 'left' : undefined;
  return { x, ...defined({ unit, label, axis }) };
}

test('keys without a value are left out, all others stay in their order', () => {
  assert.deepEqual(Object.entries(point(1, undefined, undefined)), [['x', 1]]);
  assert.deepEqual(Object.entries(point(1, 'm', undefined)), [['x', 1], ['unit', 'm']]); // prettier-ignore
  assert.ok(!('unit' in defined({ unit: undefined })));
  const falsy = { no: false, zero: 0, empty: '', none: null, nan: Number.NaN };
  assert.deepEqual(Object.entries(defined(falsy)), Object.entries(falsy));
});
