/** The locks of DVC, where what lies there is not as DVC leaves it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { StageSpec } from '../../../server/definition/stage.js';
import { DvcGuard } from '../../../server/runner/dvc/guard.js';

const STAGE: StageSpec = {
  ...{ name: 'train', definition: 'dvc.yaml', cmd: 'true', frozen: false, alwaysChanged: false },
  ...{ deps: [{ path: 'a', file: 'a' }], params: [], outs: [] },
};

test(
  'a list of what is in use that is cut off is named, with the way out',
  {
    skip: process.platform === 'win32',
  },
  async () => {
    const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-guard-'));
    const guard = new DvcGuard({
      root,
      wait: false,
      signal: new AbortController().signal,
      say: () => undefined,
    });
    const file = path.join(root, '.dvc', 'tmp', 'rwlock');
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      for (const text of ['', '{"write": {"a"', 'x']) {
        writeFileSync(file, text);
        await assert.rejects(
          guard.running(STAGE, () => Promise.resolve()),
          (error: Error) => error.message.includes(file) && error.message.includes('remove it when no DVC'),
        );
        assert.equal(readFileSync(file, 'utf8'), text, 'it is left as it is');
      }
      rmSync(file);
      assert.equal(await guard.running(STAGE, () => Promise.resolve(existsSync(file))), true);
    } finally {
      await guard.close();
      rmSync(root, { recursive: true, force: true });
    }
  },
);
