/** Hashes of files and folders, all at once and with turns for others. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Hashes, TooMuch } from '../../../server/runner/dvc/hashes.js';
import { IgnoredPaths } from '../../../server/runner/dvc/ignored.js';

const MIB = 1024 * 1024;

test('what is large is read with turns for others, and comes to the same', async (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-hashes-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const hashes = new Hashes(new IgnoredPaths(root));
  const folder = path.join(root, 'folder');
  mkdirSync(path.join(folder, 'deep'), { recursive: true });
  const bytes = Buffer.alloc(64 * MIB, 'a\r\n');
  writeFileSync(path.join(folder, 'deep', 'large'), bytes);
  writeFileSync(path.join(folder, 'small'), 'x');
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const read = await hashes.read(folder);
  clearInterval(timer);
  assert.ok(turns > 1, `${turns} turns`);
  assert.deepEqual(hashes.of(folder), read);
  assert.ok(read?.kind === 'folder');
  assert.deepEqual(read.files, [
    { relative: 'deep/large', md5: createHash('md5').update(bytes).digest('hex'), size: bytes.length },
    { relative: 'small', md5: createHash('md5').update('x').digest('hex'), size: 1 },
  ]);
  assert.deepEqual(await hashes.read(folder, true), hashes.of(folder, true));
  assert.equal(await hashes.read(path.join(root, 'nothing')), undefined);
  writeFileSync(path.join(root, 'other'), Buffer.alloc(MIB));
  await assert.rejects(new Hashes(new IgnoredPaths(root), 1_000).read(path.join(root, 'other')), TooMuch);
});
