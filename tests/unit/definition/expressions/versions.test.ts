/** Versions in their order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, isVersion } from '../../../../server/definition/expressions/versions.js';

test('the order of Semantic Versioning, with any number of parts', () => {
  const order = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.2',
    '1.10',
    '3.9',
    '3.10',
    '20.0',
  ];
  for (const [at, a] of order.entries()) {
    for (const [other, b] of order.entries()) {
      assert.equal(compareVersions(a, b), Math.sign(at - other), `${a} ${b}`);
    }
  }
  assert.equal(compareVersions('v1.2', '1.2.0+build.5'), 0);
  assert.equal(compareVersions('2.0rc1', '2.0'), -1);
});

test('what is no version', () => {
  for (const text of ['', 'abc', '1..2', '1.2.', 'latest', '1 2']) assert.ok(!isVersion(text), text);
});
