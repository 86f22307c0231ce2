/** `modelyard models …` with the real command. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { HistoryEntry } from '../../../server/stores/registry/types.js';
import { TestProject } from '../../support/cli.js';
import { DATA, json, model, registering, version } from '../../support/registering.js';

/** A project with so many versions, each of one file of its own. */
async function withVersions(count: number): Promise<TestProject> {
  const project = await TestProject.make();
  for (let number = 1; number <= count; number++) {
    project.write({ [`m${number}.bin`]: `model ${number}` });
    await project.expect(0, [
      'models',
      'register',
      'rain',
      `m${number}.bin`,
      '--metric',
      `accuracy=0.7${number}`,
      '--param',
      `epochs=${number}00`,
    ]);
  }
  return project;
}

test('an empty registry says how to begin', async () => {
  const project = await TestProject.make();
  const { stdout } = await project.expect(0, ['models']);
  assert.match(stdout, /There are no models yet\. A `register` task makes one/);
  assert.deepEqual(await json(project, 'list'), { formatVersion: 1, models: [] });
});

test('registers a file by hand, lists and shows it', async () => {
  const project = await TestProject.make({ 'm.bin': 'bytes' });
  const made = await project.expect(0, [
    ...['models', 'register', 'rain', 'm.bin', '--alias', 'candidate', '--tag', 'team=weather'],
    ...[
      '--metric',
      'accuracy=0.75',
      '--param',
      'kind=small',
      '--description',
      'By hand',
      '--reason',
      'a try',
    ],
  ]);
  assert.equal(made.stdout, 'made rain 1 (models:/rain/1)\n');
  const again = await project.expect(0, ['models', 'register', 'rain', 'm.bin']);
  assert.equal(again.stdout, 'these bytes are rain 1 already\n');
  const found = await version(project, 'rain@candidate');
  assert.deepEqual(
    [found.params, found.metrics, found.tags, found.description, found.artifact.path],
    [{ kind: 'small' }, { accuracy: 0.75 }, { team: 'weather' }, 'By hand', 'm.bin'],
  );
  const listed = await project.expect(0, ['models', 'list']);
  assert.match(listed.stdout, /^MODEL +VERSIONS +LATEST +ALIASES +CHANGED/);
  assert.match(listed.stdout, /\nrain +1 +1 +candidate → 1 +just now/);
  const shown = await project.expect(0, ['models', 'show', 'rain']);
  assert.match(shown.stdout, /\n1 +candidate +ready +just now +accuracy 0\.75/);
  const one = await project.expect(0, ['models', 'show', 'models:/rain/1']);
  for (const part of [
    'rain 1  candidate',
    'By hand',
    'accuracy = 0.75',
    'kind = small',
    'team=weather',
    'sha256:',
  ]) {
    assert.ok(one.stdout.includes(part), part);
  }
  const { formatVersion, ...head } = withoutVersions(await model(project));
  assert.deepEqual(await json(project, 'list'), { formatVersion, models: [{ ...head, latest: '1' }] });
});

function withoutVersions(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'versions'));
}

test('takes over from a run what that run knows', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering('when: false'),
    ...DATA,
  });
  await project.expect(0, ['run']);
  await project.expect(0, ['models', 'register', 'rain', 'models/m.txt', '--run', 'latest']);
  const run = project.lastRun();
  const made = await version(project, 'rain@1');
  assert.deepEqual(made.run, { id: run.id, pipeline: 'main', task: 'train' });
  assert.deepEqual(made.params, { size: 3, accuracy: 0.7 });
  assert.deepEqual(made.metrics, { accuracy: 0.7, loss: 3 });
  assert.equal(made.fingerprint, run.tasks.find(({ id }) => id === 'train')?.fingerprint?.hash);
  const wrong = await project.expect(2, ['models', 'register', 'rain', 'data.txt', '--run', 'latest']);
  assert.match(wrong.stderr, /has made no data\.txt; it has made: models\/m\.txt, metrics\.json/);
  project.write({ 'models/m.txt': 'other bytes' });
  const changed = await project.run(['models', 'register', 'rain', 'models/m.txt', '--run', 'latest']);
  assert.notEqual(changed.code, 0, 'not what the run has made');
});

