/** What Modelyard writes into files of DVC, and shows of them, by tables. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { type LockItem, trackedBy, withTracked } from '../../../server/definition/dialects/dvc/lock.js';
import { stageText } from '../../../server/definition/dialects/dvc/stage-text.js';
import { pathFrom } from '../../../server/definition/text/paths.js';
import type { StageSpec } from '../../../server/definition/stage.js';

const item = (more: Partial<LockItem>): LockItem => ({
  path: 'x',
  md5: 'new',
  size: 12,
  legacy: false,
  ...more,
});

test('a .dvc file keeps everything but hashes and sizes', () => {
  const text =
    '# mine\nouts:\n- md5: old\n  size: 1\n  hash: md5\n  path: x # here\n  desc: what\nmeta: {a: 1}\n';
  const written = withTracked(text, [item({})]);
  assert.equal(written, text.replace('md5: old', 'md5: new').replace('size: 1', 'size: 12'));
  const read = trackedBy(written);
  assert.deepEqual(read, [{ path: 'x', md5: 'new', size: 12, legacy: false }]);
  const folder = 'outs:\n- {md5: old.dir, size: 1, nfiles: 2, hash: md5, path: x}\n';
  assert.equal(
    withTracked(folder, [item({ md5: 'new.dir', nfiles: 3 })]),
    'outs:\n- {md5: new.dir, size: 12, nfiles: 3, hash: md5, path: x}\n',
  );
});

test('a .dvc file that would have to be laid out anew is left to DVC', () => {
  const refused: readonly (readonly [string, LockItem[]])[] = [
    ['outs:\n- md5: old\n  size: 1\n  path: x\n', [item({})]],
    ['outs:\n- md5: old\n  size: 1\n  hash: md5\n  path: x\n', [item({ nfiles: 3 })]],
    ['outs:\n- md5: old\n  size: 1\n  nfiles: 2\n  hash: md5\n  path: x\n', [item({})]],
    ['outs:\n- md5: old\n  hash: md5\n  path: x\n', [item({})]],
    ['outs: []\n', [item({})]],
  ];
  for (const [text, items] of refused) assert.equal(withTracked(text, items), undefined, text);
});

test('a stage as text is YAML that says the same', () => {
  const spec: StageSpec = {
    name: 'train@us',
    definition: 'dvc.yaml',
    cmd: ['echo "a: b"', 'true'],
    deps: [{ path: '../in put.csv', file: 'in put.csv' }],
    params: [
      { path: 'params.yaml', file: 'params.yaml', keys: ['lr', 'train.epochs'] },
      { path: 'conf.json', file: 'conf.json', keys: ['a'] },
      { path: 'all.yaml', file: 'all.yaml', keys: [] },
    ],
    outs: [
      { path: 'm.bin', file: 'm.bin', cache: true, persist: false, role: 'out' },
      { path: 'k', file: 'k', cache: false, persist: true, role: 'out' },
      { path: 'm.json', file: 'm.json', cache: false, persist: false, role: 'metric' },
    ],
    frozen: true,
    alwaysChanged: false,
  };
  assert.deepEqual(parse(stageText(spec)), {
    'train@us': {
      cmd: ['echo "a: b"', 'true'],
      deps: ['../in put.csv'],
      params: ['lr', 'train.epochs', { 'conf.json': ['a'] }, { 'all.yaml': null }],
      outs: ['m.bin', { k: { cache: false, persist: true } }],
      metrics: [{ 'm.json': { cache: false } }],
      frozen: true,
    },
  });
});

test('a path as it is written from a folder', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['', 'a/b.txt', 'a/b.txt'],
    ['.', 'a', 'a'],
    ['a', 'a/b.txt', 'b.txt'],
    ['a', 'b.txt', '../b.txt'],
    ['a/b', 'a/c/d', '../c/d'],
    ['a/b', 'a', '..'],
    ['a', 'a', '.'],
    ['ab', 'a/b', '../a/b'],
  ];
  for (const [folder, file, expected] of table)
    assert.equal(pathFrom(folder, file), expected, `${folder} ${file}`);
});
