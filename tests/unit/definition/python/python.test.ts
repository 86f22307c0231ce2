import assert from 'node:assert/strict';
import test from 'node:test';
import { usesPython } from '../../../../server/definition/python/python.js';

test('whether commands use Python', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ['python3 train.py', true],
    ['python train.py', true],
    ['/usr/bin/python3.12 -m rain', true],
    ['A=1 B="x y" python train.py', true],
    ['cd src && python train.py', true],
    ['make data; python train.py', true],
    ['if test -f x; then\n  python train.py\nfi', true],
    ['cat x | python3 -', true],
    ['bash -c "python train.py"', true],
    ['bash -e -c "cd x; python train.py"', true],
    ['N="$(python count.py)"; echo $N', true],
    ['cat <<X\nhello\nX\npython train.py', true],
    ['echo "bash -c python"', false],
    ['uv run python train.py', true],
    ['uv run train.py', true],
    ['./train.py --x', true],
    ['pytest tests', true],
    ['torchrun --nproc-per-node 2 train.py', true],
    ['time -p python x.py', true],
    ['timeout 30 python x.py', true],
    ['(cd x; python y.py)', true],
    ['mine train', true],
    ['echo python', false],
    ['# python train.py\necho', false],
    ['grep -r python src', false],
    ['docker run -it python:3.12 ls', false],
    ['node train.js', false],
    ['pythonic', false],
    ['cat train.py', false],
    ['', false],
  ];
  for (const [script, uses] of rows) {
    assert.equal(usesPython(script, { language: 'shell' }, new Set(['mine'])), uses, script);
  }
  assert.equal(usesPython('print(1)', { language: 'python' }, new Set()), true);
  assert.equal(usesPython('python()', { language: 'javascript' }, new Set()), false);
});