test('aliases move, roll back step by step, and the history knows all of it', async () => {
  const project = await withVersions(3);
  const moved = await project.expect(0, ['models', 'alias', 'rain@1', 'production', '--reason', 'first']);
  assert.equal(moved.stdout, 'rain: production: none → 1\n');
  await project.expect(0, ['models', 'alias', 'rain@2', 'production']);
  assert.equal(
    (await project.expect(0, ['models', 'alias', 'rain@latest', 'production'])).stdout,
    'rain: production: 2 → 3\n',
  );
  assert.equal(
    (await project.expect(0, ['models', 'alias', 'rain@3', 'production'])).stdout,
    'rain: production is version 3 already\n',
  );
  const dry = await project.expect(0, ['models', 'rollback', 'rain', 'production', '--dry']);
  assert.equal(dry.stdout, 'rain: production: 3 → 2, if it were rolled back\n');
  assert.equal((await version(project, 'rain@production')).version, '3');
  const back = await json<object>(project, 'rollback', 'rain', 'production', '--reason', 'too slow');
  assert.deepEqual(back, {
    formatVersion: 1,
    model: 'rain',
    alias: 'production',
    from: '3',
    to: '2',
    applied: true,
  });
  await project.expect(0, ['models', 'rollback', 'rain', 'production']);
  assert.equal((await version(project, 'rain@production')).version, '1');
  await project.expect(1, ['models', 'rollback', 'rain', 'production']);

  const { stdout } = await project.expect(0, ['models', 'history', 'rain', '--alias', 'production']);
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.slice(21).replace(/ +\(.*\)$/, '')),
    [
      'production rolled back from version 2 to 1',
      'production rolled back from version 3 to 2 — too slow',
      'production moved from version 2 to 3',
      'production moved from version 1 to 2',
      'production set to version 1 — first',
    ],
  );
  const { entries } = await json<{ entries: HistoryEntry[] }>(project, 'history', 'rain@2', '--limit', '50');
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['alias-rolled-back', 'alias-rolled-back', 'alias-set', 'alias-set', 'version-created'],
  );
  const removed = await project.expect(0, ['models', 'alias', 'rain', 'production', '--remove']);
  assert.equal(removed.stdout, 'rain: production: 1 → none\n');
});

test('tags and descriptions of models and versions', async () => {
  const project = await withVersions(1);
  assert.equal(
    (await project.expect(0, ['models', 'tag', 'rain@1', 'stage=test', 'who=ada'])).stdout,
    'rain 1: stage=test, who=ada\n',
  );
  assert.equal(
    (await project.expect(0, ['models', 'tag', 'rain@1', '--remove', 'who'])).stdout,
    'rain 1: stage=test\n',
  );
  await project.expect(0, ['models', 'tag', 'rain', 'team=weather']);
  await project.expect(0, ['models', 'describe', 'rain', 'Will it rain?']);
  project.write({ 'about.md': '# About\n\nThe first.\n' });
  await project.expect(0, ['models', 'describe', 'rain@1', '--file', 'about.md']);
  const shown = await model(project);
  assert.deepEqual([shown.description, shown.tags], ['Will it rain?', { team: 'weather' }]);
  assert.equal((await version(project, 'rain@1')).description, '# About\n\nThe first.\n');
  await project.expect(2, ['models', 'describe', 'rain']);
  await project.expect(2, ['models', 'tag', 'rain', 'novalue']);
});

