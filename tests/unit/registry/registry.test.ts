/** What the registry promises, one process. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { hashFile } from '../../../server/stores/content/hash.js';
import { Registry } from '../../../server/stores/registry/registry.js';
import type { HistoryEntry, VersionDocument } from '../../../server/stores/registry/types.js';
import { applyToModel, applyToVersion, emptyModel } from '../../../server/stores/registry/journal/state.js';
import { add, file, newRegistry, refused, tempFolder, value } from './support.js';
import { fc } from '../../support/generated/cases.js';

const modelsOf = (registry: Registry): string => path.join(registry.root, '.modelyard/models');

test('a version holds what it was made with', async (t) => {
  const registry = newRegistry(t);
  const version = await add(registry, 'rain', '{"w":1}', {
    run: { id: '20261123-120000-000-aaaa', pipeline: 'rain-train', task: 'train' },
    params: { epochs: 200 },
    metrics: { accuracy: 0.74 },
    inputs: [{ path: 'data/labels.csv', hash: `sha256:${'1'.repeat(64)}` }],
    git: { commit: 'abc', dirty: false },
    fingerprint: 'sha256:f',
    description: '# Rain\nWill it rain?',
    tags: { team: 'weather' },
    aliases: ['candidate'],
    who: 'ada@host',
    reason: 'first',
  });
  assert.equal(version.version, '1');
  assert.equal(version.status, 'READY');
  assert.equal(version.artifact.framework, 'json');
  assert.equal(version.artifact.mime, 'application/json');
  const again = Registry.open(registry.root);
  assert.deepEqual(value(again.version('rain', 'candidate')), { ok: true, version, aliases: ['candidate'] });
  assert.deepEqual(value(again.resolveUri('models:/rain/1')).version, version);
  assert.deepEqual(value(again.resolveUri('models:/rain/latest')).version, version);
  const { model } = value(again.model('rain'));
  assert.deepEqual(model.aliases, { candidate: '1' });
  assert.deepEqual(model.counts, { versions: 1, deleted: 0 });
  assert.equal(model.recent[0]?.title, 'Rain');
  const [made, created] = value(again.history('rain')).entries;
  assert.equal(created?.action, 'model-created');
  assert.ok(made?.action === 'version-created' && made.who === 'ada@host' && made.reason === 'first');
  const read = value(await again.readArtifact('rain', '1'));
  assert.equal(readFileSync(read.path, 'utf8'), '{"w":1}');
});

test('the same bytes from the same fingerprint are the same version', async (t) => {
  const registry = newRegistry(t);
  const source = file(registry.root, 'm.json', 'x');
  const artifact = { file: source, path: 'm.json' };
  const register = async (
    fingerprint: string | undefined,
    aliases: readonly string[] = [],
  ): Promise<string> => {
    const done = value(
      await registry.register({
        name: 'rain',
        artifact,
        aliases,
        ...(fingerprint === undefined ? {} : { fingerprint }),
      }),
    );
    return `${done.version.version}${done.created ? ' new' : ''}`;
  };
  assert.equal(await register('f1'), '1 new');
  assert.equal(await register('f1', ['production']), '1');
  assert.equal(await register('f2', ['production']), '2 new');
  assert.equal(await register(undefined), '3 new');
  assert.equal(await register(undefined), '3');
  assert.deepEqual(value(registry.model('rain')).model.aliases, { production: '2' });
  value(registry.deleteVersion('rain', '1'));
  assert.equal(await register('f1'), '4 new');
  assert.deepEqual(readdirSync(path.join(modelsOf(registry), 'objects')).length, 1);
});

test('aliases move, are removed, and roll back one move at a time', async (t) => {
  const registry = newRegistry(t);
  for (const text of ['a', 'b', 'c', 'd']) await add(registry, 'rain', text);
  const set = (version: string): void => void value(registry.setAlias('rain', 'production', version));
  const back = (): string => {
    const done = registry.rollback('rain', 'production', { reason: 'worse' });
    return done.ok ? `${String(done.from)}→${done.to}` : done.error.code;
  };
  refused(registry.rollback('rain', 'production'), 'RESOURCE_DOES_NOT_EXIST', /no alias/);
  set('1');
  assert.equal(back(), 'CONFLICT');
  set('2');
  set('2');
  set('3');
  assert.deepEqual(value(registry.previous('rain', 'production')), { ok: true, from: '3', to: '2' });
  assert.equal(back(), '3→2');
  assert.equal(back(), '2→1');
  assert.equal(back(), 'CONFLICT');
  set('4');
  set('2');
  assert.equal(back(), '2→4');
  set('3');
  assert.equal(back(), '3→4');
  assert.equal(back(), '4→1');
  value(registry.removeAlias('rain', 'production'));
  assert.deepEqual(value(registry.model('rain')).model.aliases, {});
  assert.equal(back(), 'null→1');
  await add(registry, 'rain', 'e', { aliases: ['production'] });
  assert.equal(back(), '5→1');
  set('2');
  set('3');
  value(registry.deleteVersion('rain', '2'));
  refused(registry.rollback('rain', 'production'), 'CONFLICT', /pointed to version 2 before.*was deleted/);
  value(registry.restoreVersion('rain', '2'));
  assert.equal(back(), '3→2');
  const moves = value(registry.history('rain', { alias: 'production', limit: 3 })).entries;
  assert.deepEqual(
    moves.map(({ action }) => action),
    ['alias-rolled-back', 'alias-set', 'alias-set'],
  );
  assert.equal(moves[0]?.reason, 'worse');
});

test('an alias that differs only by case from another one is refused', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'a', { aliases: ['production'] });
  await add(registry, 'rain', 'b');
  const words = /differs only by case from "production", an alias of rain/;
  for (const alias of ['Production', 'PRODUCTION'])
    refused(registry.setAlias('rain', alias, '2'), 'INVALID_PARAMETER_VALUE', words);
  value(registry.setAlias('rain', 'production', '2'));
  value(registry.setAlias('rain', 'production2', '2'));
  const register = (...aliases: string[]) =>
    registry.register({
      name: 'rain',
      artifact: { file: file(registry.root, 'c', 'c'), path: 'c' },
      aliases,
    });
  refused(await register('ProDuction'), 'INVALID_PARAMETER_VALUE', words);
  refused(await register('new', 'New'), 'INVALID_PARAMETER_VALUE', /differs only by case/);
  assert.deepEqual(value(registry.model('rain')).model.nextVersion, 3);
  value(await register('production', 'new', 'new'));
  value(registry.removeAlias('rain', 'production'));
  value(registry.setAlias('rain', 'Production', '1'));
});

test('hostile aliases and keys are kept or refused, and nothing of every object is found', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'constructor', 'x', { tags: { __proto__x: '1' } });
  for (const bad of ['../x', 'latest', 'V3', '🌧', 'a'.repeat(300), '']) {
    refused(registry.setAlias('constructor', bad, '1'), 'INVALID_PARAMETER_VALUE');
  }
  for (const bad of ['0', '-1', '01', 'v1', '1e3', '../1'])
    refused(registry.setAlias('constructor', 'a', bad), 'INVALID_PARAMETER_VALUE');
  refused(
    registry.setAlias('constructor', 'a', '2'),
    'RESOURCE_DOES_NOT_EXIST',
    /no version 2; the newest is 1/,
  );
  for (const name of ['__proto__', 'constructor', 'toString']) {
    refused(registry.version('constructor', name), 'RESOURCE_DOES_NOT_EXIST', /no alias/);
    value(registry.setAlias('constructor', name, '1'));
    assert.equal(value(registry.version('constructor', name)).version.version, '1');
    value(registry.setTag('constructor', name, 'x', { version: '1' }));
    refused(registry.removeTag('constructor', name), 'RESOURCE_DOES_NOT_EXIST');
    value(registry.removeTag('constructor', name, { version: '1' }));
  }
  for (const name of ['../x', 'a/b', '🌧', 'a'.repeat(300), '', '.', 'a\0b']) {
    for (const outcome of [
      registry.model(name),
      registry.version(name, '1'),
      registry.createModel(name),
      registry.deleteModel(name),
      registry.history(name),
    ]) {
      refused(outcome, 'INVALID_PARAMETER_VALUE');
    }
  }
  value(registry.createModel('con'));
  value(registry.createModel('CON'));
  refused(registry.createModel('con'), 'RESOURCE_ALREADY_EXISTS');
  assert.deepEqual(
    registry.models().models.map(({ name }) => name),
    ['CON', 'con', 'constructor'],
  );
  assert.deepEqual(readdirSync(modelsOf(registry)).sort().slice(0, 3), ['++con', '+c+o+n', 'constructor']);
});

test('numbers are never used again, and deleted versions come back', async (t) => {
  const holders = new Map<string, string>();
  const registry = newRegistry(t, { heldBy: (name, version) => holders.get(`${name}@${version}`) });
  await add(registry, 'rain', 'a');
  await add(registry, 'rain', 'b', { aliases: ['production', 'candidate'] });
  refused(registry.deleteVersion('rain', '2'), 'CONFLICT', /aliases candidate, production point to it/);
  value(registry.removeAlias('rain', 'production'));
  refused(registry.deleteVersion('rain', '2'), 'CONFLICT', /alias candidate points to it/);
  refused(registry.deleteModel('rain'), 'CONFLICT', /candidate \(version 2\)/);
  value(registry.removeAlias('rain', 'candidate'));
  holders.set('rain@2', 'The release web-1 on production');
  refused(registry.deleteVersion('rain', '2'), 'CONFLICT', /web-1/);
  refused(registry.deleteModel('rain'), 'CONFLICT', /web-1.*version 2/);
  holders.clear();
  value(registry.deleteVersion('rain', '2', { reason: 'leaky' }));
  refused(registry.version('rain', '2'), 'RESOURCE_DOES_NOT_EXIST', /was deleted by/);
  refused(registry.setAlias('rain', 'a', '2'), 'RESOURCE_DOES_NOT_EXIST');
  refused(registry.deleteVersion('rain', '2'), 'RESOURCE_DOES_NOT_EXIST');
  assert.equal(value(registry.version('rain', 'latest')).version.version, '1');
  assert.ok(value(registry.version('rain', '2', { includeDeleted: true })).version.deleted);
  assert.equal((await add(registry, 'rain', 'c')).version, '3');
  value(registry.deleteVersion('rain', '3'));
  assert.equal((await add(registry, 'rain', 'd')).version, '4');
  assert.deepEqual(
    value(registry.versions('rain')).versions.map((v) => v.version),
    ['4', '1'],
  );
  assert.deepEqual(
    value(registry.versions('rain', { includeDeleted: true, before: '4', limit: 2 })).versions.map(
      (v) => v.version,
    ),
    ['3', '2'],
  );
  value(registry.restoreVersion('rain', '2'));
  assert.equal(value(registry.version('rain', '2')).version.deleted, undefined);
  assert.deepEqual(value(registry.model('rain')).model.counts, { versions: 3, deleted: 1 });
  refused(registry.purgeVersion('rain', '2'), 'CONFLICT');
  value(registry.purgeVersion('rain', '3'));
  refused(registry.restoreVersion('rain', '3'), 'CONFLICT', /given up/);
  value(registry.deleteModel('rain'));
  refused(registry.model('rain'), 'RESOURCE_DOES_NOT_EXIST', /was deleted/);
  refused(
    await registry.register({ name: 'rain', artifact: { file: file(registry.root, 'q', 'q'), path: 'q' } }),
    'RESOURCE_DOES_NOT_EXIST',
  );
  assert.deepEqual(registry.models().models, []);
  value(registry.restoreModel('rain'));
  assert.equal((await add(registry, 'rain', 'e')).version, '5');
});

test('tags, descriptions and statuses, of models and versions', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'a');
  value(registry.setTag('rain', 'team', 'weather'));
  value(registry.setTag('rain', 'stage', 'x', { version: '1' }));
  value(registry.describe('rain', 'About rain', { who: 'bob@x' }));
  value(registry.describe('rain', 'Version one', { version: '1' }));
  value(registry.setStatus('rain', '1', 'FAILED_REGISTRATION', { message: 'half' }));
  refused(registry.setTag('rain', 'k', 'x'.repeat(5001)), 'INVALID_PARAMETER_VALUE');
  refused(registry.describe('rain', 'x'.repeat(50_001)), 'INVALID_PARAMETER_VALUE');
  refused(registry.setTag('rain', 'k', 'v', { version: '9' }), 'RESOURCE_DOES_NOT_EXIST');
  const { model } = value(registry.model('rain'));
  assert.deepEqual([model.tags, model.description], [{ team: 'weather' }, 'About rain']);
  const [summary] = model.recent;
  assert.deepEqual(
    [summary?.tags, summary?.title, summary?.status],
    [{ stage: 'x' }, 'Version one', 'FAILED_REGISTRATION'],
  );
  const { version } = value(registry.version('rain', '1'));
  assert.deepEqual(
    [version.tags, version.description, version.statusMessage],
    [{ stage: 'x' }, 'Version one', 'half'],
  );
  value(registry.setStatus('rain', '1', 'READY'));
  assert.equal(value(registry.version('rain', '1')).version.statusMessage, undefined);
  const before = value(registry.history('rain')).entries.length;
  value(registry.setTag('rain', 'team', 'weather'));
  value(registry.describe('rain', 'About rain'));
  assert.equal(value(registry.history('rain')).entries.length, before, 'what changes nothing is no history');
  assert.equal(value(registry.history('rain', { version: '1' })).entries.length, 5);
  refused(
    await registry.register({
      name: 'rain',
      artifact: { file: file(registry.root, 'z', 'z'), path: 'z' },
      metadata: { big: 'x'.repeat(1_000_000) },
    }),
    'INVALID_PARAMETER_VALUE',
    /too much/,
  );
  assert.equal((await add(registry, 'rain', 'after')).version, '2');
});

test('what is registered is what was recorded, or it is refused', async (t) => {
  const registry = newRegistry(t);
  const source = file(registry.root, 'm.bin', Buffer.alloc(3 * 1024 * 1024, 7));
  const first = value(await registry.register({ name: 'big', artifact: { file: source, path: 'm.bin' } }));
  const { hash } = first.version.artifact;
  assert.ok(
    !value(await registry.register({ name: 'big', artifact: { file: source, path: 'm.bin', hash } })).created,
  );
  writeFileSync(source, Buffer.alloc(3 * 1024 * 1024, 8));
  refused(
    await registry.register({ name: 'big', artifact: { file: source, path: 'm.bin', hash } }),
    'CONFLICT',
    /changed/,
  );
  refused(
    await registry.register({ name: 'big', artifact: { file: source, path: 'm.bin', hash: '../x' } }),
    'INVALID_PARAMETER_VALUE',
  );
  refused(
    await registry.register({ name: 'big', artifact: { file: `${source}x`, path: 'm.bin' } }),
    'RESOURCE_DOES_NOT_EXIST',
  );
  const read = value(await registry.readArtifact('big', '1'));
  assert.equal(readFileSync(read.path)[0], 7);
  chmodSync(read.path, 0o644);
  writeFileSync(read.path, 'changed');
  refused(await registry.readArtifact('big', '1'), 'DAMAGED', /not what was registered/);
  rmSync(read.path);
  refused(await registry.readArtifact('big', '1'), 'DAMAGED', /missing/);
  assert.deepEqual(readdirSync(path.join(modelsOf(registry), 'tmp')), []);
});

test('folders are versions too', async (t) => {
  const registry = newRegistry(t);
  const folder = path.join(registry.root, 'model');
  file(
    registry.root,
    'model/MLmodel',
    'artifact_path: model\nflavors:\n  python_function:\n    env: x\n  sklearn:\n    code: null\nmodel_uuid: 1\n',
  );
  file(registry.root, 'model/data/model.pkl', 'pickled');
  chmodSync(file(registry.root, 'model/run.sh', '#!/bin/sh\n'), 0o755);
  mkdirSync(path.join(folder, 'empty'));
  symlinkSync('data/model.pkl', path.join(folder, 'link'));
  const { version } = value(
    await registry.register({ name: 'f', artifact: { file: folder, path: 'model' } }),
  );
  assert.deepEqual(
    [version.artifact.files, version.artifact.framework, version.artifact.mime],
    [3, 'sklearn', 'inode/directory'],
  );
  rmSync(folder, { recursive: true });
  for (let time = 0; time < 2; time++) {
    const read = value(await registry.readArtifact('f', '1'));
    assert.equal(read.kind, 'folder');
    assert.equal(readFileSync(path.join(read.path, 'link'), 'utf8'), 'pickled');
    assert.ok(existsSync(path.join(read.path, 'empty')));
    chmodSync(path.join(read.path, 'MLmodel'), 0o644);
    writeFileSync(path.join(read.path, 'MLmodel'), 'changed: it is laid out again');
  }
  mkdirSync(folder);
  symlinkSync('/etc/passwd', path.join(folder, 'out'));
  refused(
    await registry.register({ name: 'f', artifact: { file: folder, path: 'model' } }),
    'INVALID_PARAMETER_VALUE',
    /leads out/,
  );
  // Not even the bytes that it leads to are among the objects.
  const taken = [...registry.objects.all()].map(({ hash }) => hash);
  assert.ok(!taken.includes(await hashFile('/etc/passwd')));
});

test('looking makes nothing again that is lost: documents are written by who changes the model', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'a', { description: 'x'.repeat(49_000) });
  await add(registry, 'rain', 'b', { description: 'y'.repeat(49_000) });
  const folder = path.join(modelsOf(registry), 'rain');
  const expected = [value(registry.version('rain', '1')), value(registry.version('rain', '2'))];
  for (const lost of ['model.json', 'versions', 'identities'])
    rmSync(path.join(folder, lost), { recursive: true });
  const before = readdirSync(folder, { recursive: true });
  const fresh = Registry.open(registry.root);
  assert.deepEqual([value(fresh.version('rain', '1')), value(fresh.version('rain', '2'))], expected);
  value(fresh.model('rain'));
  fresh.models();
  assert.deepEqual(readdirSync(folder, { recursive: true }), before);
  value(fresh.setTag('rain', 'a', 'b'));
  assert.ok(existsSync(path.join(folder, 'versions/1.json')));
});

test('a broken document is named and made again; the other models work', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'a', { aliases: ['production'], metrics: { accuracy: 0.7 } });
  await add(registry, 'rain', 'b');
  await add(registry, 'snow', 'c');
  const expected = value(registry.model('rain')).model;
  const folder = path.join(modelsOf(registry), 'rain');
  const one = value(registry.version('rain', '1'));
  for (const rubbish of ['', '{', '[]', '{"schema":1}', '{"schema":1,"name":"rain","seq":"x"}', '\0\0\0']) {
    writeFileSync(path.join(folder, 'model.json'), rubbish);
    writeFileSync(path.join(folder, 'versions/1.json'), rubbish);
    const fresh = Registry.open(registry.root);
    const { models, problems } = fresh.models();
    assert.deepEqual(
      models.map(({ name }) => name),
      ['rain', 'snow'],
    );
    assert.match(problems[0]?.message ?? '', /model document .*rain.model\.json is broken.*left as it is/);
    assert.deepEqual({ ...value(fresh.model('rain')).model, applied: 0 }, { ...expected, applied: 0 });
    assert.deepEqual(value(fresh.version('rain', '1')), one);
    assert.match(fresh.problems.map(({ message }) => message).join(), /model version document/);
  }
  rmSync(path.join(folder, 'model.json'), { force: true });
  rmSync(path.join(folder, 'versions'), { recursive: true });
  rmSync(path.join(folder, 'identities'), { recursive: true });
  const fresh = Registry.open(registry.root);
  value(fresh.setTag('rain', 'a', 'b'));
  assert.deepEqual(value(fresh.version('rain', '1')), one);
  assert.equal((await add(fresh, 'rain', 'b')).version, '2', 'identities are made again');
  // A newer version's document is left as it is, and its model is not touched.
  const document = readFileSync(path.join(folder, 'model.json'), 'utf8');
  writeFileSync(path.join(folder, 'model.json'), document.replace('"schema":1', '"schema":99'));
  refused(Registry.open(registry.root).setTag('rain', 'x', 'y'), 'DAMAGED', /newer Modelyard/);
  assert.deepEqual(
    Registry.open(registry.root)
      .models()
      .models.map(({ name }) => name),
    ['snow'],
  );
});

test('a history that lost its end: readable, but not to be changed', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'a');
  await add(registry, 'rain', 'b');
  const journal = path.join(modelsOf(registry), 'rain/history.ndjson');
  const text = readFileSync(journal, 'utf8');
  writeFileSync(journal, text.slice(0, text.indexOf('\n') + 1));
  const fresh = Registry.open(registry.root);
  assert.equal(value(fresh.version('rain', '2')).version.version, '2');
  refused(fresh.setAlias('rain', 'a', '1'), 'DAMAGED', /shorter than it was/);
  writeFileSync(journal, text);
  value(fresh.setAlias('rain', 'a', '1'));
});

test('a torn last line was never said', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'rain', 'a');
  const journal = path.join(modelsOf(registry), 'rain/history.ndjson');
  const [, line = ''] = readFileSync(journal, 'utf8').split('\n');
  const entry = JSON.parse(line) as HistoryEntry;
  for (const torn of ['{', '{"seq":3,"act', JSON.stringify({ ...entry, seq: 99, version: '99' })]) {
    appendFileSync(journal, torn);
    assert.equal(
      value(registry.model('rain')).model.nextVersion,
      value(registry.versions('rain')).versions.length + 1,
    );
    assert.ok(value(registry.history('rain')).entries.every(({ seq }) => seq !== 99));
    await add(registry, 'rain', torn);
  }
  const numbers = readFileSync(journal, 'utf8')
    .trim()
    .split('\n')
    .map((text) => (JSON.parse(text) as HistoryEntry).seq);
  assert.deepEqual(numbers, [1, 2, 3, 4, 5]);
});

test('property: replaying the history gives the state, after any changes and lost documents', async (t) => {
  const op = fc.oneof(
    fc.record({
      kind: fc.constant('register' as const),
      text: fc.nat(5),
      alias: fc.option(fc.constantFrom('a', 'b')),
    }),
    fc.record({
      kind: fc.constantFrom('alias', 'delete', 'restore', 'purge', 'tag', 'untag', 'describe', 'status'),
      version: fc.nat(7),
      name: fc.constantFrom('a', 'b', '__proto__'),
    }),
    fc.record({
      kind: fc.constantFrom('rollback', 'unalias'),
      name: fc.constantFrom('a', 'b', '__proto__'),
    }),
    fc.record({
      kind: fc.constantFrom('delete-model', 'restore-model', 'lose-model', 'lose-versions', 'stale'),
    }),
  );
  const root = tempFolder(t);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 30 }), async (ops) => {
      const registry = Registry.open(path.join(root, String(round++)));
      await add(registry, 'm', 'first');
      const folder = path.join(modelsOf(registry), 'm');
      let stale = readFileSync(path.join(folder, 'model.json'), 'utf8');
      for (const step of ops) {
        switch (step.kind) {
          case 'register': {
            const source = file(registry.root, 'x', String(step.text));
            await registry.register({
              name: 'm',
              artifact: { file: source, path: 'x' },
              aliases: step.alias === null ? [] : [step.alias],
            });
            break;
          }
          case 'alias':
            registry.setAlias('m', step.name, String(step.version));
            break;
          case 'delete':
            registry.deleteVersion('m', String(step.version));
            break;
          case 'restore':
            registry.restoreVersion('m', String(step.version));
            break;
          case 'purge':
            registry.purgeVersion('m', String(step.version));
            break;
          case 'tag':
            registry.setTag(
              'm',
              step.name,
              String(step.version),
              step.version === 0 ? {} : { version: String(step.version) },
            );
            break;
          case 'untag':
            registry.removeTag('m', step.name, step.version === 0 ? {} : { version: String(step.version) });
            break;
          case 'describe':
            registry.describe('m', step.name, step.version === 0 ? {} : { version: String(step.version) });
            break;
          case 'status':
            registry.setStatus('m', String(step.version), 'FAILED_REGISTRATION', { message: step.name });
            break;
          case 'rollback':
            registry.rollback('m', step.name);
            break;
          case 'unalias':
            registry.removeAlias('m', step.name);
            break;
          case 'delete-model':
            registry.deleteModel('m');
            break;
          case 'restore-model':
            registry.restoreModel('m');
            break;
          case 'lose-model':
            rmSync(path.join(folder, 'model.json'), { force: true });
            registry.models();
            rmSync(path.join(folder, 'model.json'), { force: true });
            break;
          case 'lose-versions':
            rmSync(path.join(folder, 'versions'), { recursive: true, force: true });
            break;
          case 'stale': {
            // As if the documents had not reached the disk: an older one comes back.
            writeFileSync(path.join(folder, 'model.json'), stale);
            value(registry.model('m', { includeDeleted: true }));
            break;
          }
        }
        if (step.kind !== 'lose-model')
          stale = existsSync(path.join(folder, 'model.json'))
            ? readFileSync(path.join(folder, 'model.json'), 'utf8')
            : stale;
      }
      const entries = readFileSync(path.join(folder, 'history.ndjson'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as HistoryEntry);
      assert.deepEqual(
        entries.map(({ seq }) => seq),
        entries.map((_, index) => index + 1),
      );
      const replayed = entries.reduce(applyToModel, emptyModel('m'));
      const { model } = value(registry.model('m', { includeDeleted: true }));
      assert.deepEqual({ ...model, applied: 0 }, replayed);
      for (let number = 1; number < replayed.nextVersion; number++) {
        const wanted = entries.reduce<VersionDocument | undefined>(
          (document, entry) =>
            entry.action === 'version-created' && entry.version !== String(number)
              ? document
              : applyToVersion(document, entry),
          undefined,
        );
        assert.deepEqual(
          value(registry.version('m', String(number), { includeDeleted: true })).version,
          wanted,
        );
      }
      for (const [alias, version] of Object.entries(model.aliases)) {
        assert.equal(value(registry.version('m', alias, { includeDeleted: true })).version.version, version);
        assert.equal(
          value(registry.version('m', version, { includeDeleted: true })).version.deleted,
          undefined,
        );
      }
      assert.deepEqual(registry.problems, []);
    }),
    { numRuns: 40, includeErrorInReport: true },
  );
});

test('the same bytes registered again bring what was not said before', async (t) => {
  const registry = newRegistry(t);
  const more = { fingerprint: 'f', metrics: { acc: 0.8, f1: 0.7 }, tags: { a: '1' }, description: 'first' };
  await add(registry, 'rain', 'one', more);
  const source = file(registry.root, 'models/rain.json', 'one');
  const request = { name: 'rain', artifact: { file: source, path: 'models/m.json' }, fingerprint: 'f' };
  const same = value(await registry.register({ ...request, metrics: { acc: 0.8 }, tags: { a: '1' } }));
  assert.deepEqual([same.created, same.added], [false, []]);
  const again = value(
    await registry.register({
      ...request,
      metrics: { acc: 0.9 },
      tags: { q: '1' },
      description: 're-evaluated',
    }),
  );
  assert.deepEqual(again.added, ['metrics acc', 'tag q', 'the description']);
  const { version } = value(registry.version('rain', '1'));
  assert.deepEqual(version.metrics, { acc: 0.9, f1: 0.7 });
  assert.deepEqual(version.tags, { a: '1', q: '1' });
  assert.equal(version.description, 're-evaluated');
  const [newest] = value(registry.history('rain', { limit: 3 })).entries.filter(
    ({ action }) => action === 'metrics-set',
  );
  assert.deepEqual(newest?.action === 'metrics-set' && [newest.from, newest.to], [
    { acc: 0.8 },
    { acc: 0.9 },
  ]);
  assert.deepEqual(value(registry.versions('rain')).versions[0]?.metrics, { acc: 0.9, f1: 0.7 });
});
