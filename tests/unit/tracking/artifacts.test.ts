/** Artifacts of clients that come at the same time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { put } from '../../../server/tracking/artifacts.js';
import { Tracking } from '../../../server/tracking/tracking.js';

const bytes = (text: string): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    await Promise.resolve();
    yield Buffer.from(text);
  },
});

test('of a file and a file below it that come at the same time, one is kept', async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-artifacts-'));
  const tracking = Tracking.open(root, () => undefined);
  try {
    const experiment = { id: '0', name: 'Default' };
    const { id } = tracking.runs.create({ experiment, name: 'one', user: '', start: 1, tags: {} });
    const base = `0/${id}/artifacts`;
    for (const [slow, fast] of [
      ['model', 'model/weights.bin'],
      ['data/part/a', 'data'],
    ] as const) {
      const meanwhile: AsyncIterable<Uint8Array> = {
        async *[Symbol.asyncIterator]() {
          yield Buffer.from('slow');
          await put(tracking, `${base}/${fast}`, bytes('fast'), undefined);
        },
      };
      await assert.rejects(put(tracking, `${base}/${slow}`, meanwhile, undefined), /Invalid path/);
    }
    assert.deepEqual([...tracking.runs.get(id).artifacts.keys()].sort(), ['data', 'model/weights.bin']);
  } finally {
    tracking.close();
    rmSync(root, { recursive: true, force: true });
  }
});