test('what an alias holds is not deleted; what is deleted can be brought back', async () => {
  const project = await withVersions(2);
  await project.expect(0, ['models', 'alias', 'rain@1', 'production']);
  const held = await project.expect(1, ['models', 'delete', 'rain@1']);
  assert.match(held.stderr, /production/);
  await project.expect(1, ['models', 'delete', 'rain']);
  const gone = await project.expect(0, ['models', 'delete', 'rain@2', '--reason', 'not needed']);
  assert.match(gone.stdout, /rain 2 is deleted; `modelyard models restore rain@2` brings it back/);
  assert.equal((await model(project)).versions.length, 1);
  project.write({ 'm3.bin': 'model 3' });
  await project.expect(0, ['models', 'register', 'rain', 'm3.bin']);
  assert.equal((await version(project, 'rain@latest')).version, '3', 'a number is never used again');
  assert.equal((await project.expect(0, ['models', 'restore', 'rain@2'])).stdout, 'rain 2 is back\n');
  await project.expect(0, ['models', 'alias', 'rain', 'production', '--remove']);
  await project.expect(0, ['models', 'delete', 'rain']);
  await project.expect(2, ['models', 'show', 'rain']);
  assert.deepEqual(await json(project, 'list'), { formatVersion: 1, models: [] });
  await project.expect(0, ['models', 'restore', 'rain']);
  await project.expect(0, ['models', 'delete', 'rain@3', '--purge']);
  const purged = await project.run(['models', 'restore', 'rain@3']);
  assert.notEqual(purged.code, 0);
});

test('wrong use ends with 2 and says what was meant', async () => {
  const project = await withVersions(1);
  await project.expect(0, ['models', 'alias', 'rain@1', 'production']);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['shw', 'rain'], /there is no "models shw"; did you mean "show"\?/],
    [['show'], /usage: modelyard models show MODEL/],
    [['show', 'rian'], /rian.*Did you mean "rain"\?/],
    [['show', 'rain@prodution'], /prodution.*Did you mean "production"\?/],
    [['show', 'rain@7'], /7/],
    [['show', '../x@1'], /can't be a model's name/],
    [['alias', 'rain', 'best'], /say which version: modelyard models alias rain@VERSION best/],
    [['alias', 'rain@1', 'latest'], /always means the newest version/],
    [['alias', 'rain@1', 'v3'], /reads like the number of a version/],
    [['alias', 'rain', 'prodution', '--remove'], /Did you mean "production"\?/],
    [['rollback', 'rain', 'candidate'], /candidate/],
    [['register', 'rain', 'nothing.bin'], /there is no file nothing\.bin/],
    [['register', 'con/x', 'modelyard.yaml'], /can't be a model's name/],
    [['register', 'x'.repeat(300), 'modelyard.yaml'], /has 300 characters/],
    [['register', '🌧', 'modelyard.yaml'], /can't be a model's name/],
    [['tag', 'rain', 'x'], /tag takes KEY=VALUE/],
    [['show', 'rain', '--limti', '3'], /--limit/],
    [['restore', 'rain@production'], /give its number/],
  ];
  for (const [args, message] of cases) {
    const { stderr, stdout } = await project.expect(2, ['models', ...args]);
    assert.match(stderr, message, args.join(' '));
    assert.equal(stdout, '');
  }
});

test('two versions side by side', async () => {
  const project = await withVersions(2);
  await project.expect(0, ['models', 'alias', 'rain@1', 'production']);
  const { stdout } = await project.expect(0, ['models', 'compare', 'rain@production', '2']);
  assert.match(stdout, /^ +rain 1 \(production\) +rain 2\n/);
  assert.match(stdout, /\n {2}accuracy +0\.71 +0\.72 +\+0\.01 better\n/);
  assert.match(stdout, /\n {2}epochs +100 +200 +\+100\n/);
  assert.match(stdout, /\nArtifact\n/);
  const { rows } = await json<{ rows: { key: string; verdict?: string }[] }>(
    project,
    ...['compare', 'rain@2', 'rain@1'],
  );
  assert.equal(rows.find(({ key }) => key === 'accuracy')?.verdict, 'worse');
  await project.expect(2, ['models', 'compare', 'rain@1', 'nothing']);
});

