import assert from 'node:assert/strict';
import test from 'node:test';
import { pipelineFrom } from '../../../server/project/texts.js';

const OURS = 'tasks:\n  a: { run: echo }\n';
const FEATURES = 'entities: { e: { keys: [id] } }\nviews: {}\n';

test('of the texts that were kept, those of other tools and of other pipelines are left out', () => {
  const read = pipelineFrom(
    {
      'p.pipeline.yaml': OURS,
      'called.pipeline.yaml': OURS,
      'tekton/pipeline.yaml': 'apiVersion: tekton.dev/v1\nkind: Pipeline\n',
      'notes.yaml': 'a: 1\n',
      'f.features.yaml': FEATURES,
      'store.yaml': FEATURES,
      'modelyard.yaml': 'shell: bash\n',
    },
    'p.pipeline.yaml',
  );
  assert.ok(read.ok);
  assert.equal(read.settings.shell, 'bash');
  assert.deepEqual(
    read.features.map((one) => one.path),
    ['f.features.yaml', 'store.yaml'],
  );
});

test('a text that was run as a pipeline is one, whatever it looks like', () => {
  const read = pipelineFrom({ 'jobs.yaml': OURS + 'jobs: {}\n' }, 'jobs.yaml');
  assert.ok(read.ok);
  assert.deepEqual(
    read.pipeline.tasks.map((task) => task.name),
    ['a'],
  );
});
