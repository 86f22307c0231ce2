import assert from 'node:assert/strict';
import test from 'node:test';
import { definitionsAt, highlightsAt, referencesAt } from '../../../../server/ide/navigate/navigation.js';
import { prepareRename, rename } from '../../../../server/ide/navigate/rename.js';
import { applied, type Fixture, open, place } from '../fixture.js';

const PIPELINE = `name: rain
params:
  epochs: 200
  rate: 1
env: { MODE: a }
tasks:
  features:
    run: make \${{ params.epochs }} \${{ env.MODE }}
    outputs: { data: data/f.csv }
  train:
    needs: [features]
    matrix:
      seed: [1, 2]
      include: [{ seed: 3, depth: 4 }]
    run: |
      train \${{ params['epochs'] }} \${{ matrix.seed }} \${{ matrix.depth }}
    inputs: [data/f.csv]
    outputs:
      model: m/\${{ matrix.seed }}.json
  check:
    if: "tasks.train.status == 'x' && params.epochs > 1"
    check: [ "\${{ tasks['train'].outputs.model != tasks.train.outputs['model'] }}" ]
    needs:
      - train
`;

/** The pipeline with the cursor before the `nth` occurrence of a text. */
function cursor(text: string, nth = 1, into = 0): Fixture {
  let at = -1;
  for (let count = 0; count < nth; count++) at = PIPELINE.indexOf(text, at + 1);
  assert.notEqual(at, -1, text);
  return open(`${PIPELINE.slice(0, at + into)}¦${PIPELINE.slice(at + into)}`);
}

const definitions = (fixture: Fixture): string[] =>
  definitionsAt(fixture.context, fixture.offset).map(({ path, span }) => place(fixture, path, span));
const references = (fixture: Fixture, own = true): string[] =>
  referencesAt(fixture.context, fixture.offset, own).map(({ path, span }) => place(fixture, path, span));

test('definitions', () => {
  const main = 'main.pipeline.yaml';
  assert.deepEqual(definitions(cursor('epochs }}', 1, 2)), [`${main}:3 «epochs»`]);
  assert.deepEqual(definitions(cursor("epochs'", 1, 2)), [`${main}:3 «epochs»`]);
  assert.deepEqual(definitions(cursor('epochs > 1', 1, 6)), [`${main}:3 «epochs»`]);
  assert.deepEqual(definitions(cursor('features]')), [`${main}:7 «features»`]);
  assert.deepEqual(definitions(cursor("train'].outputs", 1, 1)), [`${main}:10 «train»`]);
  assert.deepEqual(definitions(cursor("model'", 1, 1)), [`${main}:19 «model»`]);
  assert.deepEqual(definitions(cursor('seed }}', 1, 1)), [`${main}:13 «seed»`]);
  assert.deepEqual(definitions(cursor('depth }}', 1, 1)), [`${main}:14 «depth»`]);
  assert.deepEqual(definitions(cursor('MODE }}', 1, 1)), [`${main}:5 «MODE»`]);
  assert.deepEqual(definitions(cursor('data/f.csv]', 1, 3)), [`${main}:9 «data/f.csv»`]);
  assert.deepEqual(definitions(cursor('make')), []);
});

test('references and highlights', () => {
  const fixture = cursor('epochs: 200', 1, 3);
  const main = 'main.pipeline.yaml';
  assert.deepEqual(references(fixture), [
    `${main}:3 «epochs»`,
    `${main}:8 «epochs»`,
    `${main}:16 «epochs»`,
    `${main}:21 «epochs»`,
  ]);
  assert.equal(references(fixture, false).length, 3);
  assert.deepEqual(
    references(cursor('train:')),
    [10, 21, 22, 22, 24].map((line) => `${main}:${line} «train»`).toSorted(),
  );
  const marks = highlightsAt(fixture.context, fixture.offset).map(({ kind }) => kind);
  assert.deepEqual(marks, ['write', 'read', 'read', 'read']);
  const path = cursor('data/f.csv }', 1, 2);
  assert.deepEqual(
    highlightsAt(path.context, path.offset).map(({ kind }) => kind),
    ['write', 'read'],
  );
});

function renamed(fixture: Fixture, newName: string, path?: string): string {
  const target = prepareRename(fixture.context, fixture.offset);
  assert.ok(target.ok, target.ok ? '' : target.message);
  const result = rename(fixture.context, fixture.offset, newName);
  assert.ok(result.ok, result.ok ? '' : result.message);
  return applied(fixture, result.edits, path);
}

