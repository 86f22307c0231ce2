/** What a command reads, as far as its words tell. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { filesRead } from '../../../server/model/command-files.js';

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
  ];
  for (const [script, expected] of cases) assert.deepEqual(filesRead(script), expected, script);
});
