/** Names of models, aliases and tags; references to versions; names of folders. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  checkAlias,
  checkModelName,
  checkTagKey,
  modelUri,
  parseModelReference,
} from '../../../server/definition/names/registry-names.js';
import { folderOfModel, modelOfFolder } from '../../../server/stores/registry/places.js';
import { fc } from '../../support/generated/cases.js';

test('names of models', () => {
  const check = (name: string, ok: boolean): void => {
    const checked = checkModelName(name);
    assert.equal(checked.ok, ok, JSON.stringify(name));
    if (!checked.ok) assert.ok(checked.message.length < 300 && !/[\n\0]/.test(checked.message));
  };
  for (const name of [
    'rain',
    'Rain',
    'con',
    'sk-learn-random-forest',
    'main.default.rain',
    'iris classifier',
    '7',
    '__proto__',
    'constructor',
    'latest',
    'V3',
    'objects',
    'a'.repeat(120),
  ])
    check(name, true);
  for (const name of [
    '',
    '../x',
    '..',
    '.',
    '.x',
    'x.',
    'a/b',
    'a\\b',
    'a:b',
    'a@b',
    ' a',
    'a ',
    'a\0b',
    'a\nb',
    '🌧',
    'régen',
    'a'.repeat(121),
    'a'.repeat(300),
    'a\u202eb',
    '-x',
    'a+b',
    'a%2fb',
  ])
    check(name, false);
});

test('aliases: MLflow’s rules, and no numbers', () => {
  const check = (alias: string, ok: boolean): void =>
    assert.equal(checkAlias(alias).ok, ok, JSON.stringify(alias));
  for (const alias of [
    'production',
    'Champion',
    'a',
    'candidate-2',
    '_x',
    '__proto__',
    'v',
    'v3x',
    'latest-ok',
    'x'.repeat(255),
  ])
    check(alias, true);
  for (const alias of [
    '',
    'latest',
    'LATEST',
    'Latest',
    'v3',
    'V3',
    'v01',
    '3',
    'a b',
    'a.b',
    'a/b',
    '../x',
    '🌧',
    'ü',
    'x\n',
    'x'.repeat(256),
  ])
    check(alias, false);
});

test('keys of tags', () => {
  const check = (key: string, ok: boolean): void =>
    assert.equal(checkTagKey(key).ok, ok, JSON.stringify(key));
  for (const key of ['team', 'mlflow.source.git.commit', 'a b', 'a/b:c', '__proto__', 'k'.repeat(250)])
    check(key, true);
  for (const key of ['', 'a\nb', 'k'.repeat(251), '🌧', 'a\0', '"']) check(key, false);
});

test('references', () => {
  const check = (text: string, expected: string | undefined): void => {
    const parsed = parseModelReference(text);
    assert.equal(
      parsed.ok ? modelUri(parsed.reference.name, parsed.reference.selector) : undefined,
      expected,
      text,
    );
  };
  check('rain@3', 'models:/rain/3');
  check('rain@production', 'models:/rain@production');
  check('models:/rain/3', 'models:/rain/3');
  check('models:/rain@production', 'models:/rain@production');
  check('models:/rain@3', 'models:/rain/3');
  check('models:///rain/3', 'models:/rain/3');
  check('models:/rain/latest', 'models:/rain/latest');
  check('iris classifier@LATEST', 'models:/iris classifier/latest');
  for (const bad of [
    '',
    'rain',
    'rain@',
    '@production',
    'rain/3',
    'models:/rain',
    'models:/rain/Production',
    'models:/../x/3',
    'rain@v3',
    'rain@03',
    'rain@0',
    'a@b@c d',
    'models:/a/b/3',
    'rain@99999999999999999999',
  ]) {
    check(bad, undefined);
  }
});

test('a folder stands for one name, on file systems that ignore case too', () => {
  const check = (name: string, folder: string): void => {
    assert.equal(folderOfModel(name), folder);
    assert.equal(modelOfFolder(folder), name);
  };
  check('rain', 'rain');
  check('Rain', '+rain');
  check('con', '++con');
  check('CON', '+c+o+n');
  check('nul.txt', '++nul.txt');
  check('console', 'console');
  check('objects', '++objects');
  check('iris classifier', 'iris+_classifier');
  for (const other of ['objects', 'tmp', 'folders', 'con', '+', 'a+', '..', '.x', 'Rain', '++rain', 'a b']) {
    assert.equal(modelOfFolder(other), undefined, other);
  }
  const char = fc.constantFrom(...Array.from('abzABZ019_.- cCoOnNpPrRuUxXlLtTeEsS'));
  const names = fc
    .string({ unit: char, minLength: 1, maxLength: 120 })
    .filter((name) => checkModelName(name).ok);
  fc.assert(
    fc.property(names, names, (a, b) => {
      const [one, two] = [folderOfModel(a), folderOfModel(b)];
      assert.equal(modelOfFolder(one), a);
      assert.ok(Buffer.byteLength(one) <= 250);
      assert.equal(one.toLowerCase(), one);
      if (a !== b) assert.notEqual(one, two);
      assert.ok(!/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|[. ]$/i.test(one));
    }),
  );
});
