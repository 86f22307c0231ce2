/** Records of jobs on the disk, as somebody may have left them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { type JobEntry, readEntries, writeEntry } from '../../../server/runner/executors/slurm/entry.js';
import { layoutOf } from '../../../server/stores/layout.js';

test('a record of a job that is not whole is left out', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-entry-'));
  try {
    const layout = layoutOf(root);
    const entry: JobEntry = {
      version: 1,
      name: 'whole',
      executor: 'cluster',
      run: '20261129-120000-000-aaaa',
      pipeline: 'main',
      task: 'train',
      attempt: 1,
      folder: path.join(root, 'whole'),
      memo: { fingerprint: 'f', outputs: ['m'], strangers: {} },
      submittedAt: '2026-11-29T12:00:00Z',
    };
    writeEntry(layout, entry);
    const broken: readonly object[] = [
      { memo: null },
      { memo: {} },
      { memo: { ...entry.memo, outputs: 'm' } },
      { memo: { ...entry.memo, ahead: {} } },
      { attempt: '1' },
      { version: 2 },
    ];
    for (const [at, part] of broken.entries()) writeEntry(layout, { ...entry, ...part, name: `broken${at}` });
    assert.deepEqual(readEntries(layout), [entry]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
