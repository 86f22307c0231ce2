/** Outputs of stages of DVC that can't be restored: what was there is there again. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const skip = process.platform === 'win32' ? 'stages of DVC do not run here' : false;

test('what lay in the place of an output is put back where it can not be kept', { skip }, async () => {
  const project = await TestProject.make();
  project.write({
    'dvc.yaml': 'stages:\n  train:\n    cmd: cat a > out\n    deps: [a]\n    outs: [out]\n',
    '.dvc/config': '',
    a: '1',
  });
  const none = project.path('none');
  const env = { DVC_SYSTEM_CONFIG_DIR: none, DVC_GLOBAL_CONFIG_DIR: none };
  await project.expect(0, ['run', 'dvc.yaml'], { env });
  rmSync(project.path('.dvc/cache/runs'), { recursive: true });
  project.write({ out: 'other', '.dvc/cache/runs': 'no folder' });
  await project.expect(1, ['run', 'dvc.yaml'], { env });
  assert.equal(readFileSync(project.path('out'), 'utf8'), 'other');
});
