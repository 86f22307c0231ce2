/** DVC's cache, as far as what others have written is not to be believed. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { DvcCache } from '../../../server/runner/dvc/objects.js';

function inCache(work: (cache: DvcCache, root: string) => void): void {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-cache-'));
  try {
    work(new DvcCache(path.join(root, 'cache')), root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const LISTING = `${'0'.repeat(32)}.dir`;
const FILE = 'b'.repeat(32);

function put(cache: DvcCache, md5: string, text: string, legacy = false): void {
  const place = cache.place(md5, legacy);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text, { mode: 0o444 });
}

test('a hash that is a path leads to no file', () => {
  inCache((cache, root) => {
    writeFileSync(path.join(root, 'secret'), 'x', { mode: 0o444 });
    mkdirSync(path.join(root, 'cache', 'files', 'md5', 'xx'), { recursive: true });
    mkdirSync(path.join(root, 'cache', 'xx'));
    for (const [md5, legacy] of [
      ['xx/../../secret', true],
      ['xx/../../../../secret', false],
    ] as const) {
      assert.equal(cache.place(md5, legacy), path.join(root, 'secret'));
      assert.equal(cache.has(md5, legacy), false, md5);
      put(cache, LISTING, JSON.stringify([{ md5, relpath: 'a' }]), legacy);
      assert.equal(cache.has(LISTING, legacy), false, md5);
      rmSync(cache.place(LISTING, legacy));
    }
    put(cache, FILE, 'x', true);
    put(cache, LISTING, JSON.stringify([{ md5: FILE, relpath: 'a' }]), true);
    assert.equal(cache.has(LISTING, true), true);
  });
});
