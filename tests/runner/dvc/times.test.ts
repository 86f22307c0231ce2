/** What is kept of stages beside what DVC keeps; no DVC is needed for that. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { TaskStates, statesFile } from '../../../server/runner/plan/state.js';
import { layoutOf } from '../../../server/stores/layout.js';
import { TestProject } from '../../support/cli.js';

const skip = process.platform === 'win32' ? 'stages of DVC do not run here' : false;

test('how long a stage takes is told by the times that it ran', { skip }, async () => {
  const project = await TestProject.make();
  project.write({
    'dvc.yaml': 'stages:\n  train:\n    cmd: cat a > out\n    deps: [a]\n    outs: [out]\n',
    '.dvc/config': '',
    a: '1',
  });
  const none = project.path('none');
  const env = { DVC_SYSTEM_CONFIG_DIR: none, DVC_GLOBAL_CONFIG_DIR: none };
  const times = (): number =>
    new TaskStates(statesFile(layoutOf(project.root), 'dvc.yaml')).took('train').length;
  await project.expect(0, ['run', 'dvc.yaml'], { env });
  assert.equal(times(), 1);
  project.write({ out: 'other' });
  await project.expect(0, ['run', 'dvc.yaml'], { env });
  assert.equal(readFileSync(project.path('out'), 'utf8'), '1');
  assert.equal(times(), 1, 'it was restored');
  await project.expect(0, ['run', 'dvc.yaml', '--force'], { env });
  assert.equal(times(), 2);
});
