/** Comparing, cards, frameworks, and what gc may free. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { applyGc, planGc } from '../../../server/runner/cache/gc.js';
import { guessFramework, kindOf } from '../../../server/stores/registry/versions/artifacts.js';
import { modelCard } from '../../../server/stores/registry/versions/card.js';
import { betterDirection, compareVersions } from '../../../server/stores/registry/compare.js';
import { RunStore } from '../../../server/stores/runs/runs.js';
import { add, file, newRegistry, tempFolder, value } from './support.js';

test('which way a metric should go', () => {
  const check = (name: string, expected: string | undefined): void =>
    assert.equal(betterDirection(name), expected, name);
  for (const name of [
    'accuracy',
    'val_accuracy',
    'train.auc',
    'f1',
    'macro_f1',
    'valAccuracy',
    'r2',
    'roc_auc',
  ])
    check(name, 'higher');
  for (const name of ['loss', 'val_loss', 'rmse', 'test/mae', 'log_loss', 'accuracy_loss', 'latency_ms'])
    check(name, 'lower');
  for (const name of ['epochs', 'rows', 'glossary', 'terror', 'mapping', 'x']) check(name, undefined);
});

test('two versions side by side', async (t) => {
  const registry = newRegistry(t);
  const signature = {
    inputs: [{ name: 'rain_7d', type: 'double', required: true }],
    outputs: [],
    source: 'declared' as const,
  };
  const a = await add(registry, 'rain', 'a', {
    params: { epochs: 200, seed: 1 },
    metrics: { accuracy: 0.74, loss: 0.5 },
    inputs: [{ path: 'd.csv', hash: 'sha256:1' }],
    signature,
  });
  const b = await add(registry, 'rain', 'bb', {
    params: { epochs: 300, seed: 1 },
    metrics: { accuracy: 0.76, loss: 0.6, rows: 3 },
    inputs: [{ path: 'd.csv', hash: 'sha256:2' }],
  });
  const rows = new Map(compareVersions(a, b).rows.map((row) => [`${row.section} ${row.key}`, row]));
  assert.equal(rows.get('metrics accuracy')?.verdict, 'better');
  assert.equal(rows.get('metrics loss')?.verdict, 'worse');
  assert.deepEqual(rows.get('metrics rows'), { section: 'metrics', key: 'rows', b: 3, differs: true });
  assert.equal(rows.get('params epochs')?.delta, 100);
  assert.equal(rows.get('params seed')?.differs, false);
  assert.equal(rows.get('signature input rain_7d')?.a, 'double');
  assert.equal(rows.get('lineage input d.csv')?.b, 'sha256:2');
  assert.equal(rows.get('artifact bytes')?.delta, 1);
  assert.ok(compareVersions(a, a).rows.every(({ differs }) => !differs));
});

test('a card says what there is, and no value becomes markup', async (t) => {
  const registry = newRegistry(t);
  const version = await add(registry, 'rain', 'a', {
    aliases: ['production'],
    params: { 'evil|<img src=x>': '[click](javascript:alert(1))\n# title' },
    metrics: { accuracy: 0.123456789 },
    tags: { team: '![x](http://evil)' },
    description: 'Learned from the days before.',
    reason: 'a | b',
  });
  value(registry.describe('rain', 'Will it rain?'));
  const card = modelCard({
    model: value(registry.model('rain')).model,
    version,
    aliases: ['production'],
    history: value(registry.history('rain')).entries,
  });
  for (const part of [
    '# rain, version 1',
    'Will it rain?',
    'Learned from',
    '| accuracy | 0.123457 |',
    'registered as production',
    'a \\| b',
  ]) {
    assert.ok(card.includes(part), part);
  }
  assert.ok(!/(?<!\\)<img|\]\(|\n# title|http:\/\//.test(card), card);
});

test('what made a model, told without loading it', (t) => {
  const root = tempFolder(t);
  const check = (name: string, content: string | Buffer, expected: string | undefined): void =>
    assert.equal(guessFramework(file(root, name, content)), expected, name);
  const pickle = (text: string): Buffer => Buffer.concat([Buffer.from([0x80, 4]), Buffer.from(text)]);
  const safetensors = Buffer.concat([
    Buffer.from([40, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from('{"w":{"dtype":"F32","shape":[1]}}       '),
  ]);
  check('a.pkl', pickle('\x8c\x18sklearn.linear_model._base\x94'), 'sklearn');
  check('b.joblib', pickle('xgboost.sklearn'), 'xgboost');
  check('c.pkl', pickle('builtins'), 'pickle');
  check('d.onnx', '\x08\x07', 'onnx');
  check('e.safetensors', safetensors, 'safetensors');
  check('f.bin', safetensors, 'safetensors');
  check('g.pt', 'PK\x03\x04....archive/data.pkl', 'torch');
  check('h.keras', 'PK\x03\x04metadata.json', 'keras');
  check('i.h5', Buffer.from('\x89HDF\r\n\x1a\n....keras_version', 'latin1'), 'keras');
  check('j.json', '{"learner":{"attributes":{},"gradient_booster":{}},"version":[2,0,3]}', 'xgboost');
  check('k.txt', 'tree\nversion=v4\nnum_class=1', 'lightgbm');
  check('l.json', '{"w":[1]}', 'json');
  check('m.gguf', 'GGUF\x03', 'gguf');
  check('n.zip', 'PK\x03\x04readme', undefined);
  check('o.bin', Buffer.alloc(100, 0xff), undefined);
  check('p.csv', 'a,b', undefined);
  check('q', '', undefined);
  file(
    root,
    'ml/MLmodel',
    'flavors:\n  python_function:\n    loader_module: x\n  lightgbm:\n    data: m\nsignature: x\n',
  );
  assert.equal(guessFramework(path.join(root, 'ml')), 'lightgbm');
  file(root, 'hf/config.json', '{}');
  file(root, 'hf/model.safetensors', safetensors);
  assert.equal(guessFramework(path.join(root, 'hf')), 'transformers');
  assert.equal(guessFramework(path.join(root, 'nothing')), undefined);
  assert.deepEqual(['a/x.CSV', 'x.onnx', 'x.html', 'x.log', 'x.whl', 'x'].map(kindOf), [
    'dataset',
    'model',
    'report',
    'log',
    'package',
    'file',
  ]);
});

test('gc frees what no version owns, and nothing of deleted versions until they are purged', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'kept');
  const second = await add(registry, 'rain', 'deleted');
  value(registry.deleteVersion('rain', '2'));
  const orphan = value(await registry.objects.put(file(registry.root, 'orphan', 'left by a kill'))).stored;
  const store = RunStore.open(registry.root);
  const later = Date.now() + 2 * 60 * 60 * 1000;
  const freed = (now: number): string[] =>
    planGc(store, { now, all: true }).registry.map((one) => path.basename(one.path));
  assert.deepEqual(freed(Date.now()), [], 'a registration may be under way');
  assert.deepEqual(freed(later), [orphan.hash.slice(7)]);
  value(registry.purgeVersion('rain', '2'));
  assert.deepEqual(freed(later).sort(), [orphan.hash.slice(7), second.artifact.hash.slice(7)].sort());
  const plan = planGc(store, { now: later });
  assert.ok(plan.freedBytes >= 'left by a kill'.length);
  applyGc(store, plan);
  assert.ok(!existsSync(registry.objects.pathOf(orphan.hash)));
  assert.ok(!existsSync(registry.objects.pathOf(second.artifact.hash)));
  assert.equal(readFileSync(value(await registry.readArtifact('rain', '1')).path, 'utf8'), 'kept');
  // What can't be read may own anything: a run of an MLflow client, too, is the only one that names its artifacts.
  const another = value(await registry.objects.put(file(registry.root, 'orphan', 'another'))).stored;
  const run = file(registry.root, '.modelyard/runs/202611/20261129-120000-000-abcd/run.json', '{"torn');
  assert.deepEqual(freed(later), []);
  assert.match(
    planGc(store, { now: later }).notice ?? '',
    /Nothing of the model registry is freed.*run\.json/,
  );
  rmSync(run);
  assert.deepEqual(freed(later), [another.hash.slice(7)]);
  writeFileSync(path.join(registry.root, '.modelyard/models/rain/history.ndjson'), 'x\n');
  const refusedPlan = planGc(store, { now: later });
  assert.deepEqual(refusedPlan.registry, []);
  assert.match(refusedPlan.notice ?? '', /Nothing of the model registry is freed/);
});
