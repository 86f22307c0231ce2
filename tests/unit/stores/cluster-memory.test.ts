import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { KnownCluster } from '../../../server/definition/known/cluster.js';
import { clusterBefore, keepCluster, readCluster } from '../../../server/stores/cluster-memory.js';
import { layoutOf } from '../../../server/stores/layout.js';

const CLUSTER: KnownCluster = {
  at: '2026-11-29T12:00:00.000Z',
  groups: [
    { partition: 'main', isDefault: true, nodes: 2, cpus: 4, memoryBytes: 1024, gpus: 0, timeMs: 60_000 },
  ],
};

test('what a cluster has is kept, and what can’t be read counts as unknown', (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-cluster-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const layout = layoutOf(root);
  const before = clusterBefore(root);
  assert.equal(before(), undefined);
  keepCluster(layout, CLUSTER);
  assert.deepEqual(readCluster(layout), CLUSTER);
  assert.equal(before(), before());
  assert.deepEqual(before(), CLUSTER);
  mkdirSync(layout.index, { recursive: true });
  const [group] = CLUSTER.groups;
  for (const text of [
    '',
    '[]',
    'null',
    JSON.stringify({ version: 2, ...CLUSTER }),
    JSON.stringify({ version: 1, at: 'yesterday', groups: CLUSTER.groups }),
    JSON.stringify({ version: 1, at: CLUSTER.at, groups: [{ ...group, cpus: 'many' }] }),
    JSON.stringify({ version: 1, at: CLUSTER.at, groups: [null] }),
  ]) {
    writeFileSync(path.join(layout.index, 'cluster.json'), text);
    assert.equal(readCluster(layout), undefined, text);
  }
});