test('rename', () => {
  assert.equal(renamed(cursor('epochs: 200'), 'rounds'), PIPELINE.replaceAll('epochs', 'rounds'));
  assert.equal(
    renamed(cursor("train'].outputs", 1, 2), 'fit-it'),
    PIPELINE.replaceAll(/(?<=\n {2}|tasks\.|'|- )train/g, 'fit-it'),
  );
  assert.equal(renamed(cursor('seed }}'), 'start'), PIPELINE.replaceAll('seed', 'start'));
  assert.equal(renamed(cursor('depth: 4'), 'height'), PIPELINE.replaceAll('depth', 'height'));
  assert.equal(renamed(cursor('model:'), 'net'), PIPELINE.replaceAll(/(?<!_)\bmodel\b/g, 'net'));
  assert.equal(renamed(cursor('rain\n'), 'snow'), PIPELINE.replace('name: rain', 'name: snow'));
});

test('rename keeps quotes of every kind', () => {
  const text =
    "params:\n  'a-b': 1\ntasks:\n  t:\n    if: 'params[''a-b''] == 1'\n    run: \"x ${{ params['a-b'] }}\"\n  'u':\n    run: x ${{ tasks.t.status }}\n    needs: ['t', \"t\"]\n";
  const fixture = open(text.replace('a-b', '¦a-b'));
  const result = rename(fixture.context, fixture.offset, 'c');
  assert.ok(result.ok);
  assert.equal(applied(fixture, result.edits), text.replaceAll('a-b', 'c'));
});

test('rename across files', () => {
  const files = {
    'b.pipeline.yaml': 'name: ra¦in\nparams: { seed: 3 }\ntasks:\n  t:\n    run: x ${{ params.seed }}\n',
    'a.pipeline.yaml':
      'name: all\nparams: { seed: 1 }\ntasks:\n  c:\n    pipeline: { name: rain, params: { seed: "${{ params.seed }}" } }\n  d:\n    pipeline: rain\n',
  };
  const fixture = open(files);
  assert.equal(
    renamed(fixture, 'snow', 'a.pipeline.yaml'),
    files['a.pipeline.yaml'].replaceAll('rain', 'snow'),
  );
  const seed = open({
    ...files,
    'b.pipeline.yaml': 'name: rain\nparams: { se¦ed: 3 }\ntasks:\n  t:\n    run: x ${{ params.seed }}\n',
  });
  assert.equal(
    renamed(seed, 'start', 'a.pipeline.yaml'),
    files['a.pipeline.yaml'].replace('{ seed: "', '{ start: "'),
  );
  assert.equal(renamed(seed, 'start').split('start').length, 3);
  const call = open({
    'a.pipeline.yaml': 'tasks:\n  c:\n    pipeline: { name: rain, params: { se¦ed: 1 } }\n',
    'b.pipeline.yaml': 'name: rain\nparams: { seed: 3 }\ntasks: {}\n',
  });
  assert.deepEqual(definitions(call), ['b.pipeline.yaml:2 «seed»']);
  const byFile = open({
    'a.pipeline.yaml': 'tasks:\n  c:\n    pipeline: ra¦in\n',
    'rain.pipeline.yaml': 'tasks: {}\n',
  });
  assert.deepEqual(
    definitionsAt(byFile.context, byFile.offset).map(({ path }) => path),
    ['rain.pipeline.yaml'],
  );
  const refused = prepareRename(byFile.context, byFile.offset);
  assert.ok(!refused.ok);
  assert.match(refused.message, /called after its file: give rain\.pipeline\.yaml a `name:`/);
});

test('rename refuses', () => {
  const refuse = (fixture: Fixture, newName: string, pattern: RegExp): void => {
    const result = rename(fixture.context, fixture.offset, newName);
    assert.ok(!result.ok, newName);
    assert.match(result.message, pattern);
  };
  refuse(cursor('epochs: 200'), 'rate', /already is a param called "rate"/);
  refuse(cursor('train:'), 'features', /already is a task called "features"/);
  refuse(cursor('epochs: 200'), 'a b', /can't be the name of a param/);
  refuse(cursor('epochs: 200'), '', /can't be the name of a param/);
  refuse(cursor('train:'), 'true', /means something else in YAML/);
  refuse(cursor('seed: [', 1), 'include', /a key of the matrix itself/);
  refuse(cursor('seed: [', 1), 'depth', /matrix axis of the task "train" called "depth"/);
  refuse(cursor('make'), 'x', /can be renamed; there is none/);
  refuse(cursor('MODE'), 'X', /can be renamed; there is none/);
  const same = cursor('train:');
  assert.deepEqual(rename(same.context, same.offset, 'train'), { ok: true, edits: [] });
});

test('features', () => {
  const text =
    'entities:\n  station: { keys: [id] }\nviews:\n  weather:\n    entity: station\n    source: { path: a.csv, timestamp: t }\n    features: { rain: double }\nservices:\n  s: ["weather:ra¦in"]\n';
  const fixture = open({ 'w.features.yaml': text });
  assert.deepEqual(definitions(fixture), ['w.features.yaml:7 «rain»']);
});
