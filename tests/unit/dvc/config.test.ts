/** The settings of a DVC project, read as DVC reads them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { type SettingsRead, settingsOf } from '../../../server/runner/dvc/config.js';

/** @param text of `.dvc/config`; absent: a folder of that name */
function read(text: string | undefined, check: (read: SettingsRead, root: string) => void): void {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-dvc-config-'));
  const file = path.join(root, '.dvc', 'config');
  try {
    mkdirSync(path.dirname(file));
    if (text === undefined) mkdirSync(file);
    else writeFileSync(file, text);
    check(settingsOf(root, { DVC_SYSTEM_CONFIG_DIR: root, DVC_GLOBAL_CONFIG_DIR: root }), root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

for (const [written, folder] of [
  ['/big/cache', '/big/cache'],
  ['/big/cache # of the institute', '/big/cache'],
  ['/big/cache# of the institute', '/big/cache'],
  ['"/big/cache #1"', '/big/cache #1'],
  ["'/big/it is' # quoted", '/big/it is'],
] as const)
  test(`dir = ${written}`, () => {
    read(`[cache]\n    dir = ${written}\n[core]\n    autostage = true # yes\n`, (found) => {
      assert.ok(found.ok);
      assert.equal(found.settings.cacheFolder, folder);
      assert.equal(found.settings.autostage, true);
    });
  });

test('settings that can not be read are no default settings', () => {
  read(undefined, (found, root) => {
    assert.ok(!found.ok);
    assert.match(found.problem, /can’t be read/);
    assert.ok(found.problem.startsWith(path.join(root, '.dvc', 'config')));
  });
});
