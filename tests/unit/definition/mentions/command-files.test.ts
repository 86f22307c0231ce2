/** What a command reads, as far as its words tell. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { filesRead } from '../../../../server/definition/mentions/command-files.js';
import { importedBy, moduleFile } from '../../../../server/definition/python/imports.js';

test('scripts and the files they get, and nothing that is written, code or talk', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['python3 prepare.py data.csv', ['prepare.py', 'data.csv']],
    ['./train.sh', ['train.sh']],
    ['sh ./scripts/a.sh && bash b.sh', ['scripts/a.sh', 'b.sh']],
    ['PYTHONPATH=src python train.py --data=data/x.csv --out model.json', ['train.py', 'data/x.csv']],
    ['python train.py -o model.json x.csv', ['train.py', 'x.csv']],
    ['python train.py > out.txt', ['train.py']],
    ['python train.py >out.txt 2>&1', ['train.py']],
    ['python \\\n  train.py \\\n  "data.csv"', ['train.py', 'data.csv']],
    ['uv run python train.py', ['train.py']],
    ['env A=1 Rscript fit.R', ['fit.R']],
    ['/usr/bin/python3.12 train.py', ['train.py']],
    ['scripts/run.py x.csv', ['scripts/run.py', 'x.csv']],
    ['python -m pkg.train data.csv', []],
    ["python -c 'open(1)'", []],
    ['echo see README.md', []],
    ['cat a.csv | sort > b.csv', []],
    ['cat a.csv | python3 fit.py', ['fit.py']],
    ['# python old.py', []],
    ["python - <<'X'\nimport a.py\nX\npython b.py", []],
    ['python train.py $HOME/x ${y} *.csv', ['train.py']],
    ['git add train.py', []],
    ['', []],
    ['python3 fit.py < raw/x.csv', ['raw/x.csv', 'fit.py']],
    ['python3 fit.py 2>err.txt >"a b.txt"', ['fit.py']],
    ['cd src && python3 train.py', ['src/train.py']],
    ['cd src; cd ../lib && python3 a.py', ['lib/a.py']],
    ['cd .. && python3 a.py', []],
    ['cd "$DIR" && python3 a.py', []],
    ['cd && python3 a.py', []],
    ['cd - && python3 a.py', []],
    ['(cd src && python3 a.py); python3 b.py', []],
    ['echo "now && python3 old.py"', []],
    ['uv run train.py', ['train.py']],
    ['torchrun --nproc-per-node 2 train.py', ['2', 'train.py']],
    ['srun -n 2 python train.py', ['train.py']],
    ['make train.py', []],
    ['if [ -f a.py ]; then python3 a.py; fi', ['a.py']],
    ['python3 fit-$.py $/fit.py', []],
  ];
  for (const [script, expected] of cases) assert.deepEqual(filesRead(script).files, expected, script);
});

test('the script that has to be there is the first, and nothing may have made it', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['python3 src/train.py --data data.csv', 'src/train.py'],
    ['python3 -u train.py', 'train.py'],
    ['./train.sh x', 'train.sh'],
    ['set -e\nexport A=1\nbash -e run.sh', 'run.sh'],
    ['PYTHONPATH=src python train.py', 'train.py'],
    ['python -W ignore train.py', undefined],
    ['curl -O https://a.b/x.py && python x.py', undefined],
    ['cd src && python x.py', 'src/x.py'],
    ['if [ -f x.py ]; then python x.py; fi', undefined],
    ['[ -f x.py ] && python x.py', undefined],
    ['for x in 1 2; do python x.py; done', undefined],
    ['uv run python x.py', undefined],
    ['python -m x.y', undefined],
    ['python fit', undefined],
    ['cat < x.py', undefined],
  ];
  for (const [script, expected] of cases) assert.equal(filesRead(script).script, expected, script);
  assert.deepEqual(filesRead('python3 -m rain.train --x').modules, ['rain.train']);
});

test('modules of the project that scripts import', () => {
  const files: Readonly<Record<string, string>> = {
    'src/train.py': 'import os, model\nfrom rain import data as d\nimport numpy as np\n',
    'src/model.py': 'from rain.layers import (\n  dense, # the usual one\n  Drop,\n)\n',
    'src/rain/__init__.py': '',
    'src/rain/data.py': 'from . import util\nfrom ..other import nothing\n',
    'src/rain/util.py': '# import gone\nimport rain.data; x = 1\n',
    'src/rain/layers/__init__.py': 'from .base import Layer\n',
    'src/rain/layers/base.py': '',
    'src/rain/layers/dense.py': 'def late():\n    import lazy\n',
    'src/lazy.py': '',
    'src/other.py': '',
    'src/gone.py': '',
    'data.py': '',
  };
  const project = { isFile: (path: string) => path in files, text: (path: string) => files[path] };
  assert.deepEqual(importedBy(['src/train.py'], project), [
    'src/lazy.py',
    'src/model.py',
    'src/other.py',
    'src/rain/__init__.py',
    'src/rain/data.py',
    'src/rain/layers/__init__.py',
    'src/rain/layers/base.py',
    'src/rain/layers/dense.py',
    'src/rain/util.py',
  ]);
  assert.deepEqual(importedBy(['data.py'], project), []);
  assert.equal(moduleFile('src.train', '', project), 'src/train.py');
  assert.equal(moduleFile('rain.data', 'src', project), 'src/rain/data.py');
  assert.equal(moduleFile('gone', '', project), undefined);
});
