/** Taking in runs of another store: what is here already stays. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { newRunId } from '../../../server/stores/runs/id.js';
import { importExperiments } from '../../../server/tracking/import/importer.js';
import { Tracking } from '../../../server/tracking/tracking.js';

test('a run that has ended stays, whatever tag somebody has given it', async (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-import-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const tracking = Tracking.open(root, () => undefined);
  const { experiment } = tracking.experiments.create('e', {});
  const make = (name: string) =>
    tracking.runs.create({
      ...{ id: newRunId(), experiment, name, user: 'ada', start: Date.now() },
      tags: { 'modelyard.importing': 'f00' },
    });
  const whole = make('whole');
  tracking.runs.change(whole, { status: 'FINISHED', end: Date.now() });
  tracking.close();
  const again = Tracking.open(root, () => undefined);
  t.after(() => again.close());
  const nothing = { experiments: [], registered: [] };
  assert.deepEqual(await importExperiments(again, nothing, () => undefined), {
    ...{ taken: 0, known: 0, versions: 0, problems: [] },
  });
  assert.equal(again.runs.find(whole.id)?.name, 'whole');
});
