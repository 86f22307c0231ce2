import assert from 'node:assert/strict';
import test from 'node:test';
import { inOrder, mainMetricOf } from '../../../server/stores/registry/main-metric.js';
import { emptyModel } from '../../../server/stores/registry/journal/state.js';
import type { RegisteredModel, VersionSummary } from '../../../server/stores/registry/types.js';

function measured(
  ...versions: readonly (Readonly<Record<string, number | string>> & { deleted?: never })[]
): RegisteredModel {
  const recent = versions.map((metrics, index): VersionSummary => ({
    name: 'm',
    version: String(versions.length - index),
    status: 'READY',
    createdAt: '',
    createdBy: '',
    artifact: { hash: 'sha256:0', bytes: 0, path: '', kind: 'model' },
    metrics,
    tags: {},
  }));
  return { ...emptyModel('m'), recent };
}

test('the main metric is the one that people ask for first', () => {
  const check = (model: RegisteredModel, expected: string | undefined): void =>
    assert.equal(mainMetricOf(model), expected);
  check(measured(), undefined);
  check(measured({ note: 'text' }), undefined);
  check(measured({ train_loss: 1, majority_accuracy: 0.6, accuracy: 0.8, auc: 0.9 }), 'accuracy');
  check(measured({ 'evaluate.loss': 1, 'evaluate.auc': 0.9 }), 'evaluate.auc');
  check(measured({ days: 3, train_loss: 1 }), 'train_loss');
  check(measured({ days: 3, weeks: 1 }), 'days');
  check(measured({}, { rmse: 3 }), 'rmse');
  check({ ...measured({ accuracy: 1 }), tags: { 'main-metric': 'days' } }, 'days');
});

test('metrics in order keep their values and ties their order', () => {
  assert.deepEqual(Object.entries(inOrder({ days: 3, b_loss: 2, a_loss: 1, loss: 0, accuracy: 0.8 })), [
    ['accuracy', 0.8],
    ['loss', 0],
    ['b_loss', 2],
    ['a_loss', 1],
    ['days', 3],
  ]);
});
