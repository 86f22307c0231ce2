/** Params of files, variables of `.env` files, and params that are written for a script. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const PIPELINE = `params:
  from: [params.yaml, { path: conf/net.toml, prefix: net }]
  seed: { minimum: 0 }
tasks:
  lr: { run: 'echo \${{ params.model.lr }} > lr', outputs: { o: lr } }
  net: { run: 'echo \${{ params.net.depth }} \${{ params.net.opt.eps }} \${{ params.seed }} > net', outputs: { o: net } }
  all:
    run: cat work/params.json > all
    params-file: { path: work/params.json, only: [model, seed] }
    outputs: { o: all }
`;

const FILES = {
  'main.pipeline.yaml': PIPELINE,
  'params.yaml': 'model: { lr: 0.10, name: cnn }\nseed: 7\nclasses: { 0: 1.5 }\n"not a name": 1\n',
  'conf/net.toml': 'depth = 4\n[opt]\neps = 1e-8\n',
};

test('values of files are params, and a task counts those that it uses', async () => {
  const project = await TestProject.make(FILES);
  await project.expect(0, ['run']);
  assert.equal(project.read('lr'), '0.10\n');
  assert.equal(project.read('net'), '4 1e-8 7\n');
  assert.deepEqual(JSON.parse(project.read('all')), { model: { lr: 0.1, name: 'cnn' }, seed: 7 });
  assert.match(project.read('all'), /"lr": 0\.10/);
  project.write({ 'params.yaml': FILES['params.yaml'].replace('0: 1.5', '0: 2.5').replace('cnn', 'rnn') });
  assert.deepEqual(await project.plan(), {
    lr: 'up-to-date',
    net: 'up-to-date',
    all: 'run: param model.name: cnn → rnn',
  });
  project.write({ 'conf/net.toml': 'depth = 5\n[opt]\neps = 1e-8\n', 'params.yaml': FILES['params.yaml'] });
  const { stdout } = await project.expect(0, ['plan']);
  assert.match(stdout, /param net\.depth: 4 → 5/);
  await project.expect(0, ['run', '-p', 'model.lr=0.2', '-p', 'net.opt.eps=1']);
  assert.equal(project.read('lr'), '0.2\n');
  assert.equal(project.read('net'), '5 1 7\n');
  assert.equal(project.lastRun().params['model.lr'], 0.2);
});

test('what is wrong with a file is told with its line, and nothing runs', async () => {
  const rows: readonly (readonly [name: string, text: string, words: RegExp])[] = [
    ['params.yaml', 'model: {lr: 1\nseed: 7\n', /main\.pipeline\.yaml:2:\d+: error: In params\.yaml:\d: /],
    [
      'params.yaml',
      'model: { lr: 1 }\nseed: -7\n',
      /3:\d+: error: "seed" at params\.yaml:2 is -7, below the minimum 0/,
    ],
    [
      'params.yaml',
      'model: { lr: 1 }\nseed: 7\nnet: { depth: 1 }\n',
      /"net\.depth" is set in params\.yaml:3 and at conf\/net\.toml:1/,
    ],
    ['params.yaml', '- 1\n', /"params\.yaml" has to be a map/],
    ['conf/net.toml', 'depth = 4\nopt = \n', /conf\/net\.toml:2: This is no TOML/],
    ['conf/net.toml', 'x = 1\n'.repeat(2), /conf\/net\.toml:2: This is no TOML/],
  ];
  const project = await TestProject.make(FILES);
  for (const [name, text, words] of rows) {
    project.write({ ...FILES, [name]: text });
    const { stderr } = await project.expect(2, ['run']);
    assert.match(stderr, words);
  }
  project.write(FILES);
  project.remove('params.yaml');
  assert.match((await project.expect(2, ['run'])).stderr, /2:\d+: error: "params\.yaml" does not exist/);
  symlinkSync('/etc/hosts', project.path('params.yaml'));
  assert.match((await project.expect(2, ['run'])).stderr, /"params\.yaml" leads out of the project/);
});

test('JSON, an empty file, and a param that is called from', async () => {
  const project = await TestProject.make({
    'a.pipeline.yaml':
      "params: { from: p.json }\ntasks:\n  t: { run: 'echo ${{ params.a.b }} > o', outputs: { o: o } }\n",
    'b.pipeline.yaml':
      "params: { from: 2024-01-01 }\ntasks:\n  t: { run: 'echo ${{ params.from }} > p', outputs: { p: p } }\n",
    'c.pipeline.yaml':
      "params: { from: empty.yaml, x: 1 }\ntasks:\n  t: { run: 'echo ${{ params.x }} > q', outputs: { q: q } }\n",
    'p.json': '{\n\t"a": { "b": "it\'s" }\n}',
    'empty.yaml': '# nothing yet\n',
  });
  for (const name of ['a', 'b', 'c']) await project.expect(0, ['run', name]);
  assert.deepEqual(
    [project.read('o'), project.read('p'), project.read('q')],
    ["it's\n", '2024-01-01\n', '1\n'],
  );
});

test('a run that goes on has the params that it began with', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml':
      "params: { from: params.yaml }\ntasks:\n  ask: { approval: { prompt: ok } }\n  t: { needs: ask, run: 'echo ${{ params.lr }} > o', outputs: { o: o } }\n",
    'params.yaml': 'lr: 1\n',
  });
  await project.expect(3, ['run', '--no-wait']);
  project.write({ 'params.yaml': 'lr: 2\n' });
  await project.expect(0, ['approve', project.lastRun().id, 'ask']);
  await project.run(['run', '--resume']);
  assert.equal(project.read('o'), '1\n');
});

test('variables of files: under env, counted, and not written down', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml':
      'env-file: .env\nsecrets: [KEY]\ntasks:\n' +
      "  t: { run: 'echo $A $B $C $KEY > o', env: { B: task }, env-file: [{ path: .env.local, optional: true }], outputs: { o: o } }\n",
    '.env': '# all\nA=file-a\nB=file-b\nC="two words"\nKEY=hidden-key\n',
  });
  await project.expect(0, ['run'], { env: { KEY: undefined } });
  assert.equal(project.read('o'), 'file-a task two words hidden-key\n');
  assert.doesNotMatch(JSON.stringify(project.lastRun()), /two words|hidden-key/);
  assert.deepEqual(await project.plan(), { t: 'up-to-date' });
  project.write({ '.env.local': 'C=local\n' });
  assert.match((await project.expect(0, ['plan'])).stdout, /env C changed/);
  await project.expect(0, ['run'], { env: { KEY: 'outside' } });
  assert.equal(project.read('o'), 'file-a task local outside\n');
  project.write({ '.env': 'A=1\nnot a line\n' });
  assert.match((await project.run(['run'], { env: { KEY: 'x' } })).stdout, /\.env:2: has no "="/);
  project.remove('.env');
  assert.match((await project.run(['run'], { env: { KEY: 'x' } })).stdout, /\.env does not exist/);
});

test('a file that Modelyard has not written is left alone', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml':
      "params: { x: 1 }\ntasks:\n  t: { run: 'cat p.json > o', params-file: p.json, outputs: { o: o } }\n",
    'p.json': '{"mine": true}\n',
  });
  const { stdout, stderr } = await project.run(['run']);
  assert.match(stdout + stderr, /p\.json is there already, and Modelyard has not written it/);
  assert.equal(project.read('p.json'), '{"mine": true}\n');
  project.remove('p.json');
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'x=2']);
  assert.deepEqual(JSON.parse(project.read('o')), { x: 2 });
});
