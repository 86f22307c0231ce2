/** Files of DVC's cache, put where they belong. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { DvcCache } from '../../../server/runner/dvc/objects.js';

const FILE = 'b'.repeat(32);

test('a file that can not be put where it belongs leaves nothing beside it', async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-checkout-'));
  try {
    const cache = new DvcCache(path.join(root, 'cache'));
    const out = path.join(root, 'work', 'model');
    const options = { legacy: false, isexec: false };
    await assert.rejects(cache.checkout(FILE, out, options), /ENOENT/);
    mkdirSync(path.dirname(cache.place(FILE)), { recursive: true });
    writeFileSync(cache.place(FILE), 'x', { mode: 0o444 });
    mkdirSync(path.join(out, 'inside'), { recursive: true });
    await assert.rejects(cache.checkout(FILE, out, options));
    assert.deepEqual(readdirSync(path.join(root, 'work')), ['model']);
    rmSync(out, { recursive: true });
    await cache.checkout(FILE, out, options);
    assert.deepEqual(readdirSync(path.join(root, 'work')), ['model']);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
