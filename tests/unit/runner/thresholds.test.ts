import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json, Threshold } from '../../../server/definition/definition.js';
import { judge } from '../../../server/runner/actions/register/thresholds.js';

const span = { start: 0, end: 0 };
const baseline = { name: 'production (rain 3)', metrics: { accuracy: 0.74, loss: 0.5, odd: 'NaN' } };

function check(threshold: Omit<Threshold, 'span'>, metrics: Record<string, Json>, expected: string): void {
  const [outcome, ...more] = judge([{ ...threshold, span }], metrics, baseline);
  assert.deepEqual(more, []);
  assert.equal(`${outcome?.passed === true ? 'yes' : 'no'}: ${outcome?.detail ?? ''}`, expected);
}

test('bounds of metrics', () => {
  const m = (value: Json): Record<string, Json> => ({ accuracy: value });
  check({ metric: 'accuracy', min: 0.7 }, m(0.7), 'yes: accuracy 0.7 is not below 0.7');
  check({ metric: 'accuracy', min: 0.7 }, m(0.69), 'no: accuracy 0.69 is below 0.7');
  check({ metric: 'accuracy', max: 0.7 }, m(0.71), 'no: accuracy 0.71 is above 0.7');
  check(
    { metric: 'accuracy', maxLoss: 0.01 },
    m(0.71),
    'no: accuracy 0.71 is more than 0.01 below production (rain 3): 0.74',
  );
  // 0.74 - 0.73 is a little more than 0.01 in binary.
  check(
    { metric: 'accuracy', maxLoss: 0.01 },
    m(0.73),
    'yes: accuracy 0.73 is not more than 0.01 below production (rain 3): 0.74',
  );
  check(
    { metric: 'accuracy', maxLoss: 0 },
    m(0.75),
    'yes: accuracy 0.75 is not more than 0 below production (rain 3): 0.74',
  );
  check(
    { metric: 'loss', maxGain: 0.1 },
    { loss: 0.7 },
    'no: loss 0.7 is more than 0.1 above production (rain 3): 0.5',
  );
  check({ metric: 'auc', maxLoss: 0 }, { auc: 1 }, 'yes: production (rain 3) has no auc to compare with');
  check({ metric: 'odd', maxLoss: 0 }, { odd: 1 }, 'yes: production (rain 3) has no odd to compare with');
});

test('a metric that is not there, or no number, holds nothing', () => {
  check(
    { metric: 'acuracy', min: 0 },
    { accuracy: 1 },
    'no: no task before this one gave it; there are: accuracy',
  );
  check({ metric: 'accuracy', min: 0 }, {}, 'no: no task before this one gave it; there are: none');
  check({ metric: 'accuracy', min: 0 }, { accuracy: 'NaN' }, 'no: it is "NaN", which is not a number');
  check(
    { metric: 'toString', min: 0 },
    { accuracy: 1 },
    'no: no task before this one gave it; there are: accuracy',
  );
});
