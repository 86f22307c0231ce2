import assert from 'node:assert/strict';
import test from 'node:test';
import { DiskPoll } from '../../../../server/language/watch/disk-poll.js';
import type { FileEvent } from '../../../../server/language/workspace.js';
import type { EntryStat, FileSystem } from '../../../../server/project/files.js';

/** A disk of stamps; what is asked is counted. */
function disk(entries: Map<string, EntryStat>): FileSystem & { readonly asked: string[] } {
  const asked: string[] = [];
  const stat = (path: string) => {
    asked.push(path);
    return entries.get(path);
  };
  return {
    asked,
    stat,
    statLink: stat,
    stampOf: (path) => entries.get(path)?.stamp,
    readText: (path) => ({ ok: false, reason: 'missing', message: path }),
    readFolder: () => [],
    realPath: (path) => path,
  };
}

const file = (stamp: string): EntryStat => ({ kind: 'file', bytes: 1, stamp });
const folder = (stamp: string): EntryStat => ({ kind: 'folder', bytes: 1, stamp });

test('what was asked about is looked at again, and nothing else', async (t) => {
  const entries = new Map([
    ['/a', file('1')],
    ['/d', folder('1')],
    ['/other', file('1')],
  ]);
  const below = disk(entries);
  const told: FileEvent[] = [];
  const poll = new DiskPoll(below, (events) => told.push(...events), 1_000_000);
  t.after(() => poll.close());
  poll.files.readText('/a');
  poll.files.stat('/gone');
  poll.files.readFolder('/d');
  await poll.look();
  assert.deepEqual(told, []);
  entries.set('/a', file('2')).set('/gone', file('1')).set('/d', folder('2')).set('/other', file('2'));
  // What is asked in between does not hide the change from those who rest on the first answer.
  poll.files.stat('/gone');
  await poll.look();
  assert.deepEqual(told.splice(0), [
    { path: '/a', type: 'changed' },
    { path: '/gone', type: 'created' },
    { path: '/d', type: 'created' },
  ]);
  entries.delete('/a');
  entries.set('/gone', folder('1'));
  await poll.look();
  assert.deepEqual(told, [
    { path: '/a', type: 'deleted' },
    { path: '/gone', type: 'created' },
  ]);
  assert.ok(!below.asked.includes('/other'));
});

test('it knows a bounded number of paths', async (t) => {
  const below = disk(new Map());
  const poll = new DiskPoll(below, () => undefined, 1_000_000);
  t.after(() => poll.close());
  for (let n = 0; n < 30_000; n++) poll.files.stampOf(`/f${n}`);
  below.asked.length = 0;
  await poll.look();
  assert.ok(below.asked.length <= 20_000, String(below.asked.length));
});