test('a card of a version, printed and written', async () => {
  const project = await withVersions(1);
  await project.expect(0, ['models', 'describe', 'rain', 'Will it **rain**?']);
  const { stdout } = await project.expect(0, ['models', 'card', 'rain@1']);
  assert.match(stdout, /^# rain, version 1\n/);
  for (const part of ['Will it **rain**?', 'accuracy', 'epochs']) assert.ok(stdout.includes(part), part);
  await project.expect(0, ['models', 'card', 'rain@1', '-o', 'card.md']);
  assert.equal(project.read('card.md'), stdout);
  const bad = await project.expect(1, ['models', 'card', 'rain@1', '-o', 'no/such/folder.md']);
  assert.match(bad.stderr, /can't write no\/such\/folder\.md/);
});

test('a model goes to another project, as a folder and as an archive', async () => {
  const project = await withVersions(2);
  await project.expect(0, ['models', 'alias', 'rain@1', 'production', '--reason', 'good']);
  const out = await project.expect(0, ['models', 'export', 'rain', 'all.tar']);
  assert.match(out.stdout, /^rain: 2 versions \(\d+B\) in all\.tar\n$/);
  await project.expect(0, ['models', 'export', 'rain@2', 'one']);
  const exists = await project.expect(1, ['models', 'export', 'rain', 'all.tar']);
  assert.match(exists.stderr, /exists already/);

  const other = await TestProject.make();
  await other.expect(0, ['models', 'import', project.path('all.tar')]);
  const there = await version(other, 'rain@production');
  assert.deepEqual(
    [there.version, there.metrics, there.artifact.hash],
    ['1', { accuracy: 0.71 }, (await version(project, 'rain@1')).artifact.hash],
  );
  assert.match((await other.expect(0, ['models', 'history', 'rain'])).stdout, /— good/);
  const again = await other.expect(0, ['models', 'import', project.path('one')]);
  assert.match(again.stdout, /version 2: is version 2 here already/);
  await other.expect(0, ['models', 'import', project.path('one'), '--name', 'snow']);
  assert.equal((await version(other, 'snow@latest')).metrics['accuracy'], 0.72);

  const bytes = Buffer.from(readFileSync(project.path('all.tar')));
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  other.write({ 'bad.tar': bytes.subarray(0, bytes.length - 2048) });
  await other.expect(1, ['models', 'import', 'bad.tar', '--name', 'bad']);
  await other.expect(2, ['models', 'show', 'bad']);
  await other.expect(2, ['models', 'import', 'nothing.tar']);
});

test('lineage answers both ways, across runs', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering('aliases: [candidate]'),
    ...DATA,
  });
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'size=4']);
  const up = await project.expect(0, ['models', 'lineage', 'rain@1']);
  const [run] = project.runs();
  const lines = up.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ \((data|artifact), \w+\)/, ' ($1)'));
  assert.deepEqual(lines, [
    'rain 1 was made from',
    '  models/m.txt (artifact)',
    `    train (run, run ${run?.id ?? ''} of main)`,
    '      data.txt (data)',
  ]);
  const down = await project.expect(0, ['models', 'lineage', 'data.txt']);
  assert.match(down.stdout, /^data\.txt \(data, \w+\) went into\n/);
  assert.match(down.stdout, /\nVersions: rain [12], rain [12]\n/);
  const graph = await json<{ upstream?: unknown; downstream: { nodes: { kind: string }[] } }>(
    project,
    ...['lineage', 'data.txt', '--down'],
  );
  assert.equal(graph.upstream, undefined);
  assert.equal(graph.downstream.nodes.filter(({ kind }) => kind === 'version').length, 2);
  const unknown = await project.expect(2, ['models', 'lineage', 'nothing.csv']);
  assert.match(unknown.stderr, /No run has read or written nothing\.csv/);
  await project.expect(2, ['models', 'lineage', '../up.csv']);
  const ofRun = await project.expect(0, ['models', 'lineage', run?.id ?? '', '--up']);
  assert.match(ofRun.stdout, /data\.txt/);
});

test('the help names every subcommand', async () => {
  const project = await TestProject.make();
  const { stdout } = await project.expect(0, ['help', 'models']);
  for (const word of SUBCOMMANDS) assert.match(stdout, new RegExp(`\\n {2}models ${word}\\b`), word);
  assert.match((await project.expect(0, ['help'])).stdout, /\n {2}models /);
});

const SUBCOMMANDS = [
  'list',
  'show',
  'register',
  'alias',
  'rollback',
  'tag',
  'describe',
  'compare',
  'history',
  'lineage',
  'card',
  'export',
  'import',
  'delete',
  'restore',
];
