/** `MLmodel` as MLflow writes it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { requirementsIn, signatureIn } from '../../../server/stores/registry/versions/mlmodel.js';

test('a signature of columns and tensors', () => {
  const text = `artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
signature:
  inputs: '[{"type": "double", "name": "it''s", "required": true}, {"type": "long",
    "name": "b", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
utc_time_created: x
`;
  assert.deepEqual(signatureIn(text), {
    inputs: [
      { name: "it's", type: 'double', required: true },
      { name: 'b', type: 'long', required: false },
    ],
    outputs: [{ name: 'output', type: 'tensor(int64, [-1])', required: true }],
    source: 'mlflow',
  });
  assert.deepEqual(signatureIn(text.replaceAll('\n', '\r\n')), signatureIn(text));
});

test('escapes of a double-quoted list', () => {
  const text =
    'signature:\n  inputs: "[{\\"type\\": \\"long\\", \\"name\\": \\"\\u00e9\\"}]"\n  outputs: null\n';
  assert.deepEqual(signatureIn(text)?.inputs, [{ name: 'é', type: 'long', required: true }]);
});

test('what can’t be read says nothing', () => {
  for (const text of [
    '',
    'signature: null\n',
    'signature:\n  inputs: x\n',
    "signature:\n  inputs: '[1'\n",
    "signature:\n  inputs: '{}'\n",
    'flavors:\n  inputs: \'[{"type": "long"}]\'\n',
  ])
    assert.equal(signatureIn(text), undefined, text);
});

test('requirements', () => {
  assert.deepEqual(requirementsIn('mlflow==3.1\n# x\nscikit-learn>=1 # why\r\n\n'), [
    'mlflow==3.1',
    'scikit-learn>=1',
  ]);
});
