/** What a change means for a run that is under way. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { differences, verdictOf, watchedFiles } from '../../../server/cli/watch/files.js';
import { define } from '../../../server/definition/read/analyze.js';

const PIPELINE = `env-file: .env
tasks:
  a: { run: x, inputs: [in, 'parts/*.csv'], outputs: { o: a } }
  b: { run: x, inputs: [a, late], outputs: { o: b } }
  c: { run: x, inputs: b, outputs: { o: c } }
  free: { run: x, inputs: other, outputs: { o: free } }
`;

function watched(root: string): ReturnType<typeof watchedFiles> {
  const definition = define(PIPELINE, 'main.pipeline.yaml', 'pipeline');
  assert.ok(definition.kind === 'pipeline');
  return watchedFiles(root, definition.pipeline, {}, {}, ['main.pipeline.yaml']);
}

test('what runs is cancelled only where it, or what it follows, is out of date', () => {
  const { graph } = watched('/nowhere');
  const rows: readonly (readonly [
    running: readonly string[],
    ended: readonly string[],
    changed: readonly string[],
    cancel: boolean,
    again: boolean,
  ])[] = [
    [['a'], [], ['a'], true, true],
    [['b'], ['a'], ['a'], true, true],
    [['c'], ['a', 'b'], ['a'], true, true],
    [['free'], ['a'], ['a'], false, true],
    [['a'], [], ['b'], false, false],
    [['c'], ['a', 'b', 'free'], ['free'], false, true],
    [[], ['a'], [], false, false],
  ];
  for (const [running, ended, changed, cancel, again] of rows) {
    const verdict = verdictOf(graph, { running: new Set(running), ended: new Set(ended) }, changed);
    assert.deepEqual(verdict, { cancel, again }, JSON.stringify([running, ended, changed]));
  }
});

test('files are those that the definition names, with new ones, and without what is made', (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-watch-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(path.join(root, 'parts'));
  const write = (name: string): void => writeFileSync(path.join(root, name), name);
  ['in', 'a', 'late', 'parts/1.csv', 'parts/x.txt', 'unknown'].forEach(write);
  const files = watched(root);
  const before = files.look();
  assert.deepEqual([...before.keys()].sort(), [
    '.env',
    'in',
    'late',
    'main.pipeline.yaml',
    'other',
    'parts/1.csv',
  ]);
  ['parts/2.csv', 'a', 'other', 'unknown'].forEach(write);
  rmSync(path.join(root, 'late'));
  assert.deepEqual([...differences(before, files.look())].sort(), ['late', 'other', 'parts/2.csv']);
  assert.deepEqual([...files.readers('parts/2.csv')], ['a']);
  assert.deepEqual([...files.readers('.env')].sort(), ['a', 'b', 'c', 'free']);
  assert.deepEqual([...files.readers('main.pipeline.yaml')], []);
});
