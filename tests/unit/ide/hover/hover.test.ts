import assert from 'node:assert/strict';
import test from 'node:test';
import { hover } from '../../../../server/ide/hover/hover.js';
import { open } from '../fixture.js';

const around = { disk: ['data/raw.csv'], metrics: { train: { accuracy: 0.812345678, 'val.loss': 3 } } };

/** What is underlined, and pieces that the text has to hold. */
function check(marked: string, under: string | undefined, ...pieces: readonly string[]): void {
  const fixture = open(marked, around);
  const found = hover(fixture.context, fixture.offset);
  assert.equal(
    found === undefined ? undefined : fixture.text.slice(found.span.start, found.span.end),
    under,
    marked,
  );
  for (const piece of pieces)
    assert.ok(found?.markdown.includes(piece), `${piece} in ${found?.markdown ?? ''}`);
}

const TRAIN = `params:
  epochs: { type: integer, default: 200, minimum: 1, description: "How *long*." }
tasks:
  train:
    description: Learns.
    matrix: { seed: [1, 2] }
    run: train data/raw.csv
    inputs: [data/raw.csv]
    outputs: { model: models/a.json }
    metrics: m.json
`;

test('keys and values', () => {
  check('ki¦nd: model-build', 'kind', 'it builds a model', '`model-build`', 'Default');
  check('kind: model¦-build', 'model-build', 'it builds a model');
  check(`${TRAIN}  x:\n    tim¦eout: 30m`, 'timeout', 'a duration');
  check(`${TRAIN}  x:\n    run: x\n    resources: { cp¦us: 1 }`, 'cpus', 'Cores');
  check('unk¦nown: 1', undefined);
  check('¦', undefined);
});

test('params', () => {
  check(
    `${TRAIN}  x:\n    run: a \${{ params.ep¦ochs }}`,
    'epochs',
    'integer',
    'default `200`',
    'at least 1',
    'How \\*long\\*',
  );
  check(`${TRAIN}  x:\n    if: params['epo¦chs'] > 2`, 'epochs', '200');
  check(TRAIN.replace('epochs', 'ep¦ochs'), 'epochs', 'integer');
});

test('tasks', () => {
  check(
    `${TRAIN}  x:\n    run: a\n    needs: [tr¦ain]`,
    'train',
    'Learns',
    'makes `models/a.json`',
    'reads `data/raw.csv`',
    '**succeeded** 3 minutes ago, 1.5 s',
    '| `accuracy` | 0\\.81235 |',
  );
  check(`${TRAIN}  x:\n    run: a \${{ tasks.tr¦ain.status }}`, 'train', 'matrix over `seed`');
  check(TRAIN.replace('  train:', '  tr¦ain:'), 'train', 'Learns');
  check(`${TRAIN}  x:\n    run: a \${{ tasks.train.sta¦tus }}`, 'status', '`succeeded`');
  check(`${TRAIN}  x:\n    run: a \${{ tasks.train.outputs.mo¦del }}`, 'model', '`models/a.json`');
  check(
    `${TRAIN}  x:\n    check: tasks.train.metrics.acc¦uracy > 1`,
    'accuracy',
    '`0.81235` in the run 3 minutes ago',
  );
  check(`${TRAIN}  x:\n    check: tasks.train.metrics.val.lo¦ss > 1`, 'loss', '`3`');
  check(`${TRAIN}  x:\n    check: tasks.train.metrics.oth¦er > 1`, 'other', 'no earlier run');
});

test('matrix, variables, contexts and functions', () => {
  check(TRAIN.replace('data/raw.csv\n', '${{ matrix.se¦ed }}\n'), 'seed', '`1`, `2`');
  check(`env: { MODE: fast }\n${TRAIN}  x:\n    run: a \${{ env.MO¦DE }}`, 'MODE', '`fast`');
  check(`${TRAIN}  x:\n    run: a \${{ par¦ams.epochs }}`, 'params', 'context');
  check(`${TRAIN}  x:\n    run: a \${{ git.com¦mit }}`, 'commit', 'hash');
  check(`${TRAIN}  x:\n    run: a \${{ con¦tains('a', 'b') }}`, 'contains', 'contains(search, item)');
  check(`${TRAIN}  x:\n    if: al¦ways()`, 'always', 'whatever');
});

test('paths and rules', () => {
  check(TRAIN.replace('inputs: [data/raw', 'inputs: [data/r¦aw'), 'data/raw.csv', 'a file');
  check(`${TRAIN}  x:\n    inputs: [models/¦a.json]`, 'models/a.json', 'not there yet', 'Made by **train**');
  check(`# modelyard-disable graph/cy¦cle\n${TRAIN}`, 'graph/cycle', 'graph/cycle');
});

test('other pipelines', () => {
  const fixture = open({
    'a.pipeline.yaml': 'tasks:\n  c:\n    pipeline: { name: ra¦in, params: { seed: 1 } }\n',
    'b.pipeline.yaml': 'name: rain\ndescription: "[x](http://y)"\nparams: { seed: 3 }\ntasks: {}\n',
  });
  const found = hover(fixture.context, fixture.offset);
  assert.match(found?.markdown ?? '', /b\.pipeline\.yaml/);
  assert.match(found?.markdown ?? '', /\\\[x\\\]\\\(http/);
  const seed = hover(fixture.context, fixture.text.indexOf('seed') + 1);
  assert.match(seed?.markdown ?? '', /default `3`/);
});

test('features', () => {
  const fixture = open({
    'w.features.yaml':
      'entities:\n  station: { keys: [id], description: A place. }\nviews:\n  weather:\n    entity: sta¦tion\n    source: { path: a.csv, timestamp: t }\n    features: { rain: double }\nservices:\n  s: ["weather:rain"]\n',
  });
  assert.match(hover(fixture.context, fixture.offset)?.markdown ?? '', /A place/);
});

test('keys say whether they count for the cache', () => {
  const says = (text: string): string | undefined => {
    const fixture = open(text, around);
    return /_(.*cache.*)_$/.exec(hover(fixture.context, fixture.offset)?.markdown ?? '')?.[1];
  };
  assert.match(says('tasks: { t: { run: x, e¦nv: { A: 1 } } }') ?? '', /^Counts for the cache: /);
  assert.match(says('tasks: { t: { run: x, ret¦ries: 2 } }') ?? '', /^Does not count/);
  assert.match(says('tasks: { t: { r¦un: x } }') ?? '', /^Counts/);
  assert.match(
    says('tasks: { t: { run: x, outputs: { o: { path: o, per¦sist: true } } } }') ?? '',
    /^Does not/,
  );
  assert.match(says('desc¦ription: x\ntasks: {}') ?? '', /^Does not/);
  assert.equal(says('tasks: { t: { run: x, resources: { c¦pus: 2 } } }'), undefined);
});
