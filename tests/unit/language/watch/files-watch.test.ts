/** What is told of watched files: every change once or more often, whoever was the first to see it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { FilesWatch } from '../../../../server/language/watch/files-watch.js';

/** No poll in a test: what is told comes from elsewhere. */
const NEVER_MS = 2 ** 31 - 1;

/** Projects in which every file of a folder of `views/` is watched, as far as it is there, and no folder. */
function watched(t: TestContext, names: readonly string[]) {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'modelyard-watch-'));
  const roots = names.map((name) => path.join(parent, name));
  const write = (root: string, view: string) => {
    mkdirSync(path.join(root, 'views', view), { recursive: true });
    writeFileSync(path.join(root, 'views', view, 'current.json'), '{}');
  };
  for (const root of roots) write(root, 'old');
  const told: string[] = [];
  const watch = new FilesWatch(
    (root) => told.push(path.basename(root)),
    (root) =>
      readdirSync(path.join(root, 'views')).map((view) => path.join(root, 'views', view, 'current.json')),
    NEVER_MS,
  );
  t.after(() => {
    watch.close();
    rmSync(parent, { recursive: true, force: true });
  });
  const [first = '', second = ''] = roots;
  return { watch, roots, first, second, told, write };
}

/** A run makes a file while somebody opens a definition: all projects are followed again, and that sees the file first. */
test('a file that is found when projects are followed again is told', (t) => {
  const { watch, roots, first, told, write } = watched(t, ['a', 'b']);
  watch.follow(roots);
  assert.deepEqual(told, [], 'what is followed for the first time is no news');
  write(first, 'weather');
  watch.follow(roots);
  assert.deepEqual(told, ['a']);
  rmSync(path.join(first, 'views', 'weather'), { recursive: true });
  watch.follow(roots);
  assert.deepEqual(told, ['a', 'a'], 'one that is gone, too');
  watch.follow(roots);
  assert.deepEqual(told, ['a', 'a'], 'once');
});

test('a file that is found when more is watched is told', (t) => {
  const { watch, roots, second, told, write } = watched(t, ['a', 'b']);
  watch.follow(roots);
  write(second, 'weather');
  watch.arrange();
  assert.deepEqual(told, ['b']);
});

test('a project that comes or goes is no news of its files', (t) => {
  const { watch, roots, first, told, write } = watched(t, ['a', 'b']);
  watch.follow([first]);
  watch.follow(roots);
  write(first, 'weather');
  watch.follow([]);
  assert.deepEqual(told, []);
});
