/** `modelyard` in a terminal: arguments and exit codes pass, whatever the paths are called. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { launchers } from '../../../extension/pipelines/launchers.js';

test(
  'the launcher of POSIX shells starts the module with its arguments',
  { skip: process.platform === 'win32' },
  () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "it's $HOME `x` -"));
    try {
      const module = path.join(folder, 'a \'b\' "c".cjs');
      writeFileSync(
        module,
        'console.log(JSON.stringify([process.argv.slice(2), process.env.ELECTRON_RUN_AS_NODE])); process.exit(3)',
      );
      const [launcher] = launchers(process.execPath, module);
      assert.ok(launcher?.name === 'modelyard');
      const file = path.join(folder, 'modelyard');
      writeFileSync(file, launcher.text, { mode: 0o755 });
      const args = ['run', 'a b', '$HOME', '', '*', "it's"];
      const done = spawnSync(file, args, { encoding: 'utf8' });
      assert.deepEqual([done.status, JSON.parse(done.stdout)], [3, [args, '1']]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('the launcher of Windows keeps percent signs of paths', () => {
  const [, launcher] = launchers('C:\\100% node\\node.exe', 'C:\\x\\cli.js');
  assert.ok(launcher?.name === 'modelyard.cmd');
  assert.match(launcher.text, /"C:\\100%% node\\node\.exe" "C:\\x\\cli\.js" %\*\r\n$/);
});
