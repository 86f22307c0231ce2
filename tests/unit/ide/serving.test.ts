/** Environments, targets, app packages and services: completion, hover, jumps, references; rules of monitors. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { completion } from '../../../server/ide/complete/completion.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { definitionsAt, referencesAt } from '../../../server/ide/navigate/navigation.js';
import { prepareRename, rename } from '../../../server/ide/navigate/rename.js';
import { open, place, type Fixture } from './fixture.js';

const SETTINGS = `environments:
  staging: { target: local, description: "For <us>.", url: http://127.0.0.1:8080, variables: { region: eu-1, log-level: debug } }
  production: { target: big, approval: { who: [ada, grace] } }
targets:
  big: { type: local, description: The big machine., host: 127.0.0.2, ports: { from: 8000, to: 8099 } }
`;
const APP = `name: app
kind: app-build
tasks:
  pack:
    description: Serves rain.
    package:
      name: rain-app
      include: ["app/**"]
      entrypoint: python3 app/serve.py
      port: 8080
      health: /health
      model: rain
      signature: { inputs: { rain_7d: double, temp_max: double } }
`;
const DEPLOY = `name: ship
kind: deployment
tasks:
  deploy:
    deploy: { package: rain-app, environment: staging }
  start:
    service: { name: rain, environment: staging, port: 8080 }
`;

function fixture(task: string, more: Readonly<Record<string, string>> = {}): Fixture {
  return open(
    {
      'use.pipeline.yaml': `tasks:\n  train:\n    run: x\n    metrics: m.json\n  t:\n    ${task}\n`,
      'app.pipeline.yaml': APP,
      'deploy.pipeline.yaml': DEPLOY,
      'modelyard.yaml': SETTINGS,
      ...more,
    },
    { metrics: { train: { accuracy: 0.8 } }, packages: { 'rain-app': 3, old: 1 } },
  );
}

function check(task: string, expected: readonly string[]): void {
  test(`completion in ${task}`, () => {
    const { context, offset } = fixture(task);
    const labels = completion(context, offset)
      .items.filter(({ kind }) => kind !== 'snippet' && kind !== 'key')
      .map(({ label }) => label);
    assert.deepEqual(labels, expected);
  });
}

const MEASURES = [
  ...['p50', 'p95', 'p99', 'rate', 'error-rate', 'availability', 'restarts', 'memory'],
  ...['drift', 'ks', 'js', 'nulls', 'missing'],
];

check('deploy: { package: rain-app, environment: ¦ }', ['staging', 'production']);
check('deploy: { package: rain-app, target: ¦ }', ['local', 'big']);
check('deploy: { package: ¦ }', ['old', 'rain-app']);
check('deploy: { package: rain-app@¦ }', ['rain-app@3', 'rain-app@2', 'rain-app@1']);
check('monitor: { service: ¦ }', ['rain']);
check('monitor: { service: rain, environment: st¦ }', ['staging', 'production']);
check('run: a ${{ packages.¦ }}', ['old', 'rain-app']);
check('run: a ${{ packages.rain-app@¦ }}', ['3', '2', '1']);
const OF_PACKAGE = ['version', 'reference', 'path', 'hash', 'model', 'run'];
check('run: a ${{ packages.rain-app.¦ }}', OF_PACKAGE);
check('run: a ${{ packages.rain-app@3.¦ }}', OF_PACKAGE);
const deploy = (value: string): string =>
  `deploy: { package: a, environment: staging, env: { A: "${value}" } }`;
check(deploy('${{ environment.¦ }}'), ['name', 'url', 'target', 'variables']);
check(deploy('${{ environment.variables.¦ }}'), ['region', 'log-level']);
check('monitor: { service: rain, rules: [¦] }', MEASURES);
check('monitor: { service: rain, rules: e¦ }', MEASURES);
check('monitor: { service: rain, rules: [{ rule: ¦ }] }', MEASURES);
check('monitor: { service: rain, rules: [p95 < ¦] }', []);
check('monitor: { service: rain, rules: [drift.¦] }', ['drift.rain_7d', 'drift.temp_max']);
check('monitor: { service: rain, rules: [p95 < 1s], drift: { features: [¦] } }', ['rain_7d', 'temp_max']);
check('monitor: { service: other, rules: [drift.¦] }', []);
check('approval: { prompt: x, metrics: [¦] }', ['train', 'train.accuracy']);

test('a rule is completed with its comparison and a bound', () => {
  const { context, offset, text } = fixture('monitor: { service: rain, rules: [err¦] }');
  const item = completion(context, offset).items.find(({ label }) => label === 'error-rate');
  assert.equal(item?.newText, 'error-rate < ${1:1%}');
  assert.equal(text.slice(item.span.start, item.span.end), 'err');
});

function shows(task: string, under: string | undefined, ...pieces: readonly string[]): void {
  test(`hover on ${task}`, () => {
    const { context, offset, text } = fixture(task);
    const found = hover(context, offset);
    assert.equal(found === undefined ? undefined : text.slice(found.span.start, found.span.end), under);
    for (const piece of pieces)
      assert.ok(found?.markdown.includes(piece), `${piece} in ${found?.markdown ?? ''}`);
  });
}

shows(
  'deploy: { package: x, environment: sta¦ging }',
  'staging',
  '**staging** · environment',
  'For \\<us\\>\\.',
  'target `local`',
  'at `http://127.0.0.1:8080`',
  'services `rain`',
);
shows('deploy: { environment: prod¦uction }', 'production', 'target `big`', 'an approval by `ada`, `grace`');
shows('deploy: { target: b¦ig }', 'big', 'The big machine\\.', 'listens on `127.0.0.2`', 'ports `8000–8099`');
shows('deploy: { target: lo¦cal }', 'local', 'this machine');
shows(
  'deploy: { package: rain-¦app@3 }',
  'rain-app',
  '**rain\\-app** · app package',
  'Serves rain',
  'starts `python3 app/serve.py`',
  'port `8080`',
  'health `/health`',
  'takes `rain_7d: double`, `temp_max: double`',
  'made by `pack` in `app.pipeline.yaml`',
);
shows('monitor: { service: ra¦in }', 'rain', '**rain** · service', 'in `staging`', 'port `8080`');
shows('deploy: { environment: nowhe¦re }', undefined);
shows(deploy('${{ environment.u¦rl }}'), 'url', '`http://127.0.0.1:8080` in `staging`');
shows(deploy('${{ environment.variables.reg¦ion }}'), 'region', '`eu-1` in `staging`');
shows(
  'run: a ${{ packages.rain-app.vers¦ion }}',
  'version',
  '**packages\\.rain\\-app\\.version**',
  '`3` now',
);
shows('run: a ${{ packages.rain-app@¦2 }}', '2', 'Version 2: ', 'serves rain');
shows('deploy: { package: o¦ld }', 'old', '**old** · app package', 'version 1, ');

test('jumps and references', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['deploy: { environment: sta¦ging }', ['modelyard.yaml:2 «staging»']],
    ['deploy: { target: b¦ig }', ['modelyard.yaml:5 «big»']],
    ['deploy: { package: "rain-a¦pp@latest" }', ['app.pipeline.yaml:7 «rain-app»']],
    ['run: a ${{ packages.rain-¦app }}', ['app.pipeline.yaml:7 «rain-app»']],
    ['monitor: { service: ra¦in }', ['deploy.pipeline.yaml:7 «rain»']],
    ['deploy: { environment: nowhe¦re }', []],
  ];
  for (const [task, targets] of table) {
    const found = fixture(task);
    assert.deepEqual(
      definitionsAt(found.context, found.offset).map(({ path, span }) => place(found, path, span)),
      targets,
      task,
    );
  }
  const found = fixture('deploy: { environment: sta¦ging, package: rain-app }');
  assert.deepEqual(
    referencesAt(found.context, found.offset).map(({ path, span }) => place(found, path, span)),
    [
      'use.pipeline.yaml:6 «staging»',
      'deploy.pipeline.yaml:5 «staging»',
      'deploy.pipeline.yaml:7 «staging»',
      'modelyard.yaml:2 «staging»',
    ],
  );
  assert.equal(prepareRename(found.context, found.offset).ok, false, 'what was deployed keeps its name');
});

test('the settings file itself', () => {
  const around = { 'deploy.pipeline.yaml': DEPLOY };
  const at = open({ 'modelyard.yaml': SETTINGS.replace('target: big', 'target: b¦ig'), ...around });
  assert.match(hover(at.context, at.offset)?.markdown ?? '', /\*\*big\*\* · target/);
  assert.deepEqual(
    completion(at.context, at.offset).items.map(({ label }) => label),
    ['local', 'big'],
  );
  const key = open({ 'modelyard.yaml': SETTINGS.replace('  staging', '  sta¦ging'), ...around });
  assert.equal(referencesAt(key.context, key.offset).length, 3);
});

test('executors have a hover, and a rename that reaches modelyard.yaml; `local` keeps its name', () => {
  const settings = 'executors:\n  cluster: { type: slurm, description: Of the institute., partition: gpu }\n';
  const at = (text: string) => open({ 'use.pipeline.yaml': text, 'modelyard.yaml': settings });
  const named = at('tasks:\n  t: { run: x, executor: "clus¦ter" }\n');
  const words = hover(named.context, named.offset)?.markdown ?? '';
  assert.match(words, /\*\*cluster\*\* · executor · slurm/);
  assert.match(words, /partition `gpu`/);
  assert.match(words, /Of the institute/);
  const renamed = rename(named.context, named.offset, 'farm');
  assert.ok(renamed.ok);
  assert.deepEqual(
    renamed.edits.map((edit) => [edit.path, edit.newText]),
    [
      ['use.pipeline.yaml', 'farm'],
      ['modelyard.yaml', 'farm'],
    ],
  );
  const local = at('tasks:\n  t: { run: x, executor: lo¦cal }\n');
  const refused = prepareRename(local.context, local.offset);
  assert.ok(!refused.ok);
  assert.match(refused.message, /"local" is this machine/);
});
