/** The registry as the language service sees it: what is remembered, and when it is read again. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { usableModel } from '../../../server/definition/known/models.js';
import { Project } from '../../../server/project/project.js';
import { KnownRegistry } from '../../../server/stores/registry/known.js';
import { Registry } from '../../../server/stores/registry/registry.js';
import { add, file, tempFolder, value } from './support.js';

async function twoModels(
  t: TestContext,
): Promise<{ root: string; registry: Registry; known: KnownRegistry }> {
  const root = tempFolder(t);
  const registry = Registry.open(root);
  await add(registry, 'rain', 'one', { metrics: { accuracy: 0.7 }, aliases: ['candidate'] });
  await add(registry, 'snow', 'one');
  return { root, registry, known: new KnownRegistry(root) };
}

function refreshed(known: KnownRegistry): boolean {
  const steps = known.refresh();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

test('names, models and versions', async (t) => {
  const { known } = await twoModels(t);
  assert.deepEqual(known.names(), ['rain', 'snow']);
  assert.equal(usableModel(known, 'rain')?.aliases['candidate'], '1');
  assert.deepEqual(known.version('rain', '1')?.metrics, { accuracy: 0.7 });
  assert.equal(known.version('rain', '2'), undefined);
  for (const name of ['nothing', '../rain', '', 'x'.repeat(400)])
    assert.equal(known.model(name), undefined, name);
});

test('the same answers, as the same objects, until something changes', async (t) => {
  const { known, registry } = await twoModels(t);
  const [names, rain, snow] = [known.names(), known.model('rain'), known.model('snow')];
  assert.equal(refreshed(known), false);
  assert.equal(known.model('rain'), rain);

  value(registry.setAlias('rain', 'production', '1', { reason: 'good' }));
  assert.equal(known.model('rain'), rain, 'it is not read before it is refreshed');
  assert.equal(refreshed(known), true);
  assert.notEqual(known.model('rain'), rain);
  assert.equal(known.model('snow'), snow, 'what did not change stays');
  assert.equal(known.names(), names);
  assert.equal(refreshed(known), false);
  const moved = known.moved('rain', 'production');
  assert.equal(moved?.reason, 'good');
  assert.equal(moved.from, null);
});

test('models that come and go', async (t) => {
  const { known, registry } = await twoModels(t);
  assert.equal(known.model('hail'), undefined);
  assert.equal(refreshed(known), false);
  assert.equal(known.model('hail'), undefined);
  await add(registry, 'hail', 'one');
  assert.equal(refreshed(known), true);
  assert.ok(usableModel(known, 'hail'));
  value(registry.deleteModel('hail'));
  assert.equal(refreshed(known), true);
  assert.equal(usableModel(known, 'hail'), undefined);
  assert.deepEqual(known.names(), ['hail', 'rain', 'snow'], 'its name is still taken');
  rmSync(registry.store('snow').places.folder, { recursive: true });
  assert.equal(refreshed(known), true);
  assert.equal(known.model('snow'), undefined);
});

test('what was read beforehand costs no read any more', async (t) => {
  const { known, root } = await twoModels(t);
  refreshed(known);
  const answers = () => [known.names(), known.model('rain'), known.model('snow'), known.mainMetric('rain')];
  const before = answers();
  // Nobody looks at the disk: otherwise they would be gone.
  rmSync(path.join(root, '.modelyard'), { recursive: true });
  answers().forEach((answer, index) => assert.equal(answer, before[index]));
  assert.equal(known.mainMetric('rain'), 'accuracy');
  assert.equal(refreshed(known), true);
  assert.deepEqual(known.names(), []);
});

test('a history that is lost is not "no such model"', async (t) => {
  const { root, registry } = await twoModels(t);
  const { places } = registry.store('rain');
  rmSync(places.document);
  writeFileSync(places.journal, 'nothing of ours\n');
  assert.equal(new KnownRegistry(root).model('rain'), 'unreadable');
});

test('findings follow the registry, and only those of files that ask for what changed', async (t) => {
  const { root, registry, known } = await twoModels(t);
  const use = (model: string) => `tasks:\n  t:\n    cache: false\n    run: x \${{ models.${model} }}\n`;
  file(root, 'rain.pipeline.yaml', use('rain@production'));
  file(root, 'snow.pipeline.yaml', use('snow@1'));
  const project = Project.open(root, undefined, { memory: { models: known } });
  const rules = (name: string) => project.findings(`${name}.pipeline.yaml`);
  const snow = rules('snow');
  const [finding] = rules('rain');
  assert.equal(finding?.rule, 'reference/unknown-alias');
  assert.equal(rules('rain'), rules('rain'));

  value(registry.setAlias('rain', 'production', '1'));
  assert.equal(refreshed(known), true);
  assert.deepEqual(rules('rain'), []);
  assert.equal(rules('snow'), snow);
  value(registry.setTag('snow', 'a', 'b'));
  refreshed(known);
  assert.deepEqual(rules('snow'), []);
});
