/** Whether commands import MLflow: read, and never run. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { importsMlflow } from '../../../../server/runner/python/mlflow-import.js';

const YES = [
  'import mlflow',
  'import os\nimport mlflow.sklearn as m\n',
  'from mlflow import log_metric',
  'from mlflow.tracking import MlflowClient',
  'if x:\n    import mlflow\n',
  'import os, mlflow',
  'import os; import mlflow',
  '\ttry:\r\n\timport mlflow\r\n',
];
const NO = [
  '',
  '# import mlflow',
  'import mlflower',
  'import os  # mlflow',
  'x = "mlflow"',
  'from x import y\nmlflow = 1',
  'important mlflow',
];

test('imports are seen in commands and in the scripts that they name', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-import-'));
  try {
    mkdirSync(path.join(folder, 'pkg'));
    for (const [texts, wanted] of [[YES, true] as const, [NO, false] as const]) {
      for (const text of texts) {
        writeFileSync(path.join(folder, 'train.py'), text);
        writeFileSync(path.join(folder, 'pkg', '__main__.py'), text);
        for (const command of [
          'python train.py --lr 1',
          'cd . && python3 ./train.py',
          'python -m pkg',
          'uv run train.py',
          'python -m train',
        ]) {
          // Not each way of naming a script is understood; none may be seen where there is none.
          if (!wanted || !command.startsWith('uv'))
            assert.equal(importsMlflow(command, folder), wanted, `${command}: ${text}`);
        }
        assert.equal(importsMlflow(`python - <<'E'\n${text}\nE`, folder), wanted, text);
      }
    }
    assert.equal(importsMlflow('python missing.py; python /dev/zero.py', folder), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
