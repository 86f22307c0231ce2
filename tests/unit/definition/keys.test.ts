/** A key that is documented is read: its values tell definitions apart. What is read and then left lying is another test's. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaOf } from '../../../server/definition/schema/index.js';
import { built, leaves, meaning, shown, values } from '../../support/generated/schema-keys.js';

test('each value of each key says something: definitions with it are other ones than without', () => {
  const silent: string[] = [];
  let count = 0;
  for (const kind of ['pipeline', 'features', 'project'] as const) {
    for (const { steps, schemas } of leaves(schemaOf(kind), [], [])) {
      count++;
      const [root, ...below] = schemas.slice(0, -1);
      const own = schemas.at(-1);
      if (root === undefined || own === undefined) continue;
      const said = new Set<string>();
      for (const value of [undefined, ...values(own)]) {
        if (said.size < 2) said.add(meaning(kind, built(root, below, steps, value)));
      }
      if (said.size < 2) silent.push(`${kind}: ${shown(steps)}`);
    }
  }
  assert.ok(count > 300, String(count));
  assert.deepEqual(silent, []);
});
